"""AARQ: the request to open an association (Green Book, 9.4.2)."""

from dataclasses import dataclass, field
from typing import Self

from openami.dlms import ber
from openami.dlms.acse.context import ApplicationContext, Mechanism, decode_mechanism, encode_context
from openami.dlms.acse.elements import (
    CHARSTRING,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    USER_INFORMATION,
    Elements,
    encode_authentication,
    encode_content,
    encode_inner,
    encode_integer,
)

TAG = 0x60


@dataclass(frozen=True, slots=True)
class AARQ:
    """A client asks for an association; `user_information` is the InitiateRequest, plain or ciphered."""

    application_context: ApplicationContext | bytes = ApplicationContext.LN
    mechanism: Mechanism | bytes | None = None
    calling_authentication_value: bytes | None = field(default=None, repr=False)
    calling_ap_title: bytes | None = None
    user_information: bytes | None = field(default=None, repr=False)
    calling_ae_qualifier: bytes | None = None
    calling_ap_invocation_id: int | None = None
    calling_ae_invocation_id: int | None = None
    called_ap_title: bytes | None = None
    called_ae_qualifier: bytes | None = None
    called_ap_invocation_id: int | None = None
    called_ae_invocation_id: int | None = None
    implementation_information: bytes | None = None
    #: Contents of the BIT STRING; None is its default, version1.
    protocol_version: bytes | None = None

    @property
    def is_version1(self) -> bool:
        """Whether the client proposes version 1 of ACSE, the only one."""
        return self.protocol_version is None or self.protocol_version[1:2] >= b"\x80"

    def encode(self) -> bytes:
        """Octets of the APDU; the ACSE requirements follow from the mechanism."""
        content = (
            encode_content(0x80, self.protocol_version)
            + encode_inner(0xA1, OBJECT_IDENTIFIER, encode_context(self.application_context))
            + encode_inner(0xA2, OCTET_STRING, self.called_ap_title)
            + encode_inner(0xA3, OCTET_STRING, self.called_ae_qualifier)
            + encode_integer(0xA4, self.called_ap_invocation_id)
            + encode_integer(0xA5, self.called_ae_invocation_id)
            + encode_inner(0xA6, OCTET_STRING, self.calling_ap_title)
            + encode_inner(0xA7, OCTET_STRING, self.calling_ae_qualifier)
            + encode_integer(0xA8, self.calling_ap_invocation_id)
            + encode_integer(0xA9, self.calling_ae_invocation_id)
            + encode_authentication(0x8B, self.mechanism)
            + encode_inner(0xAC, CHARSTRING, self.calling_authentication_value)
            + encode_content(0x9D, self.implementation_information)
            + encode_inner(USER_INFORMATION, OCTET_STRING, self.user_information)
        )
        return ber.encode(TAG, content)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; elements that are not known are ignored."""
        found = Elements(apdu, TAG)
        mechanism = found.content(0x8B)
        return cls(
            application_context=found.context(),
            mechanism=None if mechanism is None else decode_mechanism(mechanism),
            calling_authentication_value=found.inner(0xAC, CHARSTRING),
            calling_ap_title=found.inner(0xA6, OCTET_STRING),
            user_information=found.inner(USER_INFORMATION, OCTET_STRING),
            calling_ae_qualifier=found.inner(0xA7, OCTET_STRING),
            calling_ap_invocation_id=found.integer(0xA8),
            calling_ae_invocation_id=found.integer(0xA9),
            called_ap_title=found.inner(0xA2, OCTET_STRING),
            called_ae_qualifier=found.inner(0xA3, OCTET_STRING),
            called_ap_invocation_id=found.integer(0xA4),
            called_ae_invocation_id=found.integer(0xA5),
            implementation_information=found.content(0x9D),
            protocol_version=found.content(0x80),
        )
