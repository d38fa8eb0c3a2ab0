"""Drawn meters: the same by their serial number, spread as asked, inside their class; spoiled ones outside."""

from dataclasses import replace

import numpy as np
import pytest

from openami.metering.metrology import Connection, Point, Spread, drawn, pulse_error, pulses, steady

ONE = Connection.ONE_PHASE


def test_a_serial_number_is_a_meter_in_any_company() -> None:
    many = drawn(range(100, 120), 5, Spread(), 230, 100)
    alone = drawn([107], 5, Spread(), 230, 100, connection=ONE)
    assert many.gain_u[7, 0] == alone.gain_u[0, 0]
    assert many.gain_i[7, 3] == alone.gain_i[0, 1]  # the neutral
    assert drawn([107], 6, Spread(), 230, 100).gain_u[0, 0] != alone.gain_u[0, 0]


def test_spread_is_as_asked() -> None:
    chains = drawn(range(2000), 1, Spread.of(1.0, 0.05, 0.02), 230, 100, connection=ONE)
    power = chains.gain_u[:, 0] + chains.gain_i[:, 0]
    assert power.std() == pytest.approx(0.01 / 6, rel=0.05)
    assert chains.phase_arcmin[:, 0].std() == pytest.approx(1.5, rel=0.05)
    assert chains.slope_per_k.std() == pytest.approx(0.0005 / 4, rel=0.05)
    assert np.abs(chains.phase_arcmin).max() <= 4.5


@pytest.mark.parametrize(
    ("current", "power_factor", "limit"), [(0.25, (1.0, "i"), 1.5), (5, (0.5, "i"), 1.0), (100, (0.8, "c"), 1.0)]
)
def test_drawn_meters_keep_class_1_and_spoiled_ones_do_not(
    current: float, power_factor: tuple[float, str], limit: float
) -> None:
    chains = drawn(range(20), 3, Spread.of(1.0, 0.05, 0.02), 230, 100, connection=ONE)
    point = Point(230, current, connection=ONE).at(*power_factor)
    for meters, inside in ((chains, True), (chains.spoiled(0.02), False)):
        found = steady(point, meters)
        error = pulse_error(pulses(found.active_w, 1000, 30), 1000, found.truth.active_w)
        assert np.all(np.abs(error) < limit) == inside
        assert error == pytest.approx(100 * (found.active_w / found.truth.active_w - 1))


def test_temperature_moves_them_by_their_own_slope() -> None:
    chains = drawn(range(20), 3, Spread.of(1.0, 0.05, 0.02), 230, 100, connection=ONE)
    cold, warm = (steady(Point(230, 5, connection=ONE, temperature_c=t), chains).active_w for t in (13, 33))
    slope = 100 * (warm - cold) / 1150 / 20
    assert slope == pytest.approx(100 * chains.slope_per_k[:, 0], abs=2e-3)
    assert np.abs(slope).max() < 0.05


def test_a_neutral_may_be_a_shunt() -> None:
    chains = drawn([1], 1, Spread(), 230, 100, neutral_shunt=True)
    assert chains.shunt.tolist() == [False, False, False, True]
    assert replace(chains).meters == 1
