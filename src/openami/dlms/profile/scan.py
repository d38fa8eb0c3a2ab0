"""Rows whose shapes change all the time: the places of all their cells found together.

Where the next cell begins is worked out for every octet of the buffer as if a cell began there. Then a row is as
many jumps as it has cells, and the buffer as many jumps as it has rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from openami.dlms.data import Tag
from openami.dlms.data.primitives import BODY
from openami.dlms.profile.layout import OCTET_STRING

MAX_OCTETS: Final = 1 << 20
"""Longer buffers are walked row by row: here each octet of the buffer takes some twenty of memory."""
ROW_HEAD: Final = 2
SIZES: Final = np.array([-1 if size is None else 1 + size for size in BODY], np.int32)
"""By tag: octets of a cell with its tag, -1 where only the cell tells."""


@dataclass(frozen=True, slots=True)
class Cells:
    """All cells of a buffer: where each begins. [rows, columns]."""

    octets: NDArray[np.uint8]
    places: NDArray[np.int32]

    def tags(self, column: int) -> NDArray[np.uint8]:
        """Tag of each cell of a column. -> [rows]."""
        return self.octets[self.places[:, column]]

    def lengths(self, column: int, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Lengths of octet-strings. -> [m]."""
        lengths: NDArray[np.uint8] = self.octets[self.places[rows, column] + 1]
        return lengths

    def bodies(self, column: int, rows: NDArray[np.intp], head: int, size: int) -> NDArray[np.uint8]:
        """Octets of cells of one size behind a tag and length of `head` octets. -> [m, size]."""
        starts = self.places[rows, column] + head
        bodies: NDArray[np.uint8] = self.octets[starts[:, None] + np.arange(size, dtype=np.int32)]
        return bodies


def scan(buffer: bytes, start: int, count: int) -> Cells | None:
    """Cells of all rows; None where they are not of simple types and equal number, or do not fill the buffer."""
    octets = np.frombuffer(buffer, np.uint8)
    width = buffer[start + 1] if start + 1 < len(buffer) else 0
    if not 0 < width < 0x80 or len(buffer) > MAX_OCTETS:
        return None
    following = next_places(octets)
    ends = np.minimum(np.arange(len(octets) + 2, dtype=np.int32) + ROW_HEAD, len(octets) + 1)
    for _ in range(width):
        ends = following[ends]
    rows = row_places(ends.item, start, count, len(octets))
    if rows is None or (octets[rows] != Tag.STRUCTURE).any() or (octets[rows + 1] != width).any():
        return None
    places = np.empty((count, width), np.int32)
    at = rows + ROW_HEAD
    for column in range(width):
        places[:, column] = at
        at = following[at]
    return Cells(octets, places)


def next_places(octets: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Behind each place the end of the cell that may begin there; past the end where none can. [n] -> [n + 2]."""
    size, beyond = len(octets), len(octets) + 1
    lengths = SIZES[octets]
    strings = np.flatnonzero(octets[:-1] == OCTET_STRING)
    short = strings[octets[strings + 1] < 0x80]
    lengths[short] = 2 + octets[short + 1].astype(np.int32)
    ends = np.arange(size, dtype=np.int32) + lengths
    ends[(lengths < 0) | (ends > size)] = beyond
    return np.append(ends, np.array((beyond, beyond), np.int32))


def row_places(end_of: Callable[[int], int], start: int, count: int, size: int) -> NDArray[np.int32] | None:
    """Where each row begins; None unless the last ends with the buffer. -> [rows]."""
    places = [start] * count
    at = start
    for row in range(count):
        places[row] = at
        at = end_of(at)
    return np.array(places, np.int32) if at == size else None
