"""What to look at when an association was refused: a sentence for each code the standard has for it."""

from collections.abc import Mapping
from typing import Final

from openami.dlms.acse import Diagnostic, ProviderDiagnostic
from openami.dlms.hdlc.reject import Reason
from openami.dlms.xdlms import InitiateError, ServiceErrorCode, StateError

NO_REASON: Final = "the server gives no reason; look at the client SAP first"
_APPLICATION: Final = "the server knows its client by an identifier that OpenAMI does not send"
_VERSION: Final = "the server speaks another version of ACSE"
_CREDENTIALS: Final = "this client SAP asks for a password or for keys"
_HELD: Final = (
    "the server takes no association now: another client holds it, or an earlier one of ours is still open; "
    "it ends by itself after its inactivity time-out"
)

DIAGNOSTICS: Final[Mapping[Diagnostic, str]] = {
    Diagnostic.NULL: NO_REASON,
    Diagnostic.NO_REASON_GIVEN: NO_REASON,
    Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED: (
        "the server wants ciphering where none was offered, or none where it was, or the other referencing (LN, SN); "
        "look at the policy"
    ),
    Diagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED: "look at the client's system title",
    Diagnostic.CALLING_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED: _APPLICATION,
    Diagnostic.CALLING_AE_QUALIFIER_NOT_RECOGNIZED: "the server does not trust the client's certificate, or wants one",
    Diagnostic.CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED: (
        "the server wants to know the user, whom OpenAMI does not name"
    ),
    Diagnostic.CALLED_AP_TITLE_NOT_RECOGNIZED: "look at the server's system title",
    Diagnostic.CALLED_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED: _APPLICATION,
    Diagnostic.CALLED_AE_QUALIFIER_NOT_RECOGNIZED: _APPLICATION,
    Diagnostic.CALLED_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED: _APPLICATION,
    Diagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED: "this client SAP asks for another mechanism",
    Diagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED: _CREDENTIALS,
    Diagnostic.AUTHENTICATION_FAILURE: "wrong password or keys, or a system title that is not the client's",
    Diagnostic.AUTHENTICATION_REQUIRED: _CREDENTIALS,
}
PROVIDER: Final[Mapping[ProviderDiagnostic, str]] = {
    ProviderDiagnostic.NULL: NO_REASON,
    ProviderDiagnostic.NO_REASON_GIVEN: NO_REASON,
    ProviderDiagnostic.NO_COMMON_ACSE_VERSION: _VERSION,
}
INITIATE: Final[Mapping[InitiateError, str]] = {
    InitiateError.OTHER: NO_REASON,
    InitiateError.DLMS_VERSION_TOO_LOW: "the server asks for another DLMS version",
    InitiateError.INCOMPATIBLE_CONFORMANCE: "client and server have no service in common",
    InitiateError.PDU_SIZE_TOO_SHORT: "the server asks for a larger max_pdu",
    InitiateError.REFUSED_BY_THE_VDE_HANDLER: "the server refuses the proposed services",
}
#: What the state of the server says; what its service says goes before, where it says anything.
STATES: Final[Mapping[StateError, str]] = {
    StateError.SERVICE_NOT_ALLOWED: _HELD,
    StateError.SERVICE_UNKNOWN: (
        "the server knows no AARQ here; look at the server SAP, at the referencing (LN, SN) and at the ciphering"
    ),
}
UNDECIPHERED: Final = "the server could not decipher the request: another key, or another system title"
SERVICES: Final[Mapping[ServiceErrorCode, str]] = {
    ServiceErrorCode.PDU_TOO_LONG: "the request is too long for the server: try a shorter challenge and fewer services",
    ServiceErrorCode.DECIPHERING_ERROR: "another key, or another system title",
    ServiceErrorCode.INVOCATION_COUNTER_ERROR: (
        "the server has seen this invocation counter before and does not say which it expects: ask its counter object"
    ),
}
PROOF: Final = "wrong keys, secret or system title, or the association stands under another name (a quirk)"
DM: Final = "the meter is busy with another client, or does not serve this client SAP; try again later"
FRAMES: Final[Mapping[Reason, str]] = {
    Reason.CONTROL_UNDEFINED: "the meter does not know this frame: another client may have its connection",
    Reason.INFORMATION_NOT_PERMITTED: "the meter takes no parameters with SNRM: leave max_info and window as they are",
    Reason.INFORMATION_TOO_LONG: "the meter takes shorter frames: lower max_info",
    Reason.INVALID_RECEIVE_NUMBER: "the meter counts frames otherwise: it may still have an earlier connection",
    Reason.INVALID_SEND_NUMBER: "the meter counts frames otherwise: it may still have an earlier connection",
}
