"""Finding meters among a million: every list walks an index in its order and begins behind a key.

Lists are in order of serial numbers; those of a node in order of places and, there, of serial numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openami.headend.kit.access import ROOT, Permission, reduced, scopes
from openami.headend.kit.database import Unit
from openami.headend.registry.schemas import Lifecycle

HIGHEST: Final = "\U0010ffff"
MOST_AREAS = 40
"""In so many areas each is walked by itself; more of them are walked as one list."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which meters: those that fit all that is said."""

    prefix: str = ""
    state: Lifecycle | None = None
    product: str | None = None
    area: str | None = None
    """In it, or in an area below it."""
    place: str | None = None
    """Path of a node: at it, or below it."""
    group: int | None = None


@dataclass(slots=True)
class _Where:
    """Conditions of a query and their parameters, in order."""

    conditions: list[str]
    parameters: list[object]

    def add(self, condition: str, *parameters: object) -> None:
        self.conditions.append(condition)
        self.parameters += parameters

    @property
    def sql(self) -> str:
        return " AND ".join(self.conditions)


Found = tuple[str, int]
"""Key of a meter in its list, and its number."""


def find(unit: Unit, wanted: Wanted, after: str, limit: int) -> list[Found]:
    """Find meters in sight behind a key, at most `limit`, in the order of the list."""
    places = narrowed(scopes(unit, Permission.VIEW), wanted.area)
    if not places:
        return []
    if wanted.group is not None:
        return _of_group(unit, wanted, places, after, limit)
    if wanted.place is not None:
        return _at(unit, wanted, places, after, limit)
    if ROOT in places:
        return _by_serial(unit, _fitting(wanted), after, limit)
    areas = _areas(unit, places)
    if len(areas) > MOST_AREAS:
        where = _fitting(wanted)
        _within(where, places)
        return _by_serial(unit, where, after, limit)
    found: list[Found] = []
    for area in areas:
        where = _fitting(wanted)
        where.add("m.area = ?", area)
        found += _by_serial(unit, where, after, limit)
    return sorted(found)[:limit]


def narrowed(places: Sequence[str], area: str | None) -> tuple[str, ...]:
    """Keep what lies in the area as well."""
    if area is None:
        return tuple(places)
    return reduced(
        tuple(max(place, area, key=len) for place in places if place.startswith(area) or area.startswith(place))
    )


def _areas(unit: Unit, places: Sequence[str]) -> list[str]:
    """Areas that have meters, from index entry to index entry."""
    found: list[str] = []
    for place in places:
        last = ""
        while len(found) <= MOST_AREAS:
            area = unit.value(
                "SELECT area FROM meter WHERE area >= ? AND area < ? AND area > ? ORDER BY area LIMIT 1",
                (place, end_of(place), last),
            )
            if area is None:
                break
            found.append(area)
            last = area
    return found


def end_of(path: str) -> str:
    """First text behind all that begin with a path, which ends in a slash."""
    return path[:-1] + "0"


def _fitting(wanted: Wanted, serial: str = "m.serial") -> _Where:
    where = _Where(["1 = 1"], [])
    if wanted.prefix:
        where.add(f"{serial} >= ? AND {serial} <= ?", wanted.prefix, wanted.prefix + HIGHEST)
    if wanted.state is not None:
        where.add("m.state = ?", wanted.state)
    if wanted.product is not None:
        where.add("m.product = ?", wanted.product)
    return where


def _within(where: _Where, places: Sequence[str]) -> None:
    if ROOT in places:
        return
    each = " OR ".join(["(m.area >= ? AND m.area < ?)"] * len(places))
    where.add(f"({each})", *(bound for place in places for bound in (place, end_of(place))))


def _by_serial(unit: Unit, where: _Where, after: str, limit: int) -> list[Found]:
    rows = unit.rows(
        f"SELECT m.serial, m.id FROM meter m WHERE {where.sql} AND m.serial > ?"  # noqa: S608 - values go as parameters
        " ORDER BY m.serial LIMIT ?",
        (*where.parameters, after, limit),
    )
    return [(serial, number) for serial, number in rows]


def _of_group(unit: Unit, wanted: Wanted, places: Sequence[str], after: str, limit: int) -> list[Found]:
    where = _fitting(wanted, "g.serial")
    _within(where, places)
    if wanted.place is not None:
        where.add("m.place >= ? AND m.place < ?", wanted.place, end_of(wanted.place))
    rows = unit.rows(
        "SELECT g.serial, g.meter FROM group_member g JOIN meter m ON m.id = g.meter"  # noqa: S608 - as above
        f" WHERE g.meter_group = ? AND {where.sql} AND g.serial > ? ORDER BY g.serial LIMIT ?",
        (wanted.group, *where.parameters, after, limit),
    )
    return [(serial, number) for serial, number in rows]


def _at(unit: Unit, wanted: Wanted, places: Sequence[str], after: str, limit: int) -> list[Found]:
    path = wanted.place or "/"
    where = _fitting(wanted)
    _within(where, places)
    place, _, serial = after.rpartition(" ")
    first = (place, serial) if place.startswith(path) else (path, "")
    rows = unit.rows(
        "SELECT m.place, m.serial, m.id FROM meter m"  # noqa: S608 - as above
        f" WHERE (m.place, m.serial) > (?, ?) AND m.place < ? AND {where.sql} ORDER BY m.place, m.serial LIMIT ?",
        (*first, end_of(path), *where.parameters, limit),
    )
    return [(f"{place} {serial}", number) for place, serial, number in rows]
