"""From claimed work to sessions: who is read, with which keys, and which rows are missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from openami.core.errors import DefinitionError
from openami.headend.collection.credentials import Credentials
from openami.headend.collection.reader import Target
from openami.headend.collection.work import Claim, Open
from openami.headend.curves.repository import ensure_series
from openami.headend.curves.service import gaps
from openami.headend.events import service as events
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import FIRST, day_number
from openami.headend.orders.queue import ITEM, take
from openami.headend.orders.schemas import Order
from openami.headend.registers import service as registers
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import Item, Kind, model
from openami.headend.registry.schemas import READABLE, Meter
from openami.headend.registry.service import meters as find_meters

LOG_OVERLAP_S = 3_600
"""A log is read again so far back: an event noted after the clock was set back stands before the latest."""
OLDEST = (day_number(FIRST) + 1) * 86_400
LONG_WAIT_S = 3_600.0

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Task:
    """One item to read in a session: the stamps that are asked for, both ends included."""

    work: int
    item: Item
    attempts: int
    spans: tuple[Span, ...] = ()
    series: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One session to hold."""

    meter: Meter
    target: Target
    tasks: tuple[Task, ...]
    orders: tuple[Order, ...] = ()
    """What the meter is told in the same session (`performers`)."""
    orders_work: Claim | None = None
    """The work that the orders stand behind."""


@dataclass(slots=True)
class Jobs:
    """Sessions to hold, and claimed items that cannot be read at all."""

    ready: list[Job] = field(default_factory=list["Job"])
    refused: list[Open] = field(default_factory=list[Open])


def prepare(unit: Unit, claims: Sequence[Claim], credentials: Credentials, now: float, worker: str) -> Jobs:
    """Make one job per claimed meter."""
    jobs = Jobs()
    meters = find_meters(unit, {claim.meter for claim in claims})
    told = {claim.meter: claim for claim in claims if claim.item == ITEM}
    claims = [claim for claim in claims if claim.item != ITEM]
    known = {claim: item for claim in claims if (item := _item(meters[claim.meter], claim, jobs)) is not None}
    tasks = _tasks(unit, meters, known, now)
    tasks |= {number: [] for number in told.keys() - tasks.keys()}
    readable = [meters[number] for number in tasks if meters[number].state in READABLE]
    prepared = credentials.prepare(unit, readable)
    for number, own in tasks.items():
        meter = meters[number]
        credential = prepared.get(meter.serial)
        if meter.state not in READABLE or credential is None:
            reason = f"meter {meter.serial} is {meter.state}" if credential else _no_keys(meter)
            works = [task.work for task in own] + [claim.work for claim in [told.get(number)] if claim]
            jobs.refused += [Open(work, LONG_WAIT_S, reason, is_final=True) for work in works]
            told.pop(number, None)
            continue
        target = Target(
            meter.serial, meter.address, meter.port, meter.zone, credential.security, credential.counter,
            credential.others,
        )  # fmt: skip
        jobs.ready.append(Job(meter, target, tuple(own)))
    if told:
        orders = take(unit, told, worker, now)
        jobs.ready = [
            replace(job, orders=tuple(orders.get(job.meter.id, ())), orders_work=told.get(job.meter.id))
            for job in jobs.ready
        ]
    return jobs


def _no_keys(meter: Meter) -> str:
    return f"meter {meter.serial} has no encryption and authentication key here, or its counter is spent"


def _item(meter: Meter, claim: Claim, jobs: Jobs) -> Item | None:
    try:
        return model(meter.product).find(claim.item)
    except DefinitionError as error:
        jobs.refused.append(Open(claim.work, LONG_WAIT_S, str(error), is_final=True))
        return None


def _tasks(unit: Unit, meters: Mapping[int, Meter], items: Mapping[Claim, Item], now: float) -> dict[int, list[Task]]:
    """Tasks of each meter; items of one kind and layout are looked up together."""
    groups: dict[tuple[Item, str], list[Claim]] = {}
    for claim, item in items.items():
        groups.setdefault((item, meters[claim.meter].zone), []).append(claim)
    tasks: dict[int, list[Task]] = {}
    for (item, zone_name), claims in groups.items():
        for claim, task in zip(claims, _group(unit, item, zone_name, claims, int(now)), strict=True):
            tasks.setdefault(claim.meter, []).append(task)
    return tasks


def _group(unit: Unit, item: Item, zone_name: str, claims: Sequence[Claim], now: int) -> Iterable[Task]:
    meters = [claim.meter for claim in claims]
    if item.kind is Kind.PROFILE:
        layout = Layout.of(item, zone_name)
        series = ensure_series(unit, meters, item.logical_name, layout, is_rolled_up=item.is_rolled_up)
        for claim in claims:
            state = series[claim.meter]
            missing = gaps(unit, state, now - item.history_s, now)
            spans = tuple((start + item.period_s, end) for start, end in missing)
            yield Task(claim.work, item, claim.attempts, spans, state.id)
        return
    known: dict[int, int] = {}
    if item.kind is Kind.CLOSING:
        known = registers.latest(unit, meters, item.name)
    elif item.kind is Kind.LOG:
        known = events.latest(unit, meters, item.name)
    for claim in claims:
        yield Task(claim.work, item, claim.attempts, (_since(item, known.get(claim.meter), now),))


def _since(item: Item, latest: int | None, now: int) -> Span:
    """Ask for what came after the latest row that is stored."""
    if latest is None:
        return (now - item.history_s if item.history_s else OLDEST, now)
    return (latest - LOG_OVERLAP_S if item.kind is Kind.LOG else latest + 1, now)
