"""Rows and columns of a profile that a client asks for (Blue Book, class 7, selective access).

Ranges are compared in UTC seconds, both ends included: inside the repeated hour of a clock change the
deviation of the selector decides, and where it states none, both hours are meant.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import AccessError, DecodeError
from openami.core.time import ANY, ANY_YEAR, DEVIATION_UNSET, CosemDateTime, DstRule
from openami.dlms.data import native
from openami.dlms.profile import Table
from openami.dlms.xdlms import CaptureObject, DataAccessResult, EntryDescriptor, RangeDescriptor, Selection

Resolver: TypeAlias = Callable[[int], tuple[int, int]]
"""Local seconds since 1970 to the first and the last UTC second that read so on the meter's clock."""

STAMP_OCTETS = 12
CLOCK_CLASS, CLOCK_TIME = 8, 2


class ProfileSource(Protocol):
    """Rows of a profile, oldest first, wherever they are kept."""

    def __len__(self) -> int:
        """Entries in use."""
        ...

    def entries(self, start: int, stop: int) -> Table:
        """Rows from `start` (counted from 0) up to, without, `stop`."""
        ...

    def between(self, first: int | None, last: int | None) -> Table:
        """Rows whose clock lies between two UTC seconds, both included; None leaves an end open."""
        ...


@dataclass(frozen=True)
class TableSource:
    """A table as the source of a profile; `clock` is the column of its date-times."""

    table: Table
    clock: int = 0
    default_deviation_min: int = 0

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def utc(self) -> NDArray[np.int64]:
        """UTC seconds of the rows. [n]."""
        if not len(self.table):
            return np.zeros(0, np.int64)
        return self.table.stamps(self.clock, self.default_deviation_min)

    def entries(self, start: int, stop: int) -> Table:
        """Rows by number."""
        return self.table.select(slice(start, stop))

    def between(self, first: int | None, last: int | None) -> Table:
        """Rows by time; they need not be in order, as a clock may be set back."""
        return self.table.select(inside(self.utc, first, last))


def inside(values: NDArray[np.number], first: float | None, last: float | None) -> NDArray[np.bool_]:
    """Which values lie between two ends, both included; None leaves an end open. [n] -> [n]."""
    chosen = np.ones(len(values), np.bool_)
    if first is not None:
        chosen &= values >= first
    if last is not None:
        chosen &= values <= last
    return chosen


def local_resolver(rule: DstRule) -> Resolver:
    """Return the resolver of a clock with that rule of zone and daylight saving."""

    def resolve(local: int) -> tuple[int, int]:
        summer, winter = local + 60 * rule.summer_min, local + 60 * rule.zone_min
        valid = [utc for utc, dst in ((summer, True), (winter, False)) if rule.is_dst(utc) is dst]
        if not valid:
            valid = [rule.local_to_utc(local)]
        return valid[0], valid[-1]

    return resolve


def utc_clock(local: int) -> tuple[int, int]:
    """Return the resolver of a clock that runs on UTC."""
    return local, local


@lru_cache(maxsize=256)
def instants(octets: bytes, resolve: Resolver) -> tuple[int, int] | None:
    """First and last UTC second a date-time of a selector may mean; None where it leaves the end open."""
    stamp = CosemDateTime.decode(octets)
    if stamp.year == ANY_YEAR or ANY in (stamp.month, stamp.day, stamp.hour, stamp.minute):
        return None
    spread = 59 if stamp.second == ANY else 0
    if stamp.deviation != DEVIATION_UNSET:
        utc = stamp.to_utc()
        return utc, utc + spread
    first, last = resolve(stamp.local_seconds())
    return first, last + spread


def column_of(column: CaptureObject, columns: Sequence[CaptureObject]) -> int:
    """Return the number of a column, from 0; scope-of-access-violated if the profile does not capture it."""
    for index, captured in enumerate(columns):
        if captured == column:
            return index
    name = f"class {column.class_id} {column.logical_name} attribute {column.attribute_id}"
    raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, f"{name} is not captured")


def by_range(
    source: ProfileSource, columns: Sequence[CaptureObject], selection: Selection, resolve: Resolver
) -> tuple[Table, list[int]]:
    """Rows of a range with all their columns, and the numbers of the columns wanted."""
    wanted, ends = range_of(selection)
    chosen = [column_of(column, columns) for column in wanted.selected_values]
    restricting = column_of(wanted.restricting, columns)
    if any(isinstance(end, bytes) and len(end) == STAMP_OCTETS for end in ends):
        rows = rows_in_time(source, columns, restricting, time_range(ends, resolve))
    else:
        rows = rows_by_value(source.entries(0, len(source)), restricting, ends)
    return rows, chosen or list(range(len(columns)))


@lru_cache(maxsize=256)
def range_of(selection: Selection) -> tuple[RangeDescriptor, tuple[object, object]]:
    """Decode a range and its two ends; remembered, for a head-end asks every meter for the same."""
    wanted = RangeDescriptor.decode(selection)
    return wanted, (native(wanted.from_value)[0], native(wanted.to_value)[0])


def time_range(ends: tuple[object, object], resolve: Resolver) -> tuple[int | None, int | None]:
    """UTC seconds of two date-times; null-data or wildcards leave an end open."""
    spans: list[tuple[int, int] | None] = []
    for end in ends:
        if not isinstance(end, bytes | None):
            raise DecodeError("range from a date-time to another type")
        spans.append(None if end is None else instants(end, resolve))
    first, last = spans
    return None if first is None else first[0], None if last is None else last[1]


def rows_in_time(
    source: ProfileSource,
    columns: Sequence[CaptureObject],
    restricting: int,
    span: tuple[int | None, int | None],
) -> Table:
    """Rows in a span of time, of the profile's clock or of another column of date-times."""
    column = columns[restricting]
    clocks = [index for index, held in enumerate(columns) if is_clock(held)]
    if is_clock(column) and restricting == clocks[0]:
        return source.between(*span)
    rows = source.entries(0, len(source))
    return TableSource(rows, restricting).between(*span)


def is_clock(column: CaptureObject) -> bool:
    """Whether a column is the time of a clock."""
    return column.class_id == CLOCK_CLASS and column.attribute_id == CLOCK_TIME


def rows_by_value(table: Table, restricting: int, ends: tuple[object, object]) -> Table:
    """Rows whose restricting number lies between two others."""
    first, last = ends
    if not isinstance(first, int | float | None) or not isinstance(last, int | float | None):
        raise DecodeError("range of a type that has no order")
    if not len(table):
        return table
    values = table.columns[restricting]
    if values.ndim != 1 or not np.issubdtype(values.dtype, np.number):
        raise DecodeError("range of numbers over a column of another type")
    return table.select(inside(cast("NDArray[np.number]", values), first, last))


def by_entry(source: ProfileSource, wanted: EntryDescriptor) -> tuple[Table, list[int]]:
    """Rows by number with all their columns, and the numbers of the columns wanted."""
    start, stop = bounds(wanted.from_entry, wanted.to_entry, len(source))
    rows = source.entries(start, stop)
    first, last = bounds(wanted.from_selected_value, wanted.to_selected_value, len(rows.columns))
    return rows, list(range(first, last))


def bounds(first: int, last: int, count: int) -> tuple[int, int]:
    """Return a slice from numbers counted from 1, of which 0 as the last means the end."""
    start = max(first, 1) - 1
    stop = count if last == 0 else min(last, count)
    return start, max(start, stop)
