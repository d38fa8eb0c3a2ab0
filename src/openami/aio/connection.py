"""One client's connection to one meter: answers leave in order, once what they tell of is durable."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Sequence
from logging import getLogger
from typing import Protocol

from openami.aio.presence import Presence
from openami.aio.pump import Endpoint, Pump
from openami.core.errors import AmiError
from openami.dlms.link import ServerLink
from openami.dlms.server.events import Ended, Opened, Refused

log = getLogger(__name__)

LOGIN_DELAY_MAX_S = 16.0


class Session(Protocol):
    """What is needed of one connection to one meter."""

    @property
    def endpoint(self) -> Endpoint:
        """The server core."""
        ...

    def deliver(self, events: Sequence[object]) -> None:
        """Answer the core's requests by its `respond`, before returning."""
        ...

    def durable(self) -> Awaitable[None] | None:
        """When the answers may leave; None if there is nothing to wait for.

        Best a future shared by many (`Journal.commit()`): a coroutine costs a task each time.
        """
        ...


class Provider(Protocol):
    """The meters behind a listener."""

    def open(self, local_address: str, link: ServerLink | None = None) -> Session | None:
        """Begin a session with the meter of this IP address, over the wrapper or a link; None if there is no meter."""
        ...


class Listener(Protocol):
    """What connections share."""

    provider: Provider
    limit: int
    login_delay_s: float
    refused: int
    connections: "set[Connection]"
    presence: Presence


class Silent:
    """The endpoint of a connection that is nobody's."""

    deadline = None

    def receive(self, data: bytes, now: float) -> Sequence[object]:
        """Understand nothing."""
        del data, now
        return ()

    def expire(self, now: float) -> Sequence[object]:
        """Expect nothing."""
        del now
        return ()

    def outgoing(self) -> list[bytes]:
        """Say nothing."""
        return []


SILENT = Silent()


class Connection(Pump):
    """One client's connection to one meter."""

    def __init__(
        self, listener: Listener, loop: asyncio.AbstractEventLoop, stand_in: str, link: ServerLink | None = None
    ) -> None:
        super().__init__(SILENT, loop)
        self.listener = listener
        self.heard_at = loop.time()
        self._stand_in = stand_in
        self._link = link
        self._session: Session | None = None
        self._held: deque[tuple[asyncio.Future[None] | None, list[bytes]]] = deque()
        self._is_ending = False
        self._failed_logins = 0
        self._penalty: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find the meter by the local address; nobody there, or too many here: hang up."""
        super().connection_made(transport)
        listener = self.listener
        listener.presence.enter()
        if len(listener.connections) < listener.limit:
            address: str = self._stand_in or transport.get_extra_info("sockname")[0]
            self._session = self._opened(address)
        if self._session is None:
            listener.refused += 1
            self.drop()
            return
        listener.connections.add(self)
        self.endpoint = self._session.endpoint

    def renew(self) -> None:
        """Begin a new session with the same meter on the same transport."""
        self._failed_logins = 0
        self._session = self._opened(self._stand_in)
        if self._session is None:
            self.drop()
        else:
            self.endpoint = self._session.endpoint

    def _opened(self, address: str) -> Session | None:
        try:
            return self.listener.provider.open(address, *(() if self._link is None else (self._link,)))
        except BaseException:
            self.drop()
            raise

    def data_received(self, data: bytes) -> None:
        """Pass octets on; with a client that breaks the framing the connection ends, once all is answered."""
        self.heard_at = self.loop.time()
        try:
            super().data_received(data)
        except AmiError as error:
            log.info("connection cut: %s", error)
            self.flush()
            self.end()

    def deliver(self, events: Sequence[object]) -> None:
        """Let the meter answer; a refused login makes answers wait."""
        if self._session is not None:
            self._session.deliver(events)
        for event in events:
            if isinstance(event, Refused):
                self._penalize()

    def send(self, chunks: list[bytes]) -> None:
        """Let answers leave, in their order, once the state they tell of is durable."""
        kept = self._session.durable() if self._session is not None else None
        if kept is None and not self._held and self._penalty is None:
            super().send(chunks)
            return
        future = None if kept is None else asyncio.ensure_future(kept, loop=self.loop)
        self._held.append((future, chunks))
        if future is not None:
            future.add_done_callback(self._release)

    def _release(self, _future: object = None) -> None:
        while self._held and self._penalty is None:
            future, chunks = self._held[0]
            if future is not None and not future.done():
                return
            if future is not None and not self._is_kept(future):
                return
            self._held.popleft()
            super().send(chunks)
        if self._is_ending and not self._held and self.transport is not None:
            self.transport.close()

    def _is_kept(self, future: "asyncio.Future[None]") -> bool:
        error = "cancelled" if future.cancelled() else future.exception()
        if error is None:
            return True
        log.error("connection cut, nothing acknowledged: %s", error)
        self.drop()
        return False

    def _penalize(self) -> None:
        """Answer and listen only after a while, twice as long each time."""
        delay_s = min(self.listener.login_delay_s * 2**self._failed_logins, LOGIN_DELAY_MAX_S)
        self._failed_logins = min(self._failed_logins + 1, 32)
        if self.transport is not None:
            self.transport.pause_reading()
        if self._penalty is not None:
            self._penalty.cancel()
        self._penalty = self.loop.call_later(delay_s, self._relent)

    def _relent(self) -> None:
        self._penalty = None
        self._release()
        self.resume_writing()

    def end(self) -> None:
        """Close the connection once all is answered."""
        self._is_ending = True
        self._release()

    def drop(self) -> None:
        """Cut the connection."""
        self._held.clear()
        if self.transport is not None:
            self.transport.abort()

    def pause_writing(self) -> None:
        """Hear no more of a client that does not take its answers."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Hear it again."""
        if self.transport is not None and self._penalty is None:
            self.transport.resume_reading()

    def lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        del error
        self.listener.presence.leave()
        self.listener.connections.discard(self)
        self._held.clear()
        if self._penalty is not None:
            self._penalty.cancel()
        self._session = None
        self.endpoint = SILENT


class Endless(Connection, ABC):
    """A connection on a transport that does not end with the client: it is spent with the last association."""

    def __init__(self, listener: Listener, loop: asyncio.AbstractEventLoop, stand_in: str, link: ServerLink) -> None:
        super().__init__(listener, loop, stand_in, link)
        self._clients: set[int] = set()
        self._is_spent = False

    @abstractmethod
    def spent(self) -> None:
        """Act on the end of the last association, whose answers are on their way."""

    def deliver(self, events: Sequence[object]) -> None:
        """Let the meter answer, and see who comes and goes."""
        super().deliver(events)
        for event in events:
            if isinstance(event, Opened):
                self._clients.add(event.client_sap)
            elif isinstance(event, Ended):
                self._clients.discard(event.client_sap)
                self._is_spent = not self._clients

    def flush(self) -> None:
        """Send; then see whether anybody is left."""
        super().flush()
        if self._is_spent:
            self._is_spent = False
            self.spent()
