"""Lines of a test report: a condition or several, what is made of the errors there, and the limit of it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from openami.metering.accuracy.tables import AccuracyClass, Factor, Kind, Source
from openami.metering.metrology.arrays import Bool, Float
from openami.metering.metrology.point import Point

SYMBOLS = {Kind.ACTIVE: "cos φ", Kind.REACTIVE: "sin φ"}


class Found(Protocol):
    """What a bench has measured."""

    def errors(self, kind: Kind, point: Point) -> Float:
        """Errors at a point in per cent. -> [runs, meters]."""
        ...

    def first_pulses(self, kind: Kind, point: Point) -> Float:
        """When the first two pulses came, in periods of a meter without error. -> [2, meters]."""
        ...

    def pulses(self, kind: Kind, point: Point, minutes: float) -> Float:
        """How many pulses came within a time. -> [meters]."""
        ...


class Rule(Protocol):
    """What a line looks at."""

    @property
    def points(self) -> tuple[Point, ...]:
        """Conditions that have to be measured."""
        ...

    def values(self, kind: Kind, found: Found, /) -> Float:
        """What is held against the limit, by its magnitude. -> [meters]."""
        ...


@dataclass(frozen=True, slots=True)
class Error:
    """The error itself: mean of the runs."""

    point: Point

    @property
    def points(self) -> tuple[Point, ...]:
        """The point."""
        return (self.point,)

    def values(self, kind: Kind, found: Found) -> Float:
        """Per cent."""
        return mean(found, kind, self.point)


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeatability: what lies between the runs at one point."""

    point: Point

    @property
    def points(self) -> tuple[Point, ...]:
        """The point."""
        return (self.point,)

    def values(self, kind: Kind, found: Found) -> Float:
        """Per cent."""
        spread: Float = np.ptp(found.errors(kind, self.point), axis=0)
        return spread


@dataclass(frozen=True, slots=True)
class Shift:
    """Additional error: what an influence adds to the error at the reference point."""

    point: Point
    reference: Point

    @property
    def points(self) -> tuple[Point, ...]:
        """Both points."""
        return self.point, self.reference

    def values(self, kind: Kind, found: Found) -> Float:
        """Per cent."""
        return mean(found, kind, self.point) - mean(found, kind, self.reference)


@dataclass(frozen=True, slots=True)
class Slope:
    """Mean temperature coefficient between two temperatures."""

    cold: Point
    warm: Point

    @property
    def points(self) -> tuple[Point, ...]:
        """Both points."""
        return self.cold, self.warm

    def values(self, kind: Kind, found: Found) -> Float:
        """Per cent per kelvin."""
        kelvins = self.warm.temperature_c - self.cold.temperature_c
        return (mean(found, kind, self.warm) - mean(found, kind, self.cold)) / kelvins


@dataclass(frozen=True, slots=True)
class Composite:
    """Composite error: intrinsic one, and the shifts by temperature, voltage and frequency, added as squares."""

    point: Point
    temperature: Point
    voltages: tuple[Point, ...]
    frequencies: tuple[Point, ...]

    @property
    def points(self) -> tuple[Point, ...]:
        """All of them."""
        return self.point, self.temperature, *self.voltages, *self.frequencies

    def values(self, kind: Kind, found: Found) -> Float:
        """Per cent."""
        intrinsic = mean(found, kind, self.point)
        total = intrinsic**2
        for group in ((self.temperature,), self.voltages, self.frequencies):
            total = total + np.max([(mean(found, kind, point) - intrinsic) ** 2 for point in group], axis=0)
        composite: Float = np.sqrt(total)
        return composite


@dataclass(frozen=True, slots=True)
class Stated:
    """A figure that is stated and not measured: the same for every meter."""

    value: float

    @property
    def points(self) -> tuple[Point, ...]:
        """None."""
        return ()

    def values(self, _kind: Kind, _found: Found) -> Float:
        """The figure, once."""
        return np.array([self.value])


@dataclass(frozen=True, slots=True)
class Starts:
    """Starting: the longest wait for the first pulse and from it to the second, in periods of one without error."""

    point: Point

    @property
    def points(self) -> tuple[Point, ...]:
        """The point."""
        return (self.point,)

    def values(self, kind: Kind, found: Found) -> Float:
        """Periods; without end for a meter that does not start."""
        first, second = found.first_pulses(kind, self.point)
        longest: Float = np.where(
            np.isinf(second), np.inf, np.maximum(first, np.where(np.isinf(second), 0, second) - first)
        )
        return longest


@dataclass(frozen=True, slots=True)
class Creeps:
    """No load: pulses within a time."""

    point: Point
    minutes: float

    @property
    def points(self) -> tuple[Point, ...]:
        """The point."""
        return (self.point,)

    def values(self, kind: Kind, found: Found) -> Float:
        """Pulses."""
        return found.pulses(kind, self.point, self.minutes)


def mean(found: Found, kind: Kind, point: Point) -> Float:
    """Mean of the runs. -> [meters]."""
    average: Float = found.errors(kind, point).mean(axis=0)
    return average


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: `group` names the test it belongs to, `test` what it is about.

    `is_floor` where the value must not be below the limit.
    """

    accuracy_class: AccuracyClass
    kind: Kind
    group: str
    test: str
    current_a: float | None
    factor: Factor | None
    limit: float
    unit: str
    source: Source
    rule: Rule
    is_floor: bool = False
    is_on_request: bool = False

    @property
    def words(self) -> str:
        """What it is about, with the factor."""
        return self.test if self.factor is None else f"{self.test}, {SYMBOLS[self.kind]} {self.factor}"

    def fails(self, values: Float) -> Bool:
        """Which meters are outside. [meters] -> [meters]."""
        slack = 1e-9 * max(1.0, abs(self.limit))
        outside: Bool = values < self.limit - slack if self.is_floor else np.abs(values) > self.limit + slack
        return outside
