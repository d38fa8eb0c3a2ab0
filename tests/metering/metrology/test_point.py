"""Points: angles as tables state them, elements dead or unloaded."""

import numpy as np
import pytest

from openami.metering.metrology.connection import Connection
from openami.metering.metrology.point import Point, signal_of

POINT = Point(230, 5)


def test_power_factors_and_sines_are_angles() -> None:
    assert POINT.at(0.5).angle_deg == pytest.approx(60)
    assert POINT.at(0.8, "c").angle_deg == pytest.approx(-36.87, abs=0.01)
    assert POINT.at_sine(1).angle_deg == pytest.approx(90)
    assert POINT.at_sine(0.25, "c").angle_deg == pytest.approx(-14.48, abs=0.01)


def test_three_wires_take_the_voltage_between_lines() -> None:
    signal = signal_of(Point(230, 5, connection=Connection.ARON)).elements(Connection.ARON)
    assert signal.voltage_v == pytest.approx(np.array([230, 230]))
    assert signal.active_w.sum() == pytest.approx(np.sqrt(3) * 230 * 5)


@pytest.mark.parametrize("connection", [Connection.ARON, Connection.FOUR_WIRE])
def test_elements_can_be_loaded_one_by_one(connection: Connection) -> None:
    for element in range(connection.elements):
        wired = signal_of(Point(230, 5, 60, connection=connection, loaded=(element,))).elements(connection)
        assert wired.active_w[element] == pytest.approx(230 * 5 / 2)
        assert wired.active_w.sum() == pytest.approx(230 * 5 / 2, rel=1e-6)


@pytest.mark.parametrize("connection", [Connection.ARON, Connection.FOUR_WIRE])
def test_elements_can_be_without_voltage(connection: Connection) -> None:
    wired = signal_of(Point(230, 5, connection=connection, live=(1,))).elements(connection)
    assert wired.voltage_v[0] == pytest.approx(0, abs=1e-9)
    assert wired.voltage_v[1] == pytest.approx(230)
