"""The bench: measures every condition once over whole cycles, runs it at the mean power, and counts exact pulses."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from openami.metering.accuracy.lines import Line, Spread
from openami.metering.accuracy.ratings import Ratings
from openami.metering.accuracy.tables import Kind
from openami.metering.metrology.arrays import Float
from openami.metering.metrology.chain import Chains
from openami.metering.metrology.guard import Guard
from openami.metering.metrology.point import Point
from openami.metering.metrology.pulses import pulse_error, pulses
from openami.metering.metrology.reactive import Method
from openami.metering.metrology.steady import Steady, registered, steady

RUNS = 3
"""Runs where repeatability is asked for."""
LEAST_PULSES, LEAST_S = 25, 30.0
"""A reading takes at least so many whole pulses, and as many as come in this time."""
FULL = 1 - 1e-9
"""Share of a pulse that may stand in the accumulator when a test without load begins: the worst there is."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one line: a value for each meter (one for all where it is a stated figure)."""

    line: Line
    values: Float
    """[meters]."""

    @property
    def outside(self) -> list[int]:
        """Meters outside the limit."""
        return [int(meter) for meter in np.flatnonzero(self.line.fails(self.values))]

    @property
    def has_passed(self) -> bool:
        """Whether every meter is inside."""
        return not self.outside

    @property
    def worst(self) -> int:
        """The meter that is nearest to the limit, or farthest beyond it."""
        size = np.abs(self.values)
        return int(size.argmin() if self.line.is_floor else size.argmax())


@dataclass
class Bench:
    """Meters on the bench. One condition is measured once, however many lines ask for it."""

    chains: Chains
    ratings: Ratings
    guards: tuple[Guard, Guard]
    """Below which active and reactive power are not registered."""
    method: Method = Method.FUNDAMENTAL
    seconds: float = 1.0
    found: dict[Point, list[Steady]] = field(default_factory=dict[Point, list[Steady]])

    def run(self, lines: Iterable[Line], progress: Callable[[], None] = lambda: None) -> list[Result]:
        """Measure what the lines ask for, and judge; `progress` is called after each condition."""
        planned = list(lines)
        for point, runs in conditions(planned).items():
            self.measure(point, runs)
            progress()
        return [Result(line, line.rule.values(line.kind, self)) for line in planned]

    def measure(self, point: Point, runs: int) -> list[Steady]:
        """Measure a condition so many times, each from another angle and with noise of its own."""
        done = self.found.setdefault(point, [])
        while len(done) < runs:
            measured = steady(point, self.chains, seconds=self.seconds, method=self.method, run=len(done))
            done.append(registered(measured, *self.guards))
        return done

    def powers(self, kind: Kind, point: Point) -> list[tuple[Float, float]]:
        """Mean power of each meter in each run, and the true one."""
        runs = self.measure(point, 1)
        if kind is Kind.ACTIVE:
            return [(run.active_w, run.truth.active_w) for run in runs]
        return [(run.reactive_var, run.truth.reactive_var) for run in runs]

    def errors(self, kind: Kind, point: Point) -> Float:
        """Errors at a point in per cent. -> [runs, meters]."""
        return np.array([self.error(kind, power, truth) for power, truth in self.powers(kind, point)])

    def error(self, kind: Kind, power: Float, truth: float) -> Float:
        """Error by pulses, edge to edge; what is not counted, or counted the other way, is missing. -> [meters]."""
        constant = self.ratings.constant(kind)
        whole = max(LEAST_PULSES, ceil(LEAST_S * abs(truth) * constant / 3.6e6))
        alive = np.abs(power) > 0
        error = np.full(power.shape, -100.0)
        error[alive] = pulse_error(pulses(power[alive], constant, whole + 1), constant, truth)
        return np.where(np.sign(power) * np.sign(truth) < 0, -200.0 - error, error)

    def first_pulses(self, kind: Kind, point: Point) -> Float:
        """When the first two pulses came, in periods of a meter without error. -> [2, meters]."""
        power, truth = self.powers(kind, point)[0]
        period = self.ratings.pulse_ws(kind) / abs(truth)
        times: Float = pulses(power, self.ratings.constant(kind), 2).T / period
        return times

    def pulses(self, kind: Kind, point: Point, minutes: float) -> Float:
        """How many pulses came within a time, the accumulator as full as it can be. -> [meters]."""
        power, _ = self.powers(kind, point)[0]
        count: Float = np.floor(np.abs(power) * minutes * 60 / self.ratings.pulse_ws(kind) + FULL)
        return count


def conditions(lines: Iterable[Line]) -> dict[Point, int]:
    """Give each condition that lines ask for, and how many runs of it they need."""
    wanted: dict[Point, int] = {}
    for line in lines:
        runs = RUNS if isinstance(line.rule, Spread) else 1
        for point in line.rule.points:
            wanted[point] = max(wanted.get(point, 0), runs)
    return wanted
