"""SCM+: 16 octets with a CRC-16; a wider identity and consumption than SCM."""

import struct
from dataclasses import astuple, dataclass
from typing import ClassVar, Self

from openami.core.errors import DecodeError, EncodeError
from openami.phy.coding.crc import crc16_genibus

SYNC = b"\x16\xa3"
PROTOCOL = 0x1E
LAYOUT = struct.Struct(">BIIH")
"""Endpoint type, endpoint id, consumption, tamper."""
OCTETS = 16


@dataclass(frozen=True, slots=True)
class SCMPlus:
    """Identity, tamper word and the present consumption count."""

    KIND: ClassVar[str] = "SCM+"
    endpoint_type: int
    endpoint_id: int
    consumption: int
    tamper: int = 0

    @property
    def identity(self) -> int:
        """Number of the endpoint."""
        return self.endpoint_id

    def encode(self) -> bytes:
        """Sixteen octets from the sync to the CRC; an `EncodeError` if a field does not fit."""
        try:
            body = bytes([PROTOCOL]) + LAYOUT.pack(*astuple(self))
        except struct.error as error:
            raise EncodeError(f"SCM+: {error}") from error
        return SYNC + body + crc16_genibus(body).to_bytes(2, "big")

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read sixteen octets from the sync to the CRC; a `DecodeError` says what is wrong with them."""
        if len(data) != OCTETS:
            raise DecodeError(f"SCM+ of {len(data)} octets, expected {OCTETS}")
        if data[:3] != SYNC + bytes([PROTOCOL]):
            raise DecodeError(f"SCM+ begins with {data[:3].hex()}, expected {SYNC.hex()}{PROTOCOL:02x}", offset=0)
        if crc16_genibus(data[2:-2]) != int.from_bytes(data[-2:], "big"):
            raise DecodeError("CRC of the SCM+ does not agree", offset=OCTETS - 2)
        return cls(*LAYOUT.unpack(data[3:-2]))
