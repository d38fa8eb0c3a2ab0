"""Demand: average power over a block, a sliding window or with a thermal lag, and its maximum (Blue Book, 4 and 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.metering.columns import Columns, Index, Int64
from openami.metering.profile import AmrStatus
from openami.metering.quantities import Energy
from openami.metering.registers import Registers
from openami.metering.timeline import Trigger

LAG_BITS, LEVEL_BITS = 24, 8
THERMAL_STEP_S = 60
TENTH = Decimal("0.1")
UNSURE = AmrStatus.DATA_NOT_VALID


class Method(Enum):
    """How the average is made (IEC 62056-62, class 5; a thermal meter shows 90 % of a step after its period)."""

    BLOCK = "block"
    SLIDING = "sliding"
    THERMAL = "thermal"


class Periods(NamedTuple):
    """Sub-period in seconds, and how many make the window; a block has one."""

    period_s: int = 900
    number: int = 1


QUARTER = Periods()


@dataclass(frozen=True, slots=True)
class DemandRule:
    """A demand of the product; `maxima` names the profiles whose capture ends a maximum, and whether by rate.

    With `most` a client may choose the periods, so many at most.
    """

    energy: Energy
    phase: int = 0
    method: Method = Method.BLOCK
    periods: Periods = QUARTER
    most: int = 0
    maxima: Mapping[str, bool] = field(default_factory=dict[str, bool])
    cumulative: bool = False

    def check(self, periods: Periods) -> None:
        """Refuse periods that this demand cannot have."""
        period_s, number = periods
        if not 1 <= number <= max(self.most, self.periods.number):
            most = max(self.most, self.periods.number)
            raise DefinitionError(f"{number} periods: expected 1 to {most}", key="number_of_periods")
        if self.method is not Method.SLIDING and number != 1:
            message = f"{number} periods of a {self.method.value} demand: expected 1"
            raise DefinitionError(message, key="number_of_periods")
        if not 60 <= period_s <= 86_400 or 86_400 % period_s or period_s % 60:
            raise DefinitionError(f"{period_s} s: expected whole minutes that divide a day", key="period")

    def trigger(self, periods: Periods) -> Trigger:
        """When a sub-period ends."""
        if self.method is Method.THERMAL:
            return Trigger(THERMAL_STEP_S)
        return Trigger() if periods.period_s == 86_400 else Trigger(periods.period_s)


@lru_cache(maxsize=64)
def lag(period_s: int) -> int:
    """Share of a step that a thermal demand takes up in a minute, in 2^-24: 90 % after the period."""
    left = TENTH ** (Decimal(THERMAL_STEP_S) / period_s)
    return int(((1 - left) * 2**LAG_BITS).to_integral_value())


@dataclass(slots=True)
class Maximum:
    """Greatest demand in mW, total and by rate, with the time of its capture by the meter's clock. [rows, meters].

    `cumulative` is the sum of the maxima that were reset.
    """

    value: Int64
    at: NDArray[np.uint32]
    cumulative: Int64

    @classmethod
    def of(cls, meters: int, rows: int, *, cumulative: bool) -> Self:
        """Make a maximum without any demand yet."""
        sums = np.zeros((rows if cumulative else 0, meters), np.int64)
        return cls(np.zeros((rows, meters), np.int64), np.zeros((rows, meters), np.uint32), sums)

    def take(self, columns: Columns, demand: Int64, at: Int64 | int, rate: int) -> None:
        """Keep a demand that is greater, for the total and for its rate."""
        for row in (0, rate)[: len(self.value)]:
            held = self.value[row, columns]
            greater = demand > held
            self.value[row, columns] = np.where(greater, demand, held)
            self.at[row, columns] = np.where(greater, at, self.at[row, columns])

    def reset(self, columns: Columns) -> None:
        """Begin anew; the cumulative maximum grows by what there was."""
        if len(self.cumulative):
            self.cumulative[:, columns] += self.value[:, columns]
        self.value[:, columns] = 0
        self.at[:, columns] = 0


@dataclass(slots=True)
class Demand:
    """One demand of N meters. Energy in mJ, averages in mW, times by the meter's clock. [meters].

    `past` are the sub-periods before the running one, the latest first [periods - 1, meters]; `broken` and
    `shifted` count the averages still to come that a power failure or a set clock is part of.
    """

    rule: DemandRule
    start_mj: Int64
    past: Int64
    last: Int64
    level: Int64
    began: Int64
    captured: Int64
    broken: NDArray[np.uint8]
    shifted: NDArray[np.uint8]
    status: NDArray[np.uint8]
    maxima: dict[str, Maximum]

    @classmethod
    def of(cls, meters: int, rates: int, now: int, rule: DemandRule) -> Self:
        """Begin to measure now."""
        rule.check(rule.periods)
        sums = np.zeros((3, meters), np.int64)
        marks = np.zeros((3, meters), np.uint8)
        depth = max(rule.most, rule.periods.number) - 1
        return cls(
            rule,
            sums[0],
            np.zeros((depth, meters), np.int64),
            sums[1],
            sums[2],
            np.full(meters, now, np.int64),
            np.zeros(meters, np.int64),
            marks[0],
            marks[1],
            marks[2],
            {
                scope: Maximum.of(meters, 1 + (rates if rated else 0), cumulative=rule.cumulative)
                for scope, rated in rule.maxima.items()
            },
        )

    def energy(self, registers: Registers, columns: Columns) -> Int64:
        """Energy of the running sub-period so far."""
        return registers.mj(self.rule.energy, self.rule.phase, columns) - self.start_mj[columns]

    def running(self, registers: Registers, columns: Columns, periods: Periods) -> Int64:
        """Current average: what the window holds by now, over its whole length, in mW."""
        if self.rule.method is Method.THERMAL:
            return self.level[columns] >> LEVEL_BITS
        return self.average(self.energy(registers, columns), columns, periods)

    def average(self, energy: Int64, columns: Columns, periods: Periods) -> Int64:
        """Average power of the window that this energy completes."""
        period_s, number = periods
        window = energy if number == 1 else energy + self.past[: number - 1, columns].sum(axis=0)
        return window // (period_s * number)

    def close(self, columns: Columns, registers: Registers, periods: Periods, at: Int64 | int, rate: int) -> None:
        """End a sub-period; a window with a set clock in it is shown and marked, and makes no maximum."""
        energy = self.energy(registers, columns)
        demand = (
            self.lagged(energy, columns, periods)
            if self.rule.method is Method.THERMAL
            else (self.average(energy, columns, periods))
        )
        self.pass_on(columns, energy)
        self.last[columns] = demand
        self.captured[columns] = self.began[columns] = at
        shifted = self.shifted[columns] > 0
        self.status[columns] = self.marks(columns)
        for maximum in self.maxima.values():
            maximum.take(columns, np.where(shifted, -1, demand) if shifted.any() else demand, at, rate)
        for counter in (self.broken, self.shifted):
            held = counter[columns]
            if held.any():
                counter[columns] = held - (held > 0)

    def marks(self, columns: Columns) -> NDArray[np.uint8]:
        """Status of the average that closes now."""
        status = np.zeros(len(self.broken[columns]), np.uint8)
        status[self.broken[columns] > 0] |= np.uint8(AmrStatus.POWER_DOWN | UNSURE)
        status[self.shifted[columns] > 0] |= np.uint8(AmrStatus.CLOCK_ADJUSTED | UNSURE)
        return status

    def pass_on(self, columns: Columns, energy: Int64) -> None:
        """Begin the next sub-period."""
        if len(self.past):
            self.past[1:, columns] = self.past[:-1, columns]
            self.past[0, columns] = energy
        self.start_mj[columns] += energy

    def lagged(self, energy: Int64, columns: Columns, periods: Periods) -> Int64:
        """Let the thermal level follow the power of a minute."""
        power = energy // THERMAL_STEP_S << LEVEL_BITS
        level = self.level[columns]
        level = level + ((power - level) * lag(periods.period_s) >> LAG_BITS)
        self.level[columns] = level
        return level >> LEVEL_BITS

    def skip(self, columns: Index, passed: int, periods: Periods) -> None:
        """Let so many sub-periods without energy pass."""
        nothing = np.zeros(len(columns), np.int64)
        if self.rule.method is Method.THERMAL:
            for _ in range(passed):
                self.last[columns] = self.lagged(nothing, columns, periods)
                if not self.level[columns].any():
                    break
            return
        for _ in range(min(passed, periods.number)):
            self.last[columns] = self.average(nothing, columns, periods)
            self.pass_on(columns, nothing)

    def restart(self, columns: Columns, registers: Registers, at: Int64 | int) -> None:
        """Forget the window and begin now."""
        self.start_mj[columns] = registers.mj(self.rule.energy, self.rule.phase, columns)
        self.past[:, columns] = 0
        self.last[columns] = 0
        self.level[columns] = 0
        self.began[columns] = at
        self.status[columns] = 0
