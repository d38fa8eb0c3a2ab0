"""The server end of a link: associations of one logical device. No I/O, no clock."""

from collections.abc import Callable, Mapping

from openami.core.errors import DecodeError, LocalProtocolError, RemoteProtocolError, SecurityError
from openami.dlms.acse import AARQ, ApplicationContext, Diagnostic
from openami.dlms.link import ServerLink
from openami.dlms.security import Counters
from openami.dlms.security.hls import CHALLENGE_MAX, CHALLENGE_MIN
from openami.dlms.security.suite import TITLE_LENGTH
from openami.dlms.server.association import Association
from openami.dlms.server.events import Event, Results
from openami.dlms.server.opening import Identity, RejectionError, reject
from openami.dlms.server.services import NotServedError
from openami.dlms.server.session import AARQ_TAG, Session, refuse
from openami.dlms.wrapper import ServerStream
from openami.dlms.xdlms import ServiceErrorCode, StateError


class Server:
    """One connection to one logical device; clients are told apart by their SAP.

    A request becomes an event and is answered by `respond`, at once or later. Without a link it speaks the
    wrapper; octets that the link cannot read raise `RemoteProtocolError`: the connection cannot go on. All
    else that a client may send is answered or ignored.
    """

    __slots__ = (
        "_associations",
        "_due",
        "_identity",
        "_inactivity_s",
        "_last_id",
        "_link",
        "_now",
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
                self._send(client_sap, self._take(client_sap, apdu, events))
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
                self._send(client_sap, session.answer(request, results))
                return

    def close(self) -> list[Event]:
        """End all associations: the connection is gone."""
        events: list[Event] = []
        for session in self._sessions.values():
            session.end(events)
        self._sessions.clear()
        return events

    def _send(self, client_sap: int, apdu: bytes | None) -> None:
        if apdu is not None:
            self._link.send(client_sap, apdu, self._now)

    def _leave(self, client_sap: int, events: list[Event]) -> None:
        """End the association of a client that has left the link."""
        session = self._sessions.pop(client_sap, None)
        if session is not None:
            session.end(events)

    def _take(self, client_sap: int, apdu: bytes, events: list[Event]) -> bytes | None:
        session = self._sessions.get(client_sap)
        if session is None or apdu[0] == AARQ_TAG:
            session = self._begin(client_sap, events)
        if session is None:
            return refuse_stranger(apdu)
        self._last_id += 1
        return session.take(apdu, events, self._last_id)

    def _begin(self, client_sap: int, events: list[Event]) -> Session | None:
        """Begin afresh, with the association as it is set up now: keys may have been changed meanwhile."""
        session = self._sessions.pop(client_sap, None)
        if session is not None:
            session.end(events)
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
