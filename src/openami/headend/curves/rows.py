"""Rows of many series in one bundle of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

KEY_SHIFT = 33
"""Instants below 2^33 reach into the year 2242."""


class Quality(IntEnum):
    """Where a value comes from, in the codes of ESPI; of two values for an interval the higher rank stays."""

    RAW = 14
    MANUAL = 7


RANK = np.zeros(256, np.int64)
RANK[[Quality.RAW, Quality.MANUAL]] = [1, 2]


@dataclass(frozen=True, slots=True)
class Rows:
    """Series, UTC start, quality and raw values of each row. Four arrays of [n]."""

    series: Ints
    at: Ints
    quality: NDArray[np.uint8]
    values: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def keys(self) -> Ints:
        """One number per row that orders by series, then time."""
        return (self.series << KEY_SHIFT) | self.at

    @classmethod
    def join(cls, parts: Sequence["Rows"]) -> "Rows":
        """Several bundles, one below the other."""
        if len(parts) == 1:
            return parts[0]
        columns = zip(*((part.series, part.at, part.quality) for part in parts), strict=True)
        series, at, quality = (np.concatenate(column) for column in columns)
        return cls(series, at, quality, join_records([part.values for part in parts]))

    @classmethod
    def empty(cls, dtype: np.dtype[np.void]) -> Self:
        """No rows."""
        none = np.empty(0, np.int64)
        return cls(none, none, np.empty(0, np.uint8), np.empty(0, dtype))

    def take(self, index: Ints | Mask | slice) -> "Rows":
        """Take some of the rows."""
        return Rows(self.series[index], self.at[index], self.quality[index], self.values[index])

    def ordered(self) -> "Rows":
        """In order of their keys; of rows with one key that of the highest rank stays, of these the last."""
        keys = self.keys
        if bool((keys[1:] > keys[:-1]).all()):
            return self
        order = np.lexsort((RANK[self.quality], keys))
        keys = keys[order]
        last = np.ones(len(keys), np.bool_)
        last[:-1] = keys[1:] != keys[:-1]
        return self.take(order[last])


def join_records(parts: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """Put records of one type one below the other; `np.concatenate` compares the types field by field."""
    if len(parts) == 1:
        return parts[0]
    return np.frombuffer(b"".join([part.tobytes() for part in parts]), parts[0].dtype)


def find(keys: Ints, wanted: Ints) -> tuple[Ints, Mask]:
    """Place of each wanted key among ordered keys, and whether it is there. -> [n], [n]."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted
