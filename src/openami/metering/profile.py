"""Rings of rows of N meters: load profiles, billing profiles and logs (Blue Book, class 7, FIFO)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from openami.metering.columns import Columns, Index, Int64

HEAD: list[tuple[str, str]] = [("stamp", "<u4"), ("deviation", "<i2"), ("status", "u1")]


WORD = 8
ROOM = 2
"""Rows of each meter that a ring has room for at its beginning."""


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


def words(rows: NDArray[np.void]) -> NDArray[np.uint64]:
    """Show records as words [records, words]: so they are copied in a fraction of the time, and padding stays zero.

    NumPy copies records field by field, and leaves in the padding whatever was in memory before.
    """
    shown: NDArray[np.uint64] = rows.view(np.uint64).reshape(rows.size, rows.dtype.itemsize // WORD)
    return shown


class Ring:
    """Rows of N meters; the newest overwrites the oldest. Rows of one meter lie together: read by meter.

    `place` tells where a meter's rows lie; in a ring for a few of many meters it is -1 for the others. `rows` has
    room for what was written and some more, up to the capacity: a large fleet takes memory as its history grows.
    """

    def __init__(self, meters: int, capacity: int, columns: Mapping[str, DTypeLike], *, few: bool = False) -> None:
        self.capacity = capacity
        self.columns = tuple(columns)
        self.layout = in_words(np.dtype([*HEAD, *columns.items()], align=True))
        self.rows: NDArray[np.void] = np.zeros((0 if few else meters, min(ROOM, capacity)), self.layout)
        self.count = np.zeros(len(self.rows), np.int64)
        self.place = np.full(meters, -1, np.intp) if few else np.arange(meters)

    def admit(self, columns: Index) -> None:
        """Make room for more of the meters in a ring for a few."""
        new = columns[self.place[columns] < 0]
        begin = int(self.place.max(initial=-1)) + 1
        if begin + len(new) > len(self.rows):
            meters = max(begin + len(new), 2 * len(self.rows))
            self._resize(meters, self.rows.shape[1])
            self.count = np.pad(self.count, (0, meters - len(self.count)))
        self.place[new] = np.arange(begin, begin + len(new))

    def _resize(self, meters: int, room: int) -> None:
        """Make room for more meters, or for more rows of each."""
        held = self.rows
        self.rows = np.zeros((meters, room), self.layout)
        old, new = held.view(np.uint64), self.rows.view(np.uint64)  # see `words`
        new[: old.shape[0], : old.shape[1]] = old

    def _hold(self, rows: int) -> None:
        """Have room for so many rows of each meter, and a quarter as many again before the next time."""
        room = self.rows.shape[1]
        if rows > room:
            self._resize(len(self.rows), min(self.capacity, max(rows, room + room // 4)))

    def append(
        self, columns: Columns, stamp: ArrayLike, deviation: ArrayLike, status: ArrayLike, **values: ArrayLike
    ) -> None:
        """Write one row to each of these meters."""
        meters = self.place[columns]
        row = np.zeros(len(meters), self.layout)
        row["stamp"], row["deviation"], row["status"] = stamp, deviation, status
        for name in self.columns:
            row[name] = values[name]
        slot = self.count[meters] % self.capacity
        self._hold(int(slot.max(initial=-1)) + 1)
        words(self.rows)[meters * self.rows.shape[1] + slot] = words(row)
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
        meters, slots = self.positions()
        rows = words(self.rows)[meters * self.rows.shape[1] + slots]
        return {"count": self.count.copy(), "rows": rows.view(self.layout).reshape(-1)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take what `pack` gave."""
        self.count = arrays["count"].copy()
        room = max(self.rows.shape[1], min(self.capacity, int(self.count.max(initial=0))))
        self.rows = np.zeros((len(self.count), room), self.layout)
        self.rows[self.positions()] = arrays["rows"]
