"""Messages found against signal to noise in the whole band: 200 a point, each on a carrier of its own."""

import numpy as np
import pytest

from openami.phy.ert import KINDS, Receiver, Settings, noise
from phy.air import BAND, air, scm

POINTS = [
    # channels, dB, least share found
    (0, -7.5, 0.5),
    (0, -9.0, 0.4),
    (24, -7.5, 0.5),
    (48, -9.0, 0.6),
    (1, -3.5, 0.5),
]


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "snr_db", "least"), POINTS)
def test_half_of_the_messages_are_found(channels, snr_db, least):
    random = np.random.default_rng(int(-10 * snr_db))
    one = air([scm(random) for _ in range(200)], random, snr_db=snr_db)
    found, false = one.share(Settings(channels=channels))
    assert found >= least
    assert false <= 2  # of 200: near the limit a misheard SCM may pass for one with a single wrong bit


@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 1, 2])
@pytest.mark.parametrize("channels", [0, 1])
def test_false_accept_rate_on_noise(channels, most):
    """Half a minute of noise, all four kinds, no false message."""
    random = np.random.default_rng(most)
    receiver = Receiver(BAND.rate_hz, Settings(channels=channels, correct=most, kinds=frozenset(KINDS)))
    assert [each for _ in range(30) for each in receiver.step(noise(random, 2_359_296, 0.01))] == []
