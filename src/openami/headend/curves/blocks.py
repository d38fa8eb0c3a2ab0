"""Writing blocks: whole local days of many series at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.headend.curves.codec import BEST, pack, packed_dtype
from openami.headend.curves.energy import Energy, registers
from openami.headend.curves.repository import BLOCK_SHIFT, put_blocks
from openami.headend.curves.rows import RANK, Ints, Mask, Rows
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import zone
from openami.headend.registry.layout import Layout

DOUBTFUL = 0x01 | 0x02 | 0x04
"""Status bits that question a value: critical error, clock invalid, data not valid (AMR profile status)."""


@dataclass(frozen=True, slots=True)
class Days:
    """Runs of ordered rows that belong to one series and local day. Arrays of [days]."""

    first: Ints
    """Index of the first row of each run."""
    length: Ints
    series: Ints
    day: Ints
    begins: Ints
    """First instant of the day."""
    expected: Ints
    """Rows that a complete day has."""
    present: Ints
    """Rows that stand where the period puts them."""

    @property
    def is_complete(self) -> Mask:
        """Whether no row is missing."""
        return np.equal(self.present, self.expected)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(series, day) of each run."""
        return list(zip(self.series.tolist(), self.day.tolist(), strict=True))


def split_days(layout: Layout, rows: Rows, days: Ints) -> Days:
    """Where each series and day begins among ordered rows, and how complete it is."""
    changes = np.ones(len(rows), np.bool_)
    changes[1:] = (rows.series[1:] != rows.series[:-1]) | (days[1:] != days[:-1])
    first = np.flatnonzero(changes)
    local = zone(layout.zone)
    begins = local.begins(days[first])
    length = np.diff(first, append=len(rows))
    on_grid = (rows.at - np.repeat(begins, length)) % layout.period_s == 0
    return Days(
        first=first,
        length=length,
        series=rows.series[first],
        day=days[first],
        begins=begins,
        expected=local.lengths(days[first]) // layout.period_s,
        present=np.add.reduceat(on_grid, first, dtype=np.int64),
    )


def rows_of(days: Days, chosen: Mask) -> Mask:
    """Which rows belong to the chosen days. [days] -> [rows]."""
    return np.repeat(chosen, days.length)


def write_blocks(
    unit: Unit, layout: Layout, rows: Rows, days: Days, *, amounts: Energy, number: int, version: Ints
) -> None:
    """Seal these days: rows in order, one run per day, with the energy of each row."""
    data, is_regular = _packed(layout, rows, days)
    summary = _summary(layout, rows, days, amounts)
    identities = (days.day << BLOCK_SHIFT) | days.series
    columns: list[NDArray[np.generic]] = [
        identities, days.series, days.day, version, np.full(len(data), number), np.full(len(data), int(BEST)),
        is_regular, rows.at[days.first], rows.at[days.first + days.length - 1], days.length,
        days.expected - days.present, *summary,
    ]  # fmt: skip
    put_blocks(unit, columns, data)


def _packed(layout: Layout, rows: Rows, days: Days) -> tuple[list[bytes], NDArray[np.int64]]:
    """Compressed rows of each day; days of one shape go through the codec together."""
    steps = np.zeros(len(rows), np.int64)
    steps[1:] = np.diff(rows.at)
    steps[days.first] = 0
    odd = steps != layout.period_s
    odd[days.first] = False
    is_regular = ~np.logical_or.reduceat(odd, days.first)
    data: list[bytes] = [b""] * len(days.first)
    shapes = np.stack([is_regular.astype(np.int64), days.length])
    kinds: list[tuple[int, int]] = np.unique(shapes, axis=1).T.tolist()
    for regular, n in kinds:
        chosen = (is_regular == regular) & (days.length == n)
        index: Ints = days.first[chosen][:, None] + np.arange(n)
        records = np.empty(index.shape, packed_dtype(layout, is_regular=bool(regular)))
        for name in layout.dtype.names or ():
            records[name] = rows.values[name][index]
        records["quality"] = rows.quality[index]
        if not regular:
            records["step"] = steps[index]
        for place, block in zip(np.flatnonzero(chosen).tolist(), pack(records), strict=True):
            data[place] = block
    return data, is_regular.astype(np.int64)


def _summary(layout: Layout, rows: Rows, days: Days, amounts: Energy) -> list[NDArray[np.generic]]:
    """Sum up flags, doubtful rows, quality, and first, last, sum and maximum of both registers."""
    status = rows.values[layout.status] if layout.status else np.zeros(len(rows), np.uint8)
    status = np.ascontiguousarray(status)
    flags = np.bitwise_or.reduceat(status, days.first)
    doubtful = np.add.reduceat(status & DOUBTFUL != 0, days.first, dtype=np.int64)
    rank = np.minimum.reduceat(RANK[rows.quality] * 256 + rows.quality, days.first) % 256
    columns: list[NDArray[np.generic]] = [flags, doubtful, rank]
    readings = registers(layout, rows.values)
    known = amounts.masked()
    last = days.first + days.length - 1
    for register in range(2):
        columns += [
            readings[register, days.first],
            readings[register, last],
            np.add.reduceat(known[register], days.first),
            np.maximum.reduceat(known[register], days.first),
        ]
    return columns
