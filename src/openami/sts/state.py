"""What a meter has to remember of its tokens, as a value and as octets."""

import struct
from dataclasses import dataclass, field
from typing import Final, Self

from openami.core.errors import DecodeError
from openami.sts.keys import EA, DecoderKey, KeyAttributes, KeyType
from openami.sts.token import Kind

TIDS: Final = 50
"""Least number of identifiers that a meter remembers."""
SECTIONS: Final = (Kind.FIRST_SECTION, Kind.SECOND_SECTION, Kind.THIRD_SECTION, Kind.FOURTH_SECTION)
NO_SECTION: Final = (1 << 64) - 1
LAYOUT: Final = struct.Struct(">BB16sBBBBIHdd4QH")
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class State:
    """A meter's key and its attributes, identifiers of tokens taken, sections of a new key, bad tokens."""

    key: DecoderKey
    key_type: KeyType
    krn: int
    ti: int
    ken: int
    sgc: int
    tids: tuple[int, ...]
    """The newest identifiers, ascending."""
    sections: tuple[int | None, ...] = field(default=(None,) * 4, repr=False)
    """Payloads of the key change tokens of a set that is not whole yet, by `SECTIONS`."""
    sections_at: float = 0
    """When the first of them came, in seconds of the meter's clock."""
    bad: int = 0
    """Bad tokens since the last good one."""
    locked_until: float = 0

    @classmethod
    def new(cls, key: DecoderKey, attributes: KeyAttributes, manufactured: int, tids: int = TIDS) -> Self:
        """State of a meter as it leaves the factory: its memory is full of the identifier of its manufacture."""
        memory = (manufactured,) * tids
        return cls(key, attributes.key_type, attributes.krn, attributes.ti, attributes.ken, int(attributes.sgc), memory)

    def encode(self) -> bytes:
        """All of it, of a fixed length for a number of identifiers. It holds the key: whoever stores it seals it."""
        sections = (NO_SECTION if section is None else section for section in self.sections)
        key = self.key.octets.ljust(16, b"\0")
        head = (VERSION, self.key.ea, key, self.key_type, self.krn, self.ti, self.ken, self.sgc, self.bad)
        packed = LAYOUT.pack(*head, self.locked_until, self.sections_at, *sections, len(self.tids))
        return packed + b"".join(tid.to_bytes(3, "big") for tid in self.tids)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read what `encode` gave."""
        if len(octets) < LAYOUT.size or octets[0] != VERSION:
            raise DecodeError("no state of a meter's tokens, or one of another version", offset=0)
        (_, ea, key, key_type, krn, ti, ken, sgc, bad, locked, at, *sections, count) = LAYOUT.unpack_from(octets)
        if len(octets) != LAYOUT.size + 3 * count:
            raise DecodeError(f"expected {count} identifiers of 3 octets", offset=LAYOUT.size)
        tids = tuple(int.from_bytes(octets[place : place + 3], "big") for place in range(LAYOUT.size, len(octets), 3))
        found = tuple(None if section == NO_SECTION else section for section in sections)
        is_whole = ea in set(EA) and key_type in set(KeyType) and tids and list(tids) == sorted(tids)
        if not is_whole or any(part and part >> 44 != kind & 15 for part, kind in zip(found, SECTIONS, strict=True)):
            raise DecodeError("a state of a meter's tokens that no meter gets into", offset=0)
        return cls(
            DecoderKey(EA(ea), key[: EA(ea).key_bits // 8]),
            *(KeyType(key_type), krn, ti, ken, sgc, tids, found, at, bad, locked),
        )
