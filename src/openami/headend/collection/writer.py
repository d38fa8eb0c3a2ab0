"""The one task of a worker that writes: results of many sessions share a transaction.

While the database takes nothing (no room, or busy) results are kept and tried again; nothing counts as read
before it is on disk. Sessions wait meanwhile, for the queue is short.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from openami.headend.collection import work
from openami.headend.collection.intake import Stored, store
from openami.headend.collection.session import Outcome
from openami.headend.kit.database import Database
from openami.headend.kit.errors import StoreError
from openami.headend.kit.settings import Settings

log = structlog.get_logger(__name__)

FIRST_RETRY_S = 0.2
RETRY_MAX_S = 5.0

Run = Callable[[Callable[[], Stored | None]], Awaitable[Stored | None]]
"""Runs a call on the thread of the database."""


@dataclass(slots=True)
class Writer:
    """Takes outcomes in and puts them on disk in groups."""

    database: Database
    worker: str
    settings: Settings
    run_in_thread: Run
    on_stored: Callable[[Sequence[Outcome], int], None]
    on_blocked: Callable[[str | None], None]
    is_single_pass: bool = False
    queue: "asyncio.Queue[Outcome | None]" = field(init=False)
    blocked: str | None = None
    """Why nothing can be written at the moment."""

    def __post_init__(self) -> None:
        self.queue = asyncio.Queue(2 * self.settings.group_sessions)

    async def run(self) -> None:
        """Write until a None has come through the queue."""
        is_open = True
        while is_open:
            group, is_open = await self._gather()
            if group:
                await self._keep(group)

    async def _gather(self) -> tuple[list[Outcome], bool]:
        """Wait for a first outcome, give others a short while to come, take what is there."""
        first = await self.queue.get()
        if first is None:
            return [], False
        group = [first]
        if self.queue.qsize() < self.settings.group_sessions - 1:
            await asyncio.sleep(self.settings.group_s)
        while len(group) < self.settings.group_sessions and not self.queue.empty():
            following = self.queue.get_nowait()
            if following is None:
                return group, False
            group.append(following)
        return group, True

    async def _keep(self, group: list[Outcome]) -> None:
        """Write a group, as often as it takes."""
        since = time.monotonic()
        pause_s = FIRST_RETRY_S
        while True:
            try:
                stored = await self.run_in_thread(lambda: self._store(group))
            except StoreError as error:
                self._block(str(error))
                await self._explain(group, str(error))
            else:
                self._block(None)
                self.on_stored(group, stored.intervals if stored else 0)
                return
            if self.is_single_pass and time.monotonic() - since > self.settings.full_patience_s:
                self._give_up(group)
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, RETRY_MAX_S)

    def _store(self, group: Sequence[Outcome]) -> Stored:
        """Write a group in one transaction; one that cannot be taken in must not keep the others out."""
        try:
            with self.database.write() as unit:
                return store(unit, self.worker, group, self.settings)
        except StoreError:
            raise
        except Exception as error:
            if len(group) > 1:
                return _sum([self._store([outcome]) for outcome in group])
            log.exception("outcome refused", meter=group[0].job.meter.serial)
            _refuse(group[0], error)
            with self.database.write() as unit:
                return store(unit, self.worker, group, self.settings)

    async def _explain(self, group: Sequence[Outcome], reason: str) -> None:
        """Leave the reason at the open items, if there is room for so much."""
        works = [result.task.work for outcome in group for result in outcome.results]

        def note() -> None:
            with self.database.write() as unit:
                work.explain(unit, works, reason)

        try:
            await self.run_in_thread(note)
        except StoreError:
            log.debug("reason could not be noted")

    def _block(self, reason: str | None) -> None:
        if reason != self.blocked:
            self.blocked = reason
            self.on_blocked(reason)

    def _give_up(self, group: Sequence[Outcome]) -> None:
        for outcome in group:
            outcome.reason = self.blocked
        self.on_stored(group, 0)


def _refuse(outcome: Outcome, error: Exception) -> None:
    outcome.reason = f"what meter {outcome.job.meter.serial} sent could not be stored: {type(error).__name__}"
    for result in outcome.results:
        result.tables.clear()
        result.error = outcome.reason


def _sum(parts: Sequence[Stored]) -> Stored:
    rows: dict[int, int] = {}
    for part in parts:
        rows |= part.rows
    return Stored(sum(part.intervals for part in parts), rows)
