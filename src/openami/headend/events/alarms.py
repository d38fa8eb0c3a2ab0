"""Alarms as people see them: listed, acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass

from openami.core.errors import DecodeError
from openami.headend.accounts import audit
from openami.headend.events.alarm_bits import Severity
from openami.headend.events.told import UnknownNumberError
from openami.headend.kit.access import Permission, actor, command, demand, within
from openami.headend.kit.database import Row, Unit

MOST_NOTE = 500
MOST_AT_ONCE = 500
COLUMNS = """
    a.id, m.serial, m.area, m.zone, a.name, a.meaning, a.severity, a.tag, a.began, a.last, a.times, a.source,
    a.is_proved, a.suppressed, a.acknowledged, a.who, a.note, a.clearing, a.cleared, a.why
    FROM alarm a JOIN meter m ON m.id = a.meter
"""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of a meter. Times are business time, epoch seconds."""

    id: int
    serial: str
    area: str
    zone: str
    name: str
    meaning: str
    severity: Severity
    tag: str
    began: int
    last: int
    times: int
    source: str
    is_proved: bool
    suppressed: int | None
    """Number of the rule that keeps it from view."""
    acknowledged: int | None
    who: str | None
    note: str | None
    clearing: str
    """How far it is cleared in the meter: none, waiting, ordered, cleared."""
    cleared: int | None
    why: str | None
    """Why it could not be cleared yet."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """A page of alarms, newest first."""

    alarms: tuple[Alarm, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alarms are wanted."""

    serial: str = ""
    is_open: bool = True
    """Only those that nobody has acknowledged."""
    least: int = 0
    with_suppressed: bool = False
    tag: str = ""


EVERYTHING = Wanted(is_open=False, with_suppressed=True)


@command(Permission.VIEW)
def listed(unit: Unit, wanted: Wanted | None = None, *, before: int | None = None, limit: int = 50) -> Alarms:
    """Alarms in the reader's scopes, newest first; `before` is where the page before ended."""
    chosen = wanted or Wanted()
    seen = within(unit, Permission.VIEW, "m.area")
    some = " AND a.acknowledged IS NULL" if chosen.is_open else ""
    some += "" if chosen.with_suppressed else " AND a.suppressed IS NULL"
    rows = unit.rows(
        f"SELECT {COLUMNS} WHERE {seen.sql} AND a.id < ? AND a.severity >= ? AND (? = '' OR a.tag = ?)"
        f" AND (? = '' OR m.serial = ?){some} ORDER BY a.id DESC LIMIT ?",
        (*seen.parameters, 2**62 if before is None else before, chosen.least, chosen.tag, chosen.tag,
         chosen.serial, chosen.serial, limit + 1),
    )  # fmt: skip
    found = tuple(_alarm(row) for row in rows[:limit])
    return Alarms(found, found[-1].id if len(rows) > limit else None)


@command(Permission.VIEW)
def alarm(unit: Unit, number: int) -> Alarm:
    """One alarm; an error where there is none in sight."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(f"SELECT {COLUMNS} WHERE a.id = ? AND {seen.sql}", (number, *seen.parameters))
    if not rows:
        raise UnknownNumberError("alarm", number)
    return _alarm(rows[0])


@command(Permission.OPERATE)
def acknowledge(unit: Unit, numbers: Sequence[int], note: str, now: float) -> int:
    """Say that somebody has seen these alarms; those that somebody has seen before stay as they are. -> how many."""
    if len(note) > MOST_NOTE:
        raise DecodeError(f"note: at most {MOST_NOTE} characters")
    if len(numbers) > MOST_AT_ONCE:
        raise DecodeError(f"at most {MOST_AT_ONCE} alarms at once")
    who, done = actor(unit).name or "system", 0
    for number in dict.fromkeys(numbers):
        found = alarm(unit, number)
        demand(unit, Permission.OPERATE, found.area)
        changed = unit.run(
            "UPDATE alarm SET acknowledged = ?, who = ?, note = ? WHERE id = ? AND acknowledged IS NULL",
            (int(now), who, note.strip() or None, number),
        )
        if changed:
            done += 1
            audit.note(
                unit, "alarm.acknowledge", found.serial, scope=found.area, alarm=number, name=found.name,
                meaning=found.meaning, note=note.strip() or None,
            )  # fmt: skip
    return done


@command(Permission.VIEW)
def standing(unit: Unit) -> dict[Severity, int]:
    """How many alarms in sight nobody has acknowledged, by severity."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(
        "SELECT a.severity, count(*) FROM alarm a JOIN meter m ON m.id = a.meter"  # noqa: S608
        f" WHERE a.acknowledged IS NULL AND a.suppressed IS NULL AND {seen.sql} GROUP BY a.severity",
        seen.parameters,
    )
    return {Severity(severity): number for severity, number in rows}


def _alarm(row: Row) -> Alarm:
    values = list(row)
    values[6], values[12] = Severity(values[6]), bool(values[12])
    return Alarm(*values)
