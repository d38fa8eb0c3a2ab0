"""Sags, swells and interruptions of known length and depth."""

import numpy as np
import pytest

from openami.metering.metrology.dips import Event, HalfCycles, Kind, Thresholds, Watch
from openami.metering.metrology.signal import Course, Signal

FULL = Signal.sine(230, 5)


def events(course: Course, seconds: float, thresholds: Thresholds | None = None, block_s: float = 0.1) -> list[Event]:
    half, watch = HalfCycles(8000, 230), Watch(thresholds or Thresholds.of(230), 3)
    found = []
    for block in range(round(seconds / block_s)):
        drawn = course.render(block * block_s, round(8000 * block_s), 8000)
        found += watch.feed(*half.feed(drawn.voltage))
    return found


def test_half_cycle_values_are_rms_over_one_cycle_every_half() -> None:
    half = HalfCycles(8000, 230)
    ends, values = half.feed(Signal.sine([230, 115, 0], 5).render(0, 8000, 8000).voltage)
    assert np.diff(ends) == pytest.approx(np.full(ends.size - 1, 0.01), abs=1e-6)
    assert values == pytest.approx(np.broadcast_to([230, 115, 0], values.shape), abs=0.02)


def test_a_sag_of_one_phase_has_its_depth_and_length() -> None:
    course = Course((0.0, 2.0, 2.3), (FULL, Signal.sine([230, 160, 230], 5), FULL))
    [event] = events(course, 3)
    assert event.kind is Kind.SAG
    assert event.start_s == pytest.approx(2.0, abs=0.02)
    assert event.duration_s == pytest.approx(0.3, abs=0.021)
    assert event.extreme_v == pytest.approx(160, rel=5e-3)


def test_a_sag_lasts_from_the_first_phase_to_the_last() -> None:
    one, two = Signal.sine([160, 230, 230], 5), Signal.sine([230, 150, 230], 5)
    [event] = events(Course((0.0, 1.0, 1.2, 1.4), (FULL, one, two, FULL)), 2)
    assert event.duration_s == pytest.approx(0.4, abs=0.021)
    assert event.extreme_v == pytest.approx(150, rel=5e-3)


def test_only_all_phases_make_an_interruption() -> None:
    off, two = Signal.sine(0, 0), Signal.sine([0, 0, 230], 0)
    [event] = events(Course((0.0, 1.0, 1.5), (FULL, off, FULL)), 3)
    assert event.kind is Kind.INTERRUPTION
    assert event.duration_s == pytest.approx(0.5, abs=0.03)
    [event] = events(Course((0.0, 1.0, 1.5), (FULL, two, FULL)), 3)
    assert event.kind is Kind.SAG


def test_hysteresis_holds_a_sag_open() -> None:
    low, nearly = Signal.sine(200, 5), Signal.sine(209, 5)  # 90 % is 207 V, it ends at 211.6 V
    [event] = events(Course((0.0, 1.0, 1.2, 1.6), (FULL, low, nearly, FULL)), 3)
    assert event.duration_s == pytest.approx(0.6, abs=0.021)
    assert events(Course((0.0, 1.0, 1.2), (FULL, nearly, FULL)), 2) == []


@pytest.mark.parametrize(("lasts", "listed"), [(0.06, []), (0.27, [0.2]), (0.95, [0.9])])
def test_a_coarse_meter_counts_from_100_ms_in_steps(lasts: float, listed: list[float]) -> None:
    coarse = Thresholds(207, 253, 11.5, 0.0, least_s=0.1, step_s=0.1)
    course = Course((0.0, 1.0, 1.0 + lasts), (FULL, Signal.sine(260, 5), FULL))
    found = events(course, 3, coarse)
    assert [event.duration_s for event in found] == pytest.approx(listed)
    assert all(event.kind is Kind.SWELL and event.extreme_v == pytest.approx(260, rel=1e-3) for event in found)


def test_blocks_make_no_difference() -> None:
    course = Course((0.0, 1.0, 1.3), (FULL, Signal.sine(160, 5), FULL))
    [one], [two] = events(course, 2), events(course, 2, block_s=0.0125)
    assert (one.start_s, one.duration_s, one.extreme_v) == pytest.approx((two.start_s, two.duration_s, two.extreme_v))
