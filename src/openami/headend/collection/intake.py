"""Storing what sessions brought: all of them in one transaction, together with the work they settle.

So a crash at any moment leaves an item either open with nothing of it stored, or done with all of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.core.stamps import decode_stamps
from openami.dlms.profile import Table
from openami.headend.collection.schedule import next_due
from openami.headend.collection.session import Outcome, Result
from openami.headend.collection.work import Done, Open, settle
from openami.headend.curves import intake as curves
from openami.headend.events import service as events
from openami.headend.kit.database import Unit
from openami.headend.kit.settings import Settings
from openami.headend.kit.zone import zone
from openami.headend.orders import queue
from openami.headend.orders.schemas import Ended, Order, State
from openami.headend.outage.signals import reached
from openami.headend.registers import service as registers
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import Item, Kind
from openami.headend.registry.schemas import Contact
from openami.headend.registry.service import contacted

KEEP_SESSION = """
    INSERT INTO session (meter, at, seconds, worker, items, rows, reason) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one task: stamps in UTC, values packed by the layout."""

    outcome: Outcome
    result: Result
    stamps: NDArray[np.int64]
    values: NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a transaction brought."""

    intervals: int
    """Rows of the main profiles that were not there before."""
    rows: dict[int, int]
    """New rows by series."""


def store(unit: Unit, worker: str, outcomes: Sequence[Outcome], settings: Settings) -> Stored:
    """Keep everything that these sessions brought and settle their work."""
    groups: dict[tuple[Item, str], list[tuple[Outcome, Result]]] = {}
    for outcome in outcomes:
        for result in outcome.results:
            if result.error is None and result.tables:
                key = (result.task.item, outcome.job.meter.zone)
                groups.setdefault(key, []).append((outcome, result))
    new_rows: dict[int, int] = {}
    intervals = 0
    for (item, zone_name), results in groups.items():
        layout = Layout.of(item, zone_name)
        stored = KEEPERS[item.kind](unit, item, layout, decode(layout, results))
        new_rows |= stored
        intervals += sum(stored.values()) if item.is_rolled_up else 0
    _settle(unit, worker, outcomes, settings)
    _note(unit, worker, outcomes, new_rows)
    return Stored(intervals, new_rows)


def decode(layout: Layout, results: Sequence[tuple[Outcome, Result]]) -> list[Rows]:
    """Stamps and values of many tables at once; a table with a bad stamp fails alone."""
    tables = [table for _, result in results for table in result.tables]
    try:
        stamps, values = _decode(layout, tables)
    except DecodeError as error:
        if len(results) > 1:
            return [rows for one in results for rows in decode(layout, [one])]
        results[0][1].error = str(error)
        return []
    ends = np.cumsum([sum(map(len, result.tables)) for _, result in results])
    parts = zip(results, np.split(stamps, ends[:-1]), np.split(values, ends[:-1]), strict=True)
    return [Rows(outcome, result, own, records) for (outcome, result), own, records in parts]


def _decode(layout: Layout, tables: Sequence[Table]) -> tuple[NDArray[np.int64], NDArray[np.void]]:
    octets, values = layout.join(tables)
    stamps = decode_stamps(octets)
    zone(layout.zone).days(stamps - layout.period_s)
    return stamps, values


def _keep_profile(unit: Unit, item: Item, layout: Layout, rows: Sequence[Rows]) -> dict[int, int]:
    del item
    return curves.store(
        unit,
        [curves.Arrival(r.result.task.series, r.stamps - layout.period_s, r.values, is_settled=True) for r in rows],
    )


def _keep_closing(unit: Unit, item: Item, layout: Layout, rows: Sequence[Rows]) -> dict[int, int]:
    closings = [registers.Closings(r.outcome.job.meter.id, item.name, r.stamps, r.values) for r in rows]
    registers.store(unit, layout, closings)
    return {}


def _keep_log(unit: Unit, item: Item, layout: Layout, rows: Sequence[Rows]) -> dict[int, int]:
    logs = [events.Logged(r.outcome.job.meter.id, item.name, r.stamps, r.values, item.code) for r in rows]
    events.store(unit, layout, logs)
    return {}


KEEPERS: dict[Kind, Callable[[Unit, Item, Layout, Sequence[Rows]], dict[int, int]]] = {
    Kind.PROFILE: _keep_profile,
    Kind.CLOSING: _keep_closing,
    Kind.LOG: _keep_log,
}


def _settle(unit: Unit, worker: str, outcomes: Sequence[Outcome], settings: Settings) -> None:
    done: list[Done] = []
    still_open: list[Open] = []
    due: dict[tuple[Item, str, int], int] = {}
    for outcome in outcomes:
        for result in outcome.results:
            task = result.task
            if result.error is None:
                key = (task.item, outcome.job.meter.zone, outcome.at)
                if key not in due:
                    due[key] = next_due(*key)
                done.append(Done(task.work, due[key], task.item.priority))
            else:
                wait_s = min(settings.backoff_s * 2 ** min(task.attempts - 1, 30), settings.backoff_max_s)
                still_open.append(Open(task.work, wait_s, outcome.reason or result.error))
        if outcome.job.orders_work is not None:
            _settle_orders(unit, worker, outcome, settings, still_open)
    settle(unit, worker, done, still_open)


def _settle_orders(unit: Unit, worker: str, outcome: Outcome, settings: Settings, still_open: list[Open]) -> None:
    """End what was performed; the work behind the orders stays for as long as any of them is to come."""
    job, work = outcome.job, outcome.job.orders_work
    assert work is not None
    ended = [outcome.ended.get(o.id) or _not_begun(o, outcome) for o in job.orders]
    queue.settle(unit, worker, ended, max([outcome.at, *(one.order.begun or 0 for one in ended)]))
    due = queue.next_due(unit, job.meter.id)
    if due is None:
        unit.run("DELETE FROM work WHERE id = ? AND worker = ?", (work.work, worker))
    elif outcome.reason:
        wait_s = min(settings.backoff_s * 2 ** min(work.attempts - 1, 30), settings.backoff_max_s)
        still_open.append(Open(work.work, wait_s, outcome.reason))
    else:
        settle(unit, worker, [Done(work.work, due, queue.URGENT)], [])


def _not_begun(order: Order, outcome: Outcome) -> Ended:
    """An order that this session did not come to stands as it stood before."""
    state = State.QUEUED if order.begun is None else State.UNKNOWN
    return Ended(order, state, reason=outcome.reason, is_final=False)


def _note(unit: Unit, worker: str, outcomes: Sequence[Outcome], new_rows: dict[int, int]) -> None:
    unit.run_many(
        KEEP_SESSION,
        [
            (
                outcome.job.meter.id, outcome.at, round(outcome.seconds, 4), worker,
                " ".join([*(order.kind for order in outcome.job.orders), *(r.task.item.name for r in outcome.results)]),
                sum(new_rows.get(result.task.series, 0) for result in outcome.results), outcome.error,
            )
            for outcome in outcomes
        ],
    )  # fmt: skip
    reached(unit, [(outcome.job.meter.id, outcome.at) for outcome in outcomes if outcome.is_reached])
    contacted(
        unit,
        [
            Contact(
                meter=outcome.job.meter.id, at=outcome.at, is_read=outcome.error is None and bool(outcome.results),
                clock_offset_s=outcome.clock_offset_s, reason=outcome.error, is_reached=outcome.is_reached,
            )
            for outcome in outcomes
        ],
    )  # fmt: skip
