"""The server said no: one typed error, with a hint in plain words."""

from typing import Final

from openami.core.errors import (
    AmiError,
    AssociationError,
    DecodeError,
    SecurityError,
    ServiceError,
    result_name,
)
from openami.dlms.acse import AARE, Diagnostic, ProviderDiagnostic
from openami.dlms.security import CounterError
from openami.dlms.xdlms import (
    ConfirmedServiceError,
    ExceptionResponse,
    InitiateError,
    ServiceErrorCode,
    StateError,
)

HINTS: Final[dict[Diagnostic | ProviderDiagnostic, str]] = {
    Diagnostic.NO_REASON_GIVEN: "the server gives no reason; look at the client SAP first",
    Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED: (
        "the server wants ciphering where none was offered, or none where it was; look at the policy"
    ),
    Diagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED: "look at the client's system title",
    Diagnostic.CALLED_AP_TITLE_NOT_RECOGNIZED: "look at the server's system title",
    Diagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED: "this client SAP asks for another mechanism",
    Diagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED: "this client SAP asks for a password or for keys",
    Diagnostic.AUTHENTICATION_FAILURE: "wrong password or keys, or a system title that is not the client's",
    Diagnostic.AUTHENTICATION_REQUIRED: "this client SAP asks for a password or for keys",
}
_PROVIDER: Final = "the server speaks another version of ACSE"
INITIATE_HINTS: Final[dict[InitiateError, str]] = {
    InitiateError.DLMS_VERSION_TOO_LOW: "the server asks for another DLMS version",
    InitiateError.INCOMPATIBLE_CONFORMANCE: "client and server have no service in common",
    InitiateError.PDU_SIZE_TOO_SHORT: "the server asks for a larger max_pdu",
    InitiateError.REFUSED_BY_THE_VDE_HANDLER: "the server refuses the proposed services",
}


class RefusedError(AssociationError):
    """An association was refused by an AARE; `initiate_error` tells what was wrong with the proposal."""

    def __init__(self, aare: AARE, initiate_error: InitiateError | None = None) -> None:
        hint = INITIATE_HINTS.get(initiate_error, "") if initiate_error else ""
        if not hint and isinstance(aare.diagnostic, ProviderDiagnostic):
            hint = _PROVIDER
        reason = f": {result_name(initiate_error)}" if initiate_error is not None else ""
        super().__init__(
            f"the server refused the association{reason}",
            result=aare.result,
            diagnostic=aare.diagnostic,
            hint=hint or HINTS.get(aare.diagnostic, ""),
        )
        self.initiate_error = initiate_error


class ExceptionError(ServiceError):
    """The server answered a request by an exception-response."""

    def __init__(self, state_error: StateError, service_error: ServiceErrorCode) -> None:
        super().__init__(state_error, service_error)
        self.state_error = state_error
        self.service_error = service_error

    def __str__(self) -> str:
        return f"exception-response: {result_name(self.state_error)}, {result_name(self.service_error)}"


def refusal(aare: AARE) -> RefusedError:
    """Error for an AARE that says no, with the initiate error it may carry in clear."""
    try:
        error = ConfirmedServiceError.decode(aare.user_information or b"")
    except DecodeError:
        return RefusedError(aare)
    return RefusedError(aare, error.initiate_error)


def exception(apdu: bytes) -> AmiError:
    """Error for an exception-response. It is never authenticated: it can only make a request fail."""
    try:
        response = ExceptionResponse.decode(apdu)
    except DecodeError as error:
        return error
    if response.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR:
        return counter_error(response.invocation_counter)
    if response.service_error is ServiceErrorCode.DECIPHERING_ERROR:
        return SecurityError("the server could not decipher the request: another key, or another system title")
    return ExceptionError(response.state_error, response.service_error)


def counter_error(expected: int | None) -> AmiError:
    """Error for a counter the server has seen before; old meters do not tell which they expect."""
    if expected is None:
        return SecurityError("the server refused the invocation counter and does not say which it expects")
    return CounterError(f"the server expects an invocation counter of at least {expected}", expected=expected)
