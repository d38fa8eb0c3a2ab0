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
from openami.dlms.link import ClientLink
from openami.dlms.security import ReceiveCounter, Security, SendCounter
from openami.dlms.wrapper import ClientStream
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
    """One client of one logical device over a link, or over the wrapper. Requests queue; one is in flight.

    `now` given with a verb makes its time-out exact; without it the clock starts with the first
    `expire` after the APDU was handed out.
    """

    __slots__ = (
        "_anchored",
        "_current",
        "_due",
        "_last_id",
        "_link",
        "_max_pdu",
        "_now",
        "_parting",
        "_planned",
        "_progress",
        "_queue",
        "_session",
        "_timeout_s",
        "state",
    )

    def __init__(
        self,
        *,
        client_sap: int,
        server_sap: int = 1,
        link: ClientLink | None = None,
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
        self._link = ClientStream(client_sap, server_sap) if link is None else link
        self._max_pdu = max_pdu
        self._timeout_s = timeout_s
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._parting: Released | None = None
        self._last_id = self._progress = 0
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
        link = self._link
        try:
            apdus = link.receive(data, now)
        except DecodeError as error:
            return self.abort(RemoteProtocolError(f"what arrived cannot be read: {error}"))
        except AmiError as error:
            return self.abort(error)
        if link.progress != self._progress:
            self._progress, self._due = link.progress, now + self._timeout_s
        for apdu in apdus:
            self._take(apdu, events)
        if self._parting is not None:
            self._part(events)
        return events

    def expire(self, now: float) -> list[Event]:
        """Let the link repeat what was lost; fail the request in flight when its answer is overdue."""
        self._now = now
        events: list[Event] = []
        try:
            self._link.expire(now)
        except AmiError as error:
            return self._lose(error)
        if self._parting is not None:
            self._part(events)
        if self._current is None or now < self._due:
            return events
        if not self._anchored:
            self._anchored, self._due = True, now + self._timeout_s
            return events
        self._fail(LinkTimeout(f"no answer within {self._timeout_s:g} s"), events)
        return events

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        return self._link.outgoing()

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        deadline = self._link.deadline
        if self._current is None:
            return deadline
        return self._due if deadline is None else min(deadline, self._due)

    def abort(self, error: AmiError) -> list[Event]:
        """Give up: the connection is gone. Fails all that is under way; there is no association."""
        self._link.abort()
        self._parting = None
        return self._drop(error)

    def _drop(self, error: AmiError) -> list[Event]:
        """Fail all that is under way."""
        pending = [self._current, *self._queue] if self._current else list(self._queue)
        self._current = None
        self._queue.clear()
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
            if not self._link.is_connected:
                self._link.connect(self._now if now is None else now)
            apdu = exchange.start(self._session)
        except AmiError:
            self.state = before
            raise
        self._current = exchange
        self._send(apdu, now)

    def _lose(self, error: AmiError) -> list[Event]:
        """Give up; a link that was only to be taken down is down."""
        events: list[Event] = [] if self._parting is None else [self._parting]
        return events + self.abort(error)

    def _part(self, events: list[Event]) -> None:
        """Tell that the association is released once its link is down."""
        if self._parting is not None and not self._link.is_connected:
            events.append(self._parting)
            self._parting = None

    def _send(self, apdu: bytes, now: float | None) -> None:
        self._link.send(apdu, self._now if now is None else now)
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
        self._tell(event, events)
        if self.state is State.IDLE:
            self._session.end()
        if before is State.ASSOCIATING and self.state is State.IDLE:
            self._link.disconnect(self._now)
            events += self._drop(LocalProtocolError("there is no association: it could not be opened"))
        while self._queue and self._current is None:
            self._begin_queued(self._queue.popleft(), events)

    def _tell(self, event: Event, events: list[Event]) -> None:
        """Tell the shell; of a release only once the link is down, where it has to be taken down."""
        if isinstance(event, Released) and not self._link.disconnect(self._now):
            self._parting = event
        else:
            events.append(event)

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
