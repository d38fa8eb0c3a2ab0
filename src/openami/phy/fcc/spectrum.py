"""A spectrum analyser: Gaussian resolution filter, peak detector, maximum held."""

from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.complex64]
Reals = NDArray[np.float64]

WINDOW_SIGMAS = 3.5
"""The filter's response is cut off here, at -53 dB."""
FRAMES = 128
"""Frames transformed at a time."""


@dataclass
class Trace:
    """Maximum hold of what was shown to it; full scale 1, so that a steady carrier shows its own power."""

    rate_hz: float
    centre_hz: float
    #: Resolution bandwidth, between the points at half power.
    rbw_hz: float
    #: How densely points and frames stand: 2 shows a line to 0.1 dB, 1 to 0.5 dB and four times faster.
    density: int = 2
    held: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.sigma = sqrt(log(2)) / (pi * self.rbw_hz) * self.rate_hz
        self.length = 2 * ceil(WINDOW_SIGMAS * self.sigma) + 1
        self.bins = self.density << (self.length - 1).bit_length()
        self.hop = max(1, int(self.sigma / self.density))
        self.held = np.zeros(self.bins, dtype=np.float32)

    @cached_property
    def window(self) -> NDArray[np.float32]:
        """Response of the filter, unit gain. -> [length]."""
        place = (np.arange(self.length) - self.length // 2) / self.sigma
        shape = np.exp(-(place**2) / 2)
        return np.asarray(shape / shape.sum(), dtype=np.float32)

    def add(self, samples: Samples) -> None:
        """Show it samples; before and after them is silence. [samples]."""
        around = np.zeros(self.length // 2, dtype=np.complex64)
        windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([around, samples, around]), self.length)
        windows = windows[:: self.hop]
        for begin in range(0, len(windows), FRAMES):
            shown = np.fft.fft(windows[begin : begin + FRAMES] * self.window, self.bins, axis=1)
            np.maximum(self.held, (shown.real**2 + shown.imag**2).max(axis=0), out=self.held)

    @cached_property
    def frequencies_hz(self) -> Reals:
        """Where the points stand, rising. -> [points]."""
        return np.asarray(
            self.centre_hz + np.fft.fftshift(np.fft.fftfreq(self.bins, 1 / self.rate_hz)), dtype=np.float64
        )

    @property
    def levels_db(self) -> Reals:
        """Level of each point in dB of full scale, not below -200. -> [points]."""
        powers = np.maximum(np.fft.fftshift(self.held).astype(np.float64), 1e-20)
        return np.asarray(10 * np.log10(powers), dtype=np.float64)

    def peak_db(self, low_hz: float = float("-inf"), high_hz: float = float("inf")) -> float:
        """Highest level between two frequencies; minus infinity where there is no point."""
        inside = (self.frequencies_hz >= low_hz) & (self.frequencies_hz <= high_hz)
        return float(self.levels_db[inside].max(initial=float("-inf")))

    def down(self, by_db: float) -> tuple[float, float]:
        """Outermost frequencies at which the level is so far below the peak: straight lines between points."""
        levels, places = self.levels_db, self.frequencies_hz
        limit = levels.max() - by_db
        above = np.flatnonzero(levels >= limit)
        first, last = int(above[0]), int(above[-1])
        low = _crossing(places, levels, first - 1, first, limit)
        high = _crossing(places, levels, last + 1, last, limit)
        return low, high

    def width_hz(self, by_db: float = 20.0) -> float:
        """How far the outermost points so far below the peak are apart."""
        low, high = self.down(by_db)
        return high - low


def _crossing(places: Reals, levels: Reals, below: int, above: int, limit: float) -> float:
    """Where the line between two points meets the limit; the inner point where there is no outer one."""
    if not 0 <= below < len(levels):
        return float(places[above])
    part = (limit - levels[below]) / (levels[above] - levels[below])
    return float(places[below] + part * (places[above] - places[below]))


LEAST_LINE = 10**-1.0
"""Of the highest line, in amplitude: what is weaker does not count for where the middle is."""
EVEN = 1024
CARRIER_HZ = 4e3
"""The carrier's own line is sought so far around the middle; the next ones of ERT are 16 kHz away."""


def middle_hz(samples: Samples, rate_hz: float) -> float:
    """Carrier of what is sent, from the centre: the highest line near the mean of all, weighted by power. [samples]."""
    if len(samples) > 2 * EVEN:
        samples = samples[: len(samples) // EVEN * EVEN]  # a length without large primes is transformed much faster
    line = np.fft.fft(samples * np.hanning(len(samples) + 2)[1:-1].astype(np.float32))
    powers = (line.real**2 + line.imag**2).astype(np.float64)
    top = int(np.argmax(powers))
    offsets = np.fft.fftfreq(len(line), 1 / rate_hz)
    away = (offsets - offsets[top] + rate_hz / 2) % rate_hz - rate_hz / 2
    counted = np.where(powers >= LEAST_LINE**2 * powers[top], powers, 0)
    middle = (away * counted).sum() / counted.sum()
    near = np.where(np.abs(away - middle) <= CARRIER_HZ, powers, 0)
    best = int(np.argmax(near))
    before, at, after = np.log(np.maximum(powers[[best - 1, best, (best + 1) % len(line)]], 1e-30))
    bend = before - 2 * at + after
    return float(offsets[best] + (0.5 * (before - after) / bend if bend else 0.0) * rate_hz / len(line))
