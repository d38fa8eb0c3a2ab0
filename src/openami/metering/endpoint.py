"""Interval counting of a radio endpoint beside N registers: counts at each boundary, what came between, outages.

Intervals stand on whole multiples of their length in true time: the endpoint counts by a timer of its own, whatever
the register's clock says. They go on without supply, each marked as an outage.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import Int64
from openami.metering.load import Minutes
from openami.metering.quantities import Energy

if TYPE_CHECKING:
    from openami.metering.state import State

NAME = "endpoint"
KEPT = 48
"""Intervals whose outages an endpoint remembers; it tells the counts of one less."""


@dataclass(slots=True)
class Endpoint:
    """Count at the last boundary and intervals done [meters]; steps and outages by interval modulo 48 [48, meters]."""

    count: Int64
    done: Int64
    steps: Int64
    outages: NDArray[np.bool_]
    failures: Int64
    energy: Energy
    count_wh: int
    interval_s: int

    @classmethod
    def of(cls, meters: int, energy: Energy, count_wh: int, interval_s: int) -> Self:
        """Nothing counted yet."""
        return cls(
            np.zeros(meters, np.int64),
            np.zeros(meters, np.int64),
            np.zeros((KEPT, meters), np.int64),
            np.zeros((KEPT, meters), np.bool_),
            np.zeros(meters, np.int64),
            energy,
            count_wh,
            interval_s,
        )

    def present(self, state: "State") -> Int64:
        """Count now, without roll-over. -> [meters]."""
        whole: Int64 = state.registers.whole(self.energy) // self.count_wh
        return whole

    def horizon(self, state: "State", until: int) -> int:
        """End a slice at the next boundary."""
        return min(until, state.now - state.now % self.interval_s + self.interval_s)

    def step(self, state: "State", _minutes: Minutes, _start: int, end: int) -> None:
        """Close the interval that ends here."""
        if end % self.interval_s:
            return
        present, failures = self.present(state), state.supply.failures.astype(np.int64)
        place = self.done % KEPT
        meters = np.arange(len(place))
        self.steps[place, meters] = present - self.count
        self.outages[place, meters] = ~state.supply.powered | (failures != self.failures)
        self.count, self.failures = present, failures
        self.done = self.done + 1

    def latest(self, meter: int, intervals: int) -> tuple[tuple[int, ...], tuple[bool, ...]]:
        """Steps and outages of so many intervals of a meter, the newest first."""
        places = (int(self.done[meter]) - 1 - np.arange(intervals)) % KEPT
        steps, outages = self.steps[places, meter], self.outages[places, meter]
        return tuple(steps.tolist()), tuple(outages.tolist())
