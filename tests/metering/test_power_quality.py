"""Signals of the quality of supply against their formulas."""

from cmath import exp, pi

import numpy as np
import pytest

from openami.metering.load import Minutes
from openami.metering.power_quality import MINUTELY, Disturbances, Signals
from openami.metering.tamper import Tamper

TURN = exp(2j * pi / 3)


@pytest.mark.parametrize(
    "volts", [(230, 230, 230), (219, 230, 230), (230, 207, 240), (0, 230, 230), (230, 0, 0), (0, 0, 0), (57.7, 58, 61)]
)
def test_unbalance_is_negative_over_positive_sequence(volts: tuple[float, float, float]) -> None:
    shape = (1, 1)
    power = np.zeros(shape, np.int64)
    millivolts = np.array([[[round(1000 * u) for u in volts]]], np.int32)
    minutes = Minutes(power, power, millivolts, np.zeros((1, 1, 3), np.int32))
    signals = Signals(0, minutes, Tamper.of(1), Disturbances.of(1), 3, 10)
    one, two, three = (u * TURN**-n for n, u in enumerate(volts))
    positive, negative = abs(one + TURN * two + TURN**2 * three), abs(one + TURN**2 * two + TURN * three)
    expected = 1000 * negative / positive if positive else 0
    [[[found]]] = MINUTELY["negative_sequence"](signals, slice(None), slice(None))
    assert found == pytest.approx(expected, abs=1)
