"""Bulk jobs: how far they are, and pausing, resuming and stopping them."""

from dataclasses import dataclass

from openami.core.errors import LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.commands.service import UnknownOrderError
from openami.headend.kit.access import Permission, command, demand, within
from openami.headend.kit.database import Unit
from openami.headend.orders import batches
from openami.headend.orders.batches import Batch
from openami.headend.orders.queue import COLUMNS, FROM, order_of
from openami.headend.orders.schemas import BatchState, Order, State

OPEN = (State.QUEUED, State.LEASED)
ALLOWED = {
    BatchState.PAUSED: {BatchState.RUNNING},
    BatchState.RUNNING: {BatchState.PAUSED},
    BatchState.STOPPED: {BatchState.RUNNING, BatchState.PAUSED},
}
"""From which states a job may be brought into each."""


@dataclass(frozen=True, slots=True)
class Job:
    """A bulk job and how far it is."""

    batch: Batch
    counts: dict[State, int]
    waiting: int
    """Orders whose outcome is not final."""

    @property
    def state(self) -> str:
        """Where it stands: running, paused, stopped, or over."""
        if self.batch.state is BatchState.RUNNING and not self.waiting:
            return "over"
        return self.batch.state.value


def _job(unit: Unit, batch: Batch) -> Job:
    waiting = unit.value("SELECT count(*) FROM device_order WHERE batch = ? AND ended IS NULL", (batch.id,))
    return Job(batch, batches.counts(unit, batch.id), int(waiting))


@command(Permission.VIEW)
def job(unit: Unit, number: int) -> Job:
    """Look at a job."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(
        f"SELECT {batches.COLUMNS} FROM order_batch WHERE id = ? AND {seen.sql}",  # noqa: S608
        (number, *seen.parameters),
    )
    if not rows:
        raise UnknownOrderError(f"there is no job {number}")
    return _job(unit, batches.of_row(rows[0]))


@command(Permission.VIEW)
def jobs(unit: Unit, *, before: int | None = None, limit: int = 20) -> tuple[Job, ...]:
    """List jobs, newest first."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(
        f"SELECT {batches.COLUMNS} FROM order_batch WHERE id < ? AND {seen.sql} ORDER BY id DESC LIMIT ?",  # noqa: S608
        (2**31 - 1 if before is None else before, *seen.parameters, limit),
    )
    return tuple(_job(unit, batches.of_row(row)) for row in rows)


@command(Permission.VIEW)
def orders_of(
    unit: Unit, number: int, *, state: State | None = None, after: int = 0, limit: int = 50
) -> tuple[Order, ...]:
    """List orders of a job, in the order they were given; `after` is where the page before ended."""
    known = job(unit, number).batch
    rows = unit.rows(
        f"SELECT {COLUMNS} {FROM} WHERE o.batch = ? AND o.id > ? AND (? IS NULL OR o.state = ?) ORDER BY o.id LIMIT ?",
        (known.id, after, state, state, limit),
    )
    return tuple(order_of(row) for row in rows)


@command(Permission.COMMANDS)
def put(unit: Unit, number: int, state: BatchState, now: float) -> Job:
    """Pause a job, let it go on, or stop it for good. What is being done at the moment is finished."""
    known = job(unit, number)
    demand(unit, Permission.COMMANDS, known.batch.area)
    if known.batch.state not in ALLOWED[state] or known.state == "over":
        raise LocalProtocolError(f"job {number} is {known.state} and cannot be {state.value}")
    batches.put(unit, number, state, now)
    audit.note(unit, f"job.{state.value}", f"job {number}", scope=known.batch.area, title=known.batch.title)
    return job(unit, number)
