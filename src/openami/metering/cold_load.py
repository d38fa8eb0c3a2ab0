"""Cold-load pick-up: what is drawn just after an outage makes no maximum demand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from openami.metering.columns import NEVER, Index, Int64
from openami.metering.demand import THERMAL_STEP_S, Method
from openami.metering.supply import Change

if TYPE_CHECKING:
    from openami.metering.load import Minutes
    from openami.metering.state import State

NAME = "cold_load"
MOST = 255


@dataclass(slots=True)
class ColdLoad:
    """Seconds of pick-up by demand, and until when each lasts, in true UTC [demands, meters].

    A thermal demand has no intervals that could be left out: it begins from nothing as its pick-up ends.
    """

    pickups_s: Mapping[str, int]
    until: Int64

    @classmethod
    def of(cls, meters: int, pickups_s: Mapping[str, int]) -> Self:
        """No outage yet."""
        return cls(pickups_s, np.full((len(pickups_s), meters), NEVER, np.int64))

    def horizon(self, state: "State", until: int) -> int:
        """End a slice where a pick-up ends, also one that is yet to begin."""
        supply = state.supply
        backs = supply.at[supply.change != Change.OFF]
        ends = np.concatenate([self.until.ravel(), *(backs + pickup_s for pickup_s in self.pickups_s.values())])
        return min(until, int(ends.min(initial=until)))

    def foresee(self, state: "State", _minutes: "Minutes", _start: int, end: int) -> int:
        """Know also of supply that comes back by its voltage."""
        return self.horizon(state, end)

    def step(self, state: "State", _minutes: "Minutes", _start: int, end: int) -> None:
        """Let thermal demands begin anew."""
        for row, name in enumerate(self.pickups_s):
            over = np.flatnonzero(self.until[row] <= end)
            if over.size and state.demands[name].rule.method is Method.THERMAL:
                state.demands[name].level[over] = 0
            self.until[row, over] = NEVER

    def wake(self, state: "State", meters: Index, at: Int64) -> None:
        """Leave out the sub-periods that the pick-up touches, and the windows that hold one of them."""
        offset = state.clock.offset_s[meters]
        for row, (name, pickup_s) in enumerate(self.pickups_s.items()):
            self.until[row, meters] = at + pickup_s
            demand = state.demands[name]
            for mask, plan in state.plans.masks(meters):
                period_s, number = plan.periods(name)
                step_s = THERMAL_STEP_S if demand.rule.method is Method.THERMAL else period_s
                back, off = (at + offset)[mask], (state.supply.off_since[meters] + offset)[mask]
                touched = -(-(back + pickup_s) // step_s) - back // step_s
                missed = back // step_s > off // step_s  # one that ended in the outage is closed as the supply is back
                left = touched + missed + number - 1
                demand.shifted[meters[mask]] = np.minimum(left, MOST).astype(np.uint8)
