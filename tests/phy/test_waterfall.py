"""The spectrum over time: where and when, however long and however cut."""

import numpy as np
import pytest

from openami.phy.ert import noise
from openami.phy.waterfall import Waterfall

RATE = 1.024e6


def tone(offset_hz: float, seconds: float) -> np.ndarray:
    turns = np.arange(round(seconds * RATE)) * (offset_hz / RATE)
    return (0.5 * np.exp(2j * np.pi * turns)).astype(np.complex64)


def test_a_tone_stands_where_it_is():
    fall = Waterfall(RATE, columns=256, rows=8)
    fall.step(np.concatenate([np.zeros(2560, dtype=np.complex64), tone(100e3, 0.01)]))
    levels = fall.levels_db
    row, column = np.unravel_index(levels.argmax(), levels.shape)
    assert levels.max() == pytest.approx(-6, abs=0.2)
    assert (column - 128) * RATE / 256 == pytest.approx(100e3, abs=RATE / 256)
    assert row * fall.row_s >= 0.0025 - fall.row_s
    assert levels[0].max() < -159, "before it is silence"


@pytest.mark.parametrize("seconds", [0.003, 0.1, 1.0])
def test_its_size_does_not_grow(seconds):
    fall = Waterfall(RATE, columns=256, rows=20)
    for part in np.array_split(noise(np.random.default_rng(1), round(seconds * RATE), 0.1), 37):
        fall.step(part)
    assert len(fall.levels_db) <= 40
    assert fall.seconds == pytest.approx(seconds, abs=fall.row_s + 256 / RATE)
    assert fall.per_row & fall.per_row - 1 == 0


def test_cuts_change_nothing():
    samples = noise(np.random.default_rng(2), 100_000, 0.1)
    whole, cut = Waterfall(RATE, rows=10), Waterfall(RATE, rows=10)
    whole.step(samples)
    for part in np.split(samples, [1, 1000, 33_333, 33_334, 90_000]):
        cut.step(part)
    assert np.array_equal(whole.levels_db, cut.levels_db)


def test_without_samples():
    assert Waterfall(RATE).levels_db.shape == (1, 1024)
