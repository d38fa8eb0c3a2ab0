"""Opening and releasing an association (Green Book, 9.3 and 9.2.7.4)."""

from functools import lru_cache
from typing import Final, TypeGuard

from openami.core.errors import AmiError, DecodeError, RemoteProtocolError, SecurityError
from openami.dlms import ber
from openami.dlms.acse import AARE, AARQ, RLRE, RLRQ, ApplicationContext, AssociationResult, Mechanism
from openami.dlms.acse.elements import CHARSTRING, OCTET_STRING, USER_INFORMATION, encode_inner
from openami.dlms.client.accepting import Accepted, Reader
from openami.dlms.client.events import Associated, Event, Released
from openami.dlms.client.exchange import Exchange
from openami.dlms.client.refusal import refusal, refused_opening, refused_proof
from openami.dlms.client.session import AARE_TAG, NO_LIMIT, RLRE_TAG, Session
from openami.dlms.quirks import STANDARD
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.security.hls import LOW, TITLED, Proof, check_challenge, least_challenge
from openami.dlms.security.suite import TITLE_LENGTH
from openami.dlms.xdlms import (
    ActionResponseNormal,
    ActionResult,
    Conformance,
    InitiateRequest,
    InitiateResponse,
    MethodDescriptor,
    action_request_normal,
)

REPLY_TO_HLS_AUTHENTICATION: Final = MethodDescriptor(15, STANDARD.association_object, 1)
#: The most that a length of one octet can say.
SHORT: Final = 0x7F
#: action-response-normal, and a success that returns data.
ACTION_RESPONSE, WITH_DATA = b"\xc7\x01", b"\0\1\0"
AARQ_TAG: Final = 0x60


#: What is the same for every meter of a kind, and holds no secret, is encoded and decoded once.
PLAIN_RLRQ: Final = RLRQ().encode()
#: Reason normal, and the tag of user-information.
NORMAL_RELEASE: Final = b"\x80\1\0\xbe"
PLAIN_RLRE: Final = frozenset((b"\x63\x00", RLRE().encode()))
READER: Final = Reader()
read_response = lru_cache(maxsize=64)(InitiateResponse.decode)


@lru_cache(maxsize=64)
def read_plain(apdu: bytes) -> Accepted:
    """Read an AARE of an association without authentication: many meters send the very same."""
    aare = AARE.decode(apdu)
    return aare, aare.responding_ap_title, aare.responding_authentication_value, aare.user_information


@lru_cache(maxsize=64)
def plain_proposal(conformance: Conformance, max_pdu: int) -> bytes:
    """Make the initiate-request of an association without dedicated key."""
    return InitiateRequest(conformance, max_pdu).encode()


@lru_cache(maxsize=64)
def plain_request(context: ApplicationContext, title: bytes | None, initiate: bytes) -> bytes:
    """Make the AARQ of an association without authentication and ciphering."""
    return AARQ(application_context=context, calling_ap_title=title, user_information=initiate).encode()


@lru_cache(maxsize=64)
def request_head(
    context: ApplicationContext, mechanism: int, title: bytes | None, certificate: bytes | None, user_id: int | None
) -> bytes:
    """Make what comes first in an AARQ: all but challenge and user-information, without tag and length."""
    named = Mechanism(mechanism) if mechanism else None
    apdu = AARQ(
        application_context=context,
        mechanism=named,
        calling_ap_title=title,
        calling_ae_qualifier=certificate,
        calling_ae_invocation_id=user_id,
    ).encode()
    _, start, end = ber.decode(apdu, 0, len(apdu))
    return apdu[start:end]


def complete(head: bytes, secret: bytes | None, inside: bytes) -> bytes:
    """Make the AARQ, from its head on."""
    value = encode_inner(0xAC, CHARSTRING, secret)
    return ber.encode(AARQ_TAG, head + value + encode_inner(USER_INFORMATION, OCTET_STRING, inside))


