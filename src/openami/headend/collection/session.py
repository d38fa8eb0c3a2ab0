"""One session with one meter: everything that is due, in one association.

An item that the meter refuses does not spoil the others; a link that breaks leaves the rest open.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog

from openami.core.errors import (
    AmiError,
    AssociationError,
    DecodeError,
    LinkError,
    RemoteProtocolError,
    SecurityError,
    ServiceError,
)
from openami.dlms.profile import Table
from openami.headend.collection.jobs import Job, Task
from openami.headend.collection.performers import Performers
from openami.headend.collection.reader import Ask, Association, Reader, Target
from openami.headend.orders.kinds import kind_of
from openami.headend.orders.schemas import Ended
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import Kind

log = structlog.get_logger(__name__)

FAILURES = (AmiError, OSError, TimeoutError)
REFUSED = (SecurityError, AssociationError)
DROPPED = (*REFUSED, LinkError, RemoteProtocolError)
"""What a wrong key may look like: some meters just hang up."""
NOT_REACHED = "the session ended before it came to this"

CatchUp = Callable[[str, int], Awaitable[bool]]
"""Reserve above the counter a meter told; says whether another try is worth while."""


@dataclass(slots=True)
class Result:
    """What became of one task."""

    task: Task
    tables: list[Table] = field(default_factory=list[Table])
    error: str | None = NOT_REACHED


@dataclass(slots=True)
class Outcome:
    """What became of one session."""

    job: Job
    results: list[Result]
    at: int = 0
    seconds: float = 0.0
    is_reached: bool = False
    clock_offset_s: float | None = None
    reason: str | None = None
    ended: dict[int, Ended] = field(default_factory=dict[int, Ended])
    """How orders went, by their number; one that is not there was not begun."""

    @property
    def error(self) -> str | None:
        """Why something is missing; None when all is there."""
        return self.reason or next((result.error for result in self.results if result.error), None)


async def hold(
    job: Job,
    reader: Reader,
    *,
    now: Callable[[], float],
    limit_s: float,
    catch_up: CatchUp,
    performers: Performers | None = None,
) -> Outcome:
    """Perform the orders and read all tasks of a job. Never raises for what a meter or a network does."""
    outcome = Outcome(job, [Result(task) for task in job.tasks], at=int(now()))
    began = time.monotonic()
    try:
        async with asyncio.timeout(limit_s + sum(kind_of(order.kind).limit_s for order in job.orders)):
            await _try(outcome, reader, now, catch_up, performers)
    except TimeoutError:
        outcome.reason = f"no end after {limit_s:g} s"
    except FAILURES as error:
        outcome.reason = sentence(error)
    except Exception as error:
        log.exception("session broke", meter=job.meter.serial)
        outcome.reason = f"internal error in the session: {type(error).__name__}"
    outcome.seconds = time.monotonic() - began
    return outcome


async def _try(
    outcome: Outcome, reader: Reader, now: Callable[[], float], catch_up: CatchUp, performers: Performers | None
) -> None:
    """Hold the session; a meter that refuses may expect another counter, or other keys of those it may have."""
    target = outcome.job.target
    refusals = DROPPED if target.others else REFUSED
    try:
        await _associate(outcome, target, reader, now, performers)
    except refusals as error:
        if outcome.is_reached:
            raise
        refused: AmiError = error
    else:
        return
    tries = [replace(target, security=security) for security in target.others]
    if await _is_behind(reader, target, catch_up):
        tries.insert(0, target)
    for other in tries:
        try:
            await _associate(outcome, other, reader, now, performers)
        except refusals as error:
            if outcome.is_reached:
                raise
            refused = error
        else:
            return
    raise refused


async def _is_behind(reader: Reader, target: Target, catch_up: CatchUp) -> bool:
    """Ask the meter for its counter; says whether ours was behind and has caught up."""
    try:
        told = await reader.invocation_counter(target)
    except FAILURES:
        return False
    return await catch_up(target.serial, told)


async def _associate(
    outcome: Outcome, target: Target, reader: Reader, now: Callable[[], float], performers: Performers | None
) -> None:
    async with reader.associate(target) as association:
        outcome.is_reached = True
        if performers and outcome.job.target.others:
            await performers.opened(target)
        if performers and outcome.job.orders:
            await performers.perform(outcome.job, association.meter, outcome.ended, is_last=False)
        await association.foresee([ask for result in outcome.results for ask in asks(result.task)])
        for result in outcome.results:
            try:
                await _read(outcome, result, association, now)
                result.error = None
            except (ServiceError, DecodeError) as error:
                result.tables.clear()
                result.error = sentence(error)
        if performers and outcome.job.orders:
            await performers.perform(outcome.job, association.meter, outcome.ended, is_last=True)


def asks(task: Task) -> list[Ask]:
    """What a task asks of the meter."""
    if task.item.kind is Kind.CLOCK:
        return [Ask(task.item)]
    return [Ask(task.item, first, last) for first, last in task.spans]


async def _read(outcome: Outcome, result: Result, association: Association, now: Callable[[], float]) -> None:
    for ask in asks(result.task):
        if ask.item.kind is Kind.CLOCK:
            outcome.clock_offset_s = await association.clock(ask) - now()
            continue
        table = await association.profile(ask)
        Layout.of(ask.item, outcome.job.meter.zone).check(table)
        if len(table):
            result.tables.append(table)


def sentence(error: BaseException) -> str:
    """Make a sentence of an error."""
    return str(error) or type(error).__name__
