"""The server end of the wrapper: associations of one logical device. No I/O, no clock."""

from collections.abc import Callable, Mapping

from openami.core.errors import DecodeError, LocalProtocolError, RemoteProtocolError, SecurityError
from openami.dlms.acse import AARQ, ApplicationContext, Diagnostic
from openami.dlms.security import Counters
from openami.dlms.security.hls import CHALLENGE_MAX, CHALLENGE_MIN
from openami.dlms.security.suite import TITLE_LENGTH
from openami.dlms.server.association import Association
from openami.dlms.server.events import Event, Results
from openami.dlms.server.opening import Identity, RejectionError, reject
from openami.dlms.server.services import NotServedError
from openami.dlms.server.session import AARQ_TAG, Session, refuse
from openami.dlms.wrapper import Header, Stream
from openami.dlms.xdlms import ServiceErrorCode, StateError


class Server:
    """One connection to one logical device; clients are told apart by their SAP.

    A request becomes an event and is answered by `respond`, at once or later. Octets that are no
    wrapper raise `RemoteProtocolError`: the connection cannot go on. All else that a client may
    send is answered or ignored.
    """

    __slots__ = (
        "_associations",
        "_due",
        "_identity",
        "_inactivity_s",
        "_last_id",
        "_out",
        "_sessions",
        "_stream",
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
        self._stream = Stream(server_sap, 0)
        self._sessions: dict[int, Session] = {}
        self._out: list[bytes] = []
        self._last_id = 0
        self._due: float | None = None

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what has arrived."""
        if self._inactivity_s is not None:
            self._due = now + self._inactivity_s
        try:
            frames = self._stream.frames(data)
        except DecodeError as error:
            raise RemoteProtocolError(f"what arrived is no wrapper: {error}") from error
        events: list[Event] = []
        for header, apdu in frames:
            if apdu and header.destination == self.server_sap:
                self._send(header.source, self._take(header.source, apdu, events))
        return events

    def expire(self, now: float) -> list[Event]:
        """End associations that have been silent for too long."""
        if self._due is None or now < self._due:
            return []
        return self.close()

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        out, self._out = self._out, []
        return out

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        return self._due if self._sessions else None

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
            self._out.append(Header(self.server_sap, client_sap, len(apdu)).encode() + apdu)

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
