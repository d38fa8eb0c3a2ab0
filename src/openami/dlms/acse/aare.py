"""AARE: the answer to the request to open an association (Green Book, 9.4.2)."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from openami.core.errors import DecodeError
from openami.dlms import ber
from openami.dlms.acse.context import ApplicationContext, Mechanism, decode_mechanism, encode_context
from openami.dlms.acse.elements import (
    CHARSTRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    USER_INFORMATION,
    Elements,
    encode_authentication,
    encode_content,
    encode_inner,
    encode_integer,
)

TAG = 0x61


class AssociationResult(IntEnum):
    """Whether the association was accepted (Green Book, 9.4.2.3)."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class Diagnostic(IntEnum):
    """Diagnostic of the ACSE service user, the application of the server (Green Book, 9.4.2.3)."""

    NULL = 0
    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 2
    CALLING_AP_TITLE_NOT_RECOGNIZED = 3
    CALLING_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 4
    CALLING_AE_QUALIFIER_NOT_RECOGNIZED = 5
    CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 6
    CALLED_AP_TITLE_NOT_RECOGNIZED = 7
    CALLED_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 8
    CALLED_AE_QUALIFIER_NOT_RECOGNIZED = 9
    CALLED_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 10
    AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED = 11
    AUTHENTICATION_MECHANISM_NAME_REQUIRED = 12
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


class ProviderDiagnostic(IntEnum):
    """Diagnostic of the ACSE service provider, the layer below the application (Green Book, 9.4.2.3)."""

    NULL = 0
    NO_REASON_GIVEN = 1
    NO_COMMON_ACSE_VERSION = 2


RESULTS = {int(code): code for code in AssociationResult}
#: Choice of Associate-source-diagnostic and code.
DIAGNOSTICS: dict[tuple[int, int], Diagnostic | ProviderDiagnostic] = {
    **{(0xA1, code): code for code in Diagnostic},
    **{(0xA2, code): code for code in ProviderDiagnostic},
}
#: The same as they stand in an APDU.
RESULT_OCTETS: dict[bytes | None, AssociationResult] = {bytes((INTEGER, 1, code)): code for code in AssociationResult}
DIAGNOSTIC_OCTETS: dict[bytes | None, Diagnostic | ProviderDiagnostic] = {
    bytes((source, 3, INTEGER, 1, code)): diagnostic for (source, code), diagnostic in DIAGNOSTICS.items()
}


@dataclass(frozen=True, slots=True)
class AARE:
    """A server answers; `user_information` is the xDLMS InitiateResponse or error, plain or ciphered."""

    application_context: ApplicationContext | bytes = ApplicationContext.LN
    result: AssociationResult = AssociationResult.ACCEPTED
    diagnostic: Diagnostic | ProviderDiagnostic = Diagnostic.NULL
    mechanism: Mechanism | bytes | None = None
    responding_authentication_value: bytes | None = None
    responding_ap_title: bytes | None = None
    user_information: bytes | None = field(default=None, repr=False)
    responding_ae_qualifier: bytes | None = None
    responding_ap_invocation_id: int | None = None
    responding_ae_invocation_id: int | None = None
    implementation_information: bytes | None = None
    #: Contents of the BIT STRING; strict clients refuse it, so it is sent only when asked for.
    protocol_version: bytes | None = None

    def encode(self) -> bytes:
        """Octets of the APDU; the ACSE requirements follow from the mechanism."""
        content = (
            encode_content(0x80, self.protocol_version)
            + encode_inner(0xA1, OBJECT_IDENTIFIER, encode_context(self.application_context))
            + bytes((0xA2, 3, INTEGER, 1, self.result))
            + self.source_diagnostic()
            + encode_inner(0xA4, OCTET_STRING, self.responding_ap_title)
            + encode_inner(0xA5, OCTET_STRING, self.responding_ae_qualifier)
            + encode_integer(0xA6, self.responding_ap_invocation_id)
            + encode_integer(0xA7, self.responding_ae_invocation_id)
            + encode_authentication(0x89, self.mechanism)
            + encode_inner(0xAA, CHARSTRING, self.responding_authentication_value)
            + encode_content(0x9D, self.implementation_information)
            + encode_inner(USER_INFORMATION, OCTET_STRING, self.user_information)
        )
        return ber.encode(TAG, content)

    def source_diagnostic(self) -> bytes:
        """Tag the diagnostic with its source: service user or service provider."""
        source = 0xA1 if isinstance(self.diagnostic, Diagnostic) else 0xA2
        return bytes((0xA3, 5, source, 3, INTEGER, 1, self.diagnostic))

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; elements that are not known are ignored."""
        found = Elements(apdu, TAG)
        mechanism = found.content(0x89)
        return cls(
            application_context=found.context(),
            result=decode_result(found),
            diagnostic=decode_diagnostic(found),
            mechanism=None if mechanism is None else decode_mechanism(mechanism),
            responding_authentication_value=found.inner(0xAA, CHARSTRING),
            responding_ap_title=found.inner(0xA4, OCTET_STRING),
            user_information=found.inner(USER_INFORMATION, OCTET_STRING),
            responding_ae_qualifier=found.inner(0xA5, OCTET_STRING),
            responding_ap_invocation_id=found.integer(0xA6),
            responding_ae_invocation_id=found.integer(0xA7),
            implementation_information=found.content(0x9D),
            protocol_version=found.content(0x80),
        )


def decode_result(found: Elements) -> AssociationResult:
    """Element result [2]; a reserved code is refused."""
    known = RESULT_OCTETS.get(found.content(0xA2))
    if known is not None:
        return known
    code = found.integer(0xA2)
    if code is None:
        raise found.missing("result")
    result = RESULTS.get(code)
    if result is None:
        raise DecodeError(f"association result {code} is reserved", offset=found.spans[0xA2][0])
    return result


def decode_diagnostic(found: Elements) -> Diagnostic | ProviderDiagnostic:
    """Element result-source-diagnostic [3]: a choice of two code spaces; a reserved code is refused."""
    known = DIAGNOSTIC_OCTETS.get(found.content(0xA3))
    if known is not None:
        return known
    span = found.spans.get(0xA3)
    if span is None:
        raise found.missing("result-source-diagnostic")
    source, start, end = ber.decode(found.apdu, *span)
    code = ber.decode_integer(found.apdu, *found.inside((start, end), INTEGER))
    diagnostic = DIAGNOSTICS.get((source, code))
    if diagnostic is None:
        raise DecodeError(f"diagnostic {code} of source {source:02X} is reserved", offset=span[0])
    return diagnostic
