"""The columns of a profile, and the two ways between full and null-compressed rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError, EncodeError
from openami.core.stamps import STAMP, decode_stamps, encode_stamps
from openami.core.time import DEVIATION_UNSET
from openami.dlms.data import Tag

Column: TypeAlias = NDArray[np.generic]
"""[n] numbers, [n, k] octets of an octet-string of one length, or [n] objects."""

Mask: TypeAlias = NDArray[np.bool_]

NUMBERS: dict[Tag, np.dtype[np.generic]] = {
    Tag.BOOLEAN: np.dtype(np.bool_),
    Tag.DOUBLE_LONG: np.dtype(np.int32),
    Tag.DOUBLE_LONG_UNSIGNED: np.dtype(np.uint32),
    Tag.BCD: np.dtype(np.uint8),
    Tag.INTEGER: np.dtype(np.int8),
    Tag.LONG: np.dtype(np.int16),
    Tag.UNSIGNED: np.dtype(np.uint8),
    Tag.LONG_UNSIGNED: np.dtype(np.uint16),
    Tag.LONG64: np.dtype(np.int64),
    Tag.LONG64_UNSIGNED: np.dtype(np.uint64),
    Tag.ENUM: np.dtype(np.uint8),
    Tag.FLOAT32: np.dtype(np.float32),
    Tag.FLOAT64: np.dtype(np.float64),
    Tag.DELTA_INTEGER: np.dtype(np.int8),
    Tag.DELTA_LONG: np.dtype(np.int16),
    Tag.DELTA_DOUBLE_LONG: np.dtype(np.int32),
    Tag.DELTA_UNSIGNED: np.dtype(np.uint8),
    Tag.DELTA_LONG_UNSIGNED: np.dtype(np.uint16),
    Tag.DELTA_DOUBLE_LONG_UNSIGNED: np.dtype(np.uint32),
}
"""Types whose cells are numbers."""

OCTETS = frozenset({Tag.OCTET_STRING, Tag.DATE_TIME, Tag.DATE, Tag.TIME})
"""Types whose cells are octets, `[n, k]` where all are of one length."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows of a profile by column.

    A column holds numbers `[n]`, octets `[n, k]`, or objects `[n]`: plain values of one simple type, or
    `Data` where `tags` says structure, array or (for cells of different types) don't-care. `nulls` marks
    cells that were or will be sent as null-data; what they hold means nothing until `fill_null`.
    """

    columns: list[Column]
    tags: list[Tag]
    nulls: list[Mask] = field(default_factory=list[Mask])

    def __post_init__(self) -> None:
        count = len(self)
        if not self.nulls:
            object.__setattr__(self, "nulls", [np.zeros(count, np.bool_)] * len(self.columns))
        if not len(self.columns) == len(self.tags) == len(self.nulls):
            raise EncodeError(f"{len(self.columns)} columns with {len(self.tags)} tags")
        for column, nulls in zip(self.columns, self.nulls, strict=True):
            if len(column) != count or len(nulls) != count:
                raise EncodeError("columns of different length")

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @property
    def has_nulls(self) -> bool:
        """Whether any cell is null."""
        seen: Mask | None = None
        for nulls in self.nulls:
            if nulls is not seen and nulls.any():
                return True
            seen = nulls
        return False

    def stamps(self, column: int = 0, default_deviation_min: int | None = None) -> NDArray[np.int64]:
        """UTC seconds of a date-time column. -> [n]."""
        if self.tags[column] not in (Tag.OCTET_STRING, Tag.DATE_TIME) or self.nulls[column].any():
            raise DecodeError(f"column {column} is no full column of date-times")
        return decode_stamps(self.columns[column].astype(np.uint8, copy=False), default_deviation_min)

    def structured(self, names: Sequence[str] | None = None) -> NDArray[np.void]:
        """The rows as one structured array; columns are called `c0`, `c1`, ... unless named."""
        titles = [f"c{index}" for index in range(len(self.columns))] if names is None else list(names)
        fields = [(title, column.dtype, column.shape[1:]) for title, column in zip(titles, self.columns, strict=True)]
        rows = np.empty(len(self), np.dtype(fields))
        for title, column in zip(titles, self.columns, strict=True):
            rows[title] = column
        return rows

    def select(self, rows: slice | NDArray[np.integer] | Mask, columns: Sequence[int] | None = None) -> "Table":
        """Some rows, and some columns in the order given."""
        chosen = range(len(self.columns)) if columns is None else columns
        return Table(
            [self.columns[index][rows] for index in chosen],
            [self.tags[index] for index in chosen],
            [self.nulls[index][rows] for index in chosen],
        )

    def clock(self) -> int | None:
        """The first column of twelve octets, which a meter fills from its clock."""
        for index, (tag, column) in enumerate(zip(self.tags, self.columns, strict=True)):
            if tag in (Tag.OCTET_STRING, Tag.DATE_TIME) and column.shape[1:] == (STAMP.itemsize,):
                return index
        return None

    def fill_null(self, period_s: int, clock: int | None = None) -> "Table":
        """Every null-data replaced: the clock goes on by the period, all else repeats the row before it."""
        clock = self.clock() if clock is None else clock
        columns = [
            filled(column, nulls, period_s if index == clock else None, index)
            for index, (column, nulls) in enumerate(zip(self.columns, self.nulls, strict=True))
        ]
        return Table(columns, self.tags)

    def null_regular(self, period_s: int, columns: Sequence[int], clock: int | None = None) -> "Table":
        """The inverse of `fill_null`: cells of these columns that it would rebuild are marked as null."""
        clock = self.clock() if clock is None else clock
        nulls = list(self.nulls)
        for index in columns:
            column = self.columns[index]
            regular = np.zeros(len(self), np.bool_)
            before = forward(column[:-1], period_s) if index == clock else column[:-1]
            same = before == column[1:]
            regular[1:] = same.all(axis=1) if same.ndim == 2 else same
            nulls[index] = regular
        return Table(self.columns, self.tags, nulls)


def filled(column: Column, nulls: Mask, period_s: int | None, index: int) -> Column:
    """One column with its null cells rebuilt; with a period, as stamps."""
    if not nulls.any():
        return column
    if nulls[0]:
        raise DecodeError(f"column {index} begins with null-data")
    rows = np.arange(len(column))
    source = np.maximum.accumulate(np.where(nulls, 0, rows))
    if period_s is None:
        return column[source]
    steps = (rows - source)[nulls]
    stamps = column.copy()
    stamps[nulls] = forward(column[source[nulls]], steps * period_s)
    return stamps


def forward(column: Column, seconds: NDArray[np.int64] | int) -> NDArray[np.uint8]:
    """Stamps that much later on the same clock: deviation and status stay. [n, 12] -> [n, 12]."""
    octets = np.ascontiguousarray(column, np.uint8)
    fields = octets.view(STAMP).reshape(-1)
    deviation = np.where(fields["deviation"] == DEVIATION_UNSET, 0, fields["deviation"]).astype(np.int16)
    utc = decode_stamps(octets, default_deviation_min=0) + seconds
    later = encode_stamps(utc, deviation, np.zeros(len(octets), np.bool_)).view(STAMP).reshape(-1)
    for name in ("hundredths", "deviation", "status"):
        later[name] = fields[name]
    unset = fields["weekday"] == 0xFF
    later["weekday"][unset] = 0xFF
    return later.view(np.uint8).reshape(-1, STAMP.itemsize)
