"""Endpoints as samples: every transmission whose carrier lies inside the band, whenever its turn comes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.phy.ert.hopping import Endpoint, Transmission
from openami.phy.ert.messages import BIT_RATE_HZ, CHIP_RATE_HZ
from openami.phy.modulation.manchester import bits_of, chips_of, keyed

Samples = NDArray[np.complex64]

CENTRE_HZ = 912.6e6
"""Where receivers of ERT usually stand."""
RATE_HZ = 72.0 * CHIP_RATE_HZ
"""Samples per second that receivers of ERT usually take."""
LOWEST_RATE_HZ = 1e6
EDGE_S = 4e-6
LONGEST_S = 0.05
"""No message lasts longer."""
CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Band:
    """What a receiver sees: centre and width (the complex sample rate)."""

    centre_hz: float = CENTRE_HZ
    rate_hz: float = RATE_HZ

    def __post_init__(self) -> None:
        if self.rate_hz < LOWEST_RATE_HZ:
            raise DefinitionError(f"{self.rate_hz:g} samples per second: at least {LOWEST_RATE_HZ:g}", key="rate")

    def holds(self, carrier_hz: float) -> bool:
        """Whether a carrier with its two chip rates on each side lies inside."""
        return abs(carrier_hz - self.centre_hz) <= self.rate_hz / 2 - 2 * CHIP_RATE_HZ


@dataclass(frozen=True, slots=True)
class Transmitter:
    """Renders endpoints; memory does not grow with time."""

    band: Band = Band()
    edge_s: float = EDGE_S
    #: Amplitude of the carrier while it is on, full scale 1.
    amplitude: float = 0.5
    #: Carriers in hertz, rising, and their level against that amplitude in dB; straight lines between.
    tilt_db: tuple[tuple[float, float], ...] = ()
    #: A fault: the carrier swings by so many hertz, once in a bit.
    deviation_hz: float = 0.0

    def render(self, transmissions: Iterable[Transmission], first: int, count: int) -> Samples:
        """Samples `first` to `first + count` of these transmissions, all others are silence. -> [samples]."""
        samples = np.zeros(count, dtype=np.complex64)
        for each in transmissions:
            self._add(samples, first, each)
        return samples

    def _add(self, samples: Samples, first: int, each: Transmission) -> None:
        """Add one transmission where it meets the samples; its phase runs on from one call to the next."""
        rate = self.band.rate_hz
        begin = max(first, int((each.at_s - self.edge_s) * rate))
        end = min(first + len(samples), int((each.until_s + self.edge_s) * rate) + 1)
        if begin >= end or not self.band.holds(each.carrier_hz):
            return
        index = np.arange(begin, end, dtype=np.float64)
        places = (index / rate - each.at_s) * CHIP_RATE_HZ
        level = keyed(chips_of(bits_of(each.data)), places, self.edge_s * CHIP_RATE_HZ)
        turns = index * ((each.carrier_hz - self.band.centre_hz) / rate)
        if self.deviation_hz:
            turns += self.deviation_hz / (2 * np.pi * BIT_RATE_HZ) * np.sin(np.pi * places)
        wave = np.exp(2j * np.pi * (turns % 1)).astype(np.complex64)
        samples[begin - first : end - first] += np.float32(self.level(each.carrier_hz)) * level * wave

    def level(self, carrier_hz: float) -> float:
        """Amplitude of a carrier while it is on, full scale 1."""
        if not self.tilt_db:
            return self.amplitude
        carriers, levels = zip(*self.tilt_db, strict=True)
        return float(self.amplitude * 10 ** (np.interp(carrier_hz, carriers, levels) / 20))

    def chunks(self, endpoints: Sequence[Endpoint], seconds: float, chunk: int = CHUNK) -> Iterator[Samples]:
        """All that endpoints send from time 0 on, chunk by chunk. -> [samples] each."""
        total = round(seconds * self.band.rate_hz)
        for first in range(0, total, chunk):
            count = min(chunk, total - first)
            begin = first / self.band.rate_hz
            span = (begin - LONGEST_S, begin + count / self.band.rate_hz + self.edge_s)
            heard = [each for endpoint in endpoints for each in endpoint.transmissions(*span)]
            yield self.render(heard, first, count)


def noise(rng: np.random.Generator, count: int, power: float) -> Samples:
    """White noise of this power over the whole band. -> [samples]."""
    parts = rng.standard_normal(2 * count, dtype=np.float32)
    parts *= np.float32((power / 2) ** 0.5)
    return parts.view(np.complex64)
