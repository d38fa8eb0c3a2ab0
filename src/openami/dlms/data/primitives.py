"""Simple types: the octets behind a tag to a value, and back."""

import struct
from collections.abc import Callable
from struct import Struct
from typing import TypeAlias

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.axdr import decode_length, encode_length
from openami.dlms.data.types import BitString, Tag

#: What a value that holds no others is in Python.
Simple: TypeAlias = bool | int | float | bytes | str | BitString | None

LAYOUTS = {
    Tag.BOOLEAN: Struct(">?"),
    Tag.DOUBLE_LONG: Struct(">i"),
    Tag.DOUBLE_LONG_UNSIGNED: Struct(">I"),
    Tag.BCD: Struct(">B"),
    Tag.INTEGER: Struct(">b"),
    Tag.LONG: Struct(">h"),
    Tag.UNSIGNED: Struct(">B"),
    Tag.LONG_UNSIGNED: Struct(">H"),
    Tag.LONG64: Struct(">q"),
    Tag.LONG64_UNSIGNED: Struct(">Q"),
    Tag.ENUM: Struct(">B"),
    Tag.FLOAT32: Struct(">f"),
    Tag.FLOAT64: Struct(">d"),
    Tag.DATE_TIME: Struct(">12s"),
    Tag.DATE: Struct(">5s"),
    Tag.TIME: Struct(">4s"),
    Tag.DELTA_INTEGER: Struct(">b"),
    Tag.DELTA_LONG: Struct(">h"),
    Tag.DELTA_DOUBLE_LONG: Struct(">i"),
    Tag.DELTA_UNSIGNED: Struct(">B"),
    Tag.DELTA_LONG_UNSIGNED: Struct(">H"),
    Tag.DELTA_DOUBLE_LONG_UNSIGNED: Struct(">I"),
}
"""Types of fixed length."""

BODY: list[int | None] = [None] * 256
"""By tag: octets behind it, where their number is fixed."""
for _tag, _layout in LAYOUTS.items():
    BODY[_tag] = _layout.size
BODY[Tag.NULL] = BODY[Tag.DONT_CARE] = 0

TAGS: list[Tag | None] = [None] * 256
"""Tags by number; quicker than the call of the enum."""
for _tag in Tag:
    TAGS[_tag] = _tag

EMPTY = frozenset({Tag.NULL, Tag.DONT_CARE})
"""Types without octets."""


def known_tag(data: bytes, offset: int) -> Tag:
    """The tag at `offset`."""
    if offset >= len(data):
        raise DecodeError("data is missing", offset=offset)
    tag = TAGS[data[offset]]
    if tag is None:
        raise DecodeError(f"tag {data[offset]} is no data type", offset=offset)
    return tag


def read_octets(data: bytes, offset: int) -> tuple[bytes, int]:
    """A length and that many octets."""
    length, start = decode_length(data, offset)
    end = start + length
    if end > len(data):
        raise DecodeError(f"string of {length} octets, {len(data) - start} left", offset=offset)
    return data[start:end], end


def read_visible(data: bytes, offset: int) -> tuple[str, int]:
    """A visible-string; octets above 127 are kept as Latin-1, so that nothing is lost."""
    octets, end = read_octets(data, offset)
    return octets.decode("latin-1"), end


def read_utf8(data: bytes, offset: int) -> tuple[str, int]:
    """A utf8-string; its length counts octets."""
    octets, end = read_octets(data, offset)
    try:
        return octets.decode("utf-8"), end
    except UnicodeDecodeError:
        raise DecodeError("utf8-string is not UTF-8", offset=offset) from None


def read_bits(data: bytes, offset: int) -> tuple[BitString, int]:
    """A bit-string: a length in bits, then the octets that hold them."""
    length, start = decode_length(data, offset)
    end = start + (length + 7) // 8
    if end > len(data):
        raise DecodeError(f"bit-string of {length} bits in {len(data) - start} octets", offset=offset)
    return BitString(length, data[start:end]), end


def write_octets(octets: bytes) -> bytes:
    """A length and the octets."""
    return encode_length(len(octets)) + octets


def write_utf8(text: str) -> bytes:
    """A length in octets and the text."""
    try:
        return write_octets(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise EncodeError(f"{text!r} does not fit utf8-string") from error


def write_bits(bits: BitString) -> bytes:
    """The length in bits and the octets."""
    return encode_length(bits.length) + bits.octets


STRINGS: dict[Tag, Callable[[bytes, int], tuple[Simple, int]]] = {
    Tag.BIT_STRING: read_bits,
    Tag.OCTET_STRING: read_octets,
    Tag.VISIBLE_STRING: read_visible,
    Tag.UTF8_STRING: read_utf8,
}
"""Types that carry their length."""


def read(tag: Tag, data: bytes, offset: int) -> tuple[Simple, int]:
    """The value of a simple type whose octets stand at `offset`, and the offset behind it."""
    if layout := LAYOUTS.get(tag):
        if offset + layout.size > len(data):
            raise DecodeError(f"{type_name(tag)} is cut off", offset=offset)
        return layout.unpack_from(data, offset)[0], offset + layout.size
    if string := STRINGS.get(tag):
        return string(data, offset)
    if tag in EMPTY:
        return None, offset
    raise DecodeError(f"{type_name(tag)} is not a simple type", offset=offset)


def write(tag: Tag, value: object) -> bytes:
    """The octets of a simple type, without its tag."""
    if layout := LAYOUTS.get(tag):
        return write_fixed(tag, layout, value)
    match tag, value:
        case (Tag.OCTET_STRING, bytes() | bytearray()):
            return write_octets(bytes(value))
        case (Tag.VISIBLE_STRING, str()) if value.isascii() or max(value) <= "\xff":
            return write_octets(value.encode("latin-1"))
        case (Tag.UTF8_STRING, str()):
            return write_utf8(value)
        case (Tag.BIT_STRING, BitString()):
            return write_bits(value)
        case (Tag.NULL | Tag.DONT_CARE, None):
            return b""
        case _:
            raise EncodeError(f"{value!r} does not fit {type_name(tag)}")


def write_fixed(tag: Tag, layout: Struct, value: object) -> bytes:
    """A value of fixed length: only a bool is a boolean, and octets are neither cut nor padded."""
    try:
        octets = layout.pack(value)
    except (struct.error, OverflowError) as error:
        raise EncodeError(f"{value!r} does not fit {type_name(tag)}") from error
    if tag is Tag.BOOLEAN and not isinstance(value, bool):
        raise EncodeError(f"{value!r} does not fit boolean")
    if isinstance(value, bytes) and len(value) != layout.size:
        raise EncodeError(f"{type_name(tag)} of {len(value)} octets, expected {layout.size}")
    return octets


def type_name(tag: Tag) -> str:
    """The type as the standard spells it."""
    return tag.name.lower().replace("_", "-")
