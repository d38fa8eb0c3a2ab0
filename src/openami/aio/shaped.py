"""Meters behind a link: a relay in front of their listener, which lets octets through when a `Line` says so.

    air = Air(model("gprs"))
    async with FleetListener(gate, port=0) as meters, ShapedListener(air, meters, port=4059) as outside:
        ...

The relay listens on the addresses of the meters; who has connected to which goes on to the same address at the port of
the real listener; with `stand_ins`, socket i leads to the real listener's socket i. A meter has one link, which all its
clients share; a link whose model is `shared` is one for all meters.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Final, Protocol, Self, cast

from openami.aio.presence import Presence, no_more
from openami.aio.server import ANY_LOCAL, LOOPBACK_DEVICE
from openami.aio.tcp import DLMS_PORT, Address, listening_row, listening_socket, raise_file_limit
from openami.aio.udp import DatagramListener, open_datagrams
from openami.core.errors import LinkError
from openami.net.links.line import Line, Link, Medium, media_of
from openami.net.links.model import LinkModel

TICK_S: Final = 0.001
"""A loop may round, and be early by as much."""

REACH_S: Final = 5.0


class Behind(Protocol):
    """The listener of the meters."""

    @property
    def addresses(self) -> list[Address]:
        """Where its sockets listen."""
        ...


class Air:
    """The links of a fleet: media by meter, seeds by the order of connections."""

    def __init__(self, model: LinkModel, seed: int = 0) -> None:
        self.model = model
        self._seed = seed
        self._count = 0
        self._media: dict[str, tuple[Medium, Medium]] = defaultdict(partial(media_of, model))

    def link(self, meter: str, *, is_stream: bool) -> Link:
        """Make a link of one client with one meter."""
        self._count += 1
        media = self._media["" if self.model.shared else meter]
        return Link(self.model, seed=(self._seed, self._count), is_stream=is_stream, media=media)


class Valve:
    """One line in real time: what goes in comes out at a transport, when it has arrived."""

    def __init__(self, line: Line, loop: asyncio.AbstractEventLoop) -> None:
        self.line = line
        self._loop = loop
        self._to: asyncio.Transport | None = None
        self._full_from: asyncio.Transport | None = None
        self._is_held = self._is_ending = False
        self._timer: asyncio.TimerHandle | None = None

    def lead_to(self, transport: asyncio.Transport) -> None:
        """Have somewhere to let octets out; until then they wait."""
        self._to = transport
        self.turn()

    def take(self, data: bytes, source: asyncio.Transport | None) -> None:
        """Take octets in; a stream is read no more while the line is full."""
        self.line.receive(data, self._loop.time())
        if self.line.is_stream and self.line.is_full and source is not None:
            source.pause_reading()
            self._full_from = source
        self.turn()

    def hold(self, *, is_held: bool) -> None:
        """Wait while the other end takes no more."""
        self._is_held = is_held
        self.turn()

    def end(self) -> None:
        """Close the other end once all has come out."""
        self._is_ending = True
        self.turn()

    def cut(self) -> None:
        """Lose all."""
        self.line.cut()
        self._to = self._full_from = None
        self._stop()

    def turn(self) -> None:
        """Let out what has arrived, and look again when more has."""
        self._stop()
        if self._to is None or self._is_held:
            return
        now = self._loop.time() + TICK_S
        self.line.expire(now)
        for data in self.line.outgoing():
            self._to.write(data)
        if self._full_from is not None and not self.line.is_full:
            source, self._full_from = self._full_from, None
            source.resume_reading()
        if self.line.deadline is not None:
            self._timer = self._loop.call_at(self.line.deadline, self.turn)
        elif self._is_ending:
            self._to.close()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class End(asyncio.Protocol):
    """One end of a relayed connection: what comes in goes into one valve, what the other lets out goes out here."""

    def __init__(self, into: Valve, out_of: Valve, transports: set[asyncio.Transport], presence: Presence) -> None:
        self._into = into
        self._out_of = out_of
        self._transports = transports
        self._presence = presence
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let out here what waits."""
        self._transport = cast("asyncio.Transport", transport)
        self._transports.add(self._transport)
        self._presence.enter()
        self._out_of.lead_to(self._transport)

    def data_received(self, data: bytes) -> None:
        """Pass octets on."""
        self._into.take(data, self._transport)

    @property
    def counts(self) -> tuple[int, int]:
        """Octets that have gone in and come out."""
        return self._into.line.traffic.taken, self._out_of.line.traffic.given

    def close(self) -> None:
        """Close this end, and so the other."""
        if self._transport is not None:
            self._transport.close()

    def pause_writing(self) -> None:
        """Let nothing more out."""
        self._out_of.hold(is_held=True)

    def resume_writing(self) -> None:
        """Go on."""
        self._out_of.hold(is_held=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the other end close once it has all; what was on its way here is lost."""
        del exc
        if self._transport is not None:
            self._transports.discard(self._transport)
            self._presence.leave()
        self._transport = None
        self._out_of.cut()
        self._into.end()


class Outside(asyncio.Protocol):
    """A client's place: an end here, and another one that is made at the meter."""

    def __init__(self, relay: "Relaying", loop: asyncio.AbstractEventLoop, stand_in: str) -> None:
        self._relay = relay
        self._loop = loop
        self._stand_in = stand_in
        self._end: End | None = None
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See which meter is meant, and connect to it."""
        meter: str = self._stand_in or transport.get_extra_info("sockname")[0]
        relay, stream = self._relay, cast("asyncio.Transport", transport)
        link = relay.air.link(meter, is_stream=relay.is_stream)
        if relay.is_stream:
            link.down.opens_at = self._loop.time() + relay.air.model.round_trip_s
        up, down = Valve(link.up, self._loop), Valve(link.down, self._loop)
        self._end = End(down, up, relay.transports, relay.presence)
        self._end.connection_made(transport)
        inner = End(up, down, relay.transports, relay.presence)
        self._opening = self._loop.create_task(self._open(inner, meter, stream))

    async def _open(self, inner: End, meter: str, stream: asyncio.Transport) -> None:
        """Reach the meter; a connection takes a round trip to be made."""
        try:
            await self._relay.reach(inner, meter)
        except (OSError, LinkError):
            stream.abort()

    def data_received(self, data: bytes) -> None:
        """Pass octets on."""
        assert self._end is not None
        self._end.data_received(data)

    def pause_writing(self) -> None:
        """Let nothing more out."""
        assert self._end is not None
        self._end.pause_writing()

    def resume_writing(self) -> None:
        """Go on."""
        assert self._end is not None
        self._end.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave; a meter that is not reached yet is left alone."""
        if self._opening is not None:
            self._opening.cancel()
        if self._end is not None:
            self._end.connection_lost(exc)


class Relaying(Protocol):
    """What a client's place needs of its listener."""

    air: Air
    transports: set[asyncio.Transport]
    presence: Presence
    is_stream: bool

    async def reach(self, inner: End, meter: str) -> None:
        """Connect to a meter."""
        ...


def target(behind: Behind, stand_ins: Sequence[str], meter: str) -> Address:
    """Find where a meter really listens."""
    addresses = behind.addresses
    return addresses[stand_ins.index(meter)] if stand_ins else Address(meter, addresses[0].port)


class ShapedListener:
    """Relays TCP. `limit` connections at most; the listener behind, already open, sees to all else."""

    is_stream = True

    def __init__(
        self,
        air: Air,
        behind: Behind,
        *,
        port: int = DLMS_PORT,
        host: str = ANY_LOCAL,
        stand_ins: Sequence[str] = (),
        limit: int = 20_000,
    ) -> None:
        self.air = air
        self.transports: set[asyncio.Transport] = set()
        self.presence = Presence()
        self.limit = limit
        self._behind = behind
        self._host, self._port = host, port
        self._stand_ins = stand_ins
        self._servers: list[asyncio.Server] = []

    @property
    def addresses(self) -> list[Address]:
        """Where the sockets listen."""
        return [Address(*sock.getsockname()[:2]) for server in self._servers for sock in server.sockets]

    @property
    def port(self) -> int:
        """Port of the first socket, also when the system chose it."""
        return self.addresses[0].port

    async def reach(self, inner: End, meter: str) -> None:
        """Connect to a meter: after a round trip, for so long a connection takes to be made."""
        await asyncio.sleep(self.air.model.round_trip_s)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: inner, *target(self._behind, self._stand_ins, meter))

    async def start(self) -> None:
        """Open the sockets: all of them or, with one clear error, none."""
        raise_file_limit()
        loop = asyncio.get_running_loop()
        if self._stand_ins:
            sockets = listening_row(self._host, self._port, len(self._stand_ins))
        else:
            sockets = [listening_socket(self._host, self._port, device=LOOPBACK_DEVICE)]
        for sock, stand_in in zip(sockets, self._stand_ins or ("",), strict=True):
            self._servers.append(await loop.create_server(partial(self._let_in, loop, stand_in), sock=sock))

    def _let_in(self, loop: asyncio.AbstractEventLoop, stand_in: str) -> asyncio.Protocol:
        return Outside(self, loop, stand_in) if len(self.transports) < 2 * self.limit else Refused()

    async def close(self) -> None:
        """Close the sockets and every connection."""
        self.limit = 0
        servers, self._servers = self._servers, []
        await no_more(servers)
        for transport in list(self.transports):
            transport.abort()
        for server in servers:
            await server.wait_closed()
        await self.presence.gone()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Refused(asyncio.Protocol):
    """One client too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hang up."""
        cast("asyncio.Transport", transport).abort()


