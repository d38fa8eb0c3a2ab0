"""The queue of orders: put in by services, taken out by the collector that holds the meter's lease.

Orders of a meter stand behind one row of `work` (item `orders`), so that they share its lease, its priority, its
permits and its back-off with everything else that is asked of the meter, and come in the same session.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from openami.headend.accounts import audit
from openami.headend.kit.access import actor
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.settings import Settings
from openami.headend.orders.kinds import B, Kind, kind_of, known
from openami.headend.orders.schemas import BatchState, Ended, Order, State
from openami.headend.orders.switch import demand_open, switch
from openami.headend.registry.schemas import Meter

ITEM = "orders"
"""Name of the work of a meter that has open orders."""
DAY_S = 86_400
URGENT = 9
"""For people who wait: before all reading, outside of windows too."""
BULK = 7
LATE = "it was not carried out in time"
UNFINISHED = "it was begun, and not finished in time"

COLUMNS = (
    "o.id, o.meter, m.serial, m.area, m.node, o.kind, o.payload, o.state, o.priority, o.due, o.expires, o.attempts,"
    " o.batch, o.who, o.proposal, o.at, o.begun, o.ended, o.result, o.reason"
)
FROM = "FROM device_order o JOIN meter m ON m.id = o.meter"
OPEN = f"""
    SELECT {COLUMNS} {FROM} LEFT JOIN order_batch b ON b.id = o.batch
    WHERE o.meter IN {{keys}} AND o.ended IS NULL AND o.due <= ? AND coalesce(b.state, 'running') = 'running'
    ORDER BY o.id
"""
WAKE = """
    INSERT INTO work (meter, item, priority, due, window_from, window_to) VALUES (?, ?, ?, ?, 0, 86400)
    ON CONFLICT (meter, item) DO UPDATE SET priority = greatest(work.priority, excluded.priority),
        due = least(work.due, excluded.due), not_before = 0, attempts = 0
"""
WAKE_ALL = """
    INSERT INTO work (meter, item, priority, due, window_from, window_to)
    SELECT o.meter, :item, max(o.priority), min(o.due), 0, 86400 FROM device_order o
    WHERE o.ended IS NULL AND (:batch IS NULL OR o.batch = :batch) GROUP BY o.meter
    ON CONFLICT (meter, item) DO UPDATE SET priority = greatest(work.priority, excluded.priority),
        due = least(work.due, excluded.due), not_before = 0, attempts = 0
"""
PUT = """
    WITH chosen AS (SELECT r.a AS meter, r.place AS place FROM {rows} r)
    INSERT INTO device_order (meter, kind, payload, state, priority, due, expires, batch, who, proposal, at)
    SELECT p.meter, CAST(? AS TEXT), CAST(? AS TEXT), 'queued', CAST(? AS INTEGER), CAST(? AS BIGINT),
        CAST(? AS BIGINT), CAST(? AS INTEGER), CAST(? AS TEXT), CAST(? AS INTEGER), CAST(? AS BIGINT)
    FROM chosen p ORDER BY p.place RETURNING id, meter
"""
END = """
    UPDATE device_order SET state = ?, result = ?, reason = ?, ended = ?, due = coalesce(?, due), worker = NULL
    WHERE id = ? AND worker = ? AND ended IS NULL
"""
NEXT = """
    SELECT o.kind, min(o.due) FROM device_order o LEFT JOIN order_batch b ON b.id = o.batch
    WHERE o.meter = ? AND o.ended IS NULL AND coalesce(b.state, 'running') = 'running' GROUP BY o.kind
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """How an order is to be treated. Times are business time."""

    now: float
    due: int | None = None
    """Not before; None: at once."""
    expires: int | None = None
    """Given up if it was not begun by then; None: a day after it is due."""
    priority: int = URGENT
    batch: int | None = None
    proposal: int | None = None
    who: str | None = None
    """None: whoever the unit of work is done for."""


