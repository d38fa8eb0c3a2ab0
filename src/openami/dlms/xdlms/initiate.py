"""InitiateRequest and InitiateResponse: what both ends agree on at the opening (Green Book, 9.5)."""

from dataclasses import dataclass
from struct import Struct
from typing import Self

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.conformance import Conformance
from openami.dlms.xdlms.raw import encode_octets, open_apdu, pack

DLMS_VERSION = 6
#: How a server that uses logical names calls itself.
VAA_NAME_LN = 0x0007
#: How a server that uses short names calls itself.
VAA_NAME_SN = 0xFA00
#: [APPLICATION 31], encoded by BER: two octets of tag, length 4, no unused bits.
CONFORMANCE_HEAD = bytes.fromhex("5F1F0400")
#: Version, head and bits of the conformance, largest APDU.
AGREEMENT = Struct(">B4s3sH")
U16 = Struct(">H")


@dataclass(frozen=True, slots=True)
class InitiateRequest:
    """A client proposes services, its largest APDU and, where it wants one, a dedicated key."""

    conformance: Conformance
    client_max_receive_pdu_size: int = 0xFFFF
    dedicated_key: bytes | None = None
    response_allowed: bool = True
    proposed_quality_of_service: int | None = None
    proposed_dlms_version: int = DLMS_VERSION

    def __repr__(self) -> str:
        """Everything but the key."""
        key = "None" if self.dedicated_key is None else f"<{len(self.dedicated_key)} octets>"
        return f"InitiateRequest({self.conformance!r}, dedicated_key={key})"

    def encode(self) -> bytes:
        """Octets of the APDU."""
        key = self.dedicated_key
        return (
            (b"\x01\x00" if key is None else b"\x01\x01" + encode_octets(key))
            + (b"\x00" if self.response_allowed else b"\x01\x00")
            + encode_quality_of_service(self.proposed_quality_of_service)
            + encode_agreement(self.proposed_dlms_version, self.conformance, self.client_max_receive_pdu_size)
        )

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; octets behind it are ignored."""
        reader = open_apdu(apdu, b"\x01")
        dedicated_key = reader.octets() if reader.flag() else None
        response_allowed = not reader.flag() or reader.flag()
        quality = decode_quality_of_service(reader)
        version, conformance, size = decode_agreement(reader)
        return cls(conformance, size, dedicated_key, response_allowed, quality, version)


@dataclass(frozen=True, slots=True)
class InitiateResponse:
    """A server answers with the services and the largest APDU of the association."""

    conformance: Conformance
    server_max_receive_pdu_size: int = 0xFFFF
    vaa_name: int = VAA_NAME_LN
    negotiated_quality_of_service: int | None = None
    negotiated_dlms_version: int = DLMS_VERSION

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return (
            b"\x08"
            + encode_quality_of_service(self.negotiated_quality_of_service)
            + encode_agreement(self.negotiated_dlms_version, self.conformance, self.server_max_receive_pdu_size)
            + pack(U16, self.vaa_name)
        )

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; octets behind it are ignored."""
        reader = open_apdu(apdu, b"\x08")
        quality = decode_quality_of_service(reader)
        version, conformance, size = decode_agreement(reader)
        return cls(conformance, size, reader.u16(), quality, version)


def encode_quality_of_service(quality: int | None) -> bytes:
    """Write an optional Integer8."""
    return b"\x00" if quality is None else b"\x01" + quality.to_bytes(1, "big", signed=True)


def decode_quality_of_service(reader: Reader) -> int | None:
    """Read an optional Integer8."""
    return int.from_bytes(reader.take(1), "big", signed=True) if reader.flag() else None


def encode_agreement(version: int, conformance: Conformance, max_receive_pdu_size: int) -> bytes:
    """Write what both APDUs have: version, conformance, largest APDU."""
    bits = conformance.to_bytes(3, "big")
    return pack(AGREEMENT, version, CONFORMANCE_HEAD, bits, max_receive_pdu_size)


def decode_agreement(reader: Reader) -> tuple[int, Conformance, int]:
    """Read what both APDUs have: version, conformance, largest APDU."""
    at = reader.offset
    version, head, bits, max_receive_pdu_size = AGREEMENT.unpack(reader.take(AGREEMENT.size))
    if head != CONFORMANCE_HEAD:
        raise DecodeError(f"conformance begins {head.hex()}, expected 5f1f0400", offset=at + 1)
    return version, Conformance(int.from_bytes(bits, "big")), max_receive_pdu_size
