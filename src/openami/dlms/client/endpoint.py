"""The client end of an association: verbs and bytes in, events and bytes out. No I/O, no clock."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Final

from openami.core.errors import (
    AmiError,
    DecodeError,
    LinkTimeout,
    LocalProtocolError,
    RemoteProtocolError,
)
from openami.dlms.client.action import Action, ActionItem
from openami.dlms.client.events import Associated, Event, Failed, Notified, Released
from openami.dlms.client.exchange import Exchange, ItemT, Step
from openami.dlms.client.get import Get
from openami.dlms.client.opening import Associate, Release
from openami.dlms.client.refusal import exception
from openami.dlms.client.session import EXCEPTION_TAG, Session
from openami.dlms.client.set import Set, SetItem
from openami.dlms.security import ReceiveCounter, Security, SendCounter
from openami.dlms.wrapper import Stream
from openami.dlms.xdlms import DEFAULT_CONFORMANCE, AttributeItem, Conformance


class State(Enum):
    """Where the association stands."""

    IDLE = "idle"
    ASSOCIATING = "associating"
    ASSOCIATED = "associated"
    RELEASING = "releasing"


#: State -> request that may begin, or event that ends one, -> state after it.
TRANSITIONS: Final[Mapping[State, Mapping[type, State]]] = {
    State.IDLE: {Associate: State.ASSOCIATING},
    State.ASSOCIATING: {Associated: State.ASSOCIATED, Failed: State.IDLE},
    State.ASSOCIATED: {
        Get: State.ASSOCIATED,
        Set: State.ASSOCIATED,
        Action: State.ASSOCIATED,
        Release: State.RELEASING,
    },
    State.RELEASING: {Released: State.IDLE, Failed: State.IDLE},
}
#: State that a request leads to when all goes well.
LEADS_TO: Final[Mapping[type, State]] = {Associate: State.ASSOCIATED, Release: State.IDLE}

#: Tags of data-notification and event-notification-request.
NOTIFICATIONS: Final = frozenset((0x0F, 0xC2))


class Client:
    """One client of one logical device, over the wrapper. Requests queue; one is in flight.

    `now` given with a verb makes its time-out exact; without it the clock starts with the first
    `expire` after the APDU was handed out.
    """

    __slots__ = (
        "_anchored",
        "_current",
        "_due",
        "_last_id",
        "_max_pdu",
        "_now",
        "_out",
        "_planned",
        "_queue",
        "_session",
        "_stream",
        "_timeout_s",
        "state",
    )

    def __init__(
        self,
        *,
        client_sap: int,
        server_sap: int = 1,
        security: Security,
        random: Callable[[int], bytes],
        send_counter: SendCounter | None = None,
        receive_counter: ReceiveCounter | None = None,
        conformance: Conformance = DEFAULT_CONFORMANCE,
        max_pdu: int = 0xFFFF,
        timeout_s: float = 10.0,
    ) -> None:
        counter = send_counter or SendCounter(security.invocation_counter or 0)
        received = receive_counter or ReceiveCounter()
        self._session = Session(security, random, counter, received, conformance)
        self._stream = Stream(client_sap, server_sap)
        self._max_pdu = max_pdu
        self._timeout_s = timeout_s
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._out: list[bytes] = []
        self._last_id = 0
        self._now = self._due = 0.0
        self._anchored = True
        self.state = self._planned = State.IDLE

    @property
    def conformance(self) -> Conformance:
        """Services that were negotiated, or those that will be proposed."""
        return self._session.conformance

    def associate(self, *, now: float | None = None) -> int:
        """Open the association: `Associated` or `Failed`."""
        return self._submit(Associate(self._next_id(), self._max_pdu), now)

    def get(self, items: Sequence[AttributeItem], *, now: float | None = None) -> int:
        """Read attributes: `Got` or `Failed`."""
        return self._submit(Get(self._next_id(), check_items(items)), now)

    def set(self, items: Sequence[SetItem], *, now: float | None = None) -> int:
        """Write attributes: `WasSet` or `Failed`."""
        return self._submit(Set(self._next_id(), check_items(items)), now)

    def action(self, items: Sequence[ActionItem], *, now: float | None = None) -> int:
        """Invoke methods: `Acted` or `Failed`."""
        return self._submit(Action(self._next_id(), check_items(items)), now)

    def release(self, *, now: float | None = None) -> int:
        """Release the association: `Released` or `Failed`."""
        return self._submit(Release(self._next_id(), self._max_pdu), now)

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what has arrived."""
        self._now = now
        events: list[Event] = []
        try:
            apdus = self._stream.feed(data)
        except DecodeError as error:
            return self.abort(RemoteProtocolError(f"what arrived is no wrapper: {error}"))
        for apdu in apdus:
            self._take(apdu, events)
        return events

    def expire(self, now: float) -> list[Event]:
        """Fail the request in flight when its answer is overdue."""
        self._now = now
        if self._current is None or now < self._due:
            return []
        if not self._anchored:
            self._anchored, self._due = True, now + self._timeout_s
            return []
        events: list[Event] = []
        self._fail(LinkTimeout(f"no answer within {self._timeout_s:g} s"), events)
        return events

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        out, self._out = self._out, []
        return out

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        return None if self._current is None else self._due

    def abort(self, error: AmiError) -> list[Event]:
        """Give up: the connection is gone. Fails all that is under way; there is no association."""
        pending = [self._current, *self._queue] if self._current else list(self._queue)
        self._current = None
        self._queue.clear()
        self._out.clear()
        self._stream.buffer.clear()
        self._session.end()
        self.state = self._planned = State.IDLE
        return [Failed(exchange.id, error) for exchange in pending]

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _submit(self, exchange: Exchange, now: float | None) -> int:
        kind = type(exchange)
        if kind not in TRANSITIONS[self._planned]:
            message = f"{kind.__name__.lower()} is not possible while {self._planned.value}"
            raise LocalProtocolError(message)
        if self._current is not None:
            self._queue.append(exchange)
        else:
            self._begin(exchange, now)
        self._planned = LEADS_TO.get(kind, self._planned)
        return exchange.id

    def _begin(self, exchange: Exchange, now: float | None) -> None:
        before = self.state
        self.state = TRANSITIONS[before][type(exchange)]
        try:
            apdu = exchange.start(self._session)
        except AmiError:
            self.state = before
            raise
        self._current = exchange
        self._send(apdu, now)

    def _send(self, apdu: bytes, now: float | None) -> None:
        self._out.append(self._stream.wrap(apdu))
        self._anchored = now is not None
        self._due = (self._now if now is None else now) + self._timeout_s

    def _take(self, apdu: bytes, events: list[Event]) -> None:
        exchange, session = self._current, self._session
        if not apdu or (apdu[0] in NOTIFICATIONS and session.ciphering is not None):
            return
        try:
            plain = session.open(apdu)
            if plain[0] in NOTIFICATIONS:
                events.append(Notified(plain))
            elif plain[0] == EXCEPTION_TAG:
                self._fail(exception(plain), events)
            elif exchange is not None:
                self._go_on(exchange.take(session, plain), events)
        except DecodeError as error:
            self._fail(RemoteProtocolError(f"the answer cannot be read: {error}"), events)
        except AmiError as error:
            self._fail(error, events)

    def _go_on(self, step: Step, events: list[Event]) -> None:
        if isinstance(step, bytes):
            self._send(step, self._now)
        elif step is not None:
            self._finish(step, events)

    def _fail(self, error: AmiError, events: list[Event]) -> None:
        if self._current is not None:
            self._finish(Failed(self._current.id, error), events)

    def _finish(self, event: Event, events: list[Event]) -> None:
        before, self._current = self.state, None
        self.state = TRANSITIONS[before].get(type(event), before)
        events.append(event)
        if self.state is State.IDLE:
            self._session.end()
        if before is State.ASSOCIATING and self.state is State.IDLE:
            events += self.abort(LocalProtocolError("there is no association: it could not be opened"))
        while self._queue and self._current is None:
            self._begin_queued(self._queue.popleft(), events)

    def _begin_queued(self, exchange: Exchange, events: list[Event]) -> None:
        try:
            self._begin(exchange, self._now)
        except AmiError as error:
            events.append(Failed(exchange.id, error))
            if type(exchange) in LEADS_TO:
                events += self.abort(LocalProtocolError("given up with the request before it"))


def check_items(items: Sequence[ItemT]) -> Sequence[ItemT]:
    """Refuse a request for nothing."""
    if not items:
        message = "a request needs at least one item"
        raise LocalProtocolError(message)
    return items
