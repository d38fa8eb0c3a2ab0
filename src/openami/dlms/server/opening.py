"""Opening an association at the server: what an AARQ must say (Green Book, 9.3.2, 9.4.2 and 9.2.7.4)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    KeyPairs,
    PolicyError,
    ReceiveCounter,
    Route,
    SendCounter,
    Way,
)
from openami.dlms.security.envelope import CIPHERED, Form
from openami.dlms.security.hls import GMAC, TITLED, Gmac, Proof, check_challenge, is_password, least_challenge, prove
from openami.dlms.security.layers import Extension
from openami.dlms.security.material import BROADCAST, GLOBAL, Material
from openami.dlms.security.suite import SIGNED, TITLE_LENGTH
from openami.dlms.server.association import Association
from openami.dlms.server.transfers import Terms
from openami.dlms.xdlms import (
    ConfirmedService,
    ConfirmedServiceError,
    ErrorClass,
    InitiateError,
    InitiateRequest,
    InitiateResponse,
)
from openami.dlms.xdlms.initiate import VAA_NAME_LN, VAA_NAME_SN

DLMS_VERSION: Final = 6
#: Tag of an octet-string that holds f(StoC) or f(CtoS).
OCTET_STRING: Final = 9
VAA_NAMES: Final = {ApplicationContext.SN: VAA_NAME_SN, ApplicationContext.SN_CIPHERED: VAA_NAME_SN}
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
    """Counter of what one client sends under one kind of key, kept in the server's store."""

    __slots__ = ("_client_sap", "_counters", "_key")

    def __init__(self, counters: Counters, client_sap: int, key: str) -> None:
        self._counters = counters
        self._client_sap = client_sap
        self._key = key

    @property
    def last(self) -> int:
        """Highest value accepted so far."""
        return self._counters.received(self._client_sap, self._key)

    def accept(self, value: int) -> None:
        """Remember a value whose tag has verified."""
        self._counters.accept(self._client_sap, self._key, value)


