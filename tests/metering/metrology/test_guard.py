"""No load and start."""

import numpy as np
import pytest

from openami.metering.metrology import Chains, Connection, Point, pulses, registered, steady
from openami.metering.metrology.guard import Guard, no_load_minutes, no_load_minutes_by_start


def test_no_load_times_are_the_published_ones() -> None:
    # facts §2.3: 5(100) A, 230 V, 1000 imp/kWh; CompactIQ 2000 imp/kWh, three elements; SM306 57.7 V, 10000 imp/kWh
    assert no_load_minutes(600, 1000, 1, 230, 100) == pytest.approx(26.1, abs=0.05)
    assert no_load_minutes_by_start(1000, 1, 1.15 * 230, 0.02) == pytest.approx(45.4, abs=0.05)
    assert no_load_minutes(600, 2000, 3, 230, 100) == pytest.approx(4.3, abs=0.05)
    assert no_load_minutes_by_start(2000, 3, 1.15 * 230, 0.02) == pytest.approx(7.6, abs=0.05)
    assert no_load_minutes(600, 10_000, 3, 57.7, 10) == pytest.approx(34.7, abs=0.05)


def test_four_pulse_periods_at_the_starting_current_are_the_newer_time() -> None:
    assert pulses(1.15 * 230 * 0.02, 1000, 4)[0, -1] / 60 == pytest.approx(
        no_load_minutes_by_start(1000, 1, 1.15 * 230, 0.02)
    )


def test_the_band_has_a_hysteresis_in_each_phase() -> None:
    guard = Guard.of(4.6)
    assert (guard.off, guard.on) == pytest.approx((2.3, 2.53))
    course = guard.course(np.array([[2.4, 5], [2.6, 5], [2.4, 1], [-2.4, 2.4], [2.2, 2.6]]), np.zeros(2, bool))
    assert course.tolist() == [[False, True], [True, True], [True, False], [True, False], [False, True]]


@pytest.mark.parametrize(("current", "counts"), [(0.02, True), (0.0105, False), (0.0, False)])
def test_a_meter_starts_at_its_starting_current_and_stands_below_half_of_it(current: float, counts: bool) -> None:
    chains = Chains.ideal(3, 230, 100, connection=Connection.ONE_PHASE)
    found = steady(Point(230, current, connection=Connection.ONE_PHASE), chains)
    left = registered(found, Guard.of(230 * 0.02), Guard.of(230 * 0.02))
    assert bool(np.all(left.active_w > 0)) == counts
    assert bool(np.all(np.isfinite(pulses(left.active_w, 1000, 2)))) == counts
    assert not left.reactive_var.any()


def test_phases_stand_on_their_own() -> None:
    found = steady(Point(230, 5, loaded=(1,)), Chains.ideal(1, 230, 100))
    left = registered(found, Guard.of(4.6))
    assert left.active_elements_w[0].tolist()[::2] == [0, 0]
    assert left.active_elements_w[0, 1] == pytest.approx(1150, rel=1e-5)
    assert registered(found).active_w == pytest.approx(found.active_w)
