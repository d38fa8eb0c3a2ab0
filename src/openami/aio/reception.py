"""What listeners for virtual meters share: how many clients there may be, and how long a silent one stays."""

import asyncio
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from openami.aio.connection import Connection, Provider
from openami.aio.presence import Presence
from openami.aio.tcp import raise_file_limit

SWEEP_S = 1.0


class Reception(ABC):
    """Holds the connections of its meters; a subclass says where clients come from."""

    def __init__(
        self, provider: Provider, *, limit: int = 20_000, idle_s: float = 180.0, login_delay_s: float = 0.25
    ) -> None:
        self.provider = provider
        self.limit = limit
        self.idle_s = idle_s
        self.login_delay_s = login_delay_s
        self.connections: set[Connection] = set()
        self.presence = Presence()
        self.refused = 0
        self._sweeper: asyncio.TimerHandle | None = None

    @abstractmethod
    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Open all the sockets."""

    @abstractmethod
    async def _shut(self) -> None:
        """Close the sockets, if any are open; connections are cut by then."""

    async def start(self) -> None:
        """Open the sockets: all of them or, with one clear error, none."""
        raise_file_limit()
        loop = asyncio.get_running_loop()
        try:
            await self._open(loop)
        except BaseException:
            await self.close()
            raise
        self._sweeper = loop.call_later(SWEEP_S, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        oldest = loop.time() - self.idle_s
        for connection in [c for c in self.connections if c.heard_at < oldest]:
            connection.drop()
        self._sweeper = loop.call_later(min(SWEEP_S, self.idle_s), self._sweep, loop)

    async def close(self) -> None:
        """Close the sockets and every connection."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.limit = 0  # a client that is just being let in comes too late
        for connection in list(self.connections):
            connection.drop()
        await self._shut()
        await self.presence.gone()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
