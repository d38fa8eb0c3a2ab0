"""Crossings: periods to the mHz, through harmonics, noise, lost phases and darkness."""

import numpy as np
import pytest

from openami.metering.metrology.frequency import Crossings, alpha, frequency_hz
from openami.metering.metrology.signal import Course, Signal


def crossings(source: Signal | Course, seconds: float, rate: int = 8000, noise: float = 0.0) -> np.ndarray:
    follow = Crossings(rate, 230)
    dice = np.random.default_rng(1)
    found = []
    for block in range(round(seconds * 10)):
        wave = alpha(source.render(block / 10, rate // 10, rate).voltage)
        found.append(follow.feed(wave + noise * dice.standard_normal(wave.size)))
    return np.concatenate(found)


@pytest.mark.parametrize("frequency", [42.5, 47.5, 49.99, 50.0, 50.02, 52.5, 57.5])
@pytest.mark.parametrize("rate", [4000, 8000, 64_000])
def test_frequency_is_within_a_thousandth(frequency: float, rate: int) -> None:
    signal = Signal.sine(230, 5, phases=1, frequency_hz=frequency).with_harmonic(3, 0.3).with_harmonic(5, 0.4)
    found = crossings(signal, 10, rate)
    assert frequency_hz(found, rate) == pytest.approx(frequency, abs=1e-4)
    second = found[:51]
    assert frequency_hz(second, rate) == pytest.approx(frequency, abs=1e-3)


def test_noise_of_a_percent_moves_ten_seconds_by_less_than_a_mhz() -> None:
    found = crossings(Signal.sine(230, 5, phases=1, frequency_hz=50.02), 10, noise=3.25)
    assert frequency_hz(found, 8000) == pytest.approx(50.02, abs=1e-3)


def test_crossings_are_where_the_voltage_rises_through_zero() -> None:
    found = crossings(Signal.sine(230, 5, phases=1), 1)
    places = found / 8000 * 50
    assert np.abs(places - np.rint(places)).max() < 1e-6


@pytest.mark.parametrize("turned", [False, True])
def test_loss_of_any_phases_turns_nothing_by_a_third(turned: bool) -> None:
    full = Signal.sine(230, 5, reversed_sequence=turned)
    for left in ([230, 0, 0], [0, 230, 230], [230, 230, 0]):
        course = Course((0.0, 1.0), (full, Signal.sine(left, 5, reversed_sequence=turned)))
        spaces = np.diff(crossings(course, 2))
        assert spaces == pytest.approx(np.full(spaces.size, 160), abs=20)


def test_the_dark_goes_on_at_the_nominal_frequency() -> None:
    on, off = Signal.sine(230, 5, phases=1), Signal.sine(0, 0, phases=1)
    found = crossings(Course((0.0, 1.0, 3.0), (on, off, on)), 5)
    spaces = np.diff(found)
    assert spaces == pytest.approx(np.full(spaces.size, 160), abs=80)
    assert found.size == pytest.approx(250, abs=4)
    assert crossings(off, 2)[0] == 0.0
