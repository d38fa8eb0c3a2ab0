"""Compact-array: one description, then elements without tags (Blue Book, common data types)."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import cast

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.axdr import decode_length, encode_length
from openami.dlms.data.primitives import LAYOUTS, STRINGS, known_tag, read, read_octets, type_name, write
from openami.dlms.data.types import (
    CONTAINERS,
    DELTAS,
    MAX_DEPTH,
    CompactArray,
    Data,
    Delta,
    Tag,
    TypeDescription,
)

EMPTY_PER_OCTET = 16
"""Values without octets that one octet of contents may bring, so that few octets stay few values."""


def decode_compact(data: bytes, offset: int) -> tuple[CompactArray, int]:
    """The compact-array behind its tag, and the offset behind it."""
    description, at = decode_description(data, offset)
    contents, end = read_octets(data, at)
    return CompactArray(description, contents), end


def encode_compact(array: CompactArray) -> bytes:
    """The compact-array without its tag."""
    return encode_description(array.description) + encode_length(len(array.contents)) + bytes(array.contents)


def decode_description(data: bytes, offset: int, depth: int = 0) -> tuple[TypeDescription, int]:
    """The type description at `offset`, and the offset behind it."""
    tag = known_tag(data, offset)
    if depth > MAX_DEPTH:
        raise DecodeError(f"type description deeper than {MAX_DEPTH}", offset=offset)
    if tag is Tag.STRUCTURE:
        return decode_members(data, offset + 1, depth)
    if tag is Tag.COMPACT_ARRAY:
        raise DecodeError("compact-array inside a type description", offset=offset)
    if tag is not Tag.ARRAY:
        return TypeDescription(tag), offset + 1
    if offset + 3 > len(data):
        raise DecodeError("type description is cut off", offset=offset)
    member, end = decode_description(data, offset + 3, depth + 1)
    return TypeDescription(tag, (member,), int.from_bytes(data[offset + 1 : offset + 3], "big")), end


def decode_members(data: bytes, offset: int, depth: int) -> tuple[TypeDescription, int]:
    """The description of a structure behind its tag."""
    count, at = decode_length(data, offset)
    if count > len(data) - at:
        raise DecodeError(f"structure of {count} members in {len(data) - at} octets", offset=offset)
    members: list[TypeDescription] = []
    for _ in range(count):
        member, at = decode_description(data, at, depth + 1)
        members.append(member)
    return TypeDescription(Tag.STRUCTURE, tuple(members)), at


def encode_description(description: TypeDescription) -> bytes:
    """Octets of a type description."""
    tag = description.tag.to_bytes(1, "big")
    members = b"".join(map(encode_description, description.members))
    if description.tag is Tag.STRUCTURE:
        return tag + encode_length(len(description.members)) + members
    if description.tag is Tag.ARRAY:
        return tag + description.number_of_elements.to_bytes(2, "big") + members
    return tag


def expand(array: CompactArray) -> list[object]:
    """Elements of a compact-array as plain values."""
    return [plain(element) for element in elements_of(array)]


def as_tree(array: CompactArray) -> Data:
    """The plain array that a compact-array stands for."""
    return Data(Tag.ARRAY, tuple(elements_of(array)))


def as_compact(array: Data) -> CompactArray:
    """A plain array as the compact-array that stands for it: its elements must all be of one type."""
    tag, elements = array
    if tag is not Tag.ARRAY or isinstance(elements, CompactArray) or not isinstance(elements, tuple) or not elements:
        raise EncodeError("no array with elements, whose type a compact-array could state")
    description = describe(elements[0])
    for element in elements:
        if describe(element) != description:
            raise EncodeError("elements of different types do not fit a compact-array")
    return compact(description, [plain(element) for element in elements])


def describe(data: Data) -> TypeDescription:
    """Type of a value; an array has its number of elements, all of one type."""
    tag, value = data
    if isinstance(value, CompactArray):
        raise EncodeError("a compact-array does not fit another")
    if tag not in CONTAINERS or not isinstance(value, tuple):
        return TypeDescription(tag)
    members = tuple(map(describe, value))
    if tag is Tag.STRUCTURE:
        return TypeDescription(tag, members)
    if len(set(members)) != 1:
        raise EncodeError("an array without elements, or of different types, does not fit a compact-array")
    return TypeDescription(tag, members[:1], len(members))


def elements_of(array: CompactArray) -> list[Data]:
    """Elements of a compact-array with their tags."""
    least, empty = cost(array.description)
    if array.contents and empty > EMPTY_PER_OCTET * least:
        raise DecodeError("compact-array of elements without octets")
    elements: list[Data] = []
    at = 0
    while at < len(array.contents):
        if least > len(array.contents) - at:
            raise DecodeError("last element of the compact-array is cut off", offset=at)
        element, at = read_element(array.description, array.contents, at)
        elements.append(element)
    return elements


def plain(data: Data) -> object:
    """A tree as plain values: a list for an array, a tuple for a structure."""
    tag, value = data
    if isinstance(value, CompactArray):
        return expand(value)
    if isinstance(value, tuple):
        members = [plain(member) for member in value]
        return members if tag is Tag.ARRAY else tuple(members)
    return Delta(value) if tag in DELTAS and isinstance(value, int) else value


def cost(description: TypeDescription) -> tuple[int, int]:
    """Least number of octets of one element, and its number of values without octets."""
    if description.tag in LAYOUTS:
        return LAYOUTS[description.tag].size, 0
    if description.tag in STRINGS:
        return 1, 0
    costs = [cost(member) for member in description.members]
    times = description.number_of_elements if description.tag is Tag.ARRAY else 1
    least, empty = (times * sum(column) for column in zip(*costs, strict=True)) if costs else (0, 0)
    return least, empty + (least == empty == 0)


def read_element(description: TypeDescription, data: bytes, offset: int) -> tuple[Data, int]:
    """One element, and the offset behind it."""
    tag = description.tag
    if tag not in CONTAINERS:
        value, end = read(tag, data, offset)
        return Data(tag, value), end
    members: list[Data] = []
    for described in members_of(description):
        member, offset = read_element(described, data, offset)
        members.append(member)
    return Data(tag, tuple(members)), offset


def members_of(description: TypeDescription) -> Iterator[TypeDescription]:
    """Types of the members of an array or structure, in turn."""
    if description.tag is Tag.ARRAY:
        return repeat(description.members[0], description.number_of_elements)
    return iter(description.members)


def compact(description: TypeDescription, elements: Sequence[object]) -> CompactArray:
    """Plain elements as a compact-array of that description."""
    return CompactArray(description, b"".join(write_element(description, element) for element in elements))


def write_element(description: TypeDescription, value: object) -> bytes:
    """Octets of one element."""
    tag = description.tag
    if tag not in CONTAINERS:
        return write(tag, value)
    members = list(members_of(description))
    if not isinstance(value, list | tuple):
        raise EncodeError(f"{value!r} does not fit {type_name(tag)}")
    parts = cast("Sequence[object]", value)
    if len(parts) != len(members):
        raise EncodeError(f"{type_name(tag)} of {len(parts)} members, expected {len(members)}")
    return b"".join(map(write_element, members, parts))
