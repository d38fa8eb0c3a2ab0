"""Where an APDU ends that nothing frames: found while its octets are still arriving, each looked at once."""

from collections.abc import Sequence
from enum import Enum
from typing import Final, TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.axdr import decode_length
from openami.dlms.data.compact import decode_description
from openami.dlms.data.primitives import BODY, known_tag
from openami.dlms.data.types import CONTAINERS, Tag


class Part(Enum):
    """A part of an APDU whose length is told by its own octets."""

    OCTETS = "octet-string"
    DATE_TIME = "date-time, by some meters behind a tag"
    OPTIONAL = "octet-string that may be absent"
    KEY = "key-info that may be absent"
    DATA = "Data"


Shape: TypeAlias = Sequence[Part | int]
OCTETS, DATA = Part.OCTETS, Part.DATA

#: Tag to the parts behind it, a number being octets of fixed length (Green Book, 9.5).
SHAPES: Final[dict[int, Shape]] = {
    15: (4, Part.DATE_TIME, DATA),
    16: (4, Part.DATE_TIME),
    194: (Part.OPTIONAL, 9, DATA),
    56: (OCTETS,),
    88: (OCTETS,),
    202: (OCTETS,),
    210: (OCTETS,),
    219: (OCTETS, OCTETS),
    220: (OCTETS, OCTETS),
    221: (*[OCTETS] * 5, Part.KEY, OCTETS),
    223: (*[OCTETS] * 7,),
    224: (5, OCTETS),
}
"""The APDUs of pushes, and the confirmation of one."""

#: Choice of key-info to the parts behind it: identified, wrapped, agreed key.
KEY_INFO: Final[dict[int, Shape]] = {0: (1,), 1: (1, OCTETS), 2: (OCTETS, OCTETS)}

TAGGED_DATE_TIME: Final = b"\x09\x0c"
LENGTH_MAX: Final = 5
DESCRIPTION_MAX: Final = 1024
"""Octets of a type description, which is read again with every octet until it is whole."""


class Extent:
    """Finds the end of the APDU at `offset`: `reach` again with more octets until it says where."""

    __slots__ = ("_at", "_limit", "_parts", "_pending")

    def __init__(self, tag: int, offset: int, limit: int) -> None:
        """Begin behind the tag; an APDU that goes past `limit` is refused."""
        self._parts: list[Part | int] = list(reversed(SHAPES[tag]))
        self._at = offset + 1
        self._limit = limit
        self._pending = 0

    def reach(self, data: bytes) -> int | None:
        """The offset behind the APDU, or None while octets are missing."""
        while self._parts or self._pending:
            step = self._value(data) if self._pending else self._part(data)
            if step is None:
                return None
            self._at = step
            if step > self._limit:
                raise DecodeError(f"APDU of more than {self._limit} octets", offset=self._limit)
        return self._at if self._at <= len(data) else None

    def _part(self, data: bytes) -> int | None:
        """Offset behind the part that stands next, which may open others."""
        part, at = self._parts[-1], self._at
        if isinstance(part, int):
            self._parts.pop()
            return at + part
        if part is Part.DATA:
            self._parts.pop()
            self._pending = 1
            return at
        if part is Part.OPTIONAL or part is Part.KEY:
            return self._optional(part, data)
        tagged = part is Part.DATE_TIME and TAGGED_DATE_TIME.startswith(data[at : at + 2])
        if tagged and len(data) < at + 2:
            return None
        end = behind_octets(data, at + tagged)
        if end is not None:
            self._parts.pop()
        return end

    def _optional(self, part: Part, data: bytes) -> int | None:
        at = self._at
        if at >= len(data) or (part is Part.KEY and data[at] and at + 1 >= len(data)):
            return None
        self._parts.pop()
        if not data[at]:
            return at + 1
        if part is Part.OPTIONAL:
            self._parts.append(Part.OCTETS)
            return at + 1
        choice = KEY_INFO.get(data[at + 1])
        if choice is None:
            raise DecodeError(f"key-info choice {data[at + 1]} is none", offset=at + 1)
        self._parts += reversed(choice)
        return at + 2

    def _value(self, data: bytes) -> int | None:
        """Offset behind the value of `Data` that stands next; an array only opens its elements."""
        at = self._at
        if at >= len(data):
            return None
        tag = known_tag(data, at)
        size = BODY[tag]
        end = at + 1 + size if size is not None else self._sized(tag, data)
        if end is not None:
            self._pending -= 1
        return end

    def _sized(self, tag: Tag, data: bytes) -> int | None:
        at = self._at + 1
        if tag is Tag.COMPACT_ARRAY:
            return behind_compact(data, at)
        if tag is not Tag.BIT_STRING and tag not in CONTAINERS:
            return behind_octets(data, at)
        count = length_at(data, at)
        if count is None:
            return None
        number, end = count
        if tag is Tag.BIT_STRING:
            return end + (number + 7) // 8
        if number > self._limit:
            raise DecodeError(f"{number} elements in at most {self._limit} octets", offset=at)
        self._pending += number
        return end


def length_at(data: bytes, at: int) -> tuple[int, int] | None:
    """A length field and the offset behind it, or None while it is not whole."""
    if at >= len(data) or (data[at] & 0x80 and at + (data[at] & 0x7F) >= len(data) and data[at] & 0x7F < LENGTH_MAX):
        return None
    return decode_length(data, at)


def behind_octets(data: bytes, at: int) -> int | None:
    """Offset behind a length and that many octets, which need not be there yet."""
    found = length_at(data, at)
    return None if found is None else found[0] + found[1]


def behind_compact(data: bytes, at: int) -> int | None:
    """Offset behind a compact-array without its tag, or None while its length is not known."""
    try:
        _, end = decode_description(data, at)
    except DecodeError:
        if len(data) - at > DESCRIPTION_MAX:
            raise
        return None
    return behind_octets(data, end)
