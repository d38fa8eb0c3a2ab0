"""The client end of an association: verbs and bytes in, events and bytes out. No I/O, no clock."""

from collections import deque
from collections.abc import Callable
from typing import Final

from openami.core.errors import AmiError, DecodeError, LinkTimeout, LocalProtocolError, RemoteProtocolError
from openami.dlms.client.carrier import Carrier
from openami.dlms.client.events import NOTIFICATIONS, Event, Failed, Notified, Released
from openami.dlms.client.exchange import Exchange, Step
from openami.dlms.client.refusal import REFUSALS, refused_link
from openami.dlms.client.session import Session
from openami.dlms.client.short.verbs import Referencing, Referring
from openami.dlms.client.states import LEADS_TO, TRANSITIONS, State
from openami.dlms.client.watched import Watch, WatchedSession
from openami.dlms.link import ClientLink
from openami.dlms.quirks import STANDARD, Quirks
from openami.dlms.security import ReceiveCounter, Security, SendCounter
from openami.dlms.wrapper import ClientStream
from openami.dlms.xdlms import DEFAULT_CONFORMANCE, Conformance, DataNotification, DataNotificationConfirm
from openami.dlms.xdlms.general_block import GeneralBlockTransfer
from openami.dlms.xdlms.short import ShortNames

BLOCK: Final = GeneralBlockTransfer.HEAD
#: Tags of what is no answer, and of answers that refuse any request.
SPECIAL: Final = frozenset((*NOTIFICATIONS, *REFUSALS))


