"""Rows of one meter's profiles and logs as the columns that a client reads."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openami.core.stamps import encode_stamps
from openami.core.time import CET, ClockStatus, DstRule
from openami.cosem.calendars import NOT_SPECIFIED
from openami.dlms.data import Tag
from openami.dlms.profile import Table
from openami.metering.profile import AmrStatus, Ring

LATEST = 2**32 - 1

TAGS = {
    np.dtype("u1"): Tag.UNSIGNED,
    np.dtype("u2"): Tag.LONG_UNSIGNED,
    np.dtype("u4"): Tag.DOUBLE_LONG_UNSIGNED,
    np.dtype("u8"): Tag.LONG64_UNSIGNED,
    np.dtype("i1"): Tag.INTEGER,
    np.dtype("i2"): Tag.LONG,
    np.dtype("i4"): Tag.DOUBLE_LONG,
    np.dtype("i8"): Tag.LONG64,
}
STAMP, STATUS, CLOCK_STATUS, TIME, VALUE = "stamp", "status", "clock status", "time", "value"


class Shown(NamedTuple):
    """A column of a buffer: time stamp, status or clock status of the row, a value, or a value that is a time."""

    kind: str
    name: str = ""


@lru_cache(maxsize=1024)
def stamps(stamp: bytes, deviation: bytes, status: bytes) -> NDArray[np.uint8]:
    """Date-times of rows; remembered, as meters of one cohort write theirs at the same moments."""
    conditions = np.frombuffer(status, np.uint8)
    summer = (conditions & np.uint8(AmrStatus.DAYLIGHT_SAVING)) != 0
    invalid = np.where(conditions & np.uint8(AmrStatus.CLOCK_INVALID), np.uint8(ClockStatus.INVALID), np.uint8(0))
    utc = np.frombuffer(stamp, "<u4").astype(np.int64)
    return encode_stamps(utc, np.frombuffer(deviation, "<i2"), summer, invalid)


class RingRows:
    """One meter's rows in a ring, picked before they are encoded; profiles show the status, logs do not.

    `shown` are the columns in their order, `rule` says how a time among the values is read.
    """

    __slots__ = ("meter", "ring", "rule", "shown")

    def __init__(
        self,
        ring: Ring,
        meter: int,
        *,
        with_status: bool = False,
        shown: Sequence[Shown] | None = None,
        rule: DstRule | None = None,
    ) -> None:
        self.ring = ring
        self.meter = meter
        head = [Shown(STAMP), Shown(STATUS)] if with_status else [Shown(STAMP)]
        self.shown = shown or (*head, *(Shown(VALUE, name) for name in ring.columns))
        self.rule = rule or CET

    def __len__(self) -> int:
        return self.ring.in_use(self.meter)

    def entries(self, start: int, stop: int) -> Table:
        """Rows from `start` (counted from 0, the oldest) up to, without, `stop`."""
        return self.table(self.ring.ordered(self.meter)[start:stop])

    def between(self, first: int | None, last: int | None) -> Table:
        """Rows stamped between two UTC seconds, both included; they are picked where they lie in the ring."""
        ring, meter = self.ring, self.meter
        place = ring.place[meter]
        count = int(ring.count[place])
        rows = ring.rows[place, : min(count, ring.capacity)]
        stamp = rows["stamp"]
        low, high = 0 if first is None else first, LATEST if last is None else last
        if low > LATEST or high < 0:
            return self.table(rows[:0])
        places = np.flatnonzero((stamp >= max(low, 0)) & (stamp <= min(high, LATEST)))
        if count > ring.capacity:
            oldest = int(np.searchsorted(places, count % ring.capacity))
            places = np.concatenate([places[oldest:], places[:oldest]])
        return self.table(rows[places])

    def table(self, rows: NDArray[np.void]) -> Table:
        """Columns of rows as they are shown."""
        columns = [self.column(rows, *shown) for shown in self.shown]
        return Table([values for values, _ in columns], [tag for _, tag in columns])

    def column(self, rows: NDArray[np.void], kind: str, name: str) -> tuple[NDArray[np.generic], Tag]:
        """One column and its type."""
        status = rows["status"]
        if kind == STAMP:
            return stamps(rows["stamp"].tobytes(), rows["deviation"].tobytes(), status.tobytes()), Tag.OCTET_STRING
        if kind == TIME:
            return times(rows[name], self.rule), Tag.OCTET_STRING
        if kind == STATUS:
            return status, Tag.UNSIGNED
        if kind == CLOCK_STATUS:
            return clock_status(status), Tag.UNSIGNED
        return rows[name], TAGS[rows.dtype[name]]


def clock_status(status: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Status of the clock as the row was written."""
    shown = np.zeros(len(status), np.uint8)
    shown[(status & np.uint8(AmrStatus.DAYLIGHT_SAVING)) != 0] |= np.uint8(ClockStatus.DST)
    shown[(status & np.uint8(AmrStatus.CLOCK_INVALID)) != 0] |= np.uint8(ClockStatus.INVALID)
    return shown


def times(utc: NDArray[np.generic], rule: DstRule) -> NDArray[np.uint8]:
    """Date-times of values; 0 is not specified."""
    seconds = utc.astype(np.int64)
    deviation, dst = rule.offsets(seconds)
    encoded = encode_stamps(seconds, deviation, dst, np.zeros(len(seconds), np.uint8))
    encoded[seconds == 0] = np.frombuffer(NOT_SPECIFIED.encode(), np.uint8)
    return encoded
