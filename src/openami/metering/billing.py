"""Profiles of N meters: interval rows, daily and monthly closings, and what marks their next row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openami.core.time import DAY_S, DstRule
from openami.metering.columns import Columns, Int64
from openami.metering.profile import AmrStatus, Ring
from openami.metering.registers import TOTAL, Energy, Registers
from openami.metering.timeline import Mark

MONTH_S = 32 * DAY_S


class Column(NamedTuple):
    """A register that a profile captures."""

    name: str
    energy: Energy
    rate: int = TOTAL


@dataclass(frozen=True, slots=True)
class Capture:
    """What a profile captures, when, and how many rows it holds."""

    mark: Mark
    entries: int
    columns: tuple[Column, ...]


TOTALS = (Column("import_total", Energy.ACTIVE_IMPORT), Column("export_total", Energy.ACTIVE_EXPORT))
RATES = (
    Column("import_rate_1", Energy.ACTIVE_IMPORT, 1),
    Column("import_rate_2", Energy.ACTIVE_IMPORT, 2),
    Column("export_rate_1", Energy.ACTIVE_EXPORT, 1),
    Column("export_rate_2", Energy.ACTIVE_EXPORT, 2),
)
PROFILES: Mapping[str, Capture] = {
    "interval": Capture(Mark.INTERVAL, 960, TOTALS),
    "daily": Capture(Mark.DAY, 40, RATES),
    "monthly": Capture(Mark.MONTH, 13, RATES),
}
"""Profiles 1 to 3 of an ESMR meter (CompactIQ manual, table 6)."""


class Stamp(NamedTuple):
    """Time of a row by the meter's clock, one for all or one each: UTC, deviation in minutes, summer time."""

    at: ArrayLike
    deviation: ArrayLike
    dst: ArrayLike


@dataclass(slots=True)
class Profile:
    """One profile of N meters; `pending` are status bits waiting for the next row. [meters]."""

    capture: Capture
    ring: Ring
    pending: NDArray[np.uint8]

    @classmethod
    def of(cls, meters: int, capture: Capture) -> Self:
        """Make an empty profile."""
        ring = Ring(meters, capture.entries, {column.name: "<u4" for column in capture.columns})
        return cls(capture, ring, np.zeros(meters, np.uint8))

    def add(
        self,
        columns: Columns,
        registers: Registers,
        stamp: Stamp,
        condition: NDArray[np.uint8],
    ) -> None:
        """Write a row from the registers as they stand; the pending bits go with it.

        `condition` is that of all meters.
        """
        summer = np.where(stamp.dst, np.uint8(AmrStatus.DAYLIGHT_SAVING), np.uint8(0))
        status = self.pending[columns] | condition[columns] | summer
        values = {c.name: registers.wh(c.energy, c.rate)[columns] for c in self.capture.columns}
        self.ring.append(columns, stamp.at, stamp.deviation, status, **values)
        self.pending[columns] = 0

    def mark(self, columns: Columns, bits: AmrStatus) -> None:
        """Bits for the next row."""
        self.pending[columns] |= np.uint8(bits)

    def missed(self, rule: DstRule, since: Int64, until: Int64) -> Int64:
        """Last closing due in (since, until] by the meters' clocks, -1 where there is none. [n] -> [n].

        Intervals are never made up for.
        """
        first, last = int(until.min(initial=0)), int(until.max(initial=0))
        if Mark.MONTH in self.capture.mark:
            due = rule.month_starts(first - MONTH_S, last)
        elif Mark.DAY in self.capture.mark:
            due = rule.local_midnights(first - 2 * DAY_S, last)
        else:
            return np.full(len(until), -1, np.int64)
        latest = due[np.searchsorted(due, until, side="right") - 1]
        return np.where((latest > since) & (latest <= until), latest, -1)
