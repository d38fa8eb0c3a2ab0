"""Batches: orders that were given together, and can be paused and stopped together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from openami.headend.kit.access import ROOT, actor
from openami.headend.kit.database import Unit
from openami.headend.orders.queue import Wish, wake
from openami.headend.orders.schemas import BatchState, State
from openami.headend.registry.schemas import Meter

COLUMNS = "id, title, kind, state, area, total, who, at, changed, changed_by, proposal"
STOPPED = "its job was stopped"


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders that were given together; times are business time."""

    id: int
    title: str
    kind: str
    state: BatchState
    area: str
    total: int
    who: str
    at: int
    changed: int
    changed_by: str
    proposal: int | None


def make(unit: Unit, title: str, kind: str, meters: Sequence[Meter], wish: Wish) -> int:
    """Begin a batch. -> its number, for the orders of it (`Wish.batch`)."""
    who = actor(unit).name if wish.who is None else wish.who
    return int(
        unit.rows(
            "INSERT INTO order_batch (title, kind, state, area, total, who, at, changed, changed_by, proposal)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                title, kind, BatchState.RUNNING.value, common_area(meters), len(meters), who, int(wish.now),
                int(wish.now), who, wish.proposal,
            ),
        )[0][0]
    )  # fmt: skip


def common_area(meters: Sequence[Meter]) -> str:
    """Smallest scope that holds all of them."""
    first, last = min(meter.area for meter in meters), max(meter.area for meter in meters)
    shared = ""
    for part in first.split("/")[:-1]:
        if not last.startswith(f"{shared}{part}/"):
            break
        shared += part + "/"
    return shared or ROOT


def of_row(row: tuple[object, ...]) -> Batch:
    """Make a batch of a row of `COLUMNS`."""
    found = Batch(*row)  # type: ignore[arg-type]
    return replace(found, state=BatchState(found.state))


def counts(unit: Unit, number: int) -> dict[State, int]:
    """How many of its orders stand where."""
    rows = unit.rows("SELECT state, count(*) FROM device_order WHERE batch = ? GROUP BY state", (number,))
    return {State(state): count for state, count in rows}


def put(unit: Unit, number: int, state: BatchState, now: float) -> None:
    """Pause it, let it go on, or stop it: what was not begun by then is not done."""
    unit.run(
        "UPDATE order_batch SET state = ?, changed = ?, changed_by = ? WHERE id = ?",
        (state.value, int(now), actor(unit).name, number),
    )
    if state is BatchState.RUNNING:
        wake(unit, number)
    if state is BatchState.STOPPED:
        unit.run(
            "UPDATE device_order SET state = 'cancelled', ended = ?, reason = ?"
            " WHERE batch = ? AND ended IS NULL AND begun IS NULL",
            (int(now), STOPPED, number),
        )
