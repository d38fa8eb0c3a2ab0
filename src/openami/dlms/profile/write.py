"""Columns to buffer."""

from collections.abc import Sequence
from math import prod
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import EncodeError
from openami.dlms.axdr import encode_length
from openami.dlms.data import Data, Tag, encode
from openami.dlms.data.primitives import BODY, type_name, write
from openami.dlms.profile.difference import Sent, as_sent, differences
from openami.dlms.profile.layout import layout_of
from openami.dlms.profile.table import NUMBERS, OCTETS, Column, Mask, Table

MOST_PATTERNS: Final = 1 << 62
LONG_STRING: Final = 0x80


def encode_profile(table: Table, *, deltas: Sequence[int] = ()) -> bytes:
    """Buffer of a table: an array of structures, null-data where the table says so.

    Columns of `deltas` are sent as differences to the row before: only to a client that has negotiated
    delta-value-encoding.
    """
    count = len(table)
    head = b"\x01" + encode_length(count)
    if not count:
        return head
    arrays = all(map(is_array, table.columns, table.nulls))
    columns = [fitting(column, tag) for column, tag in zip(table.columns, table.tags, strict=True)] if arrays else []
    if arrays and not deltas and not any(nulls.any() for nulls in table.nulls):
        return head + block(table.tags, columns, count)
    sent = [
        differences(column, tag, nulls) if index in deltas else as_sent(column, tag, nulls)
        for index, (column, tag, nulls) in enumerate(
            zip(columns or table.columns, table.tags, table.nulls, strict=True)
        )
    ]
    kinds = [np.flatnonzero(np.bincount(column.tags)) for column in sent]
    if not arrays or prod(map(len, kinds)) > MOST_PATTERNS:
        return head + one_by_one(sent)
    return head + patterned(sent, kinds)


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


def block(tags: Sequence[Tag], columns: Sequence[Column], count: int) -> bytes:
    """Rows of one shape, one after the other; what stands in columns of null-data does not matter."""
    shape: list[int] = []
    for tag, column in zip(tags, columns, strict=True):
        shape += (int(tag), cell_size(tag, column))
    layout = layout_of(tuple(shape))
    rows = bytearray(layout.template * count)
    records = np.frombuffer(rows, layout.dtype)
    for index, (tag, column) in enumerate(zip(tags, columns, strict=True)):
        if tag is not Tag.NULL:
            records[f"c{index}"] = column
    return bytes(rows)


def cell_size(tag: Tag, column: Column) -> int:
    """Octets of a cell behind its tag and length."""
    if tag is Tag.NULL:
        return 0
    return NUMBERS[tag].itemsize if tag in NUMBERS else column.shape[1]


def patterned(sent: list[Sent], kinds: list[NDArray[np.intp]]) -> bytes:
    """Rows whose cells differ in tags: the rows of each pattern are built as one and put in their places."""
    count = len(sent[0].tags)
    codes = np.zeros(count, np.int64)
    for column, kind in zip(sent, kinds, strict=True):
        numbers = np.zeros(256, np.int64)
        numbers[kind] = np.arange(len(kind))
        codes = codes * len(kind) + numbers[column.tags]
    _, firsts, inverse = np.unique(codes, return_index=True, return_inverse=True)
    blocks: list[tuple[NDArray[np.intp], NDArray[np.uint8]]] = []
    lengths = np.zeros(count, np.int64)
    for number, first in enumerate(firsts.tolist()):
        rows = np.flatnonzero(inverse == number)
        tags = [Tag(int(column.tags[first])) for column in sent]
        cells = [column.cells.get(tag, column.tags)[rows] for column, tag in zip(sent, tags, strict=True)]
        octets = block(tags, cells, len(rows))
        blocks.append((rows, np.frombuffer(octets, np.uint8).reshape(len(rows), -1)))
        lengths[rows] = len(octets) // len(rows)
    starts = np.cumsum(lengths) - lengths
    buffer = np.empty(int(lengths.sum()), np.uint8)
    for rows, octets_of_rows in blocks:
        buffer[starts[rows][:, None] + np.arange(octets_of_rows.shape[1])] = octets_of_rows
    return buffer.tobytes()


def one_by_one(sent: list[Sent]) -> bytes:
    """Rows with cells that are no numbers or short octets."""
    prefix = b"\x02" + encode_length(len(sent))
    return b"".join(prefix + b"".join(row) for row in zip(*map(encoded, sent), strict=True))


def encoded(sent: Sent) -> list[bytes]:
    """Cells of a column with their tags."""
    cells = [b"\x00"] * len(sent.tags)
    for tag, column in sent.cells.items():
        values = plain(column)
        for row in np.flatnonzero(sent.tags == tag).tolist():
            cells[row] = encode_cell(values[row], tag)
    return cells


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
