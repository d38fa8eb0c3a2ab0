"""Tariff tables: limits, order of programming, seasons, special days, and the Dutch default."""

import dataclasses
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.oracle import AMSTERDAM, local
from openami.core.errors import DefinitionError
from openami.core.time import CET, EPOCH_ORDINAL, CosemDate, CosemDateTime, CosemTime
from openami.metering.calendar import (
    TARIFFICATION_SCRIPTS,
    TWO_RATE,
    Calendar,
    DayAction,
    DayProfile,
    Limits,
    Season,
    SpecialDay,
    WeekProfile,
    check_special_days,
    decode_special_days,
    encode_special_days,
)
from openami.metering.timeline import DAILY, DST, MONTHLY, Timeline, Trigger

DAY = 86_400
DUTCH = (Trigger(900), DAILY, MONTHLY)


def day(number, *actions):
    return DayProfile(
        number,
        tuple(DayAction(CosemTime(hour, minute, 0, 0), TARIFFICATION_SCRIPTS, rate) for hour, minute, rate in actions),
    )


def begins(month, day_of_month=1, year=0xFFFF):
    return CosemDateTime(year, month, day_of_month, 0xFF, 0, 0, 0, 0)


def table(days, seasons=((1, 1),)):
    """One week of the same day for each season (month, day profile)."""
    return Calendar(
        b"test",
        tuple(Season(bytes([n]), begins(month), bytes([n])) for n, (month, _) in enumerate(seasons)),
        tuple(WeekProfile(bytes([n]), (number,) * 7) for n, (_, number) in enumerate(seasons)),
        tuple(days),
    )


