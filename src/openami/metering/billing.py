"""Profiles of N meters: interval rows, closings of day and month and billing, and what marks their next row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openami.core.time import DAY_S, DstRule
from openami.metering.cells import cell, fitted
from openami.metering.columns import Columns, Index, Int64
from openami.metering.profile import AmrStatus, Ring
from openami.metering.timeline import ANY_DAY, DAILY, MONTHLY, Trigger

if TYPE_CHECKING:
    from openami.metering.state import State

ROW_HEAD_OCTETS = 5
ERA_S = 32 * DAY_S


class Column(NamedTuple):
    """What a profile captures: a name, the cell it is read from, and the type it is kept in."""

    name: str
    cell: str
    type: str = "<u4"


@dataclass(frozen=True, slots=True)
class Capture:
    """What a profile captures, when, and how many rows it holds.

    One that `closes` ends a billing period: its capture resets the maxima that name it, by hand or from afar
    not again within `lockout_s`.
    """

    triggers: tuple[Trigger, ...]
    entries: int
    columns: tuple[Column, ...]
    closes: bool = False
    lockout_s: int = 0

    @property
    def layout(self) -> tuple[int, tuple[Column, ...]]:
        """What a ring of such rows is made by."""
        return self.entries, self.columns

    @property
    def octets(self) -> int:
        """Memory it takes: time stamp, status and values of each row."""
        return self.entries * (ROW_HEAD_OCTETS + sum(np.dtype(column.type).itemsize for column in self.columns))


@dataclass(frozen=True, slots=True)
class Freedom:
    """What of a profile a client may change: periods to choose from, the most columns, the number of rows, times."""

    periods_s: tuple[int, ...] = ()
    columns: int = 0
    entries: bool = False
    times: bool = False


TOTALS = (Column("import_total", "energy.active.import"), Column("export_total", "energy.active.export"))
RATES = (
    Column("import_rate_1", "energy.active.import.rate_1"),
    Column("import_rate_2", "energy.active.import.rate_2"),
    Column("export_rate_1", "energy.active.export.rate_1"),
    Column("export_rate_2", "energy.active.export.rate_2"),
)
PROFILES: Mapping[str, Capture] = {
    "interval": Capture((Trigger(900),), 960, TOTALS),
    "daily": Capture((DAILY,), 40, RATES),
    "monthly": Capture((MONTHLY,), 13, RATES),
}
"""Profiles 1 to 3 of an ESMR meter (CompactIQ manual, table 6)."""


class Stamp(NamedTuple):
    """Time of a row by the meter's clock, one for all or one each: UTC, deviation in minutes, summer time."""

    at: Int64 | int
    deviation: ArrayLike
    dst: ArrayLike


@dataclass(slots=True)
class Profile:
    """One profile of N meters; `pending` are status bits waiting for the next row. [meters].

    `others` are the rings of meters that capture something else, or more or fewer rows, than their product.
    """

    capture: Capture
    ring: Ring
    pending: NDArray[np.uint8]
    closings: NDArray[np.uint32]
    closed_at: NDArray[np.uint32]
    reset_at: Int64
    others: dict[tuple[int, tuple[Column, ...]], Ring] = field(
        default_factory=dict[tuple[int, tuple[Column, ...]], Ring]
    )

    @classmethod
    def of(cls, meters: int, capture: Capture) -> Self:
        """Make an empty profile."""
        return cls(
            capture,
            ring_for(meters, capture),
            np.zeros(meters, np.uint8),
            np.zeros(meters, np.uint32),
            np.zeros(meters, np.uint32),
            np.full(meters, -(2**62), np.int64),
        )

    def ring_of(self, capture: Capture) -> Ring:
        """Ring of the meters that capture so."""
        if capture.layout == self.capture.layout:
            return self.ring
        if capture.layout not in self.others:
            self.others[capture.layout] = ring_for(len(self.pending), capture, few=True)
        return self.others[capture.layout]

    def add(self, state: "State", columns: Columns, stamp: Stamp, capture: Capture | None = None) -> None:
        """Write a row of what stands now; the pending bits go with it."""
        capture = capture or self.capture
        summer = np.where(stamp.dst, np.uint8(AmrStatus.DAYLIGHT_SAVING), np.uint8(0))
        status = self.pending[columns] | state.clock.condition[columns] | summer
        values: dict[str, ArrayLike] = {}
        for column in capture.columns:
            source = cell(column.cell)
            values[column.name] = fitted(source.read(state, columns), column.type, wraps=source.wraps)
        self.ring_of(capture).append(columns, stamp.at, stamp.deviation, status, **values)
        self.pending[columns] = 0

    def mark(self, columns: Columns, bits: AmrStatus) -> None:
        """Bits for the next row."""
        self.pending[columns] |= np.uint8(bits)

    def count(self, state: "State", columns: Columns, at: Int64 | int) -> None:
        """Count a period that was closed."""
        self.closings[columns] += np.uint32(1)
        self.closed_at[columns] = at
        self.reset_at[columns] = at - state.clock.offset_s[columns]

    def clear(self, columns: Index) -> None:
        """Forget all rows of these meters, wherever they lie."""
        for ring in (self.ring, *self.others.values()):
            ring.clear(columns[ring.place[columns] >= 0])


def ring_for(meters: int, capture: Capture, *, few: bool = False) -> Ring:
    """Make an empty ring for rows of a capture."""
    return Ring(meters, capture.entries, {column.name: column.type for column in capture.columns}, few=few)


def missed(triggers: tuple[Trigger, ...], rule: DstRule, since: Int64, until: Int64) -> Int64:
    """Last closing due in (since, until] by the meters' clocks, -1 where there is none. [n] -> [n].

    Intervals are never made up for.
    """
    latest = np.full(len(until), -1, np.int64)
    era = until // ERA_S
    for number in np.unique(era):
        mine = era == number
        for trigger in triggers:
            if not trigger.period_s:
                latest[mine] = np.maximum(latest[mine], latest_of(trigger, rule, since[mine], until[mine]))
    return latest


def latest_of(trigger: Trigger, rule: DstRule, since: Int64, until: Int64) -> Int64:
    """Last instant of one trigger in (since, until], -1 where there is none. [n] -> [n]."""
    first, last = int(until.min()) - reach_s(trigger), int(until.max())
    due = np.array([-1, *trigger.instants(max(0, first), last, rule)], np.int64)
    found = due[np.searchsorted(due, until, side="right") - 1]
    return np.where((found > since) & (found <= until), found, -1)


def reach_s(trigger: Trigger) -> int:
    """How long ago a closing can have been at most."""
    if trigger.date == ANY_DAY:
        return 2 * DAY_S
    return (32 if ANY_DAY.month == trigger.date.month else 367) * DAY_S
