"""Virtual meters on one line: HDLC on TCP or on a serial port, where each hears everything and answers for itself."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from logging import getLogger
from math import inf
from typing import Final, NamedTuple, cast

from openami.aio.connection import Endless, Listener, Provider
from openami.aio.presence import no_more
from openami.aio.reception import Reception
from openami.aio.route import Device
from openami.aio.serial import SerialTransport, open_port
from openami.aio.tap import Tap
from openami.aio.tcp import Address, listening_socket
from openami.core.errors import LinkError
from openami.dlms.hdlc import SecondaryStation, ServerAddress
from openami.dlms.link import ServerLink

log = getLogger(__name__)

REOPEN_S: Final = 1.0
"""How often a serial port that has gone is looked for."""


class Station(NamedTuple):
    """A virtual meter on a line: by which address the provider knows it, and which one it has there."""

    meter: str
    address: ServerAddress

    def link(self) -> ServerLink:
        """Make its end of the line."""
        return SecondaryStation(self.address)


class Drop(Endless):
    """One meter's place on a line. When the last client has left, a new session begins."""

    def spent(self) -> None:
        """Forget what the session remembers of those who have gone."""
        self.renew()


class Bus(asyncio.Protocol):
    """A line and the meters on it; `ended` is called when the line has gone."""

    def __init__(
        self,
        listener: Listener,
        loop: asyncio.AbstractEventLoop,
        stations: Sequence[Station],
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        self._listener = listener
        self._loop = loop
        self._stations = stations
        self._ended = ended
        self._taps: dict[int, Tap] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put the meters on the line."""
        self._transport = cast("asyncio.Transport", transport)
        self._listener.presence.enter()
        for place, station in enumerate(self._stations):
            self._taps[place] = tap = Tap(self._loop, partial(self._say, place), partial(self._release, place))
            tap.give_to(Drop(self._listener, self._loop, station.meter, station.link()))

    def _say(self, place: int, data: bytes) -> None:
        """Send what one meter says; the others hear that too."""
        if self._transport is None:
            return
        self._transport.write(data)
        for other, tap in self._taps.items():
            if other != place:
                self._loop.call_soon(tap.hear, data)

    def _release(self, place: int, _tap: Tap) -> None:
        """Let one meter leave; with the last the line ends."""
        self._taps.pop(place, None)
        if not self._taps and self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Let every meter hear it."""
        for tap in list(self._taps.values()):
            tap.hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the meters."""
        self._transport = None
        self._listener.presence.leave()
        for tap in list(self._taps.values()):
            tap.end(exc)
        self._ended()


class HdlcListener(Reception):
    """Meters on one line behind a TCP port, as behind a serial converter; each connection is a line of its own."""

    def __init__(
        self,
        provider: Provider,
        stations: Sequence[Station],
        *,
        port: int,
        host: str = "127.0.0.1",
        limit: int = 20_000,
        idle_s: float = 180.0,
        login_delay_s: float = 0.25,
    ) -> None:
        super().__init__(provider, limit=limit, idle_s=idle_s, login_delay_s=login_delay_s)
        self.stations = stations
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> Address:
        """Where the line is."""
        assert self._server is not None
        return Address(*self._server.sockets[0].getsockname()[:2])

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        sock = listening_socket(self._host, self._port)
        self._server = await loop.create_server(partial(Bus, self, loop, self.stations), sock=sock)

    async def _shut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await no_more([server])
            await server.wait_closed()


class SerialListener(Reception):
    """Meters on a serial port; one that was unplugged is used again when it comes back."""

    def __init__(
        self, provider: Provider, stations: Sequence[Station], device: Device, *, login_delay_s: float = 0.25
    ) -> None:
        super().__init__(provider, limit=len(stations), idle_s=inf, login_delay_s=login_delay_s)
        self.stations = stations
        self.device = device
        self._transport: SerialTransport | None = None
        self._again: asyncio.TimerHandle | None = None
        self._is_over = False

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._use(loop)

    def _use(self, loop: asyncio.AbstractEventLoop) -> None:
        port = open_port(self.device)
        bus = Bus(self, loop, self.stations, partial(self._lost, loop))
        self._transport = SerialTransport(loop, port, self.device, bus)

    def _lost(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_over:
            log.warning("%s is gone: it is used again when it is back", self.device)
            self._again = loop.call_later(REOPEN_S, self._reuse, loop)

    def _reuse(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._use(loop)
        except LinkError:
            self._again = loop.call_later(REOPEN_S, self._reuse, loop)

    async def _shut(self) -> None:
        self._is_over = True
        if self._again is not None:
            self._again.cancel()
        if self._transport is not None:
            self._transport.abort()
