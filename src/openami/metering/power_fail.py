"""Meters that stop when their voltage falls below a limit, and start again above it: ANSI registers at 96 or 45 V."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import NEVER
from openami.metering.load import Minutes

if TYPE_CHECKING:
    from openami.metering.state import State

NAME = "power_fail"


@dataclass(slots=True)
class PowerFail:
    """Meters that are off because of their voltage [meters]; `below_mv` is the limit for the highest of the phases."""

    low: NDArray[np.bool_]
    below_mv: int

    @classmethod
    def of(cls, meters: int, below_mv: int) -> Self:
        """All have voltage."""
        return cls(np.zeros(meters, np.bool_), below_mv)

    def shape(self, state: "State", minutes: Minutes, start: int, end: int) -> Minutes:
        """Plan the outages of a slice, each from the step of the load on whose voltage is too low."""
        too_low: NDArray[np.bool_] = minutes.voltage_mv.max(axis=2) < self.below_mv
        if too_low.any() or self.low.any():
            first = start - start % minutes.step_s
            for row, is_low in enumerate(too_low):
                at = max(start, first + row * minutes.step_s)
                if at < end:
                    self.plan(state, is_low, at)
        return minutes

    def plan(self, state: "State", is_low: NDArray[np.bool_], at: int) -> None:
        """Cut those that have just lost their voltage, give it back to those that lost it before."""
        supply = state.supply
        is_on = supply.off_from == NEVER
        falls = np.flatnonzero(is_low & is_on & (supply.back_at <= at))
        rises = np.flatnonzero(~is_low & ~is_on & self.low & (supply.off_from < at))
        if falls.size:
            supply.cut(falls, at, state.rules.reserve_s, state.rules.charge_s)
            self.low[falls] = True
        if rises.size:
            supply.restore(rises, at)
            self.low[rises] = False

    def foresee(self, state: "State", _minutes: Minutes, _start: int, end: int) -> int:
        """End a slice where a clock without reserve comes back."""
        return min(end, state.supply.next_empty())
