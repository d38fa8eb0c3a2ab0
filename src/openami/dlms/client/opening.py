"""Opening and releasing an association (Green Book, 9.3 and 9.2.7.4)."""

from openami.core.errors import AssociationError, RemoteProtocolError, SecurityError
from openami.core.obis import OBIS
from openami.dlms.acse import AARE, AARQ, RLRE, RLRQ, AssociationResult, Mechanism
from openami.dlms.client.events import Associated, Event, Released
from openami.dlms.client.exchange import Exchange
from openami.dlms.client.refusal import refusal
from openami.dlms.client.session import AARE_TAG, NO_LIMIT, RLRE_TAG, Session
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.security.hls import REPLY_LENGTH, check_challenge, reply_to_challenge, verify_reply
from openami.dlms.security.suite import TITLE_LENGTH
from openami.dlms.xdlms import (
    ActionResponseNormal,
    ActionResult,
    InitiateRequest,
    InitiateResponse,
    MethodDescriptor,
    action_request_normal,
)

CURRENT_ASSOCIATION = OBIS.parse("0.0.40.0.0.255")
REPLY_TO_HLS_AUTHENTICATION = MethodDescriptor(15, CURRENT_ASSOCIATION, 1)
REPLY_HEAD = bytes((9, REPLY_LENGTH))


class Associate(Exchange):
    """AARQ and AARE, and with mechanism 5 the passes 3 and 4 of the authentication."""

    __slots__ = ("_challenge", "_dedicated_key", "_max_pdu", "_response", "_secret")

    def __init__(self, request: int, max_pdu: int) -> None:
        super().__init__(request)
        self._max_pdu = max_pdu
        self._challenge = b""
        self._secret: bytes | None = None
        self._dedicated_key: bytes | None = None
        self._response: InitiateResponse | None = None

    def start(self, session: Session) -> bytes:
        """Make the AARQ."""
        security = session.security
        session.begin()
        self._secret = security.password
        if security.mechanism == Mechanism.HIGH_GMAC:
            self._secret = self._challenge = session.random(security.challenge_length)
        self._dedicated_key = dedicated_key(session)
        initiate = InitiateRequest(session.proposed, self._max_pdu, self._dedicated_key).encode()
        return AARQ(
            application_context=session.context,
            mechanism=Mechanism(security.mechanism) if security.mechanism else None,
            calling_authentication_value=self._secret,
            calling_ap_title=security.client_title,
            user_information=session.seal(initiate),
        ).encode()

    def take(self, session: Session, apdu: bytes) -> bytes | Event | None:
        """Take the AARE, or pass 4."""
        if self._response is not None:
            return self._take_reply(session, self._response, apdu)
        if apdu[0] != AARE_TAG:
            raise self.unexpected(apdu)
        aare = AARE.decode(apdu)
        if aare.result is not AssociationResult.ACCEPTED:
            raise refusal(aare)
        self._response = response = self._negotiate(session, aare)
        if session.security.mechanism != Mechanism.HIGH_GMAC:
            return Associated(self.id, response, aare.responding_ap_title)
        return self._reply(session, aare.responding_authentication_value)

    def _negotiate(self, session: Session, aare: AARE) -> InitiateResponse:
        """Take the facts of an accepting AARE; one that is weaker than what was asked is refused."""
        if aare.application_context is not session.context:
            message = "the server accepted another application context than was asked for"
            raise SecurityError(message)
        meet(session, aare.responding_ap_title)
        response = InitiateResponse.decode(open_initiate(session, aare.user_information))
        session.conformance = response.conformance & session.proposed
        session.limit = response.server_max_receive_pdu_size or NO_LIMIT
        if self._dedicated_key is not None:
            session.dedicate(self._dedicated_key)
        return response

    def _reply(self, session: Session, challenge: bytes | None) -> bytes:
        """Make pass 3: f(StoC)."""
        cipher, security = session.cipher, session.security
        if challenge is None or cipher is None or security.client_title is None:
            message = "the server sent no challenge"
            raise SecurityError(message)
        check_challenge(challenge, self._challenge)
        counter = session.send_counter.take()
        reply = reply_to_challenge(cipher, security.client_title, security.suite, counter, challenge)
        self.invoke = session.next_invoke()
        request = action_request_normal(self.invoke, REPLY_TO_HLS_AUTHENTICATION, REPLY_HEAD + reply)
        return session.seal(request)

    def _take_reply(self, session: Session, response: InitiateResponse, apdu: bytes) -> Event:
        """Take pass 4: f(CtoS) proves that the server is who it says it is."""
        answer = ActionResponseNormal.decode(apdu)
        if answer.result is not ActionResult.SUCCESS:
            message = "the server refused our reply to its challenge"
            raise AssociationError(message, diagnostic=answer.result, hint="wrong keys or system title")
        data, cipher, title = answer.data, session.cipher, session.server_title
        if not isinstance(data, bytes) or data[:2] != REPLY_HEAD or cipher is None:
            message = "the server did not prove who it is"
            raise SecurityError(message)
        counter = verify_reply(cipher, title, session.security.suite, self._challenge, data[2:])
        if counter > session.received.last:
            session.received.accept(counter)
        return Associated(self.id, response, title)


class Release(Exchange):
    """RLRQ and RLRE; ciphered associations prove the request by an initiate-request inside."""

    __slots__ = ("_max_pdu",)

    def __init__(self, request: int, max_pdu: int) -> None:
        super().__init__(request)
        self._max_pdu = max_pdu

    def start(self, session: Session) -> bytes:
        """Make the RLRQ."""
        if session.ciphering is None:
            return RLRQ().encode()
        session.form = session.global_form
        initiate = InitiateRequest(session.proposed, self._max_pdu).encode()
        return RLRQ(user_information=session.seal(initiate)).encode()

    def take(self, session: Session, apdu: bytes) -> bytes | Event | None:
        """Take the RLRE. Many meters send it empty; what is ciphered inside must be right."""
        if apdu[0] != RLRE_TAG:
            return None
        inside = RLRE.decode(apdu).user_information
        if inside and session.ciphering is not None and inside[0] in CIPHERED:
            session.ciphering.open(inside)
        session.end()
        return Released(self.id)


def dedicated_key(session: Session) -> bytes | None:
    """Choose the dedicated key of a new association: given, or drawn."""
    key = session.security.dedicated_key
    return session.random(session.security.suite.key_length) if key == "random" else key


def meet(session: Session, title: bytes | None) -> None:
    """Take the server's system title; where one was expected no other will do, and it cannot be ours."""
    expected, own = session.security.server_title, session.security.client_title
    if expected is not None and title not in {None, expected}:
        message = "the server bears another system title than expected"
        raise SecurityError(message)
    title = title or expected
    if own is not None and title == own:
        message = "the server bears our own system title"
        raise SecurityError(message)
    if session.cipher is not None and (title is None or len(title) != TITLE_LENGTH):
        message = "the server names no system title of 8 octets, and none was given"
        raise SecurityError(message)
    session.meet(title or b"")


def open_initiate(session: Session, inside: bytes | None) -> bytes:
    """Open the initiate-response of an AARE."""
    if not inside:
        message = "the AARE accepts but brings no initiate-response"
        raise RemoteProtocolError(message)
    return session.open(inside)
