"""A collector process: claims work, holds sessions, hands results to the writer. Many may share a database.

Business time (what is due) comes from the clock given; leases, waits and time-outs follow real time.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar, cast

import structlog

from openami.aio.clock import Clock
from openami.core.errors import AmiError
from openami.headend.collection import work
from openami.headend.collection.clerk import Clerk
from openami.headend.collection.dlms_reader import DlmsReader
from openami.headend.collection.jobs import Job
from openami.headend.collection.performers import Performers
from openami.headend.collection.reader import Reader
from openami.headend.collection.session import Outcome, hold
from openami.headend.collection.tables import open_database
from openami.headend.collection.writer import Writer
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.errors import StoreError
from openami.headend.kit.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

HOUSEKEEPING_S = 2.0
RETRY_S = 1.0
CLOSING_S = 10.0
"""How long results that are in hand may take to get on disk when a collector is stopped."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a collector has done."""

    meters: int
    """Meters of which everything that was asked for came in."""
    intervals: int
    """Rows of the main profiles that were not there before."""
    seconds: float
    failures: int
    """Meters that could not be read in full."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a collector stands."""

    meters: int
    total: int
    intervals: int
    failures: int
    blocked: str | None = None
    """Why nothing can be stored at the moment."""


@dataclass(slots=True)
class Tally:
    """Counts kept while a collector runs."""

    read: set[int] = field(default_factory=set[int])
    failed: set[int] = field(default_factory=set[int])
    intervals: int = 0
    total: int = 0
    blocked: str | None = None

    def note(self, outcomes: Sequence[Outcome], intervals: int) -> None:
        """Count outcomes that are stored, or given up."""
        self.intervals += intervals
        for outcome in outcomes:
            good, bad = (self.failed, self.read) if outcome.error else (self.read, self.failed)
            good.add(outcome.job.meter.id)
            bad.discard(outcome.job.meter.id)

    @property
    def progress(self) -> Progress:
        """The counts as others see them."""
        return Progress(len(self.read), self.total, self.intervals, len(self.failed), self.blocked)


async def run(
    settings: Settings,
    clock: Clock,
    once: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    reader: Reader | None = None,
    draining: asyncio.Event | None = None,
) -> Summary:
    """Collect until cancelled; with `once`, read everything of every meter one time and return.

    Once `draining` is set no more work is taken, what was not begun is given back, and sessions that are under way
    are held to their end: a service that is started anew loses nothing.
    """
    database = open_database(settings)
    try:
        chosen = reader or DlmsReader(timeout_s=settings.timeout_s, with_list=settings.with_list)
        worker = Worker(settings, clock, database, chosen, once=once, on_progress=on_progress, draining=draining)
        return await worker.run()
    finally:
        database.close()


