"""A body taken apart only as far as it is searched: values stay encoded until somebody wants them."""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias, cast

from openami.dlms.data import CompactArray, Data, Tag, as_tree, decode, encode, native, skip
from openami.dlms.data.primitives import known_tag
from openami.dlms.data.tree import element_count
from openami.dlms.data.types import CONTAINERS

MAX_MEMBERS: Final = 1024
"""A list of more than these is one value, for it is no list of named ones."""

MAX_PACKED: Final = 8192
"""Octets of a compact-array that is searched."""


class Part(NamedTuple):
    """One value with its tag, still encoded."""

    tag: Tag
    octets: bytes

    @property
    def value(self) -> object:
        """The value as plain Python."""
        return native(self.octets)[0]


Parts: TypeAlias = tuple[Part, ...]


def part_at(data: bytes, offset: int = 0) -> Part:
    """The value that stands at an offset."""
    tag = known_tag(data, offset)
    return Part(tag, data[offset : skip(data, offset)])


def members(part: Part) -> Parts:
    """Elements of an array, structure or compact-array; none for anything else, or for very many."""
    if part.tag is Tag.COMPACT_ARRAY:
        return unpacked(part) if len(part.octets) <= MAX_PACKED else ()
    if part.tag not in CONTAINERS:
        return ()
    count, at = element_count(part.octets, 1)
    if count > MAX_MEMBERS:
        return ()
    found: list[Part] = []
    for _ in range(count):
        found.append(part_at(part.octets, at))
        at += len(found[-1].octets)
    return tuple(found)


def unpacked(part: Part) -> Parts:
    """Elements of a compact-array, each as it would stand in an array."""
    array = decode(part.octets)[0].value
    assert isinstance(array, CompactArray)
    elements = cast("tuple[Data, ...]", as_tree(array).value)
    return tuple(Part(data.tag, encode(data)) for data in elements) if len(elements) <= MAX_MEMBERS else ()


def has_types(parts: Parts, types: Sequence[Tag]) -> bool:
    """Whether the elements begin with these types."""
    return tuple(part.tag for part in parts[: len(types)]) == tuple(types)
