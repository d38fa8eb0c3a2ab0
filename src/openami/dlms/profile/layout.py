"""Shape of a row: which octets are tags and lengths, and where the cells lie between them."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.dlms.axdr import encode_length
from openami.dlms.data import Tag, skip
from openami.dlms.data.primitives import BODY
from openami.dlms.data.tree import element_count
from openami.dlms.data.types import DELTAS
from openami.dlms.profile.table import NUMBERS, OCTETS

PLAIN = NUMBERS.keys() | OCTETS
"""Types whose cells make an array as they stand."""

OCTET_STRING = int(Tag.OCTET_STRING)

Shape: TypeAlias = tuple[int, ...]
"""Tag and length of each cell in turn. A cell neither of fixed length nor a short octet-string counts
whole, with its tag and length, and its length is negative here."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Place of a cell in its row; one taken whole begins with its own tag."""

    tag: Tag
    offset: int
    size: int
    whole: bool = False


@dataclass(frozen=True)
class Layout:
    """Cells of a row of one shape, and its octets that never change."""

    cells: tuple[Cell, ...]
    template: bytes

    @property
    def size(self) -> int:
        """Octets of a row."""
        return len(self.template)

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        """A row as a NumPy record: numbers as sent, high octet first, all else as octets."""
        names = [f"c{index}" for index in range(len(self.cells))]
        offsets = [cell.offset for cell in self.cells]
        formats = [record_format(cell) for cell in self.cells]
        return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": self.size})

    @cached_property
    def fixed(self) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
        """Places and values of the octets that are the same in every row of this shape."""
        free = np.zeros(self.size, np.bool_)
        for cell in self.cells:
            free[cell.offset : cell.offset + cell.size] = True
        places = np.flatnonzero(~free)
        return places, np.frombuffer(self.template, np.uint8)[places]

    @cached_property
    def plain(self) -> tuple[tuple[str, np.dtype[np.generic], Tag], ...] | None:
        """Field, type in the machine's own order and tag of each cell; None where one is no plain array."""
        if any(cell.whole or cell.tag in DELTAS or cell.tag not in PLAIN for cell in self.cells):
            return None
        return tuple(
            (f"c{index}", record_format(cell).base.newbyteorder("="), cell.tag) for index, cell in enumerate(self.cells)
        )

    @cached_property
    def uniform(self) -> bool:
        """Whether rows of this shape may be told by their fixed octets alone."""
        return not any(cell.whole for cell in self.cells)


def record_format(cell: Cell) -> np.dtype[np.generic]:
    """NumPy type of a cell."""
    if cell.tag in NUMBERS and not cell.whole:
        return NUMBERS[cell.tag].newbyteorder(">")
    return np.dtype((np.uint8, (cell.size,)))


def shape_of(data: bytes, offset: int) -> tuple[Shape, int]:
    """Shape of the row at `offset`, and the offset behind it."""
    if data[offset] != Tag.STRUCTURE:
        raise DecodeError(f"row with tag {data[offset]}, expected structure", offset=offset)
    count, at = element_count(data, offset + 1)
    shape: list[int] = []
    body = BODY
    for _ in range(count):
        tag = data[at]
        size = body[tag]
        if size is not None:
            at += 1 + size
        elif tag == OCTET_STRING and data[at + 1] < 0x80:
            size = data[at + 1]
            at += 2 + size
        else:
            end = skip(data, at)
            size, at = at - end, end
        shape += (tag, size)
    return tuple(shape), at


@lru_cache(maxsize=256)
def layout_of(shape: Shape) -> Layout:
    """Layout of a shape."""
    row = bytearray(b"\x02" + encode_length(len(shape) // 2))
    cells: list[Cell] = []
    for tag, size in zip(map(Tag, shape[::2]), shape[1::2], strict=True):
        if size >= 0:
            row.append(tag)
            if tag is Tag.OCTET_STRING:
                row.append(size)
        cells.append(Cell(tag, len(row), abs(size), size < 0))
        row += bytes(abs(size))
    return Layout(tuple(cells), bytes(row))
