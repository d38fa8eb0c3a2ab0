"""The server said no: one typed error, with a hint in plain words."""

from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum
from typing import Final

from openami.core.errors import (
    AmiError,
    AssociationError,
    ConnectionLost,
    DecodeError,
    LinkTimeout,
    RemoteProtocolError,
    SecurityError,
    ServiceError,
    result_name,
)
from openami.dlms.acse import AARE, Diagnostic, ProviderDiagnostic
from openami.dlms.client.hints import (
    DIAGNOSTICS,
    DM,
    FRAMES,
    INITIATE,
    NO_REASON,
    PROOF,
    PROVIDER,
    SERVICES,
    STATES,
    UNDECIPHERED,
)
from openami.dlms.hdlc.reject import DisconnectedModeError, FrameReject, FrameRejectedError, UnansweredError
from openami.dlms.security import CounterError
from openami.dlms.xdlms import (
    ConfirmedServiceError,
    ErrorClass,
    ExceptionResponse,
    InitiateError,
    ServiceErrorCode,
    StateError,
)

REFUSED: Final = "the server refused the association"
#: Codes that say that ciphering failed.
UNSAFE: Final = frozenset((ServiceErrorCode.DECIPHERING_ERROR, ServiceErrorCode.INVOCATION_COUNTER_ERROR))


class OpeningState(StrEnum):
    """Where an association came to an end before it was open: what the server said, or did not."""

    NO_UA = "no UA"
    DM = "DM"
    FRMR = "FRMR"
    AARE = "AARE"
    SERVICE_ERROR = "confirmed-service-error"
    EXCEPTION = "exception-response"
    PROOF = "reply_to_HLS_authentication"


class RefusedError(AssociationError):
    """An association was refused: where it ended, what the server said of it, and what to look at.

    `initiate_error` tells what was wrong with the proposal, `exception` is the exception-response and `aare` the AARE
    that refused; a link that could not be set up gives one of the classes below, which is an error of the link too.
    """

    def __init__(
        self,
        message: str,
        *,
        state: OpeningState,
        result: IntEnum | None = None,
        diagnostic: IntEnum | None = None,
        initiate_error: InitiateError | None = None,
        exception: ExceptionResponse | None = None,
        aare: AARE | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, result=result, diagnostic=diagnostic, hint=hint)
        self.state = state
        self.initiate_error = initiate_error
        self.exception = exception
        self.aare = aare


class UndecipheredError(RefusedError, SecurityError):
    """The server could not decipher what would have opened the association."""


class DisconnectedError(RefusedError, ConnectionLost):
    """The server takes no HDLC connection: DM."""

    def __init__(self, message: str) -> None:
        super().__init__(message, state=OpeningState.DM, hint=DM)


class NoAnswerError(RefusedError, LinkTimeout):
    """Nobody has answered SNRM."""

    def __init__(self, message: str) -> None:
        super().__init__(message, state=OpeningState.NO_UA, hint=UnansweredError.HINT)


class RefusedFrameError(RefusedError, RemoteProtocolError):
    """The server answered FRMR; `reject` says why, if it did."""

    def __init__(self, message: str, reject: FrameReject | None) -> None:
        reasons = [] if reject is None else [FRAMES[reason] for reason in reject.reason]
        super().__init__(message, state=OpeningState.FRMR, hint="; ".join(reasons) or NO_REASON)
        self.reject = reject


class ExceptionError(ServiceError):
    """The server answered a request by an exception-response."""

    def __init__(self, state_error: StateError, service_error: ServiceErrorCode) -> None:
        super().__init__(state_error, service_error)
        self.state_error = state_error
        self.service_error = service_error

    def __str__(self) -> str:
        return f"exception-response: {result_name(self.state_error)}, {result_name(self.service_error)}"


class ConfirmedError(ServiceError):
    """The server answered a request by a confirmed-service-error; `error` tells of which family and code."""

    def __init__(self, error: ConfirmedServiceError) -> None:
        super().__init__(error)
        self.error = error

    def __str__(self) -> str:
        return f"confirmed-service-error to {result_name(self.error.service)}: {self.error}"


