"""A virtual meter that opens the connection: it calls the head-end, serves on the line, and calls again."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from logging import getLogger
from typing import Final

from openami.aio.connection import Connection, Provider
from openami.aio.reception import Reception
from openami.aio.tcp import Address, named
from openami.dlms.link import ServerLink

log = getLogger(__name__)

AGAIN_S: Final = 10.0
PATIENCE_S: Final = 10.0


class Calling(Connection):
    """A connection that the meter has opened; `ended` is set when it is over."""

    def __init__(self, caller: "Caller", loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
        super().__init__(caller, loop, caller.meter, None if caller.link is None else caller.link())
        self._greeting = caller.greeting
        self._call_ended = ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the session, and say what is to be said first."""
        super().connection_made(transport)
        if self in self.listener.connections and self._greeting is not None:
            super().send([self._greeting()])

    def lost(self, error: Exception | None) -> None:
        """Tell the caller."""
        super().lost(error)
        self._call_ended.set()


class Caller(Reception):
    """Keeps one meter of a provider connected to a head-end that waits for calls.

    The meter is known to the provider by `meter`. `greeting` gives the octets that are sent first on every
    connection, such as a push in its wrapper; `source` is the address it calls from.
    """

    def __init__(
        self,
        provider: Provider,
        meter: str,
        head_end: Address,
        *,
        greeting: Callable[[], bytes] | None = None,
        link: Callable[[], ServerLink] | None = None,
        source: str = "",
        again_s: float = AGAIN_S,
        idle_s: float = 180.0,
        login_delay_s: float = 0.25,
    ) -> None:
        super().__init__(provider, limit=1, idle_s=idle_s, login_delay_s=login_delay_s)
        self.meter = meter
        self.head_end = head_end
        self.greeting = greeting
        self.link = link
        self.source = source
        self.again_s = again_s
        self.calls = 0
        """How often a connection came about."""
        self._task: asyncio.Task[None] | None = None

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._task = loop.create_task(self._call(loop))

    async def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        source = (self.source, 0) if self.source else None
        while True:
            ended = asyncio.Event()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    factory = partial(Calling, self, loop, ended)
                    await loop.create_connection(factory, self.head_end.host, self.head_end.port, local_addr=source)
                self.calls += 1
                await ended.wait()
            except OSError as error:
                log.info("meter %s: %s", self.meter, named(error, self.head_end, PATIENCE_S))
            await asyncio.sleep(self.again_s)

    async def _shut(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
