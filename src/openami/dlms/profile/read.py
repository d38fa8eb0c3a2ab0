"""Buffer to columns: rows of one shape are one NumPy view, whatever their number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.dlms.data import Tag, encode
from openami.dlms.data.compact import as_tree, decode_compact
from openami.dlms.data.tree import element_count
from openami.dlms.profile.compact import unpacked
from openami.dlms.profile.layout import Layout, Shape, layout_of, shape_of
from openami.dlms.profile.merge import Part, collect, merge
from openami.dlms.profile.scan import scan
from openami.dlms.profile.table import Table

FIRST_STEP = 64
"""Rows compared at once when a run begins; each step that holds is followed by one eight times as long."""
FEW_RUNS = 24
"""Steps after which rows are no longer walked, but all their cells are looked for at once."""
SHORT_RUN = 8
"""A run shorter than this is not worth an array comparison."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive rows of one shape: number and offset of the first, and how many."""

    row: int
    offset: int
    length: int


def decode_profile(buffer: bytes) -> Table:
    """Columns of a buffer as the attribute holds it: an array (or compact-array) of structures."""
    if buffer[:1] == bytes((Tag.COMPACT_ARRAY,)):
        array, end = decode_compact(buffer, 1)
        if end != len(buffer):
            raise DecodeError(f"{len(buffer) - end} octets behind the profile buffer", offset=end)
        if table := unpacked(array):
            return table
        buffer = encode(as_tree(array))
    if buffer[:1] != bytes((Tag.ARRAY,)):
        raise DecodeError("profile buffer is no array", offset=0)
    count, start = element_count(buffer, 1)
    try:
        runs, end = split(buffer, start, count, FEW_RUNS)
        if end < 0 and (cells := scan(buffer, start, count)):
            return collect(cells)
        if end < 0:
            runs, end = split(buffer, start, count, count)
    except IndexError:
        raise DecodeError("profile buffer is cut off", offset=len(buffer)) from None
    if end > len(buffer):
        raise DecodeError("profile buffer is cut off", offset=len(buffer))
    if end < len(buffer):
        raise DecodeError(f"{len(buffer) - end} octets behind the profile buffer", offset=end)
    return merge([part_of(buffer, layout_of(shape), rows) for shape, rows in runs.items()], count)


def split(buffer: bytes, start: int, count: int, most: int) -> tuple[dict[Shape, list[Run]], int]:
    """Rows grouped by shape, and the offset behind them; -1 if they change their shape more often than `most`.

    Rows are walked one by one until two follow each other in one shape; then arrays are compared.
    """
    octets = np.frombuffer(buffer, np.uint8)
    runs: dict[Shape, list[Run]] = {}
    row, at, alike, patience, changes = 0, start, 1, 2, 0
    last: Shape = ()
    while row < count:
        changes += 1
        if changes > most:
            return runs, -1
        shape, end = shape_of(buffer, at)
        alike = alike + 1 if shape == last else 1
        last, length = shape, 1
        if alike >= patience:
            length = run_length(octets, layout_of(shape), at, count - row)
            patience = 2 if length >= SHORT_RUN else SHORT_RUN
            alike, end = 0, at + length * (end - at)
        extend(runs.setdefault(shape, []), Run(row, at, length))
        row, at = row + length, end
    return runs, at


def extend(runs: list[Run], run: Run) -> None:
    """Add a run, joined to the last one when it follows it."""
    if runs and runs[-1].row + runs[-1].length == run.row:
        before = runs.pop()
        run = Run(before.row, before.offset, before.length + run.length)
    runs.append(run)


def run_length(octets: NDArray[np.uint8], layout: Layout, at: int, most: int) -> int:
    """Number of rows from `at` on that have this layout; at least the one that is known."""
    if not layout.uniform:
        return 1
    places, values = layout.fixed
    most = min(most, (len(octets) - at) // layout.size)
    length, step = 1, FIRST_STEP
    while length < most:
        step = min(step, most - length)
        begin = at + length * layout.size
        rows = octets[begin : begin + step * layout.size].reshape(step, layout.size)
        differs = (rows[:, places] != values).any(axis=1)
        if differs.any():
            return length + int(differs.argmax())
        length, step = length + step, step * 8
    return length


def part_of(buffer: bytes, layout: Layout, runs: list[Run]) -> Part:
    """All rows of one shape as records: a view if they lie together, else a copy."""
    if len(runs) == 1:
        run = runs[0]
        records = np.frombuffer(buffer, layout.dtype, run.length, run.offset)
        return Part(layout, slice(run.row, run.row + run.length), records)
    rows, offsets, lengths = np.array([(run.row, run.offset, run.length) for run in runs], np.int64).T
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    starts = np.repeat(offsets, lengths) + within * layout.size
    octets = np.frombuffer(buffer, np.uint8)[starts[:, None] + np.arange(layout.size)]
    return Part(layout, np.repeat(rows, lengths) + within, octets.view(layout.dtype).reshape(-1))
