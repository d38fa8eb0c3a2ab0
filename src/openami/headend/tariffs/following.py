"""Roll-outs as they stand, and the meters of each."""

from dataclasses import dataclass

from openami.headend.kit.access import Permission, command, within
from openami.headend.kit.database import Row, Unit
from openami.headend.tariffs.keeping import kept
from openami.headend.tariffs.payloads import State
from openami.headend.tariffs.service import UnknownTariffError

COLUMNS = "id, title, calendar, version, area, activates, undoes, who, proposal, at"


@dataclass(frozen=True, slots=True)
class Rollout:
    """A calendar on its way; times are business time."""

    id: int
    title: str
    calendar: str
    version: int
    area: str
    activates: int | None
    undoes: int | None
    who: str
    proposal: int | None
    at: int
    counts: dict[State, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a meter of a roll-out stands."""

    serial: str
    state: State
    reason: str | None
    before: str | None
    """Name of the calendar that it had."""


@command(Permission.VIEW)
def rollout(unit: Unit, number: int) -> Rollout:
    """Look at a roll-out."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM tariff_rollout WHERE id = ? AND {seen.sql}",  # noqa: S608 - values are parameters
        (number, *seen.parameters),
    )
    if not rows:
        raise UnknownTariffError(f"there is no roll-out {number}")
    return _counted(unit, rows[0])


@command(Permission.VIEW)
def rollouts(unit: Unit, *, before: int | None = None, limit: int = 25) -> tuple[Rollout, ...]:
    """List roll-outs, newest first."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM tariff_rollout WHERE id < ? AND {seen.sql} ORDER BY id DESC LIMIT ?",  # noqa: S608
        (2**31 - 1 if before is None else before, *seen.parameters, limit),
    )
    return tuple(_counted(unit, row) for row in rows)


def _counted(unit: Unit, row: Row) -> Rollout:
    counted = unit.rows("SELECT state, count(*) FROM tariff_meter WHERE rollout = ? GROUP BY state", (row[0],))
    counts = {State(state): count for state, count in counted}
    return Rollout(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], counts)


@command(Permission.VIEW)
def standings(
    unit: Unit, number: int, *, after: str = "", state: State | None = None, limit: int = 50
) -> tuple[Standing, ...]:
    """List the meters of a roll-out in order of their serial numbers; `after` is where the page before ended."""
    rows = unit.rows(
        "SELECT m.serial, t.state, t.reason, t.before FROM tariff_meter t JOIN meter m ON m.id = t.meter"
        " WHERE t.rollout = ? AND m.serial > ? AND (? IS NULL OR t.state = ?) ORDER BY m.serial LIMIT ?",
        (rollout(unit, number).id, after, state, state, limit),
    )
    names = {digest: kept(unit, digest).called for digest in {row[3] for row in rows} if digest}
    return tuple(Standing(serial, State(stands), why, names.get(before)) for serial, stands, why, before in rows)
