"""The air message by message, against what the receiver finds in samples of the same air."""

import numpy as np
import pytest

from openami.phy.ert import SCM, Airspace, Arriving, Band, Mixer, Receiver, Transmission, Transmitter
from openami.phy.ert.hopping import SEPARATION_HZ

BAND = Band(912.6e6, 1_048_576.0)
FIRST_HZ = 912.6e6
SECONDS = 1.0


def scm(number: int, at_s: float, carrier_hz: float = FIRST_HZ, level: float = -20.0) -> Arriving:
    return Arriving(Transmission(at_s, carrier_hz, SCM(number, 4, 77).encode()), level)


def heard(*arriving: Arriving, steps: int = 1, fold_s: float = 0.0) -> list[int]:
    space = Airspace(BAND, -50.0, fold_s)
    found = []
    for step in range(1, steps + 1):
        begins, until = (step - 1) * SECONDS / steps, step * SECONDS / steps
        now = [each for each in arriving if begins <= each.transmission.at_s < until]
        found += space.step(now, until)
    return [each.message.identity for each in found + space.step([], SECONDS + 1)]


def test_alone_it_is_heard_if_it_is_strong_enough_and_in_the_band() -> None:
    assert heard(scm(1, 0.1), scm(2, 0.2, level=-56.5), scm(3, 0.3, level=-57.5), scm(4, 0.4, 915e6)) == [1, 2]


@pytest.mark.parametrize("steps", [1, 7, 100])
def test_of_two_at_a_time_the_one_that_is_six_decibels_stronger_is_heard(steps: int) -> None:
    """However the air is cut into steps."""
    assert heard(scm(1, 0.1), scm(2, 0.102), steps=steps) == []
    assert heard(scm(1, 0.1), scm(2, 0.102, level=-26.1), steps=steps) == [1]
    assert heard(scm(1, 0.1), scm(2, 0.102, level=-13.9), steps=steps) == [2]
    assert heard(scm(1, 0.1), scm(2, 0.106), steps=steps) == [1, 2], "one after the other"
    assert heard(scm(1, 0.1), scm(2, 0.102, level=-28), scm(3, 0.103, level=-28), steps=steps) == [], "together"


def test_another_carrier_does_not_disturb_unless_it_is_near_and_far_stronger() -> None:
    beside, apart = FIRST_HZ + SEPARATION_HZ, FIRST_HZ - 2 * SEPARATION_HZ
    assert heard(scm(1, 0.1), scm(2, 0.1, beside, -1.0)) == [1, 2]
    assert heard(scm(1, 0.1, level=-40), scm(2, 0.1, beside, -1.0)) == [2]
    assert heard(scm(1, 0.1, level=-40), scm(2, 0.1, apart, -1.0)) == [1, 2]


def test_copies_are_folded_as_the_receiver_does() -> None:
    copies = [scm(1, 0.1 + 0.0152 * copy) for copy in range(12)]
    assert heard(*copies) == [1] * 12
    assert heard(*copies, fold_s=25.0, steps=5) == [1]


def drawn(seed: int) -> list[Arriving]:
    """A crowd: sixty messages in a second on three carriers."""
    rng = np.random.default_rng(seed)
    carriers = FIRST_HZ + SEPARATION_HZ * rng.integers(-1, 2, 60)
    times, levels = rng.uniform(0.02, SECONDS - 0.05, 60), rng.uniform(-54, -14, 60)
    return [scm(1000 + n, float(times[n]), float(carriers[n]), float(levels[n])) for n in range(60)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_a_crowd_the_receiver_finds_on_samples_what_the_model_says_and_hardly_more(seed: int) -> None:
    arriving = drawn(seed)
    mixer = Mixer(Transmitter(BAND), 0.0, np.random.default_rng(seed), -50.0)
    mixer.take(arriving)
    receiver, found = Receiver(BAND.rate_hz), set()
    samples = [mixer.chunk(size) for size in (300_000, 300_000, 448_576)]
    for chunk in samples:
        found |= {each.message.identity for each in receiver.step(chunk)}
    found |= {each.message.identity for each in receiver.finish()}
    told = set(heard(*arriving))
    assert 20 < len(told) < 60
    assert len(told - found) <= 1, "the model stays on the safe side"
    assert len(found - told) <= 0.2 * 60
    assert found <= set(range(1000, 1060)), "and nobody else is heard"


def test_samples_are_the_same_however_they_are_cut() -> None:
    def made(*sizes: int) -> np.ndarray:
        mixer = Mixer(Transmitter(BAND), 100.0, np.random.default_rng(1), -300.0)
        mixer.take([scm(1, 100.01), scm(2, 100.012, FIRST_HZ + SEPARATION_HZ, -40.0)])
        return np.concatenate([mixer.chunk(size) for size in sizes])

    whole = made(30_000)
    assert np.allclose(whole, made(10_000, 3_000, 17_000), atol=1e-6)
    assert np.abs(whole).max() == pytest.approx(0.1 + 0.01, rel=0.02), "levels in decibels of full scale"