def canonical(payload: BaseModel) -> str:
    """Write a payload in one spelling."""
    return json.dumps(payload.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def enqueue(unit: Unit, meter: Meter, kind: Kind[B], payload: B, wish: Wish) -> int:
    """Tell a meter something in its next session, which is at once unless it is due later. -> number of the order.

    Whoever calls has asked for the right to (a service command, or an approved proposal), in the meter's area.

    Raises:
        CommandsStoppedError: nothing may be changed in meters, and this kind would.
    """
    return enqueue_many(unit, [meter], kind, payload, wish)[0]


def enqueue_many(unit: Unit, meters: Sequence[Meter], kind: Kind[B], payload: B, wish: Wish) -> list[int]:
    """Tell several meters the same, each in a session of its own. -> numbers of the orders."""
    if not kind.is_reading:
        demand_open(unit)
    text, who = canonical(payload), actor(unit).name if wish.who is None else wish.who
    due = int(wish.now) if wish.due is None else wish.due
    expires = due + DAY_S if wish.expires is None else wish.expires
    made = unit.rows_of(
        PUT, [(meter.id,) for meter in meters], kind.name, text, wish.priority, due, expires, wish.batch, who,
        wish.proposal, int(wish.now),
    )  # fmt: skip
    unit.run_many(WAKE, [(meter.id, ITEM, wish.priority, due) for meter in meters])
    numbers = {meter: number for number, meter in made}
    return [numbers[meter.id] for meter in meters]


def wake(unit: Unit, batch: int | None = None) -> None:
    """Let meters with open orders come again: those of a batch that was paused, or all that the switch held back."""
    unit.run(WAKE_ALL, {"item": ITEM, "batch": batch})


def take(unit: Unit, meters: Iterable[int], worker: str, now: float) -> dict[int, list[Order]]:
    """Take the open orders of meters whose work the worker has leased; those that are too late end here.

    An order that another worker left behind comes back as what it is: not begun, or of unknown outcome.
    """
    found: dict[int, list[Order]] = {}
    is_shut = switch(unit).refusal is not None
    for order in map(order_of, unit.rows_in(OPEN, meters, int(now))):
        if order.begun is None and order.expires <= now:
            _close(unit, replace(order, state=State.QUEUED), LATE, now)
        elif order.begun is not None and order.expires <= now and kind_of(order.kind).is_repeatable:
            _close(unit, order, UNFINISHED, now, State.UNKNOWN)
        elif not (is_shut and not _is_reading(order.kind)):
            found.setdefault(order.meter, []).append(order)
    unit.run_many(
        "UPDATE device_order SET state = 'leased', worker = ?, attempts = attempts + 1 WHERE id = ?",
        [(worker, order.id) for orders in found.values() for order in orders],
    )
    return found


def _is_reading(kind: str) -> bool:
    found = known(kind)
    return found is not None and found.is_reading


def _close(unit: Unit, order: Order, reason: str, now: float, state: State = State.FAILED) -> None:
    unit.run(
        "UPDATE device_order SET state = ?, reason = ?, ended = ?, worker = NULL WHERE id = ?",
        (state.value, reason, int(now), order.id),
    )
    _told(unit, Ended(order, state, reason=reason), now)


def begin(unit: Unit, order: Order, worker: str, now: float, settings: Settings) -> Ended | None:
    """Mark an order begun, the moment before it goes out; or tell how it ends, or waits, without.

    Alone in its transaction, so that a switch that was thrown, a batch that was stopped and a limit that is used up
    count at this very moment, whatever number of collectors are at work.
    """
    kind, found = kind_of(order.kind), load(unit, order.id)
    if found.ended is not None or found.state is not State.LEASED:
        return Ended(order, found.state, reason=found.reason)
    if (refusal := switch(unit).refusal) and not kind.is_reading:
        return Ended(order, State.QUEUED, reason=refusal, is_final=False)
    state = unit.value("SELECT state FROM order_batch WHERE id = ?", (order.batch,)) if order.batch else None
    if state == BatchState.PAUSED:
        return Ended(order, State.QUEUED, reason="its batch is paused", is_final=False)
    if order.begun is None and (wait := kind.may_begin(unit, order, int(now), settings)) is not None:
        if isinstance(wait, str):
            return Ended(order, State.FAILED, reason=wait)
        if wait.until >= order.expires:
            return Ended(order, State.FAILED, reason=wait.why)
        return Ended(order, State.QUEUED, reason=wait.why, is_final=False, due=wait.until)
    unit.run("UPDATE device_order SET begun = ? WHERE id = ? AND worker = ?", (int(now), order.id, worker))
    return None


def settle(unit: Unit, worker: str, ended: Sequence[Ended], now: float) -> None:
    """Write down how orders of one session went, as far as they are still the worker's."""
    for one in ended:
        final = int(now) if one.is_final and one.state is not State.QUEUED else None
        changed = unit.run(END, (one.state.value, one.result, one.reason, final, one.due, one.order.id, worker))
        if changed and final is not None:
            _told(unit, one, now)


def _told(unit: Unit, ended: Ended, now: float) -> None:
    """Tell the feature, and the audit: what was done to a meter is never without a trace."""
    kind, order = known(ended.order.kind), ended.order
    if kind is not None:
        kind.settle(unit, ended)
    if not _is_reading(order.kind):
        audit.note(
            unit, f"order.{ended.state.value}", order.serial, scope=order.area, who=order.who, order=order.id,
            kind=order.kind, reason=ended.reason, proposal=order.proposal, business_time=int(now),
        )  # fmt: skip


def next_due(unit: Unit, meter: int) -> int | None:
    """Tell when the next open order of a meter is due; None when there is none that may go out."""
    is_shut = switch(unit).refusal is not None
    found = [due for kind, due in unit.rows(NEXT, (meter,)) if _is_reading(kind) or not is_shut]
    return min(found, default=None)


def expire(unit: Unit, now: float) -> int:
    """End what was not begun in time; number of orders."""
    where = "WHERE o.ended IS NULL AND o.begun IS NULL AND o.state = 'queued' AND o.expires <= ?"
    late = [order_of(row) for row in unit.rows(f"SELECT {COLUMNS} {FROM} {where}", (int(now),))]
    for order in late:
        _close(unit, order, LATE, now)
    return len(late)


def load(unit: Unit, number: int) -> Order:
    """Find an order by its number."""
    return order_of(unit.rows(f"SELECT {COLUMNS} {FROM} WHERE o.id = ?", (number,))[0])


def order_of(row: Row) -> Order:
    """Make an order of a row of `COLUMNS`."""
    return replace(Order(*row), state=State(row[7]))
