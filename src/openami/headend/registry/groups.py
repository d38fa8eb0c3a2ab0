"""Groups of meters that are treated alike, and the organisations and areas that meters lie in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from openami.core.errors import AmiError, DecodeError, LocalProtocolError
from openami.headend.accounts import audit, roles
from openami.headend.kit.access import Permission, command, demand, within
from openami.headend.kit.database import Unit
from openami.headend.registry import finding, network, service
from openami.headend.registry.finding import Wanted
from openami.headend.registry.schemas import Lifecycle

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
BATCH: Final = 1_000
MOST_COUNTED: Final = 10_000
"""A list of groups does not count further than this."""
COLUMNS = "SELECT id, name, title, area FROM meter_group"


class UnknownGroupError(AmiError):
    """No group of that name, as far as whoever asks may see."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no group {name}")


@dataclass(frozen=True, slots=True)
class Group:
    """A set of meters, all of which lie in its area."""

    id: int
    name: str
    title: str
    area: str


@dataclass(frozen=True, slots=True)
class Area:
    """An organisation (`/north/`) or an area of one (`/north/harbour/`)."""

    path: str
    title: str


@command(Permission.VIEW)
def listed(unit: Unit, after: str = "", limit: int = 50) -> tuple[tuple[Group, int], ...]:
    """Groups in sight in order of their names, each with how many meters it has, counted up to `MOST_COUNTED`."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(f"{COLUMNS} WHERE name > ? AND {seen.sql} ORDER BY name LIMIT ?", (after, *seen.parameters, limit))
    return tuple((Group(*row), size(unit, row[0])) for row in rows)


def size(unit: Unit, group: int) -> int:
    """Count the members of a group, up to one more than `MOST_COUNTED`."""
    sql = "SELECT count(*) FROM (SELECT 1 AS one FROM group_member WHERE meter_group = ? LIMIT ?) found"
    return int(unit.value(sql, (group, MOST_COUNTED + 1)))


@command(Permission.VIEW)
def find(unit: Unit, name: str) -> Group:
    """Find a group in sight."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(f"{COLUMNS} WHERE name = ? AND {seen.sql}", (name, *seen.parameters))
    if not rows:
        raise UnknownGroupError(name)
    return Group(*rows[0])


@dataclass(frozen=True, slots=True)
class Told:
    """Which meters, in the names that people use."""

    prefix: str = ""
    state: Lifecycle | None = None
    product: str | None = None
    area: str | None = None
    node: str | None = None
    group: str | None = None


@command(Permission.VIEW)
def meant(unit: Unit, told: Told) -> Wanted:
    """Look up what somebody names: node, group and area have to be in sight."""
    return Wanted(
        told.prefix.strip(), told.state, told.product,
        None if told.area is None else roles.scope(told.area),
        None if told.node is None else network.find(unit, told.node).path,
        None if told.group is None else find(unit, told.group).id,
    )  # fmt: skip


@command(Permission.REGISTRY)
def make(unit: Unit, name: str, title: str = "", area: str = "/") -> Group:
    """Make a group without meters.

    Raises:
        DecodeError: name or area are none.
        LocalProtocolError: the name is taken.
    """
    place = roles.scope(area)
    demand(unit, Permission.REGISTRY, place)
    if not NAME.fullmatch(name):
        raise DecodeError(f"group {name!r}: expected 1 to 60 letters, digits, dots, hyphens and underscores")
    if unit.rows("SELECT 1 FROM meter_group WHERE name = ?", (name,)):
        raise LocalProtocolError(f"there is a group {name} already")
    unit.run("INSERT INTO meter_group (name, title, area) VALUES (?, ?, ?)", (name, title.strip()[:200], place))
    audit.note(unit, "group.make", name, scope=place)
    return find(unit, name)


@command(Permission.REGISTRY)
def remove(unit: Unit, name: str) -> None:
    """Dissolve a group; its meters stay."""
    group = find(unit, name)
    demand(unit, Permission.REGISTRY, group.area)
    unit.run("DELETE FROM group_member WHERE meter_group = ?", (group.id,))
    unit.run("DELETE FROM meter_group WHERE id = ?", (group.id,))
    audit.note(unit, "group.remove", name, scope=group.area)


@command(Permission.REGISTRY)
def add(unit: Unit, name: str, serials: Iterable[str]) -> int:
    """Put meters into a group. -> how many were not in it.

    Raises:
        UnknownMeterError: one of them is not in sight.
        LocalProtocolError: one of them does not lie in the area of the group.
    """
    group = find(unit, name)
    demand(unit, Permission.REGISTRY, group.area)
    meters = [service.meter(unit, serial) for serial in serials]
    for meter in meters:
        if not meter.area.startswith(group.area):
            raise LocalProtocolError(f"meter {meter.serial} lies in {meter.area}, not in {group.area}")
    added = _put(unit, group, [(meter.serial, meter.id) for meter in meters])
    audit.note(unit, "group.add", name, scope=group.area, meters=[meter.serial for meter in meters], added=added)
    return added