class ShapedDatagrams(DatagramListener):
    """Relays UDP: each client has a socket of its own towards each meter it talks to, until `idle_s` of silence."""

    is_stream = False

    def __init__(
        self,
        air: Air,
        behind: DatagramListener,
        *,
        port: int = DLMS_PORT,
        host: str = ANY_LOCAL,
        stand_ins: Sequence[str] = (),
        limit: int = 20_000,
        idle_s: float = 180.0,
    ) -> None:
        super().__init__(behind.provider, port=port, host=host, stand_ins=stand_ins, limit=limit, idle_s=idle_s)
        self.air = air
        self.transports: set[asyncio.Transport] = set()
        self._behind = behind
        self._names = stand_ins

    def conversation(self, loop: asyncio.AbstractEventLoop, meter: str) -> asyncio.Protocol:
        """Make the relay of one client and one meter."""
        return Outside(self, loop, meter) if len(self.transports) < 2 * self.limit else Refused()

    async def reach(self, inner: End, meter: str) -> None:
        """Open a socket towards a meter, and close it after long silence."""
        await open_datagrams(lambda: inner, target(self._behind, self._names, meter), REACH_S)
        counts = inner.counts
        while True:
            await asyncio.sleep(self.idle_s)
            if inner.counts == counts:
                inner.close()
                return
            counts = inner.counts

    async def close(self) -> None:
        """Close the sockets and end every conversation."""
        for transport in list(self.transports):
            transport.abort()
        await super().close()
