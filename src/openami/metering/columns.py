"""Which meters: the columns of the fleet's arrays that a law works on."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import LocalProtocolError

Int64 = NDArray[np.int64]
Index = NDArray[np.intp]
Columns = slice | Index
Meters = int | Sequence[int] | NDArray[np.integer]

T = TypeVar("T")

ALL = slice(None)
NEVER = 2**62


def select(meters: Meters, count: int) -> Index:
    """Columns of the meters named; each must exist and stand once."""
    columns = np.atleast_1d(np.asarray(meters, dtype=np.intp))
    if columns.size and (int(columns.min()) < 0 or int(columns.max()) >= count):
        raise LocalProtocolError(f"meter {int(columns.max())} of a fleet of {count}")
    if np.unique(columns).size != columns.size:
        raise LocalProtocolError("a meter is named twice in one command")
    return columns


def grouped(*keys: Int64) -> list[Index]:
    """Positions with equal keys, group by group. [n], [n], ... -> index arrays."""
    _, inverse = np.unique(np.stack(keys), axis=1, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    bounds = np.flatnonzero(np.diff(inverse.ravel()[order])) + 1
    return np.split(order, bounds)


def intern(tables: list[T], table: T, *used: NDArray[np.int64]) -> int:
    """Keep a table once; its number is a new one or one that no meter uses any more."""
    if table in tables:
        return tables.index(table)
    taken = {int(number) for numbers in used for number in np.unique(numbers)}
    free = next((number for number in range(len(tables)) if number not in taken), len(tables))
    tables[free : free + 1] = [table]
    return free