@command(Permission.REGISTRY)
def add_all(unit: Unit, name: str, wanted: Wanted) -> int:
    """Put all meters into a group that fit and lie in its area. -> how many were not in it."""
    group = find(unit, name)
    demand(unit, Permission.REGISTRY, group.area)
    areas = finding.narrowed((group.area,), wanted.area)
    if not areas:
        return 0
    fitting = Wanted(wanted.prefix, wanted.state, wanted.product, areas[0], wanted.place, wanted.group)
    added, after = 0, ""
    while found := finding.find(unit, fitting, after, BATCH):
        keys = unit.rows_in("SELECT serial, id FROM meter WHERE id IN {keys}", [number for _, number in found])
        added += _put(unit, group, [(serial, number) for serial, number in keys])
        after = found[-1][0]
    said = f"{fitting.prefix}* {fitting.state or ''} {fitting.product or ''} {fitting.area} {fitting.place or ''}"
    audit.note(unit, "group.add", name, scope=group.area, fitting=" ".join(said.split()), added=added)
    return added


def _put(unit: Unit, group: Group, members: list[tuple[str, int]]) -> int:
    return unit.run_many(
        "INSERT INTO group_member (meter_group, serial, meter) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(group.id, serial, number) for serial, number in members],
    )


@command(Permission.REGISTRY)
def take(unit: Unit, name: str, serials: Iterable[str]) -> int:
    """Take meters out of a group. -> how many were in it."""
    group = find(unit, name)
    demand(unit, Permission.REGISTRY, group.area)
    wanted = list(serials)
    taken = sum(
        unit.run("DELETE FROM group_member WHERE meter_group = ? AND serial = ?", (group.id, serial))
        for serial in wanted
    )
    audit.note(unit, "group.take", name, scope=group.area, meters=wanted, taken=taken)
    return taken


def members(unit: Unit, group: int, after: str = "", limit: int = BATCH) -> list[tuple[str, int]]:
    """Serial and number of the meters of a group, in order; for whoever has the right to treat them alike."""
    rows = unit.rows(
        "SELECT serial, meter FROM group_member WHERE meter_group = ? AND serial > ? ORDER BY serial LIMIT ?",
        (group, after, limit),
    )
    return [(serial, number) for serial, number in rows]


@command(Permission.VIEW)
def of_meter(unit: Unit, serial: str) -> tuple[Group, ...]:
    """Groups in sight that a meter is in."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(
        f"{COLUMNS} WHERE id IN (SELECT meter_group FROM group_member WHERE meter = ?)"  # noqa: S608 - our own names
        f" AND {seen.sql} ORDER BY name",
        (service.meter(unit, serial).id, *seen.parameters),
    )
    return tuple(Group(*row) for row in rows)


@command(Permission.VIEW)
def areas(unit: Unit) -> tuple[Area, ...]:
    """Organisations and areas in sight that have a name, in order of their paths."""
    seen = within(unit, Permission.VIEW, "path")
    rows = unit.rows(f"SELECT path, title FROM area WHERE {seen.sql} ORDER BY path", seen.parameters)  # noqa: S608
    return tuple(Area(*row) for row in rows)


@command(Permission.REGISTRY)
def name_area(unit: Unit, path: str, title: str) -> Area:
    """Give an organisation or area a name."""
    area = Area(roles.scope(path), title.strip())
    demand(unit, Permission.REGISTRY, area.path)
    if not 1 <= len(area.title) <= 120 or not area.title.isprintable():
        raise DecodeError("the name of an area has 1 to 120 printable characters")
    unit.run(
        "INSERT INTO area (path, title) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET title = excluded.title",
        (area.path, area.title),
    )
    audit.note(unit, "area.name", area.path, scope=area.path, title=area.title)
    return area


@command(Permission.REGISTRY)
def assign(unit: Unit, serial: str, path: str) -> None:
    """Put a meter into another area: who may see it changes, and it leaves groups of where it was.

    Raises:
        LocalProtocolError: it is at a usage point, which lies where it lies.
    """
    meter, area = service.meter(unit, serial), roles.scope(path)
    demand(unit, Permission.REGISTRY, meter.area)
    demand(unit, Permission.REGISTRY, area)
    if point := service.usage_point_of(unit, meter.id):
        raise LocalProtocolError(f"meter {serial} is at usage point {point}, which lies in {meter.area}")
    unit.run("UPDATE meter SET area = ? WHERE id = ?", (area, meter.id))
    leave_foreign(unit, meter.id, area)
    audit.note(unit, "meter.area", serial, scope=area, was=meter.area, becomes=area)


def leave_foreign(unit: Unit, number: int, area: str) -> None:
    """Take a meter out of groups whose area it is not in any more."""
    unit.run(
        "DELETE FROM group_member WHERE meter = ? AND meter_group IN"
        " (SELECT id FROM meter_group WHERE substr(?, 1, length(area)) <> area)",
        (number, area),
    )


def hand_over(unit: Unit, old: int, new: int, serial: str) -> None:
    """Put a meter into the groups of another one, in its place."""
    unit.run(
        "INSERT INTO group_member (meter_group, serial, meter)"
        " SELECT meter_group, ?, ? FROM group_member WHERE meter = ? ON CONFLICT DO NOTHING",
        (serial, new, old),
    )
    unit.run("DELETE FROM group_member WHERE meter = ?", (old,))
