"""Records on disk that outlive a kill: appended in memory, made durable together, replayed at start."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from openami.aio.lock import FileLock
from openami.aio.segments import JournalError, Segments, record

__all__ = ["Journal", "JournalError"]

PENDING_LIMIT = 64 * 1024 * 1024
"""Octets that may wait for a disk that takes nothing, before `append` refuses."""


class Commit(asyncio.Future[None]):
    """Done when the records are durable; many wait for one, so that a waiter cannot cancel it."""

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002
        """Refuse: the task that waits is cancelled when the disk has answered."""
        return False


class Journal:
    """An append-only log. The state after a restart is the newest `snapshot` with `replay()` on top of it.

    Used from one thread. A record is u32 length, u32 CRC-32, payload; see `Segments` for the files.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the journal whose files begin with `path`; refuse if another process has it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        if not self._lock.take():
            raise JournalError(path, "in use by another process")
        try:
            self._segments = Segments(path)
        except BaseException:
            self._lock.release()
            raise
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._flight: list[bytes] = []
        self._flying: Commit | None = None
        self._waiting: Commit | None = None
        self._failure: JournalError | None = None
        self._landed = threading.Event()
        self._jobs: queue.SimpleQueue[asyncio.AbstractEventLoop | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def torn(self) -> int:
        """Octets of a torn tail that were cut off when the journal was opened."""
        return self._segments.torn

    @property
    def size(self) -> int:
        """Durable octets since the last rotation."""
        return self._segments.size

    @property
    def snapshot(self) -> Path | None:
        """The newest complete snapshot, or None before the first rotation."""
        return self._segments.snapshot

    def replay(self) -> Iterator[bytes]:
        """Give every durable record since the newest snapshot, oldest first."""
        return self._segments.replay()

    def append(self, payload: bytes) -> None:
        """Put one record behind the others; it is safe only once a `commit` made after this is done."""
        if not payload:
            raise ValueError("an empty record cannot be told from a torn one")
        if self._pending_size > PENDING_LIMIT:
            raise self._failure or JournalError(self.path, "the disk does not keep up")
        self._pending.append(record(payload))
        self._pending_size += len(payload)

    def commit(self) -> Commit:
        """Make all appended so far durable: await it, or add a callback.

        Callers of one turn of the loop share one fsync, and so do those who come while one is under way.
        """
        loop = asyncio.get_running_loop()
        if not self._pending and self._waiting is None:
            return self._flying or _kept(loop)
        if self._waiting is None:
            self._waiting = Commit(loop=loop)
            if self._flying is None:
                loop.call_soon(self._take_off, loop)
        return self._waiting

    def commit_now(self) -> None:
        """Make all appended so far durable before returning, for callers without a loop."""
        if self._flying is not None:
            self._landed.wait()
            self._land()
        if self._pending:
            self._load()
            self._fly()
            self._land()
        waiting, self._waiting = self._waiting, None
        _settle(waiting, self._failure)
        if self._failure is not None:
            raise self._failure

    def _take_off(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._flying is not None or self._waiting is None:
            return
        self._flying, self._waiting = self._waiting, None
        self._load()
        self._landed.clear()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"journal {self.path.name}", daemon=True)
            self._thread.start()
        self._jobs.put(loop)

    def _run(self) -> None:
        while (loop := self._jobs.get()) is not None:
            self._fly()
            self._landed.set()
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(self._touch_down, loop)

    def _touch_down(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._flying is not None and self._landed.is_set():
            self._land()
        self._take_off(loop)

    def _load(self) -> None:
        self._flight, self._pending, self._pending_size = self._pending, [], 0

    def _fly(self) -> None:
        try:
            self._segments.write(b"".join(self._flight))
        except JournalError as error:
            self._failure = error
        else:
            self._failure = None

    def _land(self) -> None:
        """Answer those who waited; records the disk refused stay in front of the next flight."""
        if self._failure is not None:
            self._pending[:0] = self._flight
            self._pending_size = sum(map(len, self._pending))
        self._flight = []
        flying, self._flying = self._flying, None
        _settle(flying, self._failure)

    def rotate(self, write: Callable[[BinaryIO], None]) -> None:
        """Write a snapshot of the state as it is now, and drop the records it makes superfluous."""
        self.commit_now()
        self._segments.publish(self._segments.begin(), write)

    async def rotate_aside(self, write: Callable[[BinaryIO], None]) -> None:
        """Do the same in a thread while records go on; `write` must hold a copy of the state as it is now."""
        self.commit_now()
        await asyncio.to_thread(self._segments.publish, self._segments.begin(), write)

    def close(self) -> None:
        """Write what is left, end the thread and give the lock back."""
        try:
            self.commit_now()
        finally:
            self._jobs.put(None)
            if self._thread is not None:
                self._thread.join()
            self._segments.close()
            self._lock.release()


def _settle(commit: Commit | None, failure: JournalError | None) -> None:
    if commit is None or commit.done() or commit.get_loop().is_closed():
        return
    if failure is None:
        commit.set_result(None)
        return
    commit.set_exception(failure)
    commit.exception()  # whoever waits sees it; nobody need


def _kept(loop: asyncio.AbstractEventLoop) -> Commit:
    commit = Commit(loop=loop)
    commit.set_result(None)
    return commit