def refusal(aare: AARE) -> RefusedError:
    """Error for an AARE that says no, with the initiate error it may carry in clear."""
    try:
        error = ConfirmedServiceError.decode(aare.user_information or b"").initiate_error
    except DecodeError:
        error = None
    reason = "" if error is None else f": {result_name(error)}"
    return RefusedError(
        f"{REFUSED}{reason}",
        state=OpeningState.AARE,
        result=aare.result,
        diagnostic=aare.diagnostic,
        initiate_error=error,
        aare=aare,
        hint=hint_of(aare.diagnostic) if error is None else INITIATE[error],
    )


def hint_of(diagnostic: Diagnostic | ProviderDiagnostic) -> str:
    """What to look at after a diagnostic."""
    return PROVIDER[diagnostic] if isinstance(diagnostic, ProviderDiagnostic) else DIAGNOSTICS[diagnostic]


def refused_proof(result: IntEnum) -> RefusedError:
    """Error for a server that does not take our reply to its challenge."""
    message = "the server refused our reply to its challenge"
    return RefusedError(message, state=OpeningState.PROOF, diagnostic=result, hint=PROOF)


def refused_opening(apdu: bytes, *, is_proof: bool) -> AmiError:
    """Error for an exception-response or a confirmed-service-error while an association is opened."""
    error = REFUSALS[apdu[0]](apdu)
    if isinstance(error, ConfirmedError):
        hint = PROOF if is_proof else NO_REASON
        return RefusedError(REFUSED, state=OpeningState.SERVICE_ERROR, diagnostic=error.error.meaning, hint=hint)
    if isinstance(error, ExceptionError) or type(error) is SecurityError:
        return refused_by_exception(ExceptionResponse.decode(apdu), is_proof=is_proof)
    return error


def refused_by_exception(said: ExceptionResponse, *, is_proof: bool) -> RefusedError:
    """Error for an exception-response while an association is opened."""
    state, service = said.state_error, said.service_error
    return (UndecipheredError if service in UNSAFE else RefusedError)(
        f"{REFUSED}: {ExceptionError(state, service)}",
        state=OpeningState.PROOF if is_proof else OpeningState.EXCEPTION,
        exception=said,
        hint=SERVICES.get(service) or (PROOF if is_proof else STATES[state]),
    )


def refused_link(error: AmiError) -> AmiError:
    """Error for a link that could not be set up; other errors stay what they are."""
    if isinstance(error, UnansweredError):
        return NoAnswerError(*error.args)
    if isinstance(error, DisconnectedModeError):
        return DisconnectedError(str(error))
    return RefusedFrameError(str(error), error.reject) if isinstance(error, FrameRejectedError) else error


def exception(apdu: bytes) -> AmiError:
    """Error for an exception-response. It is never authenticated: it can only make a request fail."""
    try:
        response = ExceptionResponse.decode(apdu)
    except DecodeError as error:
        return error
    if response.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR:
        return counter_error(response.invocation_counter)
    if response.service_error is ServiceErrorCode.DECIPHERING_ERROR:
        return SecurityError(UNDECIPHERED)
    return ExceptionError(response.state_error, response.service_error)


def service_error(apdu: bytes) -> AmiError:
    """Error for a confirmed-service-error; to an AARQ it is a refusal, with a hint."""
    try:
        error = ConfirmedServiceError.decode(apdu)
    except DecodeError as unreadable:
        return unreadable
    if error.error is not ErrorClass.INITIATE:
        return ConfirmedError(error)
    code = error.initiate_error
    return RefusedError(
        REFUSED,
        state=OpeningState.SERVICE_ERROR,
        diagnostic=error.meaning,
        initiate_error=code,
        hint=NO_REASON if code is None else INITIATE[code],
    )


def counter_error(expected: int | None) -> AmiError:
    """Error for a counter the server has seen before; old meters do not tell which they expect."""
    if expected is None:
        return SecurityError("the server refused the invocation counter and does not say which it expects")
    return CounterError(f"the server expects an invocation counter of at least {expected}", expected=expected)


#: Tag of an answer that refuses a request -> its error.
REFUSALS: Final[Mapping[int, Callable[[bytes], AmiError]]] = {0xD8: exception, 0x0E: service_error}
