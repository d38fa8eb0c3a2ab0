"""No load and start: below a guard band nothing is registered."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from openami.metering.metrology.arrays import Bool, Float


@dataclass(frozen=True, slots=True)
class Guard:
    """Registers start at or above `on` and stop below `off`; each phase for itself.

    Units are those of what is compared: W, var, or A for a band of current.
    """

    off: float
    on: float

    @classmethod
    def of(cls, start: float, *, share: float = 0.5, hysteresis: float = 0.1) -> Self:
        """A band at a share of the starting power (or current), a little more to begin."""
        return cls(off=share * start, on=share * start * (1 + hysteresis))

    def running(self, value: Float, before: Bool | None = None) -> Bool:
        """Which phases register, given which did before (none, if not told). [...] -> [...]."""
        size = np.abs(value)
        if before is None:
            return size >= self.on
        still: Bool = size >= np.where(before, self.off, self.on)
        return still

    def course(self, values: Float, before: Bool) -> Bool:
        """Which phases register, window after window. [windows, ...], [...] -> [windows, ...]."""
        states = np.empty(values.shape, np.bool_)
        for place, value in enumerate(values):
            before = states[place] = self.running(value, before)
        return states


def no_load_minutes(
    factor_millions: float, constant: float, elements: int, voltage_v: float, maximum_a: float
) -> float:
    """Least time of the no-load test, IEC 62053-21:2003 and its sisters: at most one pulse in it.

    factor_millions: 900 (0.2S), 600 (1, 0.5S), 480 (2, reactive 2), 300 (reactive 3); constant in imp/kWh.
    """
    return factor_millions * 1e6 / (constant * elements * voltage_v * maximum_a)


def no_load_minutes_by_start(constant: float, elements: int, voltage_v: float, starting_a: float) -> float:
    """Least time of the no-load test, EN 50470-3 and IEC 62052-11:2020: four pulse periods at the starting current.

    voltage_v is the voltage of the test: 1.15 of the nominal.
    """
    return 240e3 / (constant * elements * voltage_v * starting_a)
