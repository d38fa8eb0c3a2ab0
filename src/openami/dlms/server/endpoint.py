"""The server end of a link: associations of one logical device. No I/O, no clock."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from openami.core.errors import AmiError, DecodeError, LocalProtocolError, RemoteProtocolError, SecurityError
from openami.dlms.acse import AARQ, ApplicationContext, Diagnostic
from openami.dlms.link import ServerLink
from openami.dlms.security import Counters
from openami.dlms.security.hls import CHALLENGE_MAX, CHALLENGE_MIN
from openami.dlms.security.suite import TITLE_LENGTH
from openami.dlms.server.association import Association
from openami.dlms.server.carrier import Carrier
from openami.dlms.server.events import Event, Results
from openami.dlms.server.opening import Identity, RejectionError, reject
from openami.dlms.server.refusal import NotServedError
from openami.dlms.server.session import AARQ_TAG, RLRQ_TAG, Session, refuse
from openami.dlms.server.short import information_report
from openami.dlms.wrapper import ServerStream
from openami.dlms.xdlms import AttributeDescriptor, Conformance, ServiceErrorCode, StateError
from openami.dlms.xdlms.general_block import TAG as BLOCK_TAG

NO_LIMIT: Final = 1 << 32
#: APDUs that open and release: they and their answers are whole, however long.
ACSE_TAGS: Final = frozenset((AARQ_TAG, RLRQ_TAG))
#: Tag of a notification -> what must be negotiated.
NOTIFICATIONS: Final[Mapping[int, Conformance]] = {
    0x0F: Conformance.DATA_NOTIFICATION,
    0xC2: Conformance.EVENT_NOTIFICATION,
    0x18: Conformance.INFORMATION_REPORT,
}
NEVER: Final = Conformance(0)


class Server:
    """One connection to one logical device; clients are told apart by their SAP.

    A request becomes an event and is answered by `respond`, at once or later. Without a link it speaks the
    wrapper; octets that the link cannot read raise `RemoteProtocolError`: the connection cannot go on. All
    else that a client may send is answered or ignored. `block_window` is how many blocks of a general block
    transfer we take at once; `prefers_gbt` uses it for long answers even where their service has blocks.
    """

    __slots__ = (
        "_associations",
        "_carrier",
        "_due",
        "_identity",
        "_inactivity_s",
        "_last_id",
        "_link",
        "_longest",
        "_now",
        "_prefers_gbt",
        "_sessions",
        "server_sap",
    )

    def __init__(
        self,
        *,
        associations: Mapping[int, Association],
        system_title: bytes,
        counters: Counters,
        random: Callable[[int], bytes],
        server_sap: int = 1,
        link: ServerLink | None = None,
        max_pdu: int = 0xFFFF,
        challenge_length: int = 16,
        inactivity_s: float | None = None,
        accepts_plain_release: bool = True,
        block_window: int = 8,
        prefers_gbt: bool = False,
    ) -> None:
        if len(system_title) != TITLE_LENGTH:
            raise SecurityError(f"system title of {len(system_title)} octets, expected {TITLE_LENGTH}")
        if not CHALLENGE_MIN <= challenge_length <= CHALLENGE_MAX:
            raise SecurityError(f"challenge of {challenge_length} octets, allowed are 8 to 64")
        self.server_sap = server_sap
        self._associations = associations
        self._identity = Identity(system_title, counters, random, max_pdu, challenge_length, accepts_plain_release)
        self._inactivity_s = inactivity_s
        self._link = ServerStream(server_sap) if link is None else link
        self._longest = max_pdu or NO_LIMIT
        self._carrier = Carrier(self._link, block_window)
        self._prefers_gbt = prefers_gbt
        self._sessions: dict[int, Session] = {}
        self._last_id = 0
        self._now = 0.0
        self._due: float | None = None

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what has arrived."""
        self._now = now
        if self._inactivity_s is not None:
            self._due = now + self._inactivity_s
        try:
            arrived = self._link.receive(data, now)
        except DecodeError as error:
            raise RemoteProtocolError(f"what arrived cannot be read: {error}") from error
        events: list[Event] = []
        for client_sap, apdu in arrived:
            if apdu is None:
                self._leave(client_sap, events)
            else:
                self._take(client_sap, apdu, events)
        return events

    def expire(self, now: float) -> list[Event]:
        """End associations that have been silent for too long, and those whose link has gone."""
        self._now = now
        events: list[Event] = []
        for client_sap, _ in self._link.expire(now):
            self._leave(client_sap, events)
        if self._due is not None and now >= self._due:
            events += self.close()
        return events

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        return self._link.outgoing()

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        due = self._due if self._sessions else None
        deadline = self._link.deadline
        if due is None or deadline is None:
            return deadline if due is None else due
        return min(due, deadline)

    def respond(self, request: int, results: Results) -> None:
        """Answer a request; nothing happens if its association has ended meanwhile."""
        if not 0 < request <= self._last_id:
            raise LocalProtocolError(f"there was no request {request}")
        for client_sap, session in self._sessions.items():
            if session.is_asking(request):
                self._send(client_sap, session, session.answer(request, results), request)
                return

    def notify(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Send a client what it has not asked for, protected as its association is; it must be associated."""
        self._now = now
        session = self._sessions.get(client_sap)
        terms = None if session is None else session.terms
        if session is None or terms is None:
            raise LocalProtocolError(f"client {client_sap} is not associated")
        if not terms.allow(NOTIFICATIONS.get(apdu[0], NEVER)):
            raise LocalProtocolError(f"client {client_sap} has not agreed to APDUs with tag {apdu[0]}")
        self._carrier.notify(client_sap, terms, session.notice(apdu), now)

    def report(
        self,
        client_sap: int,
        items: Sequence[tuple[AttributeDescriptor, bytes]],
        now: float,
        *,
        current_time: bytes | None = None,
    ) -> None:
        """Tell a client values by their short names; `current_time` is the text of a GeneralizedTime."""
        association = self._associations.get(client_sap)
        names = None if association is None else association.names
        self.notify(client_sap, information_report(names, items, current_time), now)

    def close(self) -> list[Event]:
        """End all associations: the connection is gone."""
        events: list[Event] = []
        for client_sap in list(self._sessions):
            self._leave(client_sap, events)
        return events

    def _send(self, client_sap: int, session: Session, apdu: bytes | None, request: int) -> None:
        if apdu is None:
            return
        terms = session.terms
        if self._carrier.is_idle and (terms is None or len(apdu) <= terms.limit):
            self._link.send(client_sap, apdu, self._now)
        else:
            self._carrier.send(client_sap, terms, apdu, self._now, request)

    def _leave(self, client_sap: int, events: list[Event]) -> None:
        """End the association of a client that has left the link."""
        session = self._sessions.pop(client_sap, None)
        self._carrier.end(client_sap)
        if session is not None:
            session.end(events)

    def _take(self, client_sap: int, apdu: bytes, events: list[Event]) -> None:
        tag = apdu[0]
        session = self._sessions.get(client_sap)
        if session is None or tag == AARQ_TAG:
            session = self._begin(client_sap, events)
        if session is None:
            self._link.send(client_sap, refuse_stranger(apdu), self._now)
        elif len(apdu) > self._longest and tag not in ACSE_TAGS:
            error = NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)
            self._link.send(client_sap, refuse(error).encode(), self._now)
        elif tag == BLOCK_TAG:
            self._take_block(client_sap, session, apdu, events)
        else:
            self._take_whole(client_sap, session, apdu, events)

    def _take_whole(self, client_sap: int, session: Session, apdu: bytes, events: list[Event]) -> None:
        self._last_id += 1
        answer = session.take(apdu, events, self._last_id)
        if apdu[0] not in ACSE_TAGS:
            self._send(client_sap, session, answer, self._last_id)
        elif answer is not None:
            self._link.send(client_sap, answer, self._now)
            if self._prefers_gbt and session.terms is not None:
                session.terms.prefers_gbt = True

    def _take_block(self, client_sap: int, session: Session, apdu: bytes, events: list[Event]) -> None:
        """Take a block of a request; once that is whole, it is a request like others."""
        terms = session.terms
        try:
            if terms is None or not terms.allow(Conformance.GENERAL_BLOCK_TRANSFER):
                raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
            whole = self._carrier.take(client_sap, terms, apdu, self._now)
        except AmiError as error:
            self._link.send(client_sap, refuse(error).encode(), self._now)
            return
        if whole:
            self._carrier.expect(client_sap, self._last_id + 1)
            terms.is_streamed = True
            self._take_whole(client_sap, session, whole, events)
            terms.is_streamed = False

    def _begin(self, client_sap: int, events: list[Event]) -> Session | None:
        """Begin afresh, with the association as it is set up now: keys may have been changed meanwhile."""
        self._leave(client_sap, events)
        association = self._associations.get(client_sap)
        if association is None:
            return None
        session = self._sessions[client_sap] = Session(association, self._identity)
        return session


def refuse_stranger(apdu: bytes) -> bytes:
    """Answer a client SAP that has no association here."""
    if apdu[0] != AARQ_TAG:
        error = NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
        return refuse(error).encode()
    try:
        context = AARQ.decode(apdu).application_context
    except DecodeError:
        context = ApplicationContext.LN
    return reject(context, None, RejectionError(Diagnostic.NO_REASON_GIVEN))