class Associate(Exchange):
    """AARQ and AARE, and with mechanisms 2 to 7 the passes 3 and 4 of the authentication."""

    __slots__ = ("_challenge", "_dedicated_key", "_max_pdu", "_proof", "_response", "_theirs")

    def __init__(self, request: int, max_pdu: int) -> None:
        super().__init__(request)
        self._max_pdu = max_pdu
        self._challenge = self._theirs = b""
        self._dedicated_key: bytes | None = None
        self._response: InitiateResponse | None = None
        self._proof: Proof | None = None

    def start(self, session: Session) -> bytes:
        """Make the AARQ."""
        security = session.security
        session.begin()
        secret = security.password
        if security.mechanism > LOW:
            secret = self._challenge = session.random(challenge_length(session))
        self._dedicated_key = dedicated_key(session)
        initiate = propose(session, self._max_pdu, self._dedicated_key)
        certificate, user_id = security.pairs.certificate, security.user_id
        if secret is None and session.ciphering is None and certificate is None and user_id is None:
            return plain_request(session.context, security.client_title, initiate)
        head = request_head(session.context, security.mechanism, security.client_title, certificate, user_id)
        return complete(head, secret, session.seal(initiate))

    def take(self, session: Session, apdu: bytes) -> bytes | Event | None:
        """Take the AARE, or pass 4."""
        if self._response is not None:
            return self._take_reply(session, self._response, apdu)
        if apdu[0] != AARE_TAG:
            raise self.unexpected(apdu)
        aare, title, challenge, inside = READER.read(apdu) if session.security.mechanism else read_plain(apdu)
        if aare.result is not AssociationResult.ACCEPTED:
            raise refusal(aare)
        if aare.application_context is not session.context:
            message = "the server accepted another application context than was asked for"
            raise SecurityError(message)
        meet(session, title, aare.responding_ae_qualifier)
        self._response = response = self._negotiate(session, inside)
        if session.security.mechanism <= LOW:
            return Associated(self.id, response, title)
        return self._reply(session, challenge)

    def refused(self, apdu: bytes) -> AmiError:
        """Make the error of an answer that opens nothing."""
        return refused_opening(apdu, is_proof=self._response is not None)

    def _negotiate(self, session: Session, inside: bytes | None) -> InitiateResponse:
        """Take the terms of an accepting AARE."""
        if not inside and session.quirks.omits_initiate_response and session.ciphering is None:
            response = InitiateResponse(session.proposed)
        else:
            response = read_response(open_initiate(session, inside))
        session.conformance = response.conformance & session.proposed
        session.limit = response.server_max_receive_pdu_size or NO_LIMIT
        if self._dedicated_key is not None:
            session.dedicate(self._dedicated_key)
        return response

    def _reply(self, session: Session, challenge: bytes | None) -> bytes:
        """Make pass 3: f(StoC)."""
        if challenge is None:
            message = "the server sent no challenge"
            raise SecurityError(message)
        check_challenge(challenge, self._challenge, session.security.mechanism)
        self._theirs = challenge
        self._proof = proof = session.proof()
        return session.seal(self.ask_reply(session, octet_string(proof.reply(challenge, self._challenge))))

    def ask_reply(self, session: Session, reply: bytes) -> bytes:
        """Make the request that brings f(StoC) to the association object."""
        self.invoke = session.next_invoke()
        method = REPLY_TO_HLS_AUTHENTICATION._replace(logical_name=session.quirks.association_object)
        return action_request_normal(self.invoke, method, reply)

    def read_reply(self, apdu: bytes) -> object:
        """Read f(CtoS) out of the answer; refused where the server refused ours."""
        if apdu[:2] == ACTION_RESPONSE and apdu[3:6] == WITH_DATA:
            return apdu[6:]
        answer = ActionResponseNormal.decode(apdu)
        if answer.result is not ActionResult.SUCCESS:
            raise refused_proof(answer.result)
        return answer.data

    def _take_reply(self, session: Session, response: InitiateResponse, apdu: bytes) -> Event:
        """Take pass 4: f(CtoS) proves that the server is who it says it is."""
        data, proof = self.read_reply(apdu), self._proof
        if not is_octet_string(data) or proof is None:
            raise unproven()
        try:
            proof.check(data[2:], self._challenge, self._theirs)
        except DecodeError:
            raise unproven() from None
        return Associated(self.id, response, session.server_title or None)


