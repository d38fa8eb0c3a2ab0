"""Rings of rows of N meters: load profiles, billing profiles and logs (Blue Book, class 7, FIFO)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from openami.metering.columns import ALL, Columns, Index, Int64

HEAD: list[tuple[str, str]] = [("stamp", "<u4"), ("deviation", "<i2"), ("status", "u1")]


WORD = 8


class AmrStatus(IntFlag):
    """Status byte of a profile row (AMR profile status)."""

    CRITICAL_ERROR = 0x01
    CLOCK_INVALID = 0x02
    DATA_NOT_VALID = 0x04
    DAYLIGHT_SAVING = 0x08
    CLOCK_ADJUSTED = 0x20
    RECOVERED_VALUE = 0x40
    POWER_DOWN = 0x80


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one meter, oldest first: UTC by its clock, deviation in minutes, status byte, values."""

    stamp: Int64
    deviation: NDArray[np.int16]
    status: NDArray[np.uint8]
    values: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.stamp)

    @property
    def dst(self) -> NDArray[np.bool_]:
        """Whether summer time was in force. -> [rows]."""
        dst: NDArray[np.bool_] = (self.status & np.uint8(AmrStatus.DAYLIGHT_SAVING)) != 0
        return dst


def in_words(layout: np.dtype[np.void]) -> np.dtype[np.void]:
    """Pad a record to whole words of eight octets."""
    names = list(layout.names or ())
    kinds = [layout[name] for name in names]
    fields = cast("Mapping[str, Any]", layout.fields or {})
    offsets = [fields[name][1] for name in names]
    size = -(-layout.itemsize // WORD) * WORD
    padded: Any = {"names": names, "formats": kinds, "offsets": offsets, "itemsize": size}
    made: np.dtype[np.void] = np.dtype(padded)
    return made


class Ring:
    """Rows of N meters; the newest overwrites the oldest. Rows of one meter lie together: read by meter.

    `place` tells where a meter's rows lie; in a ring for a few of many meters it is -1 for the others.
    """

    def __init__(self, meters: int, capacity: int, columns: Mapping[str, DTypeLike], *, few: bool = False) -> None:
        self.capacity = capacity
        self.columns = tuple(columns)
        self.layout = in_words(np.dtype([*HEAD, *columns.items()], align=True))
        self.rows: NDArray[np.void] = np.zeros((0 if few else meters, capacity), self.layout)
        self.count = np.zeros(len(self.rows), np.int64)
        self.place = np.full(meters, -1, np.intp) if few else np.arange(meters)

    def admit(self, columns: Index) -> None:
        """Make room for more of the meters in a ring for a few."""
        new = columns[self.place[columns] < 0]
        begin = int(self.place.max(initial=-1)) + 1
        if begin + len(new) > len(self.rows):
            room = max(begin + len(new), 2 * len(self.rows))
            rows, count = self.rows, self.count
            self.rows, self.count = np.zeros((room, self.capacity), self.layout), np.zeros(room, np.int64)
            self.rows[: len(rows)], self.count[: len(count)] = rows, count
        self.place[new] = np.arange(begin, begin + len(new))

    def append(
        self, columns: Columns, stamp: ArrayLike, deviation: ArrayLike, status: ArrayLike, **values: ArrayLike
    ) -> None:
        """Write one row to each of these meters."""
        meters = self.place[columns]
        row = np.zeros(len(meters), self.layout)
        row["stamp"], row["deviation"], row["status"] = stamp, deviation, status
        for name in self.columns:
            row[name] = values[name]
        # records are copied as words, which is several times as fast as one by one
        words = self.layout.itemsize // WORD
        slots = self.rows.view(np.uint64).reshape(self.rows.size, words)
        slots[meters * self.capacity + self.count[meters] % self.capacity] = row.view(np.uint64).reshape(-1, words)
        self.count[meters] += 1

    def clear(self, columns: Columns) -> None:
        """Forget all rows of these meters."""
        self.count[self.place[columns]] = 0

    def in_use(self, meter: int) -> int:
        """Rows held for a meter (attribute 7, entries_in_use)."""
        return min(int(self.count[self.place[meter]]), self.capacity)

    def ordered(self, meter: int) -> NDArray[np.void]:
        """Rows of a meter, oldest first."""
        place = self.place[meter]
        count = int(self.count[place])
        if count <= self.capacity:
            return self.rows[place, :count]
        return np.roll(self.rows[place], -(count % self.capacity))

    def select(self, meter: int, start_utc: int, end_utc: int) -> Rows:
        """Rows stamped from start to end, both included, oldest first (selective access by range)."""
        rows = self.ordered(meter)
        stamp = rows["stamp"]
        return self.unpack(rows[(stamp >= start_utc) & (stamp <= end_utc)])

    def entries(self, meter: int, from_entry: int, to_entry: int = 0) -> Rows:
        """Rows by number, 1 the oldest, 0 as the end the newest (selective access by entry)."""
        rows = self.ordered(meter)
        return self.unpack(rows[max(from_entry, 1) - 1 : to_entry or len(rows)])

    def unpack(self, rows: NDArray[np.void]) -> Rows:
        """Copy the columns out."""
        return Rows(
            rows["stamp"].astype(np.int64),
            rows["deviation"].copy(),
            rows["status"].copy(),
            {name: rows[name].copy() for name in self.columns},
        )

    def positions(self) -> tuple[Int64, Int64]:
        """Meter and slot of every row in use, meter after meter, oldest first."""
        used = np.minimum(self.count, self.capacity)
        number = np.arange(int(used.sum())) - np.repeat(np.cumsum(used) - used, used)
        oldest = np.repeat(self.count - used, used)
        return np.repeat(np.arange(len(used)), used), (oldest + number) % self.capacity

    def pack(self) -> dict[str, NDArray[Any]]:
        """Give the counts, and the rows in use alone."""
        return {"count": self.count.copy(), "rows": self.rows[self.positions()]}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take what `pack` gave."""
        room = len(arrays["count"])
        if room != len(self.count):
            self.rows, self.count = np.zeros((room, self.capacity), self.layout), np.zeros(room, np.int64)
        self.count[ALL] = arrays["count"]
        self.rows[self.positions()] = arrays["rows"]
