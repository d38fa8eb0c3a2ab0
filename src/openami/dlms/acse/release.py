"""RLRQ and RLRE: the release of an association and its answer (Green Book, 9.4.2)."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from openami.core.errors import DecodeError
from openami.dlms import ber
from openami.dlms.acse.elements import OCTET_STRING, USER_INFORMATION, Elements, encode_inner

REASON = 0x80


class ReleaseRequestReason(IntEnum):
    """Why a client releases the association."""

    NORMAL = 0
    URGENT = 1
    USER_DEFINED = 30


class ReleaseResponseReason(IntEnum):
    """How a server answers the release."""

    NORMAL = 0
    NOT_FINISHED = 1
    USER_DEFINED = 30


@dataclass(frozen=True, slots=True)
class RLRQ:
    """A client releases the association; meters also take it without any element (`62 00`)."""

    reason: ReleaseRequestReason | None = ReleaseRequestReason.NORMAL
    user_information: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return encode_release(0x62, self.reason, self.user_information)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        found = Elements(apdu, 0x62)
        code = decode_reason(found)
        reason = None if code is None else ReleaseRequestReason(code)
        return cls(reason, found.inner(USER_INFORMATION, OCTET_STRING))


@dataclass(frozen=True, slots=True)
class RLRE:
    """A server answers the release; many meters send it without any element (`63 00`)."""

    reason: ReleaseResponseReason | None = ReleaseResponseReason.NORMAL
    user_information: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return encode_release(0x63, self.reason, self.user_information)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        found = Elements(apdu, 0x63)
        code = decode_reason(found)
        reason = None if code is None else ReleaseResponseReason(code)
        return cls(reason, found.inner(USER_INFORMATION, OCTET_STRING))


def encode_release(tag: int, reason: int | None, user_information: bytes | None) -> bytes:
    """Octets of either APDU."""
    first = b"" if reason is None else bytes((REASON, 1, reason))
    return ber.encode(tag, first + encode_inner(USER_INFORMATION, OCTET_STRING, user_information))


def decode_reason(found: Elements) -> int | None:
    """Element reason [0]; both directions use the same three codes."""
    span = found.spans.get(REASON)
    if span is None:
        return None
    code = ber.decode_integer(found.apdu, *span)
    if code not in (0, 1, 30):
        raise DecodeError(f"release reason {code} is reserved", offset=span[0])
    return code
