"""SCM, the standard consumption message: 96 bits with a BCH checksum.

| sync 21 | id 2 | reserved 1 | physical tamper 2 | type 4 | encoder tamper 2 | consumption 24 | id 24 | checksum 16 |
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from openami.core.errors import DecodeError, EncodeError
from openami.phy.coding import bch

SYNC = 0x1F2A60
SYNC_BITS = 21
OCTETS = 12
COVERED = 2
"""The checksum covers the octets from here: the last five bits of the sync, and all that follows."""


def fits(value: int, bits: int, name: str) -> int:
    """Let a value pass that fits its field."""
    if not 0 <= value < 1 << bits:
        raise EncodeError(f"{name} {value} does not fit into {bits} bits")
    return value


@dataclass(frozen=True, slots=True)
class SCM:
    """Identity, tamper counters (modulo 4) and the present consumption count."""

    KIND: ClassVar[str] = "SCM"
    #: 26 bits.
    endpoint_id: int
    #: Commodity: 4, 5, 7, 8 electricity; 0, 1, 2, 9, 12 gas; 3, 11, 13 water.
    ert_type: int
    consumption: int
    physical_tamper: int = 0
    encoder_tamper: int = 0
    reserved: int = 0

    @property
    def identity(self) -> int:
        """Number of the endpoint."""
        return self.endpoint_id

    def encode(self) -> bytes:
        """Twelve octets from the first sync bit to the checksum; an `EncodeError` if a field does not fit."""
        endpoint = fits(self.endpoint_id, 26, "endpoint_id")
        word = SYNC
        for value, bits, name in (
            (endpoint >> 24, 2, "endpoint_id"),
            (self.reserved, 1, "reserved"),
            (self.physical_tamper, 2, "physical_tamper"),
            (self.ert_type, 4, "ert_type"),
            (self.encoder_tamper, 2, "encoder_tamper"),
            (self.consumption, 24, "consumption"),
            (endpoint & 0xFFFFFF, 24, "endpoint_id"),
        ):
            word = word << bits | fits(value, bits, name)
        data = word.to_bytes(OCTETS - 2, "big")
        return data + bch.remainder(data[COVERED:]).to_bytes(2, "big")

    @classmethod
    def decode(cls, data: bytes, *, correct: int = 0) -> Self:
        """Read twelve octets; up to `correct` (0, 1, 2) wrong bits in the last ten are put right.

        Raises `DecodeError` for another length, another sync, or more wrong bits than that.
        """
        if len(data) != OCTETS:
            raise DecodeError(f"SCM of {len(data)} octets, expected {OCTETS}")
        data = data[:COVERED] + bch.correct(data[COVERED:], correct).data
        word = int.from_bytes(data, "big")
        if word >> 96 - SYNC_BITS != SYNC:
            raise DecodeError(f"SCM sync {word >> 96 - SYNC_BITS:#x}, expected {SYNC:#x}", offset=0)
        return cls(
            endpoint_id=(word >> 73 & 3) << 24 | word >> 16 & 0xFFFFFF,
            ert_type=word >> 66 & 0xF,
            consumption=word >> 40 & 0xFFFFFF,
            physical_tamper=word >> 70 & 3,
            encoder_tamper=word >> 64 & 3,
            reserved=word >> 72 & 1,
        )
