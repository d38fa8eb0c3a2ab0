"""UDP, a datagram for each APDU: a client's socket, and one socket for a fleet with an address for each meter."""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar, cast

from openami.aio.connection import Endless, Provider
from openami.aio.reception import Reception
from openami.aio.server import ANY_LOCAL, LOOPBACK_DEVICE
from openami.aio.tap import Tap
from openami.aio.tcp import DLMS_PORT, Address, ConnectionRefused, listening_row, listening_socket, named
from openami.dlms.datagram import ServerDatagrams

P = TypeVar("P", bound=asyncio.Protocol)
Peer = tuple[str, object]

MAX_PDU: Final = 1_224
"""Longest APDU that a client asks for: with its headers a datagram fits the smallest MTU of IPv6."""

IP_PKTINFO: Final = 8
"""Linux: with each datagram comes the address it was sent to, and an answer can be made to leave from there."""

PKTINFO: Final = struct.Struct("=I4s4s")
MOST_AT_ONCE: Final = 64
MAX_DATAGRAM: Final = 65_535


class Datagrams(asyncio.DatagramProtocol):
    """A client's socket: the transport of one protocol."""

    def __init__(self, user: asyncio.Protocol, address: Address) -> None:
        self.user = user
        self.address = address
        self._tap: Tap | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the protocol its transport."""
        way = cast("asyncio.DatagramTransport", transport)
        self._tap = Tap(asyncio.get_running_loop(), way.sendto, lambda _: way.close())
        self._tap.give_to(self.user)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Hand a datagram over; the socket hears its peer alone."""
        del addr
        if self._tap is not None:
            self._tap.hear(data)

    def error_received(self, exc: Exception) -> None:
        """Give up: the machine there has said that nobody listens."""
        if self._tap is not None:
            self._tap.end(refusal(exc, self.address))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol."""
        if self._tap is not None:
            self._tap.end(exc)


def refusal(error: Exception, address: Address) -> Exception:
    """Say what an ICMP message means."""
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(f"{address} refused the datagram: nothing listens there")
    return named(error, address, 0.0) if isinstance(error, OSError) else error


async def open_datagrams(make: Callable[[], P], address: Address, timeout_s: float) -> P:
    """Connect a protocol to an address by datagrams; nothing is sent yet."""
    loop, user = asyncio.get_running_loop(), make()
    try:
        async with asyncio.timeout(timeout_s):
            await loop.create_datagram_endpoint(
                lambda: Datagrams(user, address), remote_addr=(address.host, address.port)
            )
    except OSError as error:
        raise named(error, address, timeout_s) from error
    return user


class Conversation(Endless):
    """What one client and one meter have with each other; it ends with the association, or by silence."""

    def spent(self) -> None:
        """Make room."""
        self.end()


class DatagramListener(Reception):
    """Takes datagrams for a fleet; each client, known by address and port, has a session with each meter it asks.

    One socket takes all of 127.0.0.0/8; with `stand_ins`, socket i stands in for the meter of the i-th address,
    as in `FleetListener`.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        port: int = DLMS_PORT,
        host: str = ANY_LOCAL,
        stand_ins: Sequence[str] = (),
        limit: int = 20_000,
        idle_s: float = 180.0,
        login_delay_s: float = 0.25,
        server_sap: int = 1,
    ) -> None:
        super().__init__(provider, limit=limit, idle_s=idle_s, login_delay_s=login_delay_s)
        self._host, self._port = host, port
        self._stand_ins = stand_ins
        self._server_sap = server_sap
        self.dropped = 0
        """Answers that the system did not take."""
        self._sockets: list[socket.socket] = []
        self._taps: dict[tuple[str, Peer], Tap] = {}

    @property
    def addresses(self) -> list[Address]:
        """Where the sockets listen."""
        return [Address(*sock.getsockname()[:2]) for sock in self._sockets]

    @property
    def port(self) -> int:
        """Port of the first socket, also when the system chose it."""
        return self.addresses[0].port

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._stand_ins:
            self._sockets = listening_row(self._host, self._port, len(self._stand_ins), kind=socket.SOCK_DGRAM)
        else:
            sock = listening_socket(self._host, self._port, device=LOOPBACK_DEVICE, kind=socket.SOCK_DGRAM)
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            self._sockets = [sock]
        for sock, stand_in in zip(self._sockets, self._stand_ins or ("",), strict=True):
            loop.add_reader(sock, self._read, loop, sock, stand_in)

    def _read(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, stand_in: str) -> None:
        """Take what has arrived, but leave others their turn."""
        for _ in range(MOST_AT_ONCE):
            try:
                data, control, _, peer = sock.recvmsg(MAX_DATAGRAM, 64)
            except OSError:  # nothing more, or somebody we have answered has gone
                return
            meter = stand_in or address_of(control)
            if not meter:
                continue
            tap = self._taps.get((meter, peer)) or self._meet(loop, sock, meter, peer, bool(stand_in))
            if tap is not None:
                tap.hear(data)

    def _meet(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, meter: str, peer: Peer, is_bound: bool
    ) -> Tap | None:
        """Begin a session for somebody new; None where that is not possible."""
        control = [] if is_bound else [(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(0, socket.inet_aton(meter), b""))]

        def write(data: bytes) -> None:
            try:
                sock.sendmsg([data], control, 0, peer)
            except OSError:  # no room, or too long: lost, as datagrams may be
                self.dropped += 1

        tap = Tap(loop, write, partial(self._forget, (meter, peer)))
        self._taps[meter, peer] = tap
        tap.give_to(self.conversation(loop, meter))
        return None if tap.is_closing() else tap

    def conversation(self, loop: asyncio.AbstractEventLoop, meter: str) -> asyncio.Protocol:
        """Begin a session of somebody new with a meter."""
        return Conversation(self, loop, meter, ServerDatagrams(self._server_sap))

    def _forget(self, key: tuple[str, Peer], _tap: Tap) -> None:
        self._taps.pop(key, None)

    async def _shut(self) -> None:
        loop = asyncio.get_running_loop()
        sockets, self._sockets = self._sockets, []
        for sock in sockets:
            loop.remove_reader(sock)
            sock.close()


def address_of(control: Sequence[tuple[int, int, bytes]]) -> str:
    """Take the address that a datagram was sent to from what the system says of it."""
    for level, kind, data in control:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            return socket.inet_ntoa(PKTINFO.unpack(data)[2])
    return ""
