"""A transport that several share: each has a tap of its own, and closing it leaves the transport to the others."""

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

from openami.core.errors import ConnectionLost


class Tap(asyncio.Transport):
    """One user's transport: what it writes goes out by `write`, what is heard comes in by `hear`."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, write: Callable[[bytes], None], release: Callable[["Tap"], None]
    ) -> None:
        super().__init__()
        self._loop = loop
        self._write = write
        self._release = release
        self._user: asyncio.Protocol | None = None
        self._is_deaf = self._is_closing = False

    def give_to(self, user: asyncio.Protocol) -> None:
        """Make somebody the user."""
        self._user = user
        user.connection_made(self)

    def hear(self, data: bytes) -> None:
        """Hand over what has arrived; a user that has paused misses it, one with a defect leaves."""
        if self._user is None or self._is_deaf or self._is_closing:
            return
        try:
            self._user.data_received(data)
        except BaseException:
            self.close()
            raise

    def end(self, error: Exception | None) -> None:
        """Tell the user that there is nothing behind the tap any more."""
        if not self._is_closing:
            self._is_closing = True
            self._release(self)
            self._tell(error)

    def _tell(self, error: Exception | None) -> None:
        user, self._user = self._user, None
        if user is not None:
            user.connection_lost(error)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send octets."""
        if not self._is_closing:
            self._write(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send items one by one: each may be a datagram."""
        for data in list_of_data:
            self.write(data)

    def get_write_buffer_size(self) -> int:
        """Nothing waits here."""
        return 0

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self._is_closing

    def close(self) -> None:
        """Leave; what was written goes out all the same."""
        if not self._is_closing:
            self._is_closing = True
            self._release(self)
            self._loop.call_soon(self._tell, None)

    def abort(self) -> None:
        """Leave."""
        self.close()

    def pause_reading(self) -> None:
        """Miss what arrives."""
        self._is_deaf = True

    def resume_reading(self) -> None:
        """Hear again."""
        self._is_deaf = False


class Shared(asyncio.Protocol):
    """A stream whose users come one after the other, each in its turn."""

    def __init__(self, name: object) -> None:
        self.name = name
        self._transport: asyncio.Transport | None = None
        self._turn = asyncio.Lock()
        self._tap: Tap | None = None
        self._error: Exception | None = None
        self._ended = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether the stream is there."""
        return self._transport is not None

    @property
    def is_taken(self) -> bool:
        """Whether somebody has the turn."""
        return self._tap is not None

    async def take(self) -> Tap:
        """Wait for one's turn; it lasts until the tap is closed."""
        await self._turn.acquire()
        if self._transport is None:
            self._turn.release()
            raise self._gone()
        self._tap = Tap(asyncio.get_running_loop(), self._write, self._release)
        return self._tap

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _release(self, _tap: Tap) -> None:
        self._tap = None
        self._turn.release()

    def _gone(self) -> Exception:
        if isinstance(self._error, ConnectionLost):
            return self._error
        reason = "" if self._error is None else f": {self._error}"
        return ConnectionLost(f"{self.name} closed the connection{reason}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the stream."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand octets to whoever has the turn."""
        if self._tap is not None:
            self._tap.hear(data)
        else:
            self.unclaimed(data)

    def unclaimed(self, data: bytes) -> None:
        """Take octets that come while nobody has the turn: nobody hears them."""

    async def left(self) -> None:
        """Act on the end of an association that its user has left."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever has the turn, and those who come after."""
        self._transport, self._error = None, exc
        if self._tap is not None:
            self._tap.end(exc)
        self._ended.set()

    async def close(self) -> None:
        """Close the stream and wait until it is gone."""
        if self._transport is not None:
            self._transport.close()
            await self._ended.wait()
