"""What each cell of a column is sent as: itself, null-data, or its difference to the row before.

Differences go in the shortest of the delta types (Blue Book, common data types 28 to 33).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import EncodeError
from openami.dlms.data import Tag
from openami.dlms.data.primitives import type_name
from openami.dlms.profile.table import NUMBERS, Column, Mask

LONGEST_FIRST: Final = (
    Tag.DELTA_DOUBLE_LONG,
    Tag.DELTA_DOUBLE_LONG_UNSIGNED,
    Tag.DELTA_LONG,
    Tag.DELTA_LONG_UNSIGNED,
    Tag.DELTA_INTEGER,
    Tag.DELTA_UNSIGNED,
)


class Sent(NamedTuple):
    """Cells of a column as they are sent: the tag of each, and by tag what it holds. [n], [n] or [n, k]."""

    tags: NDArray[np.uint8]
    cells: dict[Tag, Column]


def as_sent(column: Column, tag: Tag, nulls: Mask) -> Sent:
    """Each cell as it is, or null-data."""
    return Sent(np.where(nulls, np.uint8(Tag.NULL), np.uint8(tag)), {tag: column})


def differences(column: Column, tag: Tag, nulls: Mask) -> Sent:
    """Each cell as the difference to the last before it that is not null-data, wherever that is shorter."""
    wanted = NUMBERS.get(tag)
    if wanted is None or wanted.kind not in "iu":
        raise EncodeError(f"a column of {type_name(tag)} has no differences")
    sent = as_sent(column, tag, nulls)
    last = np.maximum.accumulate(np.where(nulls, -1, np.arange(len(column))))
    before = np.concatenate((np.array([-1]), last[:-1]))
    values = column.astype(np.int64)
    steps = values - values[before]
    grows: Mask = np.greater_equal(column, column[before])
    possible = (before >= 0) & ~nulls & ((steps >= 0) == grows)  # else the difference is longer than 64 bits
    for delta in LONGEST_FIRST:
        limits = np.iinfo(NUMBERS[delta].str)
        if NUMBERS[delta].itemsize < wanted.itemsize:
            sent.tags[possible & (steps >= limits.min) & (steps <= limits.max)] = delta
            sent.cells[delta] = steps
    return sent
