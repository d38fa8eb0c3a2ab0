"""What was measured of one transmitter: its transmissions, its channels, its spectra."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import log10

import numpy as np

from openami.phy.fcc.bursts import SAME_CHANNEL_HZ, Burst
from openami.phy.fcc.rules import BAND_HZ, WINDOW_S, Limits
from openami.phy.fcc.spectrum import Trace

VISIT_S = 1.0
"""Silence that ends a visit of a channel."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A hopping channel: its carrier, its highest power (full scale 1), and its transmissions by number."""

    carrier_hz: float
    peak: float
    bursts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """What was sent on a channel in one go: the channel's place from below, when it began, its transmissions."""

    channel: int
    at_s: float
    until_s: float


@dataclass(frozen=True)
class Findings:
    """Measured figures; those that the samples do not hold are None."""

    bursts: Sequence[Burst]
    #: Traces at about 3 kHz (20 dB bandwidth) and at 100 kHz, with the carrier each is of.
    fine: Sequence[tuple[float, Trace]] = ()
    coarse: Sequence[tuple[float, Trace]] = ()
    #: What the samples hold, in hertz, and for how long.
    span_hz: tuple[float, float] = BAND_HZ
    seconds: float = 0.0
    #: Power of full scale; None if nobody knows.
    full_scale_dbm: float | None = None
    same_hz: float = field(default=SAME_CHANNEL_HZ)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """Channels by frequency: carriers nearer to each other than any two may be are one."""
        places = sorted(range(len(self.bursts)), key=lambda place: self.bursts[place].carrier_hz)
        groups: list[list[int]] = []
        for place in places:
            if groups and self._carrier(place) - self._carrier(groups[-1][-1]) < self.same_hz:
                groups[-1].append(place)
            else:
                groups.append([place])
        return tuple(self._channel(group) for group in groups)

    def _carrier(self, place: int) -> float:
        return self.bursts[place].carrier_hz

    def _channel(self, group: list[int]) -> Channel:
        """Make a channel of its transmissions; the longest one knows the frequency best."""
        longest = max(group, key=lambda place: self.bursts[place].on_s)
        peak = max(self.bursts[place].peak for place in group)
        return Channel(self._carrier(longest), peak, tuple(sorted(group)))

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        """One after the other, whatever was sent on a channel without a second of silence."""
        channel_of = {burst: place for place, each in enumerate(self.channels) for burst in each.bursts}
        found: list[Visit] = []
        for place, burst in enumerate(self.bursts):
            last = found[-1] if found else None
            if last and last.channel == channel_of[place] and burst.at_s - last.until_s < VISIT_S:
                found[-1] = Visit(last.channel, last.at_s, burst.until_s)
            else:
                found.append(Visit(channel_of[place], burst.at_s, burst.until_s))
        return tuple(found)

    @property
    def has_whole_band(self) -> bool:
        """Whether the samples hold 902 to 928 MHz."""
        return self.span_hz[0] <= BAND_HZ[0] and self.span_hz[1] >= BAND_HZ[1]

    @cached_property
    def separation_hz(self) -> float | None:
        """Between the two nearest channels."""
        carriers = [each.carrier_hz for each in self.channels]
        return min((above - below for below, above in pairwise(carriers)), default=None)

    @cached_property
    def bandwidths_hz(self) -> tuple[tuple[float, float], ...]:
        """Carrier and 20 dB bandwidth of each trace, by frequency."""
        return tuple(sorted((carrier, trace.width_hz()) for carrier, trace in self.fine))

    @property
    def bandwidth_hz(self) -> float | None:
        """The greatest 20 dB bandwidth."""
        return max((width for _, width in self.bandwidths_hz), default=None)

    @property
    def limits(self) -> Limits:
        """Limits for what was found."""
        return Limits.of(self.bandwidth_hz or 0.0, len(self.channels))

    @cached_property
    def dwell_s(self) -> tuple[float, int]:
        """Most time on one channel in any period of occupancy, sum of on-times; and which channel, from below."""
        period = self.limits.period_s
        times = [busiest([self.bursts[n] for n in each.bursts], period)[0] for each in self.channels]
        return max(((time, place) for place, time in enumerate(times)), default=(0.0, 0))

    @cached_property
    def window_s(self) -> tuple[float, float]:
        """Most time with carrier in any 100 ms, and when they begin."""
        return busiest(self.bursts, WINDOW_S)

    @cached_property
    def uses(self) -> tuple[int, ...]:
        """How often each channel was visited, by frequency."""
        return tuple(sum(visit.channel == place for visit in self.visits) for place in range(len(self.channels)))

    @cached_property
    def revisit_s(self) -> float | None:
        """Shortest time until a channel comes again."""
        begins = [[v.at_s for v in self.visits if v.channel == n] for n in range(len(self.channels))]
        return min((after - before for each in begins for before, after in pairwise(each)), default=None)

    @cached_property
    def likeliest_step(self) -> tuple[int, int]:
        """How often the commonest step from channel to channel was seen in the first round, and the steps in it."""
        count = len(self.channels)
        places = [visit.channel for visit in self.visits[:count]]
        steps = [(after - before) % count for before, after in pairwise(places)]
        return max((steps.count(each) for each in set(steps)), default=0), len(steps)

    def power_dbm(self, channel: Channel) -> float | None:
        """Peak power of a channel."""
        return None if self.full_scale_dbm is None else self.full_scale_dbm + 10 * log10(channel.peak)

    def suppression_db(self, low_hz: float, high_hz: float) -> float | None:
        """How far the highest level between two frequencies is below the carrier's own; None if that was not seen."""
        inside = [(trace.peak_db(), trace.peak_db(low_hz, high_hz)) for _, trace in self.coarse]
        seen = [top - level for top, level in inside if level > float("-inf")]
        return min(seen, default=None)

    @cached_property
    def edges_db(self) -> tuple[float | None, float | None]:
        """Suppression beyond the lower and the upper end of the band, as far as the samples reach."""
        return self.suppression_db(float("-inf"), BAND_HZ[0]), self.suppression_db(BAND_HZ[1], float("inf"))

    @property
    def thirds(self) -> tuple[tuple[str, Channel], ...]:
        """The lowest channel, the middle one and the highest, as a laboratory takes them."""
        if not self.channels:
            return ()
        places = (("low", 0), ("mid", len(self.channels) // 2), ("high", len(self.channels) - 1))
        return tuple((name, self.channels[place]) for name, place in places)


def busiest(bursts: Sequence[Burst], window_s: float) -> tuple[float, float]:
    """Most carrier time in any window of this length, and when it begins; transmissions do not overlap."""
    if not bursts:
        return 0.0, 0.0
    spans = np.array(sorted((each.at_s, each.until_s) for each in bursts))
    edges = spans.reshape(-1)
    on = np.concatenate([[0.0], np.cumsum(np.diff(edges) * (np.arange(len(edges) - 1) % 2 == 0))])
    begins = np.concatenate([spans[:, 0], spans[:, 1] - window_s])
    held = np.interp(begins + window_s, edges, on) - np.interp(begins, edges, on)
    best = int(np.argmax(held))
    return float(held[best]), float(begins[best])
