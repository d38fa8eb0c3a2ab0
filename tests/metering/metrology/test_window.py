"""Weights of windows with broken ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.metering.metrology.window import weights


@given(start=st.floats(2, 5), length=st.floats(5, 80))
def test_weights_give_the_mean_of_a_straight_line_and_sum_to_one(start: float, length: float) -> None:
    found = weights(start, length, 100)
    assert found.sum() == pytest.approx(1)
    assert (found * np.arange(100)).sum() == pytest.approx(start + length / 2)


def test_whole_cycles_of_a_sine_have_their_mean() -> None:
    length = 80 * 50 / 50.37 * 10
    place = np.arange(900)
    power = 1 + np.cos(4 * np.pi * 50.37 / 4000 * place + 1)
    assert (weights(3.2, length, 900) * power).sum() == pytest.approx(1, abs=1e-5)
