"""Opening an association at the server: what an AARQ must say (Green Book, 9.3.2, 9.4.2 and 9.2.7.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from openami.core.errors import AssociationError, DecodeError, SecurityError
from openami.dlms.acse import (
    AARE,
    AARQ,
    ApplicationContext,
    AssociationResult,
    Diagnostic,
    Mechanism,
    ProviderDiagnostic,
)
from openami.dlms.security import (
    Channel,
    Cipher,
    Ciphering,
    CounterError,
    Counters,
    PolicyError,
    ReceiveCounter,
    SendCounter,
)
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.security.hls import (
    REPLY_LENGTH,
    check_challenge,
    is_password,
    reply_to_challenge,
    verify_reply,
)
from openami.dlms.security.suite import TITLE_LENGTH
from openami.dlms.server.association import Association
from openami.dlms.server.transfers import Terms, Way
from openami.dlms.xdlms import (
    ConfirmedService,
    ConfirmedServiceError,
    ErrorClass,
    InitiateError,
    InitiateRequest,
    InitiateResponse,
)

KEY: Final = "global"
DLMS_VERSION: Final = 6
#: An octet-string that holds f(StoC) or f(CtoS).
REPLY_HEAD: Final = bytes((9, REPLY_LENGTH))
NO_LIMIT: Final = 0xFFFF
#: Least client-max-receive-pdu-size: a block of one octet must fit.
MIN_ROOM: Final = 12


@dataclass(frozen=True, slots=True)
class Identity:
    """What all associations of a server share."""

    system_title: bytes
    counters: Counters
    random: Callable[[int], bytes]
    max_pdu: int
    challenge_length: int
    accepts_plain_release: bool


class RejectionError(AssociationError):
    """An AARQ that is answered by a rejecting AARE."""

    def __init__(
        self, diagnostic: Diagnostic | ProviderDiagnostic, initiate_error: InitiateError | None = None
    ) -> None:
        super().__init__("association rejected", result=AssociationResult.REJECTED_PERMANENT, diagnostic=diagnostic)
        self.reason = diagnostic
        self.initiate_error = initiate_error

    @property
    def is_failed_login(self) -> bool:
        """Whether a secret was wrong."""
        return self.reason is Diagnostic.AUTHENTICATION_FAILURE


class Stored:
    """Received counter of one client, kept in the server's store."""

    __slots__ = ("_client_sap", "_counters")

    def __init__(self, counters: Counters, client_sap: int) -> None:
        self._counters = counters
        self._client_sap = client_sap

    @property
    def last(self) -> int:
        """Highest value accepted so far."""
        return self._counters.received(self._client_sap, KEY)

    def accept(self, value: int) -> None:
        """Remember a value whose tag has verified."""
        self._counters.accept(self._client_sap, KEY, value)


