"""Rows of several shapes to the columns of one table."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.dlms.data import Data, Tag, decode
from openami.dlms.data.primitives import BODY, STRINGS
from openami.dlms.data.types import DELTAS
from openami.dlms.profile.layout import OCTET_STRING, Cell, Layout
from openami.dlms.profile.scan import Cells
from openami.dlms.profile.table import NUMBERS, OCTETS, Column, Mask, Table

Rows: TypeAlias = "NDArray[np.int64] | NDArray[np.intp] | slice"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one shape: their numbers in the table, and the rows as records. [m], [m]."""

    layout: Layout
    rows: Rows
    records: NDArray[np.void]

    def piece(self, column: int) -> "Piece":
        """Cells of one column."""
        return Piece(self.layout.cells[column], self.rows, self.records[f"c{column}"])


@dataclass(frozen=True, slots=True)
class Piece:
    """Cells of one column, tag and size: their rows, and the cells as they stand in the buffer. [m], [m] or [m, k]."""

    cell: Cell
    rows: Rows
    octets: NDArray[np.generic]


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
    columns = range(max(widths, default=0))
    return table_of([join([part.piece(column) for part in parts], column, count) for column in columns])


def collect(cells: Cells) -> Table:
    """One table of cells that were found one by one."""
    count, width = cells.places.shape
    return table_of([join(pieces(cells, column), column, count) for column in range(width)])


def table_of(joined: list[tuple[Column, Tag, Mask]]) -> Table:
    """A table of columns, their types, and which cells were null."""
    return Table([column for column, _, _ in joined], [tag for _, tag, _ in joined], [m for _, _, m in joined])


def pieces(cells: Cells, column: int) -> list[Piece]:
    """Cells of one column by their tag, and octet-strings by their length."""
    tags = cells.tags(column)
    found: list[Piece] = []
    numbers: list[int] = np.flatnonzero(np.bincount(tags)).tolist()
    for number in numbers:
        rows = np.flatnonzero(tags == number)
        if number != OCTET_STRING:
            found.append(piece_of(cells, column, rows, 1, BODY[number] or 0))
            continue
        lengths = cells.lengths(column, rows)
        sizes: list[int] = np.flatnonzero(np.bincount(lengths)).tolist()
        found += [piece_of(cells, column, rows[lengths == size], 2, size) for size in sizes]
    return found


def piece_of(cells: Cells, column: int, rows: NDArray[np.intp], head: int, size: int) -> Piece:
    """Cells of one tag and size."""
    tag = Tag(int(cells.octets[cells.places[rows[0], column]]))
    octets: NDArray[np.generic] = cells.bodies(column, rows, head, size)
    if tag in NUMBERS:
        octets = octets.view(NUMBERS[tag].newbyteorder(">")).reshape(-1)
    return Piece(Cell(tag, 0, size), rows, octets)


def join(pieces: list[Piece], column: int, count: int) -> tuple[Column, Tag, Mask]:
    """One column: its cells, their type, and which were null."""
    nulls = np.zeros(count, np.bool_)
    filled: list[Piece] = []
    for piece in pieces:
        if piece.cell.tag is Tag.NULL:
            nulls[piece.rows] = True
        else:
            filled.append(piece)
    cells = [piece.cell for piece in filled]
    tags = {cell.tag for cell in cells}
    if not tags:
        return np.full(count, None, np.object_), Tag.NULL, nulls
    if len(tags) == 1 and is_array(cells):
        return stack(filled, count), cells[0].tag, nulls
    if tags & DELTAS and tags - DELTAS <= NUMBERS.keys():
        return (*accumulate(filled, column, count, tags - DELTAS), nulls)
    tag = cells[0].tag if len(tags) == 1 else Tag.DONT_CARE
    return objects(filled, count, tag), tag, nulls


def is_array(cells: list[Cell]) -> bool:
    """Whether cells of one tag make an array: plain numbers, or octets of one length."""
    tag = cells[0].tag
    if tag in DELTAS or any(cell.whole for cell in cells):
        return False
    return tag in NUMBERS or (tag in OCTETS and len({cell.size for cell in cells}) == 1)


def stack(pieces: list[Piece], count: int) -> Column:
    """Cells of one type and length as one array in the machine's own order of octets."""
    first = pieces[0].octets
    if len(pieces) == 1 and len(first) == count:
        return first.astype(first.dtype.newbyteorder("="))
    cells = np.zeros((count, *first.shape[1:]), first.dtype.newbyteorder("="))
    for piece in pieces:
        cells[piece.rows] = piece.octets
    return cells


def accumulate(pieces: list[Piece], column: int, count: int, tags: set[Tag]) -> tuple[Column, Tag]:
    """Values and the differences that follow them, added up (delta-value types of the Blue Book)."""
    if len(tags) != 1:
        raise DecodeError(f"column {column} mixes deltas with {len(tags)} types of values")
    tag = tags.pop()
    cells, absolute = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    for piece in pieces:
        cells[piece.rows] = piece.octets
        absolute[piece.rows] = piece.cell.tag is tag
    if NUMBERS[tag].kind not in "iu" or not absolute[0]:
        raise DecodeError(f"column {column} has deltas but does not begin with a whole number")
    source = np.maximum.accumulate(np.where(absolute, np.arange(count), 0))
    total = np.cumsum(np.where(absolute, 0, cells))
    sums = cells[source] + total - total[source]
    values = sums.astype(NUMBERS[tag])
    if (values.astype(np.int64) != sums).any():
        raise DecodeError(f"column {column}: deltas leave the range of its type")
    return values, tag


def objects(pieces: list[Piece], count: int, tag: Tag) -> Column:
    """Cells of any type: plain values of one simple type, else `Data`."""
    cells = np.full(count, None, np.object_)
    numbers = np.arange(count)
    for piece in pieces:
        for row, data in zip(numbers[piece.rows].tolist(), data_of(piece), strict=True):
            cells[row] = data.value if tag in STRINGS else data
    return cells


def data_of(piece: Piece) -> list[Data]:
    """Cells with their tags."""
    cell, octets = piece.cell, piece.octets
    if cell.tag in NUMBERS:
        return [Data(cell.tag, value) for value in octets.tolist()]
    raws = [row.tobytes() for row in octets]
    return [decode(raw)[0] for raw in raws] if cell.whole else [Data(cell.tag, raw) for raw in raws]
