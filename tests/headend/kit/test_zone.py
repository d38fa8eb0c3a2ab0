from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, DefinitionError
from openami.headend.kit.zone import day_date, day_number, zone

ZONES = ["Europe/Amsterdam", "America/Havana", "Asia/Kathmandu", "UTC", "Asia/Beirut"]


@given(st.sampled_from(ZONES), st.integers(1_000_000_000, 2_800_000_000))
def test_day_of_an_instant_is_that_of_zoneinfo(name: str, at: int) -> None:
    local = datetime.fromtimestamp(at, ZoneInfo(name)).date()
    assert day_date(zone(name).day(at)) == local


@given(st.sampled_from(ZONES), st.integers(1_000_000_000, 2_800_000_000))
def test_bounds_of_a_day_hold_the_instant(name: str, at: int) -> None:
    begins, ends = zone(name).bounds(zone(name).day(at))
    assert begins <= at < ends
    assert zone(name).days(np.array([begins, ends - 1, ends])).tolist() == [zone(name).day(at)] * 2 + [
        zone(name).day(at) + 1
    ]


@pytest.mark.parametrize(("date", "rows"), [((2026, 3, 29), 92), ((2026, 3, 30), 96), ((2026, 10, 25), 100)])
def test_days_of_a_clock_change_have_92_and_100_quarters(date: tuple[int, int, int], rows: int) -> None:
    day = day_number(datetime(*date, tzinfo=UTC).date())
    assert int(zone("Europe/Amsterdam").lengths(np.array([day]))[0]) // 900 == rows


def test_months_begin_at_local_midnight() -> None:
    at = datetime(2026, 10, 25, 12, tzinfo=ZoneInfo("Europe/Amsterdam")).timestamp()
    begins = datetime(2026, 10, 1, tzinfo=ZoneInfo("Europe/Amsterdam")).timestamp()
    follows = datetime(2027, 1, 1, tzinfo=ZoneInfo("Europe/Amsterdam")).timestamp()
    assert zone("Europe/Amsterdam").month(at) == begins
    assert zone("Europe/Amsterdam").month(at, 3) == follows


@pytest.mark.parametrize("at", [0, 2**40])
def test_a_stamp_of_a_meter_without_clock_is_refused(at: int) -> None:
    with pytest.raises(DecodeError, match="1999"):
        zone("UTC").days(np.array([at]))


def test_unknown_zone_is_named() -> None:
    with pytest.raises(DefinitionError, match="Mars/Olympus"):
        zone("Mars/Olympus")
