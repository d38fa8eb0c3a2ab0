"""Rows of one meter's profiles and logs as the columns that a client reads."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from openami.core.stamps import encode_stamps
from openami.core.time import ClockStatus
from openami.dlms.data import Tag
from openami.dlms.profile import Table
from openami.metering.profile import AmrStatus, Ring

LATEST = 2**32 - 1

TAGS = {
    np.dtype("u1"): Tag.UNSIGNED,
    np.dtype("u2"): Tag.LONG_UNSIGNED,
    np.dtype("u4"): Tag.DOUBLE_LONG_UNSIGNED,
}


@lru_cache(maxsize=1024)
def stamps(stamp: bytes, deviation: bytes, status: bytes) -> NDArray[np.uint8]:
    """Date-times of rows; remembered, as meters of one cohort write theirs at the same moments."""
    conditions = np.frombuffer(status, np.uint8)
    summer = (conditions & np.uint8(AmrStatus.DAYLIGHT_SAVING)) != 0
    invalid = np.where(conditions & np.uint8(AmrStatus.CLOCK_INVALID), np.uint8(ClockStatus.INVALID), np.uint8(0))
    utc = np.frombuffer(stamp, "<u4").astype(np.int64)
    return encode_stamps(utc, np.frombuffer(deviation, "<i2"), summer, invalid)


class RingRows:
    """One meter's rows in a ring, picked before they are encoded; profiles show the status, logs do not."""

    __slots__ = ("meter", "ring", "with_status")

    def __init__(self, ring: Ring, meter: int, *, with_status: bool) -> None:
        self.ring = ring
        self.meter = meter
        self.with_status = with_status

    def __len__(self) -> int:
        return self.ring.in_use(self.meter)

    def entries(self, start: int, stop: int) -> Table:
        """Rows from `start` (counted from 0, the oldest) up to, without, `stop`."""
        return self.table(self.ring.ordered(self.meter)[start:stop])

    def between(self, first: int | None, last: int | None) -> Table:
        """Rows stamped between two UTC seconds, both included; they are picked where they lie in the ring."""
        ring, meter = self.ring, self.meter
        count = int(ring.count[meter])
        rows = ring.rows[meter, : min(count, ring.capacity)]
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
        """Columns of rows: date-time, status if it is shown, values."""
        status = rows["status"]
        columns: list[NDArray[np.generic]] = [
            stamps(rows["stamp"].tobytes(), rows["deviation"].tobytes(), status.tobytes())
        ]
        tags = [Tag.OCTET_STRING]
        if self.with_status:
            columns.append(status)
            tags.append(Tag.UNSIGNED)
        for name in self.ring.columns:
            columns.append(rows[name])
            tags.append(TAGS[rows.dtype[name]])
        return Table(columns, tags)