class Opening:
    """One AARQ, taken apart and checked; holds what the association will need."""

    __slots__ = (
        "_answer",
        "_association",
        "_identity",
        "_least",
        "_pairs",
        "_proof",
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
        self._least, self._answer = association.policy.request, association.policy.response
        keys = association.keys
        self.cipher = None if keys is None else Cipher(keys.encryption, keys.authentication)
        self.received = self.received_under(GLOBAL)
        self.ciphering: Ciphering | None = None
        self.challenge = self.peer_challenge = b""
        self._proof: Proof | None = None
        self.way: Way = None
        self._check_names(aarq)
        self.peer_title = self._check_title(aarq.calling_ap_title)
        self._pairs = self._check_certificate(aarq.calling_ae_qualifier)
        self.terms = self._negotiate(self._open(aarq.user_information or b""))
        self._authenticate(aarq.calling_authentication_value or b"")

    def received_under(self, name: str) -> Stored:
        """Counter of what arrives under a kind of key."""
        association, key = self._association, name
        if name == GLOBAL:
            key = association.counter
        elif name == BROADCAST:
            key = association.broadcast_counter
        return Stored(self._identity.counters, association.client_sap, key)

    def _check_names(self, aarq: AARQ) -> None:
        association = self._association
        if not aarq.is_version1:
            raise RejectionError(ProviderDiagnostic.NO_COMMON_ACSE_VERSION)
        if aarq.application_context is not association.context:
            raise RejectionError(Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)
        if association.users and aarq.calling_ae_invocation_id not in association.users:
            raise RejectionError(Diagnostic.CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED)
        mechanism = Mechanism.LOWEST if aarq.mechanism is None else aarq.mechanism
        if mechanism is association.mechanism:
            return
        if mechanism is Mechanism.LOWEST:
            raise RejectionError(Diagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED)
        raise RejectionError(Diagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED)

    def _check_title(self, title: bytes | None) -> bytes:
        """Take the client's system title, which keys and mechanisms 5 to 7 need; ours is not taken."""
        if self.cipher is None and self._association.mechanism not in TITLED:
            return title or b""
        if title is None or len(title) != TITLE_LENGTH or title == self._identity.system_title:
            raise RejectionError(Diagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED)
        return title

    def _check_certificate(self, presented: bytes | None) -> KeyPairs:
        """Take the signature key of a client we do not know from the certificate it presents, if that is trusted."""
        pairs = self._association.pairs
        if not presented or pairs.trust is None or pairs.peer_signature is not None:
            return pairs
        try:
            return replace(pairs, peer_signature=pairs.trust(self.peer_title, presented))
        except (SecurityError, DecodeError):
            raise RejectionError(Diagnostic.CALLING_AE_QUALIFIER_NOT_RECOGNIZED) from None

    def _open(self, inside: bytes) -> bytes:
        """Open the initiate-request; it must be protected as the policy asks."""
        if self._association.is_ciphered:
            self.ciphering = self._cipher()
        if not inside or inside[0] not in CIPHERED:
            if self._least:
                raise RejectionError(Diagnostic.AUTHENTICATION_FAILURE)
            self.way = self._way_back(None)
            return inside
        if self.ciphering is None:
            raise RejectionError(Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)
        try:
            plain, form, control = self.ciphering.open(inside)
        except CounterError:
            raise
        except SecurityError:
            raise RejectionError(Diagnostic.AUTHENTICATION_FAILURE) from None
        self.way = self._way_back((form, control))
        return plain

    def _cipher(self) -> Ciphering:
        """Join keys, titles and counters."""
        association, title = self._association, self._identity.system_title
        channel = None
        if self.cipher is not None:
            channel = Channel(self.cipher, association.suite, self.next_send, self.received)
        ciphering = Ciphering(channel, title, self.peer_title, self._least)
        ciphering.extend = self._extend
        return ciphering

    def _extend(self, ciphering: Ciphering) -> Extension:
        association, random = self._association, self._identity.random
        keys, pairs = association.keys, self._pairs
        material = Material(association.suite, keys, pairs, random, self.next_send, self.received_under)
        return Extension(ciphering, material)

    def next_send(self) -> int:
        """Spend one value of the server's own counter."""
        return self._identity.counters.next_send(self._association.client_sap, self._association.counter)

    def _negotiate(self, initiate: bytes) -> Terms:
        try:
            request = InitiateRequest.decode(initiate)
        except DecodeError:
            raise RejectionError(Diagnostic.NO_REASON_GIVEN, InitiateError.OTHER) from None
        conformance = request.conformance & self._association.services
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
        vaa_name = VAA_NAMES.get(self._association.context, VAA_NAME_LN)
        self.response = InitiateResponse(conformance, self._identity.max_pdu, vaa_name)
        return terms

    def _dedicate(self, key: bytes) -> None:
        """Take a dedicated key; one that came in clear is none."""
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
        mechanism = association.mechanism
        if mechanism is Mechanism.LOW and not is_password(association.secret or b"", value):
            raise RejectionError(Diagnostic.AUTHENTICATION_FAILURE)
        if mechanism <= Mechanism.LOW:
            return
        self.peer_challenge = value
        self.challenge = identity.random(max(identity.challenge_length, least_challenge(mechanism)))
        try:
            check_challenge(value, self.challenge, mechanism)
            self._proof = self._prove()
        except SecurityError:
            raise RejectionError(Diagnostic.AUTHENTICATION_FAILURE) from None

    def _prove(self) -> Proof:
        association, ends = self._association, (self._identity.system_title, self.peer_title)
        if association.mechanism == GMAC and self.cipher is not None:
            return Gmac(self.cipher, association.suite, ends, self.next_send, self.received)
        return prove(association.mechanism, ends, association.secret, association.manufacturer, self._pairs)

    def open(self, apdu: bytes) -> tuple[bytes, Way]:
        """Open an APDU of the association; one that is less protected than the policy asks is refused."""
        if apdu[0] not in CIPHERED:
            if self._least:
                message = "a plain APDU arrived where the policy asks for ciphering"
                raise PolicyError(message)
            return apdu, self._way_back(None)
        if self.ciphering is None:
            message = "a ciphered APDU arrived in an association without ciphering"
            raise SecurityError(message)
        plain, form, control = self.ciphering.open(apdu)
        return plain, self._way_back((form, control))

    def _way_back(self, way: Way) -> Way:
        """Answer in kind, and at least as the policy asks of responses."""
        answer = self._answer
        if way is None:
            return self._way_back((Form.GLO, 0)) if answer else None
        form, control = way
        if control & answer == answer:
            return way
        if answer & SIGNED and not (isinstance(form, Route) and form.signing):
            route = form if isinstance(form, Route) else Route(form)
            form = replace(route, signing="outside")
        if answer & ~SIGNED and isinstance(form, Route) and form.form is None:
            form = replace(form, form=Form.GLO)
        return form, control | answer

    def seal(self, apdu: bytes, way: Way) -> bytes:
        """Protect an answer as its request was."""
        return apdu if way is None or self.ciphering is None else self.ciphering.seal(apdu, *way)

    def notice(self, apdu: bytes) -> bytes:
        """Protect what the client has not asked for, as the initiate-response was."""
        way = self.way
        if way is not None and isinstance(way[0], Route):
            way = replace(way[0], transaction_id=b""), way[1]
        return self.seal(apdu, way)

    def authenticate(self, parameters: bytes) -> bytes:
        """Take f(StoC) and make f(CtoS), each in an octet-string."""
        proof = self._proof
        if parameters[:1] != b"\x09" or parameters[1:2] != bytes((len(parameters) - 2 & 0xFF,)) or proof is None:
            message = "reply_to_HLS_authentication without a reply"
            raise DecodeError(message)
        proof.check(parameters[2:], self.challenge, self.peer_challenge)
        reply = proof.reply(self.peer_challenge, self.challenge)
        return bytes((OCTET_STRING, len(reply))) + reply

    def aare(self) -> AARE:
        """Make the accepting answer, its initiate-response protected as the request was."""
        association = self._association
        is_high = association.mechanism > Mechanism.LOW
        is_titled = self.cipher is not None or association.mechanism in TITLED
        return AARE(
            application_context=association.context,
            diagnostic=Diagnostic.AUTHENTICATION_REQUIRED if is_high else Diagnostic.NULL,
            mechanism=association.mechanism if is_high else None,
            responding_authentication_value=self.challenge if is_high else None,
            responding_ap_title=self._identity.system_title if is_titled else None,
            user_information=self.seal(self.response.encode(), self.way),
            responding_ae_qualifier=self._pairs.certificate,
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
