"""One listener for a whole fleet: the local address of a connection says which meter it is for."""

import asyncio
import socket
from collections.abc import Sequence
from functools import partial

from openami.aio.connection import Connection, Provider, Session
from openami.aio.presence import no_more
from openami.aio.reception import Reception
from openami.aio.tcp import DLMS_PORT, Address, listening_row, listening_socket

__all__ = ["FleetListener", "Provider", "Session"]

ANY_LOCAL = "0.0.0.0"  # noqa: S104  held to the loopback device, and only the fleet's addresses are known
LOOPBACK_DEVICE = "lo"


class FleetListener(Reception):
    """Accept connections for meters, each known by its own local address.

    By default one socket takes all of 127.0.0.0/8. With `stand_ins`, socket i listens on port `port + i` of
    one `host` and stands in for the meter of the i-th address: for systems without 127/8, and for IPv6.
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
    ) -> None:
        super().__init__(provider, limit=limit, idle_s=idle_s, login_delay_s=login_delay_s)
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

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        for sock, stand_in in self._sockets():
            factory = partial(Connection, self, loop, stand_in)
            self._servers.append(await loop.create_server(factory, sock=sock))

    def _sockets(self) -> list[tuple[socket.socket, str]]:
        if not self._stand_ins:
            return [(listening_socket(self._host, self._port, device=LOOPBACK_DEVICE), "")]
        sockets = listening_row(self._host, self._port, len(self._stand_ins))
        return list(zip(sockets, self._stand_ins, strict=True))

    async def _shut(self) -> None:
        servers, self._servers = self._servers, []
        await no_more(servers)
        for server in servers:
            await server.wait_closed()
