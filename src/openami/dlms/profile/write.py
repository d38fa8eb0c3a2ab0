"""Columns to buffer."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import EncodeError
from openami.dlms.axdr import encode_length
from openami.dlms.data import Data, Tag, encode
from openami.dlms.data.primitives import BODY, type_name, write
from openami.dlms.profile.layout import layout_of
from openami.dlms.profile.table import NUMBERS, OCTETS, Column, Mask, Table

MOST_PATTERN_BITS = 62
LONG_STRING = 0x80


def encode_profile(table: Table) -> bytes:
    """Buffer of a table: an array of structures, null-data where the table says so."""
    count = len(table)
    head = b"\x01" + encode_length(count)
    if not count:
        return head
    if len(table.columns) > MOST_PATTERN_BITS or not all(map(is_array, table.columns, table.nulls)):
        return head + one_by_one(table)
    columns = [fitting(column, tag) for column, tag in zip(table.columns, table.tags, strict=True)]
    if not any(nulls.any() for nulls in table.nulls):
        return head + block(columns, table.tags, [False] * len(columns))
    return head + patterned(columns, table.tags, table.nulls)


def is_array(column: Column, nulls: Mask) -> bool:
    """Whether cells can be copied as a whole: numbers or short octets, or nothing but null-data."""
    return (column.dtype != np.object_ and column.size // len(column) < LONG_STRING) or bool(nulls.all())


def fitting(column: Column, tag: Tag) -> Column:
    """The column, once sure that its cells fit the type."""
    if column.dtype == np.object_ or (tag in NUMBERS and column.dtype == NUMBERS[tag]):
        return column
    if tag in OCTETS and column.dtype == np.uint8 and column.ndim == 2 and BODY[tag] in (None, column.shape[1]):
        return column
    kinds = "iubf" if tag in (Tag.FLOAT32, Tag.FLOAT64) else "iub"
    if tag not in NUMBERS or column.ndim != 1 or column.dtype.kind not in kinds:
        raise EncodeError(f"column of {column.dtype} {column.shape[1:]} does not fit {type_name(tag)}")
    wanted = NUMBERS[tag]
    if wanted.kind in "iu":
        limits = np.iinfo(wanted.str)
        if int(column.min()) < limits.min or int(column.max()) > limits.max:
            raise EncodeError(f"column does not fit {type_name(tag)}: {column.min()} to {column.max()}")
    return column.astype(wanted)


def block(columns: list[Column], tags: list[Tag], null: list[bool]) -> bytes:
    """Rows of one shape, one after the other."""
    shape: list[int] = []
    for column, tag, is_null in zip(columns, tags, null, strict=True):
        size = column.dtype.itemsize * (column.shape[1] if column.ndim == 2 else 1)
        shape += (Tag.NULL, 0) if is_null else (tag, size)
    layout = layout_of(tuple(map(int, shape)))
    rows = bytearray(layout.template * len(columns[0]))
    records = np.frombuffer(rows, layout.dtype)
    for index, column in enumerate(columns):
        if not null[index]:
            records[f"c{index}"] = column
    return bytes(rows)


def patterned(columns: list[Column], tags: list[Tag], nulls: list[Mask]) -> bytes:
    """Rows whose null-data differ: the rows of each pattern are built as one and put in their places."""
    codes = sum((mask.astype(np.int64) << index for index, mask in enumerate(nulls)), np.int64(0))
    patterns, kind = np.unique(codes, return_inverse=True)
    blocks: list[tuple[NDArray[np.intp], NDArray[np.uint8]]] = []
    lengths = np.zeros(len(kind), np.int64)
    for number, pattern in enumerate(patterns.tolist()):
        rows = np.flatnonzero(kind == number)
        null = [bool(pattern >> index & 1) for index in range(len(columns))]
        octets = block([column[rows] for column in columns], tags, null)
        blocks.append((rows, np.frombuffer(octets, np.uint8).reshape(len(rows), -1)))
        lengths[rows] = len(octets) // len(rows)
    starts = np.cumsum(lengths) - lengths
    buffer = np.empty(int(lengths.sum()), np.uint8)
    for rows, octets_of_rows in blocks:
        buffer[starts[rows][:, None] + np.arange(octets_of_rows.shape[1])] = octets_of_rows
    return buffer.tobytes()


def one_by_one(table: Table) -> bytes:
    """Rows with cells that are no numbers or short octets."""
    columns = [
        [b"\x00" if is_null else encode_cell(cell, tag) for cell, is_null in zip(plain(column), nulls, strict=True)]
        for column, tag, nulls in zip(table.columns, table.tags, table.nulls, strict=True)
    ]
    prefix = b"\x02" + encode_length(len(columns))
    return b"".join(prefix + b"".join(row) for row in zip(*columns, strict=True))


def plain(column: Column) -> list[object]:
    """Cells as Python values; octets as bytes."""
    if column.ndim == 2:
        return [row.tobytes() for row in column]
    return cast("list[object]", column.tolist())


def encode_cell(cell: object, tag: Tag) -> bytes:
    """One cell with its tag."""
    if isinstance(cell, Data):
        return encode(cell)
    return tag.to_bytes(1, "big") + write(tag, cell)
