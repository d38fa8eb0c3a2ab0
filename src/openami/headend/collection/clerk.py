"""What a worker does with the database besides writing results: claiming, planning, sealing, keeping leases.

All of it runs on the worker's database thread.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from openami.aio.clock import Clock
from openami.aio.lock import FileLock
from openami.headend.collection import work
from openami.headend.collection.credentials import Credentials
from openami.headend.collection.jobs import Job, prepare
from openami.headend.collection.schedule import second_of_day
from openami.headend.curves.seal import seal_due
from openami.headend.keys.service import KeyStore
from openami.headend.keys.standing import alarm
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.settings import Settings
from openami.headend.kit.zone import zone
from openami.headend.orders.queue import expire

T = TypeVar("T")

PRUNE = "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE at < ? LIMIT 5000)"
DAY_S = 86_400


class Clerk:
    """The database side of one worker. Its name holds a file lock, so that others see when it was killed."""

    def __init__(self, settings: Settings, clock: Clock, database: Database) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.name = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
        self._lock = self._lock_of(self.name)
        self._credentials: Credentials | None = None
        self._keys: KeyStore | None = None
        self._pass_began = 0.0
        self._looked_at_keys = -1
        self._planned: tuple[int, int | None] = (0, None)

    def begin(self, *, once: bool) -> int:
        """Open the keys, free what killed workers held, plan; a single pass wants everything. -> meters."""
        self._lock.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.take()
        with self.database.write() as unit:
            store = KeyStore.open(unit, self.settings)
            self._keys = store
            self._credentials = Credentials(self.database, store, bytes.fromhex(self.settings.client_title))
            self._release_killed(unit)
            work.plan(unit, self.settings.items)
            self._planned = work.readable(unit)
            self._pass_began = self.clock.now()
            if once:
                work.demand(unit, self._pass_began)
            return work.meters(unit)

    def claim(self, attempts: int) -> list[Job]:
        """Take the next meters and make their sessions ready; put off what cannot be read."""
        if self._credentials is None:
            return []
        now = self.clock.now()
        serials: list[str] = []
        try:
            with self.database.write(alone=False) as unit:
                claims = work.claim(
                    unit,
                    self.name,
                    now,
                    second=second_of_day(self.settings.zone, now),
                    meters=self.settings.claim_meters,
                    lease_s=self.settings.lease_s,
                    attempts=attempts,
                )
                jobs = prepare(unit, claims, self._credentials, now, self.name)
                serials = [job.meter.serial for job in jobs.ready]
                work.settle(unit, self.name, [], jobs.refused)
                return jobs.ready
        except BaseException:
            self._credentials.forget(serials)
            raise

    def wait_s(self, attempts: int) -> float | None:
        """Seconds until a single pass may try again what failed; None when it is over."""
        with self.database.read() as unit:
            return work.wait_s(unit, self._pass_began, attempts)

    def failing(self) -> int:
        """Meters that this pass could not read in full."""
        with self.database.read() as unit:
            return work.failing(unit, self._pass_began)

    @property
    def keys(self) -> KeyStore:
        """The key store, once it is opened."""
        assert self._keys is not None
        return self._keys

    def change(self, change: Callable[[Unit], T]) -> T:
        """Change the store in the middle of a session."""
        with self.database.write() as unit:
            return change(unit)

    def catch_up(self, serial: str, told: int) -> bool:
        """Reserve counters above the one that a meter told."""
        return self._credentials is not None and self._credentials.catch_up(serial, told)

    def keep_house(self) -> None:
        """Renew leases, give work to new meters, seal days that are over, forget old sessions."""
        now = self.clock.now()
        with self.database.write() as unit:
            work.renew(unit, self.name, self.settings.lease_s)
            expire(unit, now)
            if (readable := work.readable(unit)) != self._planned:
                work.plan(unit, self.settings.items)
                self._planned = readable
        with self.database.write() as unit:
            seal_due(unit, zone(self.settings.zone).day(now), self.settings.seal_after_days)
            unit.run(PRUNE, (int(now) - self.settings.sessions_days * DAY_S,))
        if (today := int(now // DAY_S)) != self._looked_at_keys:
            with self.database.write() as unit:
                alarm(unit, self.settings.keys, now)
            self._looked_at_keys = today

    def end(self) -> None:
        """Give back what is still leased."""
        try:
            with self.database.write() as unit:
                work.release(unit, self.name)
        finally:
            self._lock.path.unlink(missing_ok=True)
            self._lock.release()

    def _release_killed(self, unit: Unit) -> None:
        """Free the leases of workers whose lock nobody holds any more; others run out by themselves."""
        for name in work.holders(unit):
            lock = self._lock_of(name)
            if lock.path.exists() and lock.take():
                work.release(unit, name)
                lock.path.unlink(missing_ok=True)
                lock.release()

    def _lock_of(self, name: str) -> FileLock:
        return FileLock(Path(self.settings.data) / "workers" / f"{name}.lock")
