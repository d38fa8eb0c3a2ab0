"""Rows of several shapes to the columns of one table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.dlms.data import Data, Tag, decode
from openami.dlms.data.primitives import STRINGS
from openami.dlms.data.types import DELTAS
from openami.dlms.profile.layout import Cell, Layout
from openami.dlms.profile.table import NUMBERS, OCTETS, Column, Mask, Table


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one shape: their numbers in the table, and the rows as records. [m], [m]."""

    layout: Layout
    rows: "NDArray[np.int64] | slice"
    records: NDArray[np.void]

    def octets(self, column: int) -> NDArray[np.generic]:
        """Cells of one column as they stand in the buffer. -> [m] or [m, k]."""
        return self.records[f"c{column}"]


def merge(parts: list[Part], count: int) -> Table:
    """One table of all parts."""
    if len(parts) == 1 and (cells := parts[0].layout.plain) and len(parts[0].records) == count:
        records = parts[0].records
        return Table([records[name].astype(dtype) for name, dtype, _ in cells], [tag for _, _, tag in cells])
    widths = {len(part.layout.cells) for part in parts}
    if len(widths) > 1:
        raise DecodeError(f"rows of {min(widths)} and of {max(widths)} cells in one profile")
    if widths == {0}:
        raise DecodeError("profile rows without cells")
    joined = [join(parts, column, count) for column in range(max(widths, default=0))]
    return Table([column for column, _, _ in joined], [tag for _, tag, _ in joined], [m for _, _, m in joined])


def join(parts: list[Part], column: int, count: int) -> tuple[Column, Tag, Mask]:
    """One column: its cells, their type, and which were null."""
    nulls = np.zeros(count, np.bool_)
    filled: list[Part] = []
    for part in parts:
        if part.layout.cells[column].tag is Tag.NULL:
            nulls[part.rows] = True
        else:
            filled.append(part)
    cells = [part.layout.cells[column] for part in filled]
    tags = {cell.tag for cell in cells}
    if not tags:
        return np.full(count, None, np.object_), Tag.NULL, nulls
    if len(tags) == 1 and is_array(cells):
        return stack(filled, column, count), cells[0].tag, nulls
    if tags & DELTAS and tags - DELTAS <= NUMBERS.keys():
        return (*accumulate(filled, column, count, tags - DELTAS), nulls)
    tag = cells[0].tag if len(tags) == 1 else Tag.DONT_CARE
    return objects(filled, column, count, tag), tag, nulls


def is_array(cells: list[Cell]) -> bool:
    """Whether cells of one tag make an array: plain numbers, or octets of one length."""
    tag = cells[0].tag
    if tag in DELTAS or any(cell.whole for cell in cells):
        return False
    return tag in NUMBERS or (tag in OCTETS and len({cell.size for cell in cells}) == 1)


def stack(parts: list[Part], column: int, count: int) -> Column:
    """Cells of one type and length as one array in the machine's own order of octets."""
    first = parts[0].octets(column)
    if len(parts) == 1 and len(first) == count:
        return first.astype(first.dtype.newbyteorder("="))
    cells = np.zeros((count, *first.shape[1:]), first.dtype.newbyteorder("="))
    for part in parts:
        cells[part.rows] = part.octets(column)
    return cells


def accumulate(parts: list[Part], column: int, count: int, tags: set[Tag]) -> tuple[Column, Tag]:
    """Values and the differences that follow them, added up (delta-value types of the Blue Book)."""
    if len(tags) != 1:
        raise DecodeError(f"column {column} mixes deltas with {len(tags)} types of values")
    tag = tags.pop()
    cells, absolute = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    for part in parts:
        cells[part.rows] = part.octets(column)
        absolute[part.rows] = part.layout.cells[column].tag is tag
    if NUMBERS[tag].kind not in "iu" or not absolute[0]:
        raise DecodeError(f"column {column} has deltas but does not begin with a whole number")
    source = np.maximum.accumulate(np.where(absolute, np.arange(count), 0))
    total = np.cumsum(np.where(absolute, 0, cells))
    sums = cells[source] + total - total[source]
    values = sums.astype(NUMBERS[tag])
    if (values.astype(np.int64) != sums).any():
        raise DecodeError(f"column {column}: deltas leave the range of its type")
    return values, tag


def objects(parts: list[Part], column: int, count: int, tag: Tag) -> Column:
    """Cells of any type: plain values of one simple type, else `Data`."""
    cells = np.full(count, None, np.object_)
    numbers = np.arange(count)
    for part in parts:
        for row, data in zip(numbers[part.rows].tolist(), data_of(part, column), strict=True):
            cells[row] = data.value if tag in STRINGS else data
    return cells


def data_of(part: Part, column: int) -> list[Data]:
    """Cells of one column with their tags."""
    cell = part.layout.cells[column]
    octets = part.octets(column)
    if cell.tag in NUMBERS:
        return [Data(cell.tag, value) for value in octets.tolist()]
    raws = [row.tobytes() for row in octets]
    return [decode(raw)[0] for raw in raws] if cell.whole else [Data(cell.tag, raw) for raw in raws]
