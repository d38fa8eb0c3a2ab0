"""`Data` as plain Python values, fast: a list for an array, a tuple for a structure."""

import struct
from collections.abc import Callable

from openami.core.errors import DecodeError
from openami.dlms.data.compact import decode_compact, expand
from openami.dlms.data.primitives import LAYOUTS, known_tag, read
from openami.dlms.data.tree import element_count
from openami.dlms.data.types import CONTAINERS, DELTAS, MAX_DEPTH, Delta, Tag

Fixed = tuple[Callable[[bytes, int], tuple[object, ...]], int]

FIXED: list[Fixed | None] = [None] * 256
"""By tag: how to read the octets behind it, and the length of the whole."""
for _tag, _layout in LAYOUTS.items():
    if _tag not in DELTAS:
        FIXED[_tag] = (_layout.unpack_from, 1 + _layout.size)

OCTET_STRING = int(Tag.OCTET_STRING)
STRUCTURE = int(Tag.STRUCTURE)


def native(data: bytes, offset: int = 0) -> tuple[object, int]:
    """The value at `offset` as plain Python, and the offset behind it."""
    try:
        values, end = read_values(data, offset, 1, 0)
    except (IndexError, struct.error):
        raise DecodeError("data is cut off", offset=len(data)) from None
    return values[0], end


def read_values(data: bytes, at: int, count: int, depth: int) -> tuple[list[object], int]:
    """`count` consecutive values; the inner loop of `native`."""
    values: list[object] = []
    append = values.append
    fixed = FIXED
    for _ in range(count):
        tag = data[at]
        if known := fixed[tag]:
            unpack, size = known
            append(unpack(data, at + 1)[0])
            at += size
        elif tag == OCTET_STRING and data[at + 1] < 0x80:
            start = at + 2
            at = start + data[at + 1]
            append(data[start:at])
        elif tag == STRUCTURE and data[at + 1] < 0x80 and depth < MAX_DEPTH:
            members, at = read_values(data, at + 2, data[at + 1], depth + 1)
            append(tuple(members))
        else:
            value, at = read_other(data, at, depth)
            append(value)
    if at > len(data):
        raise DecodeError("data is cut off", offset=len(data))
    return values, at


def read_other(data: bytes, at: int, depth: int) -> tuple[object, int]:
    """Values that hold others, carry their length in a rarer way or have no octets."""
    tag = known_tag(data, at)
    if tag in CONTAINERS:
        if depth >= MAX_DEPTH:
            raise DecodeError(f"data nested deeper than {MAX_DEPTH}", offset=at)
        count, at = element_count(data, at + 1)
        values, at = read_values(data, at, count, depth + 1)
        return (tuple(values) if tag is Tag.STRUCTURE else values), at
    if tag is Tag.COMPACT_ARRAY:
        array, at = decode_compact(data, at + 1)
        return expand(array), at
    value, at = read(tag, data, at + 1)
    return (Delta(value) if tag in DELTAS and isinstance(value, int) else value), at
