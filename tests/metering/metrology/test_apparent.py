"""Apparent power and sums over the phases, by the published examples."""

import numpy as np
import pytest

from openami.metering.metrology import Connection, Signal
from openami.metering.metrology.apparent import (
    Summation,
    arithmetic,
    displacement_factor,
    inductive,
    power_factor,
    summed,
    vectorial,
)  # fmt: skip


def test_arithmetic_and_vectorial_differ_as_published() -> None:
    active, reactive = np.array([1.0, 1.0, 1.0]), np.array([1.0, 0.0, -1.0])
    each = np.hypot(active, reactive)
    assert arithmetic(each, np.ones(3), Connection.FOUR_WIRE) == pytest.approx(3.83, abs=0.005)
    assert vectorial(active, reactive) == pytest.approx(3.00)


@pytest.mark.parametrize(
    ("how", "expected"),
    [(Summation.VECTORIAL, (65, 0)), (Summation.BY_SIGN, (90, 25)), (Summation.ABSOLUTE, (115, 0))],
)
def test_three_ways_of_summing_40_minus_25_and_50_w(how: Summation, expected: tuple[float, float]) -> None:
    imported, exported = summed(np.array([40.0, -25.0, 50.0]), how)
    assert (imported, exported) == pytest.approx(expected)
    imported, exported = summed(-np.array([[40.0, -25.0, 50.0]]), how)
    assert (imported[0], exported[0]) == pytest.approx(expected if how is Summation.ABSOLUTE else expected[::-1])


def test_three_wires_have_three_halves_roots_of_two_elements() -> None:
    wired = Signal.sine(133, 5, 20).elements(Connection.ARON)
    found = arithmetic(wired.voltage_v, wired.current_a, Connection.ARON)
    assert found == pytest.approx(3 * 133 * 5)


def test_power_factor_has_a_sign_and_a_kind() -> None:
    signal = Signal.sine(230, 5, [60, -60, 150]).with_harmonic(3, 0, 0.3)
    apparent = signal.voltage_v * signal.current_a
    factor = power_factor(signal.active_w, apparent)
    assert factor == pytest.approx(np.array([0.5, 0.5, -np.sqrt(3) / 2]) / np.sqrt(1.09))
    assert displacement_factor(signal.fundamental_w, signal.reactive_var) == pytest.approx(
        np.array([0.5, 0.5, -np.sqrt(3) / 2])
    )
    assert inductive(signal.active_w, signal.reactive_var).tolist() == [True, False, False]
    assert power_factor(np.zeros(1), np.zeros(1)) == 1
