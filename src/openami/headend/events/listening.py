"""Pushes taken in over TCP and UDP: opened with the keys of their meter, stored in groups, and only then confirmed."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from openami.aio.clock import Clock
from openami.aio.listener import Listening, Push, listen
from openami.core.errors import AmiError
from openami.dlms.push import Acceptance
from openami.dlms.security import Keys, Policy
from openami.headend.events import pushes
from openami.headend.events.pushes import Arrived, Taken, arrived
from openami.headend.events.threads import wholly
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database
from openami.headend.kit.errors import StoreError
from openami.headend.kit.settings import Settings

log = structlog.get_logger(__name__)

GROUP = 256
GROUP_S = 0.05
RETRY_S = 1.0
FRESH_S = 60.0
MOST_KNOWN = 10_000
BY_TITLE = "SELECT serial FROM meter WHERE system_title IN {keys}"
GLOBAL = "global"


@dataclass(slots=True)
class Known:
    """Keys of meters that push, remembered for a minute: a rotated key is found after that."""

    database: Database
    store: Callable[[], KeyStore]
    answers: dict[bytes, tuple[float, Keys | None]] = field(default_factory=dict[bytes, tuple[float, Keys | None]])

    def __call__(self, title: bytes) -> Keys | None:
        """Find the keys of a system title; None for one that is nobody's."""
        known = self.answers.get(title)
        if known is None or time.monotonic() - known[0] > FRESH_S:
            if len(self.answers) >= MOST_KNOWN:
                self.answers.clear()
            known = time.monotonic(), self._look_up(title)
            self.answers[title] = known
        return known[1]

    def _look_up(self, title: bytes) -> Keys | None:
        try:
            with self.database.read() as unit:
                rows = unit.rows_in(BY_TITLE, [title.hex(), title.hex().upper()])
                return self.store().keys(unit, [rows[0][0]]).get(rows[0][0]) if rows else None
        except StoreError:
            return None


@dataclass(slots=True)
class Stored:
    """Counters of pushes: what was taken is in the database, in the transaction that has stored it."""

    database: Database
    last: dict[tuple[bytes, str], int] = field(default_factory=dict[tuple[bytes, str], int])
    new: dict[bytes, tuple[str, int]] = field(default_factory=dict[bytes, tuple[str, int]])

    def received(self, title: bytes, key: str) -> int:
        """Highest value accepted; -1 before the first."""
        if (title, key) not in self.last:
            with self.database.read() as unit:
                found = unit.value("SELECT value FROM push_counter WHERE title = ? AND key = ?", (title.hex(), key))
            self.last[title, key] = -1 if found is None else int(found)
        return self.last[title, key]

    def accept(self, title: bytes, key: str, value: int) -> None:
        """Remember it; it is stored with the push."""
        self.last[title, key] = value
        self.new[title] = key, value


class Intake:
    """The receiving end of pushes of an installation. `taken` counts what came of them."""

    def __init__(self, settings: Settings, clock: Clock, database: Database) -> None:
        self.settings, self.clock, self.database = settings, clock, database
        self.counters = Stored(database)
        self._store: KeyStore | None = None
        acceptance = Acceptance(
            keys=Known(database, self._keys), counters=self.counters,
            least=Policy.A if settings.watch.least == "authenticated" else Policy.NONE,
        )  # fmt: skip
        self.listening: Listening = listen(*settings.watch.listen, acceptance=acceptance, confirm="later")
        self.taken = Taken(0, 0, ())

    def _keys(self) -> KeyStore:
        if self._store is None:
            with self.database.write() as unit:
                self._store = KeyStore.open(unit, self.settings)
        return self._store

    async def run(self) -> None:
        """Take pushes until cancelled; what waits is stored at the end."""
        waiting: asyncio.Queue[Push] = asyncio.Queue(GROUP)
        await wholly(self._keys)
        async with self.listening:
            reading = asyncio.create_task(self._read(waiting))
            try:
                while True:
                    await self._keep(await _group(waiting))
            finally:
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading

    async def _read(self, waiting: "asyncio.Queue[Push]") -> None:
        async for push in self.listening:
            await waiting.put(push)

    async def _keep(self, group: list[Push]) -> None:
        """Store a group, as often as it takes; meters are told that it was taken after that."""
        told = [self._arrived(push) for push in group]
        while True:
            try:
                self.taken = await wholly(lambda: self._write(told))
                break
            except StoreError as error:
                log.warning("pushes wait", reason=str(error), waiting=len(group))
                await asyncio.sleep(RETRY_S)
        for push in group:
            _confirm(push)
        if self.taken.unknown:
            log.info("pushes of nobody", senders=sorted(set(self.taken.unknown))[:10])

    def _arrived(self, push: Push) -> Arrived:
        told, counted = arrived(push), self.counters.new.pop(push.title, None)
        return told if counted is None else Arrived(
            told.title, told.names, told.values, told.at, told.is_proved, counted, told.sender
        )  # fmt: skip

    def _write(self, told: list[Arrived]) -> Taken:
        with self.database.write() as unit:
            return pushes.take(unit, told, self.clock.now(), may_clear=self.settings.watch.clear)


def _confirm(push: Push) -> None:
    """Tell the meter that it need not send it again; one that has gone will, and that is no news then."""
    if not push.pushed.wants_confirmation:
        return
    try:
        push.confirm()
    except AmiError as error:
        log.info("push not confirmed", sender=push.sender, reason=str(error))


async def _group(waiting: "asyncio.Queue[Push]") -> list[Push]:
    group = [await waiting.get()]
    if waiting.empty():
        await asyncio.sleep(GROUP_S)
    while len(group) < GROUP and not waiting.empty():
        group.append(waiting.get_nowait())
    return group
