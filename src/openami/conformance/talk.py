"""Octets and APDUs to and from a meter, as a test wants them: no association, no repair, no judgement."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from openami.aio.pump import Direction
from openami.aio.way import open_way
from openami.conformance.target import Target
from openami.core.errors import AmiError, LinkTimeout
from openami.dlms.link import ClientLink

CLOSING_S = 1.0
"""How long a meter may take to let a link go."""

MOST_HEARD = 64
"""Pieces that may wait to be fetched before the meter has to wait too."""


class Wire(asyncio.Protocol):
    """The transport: what was heard waits to be fetched."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.is_closed = False
        #: Is told of what is said and heard.
        self.listens: Callable[[Direction, bytes], None] | None = None
        self._heard: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, target: Target) -> "Wire":
        """Connect to a target."""
        loop = asyncio.get_running_loop()
        return await open_way(lambda: cls(loop), target.place, target.response_s)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Keep what was heard."""
        if self.listens is not None:
            self.listens(Direction.RECEIVED, data)
        self._heard.append(data)
        if len(self._heard) > MOST_HEARD and self._transport is not None:
            self._transport.pause_reading()
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing more can come."""
        del exc
        self.is_closed = True
        self._news.set()

    def say(self, data: bytes) -> None:
        """Send octets."""
        if self.listens is not None:
            self.listens(Direction.SENT, data)
        if self._transport is not None and not self.is_closed:
            self._transport.write(data)

    async def hear(self, until: float) -> bytes:
        """Give what has come, piece by piece; nothing when the time is over or the line is gone."""
        while not self._heard and not self.is_closed and (left := until - self.loop.time()) > 0:
            self._news.clear()
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                break
        if len(self._heard) == 1 and self._transport is not None and not self.is_closed:
            self._transport.resume_reading()
        return self._heard.popleft() if self._heard else b""

    async def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
        until = self.loop.time() + CLOSING_S
        while not self.is_closed and self.loop.time() < until:
            await self.hear(until)


class Talk:
    """APDUs over a wire and a link: an answer is an APDU, or nothing; `ended` then says why nothing can come."""

    def __init__(self, wire: Wire, link: ClientLink, response_s: float) -> None:
        self.wire = wire
        self.link = link
        self.response_s = response_s
        self.ended = ""
        self._apdus: deque[bytes] = deque()

    async def connect(self) -> None:
        """Set the link up; `LinkError` when that is not possible."""
        now = self.wire.loop.time()
        self.link.connect(now)
        self._flush()
        while not self.link.is_connected and not self.ended:
            if not await self._turn(now + self.response_s):
                break
        if not self.link.is_connected:
            raise LinkTimeout(f"no link to the meter: {self.ended or 'it does not answer'}")

    async def ask(self, apdu: bytes, wait_s: float | None = None) -> bytes:
        """Send an APDU and await one; nothing if none comes."""
        self.send(apdu)
        return await self.receive(wait_s)

    def send(self, apdu: bytes) -> None:
        """Send an APDU."""
        if self.ended:
            return
        self.link.send(apdu, self.wire.loop.time())
        self._flush()

    async def receive(self, wait_s: float | None = None) -> bytes:
        """Await an APDU; nothing if none comes."""
        until = self.wire.loop.time() + (self.response_s if wait_s is None else wait_s)
        progress = self.link.progress
        while not self._apdus and await self._turn(until):
            if self.link.progress != progress:
                progress = self.link.progress
                until = max(until, self.wire.loop.time() + self.response_s)
        return self._apdus.popleft() if self._apdus else b""

    async def _turn(self, until: float) -> bool:
        """Take what comes, or what the link's time asks for; whether there is time for more."""
        loop, due = self.wire.loop, self.link.deadline
        heard = await self.wire.hear(until if due is None else min(until, due))
        try:
            if heard:
                self._apdus += self.link.receive(heard, loop.time())
            elif due is not None and loop.time() >= due:
                self.link.expire(loop.time())
        except AmiError as error:
            self.ended = str(error)
        self._flush()
        if self.wire.is_closed and not heard:
            self.ended = self.ended or "the connection was closed"
        return not self.ended and loop.time() < until

    def _flush(self) -> None:
        for data in self.link.outgoing():
            self.wire.say(data)

    async def disconnect(self) -> None:
        """Take the link down, as far as the meter answers."""
        until = self.wire.loop.time() + CLOSING_S
        if not self.ended and not self.link.disconnect(self.wire.loop.time()):
            self._flush()
            while self.link.is_connected and await self._turn(until):
                pass

    async def close(self) -> None:
        """Take the link down and hang up."""
        await self.disconnect()
        await self.wire.close()
