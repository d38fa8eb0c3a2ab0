"""Where the history of a new fleet begins."""

import pytest

from openami.cli.serve import DAY_S, QUARTER_S, beginning

NOON = 1_772_362_800


@pytest.mark.parametrize("late", [0, 1, 449, 899])
@pytest.mark.parametrize("days", [0, 1, 10])
def test_it_is_a_quarter_of_an_hour_that_has_passed_and_no_more_days_ago_than_asked(days, late):
    now = NOON + late + 0.5
    start = beginning(now, days)
    assert start % QUARTER_S == 0
    assert start <= now
    assert now - start < max(days * DAY_S, QUARTER_S)