class Client(Referring):
    """One client of one logical device over a link, or over the wrapper. Requests queue; one is in flight.

    `now` given with a verb makes its time-out exact; without it the clock starts with the first
    `expire` after the APDU was handed out. What is lost of a block transfer is asked for again
    `block_retries` times. `block_window` is how many blocks of a general block transfer we take at once;
    `prefers_gbt` uses it wherever it was negotiated, not only where a service has no blocks of its own.
    Notifications that want a confirmation get one, if they came as protected as the association is;
    those that did not are dropped, or told of where `takes_plain_notifications`. By short names
    (`referencing`) answers bear no invoke id: once one is overdue, the association is given up. `quirks` are the
    meter's habits, and `watch` is told of ciphered APDUs in clear.
    """

    __slots__ = (
        "_anchored",
        "_block_retries",
        "_carrier",
        "_confirms_notifications",
        "_current",
        "_due",
        "_link",
        "_now",
        "_parting",
        "_planned",
        "_progress",
        "_queue",
        "_ready",
        "_repeats",
        "_session",
        "_takes_plain_notifications",
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
        referencing: Referencing = "LN",
        names: ShortNames | None = None,
        random: Callable[[int], bytes],
        send_counter: SendCounter | None = None,
        receive_counter: ReceiveCounter | None = None,
        conformance: Conformance = DEFAULT_CONFORMANCE,
        max_pdu: int = 0xFFFF,
        timeout_s: float = 10.0,
        block_retries: int = 2,
        block_window: int = 8,
        prefers_gbt: bool = False,
        confirms_notifications: bool = True,
        takes_plain_notifications: bool = False,
        quirks: Quirks = STANDARD,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(max_pdu, prefers_gbt=prefers_gbt, referencing=referencing, names=names)
        counter = send_counter or SendCounter(security.invocation_counter or 0)
        received = receive_counter or ReceiveCounter()
        facts = security, random, counter, received, conformance
        if watch is None:
            self._session = Session(*facts, is_short=self.is_short, quirks=quirks)
        else:
            self._session = WatchedSession(*facts, is_short=self.is_short, quirks=quirks, tell=watch)
        self._link = ClientStream(client_sap, server_sap) if link is None else link
        self._carrier = Carrier(self._link, self._session, block_window, prefers_gbt=prefers_gbt)
        self._timeout_s = timeout_s
        self._block_retries = block_retries
        self._confirms_notifications = confirms_notifications
        self._takes_plain_notifications = takes_plain_notifications
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._parting: Released | None = None
        #: Events that no arrival brought about.
        self._ready: list[Event] = []
        self._progress = self._repeats = 0
        self._now = self._due = 0.0
        self._anchored = True
        self.state = self._planned = State.IDLE

    @property
    def conformance(self) -> Conformance:
        """Services that were negotiated, or those that will be proposed."""
        return self._session.conformance

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what has arrived."""
        self._now = now
        events, self._ready = self._ready, []
        link = self._link
        try:
            apdus = link.receive(data, now)
        except DecodeError as error:
            return events + self.abort(RemoteProtocolError(f"what arrived cannot be read: {error}"))
        except AmiError as error:
            return events + self.abort(error)
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
        events, self._ready = self._ready, []
        try:
            self._link.expire(now)
        except AmiError as error:
            return events + self._lose(error)
        if self._parting is not None:
            self._part(events)
        if self._current is None or now < self._due:
            return events
        if not self._anchored:
            self._anchored, self._due = True, now + self._timeout_s
            return events
        if not self._repeat(self._current, events):
            overdue = LinkTimeout(f"no answer within {self._timeout_s:g} s")
            if self.is_short:
                return events + self.abort(overdue)
            self._fail(overdue, events)
        return events

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        return self._link.outgoing()

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        if self._ready:
            return self._now
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
        if self.state is State.ASSOCIATING:
            error = refused_link(error)
        pending = [self._current, *self._queue] if self._current else list(self._queue)
        events, self._ready = self._ready, []
        self._current = None
        self._queue.clear()
        self._session.end()
        self._carrier.end()
        self.state = self._planned = State.IDLE
        return events + [Failed(exchange.id, error, exchange.partial()) for exchange in pending]

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
            self._current = exchange
            self._send(apdu, now)
        except AmiError:
            self.state, self._current = before, None
            raise
        if not exchange.manner.is_confirmed:
            self._let_go(exchange, now)

    def _let_go(self, exchange: Exchange, now: float | None) -> None:
        """Send all of a request that is not answered, which is the end of it."""
        step: Step = None
        try:
            while isinstance(step := exchange.sent(self._session), bytes):
                self._send(step, now)
        except AmiError as error:
            step = Failed(exchange.id, error)
        self._current = None
        if step is not None:
            self._ready.append(step)

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
        at = self._now if now is None else now
        if self.state is State.ASSOCIATED and self._current is not None:
            self._carrier.send(apdu, at, is_confirmed=self._current.manner.is_confirmed)
        else:
            self._link.send(apdu, at)
        self._anchored = now is not None
        self._due = at + self._timeout_s
        self._repeats = 0

    def _repeat(self, exchange: Exchange, events: list[Event]) -> bool:
        """Ask again for what was lost of a block transfer; whether there was anything to ask for."""
        if self._repeats == self._block_retries:
            return False
        try:
            if not self._carrier.repeat(self._now):
                apdu = exchange.repeat(self._session)
                if apdu is None:
                    return False
                self._link.send(apdu, self._now)
        except AmiError as error:
            self._fail(error, events)
        self._repeats += 1
        self._due = self._now + self._timeout_s
        return True

    def _take(self, apdu: bytes, events: list[Event]) -> None:
        try:
            whole = self._gather(apdu) if apdu[:1] == BLOCK else apdu
            if whole:
                self._take_whole(whole, events)
        except DecodeError as error:
            self._fail(RemoteProtocolError(f"the answer cannot be read: {error}"), events)
        except AmiError as error:
            self._fail(error, events)

    def _gather(self, apdu: bytes) -> bytes | None:
        """Take a block of an APDU that comes in several; the APDU is late only if nothing new comes."""
        if self.state is State.IDLE:
            return None
        whole, is_new = self._carrier.take(apdu, self._now)
        if is_new:
            self._due, self._repeats = self._now + self._timeout_s, 0
        return whole

    def _take_whole(self, apdu: bytes, events: list[Event]) -> None:
        session, exchange = self._session, self._current
        if apdu[0] in NOTIFICATIONS and session.ciphering is not None and session.security.response:
            if self._takes_plain_notifications:
                events.append(Notified(apdu, is_protected=False))
            return
        plain = session.open(apdu)
        if plain[0] in SPECIAL:
            self._take_special(plain, events)
        elif exchange is not None:
            self._go_on(exchange.take(session, plain), events)

    def _take_special(self, plain: bytes, events: list[Event]) -> None:
        """Take what answers no request, or refuses any."""
        if plain[0] in REFUSALS:
            if self._current is not None:
                self._fail(self._current.refused(plain), events)
            return
        event = Notified(plain)
        events.append(event)
        notification = event.notification if self._confirms_notifications else None
        if isinstance(notification, DataNotification) and notification.wants_confirmation:
            confirm = DataNotificationConfirm(notification.long_invoke).encode()
            self._link.send(self._session.seal(confirm), self._now)

    def _go_on(self, step: Step, events: list[Event]) -> None:
        if isinstance(step, bytes):
            self._send(step, self._now)
        elif step is not None:
            self._finish(step, events)

    def _fail(self, error: AmiError, events: list[Event]) -> None:
        if self._current is not None:
            self._finish(Failed(self._current.id, error, self._current.partial()), events)

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
