"""Codecs: what type an attribute has, said once; typed values to octets with their tag, and back."""

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from enum import IntEnum
from struct import Struct
from typing import Any, Generic, TypeAlias, TypeVar, overload

from openami.core.errors import DecodeError, EncodeError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemDateTime, CosemTime
from openami.core.units import ScalerUnit, Unit
from openami.dlms.axdr import encode_length
from openami.dlms.data import plain, tree
from openami.dlms.data.primitives import (
    LAYOUTS,
    STRINGS,
    Simple,
    read_bits,
    read_octets,
    read_utf8,
    read_visible,
    type_name,
    write,
    write_octets,
)
from openami.dlms.data.types import BitString, Data, Tag

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
E = TypeVar("E", bound=IntEnum)
R = TypeVar("R", bound=tuple[object, ...])


class Codec(ABC, Generic[T]):
    """A type of `Data`: its name, its tags, and values of type T both ways."""

    def __init__(self, name: str, tags: Iterable[int]) -> None:
        self.name = name
        self.tags = frozenset(tags)

    @abstractmethod
    def encode(self, value: T) -> bytes:
        """Octets with tag; `EncodeError` when the value does not fit."""

    @abstractmethod
    def decode(self, data: bytes, offset: int = 0) -> tuple[T, int]:
        """The value at `offset` and the offset behind it; `DecodeError` for any other tag."""

    def expect(self, data: bytes, offset: int) -> int:
        """The tag at `offset`, which must be one of ours."""
        if offset >= len(data):
            raise DecodeError(f"{self.name} is missing", offset=offset)
        if data[offset] not in self.tags:
            raise DecodeError(f"tag {data[offset]}, expected {self.name}", offset=offset)
        return data[offset]

    def __repr__(self) -> str:
        return f"<codec {self.name}>"


AnyCodec: TypeAlias = Codec[Any]
"""A codec whose value type does not matter here: a member of a structure, a choice."""


class Fixed(Codec[T]):
    """A type of fixed length."""

    def __init__(self, tag: Tag) -> None:
        super().__init__(type_name(tag), (tag,))
        self.tag = tag
        self.layout = Struct(">B" + LAYOUTS[tag].format.lstrip(">"))

    def encode(self, value: T) -> bytes:
        """Tag and octets."""
        if self.tag is Tag.BOOLEAN and not isinstance(value, bool):
            raise EncodeError(f"{value!r} does not fit {self.name}")
        try:
            return self.layout.pack(self.tag, value)
        except (struct.error, OverflowError) as error:
            raise EncodeError(f"{value!r} does not fit {self.name}") from error

    def decode(self, data: bytes, offset: int = 0) -> tuple[T, int]:
        """Read tag and octets."""
        self.expect(data, offset)
        value: T
        try:
            _, value = self.layout.unpack_from(data, offset)
        except struct.error:
            raise DecodeError(f"{self.name} is cut off", offset=offset) from None
        return value, offset + self.layout.size