class Release(Exchange):
    """RLRQ and RLRE; ciphered associations prove the request by an initiate-request inside."""

    __slots__ = ("_max_pdu",)

    def __init__(self, request: int, max_pdu: int) -> None:
        super().__init__(request)
        self._max_pdu = max_pdu

    def start(self, session: Session) -> bytes:
        """Make the RLRQ."""
        if session.ciphering is None:
            return PLAIN_RLRQ
        session.go_global()
        return RLRQ(user_information=session.seal(propose(session, self._max_pdu, None))).encode()

    def take(self, session: Session, apdu: bytes) -> bytes | Event | None:
        """Take the RLRE. Many meters send it empty; what is ciphered inside must be right."""
        if apdu[0] != RLRE_TAG:
            return None
        inside = None if apdu in PLAIN_RLRE else released(apdu)
        if inside and session.ciphering is not None and inside[0] in CIPHERED:
            session.ciphering.open(inside)
        session.end()
        return Released(self.id)


def released(apdu: bytes) -> bytes | None:
    """User-information of an RLRE; the form that nearly all have is read at a glance."""
    size = len(apdu)
    if apdu[2:6] == NORMAL_RELEASE and apdu[7:8] == b"\x04" and (size - 2, size - 7, size - 9) == (
        apdu[1], apdu[6], apdu[8],
    ):  # fmt: skip
        return apdu[9:]
    return RLRE.decode(apdu).user_information


def propose(session: Session, max_pdu: int, dedicated_key: bytes | None) -> bytes:
    """Make the initiate-request; without a key in it, it is the same for every meter."""
    if dedicated_key is not None:
        return InitiateRequest(session.proposed, max_pdu, dedicated_key).encode()
    return plain_proposal(session.proposed, max_pdu)


def challenge_length(session: Session) -> int:
    """Choose the length of our challenge: as set, but no longer than the meter can work with."""
    security = session.security
    return min(security.challenge_length, max(session.quirks.challenge_limit, least_challenge(security.mechanism)))


def dedicated_key(session: Session) -> bytes | None:
    """Choose the dedicated key of a new association: given, or drawn."""
    key = session.security.dedicated_key
    return session.random(session.security.suite.key_length) if key == "random" else key


def unproven() -> SecurityError:
    """Error for a server that sends nothing like a reply to our challenge."""
    return SecurityError("the server did not prove who it is")


def octet_string(octets: bytes) -> bytes:
    """A reply as COSEM data; none is longer than a signature."""
    return bytes((9, len(octets))) + octets


def is_octet_string(data: object) -> TypeGuard[bytes]:
    """Whether data is an octet-string and nothing else."""
    return isinstance(data, bytes) and data[:1] == b"\x09" and len(data) > 1 and data[1] == len(data) - 2 <= SHORT


def meet(session: Session, title: bytes | None, certificate: bytes | None) -> None:
    """Take the server's system title; where one was expected no other will do, and it cannot be ours."""
    security = session.security
    expected, own = security.server_title, security.client_title
    if expected is not None and title not in {None, expected}:
        message = "the server bears another system title than expected"
        raise SecurityError(message)
    title = title or expected
    if own is not None and title == own:
        message = "the server bears our own system title"
        raise SecurityError(message)
    if (session.cipher is not None or security.mechanism in TITLED) and (title is None or len(title) != TITLE_LENGTH):
        message = "the server names no system title of 8 octets, and none was given"
        raise SecurityError(message)
    session.meet(title or b"", certificate)


def open_initiate(session: Session, inside: bytes | None) -> bytes:
    """Open the initiate-response of an AARE."""
    if not inside:
        message = "the AARE accepts but brings no initiate-response"
        raise RemoteProtocolError(message)
    return session.open(inside)
