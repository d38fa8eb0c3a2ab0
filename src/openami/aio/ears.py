"""What hears pushes: a connection, a serial port, a socket for datagrams; each sender has a core of its own."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias, cast

from openami.aio.pump import Pump
from openami.core.errors import ConnectionLost
from openami.dlms.push import Acceptance, Listener, Pushed
from openami.dlms.push.listener import Event

MAPPED: Final = "::ffff:"
"""How IPv6 writes an address of IPv4."""

Answer: TypeAlias = Callable[[Pushed], None]
"""Confirms a push."""


class Desk(Protocol):
    """Where everything that is heard goes."""

    limit: int

    @property
    def is_full(self) -> bool:
        """Whether nothing more is wanted for now."""
        ...

    def take(self, sender: str, events: Sequence[Event], answer: Answer) -> None:
        """Keep what a sender has pushed."""
        ...

    def join(self, ear: "Ear") -> None:
        """Know an ear, or hang it up."""
        ...

    def leave(self, ear: "Ear", error: Exception | None) -> None:
        """Forget an ear."""
        ...


class Ear(Pump):
    """One connection or, with a name, a serial port."""

    def __init__(self, desk: Desk, acceptance: Acceptance, loop: asyncio.AbstractEventLoop, name: str = "") -> None:
        self.core = Listener(acceptance)
        super().__init__(self.core, loop)
        self.heard_at = loop.time()
        self.is_line = bool(name)
        self.sender = name
        self._desk = desk

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        super().connection_made(transport)
        self.sender = self.sender or name_of(transport.get_extra_info("peername"))
        self._desk.join(self)

    def data_received(self, data: bytes) -> None:
        """Pass octets on."""
        self.heard_at = self.loop.time()
        super().data_received(data)

    def deliver(self, events: Sequence[object]) -> None:
        """Hand over what was pushed."""
        self._desk.take(self.sender, cast("Sequence[Event]", events), self.confirm)

    def confirm(self, pushed: Pushed) -> None:
        """Answer a push, if its sender is still there."""
        if self.transport is None:
            raise ConnectionLost(f"{self.sender} has closed the connection before its push was confirmed")
        self.core.confirm(pushed)
        self.flush()

    def lost(self, error: Exception | None) -> None:
        """Tell what was left unfinished, and go."""
        self.deliver(self.core.finish())
        self._desk.leave(self, error)

    def pause(self) -> None:
        """Leave what arrives to the system."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume(self) -> None:
        """Listen again."""
        if self.transport is not None:
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """Hear no more of a sender that does not take its confirmations."""
        self.pause()

    def resume_writing(self) -> None:
        """Hear it again."""
        if not self._desk.is_full:
            self.resume()

    def drop(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()


class DatagramEar(asyncio.DatagramProtocol):
    """One socket for any number of senders; those heard longest ago are forgotten first."""

    def __init__(self, desk: Desk, acceptance: Acceptance, loop: asyncio.AbstractEventLoop) -> None:
        self.dropped = 0
        self._desk = desk
        self._acceptance = acceptance
        self._loop = loop
        self._senders: OrderedDict[object, Listener] = OrderedDict()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Pass a datagram on; while nothing more is wanted it is lost, and not confirmed."""
        if self._desk.is_full:
            self.dropped += 1
            return
        core = self._core(addr)
        self._take(addr, core, core.receive(data, self._loop.time()))

    def sweep(self, now: float) -> None:
        """Give up blocks that do not come to their end."""
        late = [(addr, core) for addr, core in self._senders.items() if (core.deadline or now + 1.0) <= now]
        for addr, core in late:
            self._take(addr, core, core.expire(now))

    def _core(self, addr: object) -> Listener:
        core = self._senders.pop(addr, None) or Listener(self._acceptance, datagrams=True)
        self._senders[addr] = core
        if len(self._senders) > self._desk.limit:
            self._senders.popitem(last=False)
        return core

    def _take(self, addr: object, core: Listener, events: Sequence[Event]) -> None:
        if events:
            self._desk.take(name_of(addr), events, partial(self._confirm, addr, core))
        self._flush(addr, core)

    def _confirm(self, addr: object, core: Listener, pushed: Pushed) -> None:
        core.confirm(pushed)
        self._flush(addr, core)

    def _flush(self, addr: object, core: Listener) -> None:
        for data in core.outgoing():
            if self._transport is not None and not self._transport.is_closing():
                self._transport.sendto(data, cast("tuple[str, int]", addr))

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


def name_of(address: object) -> str:
    """Write the address of a sender as people do."""
    if not isinstance(address, tuple) or len(cast("tuple[object, ...]", address)) < 2:
        return "?"
    host, port = cast("tuple[str, int]", address[:2])
    host = host.removeprefix(MAPPED)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
