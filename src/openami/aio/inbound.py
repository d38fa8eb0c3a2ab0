"""Where meters call: who opens the connection is found out, and the socket becomes a client association."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from logging import getLogger
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload

from openami.aio.presence import Presence, no_more
from openami.aio.route import Place, Route, Scheme, parse
from openami.aio.tcp import Address, listening_socket, raise_file_limit
from openami.aio.visitor import Visitor
from openami.core.errors import DefinitionError
from openami.dlms.push import Acceptance

log = getLogger(__name__)

K = TypeVar("K")


def by_name(visitor: Visitor[str]) -> str | None:
    """Know a meter by its system title in hexadecimal, or else by its logical device name."""
    return visitor.system_title.hex() or visitor.logical_device_name or None


class Door(Generic[K]):
    """Where meters call: an async iterator of visitors that are known. Made by `inbound`."""

    def __init__(
        self,
        place: Place,
        who: Callable[[Visitor[K]], K | None],
        acceptance: Acceptance,
        *,
        ask_after_s: float | None,
        identify_s: float,
        limit: int,
    ) -> None:
        self.place = place
        self.who = who
        self.acceptance = acceptance
        self.ask_after_s = ask_after_s
        self.identify_s = identify_s
        self.limit = limit
        self.visitors: set[Visitor[K]] = set()
        """All that are here, known or not."""
        self.refused = self.unidentified = 0
        self._presence = Presence()
        self._strangers: dict[Visitor[K], tuple[asyncio.Event, asyncio.Task[None]]] = {}
        self._known: asyncio.Queue[Visitor[K] | None] = asyncio.Queue()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> Address:
        """Where the door is, also when the system chose the port."""
        assert self._server is not None
        return Address(*self._server.sockets[0].getsockname()[:2])

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Visitor[K]:
        """Wait for the next visitor that is known; one that has gone and left nothing is passed over."""
        while (visitor := await self._known.get()) is not None:
            if visitor.is_open or visitor.pushes:
                return visitor
        self._known.put_nowait(None)
        raise StopAsyncIteration

    def met(self, visitor: Visitor[K]) -> None:
        """Begin to find out who has come, if there is room."""
        self._presence.enter()
        if len(self.visitors) >= self.limit:
            self.refused += 1
            visitor.cut()
            return
        self.visitors.add(visitor)
        told = asyncio.Event()
        self._strangers[visitor] = told, asyncio.get_running_loop().create_task(self._identify(visitor, told))

    async def _identify(self, visitor: Visitor[K], told: asyncio.Event) -> None:
        """Wait for a push that tells, ask after a while, and close the door to those who stay strangers."""
        self.learnt(visitor)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.identify_s):
                if self.ask_after_s is not None:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(told.wait(), self.ask_after_s)
                    if not told.is_set():
                        await visitor.introduce(self.identify_s)
                await told.wait()
        if visitor in self._strangers:
            log.warning("%s has not said who it is within %g s", visitor.address, self.identify_s)
            self.unidentified += 1
            visitor.cut()

    def learnt(self, visitor: Visitor[K]) -> None:
        """See whether a visitor is known by now."""
        if visitor not in self._strangers:
            return
        identity = self.who(visitor)
        if identity is not None:
            visitor.identity = identity
            told, _ = self._strangers.pop(visitor)
            told.set()
            self._known.put_nowait(visitor)

    def gone(self, visitor: Visitor[K]) -> None:
        """Forget a visitor."""
        self._presence.leave()
        self.visitors.discard(visitor)
        _, task = self._strangers.pop(visitor, (None, None))
        if task is not None:
            task.cancel()

    async def start(self) -> None:
        """Open the door."""
        address = self.place.place if isinstance(self.place, Route) else self.place
        if not isinstance(address, Address) or (isinstance(self.place, Route) and self.place.scheme is Scheme.UDP):
            raise DefinitionError(f"{self.place}: meters call on tcp://host:port or hdlc://host:port")
        raise_file_limit()
        sock = listening_socket(address.host, address.port)
        self._server = await asyncio.get_running_loop().create_server(partial(Visitor[K], self), sock=sock)

    async def close(self) -> None:
        """Close the door, and every connection; the iteration ends."""
        self._known.put_nowait(None)
        self.limit = 0  # a meter that is just being let in comes too late
        server, self._server = self._server, None
        if server is not None:
            await no_more([server])
        for visitor in list(self.visitors):
            visitor.cut()
        await self._presence.gone()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


@overload
def inbound(
    url: str | Place,
    *,
    acceptance: Acceptance | None = None,
    ask_after_s: float | None = 5.0,
    identify_s: float = 30.0,
    limit: int = 10_000,
) -> Door[str]: ...
@overload
def inbound(
    url: str | Place,
    *,
    who: Callable[[Visitor[K]], K | None],
    acceptance: Acceptance | None = None,
    ask_after_s: float | None = 5.0,
    identify_s: float = 30.0,
    limit: int = 10_000,
) -> Door[K]: ...
def inbound(
    url: str | Place,
    *,
    who: Callable[[Visitor[Any]], Any] = by_name,
    acceptance: Acceptance | None = None,
    ask_after_s: float | None = 5.0,
    identify_s: float = 30.0,
    limit: int = 10_000,
) -> Door[Any]:
    """Make a door on `tcp://0.0.0.0:4060` (or `hdlc://`) where meters call, not yet open: use it by `async with`.

    `who` is asked with each thing that is learnt of a visitor - its address, what a push tells, what it says to the
    public client after `ask_after_s` - and gives its identity, or None as long as it does not know it; who is not
    known after `identify_s` must leave. `acceptance` says how pushes are taken, with which keys.

        async with openami.inbound("tcp://0.0.0.0:4060") as door:
            async for visitor in door:
                async with visitor.connect(security=keys[visitor.identity]) as meter: ...
    """
    place = parse(url) if isinstance(url, str) else url
    return Door(place, who, acceptance or Acceptance(), ask_after_s=ask_after_s, identify_s=identify_s, limit=limit)
