"""Outages as people see them: what is out, what was, and the indices of a span."""

from dataclasses import dataclass, replace

import numpy as np

from openami.core.errors import DecodeError
from openami.headend.events.told import UnknownNumberError
from openami.headend.kit.access import Permission, command, within
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.zone import zone
from openami.headend.outage.indices import Indices, daily_saidi, indices, major_day_min, momentary_events

IN_PLACE = "m.state IN ('installed', 'in use', 'suspended')"
COLUMNS = "o.id, n.name, o.began, o.ended, o.meters, o.is_storm, o.area FROM outage o JOIN node n ON n.id = o.node"
FIVE_YEARS_S = 5 * 365 * 86_400
MOST_MEMBERS = 1_000


@dataclass(frozen=True, slots=True)
class Member:
    """A meter of an outage."""

    serial: str
    began: int
    ended: int | None
    source: str
    zone: str


@dataclass(frozen=True, slots=True)
class Outage:
    """Meters of a node without supply; `members` where they were asked for."""

    id: int
    node: str
    began: int
    ended: int | None
    meters: int
    is_storm: bool
    area: str
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Outages:
    """A page of outages, newest first."""

    outages: tuple[Outage, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand now."""

    out: int
    """Meters without supply, confirmed."""
    waiting: int
    """Meters whose loss has not outlasted the debounce yet."""
    outages: int
    storm_since: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """Indices of a span; `without_major` leaves major event days out, where their threshold is known."""

    start: int
    end: int
    indices: Indices
    major_day_min: float | None
    major_days: int
    without_major: Indices | None


@command(Permission.VIEW)
def listed(unit: Unit, *, is_open: bool = False, before: int | None = None, limit: int = 50) -> Outages:
    """Outages whose meters all lie in the reader's scopes, newest first."""
    seen = within(unit, Permission.VIEW, "o.area")
    some = " AND o.ended IS NULL" if is_open else ""
    rows = unit.rows(
        f"SELECT {COLUMNS} WHERE {seen.sql} AND o.id < ?{some} ORDER BY o.id DESC LIMIT ?",
        (*seen.parameters, 2**31 if before is None else before, limit + 1),
    )
    found = tuple(_outage(row) for row in rows[:limit])
    return Outages(found, found[-1].id if len(rows) > limit else None)


@command(Permission.VIEW)
def outage(unit: Unit, number: int) -> Outage:
    """One outage with its meters; an error where there is none in sight."""
    seen = within(unit, Permission.VIEW, "o.area")
    rows = unit.rows(f"SELECT {COLUMNS} WHERE o.id = ? AND {seen.sql}", (number, *seen.parameters))
    if not rows:
        raise UnknownNumberError("outage", number)
    members = unit.rows(
        "SELECT m.serial, i.began, i.ended, i.source, m.zone FROM interruption i JOIN meter m ON m.id = i.meter"
        " WHERE i.outage = ? ORDER BY i.began, m.serial LIMIT ?",
        (number, MOST_MEMBERS),
    )
    return replace(_outage(rows[0]), members=tuple(Member(*row) for row in members))


@command(Permission.VIEW)
def standing(unit: Unit) -> Standing:
    """How many of the meters in sight are without supply."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(
        "SELECT i.is_confirmed, count(*), count(DISTINCT i.outage) FROM interruption i"  # noqa: S608
        f" JOIN meter m ON m.id = i.meter WHERE i.ended IS NULL AND {seen.sql} GROUP BY i.is_confirmed",
        seen.parameters,
    )
    found = {bool(row[0]): row[1:] for row in rows}
    out, outages = found.get(True, (0, 0))
    since = unit.value("SELECT began FROM storm WHERE ended IS NULL")
    return Standing(out, found.get(False, (0, 0))[0], outages, since)


@command(Permission.VIEW)
def report(unit: Unit, start: int, end: int, now: float, zone_name: str) -> Report:
    """Indices of the meters in sight from `start` to `end` (epoch seconds); what still lasts counts up to now.

    A meter stands for a customer. An interruption belongs to the span, and to the day, that it began in.
    """
    if not start < end:
        raise DecodeError("start must come before end")
    seen = within(unit, Permission.VIEW, "m.area")
    served = int(
        unit.value(f"SELECT count(*) FROM meter m WHERE {IN_PLACE} AND {seen.sql}", seen.parameters)  # noqa: S608
    )
    rows = np.array(
        unit.rows(
            "SELECT i.meter, i.began, coalesce(i.ended, ?) FROM interruption i JOIN meter m ON m.id = i.meter"  # noqa: S608
            f" WHERE i.began >= ? AND i.began < ? AND {seen.sql} ORDER BY i.began",
            (int(now), end - FIVE_YEARS_S, end, *seen.parameters),
        ),
        np.int64,
    ).reshape(-1, 3)
    rows = rows[rows[:, 2] >= rows[:, 1]]
    days = zone(zone_name).days(rows[:, 1]) if len(rows) else np.empty(0, np.int64)
    daily = daily_saidi(days, rows[:, 2] - rows[:, 1], served) if served else {}
    threshold = major_day_min(list(daily.values()))
    here = rows[:, 1] >= start
    major = {day for day, minutes in daily.items() if threshold is not None and minutes > threshold}
    usual = here & ~np.isin(days, sorted(major))
    within_span = {int(day) for day in days[here].tolist()} & major
    span_s = end - start
    return Report(
        start, end, _indices(rows[here], served, span_s), threshold, len(within_span),
        None if threshold is None else _indices(rows[usual], served, span_s),
    )  # fmt: skip


def _indices(rows: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", served: int, span_s: int) -> Indices:
    events = momentary_events(rows[:, 0], rows[:, 1], rows[:, 2])
    ones = np.ones(len(rows))
    return indices(rows[:, 1], rows[:, 2], ones, served=served, span_s=span_s, momentary_events=events)


def _outage(row: Row) -> Outage:
    return Outage(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6])