class String(Codec[T]):
    """A type that carries its length."""

    def __init__(self, tag: Tag, read: Callable[[bytes, int], tuple[T, int]]) -> None:
        super().__init__(type_name(tag), (tag,))
        self.tag = tag
        self.read = read

    def encode(self, value: T) -> bytes:
        """Tag, length and octets."""
        return self.tag.to_bytes(1, "big") + write(self.tag, value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[T, int]:
        """Read tag, length and octets."""
        self.expect(data, offset)
        return self.read(data, offset + 1)


class Octets(Codec[bytes]):
    """Octet-string of a fixed length, as sent for dates and logical names; the date types are read too."""

    def __init__(self, name: str, also: Tag | None = None) -> None:
        super().__init__(name, (Tag.OCTET_STRING,) if also is None else (Tag.OCTET_STRING, also))
        self.also = also

    def encode(self, value: bytes) -> bytes:
        """Octet-string."""
        return b"\x09" + write_octets(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[bytes, int]:
        """Read an octet-string or the other tag."""
        if self.expect(data, offset) == Tag.OCTET_STRING:
            return read_octets(data, offset + 1)
        end = offset + 1 + LAYOUTS[Tag(data[offset])].size
        if end > len(data):
            raise DecodeError(f"{self.name} is cut off", offset=offset)
        return data[offset + 1 : end], end


class Mapped(Codec[T], Generic[T, U]):
    """Another codec's value in a richer type."""

    def __init__(self, name: str, of: Codec[U], to: Callable[[U], T], back: Callable[[T], U]) -> None:
        super().__init__(name, of.tags)
        self.of = of
        self.to = to
        self.back = back

    def encode(self, value: T) -> bytes:
        """Octets of the plainer value."""
        try:
            return self.of.encode(self.back(value))
        except (AttributeError, TypeError, ValueError, DecodeError) as error:
            raise EncodeError(f"{value!r} does not fit {self.name}") from error

    def decode(self, data: bytes, offset: int = 0) -> tuple[T, int]:
        """Read the plainer value and convert it."""
        self.expect(data, offset)
        value, end = self.of.decode(data, offset)
        try:
            return self.to(value), end
        except (ValueError, DecodeError) as error:
            raise DecodeError(f"{self.name}: {error}", offset=offset) from None


class Null(Codec[None]):
    """null-data."""

    def encode(self, value: None) -> bytes:
        """The tag alone."""
        if value is not None:
            raise EncodeError(f"{value!r} does not fit {self.name}")
        return b"\x00"

    def decode(self, data: bytes, offset: int = 0) -> tuple[None, int]:
        """Read the tag."""
        self.expect(data, offset)
        return None, offset + 1


class Tree(Codec[Data]):
    """Whatever is there, as a lossless tree."""

    def encode(self, value: Data) -> bytes:
        """Octets of the tree."""
        return tree.encode(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[Data, int]:
        """Read a tree."""
        return tree.decode(data, offset)


class Array(Codec[list[T]]):
    """Array of one type."""

    def __init__(self, of: Codec[T]) -> None:
        super().__init__(f"array of {of.name}", (Tag.ARRAY,))
        self.of = of

    def encode(self, value: Iterable[T]) -> bytes:
        """Tag, count and elements."""
        try:
            elements = [self.of.encode(element) for element in value]
        except TypeError as error:
            raise EncodeError(f"{value!r} does not fit {self.name}") from error
        return b"\x01" + encode_length(len(elements)) + b"".join(elements)

    def decode(self, data: bytes, offset: int = 0) -> tuple[list[T], int]:
        """Read the elements."""
        self.expect(data, offset)
        count, at = tree.element_count(data, offset + 1)
        elements: list[T] = []
        for _ in range(count):
            element, at = self.of.decode(data, at)
            elements.append(element)
        return elements, at


class Structure(Codec[R]):
    """Structure whose members have their own types and names."""

    def __init__(self, kind: Callable[..., R], codecs: tuple[AnyCodec, ...]) -> None:
        super().__init__(getattr(kind, "__name__", "structure"), (Tag.STRUCTURE,))
        self.kind = kind
        self.codecs = codecs
        self.prefix = b"\x02" + encode_length(len(codecs))

    def encode(self, value: R) -> bytes:
        """Tag, count and members."""
        try:
            members = [codec.encode(part) for codec, part in zip(self.codecs, value, strict=True)]
        except (TypeError, ValueError) as error:
            raise EncodeError(f"{value!r} does not fit {self.name}") from error
        return self.prefix + b"".join(members)

    def decode(self, data: bytes, offset: int = 0) -> tuple[R, int]:
        """Read the members."""
        self.expect(data, offset)
        count, at = tree.element_count(data, offset + 1)
        if count != len(self.codecs):
            raise DecodeError(f"{self.name} of {count} members, expected {len(self.codecs)}", offset=offset)
        members: list[object] = []
        for codec in self.codecs:
            member, at = codec.decode(data, at)
            members.append(member)
        return self.kind(*members), at


class Choice(Codec[T]):
    """One of several types: read by tag, written by the first that takes the value."""

    def __init__(self, codecs: tuple[AnyCodec, ...]) -> None:
        super().__init__(" or ".join(codec.name for codec in codecs), {t for c in codecs for t in c.tags})
        self.codecs = codecs
        self.by_tag = {tag: codec for codec in reversed(codecs) for tag in codec.tags}

    def encode(self, value: T) -> bytes:
        """Octets of the first type that fits."""
        for codec in self.codecs:
            try:
                return codec.encode(value)
            except EncodeError:
                continue
        raise EncodeError(f"{value!r} does not fit {self.name}")

    def decode(self, data: bytes, offset: int = 0) -> tuple[T, int]:
        """Read the type that is there."""
        return self.by_tag[self.expect(data, offset)].decode(data, offset)


class AnySimple(Codec[Simple]):
    """Any simple type as a plain value; written in the type that fits its Python type best.

    An object that must answer with one certain width names that width's codec instead.
    """

    def encode(self, value: Simple) -> bytes:
        """Octets in the type chosen by `simple_tag`."""
        tag = simple_tag(value)
        return tag.to_bytes(1, "big") + write(tag, value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[Simple, int]:
        """Read any simple type."""
        self.expect(data, offset)
        value, end = plain.native(data, offset)
        if isinstance(value, None | bool | int | float | bytes | str | BitString):
            return value, end
        raise DecodeError(f"tag {data[offset]}, expected {self.name}", offset=offset)


def simple_tag(value: Simple) -> Tag:
    """Type a plain value is sent in when nothing else is said."""
    match value:
        case None:
            return Tag.NULL
        case bool():
            return Tag.BOOLEAN
        case int() if 0 <= value < 1 << 32:
            return Tag.DOUBLE_LONG_UNSIGNED
        case int() if -(1 << 31) <= value < 0:
            return Tag.DOUBLE_LONG
        case int():
            return Tag.LONG64 if value < 0 else Tag.LONG64_UNSIGNED
        case float():
            return Tag.FLOAT64
        case bytes():
            return Tag.OCTET_STRING
        case str():
            return Tag.VISIBLE_STRING if value.isascii() else Tag.UTF8_STRING
        case BitString():
            return Tag.BIT_STRING


def array(of: Codec[T]) -> Codec[list[T]]:
    """Array of one type."""
    return Array(of)


def structure(kind: Callable[..., R], *codecs: AnyCodec) -> Codec[R]:
    """Structure whose values are that NamedTuple."""
    return Structure(kind, codecs)


@overload
def choice(first: Codec[T], second: Codec[U], /) -> "Codec[T | U]": ...
@overload
def choice(first: Codec[T], second: Codec[U], third: Codec[V], /) -> "Codec[T | U | V]": ...
@overload
def choice(*codecs: Codec[T]) -> Codec[T]: ...
def choice(*codecs: AnyCodec) -> AnyCodec:
    """One of several types."""
    return Choice(codecs)


def enum(kind: type[E]) -> Codec[E]:
    """Enum whose values are that IntEnum; a code it does not list is a `DecodeError`."""
    return Mapped(kind.__name__, ENUM, kind, int)


def optional(codec: Codec[T]) -> Codec[T | None]:
    """null-data or a value."""
    return Choice((NULL, codec))


def unit_of(code: int) -> Unit | int:
    """Unit of a code; one the Blue Book does not list stays a number."""
    try:
        return Unit(code)
    except ValueError:
        return code


NULL = Null("null-data", (Tag.NULL,))
BOOLEAN: Codec[bool] = Fixed(Tag.BOOLEAN)
INT8: Codec[int] = Fixed(Tag.INTEGER)
INT16: Codec[int] = Fixed(Tag.LONG)
INT32: Codec[int] = Fixed(Tag.DOUBLE_LONG)
INT64: Codec[int] = Fixed(Tag.LONG64)
UINT8: Codec[int] = Fixed(Tag.UNSIGNED)
UINT16: Codec[int] = Fixed(Tag.LONG_UNSIGNED)
UINT32: Codec[int] = Fixed(Tag.DOUBLE_LONG_UNSIGNED)
UINT64: Codec[int] = Fixed(Tag.LONG64_UNSIGNED)
ENUM: Codec[int] = Fixed(Tag.ENUM)
BCD: Codec[int] = Fixed(Tag.BCD)
FLOAT32: Codec[float] = Fixed(Tag.FLOAT32)
FLOAT64: Codec[float] = Fixed(Tag.FLOAT64)
OCTET_STRING: Codec[bytes] = String(Tag.OCTET_STRING, read_octets)
VISIBLE_STRING: Codec[str] = String(Tag.VISIBLE_STRING, read_visible)
UTF8_STRING: Codec[str] = String(Tag.UTF8_STRING, read_utf8)
BIT_STRING: Codec[BitString] = String(Tag.BIT_STRING, read_bits)
DATE_TIME: Codec[CosemDateTime] = Mapped(
    "date-time", Octets("date-time", Tag.DATE_TIME), CosemDateTime.decode, CosemDateTime.encode
)
DATE: Codec[CosemDate] = Mapped("date", Octets("date", Tag.DATE), CosemDate.decode, CosemDate.encode)
TIME: Codec[CosemTime] = Mapped("time", Octets("time", Tag.TIME), CosemTime.decode, CosemTime.encode)
LOGICAL_NAME: Codec[OBIS] = Mapped("logical-name", Octets("logical-name"), OBIS, OBIS.of)


UNIT: Codec[Unit | int] = Mapped("unit", ENUM, unit_of, int)
SCALER_UNIT = structure(ScalerUnit, INT8, UNIT)
ANY = Tree("data", Tag)
SIMPLE = AnySimple("simple type", {Tag.NULL, *LAYOUTS, *STRINGS})
