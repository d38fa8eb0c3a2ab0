"""Tags and values of the COSEM data types (Blue Book, common data types)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self, TypeAlias

from openami.core.errors import DecodeError

MAX_DEPTH = 64


class Tag(IntEnum):
    """Choice tags of `Data`."""

    NULL = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DELTA_INTEGER = 28
    DELTA_LONG = 29
    DELTA_DOUBLE_LONG = 30
    DELTA_UNSIGNED = 31
    DELTA_LONG_UNSIGNED = 32
    DELTA_DOUBLE_LONG_UNSIGNED = 33
    DONT_CARE = 255


CONTAINERS = frozenset({Tag.ARRAY, Tag.STRUCTURE})
"""Types that hold other values."""

DELTAS = frozenset(Tag(tag) for tag in range(Tag.DELTA_INTEGER, Tag.DELTA_DOUBLE_LONG_UNSIGNED + 1))
"""Types whose value is a difference to the one before it."""


@dataclass(frozen=True, slots=True)
class BitString:
    """Bits in order, bit 0 first (the highest bit of the first octet)."""

    length: int
    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != (self.length + 7) // 8:
            raise DecodeError(f"bit-string of {self.length} bits in {len(self.octets)} octets")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `"0110"`; spaces and underscores may part the bits."""
        bits = text.replace(" ", "").replace("_", "")
        if set(bits) - {"0", "1"}:
            raise DecodeError(f"bit-string {text!r}: expected only 0 and 1")
        size = (len(bits) + 7) // 8
        return cls(len(bits), int(bits.ljust(8 * size, "0") or "0", 2).to_bytes(size, "big"))

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> bool:
        if not 0 <= index < self.length:
            raise IndexError(index)
        return bool(self.octets[index >> 3] & 0x80 >> (index & 7))

    def __str__(self) -> str:
        return "".join(f"{octet:08b}" for octet in self.octets)[: self.length]


class Delta(int):
    """Difference to the value before it in the same column (tags 28 to 33)."""

    __slots__ = ()


class TypeDescription(NamedTuple):
    """Type of the elements of a compact-array; an array has one member and a number of elements."""

    tag: Tag
    members: "tuple[TypeDescription, ...]" = ()
    number_of_elements: int = 0


class CompactArray(NamedTuple):
    """Compact-array as sent: description of the elements, and their octets without tags."""

    description: TypeDescription
    contents: bytes


class Data(NamedTuple):
    """One value of the choice `Data` with its tag; arrays and structures hold a tuple of `Data`."""

    tag: Tag
    value: "DataValue"


#: What any value is in Python.
DataValue: TypeAlias = "bool | int | float | bytes | str | BitString | CompactArray | tuple[Data, ...] | None"
