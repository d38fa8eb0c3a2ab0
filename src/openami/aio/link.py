"""A client association on a stream: requests wait as futures for the events that answer them."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol, TypeAlias, TypeVar

from openami.aio.pump import Pump
from openami.aio.tcp import Address
from openami.core.errors import AmiError, ConnectionLost, LinkTimeout, ProtocolError
from openami.dlms.client import Acted, Associated, Client, Failed, Got, Released, WasSet
from openami.dlms.security.counters import CounterError, SendCounter

Answer: TypeAlias = Associated | Got | WasSet | Acted | Released
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
    """One client core on one connection."""

    def __init__(self, client: Client, counter: SendCounter, loop: asyncio.AbstractEventLoop, address: Address) -> None:
        super().__init__(client, loop)
        self.client = client
        self.address = address
        self._counter = counter
        self._resynchronised = False
        self._is_silent = False
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._ended: asyncio.Future[None] | None = None
        self._error: AmiError | None = None

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
            raise self._error or ConnectionLost(f"{self.address}: the connection is closed")
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

    def _fail(self, event: Failed) -> None:
        error = event.error
        if isinstance(error, LinkTimeout):
            self._is_silent = True
            error = LinkTimeout(f"{self.address}: {error}")
        future = self._waiting.pop(event.id, None)
        if future is not None and not future.done():
            future.set_exception(error)

    def lost(self, error: Exception | None) -> None:
        """Tell all who wait that the meter has gone."""
        reason = f": {error}" if error is not None else ""
        self._error = ConnectionLost(f"{self.address} closed the connection{reason}")
        self.deliver(self.client.abort(self._error))
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    async def hang_up(self) -> None:
        """Release the association as far as the meter still answers, then close the connection."""
        if self.transport is not None and not self._is_silent:
            with contextlib.suppress(AmiError):
                await self.ask(self.client.release, Released)
        await self.close()

    async def close(self) -> None:
        """Close the connection and wait until it is gone."""
        if self.transport is None:
            return
        self._ended = self._ended or self.loop.create_future()
        self.transport.close()
        impatience = self.loop.call_later(CLOSING_S, self.abort)
        try:
            await self._ended
        finally:
            impatience.cancel()

    def abort(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()


def obey(refused: CounterError, counter: SendCounter) -> None:
    """Go on at the counter the meter expects, unless that is absurd."""
    if not counter.next <= refused.expected < counter.next + JUMP_LIMIT:
        raise refused
    counter.advance(refused.expected)
