"""Cycles of the line: zero crossings after a band-pass, between samples; windows and frequency come from them."""

from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from openami.metering.metrology.arrays import Float

FILTER_HZ = 1000
"""Rate after decimation: twenty samples of a cycle."""
LIVE_SHARE = 0.02
"""Of the nominal voltage: below it there is nothing to follow."""


def alpha(voltage: Float) -> Float:
    """One wave of all elements that outlives the loss of any phase, in either sequence. [elements, n] -> [n].

    u1 - (u2 + u3)/2; with line voltages u12, u32 the same is u12 - u32/2.
    """
    if voltage.shape[0] == 1:
        first: Float = voltage[0]
        return first
    rest: Float = voltage[0] - voltage[1:].sum(axis=0) / 2
    return rest


@dataclass(slots=True)
class Crossings:
    """Follows one wave block by block; rising zero crossings in samples since the start, without a gap.

    Where no wave is, crossings go on at the nominal frequency.
    """

    rate_hz: float
    nominal_v: float
    nominal_hz: float = 50.0
    tail: Float = field(default_factory=lambda: np.zeros(0))
    filtered: Float = field(default_factory=lambda: np.zeros(0))
    seen: int = 0
    """Decimated samples filtered so far."""
    last: float | None = None
    """Last crossing given, samples."""

    @property
    def ratio(self) -> int:
        """Samples that become one."""
        return max(1, round(self.rate_hz / FILTER_HZ))

    @property
    def taps(self) -> Float:
        """Two cycles of the nominal frequency under a Hann window. [taps], odd."""
        half = round(self.rate_hz / self.ratio / self.nominal_hz)
        place = np.arange(-half, half + 1)
        wave = np.cos(2 * np.pi * self.nominal_hz * self.ratio / self.rate_hz * place)
        hann = 0.5 + 0.5 * np.cos(np.pi * place / (half + 1))
        taps: Float = wave * hann / (hann * wave**2).sum()
        return taps

    def feed(self, wave: Float) -> Float:
        """Crossings that have become known with these samples. [n] -> [crossings]."""
        held = np.concatenate([self.tail, wave])
        whole = held.size // self.ratio
        self.tail = held[whole * self.ratio :]
        columns = held[: whole * self.ratio].reshape(whole, self.ratio).T
        thinned: Float = reduce(np.add, columns) / self.ratio
        taps = self.taps
        pending = np.concatenate([self.filtered, thinned])
        if pending.size < taps.size + 1:
            self.filtered = pending
            return np.zeros(0)
        clean = np.convolve(pending, taps, mode="valid")
        self.filtered = pending[clean.size - 1 :]
        places = self.seen + rising(clean, 2 * np.pi * self.nominal_hz * self.ratio / self.rate_hz, self.nominal_v)
        self.seen += clean.size - 1
        middle = (taps.size - 1) / 2
        known = (self.seen + middle) * self.ratio
        return self.without_gaps((places + middle) * self.ratio + (self.ratio - 1) / 2, known)

    def without_gaps(self, found: Float, known: float) -> Float:
        """Crossings in order, those at nominal spacing put in where the wave was away; `known`: how far was seen."""
        cycle = self.rate_hz / self.nominal_hz
        if self.last is None:
            if not found.size and known < 4 * cycle:
                return found
            given = [float(found[0]) if found.size else 0.0]
            fresh, rest = given[:], found[1:]
        else:
            given, fresh, rest = [self.last], [], found
        spaces = np.diff(rest, prepend=given)
        if rest.size and np.abs(spaces / cycle - 1).max() < 0.5 and rest[-1] + 2 * cycle >= known:
            self.last = float(rest[-1])
            return np.concatenate([fresh, rest])
        given = bridged(given, rest, known, cycle)
        self.last = given[-1]
        return np.array(fresh + given[1:])


def bridged(given: list[float], found: Float, known: float, cycle: float) -> list[float]:
    """Crossings after the first given one, with those put in that the wave does not show."""
    for place in found.tolist():
        if place - given[-1] < cycle / 2:
            continue  # the wave came back inside a cycle that was already counted
        before = given[-1]
        given.extend(before + cycle * k for k in range(1, int((place - before) / cycle - 0.5) + 1))
        given.append(place)
    while given[-1] + 2 * cycle < known:
        given.append(given[-1] + cycle)
    return given


def rising(clean: Float, turn: float, nominal_v: float) -> Float:
    """Places where a sine rises through zero, exact for a sine that turns by `turn` per sample. [n] -> [crossings]."""
    before, after = clean[:-1], clean[1:]
    at = np.flatnonzero((before < 0) & (after >= 0) & (after - before > LIVE_SHARE * nominal_v * turn))
    low, high = before[at], after[at]
    part: Float = np.arctan2(-low * np.sin(turn), high - low * np.cos(turn)) / turn
    places: Float = at.astype(np.float64) + np.clip(part, 0, 1)
    return places


def frequency_hz(crossings: Float, rate_hz: float) -> float:
    """Whole cycles by their time: the value over the span of these crossings."""
    return float((crossings.size - 1) * rate_hz / (crossings[-1] - crossings[0]))
