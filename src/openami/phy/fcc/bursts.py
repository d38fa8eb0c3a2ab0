"""When the carrier is there: the envelope of one transmitter, cut into transmissions."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.phy.fcc.spectrum import Trace, middle_hz

Samples = NDArray[np.complex64]

GRAIN_S = 4e-6
"""The envelope is the mean power over so long."""
HALF_AMPLITUDE = 0.25
"""Of the power at the top: an edge is where it crosses this."""
OVER_NOISE = 10.0
NOISE_QUANTILE = 0.25
LEAST_POWER = 1e-8
"""Of full scale."""
EDGE_GRAINS = 8
"""What a rising or falling edge takes: cut off, it would be a steeper one than was sent."""
HOLD_S = 0.5e-3
"""Silence inside a transmission, as the off chips of on-off keying, is not longer than this."""
OCTET_S = 8 / 16_384
"""An ERT message has whole octets: an off chip at either end cannot be seen, and is counted all the same."""
SHORT_S = 0.25 * OCTET_S
"""A spike is no transmission."""


@dataclass(frozen=True, slots=True)
class Burst:
    """One transmission: when its carrier was there, in seconds, its frequency, and its highest power, full scale 1."""

    at_s: float
    until_s: float
    carrier_hz: float
    peak: float

    @property
    def on_s(self) -> float:
        """How long it lasts, the off chips in it included."""
        return self.until_s - self.at_s

    def joined(self, later: "Burst") -> "Burst":
        """This one and what continues it; the longer part knows the frequency better."""
        longer = max(self, later, key=lambda each: each.on_s)
        return Burst(self.at_s, later.until_s, longer.carrier_hz, max(self.peak, later.peak))

    def whole(self, octet_s: float) -> "Burst":
        """Up to whole octets, if they have a length."""
        if not octet_s:
            return self
        octets = max(1, ceil((self.on_s - 2 * GRAIN_S) / octet_s))
        return replace(self, until_s=self.at_s + octets * octet_s)


class Monitor:
    """Feed it samples of one transmitter, it keeps the transmissions and their spectra, not the samples.

    The carrier must stand 16 dB over the noise of the whole band; several transmitters at a time are taken for one.
    """

    def __init__(
        self, rate_hz: float, centre_hz: float, *, fine_hz: float = 0.0, coarse_hz: float = 0.0, hold_s: float = HOLD_S
    ) -> None:
        if not 0 < hold_s < 1 or rate_hz < 1e6:
            raise DefinitionError(f"{rate_hz:g} samples per second, at least 1e6; silence of {hold_s} s, below 1 s")
        self.rate_hz, self.centre_hz, self.hold_s = rate_hz, centre_hz, hold_s
        self.grain = max(1, round(GRAIN_S * rate_hz))
        self.bursts: list[Burst] = []
        self.fine: list[tuple[float, Trace]] = []
        self.coarse: list[tuple[float, Trace]] = []
        """Carriers, and the traces at the two resolution bandwidths; none where that is 0."""
        self._bandwidths = (fine_hz, coarse_hz)
        self._top, self._noise = 0.0, float("inf")
        self._rest = np.empty(0, dtype=np.complex64)
        self._first = 0

    def step(self, samples: Samples, at_s: float | None = None) -> None:
        """Take samples; `at_s` is the time of the first one where they do not follow the last ones. [samples]."""
        if at_s is not None:
            self._rest = np.empty(0, dtype=np.complex64)
            self._first = round(at_s * self.rate_hz)
        samples = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        count = len(samples) // self.grain
        whole = np.ascontiguousarray(samples[: count * self.grain])
        for begin, end, peak in self._runs(whole, count):
            burst = self._take(whole[begin * self.grain : end * self.grain], begin * self.grain, peak)
            around = whole[max(0, begin - EDGE_GRAINS) * self.grain : (end + EDGE_GRAINS) * self.grain]
            self._show(burst, around)
        self._rest = samples[count * self.grain :].copy()
        self._first += count * self.grain

    def _runs(self, samples: Samples, count: int) -> list[tuple[int, int, float]]:
        """Where the envelope is up: first grain, the one after the last, highest power. [samples]."""
        if not count:
            return []
        rows = samples.view(np.float32).reshape(count, 2 * self.grain)
        powers = np.einsum("ij,ij->i", rows, rows) / np.float32(self.grain)
        self._top = max(self._top, float(powers.max()))
        self._noise = min(self._noise, float(np.quantile(powers, NOISE_QUANTILE)))
        above = np.flatnonzero(powers > max(HALF_AMPLITUDE * self._top, OVER_NOISE * self._noise, LEAST_POWER))
        if not len(above):
            return []
        cuts = np.flatnonzero(np.diff(above) > self.hold_s * self.rate_hz / self.grain)
        begins = above[np.concatenate([[0], cuts + 1])]
        ends = above[np.concatenate([cuts, [len(above) - 1]])] + 1
        return [(int(a), int(b), float(powers[a:b].max())) for a, b in zip(begins, ends, strict=True)]

    def _take(self, samples: Samples, first: int, peak: float) -> Burst:
        """Keep a transmission, or join it to the one it continues. [samples]."""
        at_s = (self._first + first) / self.rate_hz
        carrier = self.centre_hz + middle_hz(samples, self.rate_hz)
        burst = Burst(at_s, at_s + len(samples) / self.rate_hz, carrier, peak)
        if self.bursts and abs(at_s - self.bursts[-1].until_s) <= self.hold_s:
            burst = self.bursts.pop().joined(burst)
        self.bursts.append(burst)
        return burst

    def _show(self, burst: Burst, samples: Samples) -> None:
        """Show a transmission and its edges to the traces of its channel. [samples]."""
        for traces, rbw_hz, density in zip((self.fine, self.coarse), self._bandwidths, (2, 1), strict=True):
            if rbw_hz:
                self._trace(traces, burst.carrier_hz, rbw_hz, density).add(samples)

    def _trace(self, traces: list[tuple[float, Trace]], carrier_hz: float, rbw_hz: float, density: int) -> Trace:
        """Find the trace of a channel, or begin it."""
        for known, trace in traces:
            if abs(known - carrier_hz) < SAME_CHANNEL_HZ:
                return trace
        traces.append((carrier_hz, Trace(self.rate_hz, self.centre_hz, rbw_hz, density)))
        return traces[-1][1]


SAME_CHANNEL_HZ = 25e3
"""Carriers of two channels are at least so far apart (15.247(a)(1))."""


def transmissions(bursts: list[Burst], octet_s: float = OCTET_S) -> list[Burst]:
    """Those that are more than spikes, up to whole octets, in order of time."""
    kept = [each.whole(octet_s) for each in bursts if each.on_s >= SHORT_S]
    return sorted(kept, key=lambda each: each.at_s)
