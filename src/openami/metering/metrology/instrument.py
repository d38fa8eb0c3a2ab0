"""One meter whole: windows of 0.2 s into shown values, averages, energies behind the guard band, and pulses."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from openami.metering.metrology.aggregates import every, joined
from openami.metering.metrology.apparent import Summation, summed
from openami.metering.metrology.arrays import Bool, Float
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.guard import Guard
from openami.metering.metrology.measurement import Measurement, Windows
from openami.metering.metrology.pulses import Accumulator, Lamp, lamp
from openami.metering.metrology.reactive import Method

LIVE_SHARE = 0.4
"""Of the nominal voltage: below it a meter has no supply."""


NEAR_S = 1e-4
"""How near to the end of a period a window that ends before it belongs to the next: a jitter of crossings."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the data sheet says of measuring; the guard is of current (A) and stands for every phase."""

    connection: Connection
    nominal_v: float
    guard: Guard
    nominal_hz: float = 50.0
    window_s: float = 0.2
    """Basic interval of measurement, in whole cycles."""
    refresh_s: float = 1.0
    """How often shown values change."""
    rms_s: float = 1.0
    """Time they are formed over."""
    average_s: float = 600.0
    """Time of the mean values, which change when it is over."""
    active_constant: float = 1000.0
    reactive_constant: float = 1000.0
    summation: Summation = Summation.VECTORIAL
    method: Method = Method.FUNDAMENTAL
    with_harmonics: bool = False


@dataclass(frozen=True, slots=True)
class Flashes:
    """Times of pulses, seconds since the start by the meter's clock."""

    active_s: Float
    reactive_s: Float


@dataclass(slots=True)
class Energies:
    """Energy that has passed the guard, in joules and var·s; exact registers take whole mJ of it."""

    active_import: float = 0.0
    active_export: float = 0.0
    reactive_import: float = 0.0
    reactive_export: float = 0.0


@dataclass(slots=True)
class Instrument:
    """Takes samples and keeps what a meter shows; a rate in samples per second by its own clock."""

    settings: Settings
    rate_hz: float
    measurement: Measurement = field(init=False)
    running: Bool = field(init=False)
    """Elements above the guard band. [elements]."""
    active: Accumulator = field(init=False)
    reactive: Accumulator = field(init=False)
    energies: Energies = field(default_factory=Energies)
    shown: Windows | None = None
    """One row: the values of the last whole second."""
    average: Windows | None = None
    """One row: the means of the last whole ten minutes."""
    supplied: bool = False
    waiting: list[Windows] = field(default_factory=list[Windows])
    seconds: list[Windows] = field(default_factory=list[Windows])

    def __post_init__(self) -> None:
        wanted = self.settings
        self.measurement = Measurement(
            wanted.connection,
            self.rate_hz,
            wanted.nominal_v,
            wanted.nominal_hz,
            window_s=wanted.window_s,
            method=wanted.method,
            with_harmonics=wanted.with_harmonics,
        )
        self.running = np.zeros(wanted.connection.elements, np.bool_)
        self.active, self.reactive = Accumulator(wanted.active_constant), Accumulator(wanted.reactive_constant)

    @property
    def lamp(self) -> Lamp:
        """What the LED of active energy does."""
        return lamp(supplied=self.supplied, running=bool(self.running.any()))

    def feed(self, voltage: Float, current: Float) -> Flashes:
        """Take samples of any length. [elements, n], [elements + 1, n]."""
        found = self.measurement.feed(voltage, current)
        if found is None:
            return Flashes(np.zeros(0), np.zeros(0))
        self.supplied = bool((found.voltage_v[-1] > LIVE_SHARE * self.settings.nominal_v).any())
        self.refresh(found)
        return self.register(found)

    def register(self, found: Windows) -> Flashes:
        """Energies and pulses of windows, phase by phase only what the guard lets through."""
        wired, guard = self.settings, self.settings.guard
        through = guard.course(found.current_a[:, :-1], self.running)
        self.running = through[-1]
        power = [
            summed(np.where(through, values, 0), wired.summation) for values in (found.active_w, found.reactive_var)
        ]
        totals = [float((side * found.seconds).sum()) for pair in power for side in pair]
        for name, joules in zip(Energies.__slots__, totals, strict=True):
            setattr(self.energies, name, getattr(self.energies, name) + joules)
        if not self.active.counted and not self.active.carried_j:
            self.active.now_s = self.reactive.now_s = float(found.start_s[0])
        return Flashes(
            self.active.feed(power[0][0] + power[0][1], found.seconds),
            self.reactive.feed(power[1][0] + power[1][1], found.seconds),
        )

    def refresh(self, found: Windows) -> None:
        """Values of each whole second, and of each whole time of averaging."""
        self.waiting.append(found)
        wanted = self.settings
        for row in closed(self.waiting, wanted.refresh_s, wanted.rms_s):
            self.shown = row
            self.seconds.append(row)
        for row in closed(self.seconds, wanted.average_s, wanted.average_s):
            self.average = row


def closed(waiting: list[Windows], period_s: float, span_s: float) -> Iterator[Windows]:
    """Values at the end of every period that is over, each over a span; what is no longer wanted is taken out.

    A window counts where it ends.
    """
    if not waiting:
        return
    rows = joined(waiting)
    ends: Float = rows.start_s + rows.seconds + NEAR_S
    periods: Float = np.floor(ends / period_s)
    cuts = np.flatnonzero(np.diff(periods)) + 1
    kept = 0
    for cut in cuts.tolist():
        over = float(periods[cut]) * period_s
        first = int(np.count_nonzero(ends < over - span_s))
        if first < cut:
            yield every(rows.rows(slice(first, cut)), cut - first)
        kept = int(np.count_nonzero(ends < over + period_s - span_s))
    waiting[:] = [rows.rows(slice(min(kept, rows.seconds.size - 1), None))]
