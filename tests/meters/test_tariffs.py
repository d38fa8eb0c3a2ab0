"""Tariff tables and special days as a client programs them."""

import pytest

from meters.small_fleet import (
    DAY_S,
    HOUR_S,
    STANDARD,
    START,
    Company,
    Steady,
)
from openami.core.obis import OBIS
from openami.core.time import ANY_YEAR, CET, CosemDate, CosemDateTime, CosemTime
from openami.cosem.calendars import (
    NOT_SPECIFIED,
    ActivityCalendar,
    DayProfile,
    DayProfileAction,
    SeasonProfile,
    SpecialDay,
    SpecialDaysTable,
    WeekProfile,
)
from openami.cosem.registers import Data
from openami.dlms.xdlms import ActionResult, DataAccessResult

DENIED, SUCCESS, REFUSED = (
    DataAccessResult.READ_WRITE_DENIED,
    DataAccessResult.SUCCESS,
    DataAccessResult.OTHER_REASON,
)


CLOCK_NAME, CALENDAR, SPECIAL = "0.0.1.0.0.255", "0.0.13.0.0.255", "0.0.11.0.0.255"


SCRIPTS = OBIS.parse("0.0.10.0.100.255")


def switch(hour: int, rate: int) -> DayProfileAction:
    return DayProfileAction(CosemTime(hour, 0, 0, 0), SCRIPTS, rate)


DAYS = [DayProfile(1, [switch(0, 2), switch(12, 1)]), DayProfile(2, [switch(0, 1)])]


WEEKS = [WeekProfile(b"w", 1, 1, 1, 1, 1, 2, 2)]


SEASONS = [SeasonProfile(b"s", CosemDateTime(ANY_YEAR, 1, 1), b"w")]


@pytest.mark.feature("IQ0404100K1-R-84", "IQ0404100K1-R-85", "IQ0404100K1-R-91")
def test_a_tariff_is_programmed_in_order_and_activated_by_date() -> None:
    company = Company(Steady(active_w=1000))
    talk = company.talk()
    calendar = ActivityCalendar
    other = [WeekProfile(b"w", 9, 9, 9, 9, 9, 9, 9)]
    assert talk.set(calendar.week_profile_table_passive, CALENDAR, other) is REFUSED
    assert talk.set(calendar.day_profile_table_passive, CALENDAR, DAYS) is SUCCESS
    assert talk.set(calendar.week_profile_table_passive, CALENDAR, WEEKS) is SUCCESS
    assert talk.set(calendar.season_profile_passive, CALENDAR, [SEASONS[0]._replace(week_name=b"x")]) is REFUSED
    assert talk.set(calendar.season_profile_passive, CALENDAR, SEASONS) is SUCCESS
    assert talk.set(calendar.calendar_name_passive, CALENDAR, b"NEW") is SUCCESS
    assert company.read(calendar.day_profile_table_passive, CALENDAR) == DAYS
    assert company.read(calendar.calendar_name_active, CALENDAR) == b"DUTCH2"
    begin = CET.stamp(START + DAY_S)
    assert talk.set(calendar.activate_passive_calendar_time, CALENDAR, begin) is SUCCESS
    assert company.read(calendar.activate_passive_calendar_time, CALENDAR) == begin
    company.live(DAY_S + 6 * HOUR_S)
    assert company.read(calendar.calendar_name_active, CALENDAR) == b"NEW"
    assert company.read(calendar.activate_passive_calendar_time, CALENDAR) == NOT_SPECIFIED
    assert company.read(Data.value, "0.0.96.14.0.255") == b"0002"
    assert company.read(calendar.calendar_name_active, CALENDAR, meter=1) == b"DUTCH2"
    codes = [row[1] for row in talk.rows(STANDARD, START + 1, START + 2 * DAY_S)]
    assert 9 in codes


def test_a_tariff_may_be_activated_at_once() -> None:
    company = Company()
    talk = company.talk()
    talk.set(ActivityCalendar.calendar_name_passive, CALENDAR, b"NOW")
    assert talk.act(ActivityCalendar.activate_passive_calendar, CALENDAR) is ActionResult.SUCCESS
    assert company.read(ActivityCalendar.calendar_name_active, CALENDAR) == b"NOW"
    assert talk.set(ActivityCalendar.calendar_name_active, CALENDAR, b"NO") is DENIED


def seasons(count: int) -> list[SeasonProfile]:
    return [SeasonProfile(bytes([n]), CosemDateTime(ANY_YEAR, 1 + n, 1), b"w") for n in range(count)]


def weeks(count: int) -> list[WeekProfile]:
    return WEEKS + [WeekProfile(bytes([n]), *[2] * 7) for n in range(count - 1)]


def days(count: int, switches: int = 1) -> list[DayProfile]:
    return [DayProfile(n, [switch(hour, 1) for hour in range(switches)]) for n in range(1, count + 1)]


LIMITS = {
    "IQ0404100K1-R-86": (ActivityCalendar.season_profile_passive, seasons(4), seasons(5)),
    "IQ0404100K1-R-87": (ActivityCalendar.week_profile_table_passive, weeks(4), weeks(5)),
    "IQ0404100K1-R-88": (ActivityCalendar.day_profile_table_passive, days(4), days(5)),
    "IQ0404100K1-R-89": (ActivityCalendar.day_profile_table_passive, days(2, 8), days(2, 9)),
}


@pytest.mark.parametrize("cited", [pytest.param(i, marks=pytest.mark.feature(i)) for i in LIMITS])
def test_a_tariff_table_has_room_for_what_is_stated_and_no_more(cited: str) -> None:
    talk = Company().talk()
    for key, value in (
        (ActivityCalendar.day_profile_table_passive, DAYS),
        (ActivityCalendar.week_profile_table_passive, WEEKS),
        (ActivityCalendar.season_profile_passive, SEASONS),
    ):
        assert talk.set(key, CALENDAR, value) is SUCCESS
    key, fitting, too_many = LIMITS[cited]
    assert talk.set(key, CALENDAR, too_many) is REFUSED
    assert talk.set(key, CALENDAR, fitting) is SUCCESS


@pytest.mark.feature("IQ0404100K1-R-90")
def test_thirty_special_days_follow_a_day_profile_of_their_own() -> None:
    company = Company(Steady(active_w=1000))
    talk = company.talk()
    days = [SpecialDay(n, CosemDate(2027, 1 + n // 28, 1 + n % 28, 0xFF), 2) for n in range(31)]
    assert talk.set(SpecialDaysTable.entries, SPECIAL, days) is REFUSED
    assert talk.set(SpecialDaysTable.entries, SPECIAL, days[:30]) is SUCCESS
    assert company.read(SpecialDaysTable.entries, SPECIAL) == days[:30]
    monday = SpecialDay(0, CosemDate(ANY_YEAR, 11, 2, 0xFF), 2)
    assert talk.act(SpecialDaysTable.insert, SPECIAL, monday) is ActionResult.SUCCESS
    company.live(12 * HOUR_S)
    assert company.read(Data.value, "0.0.96.14.0.255") == b"0001"
    assert talk.act(SpecialDaysTable.delete, SPECIAL, 0) is ActionResult.SUCCESS
    company.live(60)
    assert company.read(Data.value, "0.0.96.14.0.255") == b"0002"
