"""The shell of every protocol core: it moves bytes and time between one endpoint and one transport."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias, cast


class Direction(StrEnum):
    """Which way octets went, seen from here."""

    SENT = "sent"
    RECEIVED = "received"


Trace: TypeAlias = Callable[[Direction, float, bytes], None]
"""Is told of all octets: which way they went, when (seconds since 1970), and they themselves."""


class Following(Protocol):
    """Follows one connection."""

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the two ends."""
        ...

    def octets(self, direction: Direction, at: float, data: bytes) -> None:
        """Take octets as they pass."""
        ...

    def plain(self, is_sent: bool, apdu: bytes) -> None:
        """Take an APDU in clear that passes, or has passed, ciphered; it may hold keys."""
        ...

    def closed(self) -> None:
        """Take note of the end."""
        ...


class Tracer(Protocol):
    """Follows connections, each by itself."""

    def follow(self, place: object) -> Following:
        """Begin to follow a connection with a meter at a `Place`."""
        ...


class Endpoint(Protocol):
    """One end of a protocol: bytes and time in, events and bytes out."""

    def receive(self, data: bytes, now: float) -> Sequence[object]:
        """Take what has arrived; give what it means."""
        ...

    def expire(self, now: float) -> Sequence[object]:
        """Give what the passing of time means."""
        ...

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        ...

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        ...


class Pump(asyncio.Protocol, ABC):
    """Carry one endpoint over one transport; a subclass says what becomes of the events.

    The timer is lazy: a deadline that moves away leaves it alone, and it looks again when it fires.
    """

    trace: Trace | None = None

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop) -> None:
        self.endpoint = endpoint
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = 0.0

    @abstractmethod
    def deliver(self, events: Sequence[object]) -> None:
        """Act on what the endpoint has understood."""

    @abstractmethod
    def lost(self, error: Exception | None) -> None:
        """Act on the end of the stream."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass octets on and send the answers."""
        if self.trace is not None:
            self.trace(Direction.RECEIVED, time.time(), data)
        if events := self.endpoint.receive(data, self.loop.time()):
            self.deliver(events)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer and say that the stream has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.transport = None
        self.lost(exc)

    def flush(self) -> None:
        """Send all the endpoint has to send, and set the timer by its deadline."""
        if self.transport is None:
            return
        if chunks := self.endpoint.outgoing():
            self.send(chunks)
        deadline = self.endpoint.deadline
        if deadline is not None and (self._timer is None or deadline < self._fires_at):
            self._arm(deadline)

    def send(self, chunks: list[bytes]) -> None:
        """Write to the transport what the endpoint has handed over: items stay apart where they are datagrams."""
        if self.transport is None:
            return
        if self.trace is not None:
            for chunk in chunks:
                self.trace(Direction.SENT, time.time(), chunk)
        if len(chunks) == 1:
            self.transport.write(chunks[0])
        else:
            self.transport.writelines(chunks)

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = deadline
        self._timer = self.loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        deadline = self.endpoint.deadline
        now = max(self.loop.time(), self._fires_at)  # a loop may round, and be early by a millisecond
        if deadline is not None and deadline <= now and (events := self.endpoint.expire(now)):
            self.deliver(events)
        self.flush()
