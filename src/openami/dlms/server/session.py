"""One client SAP on one connection: opening, authentication, services, release."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from openami.core.errors import AmiError, DecodeError, LocalProtocolError, SecurityError
from openami.dlms.acse import AARQ, RLRE, RLRQ, Diagnostic
from openami.dlms.security import CompressionError, CounterError, PolicyError, Way
from openami.dlms.security.counters import LAST
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.server.association import Association
from openami.dlms.server.events import Ended, Event, Opened, Refused, Results
from openami.dlms.server.login import login
from openami.dlms.server.opening import Identity, Opening, RejectionError, reject
from openami.dlms.server.refusal import NotServedError
from openami.dlms.server.services import Services
from openami.dlms.server.transfers import Terms
from openami.dlms.xdlms import (
    ExceptionResponse,
    ServiceErrorCode,
    StateError,
)
from openami.dlms.xdlms.short import NO_NAMES

AARQ_TAG, RLRQ_TAG = 0x60, 0x62


class State(Enum):
    """Where the association of a client stands."""

    IDLE = "idle"
    PENDING = "pending"
    ASSOCIATED = "associated"


class Step(Enum):
    """What moves an association."""

    ACCEPT = "accept"
    CHALLENGE = "challenge"
    AUTHENTICATE = "authenticate"
    END = "end"


#: State -> what happens -> state after it.
TRANSITIONS: Final[Mapping[State, Mapping[Step, State]]] = {
    State.IDLE: {Step.ACCEPT: State.ASSOCIATED, Step.CHALLENGE: State.PENDING},
    State.PENDING: {Step.AUTHENTICATE: State.ASSOCIATED, Step.END: State.IDLE},
    State.ASSOCIATED: {Step.END: State.IDLE},
}


class Session:
    """The association of one client SAP, if it is open, and how it is opened and ended."""

    __slots__ = ("_association", "_identity", "_opening", "_services", "state")

    def __init__(self, association: Association, identity: Identity) -> None:
        self._association = association
        self._identity = identity
        self._opening: Opening | None = None
        self._services: Services | None = None
        self.state = State.IDLE

    def take(self, apdu: bytes, events: list[Event], request: int) -> bytes | None:
        """Take an APDU and give the answer, if there is one at once; `request` names what must be asked."""
        try:
            return self._take(apdu, events, request)
        except AmiError as error:
            if isinstance(error, SecurityError):
                events.append(Refused(self._association.client_sap, str(error)))
            return refuse(error).encode()

    def is_asking(self, request: int) -> bool:
        """Whether a request of this association waits for its results."""
        return self._services is not None and self._services.is_asking(request)

    def answer(self, request: int, results: Results) -> bytes | None:
        """Make the answer to a request, or none if the client wanted none."""
        opening, services = self._opening, self._services
        if opening is None or services is None:
            return None
        answer = services.answer(request, results)
        return None if answer is None else opening.seal(*answer)

    @property
    def terms(self) -> Terms | None:
        """What was negotiated, as long as there is an association."""
        return None if self._opening is None else self._opening.terms

    def notice(self, apdu: bytes) -> bytes:
        """Protect an APDU that nobody asked for as the association was opened."""
        opening = self._opening
        if opening is None or self.state is not State.ASSOCIATED:
            raise LocalProtocolError(f"client {self._association.client_sap} is not associated")
        return opening.notice(apdu)

    def end(self, events: list[Event]) -> None:
        """End the association, if there is one; requests that wait are forgotten."""
        if self.state is State.ASSOCIATED:
            events.append(Ended(self._association.client_sap))
        if self.state is not State.IDLE:
            self._move(Step.END)
        self._opening = self._services = None

    def _move(self, step: Step) -> None:
        self.state = TRANSITIONS[self.state][step]

    def _take(self, apdu: bytes, events: list[Event], request: int) -> bytes | None:
        if apdu[0] == AARQ_TAG:
            return self._open(apdu, events)
        opening, services = self._opening, self._services
        if opening is None or services is None:
            raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
        if apdu[0] == RLRQ_TAG:
            return self._release(opening, apdu, events)
        plain, way = opening.open(apdu)
        if self.state is State.PENDING:
            return self._authenticate(opening, plain, way, events)
        outcome = services.take(plain, way)
        if isinstance(outcome, bytes):
            return opening.seal(outcome, way)
        if outcome is not None:
            events.append(services.ask(request, self._association.client_sap, outcome))
        return None

    def _open(self, apdu: bytes, events: list[Event]) -> bytes:
        """Take an AARQ."""
        association = self._association
        try:
            opening = Opening(association, self._identity, AARQ.decode(apdu))
            answer = opening.aare().encode()
        except DecodeError:
            error = RejectionError(Diagnostic.NO_REASON_GIVEN)
            return reject(association.context, self._title, error)
        except RejectionError as error:
            if error.is_failed_login:
                events.append(Refused(association.client_sap, "authentication failure"))
            return reject(association.context, self._title, error)
        self._opening, self._services = opening, Services(opening.terms, association.names or NO_NAMES)
        if opening.challenge:
            self._move(Step.CHALLENGE)
        else:
            self._move(Step.ACCEPT)
            events.append(Opened(association.client_sap))
        return answer

    @property
    def _title(self) -> bytes | None:
        return None if self._association.keys is None else self._identity.system_title

    def _authenticate(self, opening: Opening, apdu: bytes, way: Way, events: list[Event]) -> bytes:
        """Take pass 3, f(StoC), and give pass 4, f(CtoS); nothing else is served before."""
        client_sap = self._association.client_sap
        request = login(apdu, self._association.names)
        if request is None:
            raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
        try:
            reply = opening.authenticate(request.reply)
        except (SecurityError, DecodeError):
            events.append(Refused(client_sap, "authentication failure"))
            sealed = opening.seal(request.refusal, way)
            self.end(events)
            return sealed
        self._move(Step.AUTHENTICATE)
        events.append(Opened(client_sap))
        return opening.seal(request.head + reply, way)

    def _release(self, opening: Opening, apdu: bytes, events: list[Event]) -> bytes:
        """Take an RLRQ and answer in kind; a plain one under a policy only where that is allowed."""
        inside = RLRQ.decode(apdu).user_information or b""
        answer = RLRE()
        if opening.ciphering is not None and inside[:1] and inside[0] in CIPHERED:
            _, way = opening.open(inside)
            answer = RLRE(user_information=opening.seal(opening.response.encode(), way))
        elif self._association.policy.request and not self._identity.accepts_plain_release:
            message = "release request that is less protected than the policy asks for"
            raise PolicyError(message)
        self.end(events)
        return answer.encode()


def refuse(error: AmiError) -> ExceptionResponse:
    """Make the exception-response for a request that is not served."""
    if isinstance(error, NotServedError):
        return ExceptionResponse(error.state_error, error.service_error)
    code, counter = ServiceErrorCode.OTHER_REASON, None
    if isinstance(error, CounterError):
        code, counter = ServiceErrorCode.INVOCATION_COUNTER_ERROR, min(error.expected, LAST)
    elif isinstance(error, CompressionError):
        code = ServiceErrorCode.SERVICE_NOT_SUPPORTED
    elif isinstance(error, PolicyError):
        code = ServiceErrorCode.OPERATION_NOT_POSSIBLE
    elif isinstance(error, SecurityError):
        code = ServiceErrorCode.DECIPHERING_ERROR
    return ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, code, counter)
