"""Messages of many endpoints as the samples of one receiver: the sum of all of them, each at its own level."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from openami.phy.ert.airspace import Arriving
from openami.phy.ert.hopping import Transmission
from openami.phy.ert.transmitter import Transmitter, noise

Samples = NDArray[np.complex64]


@dataclass(slots=True)
class Mixer:
    """Samples chunk by chunk; the first one is taken at `origin_s`, in the time of the messages."""

    transmitter: Transmitter
    origin_s: float
    rng: np.random.Generator
    #: Power of the noise in the whole band.
    noise_dbfs: float = -50.0
    first: int = 0
    waiting: list[Arriving] = field(default_factory=list[Arriving])

    def take(self, arriving: Iterable[Arriving]) -> None:
        """Take what is sent, in any order, before the chunk it begins in is made."""
        holds = self.transmitter.band.holds
        self.waiting += [each for each in arriving if holds(each.transmission.carrier_hz)]

    def chunk(self, count: int) -> Samples:
        """Make the next samples; what has ended is let go. -> [samples]."""
        samples = noise(self.rng, count, 10 ** (self.noise_dbfs / 10))
        end = self.first + count
        for each in self.waiting:
            self._add(samples, each, end)
        self.first = end
        over_s = end / self.transmitter.band.rate_hz
        self.waiting = [each for each in self.waiting if self._moved(each).until_s + self.transmitter.edge_s > over_s]
        return samples

    def _moved(self, each: Arriving) -> Transmission:
        """A message in the time of the samples."""
        sent = each.transmission
        return Transmission(sent.at_s - self.origin_s, sent.carrier_hz, sent.data)

    def _add(self, samples: Samples, each: Arriving, end: int) -> None:
        """Add one message where it meets the chunk."""
        sent, rate, edge_s = self._moved(each), self.transmitter.band.rate_hz, self.transmitter.edge_s
        begin = max(self.first, int((sent.at_s - edge_s) * rate))
        until = min(end, int((sent.until_s + edge_s) * rate) + 2)
        if begin < until:
            transmitter = replace(self.transmitter, amplitude=10 ** (each.level_dbfs / 20))
            samples[begin - self.first : until - self.first] += transmitter.render([sent], begin, until - begin)