class Worker:
    """One collector."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        reader: Reader,
        *,
        once: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
        draining: asyncio.Event | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.reader = reader
        self.once = once
        self.clerk = Clerk(settings, clock, database)
        self.tally = Tally()
        self._on_progress = on_progress
        self._thread = ThreadPoolExecutor(1, "headend-database")
        self._jobs: asyncio.Queue[Job | None] = asyncio.Queue(settings.claim_meters)
        self._in_flight = 0
        self._draining = draining or asyncio.Event()
        self._refused_since: float | None = None
        self._settled = asyncio.Event()
        self._performers = Performers(self.clerk.name, settings, clock.now, self._change, lambda: self.clerk.keys)
        self.writer = Writer(
            database,
            self.clerk.name,
            settings,
            self._in_thread,
            self._stored,
            self._blocked,
            is_single_pass=once,
        )

    async def run(self) -> Summary:
        """Collect; leaves no lease behind, however it ends short of a kill."""
        began = time.monotonic()
        writing: asyncio.Task[None] | None = None
        try:
            self.tally.total = await self._begin()
            writing = asyncio.create_task(self.writer.run())
            await _plainly(self._collect(writing))
            failures = await self._in_thread(self.clerk.failing)
            if self.tally.blocked:  # what was not even tried, for want of room on the disk, was not read either
                failures = max(failures, self.tally.total - len(self.tally.read))
        finally:
            await self._end(writing)
        return Summary(len(self.tally.read), self.tally.intervals, time.monotonic() - began, failures)

    async def _begin(self) -> int:
        """Begin; a service waits where a single pass gives up: for room on the disk. -> meters."""
        while True:
            try:
                total = await self._in_thread(lambda: self.clerk.begin(once=self.once))
            except StoreError as error:
                if self.once:
                    raise
                self._blocked(str(error))
                await asyncio.sleep(RETRY_S)
            else:
                self._blocked(None)
                return total

    async def _collect(self, writing: "asyncio.Task[None]") -> None:
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(self._keep_house()), group.create_task(_watch(writing))]
            for _ in range(self.settings.concurrency):
                group.create_task(self._hold_sessions())
            await self._feed_until_told()
            for _ in range(self.settings.concurrency):
                await self._jobs.put(None)
            for task in beside:
                task.cancel()
        await self.writer.queue.put(None)
        await writing

    async def _feed_until_told(self) -> None:
        """Feed sessions; told to stop, take back what none has begun, so that its lease is given up at the end."""
        feeding, told = asyncio.create_task(self._feed()), asyncio.create_task(self._draining.wait())
        try:
            await asyncio.wait((feeding, told), return_when=asyncio.FIRST_COMPLETED)
            if feeding.done():
                feeding.result()
            else:
                self._take_back()
        finally:
            for task in (feeding, told):
                task.cancel()
            await asyncio.gather(feeding, told, return_exceptions=True)

    def _take_back(self) -> None:
        while not self._jobs.empty():
            self._jobs.get_nowait()

    async def _feed(self) -> None:
        """Claim work whenever sessions run out of it."""
        attempts = self.settings.attempts if self.once else work.ENDLESS
        while True:
            began = time.monotonic()
            jobs = await self._claim(attempts)
            for job in jobs:
                self._in_flight += 1
                await self._jobs.put(job)
            if jobs:
                continue
            if self.once and not self._in_flight and await self._is_over(attempts):
                return
            self._settled.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(self.settings.poll_s, 20 * (time.monotonic() - began))):
                    await self._settled.wait()

    async def _claim(self, attempts: int) -> list[Job]:
        try:
            jobs = await self._in_thread(lambda: self.clerk.claim(attempts))
        except StoreError as error:
            self._blocked(str(error))
            self._refused_since = self._refused_since or time.monotonic()
            if self.once and time.monotonic() - self._refused_since > self.settings.full_patience_s:
                raise
            return []
        self._refused_since = None
        return jobs

    async def _is_over(self, attempts: int) -> bool:
        """Whether a single pass has nothing left to try."""
        try:
            return await self._in_thread(lambda: self.clerk.wait_s(attempts)) is None
        except StoreError:
            return False

    async def _hold_sessions(self) -> None:
        while (job := await self._jobs.get()) is not None:
            outcome = await hold(
                job, self.reader, now=self.clock.now, limit_s=self.settings.session_s, catch_up=self._catch_up,
                performers=self._performers,
            )  # fmt: skip
            await self.writer.queue.put(outcome)

    async def _change(self, change: Callable[[Unit], T]) -> T:
        return await self._in_thread(lambda: self.clerk.change(change))

    async def _catch_up(self, serial: str, told: int) -> bool:
        return await self._in_thread(lambda: self.clerk.catch_up(serial, told))

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(min(HOUSEKEEPING_S, self.settings.lease_s / 3))
            try:
                await self._in_thread(self.clerk.keep_house)
            except StoreError as error:
                log.debug("housekeeping put off", reason=str(error))

    async def _end(self, writing: "asyncio.Task[None] | None") -> None:
        """Get on disk what is in hand, give leases back."""
        if writing is not None and not writing.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_S):
                    await self.writer.queue.put(None)
                    await asyncio.shield(writing)
            writing.cancel()
        try:
            with suppress(StoreError):
                await self._in_thread(self.clerk.end)
        finally:
            self._thread.shutdown(wait=True)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _stored(self, outcomes: Sequence[Outcome], intervals: int) -> None:
        self._in_flight -= len(outcomes)
        self.tally.note(outcomes, intervals)
        self._settled.set()
        self._report()

    def _blocked(self, reason: str | None) -> None:
        if reason != self.tally.blocked:
            self.tally.blocked = reason
            if reason:
                log.warning(reason)
            self._report()

    def _report(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.tally.progress)


async def _plainly(work: Coroutine[object, object, None]) -> None:
    """Await work; of a group of failures that holds one of ours, raise that one alone."""
    try:
        await work
    except BaseExceptionGroup as group:
        failures = list(_single(group))
        raise next((error for error in failures if isinstance(error, AmiError)), failures[0]) from None


def _single(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _single(cast("BaseExceptionGroup[BaseException]", error))
        else:
            yield error


async def _watch(writing: "asyncio.Task[None]") -> None:
    """Bring everything down when the writer fails: without it nothing would ever be acknowledged."""
    await asyncio.shield(writing)