class Opening:
    """One AARQ, taken apart and checked; holds what the association will need."""

    __slots__ = (
        "_association",
        "_identity",
        "challenge",
        "cipher",
        "ciphering",
        "peer_challenge",
        "peer_title",
        "received",
        "response",
        "terms",
        "way",
    )

    def __init__(self, association: Association, identity: Identity, aarq: AARQ) -> None:
        self._association = association
        self._identity = identity
        keys = association.keys
        self.cipher = None if keys is None else Cipher(keys.encryption, keys.authentication)
        self.received = Stored(identity.counters, association.client_sap)
        self.ciphering: Ciphering | None = None
        self.challenge = self.peer_challenge = b""
        self.way: Way = None
        self._check_names(aarq)
        self.peer_title = self._check_title(aarq.calling_ap_title)
        self.terms = self._negotiate(self._open(aarq.user_information or b""))
        self._authenticate(aarq.calling_authentication_value or b"")

    def _check_names(self, aarq: AARQ) -> None:
        association = self._association
        if not aarq.is_version1:
            raise RejectionError(ProviderDiagnostic.NO_COMMON_ACSE_VERSION)
        if aarq.application_context is not association.context:
            raise RejectionError(Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)
        mechanism = Mechanism.LOWEST if aarq.mechanism is None else aarq.mechanism
        if mechanism is association.mechanism:
            return
        if mechanism is Mechanism.LOWEST:
            raise RejectionError(Diagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED)
        raise RejectionError(Diagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED)

    def _check_title(self, title: bytes | None) -> bytes:
        """Take the client's system title, which a ciphered or GMAC association needs; ours is not taken."""
        if self.cipher is None:
            return title or b""
        if title is None or len(title) != TITLE_LENGTH or title == self._identity.system_title:
            raise RejectionError(Diagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED)
        return title

    def _open(self, inside: bytes) -> bytes:
        """Open the initiate-request; it must be protected as the policy asks."""
        association = self._association
        if association.is_ciphered and self.cipher is not None:
            channel = Channel(self.cipher, association.suite, self.next_send, self.received)
            least = association.policy.control
            self.ciphering = Ciphering(channel, self._identity.system_title, self.peer_title, least)
        if not inside or inside[0] not in CIPHERED:
            if association.policy:
                raise RejectionError(Diagnostic.AUTHENTICATION_FAILURE)
            return inside
        if self.ciphering is None:
            raise RejectionError(Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)
        try:
            plain, form, control = self.ciphering.open(inside)
        except CounterError:
            raise
        except SecurityError:
            raise RejectionError(Diagnostic.AUTHENTICATION_FAILURE) from None
        self.way = form, control
        return plain

    def next_send(self) -> int:
        """Spend one value of the server's own counter."""
        return self._identity.counters.next_send(self._association.client_sap, KEY)

    def _negotiate(self, initiate: bytes) -> Terms:
        try:
            request = InitiateRequest.decode(initiate)
        except DecodeError:
            raise RejectionError(Diagnostic.NO_REASON_GIVEN, InitiateError.OTHER) from None
        conformance = request.conformance & self._association.conformance
        limit = min(request.client_max_receive_pdu_size or NO_LIMIT, self._identity.max_pdu or NO_LIMIT)
        terms = Terms(conformance, limit, self.ciphering)
        if request.proposed_dlms_version < DLMS_VERSION:
            raise RejectionError(Diagnostic.NO_REASON_GIVEN, InitiateError.DLMS_VERSION_TOO_LOW)
        if not conformance:
            raise RejectionError(Diagnostic.NO_REASON_GIVEN, InitiateError.INCOMPATIBLE_CONFORMANCE)
        if terms.room(self.way) < MIN_ROOM:
            raise RejectionError(Diagnostic.NO_REASON_GIVEN, InitiateError.PDU_SIZE_TOO_SHORT)
        if request.dedicated_key is not None:
            self._dedicate(request.dedicated_key)
        self.response = InitiateResponse(conformance, self._identity.max_pdu)
        return terms

    def _dedicate(self, key: bytes) -> None:
        association = self._association
        if self.ciphering is None or association.keys is None or self.way is None:
            return
        if len(key) != association.suite.key_length:
            raise RejectionError(Diagnostic.NO_REASON_GIVEN, InitiateError.REFUSED_BY_THE_VDE_HANDLER)
        cipher = Cipher(key, association.keys.authentication)
        self.ciphering.dedicated = Channel(cipher, association.suite, SendCounter().take, ReceiveCounter())

    def _authenticate(self, value: bytes) -> None:
        """Compare the password, or take the client's challenge and draw ours."""
        association, identity = self._association, self._identity
        if association.mechanism is Mechanism.LOW and not is_password(association.secret or b"", value):
            raise RejectionError(Diagnostic.AUTHENTICATION_FAILURE)
        if association.mechanism is not Mechanism.HIGH_GMAC:
            return
        self.peer_challenge = value
        self.challenge = identity.random(identity.challenge_length)
        try:
            check_challenge(value, self.challenge)
        except SecurityError:
            raise RejectionError(Diagnostic.AUTHENTICATION_FAILURE) from None

    def open(self, apdu: bytes) -> tuple[bytes, Way]:
        """Open an APDU of the association; one that is less protected than the policy asks is refused."""
        if apdu[0] not in CIPHERED:
            if self._association.policy:
                message = "a plain APDU arrived where the policy asks for ciphering"
                raise PolicyError(message)
            return apdu, None
        if self.ciphering is None:
            message = "a ciphered APDU arrived in an association without ciphering"
            raise SecurityError(message)
        plain, form, control = self.ciphering.open(apdu)
        return plain, (form, control)

    def seal(self, apdu: bytes, way: Way) -> bytes:
        """Protect an answer as its request was."""
        return apdu if way is None or self.ciphering is None else self.ciphering.seal(apdu, *way)

    def authenticate(self, parameters: bytes) -> bytes:
        """Take f(StoC) and make f(CtoS), each in an octet-string."""
        if parameters[:2] != REPLY_HEAD or self.cipher is None:
            message = "reply_to_HLS_authentication without a reply"
            raise DecodeError(message)
        suite = self._association.suite
        counter = verify_reply(self.cipher, self.peer_title, suite, self.challenge, parameters[2:])
        if counter > self.received.last:
            self.received.accept(counter)
        title, own = self._identity.system_title, self.next_send()
        return REPLY_HEAD + reply_to_challenge(self.cipher, title, suite, own, self.peer_challenge)

    def aare(self) -> AARE:
        """Make the accepting answer, its initiate-response protected as the request was."""
        inside = self.seal(self.response.encode(), self.way)
        is_gmac = self._association.mechanism is Mechanism.HIGH_GMAC
        return AARE(
            application_context=self._association.context,
            diagnostic=Diagnostic.AUTHENTICATION_REQUIRED if is_gmac else Diagnostic.NULL,
            mechanism=Mechanism.HIGH_GMAC if is_gmac else None,
            responding_authentication_value=self.challenge if is_gmac else None,
            responding_ap_title=None if self.cipher is None else self._identity.system_title,
            user_information=inside,
        )


def reject(context: ApplicationContext | bytes, title: bytes | None, error: RejectionError) -> bytes:
    """Make the rejecting AARE; an initiate-error goes into its user-information."""
    code = error.initiate_error
    inside = None
    if code is not None:
        inside = ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, code).encode()
    return AARE(
        application_context=context,
        result=AssociationResult.REJECTED_PERMANENT,
        diagnostic=error.reason,
        responding_ap_title=title,
        user_information=inside,
    ).encode()
