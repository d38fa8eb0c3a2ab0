"""Records of a fleet's journal that images leave: a block is on disk before its receipt is acknowledged."""

from dataclasses import dataclass, field
from struct import Struct
from typing import ClassVar, Self

CONTENT = Struct(">BI")
PLACED = Struct(">BIBII")


@dataclass(frozen=True, slots=True)
class Content:
    """What a block holds, under a number: written once, for all meters that receive it."""

    KIND: ClassVar[int] = 16

    number: int
    octets: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Write a head and the octets."""
        return CONTENT.pack(self.KIND, self.number) + self.octets

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        return cls(CONTENT.unpack_from(data)[1], data[CONTENT.size :])


@dataclass(frozen=True, slots=True)
class Placed:
    """A meter holds a content as this block of the image in this slot."""

    KIND: ClassVar[int] = 17

    meter: int
    slot: int
    block: int
    content: int

    def encode(self) -> bytes:
        """Fourteen octets."""
        return PLACED.pack(self.KIND, self.meter, self.slot, self.block, self.content)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        return cls(*PLACED.unpack(data)[1:])
