"""Where the points of a picture stand: axes with round figures, linear or logarithmic."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from openami.report.document import Axis, Picture

STEPS = (1.0, 2.0, 5.0, 10.0)
DECADE = (1.0, 2.0, 5.0)
TICKS = 6
FINEST = 1e-6
"""Nothing finer is drawn: of its size, and at all."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`, with the figures written at it."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_logarithmic: bool

    @classmethod
    def over(cls, axis: Axis, values: Iterable[float]) -> Self:
        """Lay an axis over values; one without values goes from 0 to 1."""
        found = [value for value in values if not axis.is_logarithmic or value > 0] or [0.1, 1.0]
        return cls.ratios(min(found), max(found)) if axis.is_logarithmic else cls.steps(min(found), max(found))

    @classmethod
    def steps(cls, low: float, high: float) -> Self:
        """Make a linear axis; its ends are round figures."""
        span = max(high - low, FINEST * max(abs(low), abs(high)))
        if span < FINEST:
            span = 1.0
        raw = span / TICKS
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in STEPS if factor * power >= raw * (1 - 1e-9))
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        last = max(last, first + 1)
        ticks = tuple(number * step for number in range(first, last + 1))
        return cls(first * step, last * step, ticks, is_logarithmic=False)

    @classmethod
    def ratios(cls, low: float, high: float) -> Self:
        """Make a logarithmic axis; 1, 2 and 5 of every decade are written at it."""
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        marks = [factor * 10.0**power for power in range(first, last + 1) for factor in DECADE]
        ticks = tuple(mark for mark in marks if low * 0.999 <= mark <= high * 1.001)
        return cls(low / 1.15, high * 1.15, ticks, is_logarithmic=True)

    def place(self, value: float) -> float:
        """Where a value stands, from 0 at the low end to 1 at the high one."""
        if not self.is_logarithmic:
            return (value - self.low) / (self.high - self.low)
        return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))


def scales(picture: Picture) -> tuple[Scale, Scale]:
    """Lay both axes over all points of a picture."""
    points = [point for series in picture.series for point in series.points]
    return Scale.over(picture.x, (x for x, _ in points)), Scale.over(picture.y, (y for _, y in points))
