"""A client association on a transport: requests wait as futures for the events that answer them."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from copy import copy
from typing import Protocol, TypeAlias, TypeVar

from openami.aio.pump import Following, Pump
from openami.aio.route import Place
from openami.core.errors import AmiError, ConnectionLost, LinkError, LinkTimeout, ProtocolError
from openami.dlms.client import Accessed, Acted, Associated, Client, Failed, Got, Notified, Released, WasSet
from openami.dlms.link import ClientLink
from openami.dlms.security.counters import CounterError, SendCounter

Answer: TypeAlias = Associated | Got | WasSet | Acted | Accessed | Released
A = TypeVar("A", bound=Answer)


class Verb(Protocol):
    """A verb of the client core with its request."""

    def __call__(self, *, now: float) -> int:
        """Prepare the request; give its id."""
        ...


CLOSING_S = 1.0
"""How long a peer may take to close its side."""

JUMP_LIMIT = 1 << 24
"""How far a peer may send our counter ahead: it asks in clear, and what is skipped is spent for ever."""


class Link(Pump):
    """One client core on one transport."""

    notified: Callable[[bytes], None] | None = None
    """Is given the APDUs that the meter sends of its own accord."""

    following: Following | None = None
    """Is told of the beginning and the end."""

    knows_release: bool = True
    """Whether the meter answers a release (a quirk)."""

    def __init__(self, client: Client, counter: SendCounter, loop: asyncio.AbstractEventLoop, address: Place) -> None:
        super().__init__(client, loop)
        self.client = client
        self.address = address
        self._counter = counter
        self._resynchronised = False
        self._is_silent = False
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._ended: asyncio.Future[None] | None = None
        self._reason: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        super().connection_made(transport)
        if self.following is not None:
            self.following.opened(transport)

    async def associate(self) -> Associated:
        """Open the association."""
        return await self._answer(self.client.associate, Associated)

    async def ask(self, verb: Verb, kind: type[A]) -> A:
        """Send what the verb prepares, await the answer; obey once a meter that expects another counter."""
        try:
            return await self._answer(verb, kind)
        except CounterError as refused:
            if self._resynchronised:
                raise
            self._resynchronised = True
            obey(refused, self._counter)
            return await self._answer(verb, kind)

    async def _answer(self, verb: Verb, kind: type[A]) -> A:
        if self.transport is None:
            raise self._gone()
        future: asyncio.Future[Answer] = self.loop.create_future()
        self._waiting[verb(now=self.loop.time())] = future
        self.flush()
        answer = await future
        if not isinstance(answer, kind):
            raise ProtocolError(f"{self.address}: {type(answer).__name__} in answer to another request")
        return answer

    def deliver(self, events: Sequence[object]) -> None:
        """Wake those whose answers have come."""
        for event in events:
            if isinstance(event, Failed):
                self._fail(event)
            elif isinstance(event, Answer):
                self._is_silent = False
                future = self._waiting.pop(event.id, None)
                if future is not None and not future.done():
                    future.set_result(event)
            elif isinstance(event, Notified) and self.notified is not None:
                self.notified(event.apdu)

    def _fail(self, event: Failed) -> None:
        error = event.error
        if isinstance(error, LinkTimeout):
            self._is_silent = True
            error = type(error)(f"{self.address}: {error.args[0]}")
        elif isinstance(error, LinkError) and event.partial:
            error = copy(error)
        if isinstance(error, LinkError):
            error.partial = event.partial
        future = self._waiting.pop(event.id, None)
        if future is not None and not future.done():
            future.set_exception(error)

    def lost(self, error: Exception | None) -> None:
        """Tell all who wait that the meter has gone."""
        self._reason = error
        if self.following is not None:
            self.following.closed()
        if self._waiting:
            self.deliver(self.client.abort(self._gone()))
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def _gone(self) -> LinkError:
        if isinstance(self._reason, LinkError):
            return self._reason
        reason = "" if self._reason is None else f": {self._reason}"
        return ConnectionLost(f"{self.address} closed the connection{reason}")

    @property
    def _is_abandoned(self) -> bool:
        """Whether a request is under way whose answer nobody wants any more; it may be a long one."""
        return any(future.done() for future in self._waiting.values())

    async def hang_up(self) -> None:
        """Release the association as far as the meter still answers, then close the connection."""
        try:
            if self.knows_release and self.transport is not None and not (self._is_silent or self._is_abandoned):
                with contextlib.suppress(AmiError):
                    await self.ask(self.client.release, Released)
            await self.close()
        except BaseException:
            self.abort()
            raise

    async def close(self) -> None:
        """Close the connection and wait until it is gone."""
        if self.transport is None:
            return
        self._ended = self._ended or self.loop.create_future()
        self.transport.close()
        if self.transport.get_write_buffer_size():
            await self._bear_closing(self._ended)
        else:
            await self._ended  # in the next turn of the loop

    async def _bear_closing(self, ended: "asyncio.Future[None]") -> None:
        """Give a peer that has not taken everything yet some time."""
        impatience = self.loop.call_later(CLOSING_S, self.abort)
        try:
            await ended
        finally:
            impatience.cancel()

    async def leave(self) -> None:
        """Give up after an association that failed."""
        self.abort()

    def abort(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()


class StationLink(Link):
    """A client core on HDLC: the station leaves the meter by DISC before the connection is closed.

    However an association ends, also by an error or a cancelled task: the next on the line may come then.
    """

    def __init__(
        self,
        client: Client,
        counter: SendCounter,
        loop: asyncio.AbstractEventLoop,
        address: Place,
        station: ClientLink,
    ) -> None:
        super().__init__(client, counter, loop, address)
        self._station = station
        self._parting: asyncio.Future[None] | None = None

    async def leave(self) -> None:
        """Give up after an association that failed, once the meter has let us go."""
        await self.close()

    async def close(self) -> None:
        """Leave by DISC if that has not been done, and close the connection."""
        if (parting := self._part()) is not None:
            await asyncio.shield(parting)
        await super().close()

    def abort(self) -> None:
        """Leave by DISC, and cut the connection once the meter has answered or is given up."""
        if (parting := self._part()) is None:
            super().abort()
        else:
            parting.add_done_callback(lambda _: super(StationLink, self).abort())

    def _part(self) -> "asyncio.Future[None] | None":
        """Begin to leave by DISC a meter that has let us in; the future of its answer, if that is still to come."""
        if self._parting is None and self.transport is not None and self._station.is_connected:
            self._parting = self.loop.create_future()
            self._station.disconnect(self.loop.time())
            self.flush()
        return None if self._parting is None or self._parting.done() else self._parting

    def flush(self) -> None:
        """Send, and see whether the meter has let us go."""
        super().flush()
        if self._parting is not None and not self._parting.done() and not self._station.is_connected:
            self._parting.set_result(None)

    def lost(self, error: Exception | None) -> None:
        """Tell all who wait that the line has gone."""
        super().lost(error)
        if self._parting is not None and not self._parting.done():
            self._parting.set_result(None)


def obey(refused: CounterError, counter: SendCounter) -> None:
    """Go on at the counter the meter expects, unless that is absurd."""
    if not counter.next <= refused.expected < counter.next + JUMP_LIMIT:
        raise refused
    counter.advance(refused.expected)
