"""Indices against the worked example of IEEE 1366: a system of 2 000 customers with ten interruptions in a year.

By hand, over the sustained ones: sum of N = 3 215, sum of r N = 172 220 customer minutes, so SAIFI = 1.61,
SAIDI = 86.11 min, CAIDI = 53.57 min; ASAI = 1 - 172 220 / (2 000 * 525 600); MAIFI = (400 + 2 000) / 2 000 = 1.2.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.headend.outage.indices import daily_saidi, indices, major_day_min, momentary_events

MINUTES = [8.167, 71.3, 30.3, 267.2, 120.0, 10.0, 40.0, 0.5, 1.0]
CUSTOMERS = [200, 600, 25, 90, 700, 1500, 100, 400, 2000]
YEAR_S = 525_600 * 60


def test_the_worked_example_of_the_standard() -> None:
    ended = np.array(MINUTES) * 60
    found = indices(np.zeros(len(ended)), ended, CUSTOMERS, served=2_000, span_s=YEAR_S)
    assert found.saidi_min == pytest.approx(86.11, abs=0.005)
    assert found.saifi == pytest.approx(1.61, abs=0.005)
    assert found.caidi_min == pytest.approx(53.57, abs=0.01)
    assert found.asai == pytest.approx(0.999836, abs=1e-6)
    assert found.maifi == pytest.approx(1.2)


def test_five_minutes_are_momentary_and_a_second_more_is_sustained() -> None:
    found = indices([0, 0], [300, 301], [1, 1], served=10, span_s=3_600)
    assert (found.saifi, found.maifi) == (0.1, 0.1)
    assert found.saidi_min == pytest.approx(301 / 600)


def test_without_interruptions_there_is_no_caidi_and_without_customers_nothing() -> None:
    assert indices([], [], [], served=5, span_s=60).caidi_min is None
    assert indices([], [], [], served=5, span_s=60).asai == 1
    assert indices([0], [900], [1], served=0, span_s=60).saidi_min is None


def test_a_recloser_that_tries_three_times_makes_one_momentary_event() -> None:
    def events(*spans: tuple[int, int, int]) -> int:
        rows = np.array(spans, np.int64)
        return momentary_events(rows[:, 0], rows[:, 1], rows[:, 2])

    assert events((1, 0, 5), (1, 20, 25), (1, 60, 70)) == 1
    assert events((1, 0, 5), (1, 20, 25), (1, 60, 2_000)) == 0, "it ended in a lock-out, which is sustained"
    assert events((1, 0, 5), (2, 0, 5), (1, 400, 410)) == 3


def test_the_threshold_of_major_event_days_is_of_the_logarithms() -> None:
    daily = np.exp(np.array([-1.0, 0.0, 1.0]))  # mean 0, standard deviation 1
    assert major_day_min(daily) == pytest.approx(np.exp(2.5))
    assert major_day_min([*daily, 0.0]) == pytest.approx(np.exp(2.5)), "days without interruption do not count"
    assert major_day_min([3.0]) is None


def test_an_interruption_counts_on_the_day_that_it_began() -> None:
    found = daily_saidi(np.array([7, 7, 8]), np.array([90_000, 100, 600]), 10)
    assert found == {7: 150.0, 8: 1.0}


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 500)), min_size=1, max_size=30))
def test_caidi_is_saidi_by_saifi(rows: list[tuple[int, int]]) -> None:
    lasted, many = zip(*rows, strict=True)
    found = indices(np.zeros(len(rows)), lasted, many, served=1_000, span_s=YEAR_S)
    assert found.saidi_min is not None
    if found.saifi:
        assert found.caidi_min == pytest.approx(found.saidi_min / found.saifi)
    else:
        assert found.saidi_min == 0
