"""What consumption costs by steps and rates, and when it comes to an amount. Exact integers, all meters at once."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import NEVER, Index, Int64
from openami.metering.load import Minutes
from openami.metering.quantities import Energy, Power
from openami.metering.registers import WH_MJ

if TYPE_CHECKING:
    from openami.metering.state import State


def by_steps(used: Int64, wh: Int64, bounds: Int64, prices: Int64) -> Int64:
    """Cost of `wh` more where `used` were used in the period. [n], [n], [steps - 1, n], [steps, n] -> [n]."""
    edges = np.concatenate([np.zeros((1, len(used)), np.int64), bounds, np.full((1, len(used)), NEVER)])
    parts = np.minimum(used + wh, edges[1:]) - np.maximum(used, edges[:-1])
    cost: Int64 = (np.maximum(parts, 0) * prices).sum(axis=0)
    return cost


def most_wh(minutes: Minutes, seconds: int) -> Int64:
    """Wh that no meter's register exceeds in a part of a load of so many seconds. -> [meters]."""
    power = minutes.active_mw if minutes.phase_active_mw is None else np.abs(minutes.phase_active_mw).sum(axis=2)
    bound: Int64 = np.abs(power).max(axis=0, initial=0) * seconds // WH_MJ + 1
    return bound


def rates(state: "State") -> Int64:
    """Rate in force at each meter. -> [meters]."""
    found = np.ones(state.count, np.int64)
    for cohort in state.cohorts():
        clock = state.now + cohort.offset_s
        found[cohort.columns] = state.timeline(cohort, clock).rate(clock)
    return found


def readings(state: "State", rates: int) -> Int64:
    """Register of active import by rate, or the total alone. -> [rates, meters]."""
    registers = state.registers
    if rates == 1:
        return registers.whole(Energy.ACTIVE_IMPORT)[None]
    return np.stack([registers.whole(Energy.ACTIVE_IMPORT, rate) for rate in range(1, rates + 1)])


def next_rate(state: "State", until: int) -> int:
    """When the rate changes next at some meter."""
    for cohort in state.cohorts():
        clock = state.now + cohort.offset_s
        timeline = state.timeline(cohort, clock)
        rate = timeline.rate(clock)
        due = (at for at, then in zip(timeline.at, timeline.rates, strict=True) if at > clock and then != rate)
        until = min(until, next(due, until + cohort.offset_s) - cohort.offset_s)
    return until


def of(minutes: Minutes, columns: Index) -> Minutes:
    """Load of some meters only."""
    phases, reactive = minutes.phase_active_mw, minutes.phase_reactive_mvar
    return Minutes(
        minutes.active_mw[:, columns],
        minutes.reactive_mvar[:, columns],
        minutes.voltage_mv[:, columns],
        minutes.current_ma[:, columns],
        None if phases is None else phases[:, columns],
        None if reactive is None else reactive[:, columns],
        step_s=minutes.step_s,
    )


class Course:
    """What some meters count from second to second of a slice that is still to come. [n]."""

    def __init__(self, state: "State", minutes: Minutes, columns: Index, rates: Int64, start: int) -> None:
        registers = state.registers
        first = start - start % minutes.step_s
        few = of(minutes, columns)
        self.power = Power(first, few, meters=len(columns), book=registers.book, measuring=state.rules.measuring)
        self.rates = rates
        self.start = start
        self.rows = registers.book.rows(Energy.ACTIVE_IMPORT, 0)
        self.mj = registers.mj_total[:, columns]
        self.wh = registers.wh_total[:, columns]

    def counted(self, until: Int64) -> Int64:
        """Wh that the register has gone on by at these seconds. [n] -> [n]."""
        energy = self.power.energy_between(slice(None), np.full(len(until), self.start), until)
        whole = (self.mj + energy) // WH_MJ - self.wh
        total: Int64 = np.sum([whole[row] * sign for row, sign in self.rows], axis=0)
        return total

    def first(self, is_reached: Callable[[Int64], NDArray[np.bool_]], end: int) -> int:
        """First second at which a condition on the Wh holds at some meter, or the end. Once true it stays so."""
        low, high = np.full(len(self.rates), self.start), np.full(len(self.rates), end)
        while (high - low > 1).any():
            middle = (low + high) // 2
            reached = is_reached(self.counted(middle))
            high, low = np.where(reached, middle, high), np.where(reached, low, middle)
        reached = is_reached(self.counted(high))
        return int(high[reached].min(initial=end))