@given(st.integers(1_700_000_000, 2_000_000_000))
def test_dutch_default_is_low_at_night_and_at_the_weekend(utc):
    at = local(utc)
    expected = 2 if at.weekday() < 5 and 7 <= at.hour < 23 else 1
    assert Timeline.of(utc // DAY, TWO_RATE, (), CET, DUTCH).rate(utc) == expected


@pytest.mark.feature("IQ0404100K1-R-86", "IQ0404100K1-R-87", "IQ0404100K1-R-88", "IQ0404100K1-R-89", "IQ0404100K1-R-90")
@pytest.mark.parametrize("limit", ["seasons", "weeks", "days", "actions", "special_days"])
def test_the_meter_holds_so_many_and_not_one_more(limit):
    room = Limits()
    assert room[:5] == (4, 4, 4, 8, 30)

    def build(extra):
        count = {name: value + (name == limit) * extra for name, value in room._asdict().items()}
        days = [
            day(number, *((hour, 0, 1 + hour % 2) for hour in range(count["actions"])))
            for number in range(count["days"])
        ]
        weeks = [WeekProfile(bytes([number]), (0,) * 7) for number in range(count["weeks"])]
        seasons = [Season(bytes([n]), begins(n + 1), b"\0") for n in range(count["seasons"])]
        full = Calendar(b"full").with_days(days).with_weeks(weeks).with_seasons(seasons)
        special = [SpecialDay(n, CosemDate(2026, 1, 1), 0) for n in range(count["special_days"])]
        check_special_days(special, [full], room)
        full.check(room)

    build(0)
    with pytest.raises(DefinitionError, match="the meter holds"):
        build(1)


@pytest.mark.feature("IQ0404100K1-R-91")
def test_order_of_programming_is_day_week_season():
    with pytest.raises(DefinitionError, match=r"week_profile_table.*no day profile 2"):
        Calendar().with_days([day(1, (0, 0, 1))]).with_weeks([WeekProfile(b"w", (1, 1, 1, 1, 1, 2, 2))])
    with pytest.raises(DefinitionError, match=r"season_profile.*no week"):
        Calendar().with_seasons([Season(b"s", begins(1), b"w")])
    assert Calendar().with_days(TWO_RATE.days).with_weeks(TWO_RATE.weeks).with_seasons(TWO_RATE.seasons).seasons


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.with_days([day(1, (24, 0, 1))]),
        lambda c: c.with_days([day(1, (0xFF, 0, 1))]),
        lambda c: c.with_days([day(1, (0, 0, 3))]),
        lambda c: c.with_days([day(1, (0, 0, 0))]),
        lambda c: c.with_days([day(1, (0, 0, 1), (0, 0, 2))]),
        lambda c: c.with_days([day(1), day(1)]),
        lambda c: c.with_weeks([WeekProfile(b"w", (1, 1))]),
        lambda c: c.with_weeks([WeekProfile(b"w", (1,) * 7)] * 2),
        lambda c: c.with_seasons([Season(b"s", begins(13), b"1")]),
        lambda c: c.with_seasons([Season(b"s", begins(1, 0), b"1")]),
        lambda c: c.with_seasons([]).check(Limits()),
        lambda c: check_special_days([SpecialDay(1, CosemDate(), 9)], [c], Limits()),
        lambda c: check_special_days([SpecialDay(1, CosemDate(), 1)] * 2, [c], Limits()),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(change):
    with pytest.raises(DefinitionError):
        change(TWO_RATE)


def days_of(calendar, year, special=()):
    first = date(year, 1, 1)
    return [(at, calendar.day_id(at, CET, special)) for at in (first + timedelta(days=n) for n in range(365))]


def changes(pairs):
    return [pairs[0], *(later for earlier, later in pairwise(pairs) if earlier[1] != later[1])]


def test_the_season_that_began_last_is_in_force_across_new_year():
    summer = table([day(1), day(2)], ((4, 1), (10, 2)))
    assert changes(days_of(summer, 2026)) == [
        (date(2026, 1, 1), 2),
        (date(2026, 4, 1), 1),
        (date(2026, 10, 1), 2),
    ]


def test_seasons_may_follow_summer_time_and_a_single_year():
    dst = table([day(1), day(2)], ((0xFE, 1), (0xFD, 2)))
    assert [at for at, _ in changes(days_of(dst, 2026))[1:]] == [date(2026, 3, 29), date(2026, 10, 25)]
    once = Season(b"x", begins(6, 1, 2026), b"\1")
    late = table([day(1), day(2)], ((1, 1), (1, 2)))
    late = dataclasses.replace(late, seasons=(late.seasons[0], once))
    assert changes(days_of(late, 2026))[1:] == [(date(2026, 6, 1), 2)]
    assert {number for _, number in days_of(dataclasses.replace(late, seasons=(once,)), 2025)} == {None}


@pytest.mark.feature("IQ0404100K1-R-90")
def test_a_special_day_goes_before_the_week():
    special = (SpecialDay(1, CosemDate(0xFFFF, 12, 25), 2), SpecialDay(2, CosemDate(2026, 4, 27), 2))
    held = dict(days_of(TWO_RATE, 2026, special))
    assert held[date(2026, 12, 25)] == held[date(2026, 4, 27)] == 2
    assert held[date(2026, 12, 24)] == 1
    unknown = (SpecialDay(1, CosemDate(0xFFFF, 12, 24), 9),)
    assert dict(days_of(TWO_RATE, 2026, unknown))[date(2026, 12, 24)] == 1
    assert dict(days_of(TWO_RATE, 2027, special))[date(2027, 4, 27)] == 1


def test_a_day_without_an_action_at_midnight_goes_on_at_the_rate_before():
    quiet = table([day(1, (6, 30, 2), (22, 0, 1))])
    assert Timeline.of(20_000, quiet, (), CET, DUTCH).rates[0] == 1
    single = table([day(1, (6, 30, 2))])
    assert set(Timeline.of(20_000, single, (), CET, DUTCH).rates) == {2}
    assert set(Timeline.of(20_000, table([day(1)]), (), CET, DUTCH).rates) == {1}
    one, week = table([day(1, (6, 0, 2)), day(2)]), WeekProfile(b"\0", (1, 2, 2, 2, 2, 2, 2))
    monday = dataclasses.replace(one, weeks=(week,))
    for number in range(20_000, 20_007):
        assert Timeline.of(number, monday, (), CET, DUTCH).rates[-1] == 2


@pytest.mark.parametrize(
    ("midnight", "hours"),
    [(datetime(2026, 3, 29, tzinfo=AMSTERDAM), [2, 4]), (datetime(2026, 10, 25, tzinfo=AMSTERDAM), [2.5, 6])],
)
def test_switches_of_the_skipped_and_the_repeated_hour_happen_once(midnight, hours):
    """02:30 does not exist in spring and is done at 03:00; in autumn it is done at its first passing."""
    calendar, start = table([day(1, (0, 0, 1), (2, 30, 2), (5, 0, 1))]), int(midnight.timestamp())
    rate = {}
    for utc in range(start, start + DAY, 900):
        rate[utc] = Timeline.of(utc // DAY, calendar, (), CET, DUTCH).rate(utc)
    switches = [(utc - start) / 3600 for utc in rate if utc > start and rate[utc] != rate[utc - 900]]
    assert switches == hours


def test_a_timeline_marks_closings_as_zoneinfo_does():
    for number in range(date(2026, 1, 1).toordinal(), date(2027, 1, 2).toordinal()):
        line = Timeline.of(number - EPOCH_ORDINAL, TWO_RATE, (), CET, DUTCH)
        for instant, mark in zip(line.at, line.marks, strict=True):
            at = local(instant)
            midnight = (at.hour, at.minute, at.second) == (0, 0, 0)
            assert bool(mark & 2) == (instant % 900 == 0)
            assert bool(mark & 4) == midnight
            assert bool(mark & 8) == (midnight and at.day == 1)
            assert bool(mark & DST) == (at.dst() != local(instant - 1).dst())


def test_tables_survive_a_snapshot():
    odd = table([day(1, (1, 2, 1)), day(2)], ((0xFE, 1), (2, 2)))
    assert Calendar.decode(odd.encode()) == odd
    assert Calendar.decode(TWO_RATE.encode()) == TWO_RATE
    special = (SpecialDay(3, CosemDate(0xFFFF, 12, 25), 2),)
    assert decode_special_days(encode_special_days(special)) == special
