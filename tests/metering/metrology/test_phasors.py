"""Angles, sequence, unbalance, line voltages."""

import numpy as np
import pytest

from openami.metering.metrology import Connection, Signal
from openami.metering.metrology.phasors import (
    angles_deg,
    components,
    deviation,
    line_voltages,
    reversed_sequence,
    third_current,
    unbalance,
)  # fmt: skip


def phasors(signal: Signal, connection: Connection = Connection.FOUR_WIRE) -> np.ndarray:
    wired = signal.elements(connection)
    return wired.line(wired.voltage)


def test_angles_lag_by_thirds() -> None:
    found = phasors(Signal.sine(230, 5))
    assert angles_deg(found, found[0]) == pytest.approx(np.array([0, 120, 240]))
    currents = Signal.sine(230, 5, 60).line(Signal.sine(230, 5, 60).current)
    assert angles_deg(currents, found[0]) == pytest.approx(np.array([60, 180, 300]))


@pytest.mark.parametrize("connection", [Connection.ARON, Connection.FOUR_WIRE])
def test_order_of_phases_is_seen(connection: Connection) -> None:
    assert not reversed_sequence(phasors(Signal.sine(230, 5), connection), connection)
    assert reversed_sequence(phasors(Signal.sine(230, 5, reversed_sequence=True), connection), connection)


def test_unbalance_is_negative_by_positive_sequence() -> None:
    # one phase lower by a share e: U2/U1 = (e/3) / (1 - e/3)
    for turned in (False, True):
        found = phasors(Signal.sine([230 * 0.9, 230, 230], 5, reversed_sequence=turned))
        assert unbalance(found) == pytest.approx((0.1 / 3) / (1 - 0.1 / 3))
    assert unbalance(phasors(Signal.sine(230, 5))) == pytest.approx(0, abs=1e-12)
    assert unbalance(np.zeros(3, complex)) == 0
    zero, positive, negative = components(np.ones(3, complex))
    assert (abs(zero), abs(positive), abs(negative)) == pytest.approx((1, 0, 0), abs=1e-12)
    assert deviation(np.array([207.0, 230, 230])) == pytest.approx(46 / 3 / 667 * 3)


@pytest.mark.parametrize("connection", [Connection.ARON, Connection.FOUR_WIRE])
def test_line_voltages_are_those_between_phases(connection: Connection) -> None:
    signal = Signal.sine([230, 220, 240], 5)
    one, two, three = signal.line(signal.voltage)
    assert line_voltages(phasors(signal, connection), connection) == pytest.approx(
        np.array([one - two, two - three, three - one])
    )


def test_the_third_current_of_three_wires_closes_the_sum() -> None:
    currents = Signal.sine(133, 5).line(Signal.sine(133, 5).current)
    assert third_current(currents[[0, 2]]) == pytest.approx(currents[1])
