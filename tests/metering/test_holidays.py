"""Movable holidays against published dates, and in force on their day."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.loads import constant
from metering.oracle import AMSTERDAM
from openami.core.time import CosemTime
from openami.metering import commands
from openami.metering.advance import advance
from openami.metering.calendar import TARIFFICATION_SCRIPTS, TWO_RATE, DayAction, DayProfile
from openami.metering.holidays import easter, special_days
from openami.metering.quantities import Energy
from openami.metering.state import State

PUBLISHED = {  # US Census Bureau, dates of Easter Sunday
    1954: (4, 18), 1981: (4, 19), 2000: (4, 23), 2008: (3, 23), 2011: (4, 24), 2024: (3, 31), 2025: (4, 20),
    2026: (4, 5), 2027: (3, 28), 2038: (4, 25), 2049: (4, 18), 2076: (4, 19),
}  # fmt: skip


@pytest.mark.parametrize("year", PUBLISHED)
def test_easter_as_published(year):
    assert easter(year) == date(year, *PUBLISHED[year])


@given(st.integers(1900, 2199))
def test_easter_is_a_sunday_between_the_22nd_of_march_and_the_25th_of_april(year):
    assert easter(year).isoweekday() == 7
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)


def test_a_movable_day_has_the_tariff_of_its_profile():
    """Easter Monday 2026 is rate 2 all day, the Monday after as any other."""
    start = int(datetime(2026, 4, 6, tzinfo=AMSTERDAM).timestamp())
    state = State.create(1, start)
    holiday = DayProfile(3, (DayAction(CosemTime(0, 0, 0, 0), TARIFFICATION_SCRIPTS, 2),))
    commands.program_calendar(state, 0, TWO_RATE.with_days([*TWO_RATE.days, holiday]))
    commands.activate_calendar(state, 0)
    commands.set_special_days(state, 0, special_days((2025, 2026), (1, -2), 3))
    advance(state, start + 86_400, constant(1_000_000))
    assert state.registers.value(0, Energy.ACTIVE_IMPORT, 2) == 24_000
    advance(state, start + 7 * 86_400, constant(1_000_000))
    normal = state.registers.value(0, Energy.ACTIVE_IMPORT, 2)
    advance(state, start + 8 * 86_400, constant(1_000_000))
    assert state.registers.value(0, Energy.ACTIVE_IMPORT, 2) - normal == 16_000
