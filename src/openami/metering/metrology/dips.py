"""Sags, swells and interruptions by U_rms(1/2): one cycle, refreshed every half cycle (IEC 61000-4-30)."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from openami.metering.metrology.arrays import Bool, Float
from openami.metering.metrology.frequency import Crossings, alpha


@dataclass(slots=True)
class HalfCycles:
    """RMS of each element over one cycle, every half cycle, block by block."""

    rate_hz: float
    nominal_v: float
    nominal_hz: float = 50.0
    crossings: Crossings | None = None
    edges: Float = field(default_factory=lambda: np.zeros(0))
    held: Float = field(default_factory=lambda: np.zeros((0, 0)))
    first: int = 0

    def feed(self, voltage: Float) -> tuple[Float, Float]:
        """Ends of the cycles in seconds and their RMS values. [elements, n] -> [cycles], [cycles, elements]."""
        if self.crossings is None:
            self.crossings = Crossings(self.rate_hz, self.nominal_v, self.nominal_hz)
            self.held = np.zeros((voltage.shape[0], 0))
        self.held = np.concatenate([self.held, voltage**2], axis=1)
        self.edges = np.concatenate([self.edges, self.crossings.feed(alpha(voltage))])
        if self.edges.size < 2:
            return np.zeros(0), np.zeros((0, voltage.shape[0]))
        halves = np.stack([self.edges[:-1], (self.edges[:-1] + self.edges[1:]) / 2], axis=1).ravel()
        halves = np.append(halves, self.edges[-1])
        summed = energy_at(self.held, halves - self.first)
        spans = halves[2:] - halves[:-2]
        values = np.sqrt(np.maximum(summed[:, 2:] - summed[:, :-2], 0) / spans)
        self.edges = self.edges[-2:]
        done = max(0, int(self.edges[0]) - 1 - self.first)
        self.held, self.first = self.held[:, done:].copy(), self.first + done
        return halves[2:] / self.rate_hz, values.T


def energy_at(squares: Float, places: Float) -> Float:
    """Integral of samples up to broken places, by the line between neighbours. [channels, n], [p] -> [channels, p]."""
    summed = np.cumsum(squares, axis=1) - squares / 2
    whole = np.floor(places).astype(np.intp)
    part = places - whole
    low, high = squares[:, whole], squares[:, whole + 1]
    energy: Float = summed[:, whole] + low * part + (high - low) * part**2 / 2
    return energy


class Kind(StrEnum):
    """What happened to the voltage."""

    SAG = "sag"
    SWELL = "swell"
    INTERRUPTION = "interruption"


@dataclass(frozen=True, slots=True)
class Event:
    """An event of all phases: from the first that began to the last that ended."""

    kind: Kind
    start_s: float
    duration_s: float
    extreme_v: float
    """Residual voltage of a sag, greatest of a swell."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Volts. A sag begins below `sag`, ends at `sag` + hysteresis; an interruption is one with every phase below its.

    A meter that counts coarsely lists what lasted `least_s` and gives durations in steps of `step_s`, rounded down.
    """

    sag: float
    swell: float
    interruption: float
    hysteresis: float
    least_s: float = 0.0
    step_s: float = 0.0

    @classmethod
    def of(cls, declared_v: float) -> "Thresholds":
        """90 %, 110 %, 5 % and 2 % of the declared voltage."""
        return cls(0.9 * declared_v, 1.1 * declared_v, 0.05 * declared_v, 0.02 * declared_v)


@dataclass(slots=True)
class Watch:
    """Finds events in half-cycle values; at most one sag and one swell are open at a time."""

    thresholds: Thresholds
    elements: int
    open: dict[Kind, list[float]] = field(default_factory=dict)
    """Start, extreme, and the highest of all phases at its lowest."""
    in_event: dict[Kind, Bool] = field(default_factory=dict)

    def feed(self, ends_s: Float, values: Float) -> list[Event]:
        """Events that ended. [cycles], [cycles, elements]."""
        found: list[Event] = []
        for end, value in zip(ends_s.tolist(), values, strict=True):
            found += [event for kind in (Kind.SAG, Kind.SWELL) if (event := self.step(kind, end, value)) is not None]
        return found

    def step(self, kind: Kind, end_s: float, value: Float) -> Event | None:
        """One half cycle; the event if it ended with it."""
        limits = self.thresholds
        before = self.in_event.get(kind, np.zeros(self.elements, np.bool_))
        if kind is Kind.SAG:
            inside = value < np.where(before, limits.sag + limits.hysteresis, limits.sag)
        else:
            inside = value > np.where(before, limits.swell - limits.hysteresis, limits.swell)
        self.in_event[kind] = inside
        worst = float(value.min() if kind is Kind.SAG else value.max())
        if inside.any():
            start, extreme, highest = self.open.get(kind, [end_s, worst, float(value.max())])
            extreme = min(extreme, worst) if kind is Kind.SAG else max(extreme, worst)
            self.open[kind] = [start, extreme, min(highest, float(value.max()))]
            return None
        return self.close(kind, end_s) if kind in self.open else None

    def close(self, kind: Kind, end_s: float) -> Event | None:
        """The event that ends, if it lasted long enough to be listed."""
        start, extreme, highest = self.open.pop(kind)
        lasted = end_s - start
        if lasted < self.thresholds.least_s:
            return None
        step = self.thresholds.step_s
        lasted = np.floor(lasted / step + 1e-6) * step if step else lasted
        dark = kind is Kind.SAG and highest < self.thresholds.interruption
        return Event(Kind.INTERRUPTION if dark else kind, start, lasted, extreme)
