"""What the tests put on the air: messages at random places of the band, with noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.phy.ert import IDM, SCM, Band, Heard, Message, Receiver, Settings, Transmission, Transmitter, noise
from openami.phy.ert.messages import duration_s

BAND = Band()
SPREAD_HZ = 0.9e6
GAP_S = 0.02


@dataclass(frozen=True)
class Air:
    """Samples, and what was sent in them."""

    band: Band
    sent: list[Transmission]
    samples: NDArray[np.complex64]

    def heard(self, settings: Settings | None = None) -> list[Heard]:
        receiver = Receiver(self.band.rate_hz, settings)
        return receiver.step(self.samples) + receiver.finish()

    def share(self, settings: Settings) -> tuple[float, int]:
        """Share of the messages that is found, and how many are found that nobody sent."""
        sent, heard = {each.data for each in self.sent}, [each.data for each in self.heard(settings)]
        return len(sent & set(heard)) / len(sent), sum(each not in sent for each in heard)


def scm(rng: np.random.Generator) -> SCM:
    return SCM(int(rng.integers(1, 1 << 26)), 7, int(rng.integers(1 << 24)))


def idm(rng: np.random.Generator) -> IDM:
    intervals = tuple(int(each) for each in rng.integers(0, 60, 47))
    return IDM(4, 23, int(rng.integers(1, 1 << 32)), 5, int(rng.integers(1 << 32)), intervals)


def air(
    messages: list[Message], rng: np.random.Generator, *, snr_db: float = 30, band: Band = BAND, spread_hz=SPREAD_HZ
) -> Air:
    """Messages one after the other, each on a carrier of its own and anywhere between two samples."""
    at, sent = GAP_S, []
    for message in messages:
        carrier = band.centre_hz + rng.uniform(-spread_hz, spread_hz)
        sent.append(Transmission(at + rng.uniform(0, 1e-4), carrier, message.encode()))
        at += duration_s(sent[-1].data) + GAP_S
    return mixed(sent, rng, snr_db=snr_db, band=band)


def mixed(sent: list[Transmission], rng: np.random.Generator, *, snr_db: float = 30, band: Band = BAND) -> Air:
    """Transmissions as they are, with noise: carrier that is on, over noise in the whole band."""
    transmitter = Transmitter(band, amplitude=0.4)
    count = int((max(each.until_s for each in sent) + GAP_S) * band.rate_hz)
    samples = transmitter.render(sent, 0, count) + noise(rng, count, 0.16 * 10 ** (-snr_db / 10))
    return Air(band, sent, samples)
