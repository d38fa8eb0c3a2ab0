"""Tamper cases: what one meter tells that looks like meddling, gathered until somebody has looked into it."""

from dataclasses import dataclass
from enum import StrEnum

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.events.told import UnknownNumberError
from openami.headend.kit.access import Permission, actor, command, demand, within
from openami.headend.kit.database import Row, Unit

MOST_TEXT = 500


class CaseState(StrEnum):
    """How far a case is."""

    OPEN = "open"
    INVESTIGATING = "investigating"
    CONFIRMED = "confirmed"
    UNFOUNDED = "unfounded"


CLOSED = frozenset({CaseState.CONFIRMED, CaseState.UNFOUNDED})
NEXT = {
    CaseState.OPEN: frozenset({CaseState.INVESTIGATING, *CLOSED}),
    CaseState.INVESTIGATING: CLOSED,
    CaseState.CONFIRMED: frozenset[CaseState](),
    CaseState.UNFOUNDED: frozenset[CaseState](),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a meter told, or a person noted."""

    at: int
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case, with its evidence, oldest first, where it was asked for."""

    id: int
    serial: str
    area: str
    zone: str
    state: CaseState
    opened: int
    last: int
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Cases:
    """A page of cases, newest first."""

    cases: tuple[Case, ...]
    before: int | None


COLUMNS = "c.id, m.serial, m.area, m.zone, c.state, c.opened, c.last FROM tamper_case c JOIN meter m ON m.id = c.meter"


def add(unit: Unit, meter: int, at: int, what: str, who: str = "") -> int:
    """Put evidence to the open case of a meter; without one, open one. -> number of the case."""
    number = unit.value(
        "SELECT max(id) FROM tamper_case WHERE meter = ? AND state IN ('open', 'investigating')", (meter,)
    )
    if number is None:
        number = unit.rows(
            "INSERT INTO tamper_case (meter, state, opened, last) VALUES (?, 'open', ?, ?) RETURNING id",
            (meter, at, at),
        )[0][0]
    unit.run(
        'INSERT INTO tamper_evidence ("case", at, what, who) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        (number, at, what, who),
    )
    unit.run("UPDATE tamper_case SET last = greatest(last, ?) WHERE id = ?", (at, number))
    return int(number)


@command(Permission.VIEW)
def listed(unit: Unit, *, is_open: bool = True, before: int | None = None, limit: int = 50) -> Cases:
    """Cases in the reader's scopes, newest first."""
    seen = within(unit, Permission.VIEW, "m.area")
    some = " AND c.state IN ('open', 'investigating')" if is_open else ""
    rows = unit.rows(
        f"SELECT {COLUMNS} WHERE {seen.sql} AND c.id < ?{some} ORDER BY c.id DESC LIMIT ?",
        (*seen.parameters, 2**31 if before is None else before, limit + 1),
    )
    found = tuple(_case(row) for row in rows[:limit])
    return Cases(found, found[-1].id if len(rows) > limit else None)


@command(Permission.VIEW)
def case(unit: Unit, number: int) -> Case:
    """One case with its evidence; an error where there is none in sight."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(f"SELECT {COLUMNS} WHERE c.id = ? AND {seen.sql}", (number, *seen.parameters))
    if not rows:
        raise UnknownNumberError("tamper case", number)
    told = unit.rows('SELECT at, what, who FROM tamper_evidence WHERE "case" = ? ORDER BY at, who, what', (number,))
    return _case(rows[0], tuple(Evidence(*row) for row in told))


@command(Permission.OPERATE)
def move(unit: Unit, number: int, state: CaseState, note: str, now: float) -> Case:
    """Bring a case on, with a word on why. A closed case stays closed: what comes later is a new one."""
    known = case(unit, number)
    demand(unit, Permission.OPERATE, known.area)
    if not note.strip() or len(note) > MOST_TEXT:
        raise DecodeError(f"note: expected a sentence of at most {MOST_TEXT} characters")
    if state not in NEXT[known.state]:
        raise LocalProtocolError(f"case {number} is {known.state} and cannot become {state}")
    who = actor(unit).name or "system"
    unit.run("UPDATE tamper_case SET state = ?, last = ? WHERE id = ?", (state.value, int(now), number))
    unit.run(
        'INSERT INTO tamper_evidence ("case", at, what, who) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        (number, int(now), f"{state}: {note.strip()}", who),
    )
    audit.note(unit, "tamper.case", known.serial, scope=known.area, case=number, state=state.value, note=note.strip())
    return case(unit, number)


def _case(row: Row, evidence: tuple[Evidence, ...] = ()) -> Case:
    return Case(row[0], row[1], row[2], row[3], CaseState(row[4]), row[5], row[6], evidence)
