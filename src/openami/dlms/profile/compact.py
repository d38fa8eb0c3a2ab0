"""Profiles as compact-arrays: one description of a row, then rows without tags (Blue Book, compact-array)."""

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import EncodeError
from openami.dlms.data import CompactArray, Data, Tag, TypeDescription, as_compact, decode, encode
from openami.dlms.data.compact import encode_compact
from openami.dlms.data.primitives import BODY
from openami.dlms.profile.layout import Cell, Layout
from openami.dlms.profile.merge import Part, merge
from openami.dlms.profile.table import NUMBERS, OCTETS, Column, Table
from openami.dlms.profile.write import LONG_STRING, encode_profile, fitting


def encode_compact_profile(table: Table) -> bytes:
    """Buffer of a table as a compact-array; a column must be null-data throughout or nowhere."""
    if not len(table):
        raise EncodeError("a profile without rows has no types that a compact-array could state")
    if any(nulls.any() and not nulls.all() for nulls in table.nulls):
        raise EncodeError("a compact-array has no place for single cells of null-data")
    tags = [Tag.NULL if nulls.all() else tag for tag, nulls in zip(table.tags, table.nulls, strict=True)]
    if not all(map(is_flat, tags, table.columns)):
        tree, _ = decode(encode_profile(table))
        return encode(Data(Tag.COMPACT_ARRAY, as_compact(tree)))
    parts = [cells(tag, column) for tag, column in zip(tags, table.columns, strict=True)]
    contents = np.concatenate(parts, axis=1).tobytes()
    description = TypeDescription(Tag.STRUCTURE, tuple(map(TypeDescription, tags)))
    return bytes((Tag.COMPACT_ARRAY,)) + encode_compact(CompactArray(description, contents))


def is_flat(tag: Tag, column: Column) -> bool:
    """Whether cells take the same number of octets each."""
    if column.dtype == np.object_:
        return tag is Tag.NULL
    return tag in NUMBERS or tag is Tag.NULL or (tag in OCTETS and column.ndim == 2 and column.shape[1] < LONG_STRING)


def cells(tag: Tag, column: Column) -> NDArray[np.uint8]:
    """Octets of the cells without their tag. -> [n, size]."""
    count = len(column)
    if tag is Tag.NULL:
        return np.empty((count, 0), np.uint8)
    column = fitting(column, tag)
    if tag in NUMBERS:
        return column.astype(NUMBERS[tag].newbyteorder(">")).view(np.uint8).reshape(count, -1)
    octets = np.ascontiguousarray(column, np.uint8)
    if tag is not Tag.OCTET_STRING:
        return octets
    return np.concatenate((np.full((count, 1), octets.shape[1], np.uint8), octets), axis=1)


def unpacked(array: CompactArray) -> Table | None:
    """Columns of a compact-array whose rows are all of one size; None for any other."""
    layout = layout_of(array)
    if layout is None or not array.contents or not layout.size or len(array.contents) % layout.size:
        return None
    rows = np.frombuffer(array.contents, np.uint8).reshape(-1, layout.size)
    if not all((rows[:, place] == layout.template[place]).all() for place in lengths_of(layout)):
        return None
    records = np.frombuffer(array.contents, layout.dtype)
    return merge([Part(layout, slice(0, len(records)), records)], len(records))


def layout_of(array: CompactArray) -> Layout | None:
    """Where the cells of a row lie, octet-strings as long as those of the first row."""
    if array.description.tag is not Tag.STRUCTURE:
        return None
    found: list[Cell] = []
    row = bytearray()
    for member in array.description.members:
        size = BODY[member.tag]
        if member.tag is Tag.OCTET_STRING:
            size = next(iter(array.contents[len(row) : len(row) + 1]), LONG_STRING)
            row.append(min(size, LONG_STRING))
        if size is None or size >= LONG_STRING:
            return None
        found.append(Cell(member.tag, len(row), size))
        row += bytes(size)
    return Layout(tuple(found), bytes(row))


def lengths_of(layout: Layout) -> list[int]:
    """Places of the lengths of octet-strings in a row."""
    return [cell.offset - 1 for cell in layout.cells if cell.tag is Tag.OCTET_STRING]
