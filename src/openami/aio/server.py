"""One listener for a whole fleet: the local address of a connection says which meter it is for."""

import asyncio
import socket
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Self

from openami.aio.connection import Connection, Provider, Session
from openami.aio.tcp import DLMS_PORT, Address, listening_row, listening_socket, raise_file_limit

__all__ = ["FleetListener", "Provider", "Session"]

ANY_LOCAL = "0.0.0.0"  # noqa: S104  held to the loopback device, and only the fleet's addresses are known
LOOPBACK_DEVICE = "lo"
SWEEP_S = 1.0


class FleetListener:
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
        self.provider = provider
        self.limit = limit
        self.idle_s = idle_s
        self.login_delay_s = login_delay_s
        self.connections: set[Connection] = set()
        self.refused = 0
        self._host, self._port = host, port
        self._stand_ins = stand_ins
        self._servers: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def addresses(self) -> list[Address]:
        """Where the sockets listen."""
        return [Address(*sock.getsockname()[:2]) for server in self._servers for sock in server.sockets]

    @property
    def port(self) -> int:
        """Port of the first socket, also when the system chose it."""
        return self.addresses[0].port

    async def start(self) -> None:
        """Open the sockets: all of them or, with one clear error, none."""
        raise_file_limit()
        loop = asyncio.get_running_loop()
        try:
            for sock, stand_in in self._sockets():
                factory = partial(Connection, self, loop, stand_in)
                self._servers.append(await loop.create_server(factory, sock=sock))
        except BaseException:
            await self.close()
            raise
        self._sweeper = loop.call_later(SWEEP_S, self._sweep, loop)

    def _sockets(self) -> list[tuple[socket.socket, str]]:
        if not self._stand_ins:
            return [(listening_socket(self._host, self._port, device=LOOPBACK_DEVICE), "")]
        sockets = listening_row(self._host, self._port, len(self._stand_ins))
        return list(zip(sockets, self._stand_ins, strict=True))

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        oldest = loop.time() - self.idle_s
        for connection in [c for c in self.connections if c.heard_at < oldest]:
            connection.drop()
        self._sweeper = loop.call_later(min(SWEEP_S, self.idle_s), self._sweep, loop)

    async def close(self) -> None:
        """Close the sockets and every connection."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        for connection in list(self.connections):
            connection.drop()
        for server in servers:
            await server.wait_closed()
        await asyncio.sleep(0)  # the transports tell of their end in the next turn of the loop

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
