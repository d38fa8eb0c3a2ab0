from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError
from openami.core.time import (
    ANY,
    ANY_YEAR,
    CET,
    DAY_LAST,
    DAY_SECOND_LAST,
    MONTH_DST_BEGIN,
    MONTH_DST_END,
    ClockStatus,
    CosemDate,
    CosemDateTime,
    CosemTime,
    DstRule,
)
from strategies import date_times, instants

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIRST = int(datetime(2000, 1, 1, tzinfo=AMSTERDAM).timestamp())
LAST = int(datetime(2050, 12, 31, 23, 59, tzinfo=AMSTERDAM).timestamp())
QUARTER_S = 900


def utc(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=UTC).timestamp())


def zoned(seconds: int) -> tuple[int, bool]:
    at = datetime.fromtimestamp(seconds, AMSTERDAM)
    return -int(at.utcoffset() / timedelta(minutes=1)), bool(at.dst())


def test_clock_reading_of_a_real_meter():
    octets = bytes.fromhex("07ea030c040f181eff800000")  # Kamstrup push of the vectors
    stamp = CosemDateTime.decode(octets)
    assert (stamp.year, stamp.month, stamp.day, stamp.weekday) == (2026, 3, 12, 4)
    assert (stamp.hour, stamp.minute, stamp.second, stamp.hundredths) == (15, 24, 30, ANY)
    assert stamp.encode() == octets
    with pytest.raises(DecodeError, match="no deviation"):
        stamp.to_utc()
    assert stamp.to_utc(-60) == utc(2026, 3, 12, 14, 24, 30)


def test_push_times_of_the_vectors_are_the_times_they_state(dlms_vectors):
    stated = dlms_vectors["push-hdlc-kamstrup-omnipower"]["expected"]["strings"]["0.1.1.0.0.255"]
    octets = bytes.fromhex(dlms_vectors["push-hdlc-kamstrup-omnipower"]["expected"]["decoded"]["date_time"])
    at = CosemDateTime.decode(octets).to_datetime(0)
    assert at.strftime("%Y-%m-%d %H:%M:%S") == stated


def test_utc_is_local_time_plus_deviation():
    winter = CosemDateTime(2026, 1, 1, 4, 0, 15, 0, 0, -60, 0)
    assert winter.to_utc() == utc(2025, 12, 31, 23, 15)
    summer = CosemDateTime(2026, 7, 1, 3, 0, 15, 0, 0, -120, 0x80)
    assert summer.to_utc() == utc(2026, 6, 30, 22, 15)
    assert summer.to_datetime() == datetime(2026, 7, 1, 0, 15, tzinfo=AMSTERDAM)
    assert summer.to_datetime().utcoffset() == timedelta(hours=2)


@given(instants)
def test_stamp_of_an_aware_datetime_and_back(seconds):
    at = datetime.fromtimestamp(seconds, AMSTERDAM)
    stamp = CosemDateTime.from_datetime(at)
    assert stamp.to_utc() == seconds
    assert stamp.to_datetime() == at
    if at.year >= 1996:
        assert stamp == CET.stamp(seconds)


def test_naive_datetime_gives_a_stamp_without_deviation():
    stamp = CosemDateTime.from_datetime(datetime.fromisoformat("2026-11-20T05:12:07.250"))
    assert stamp.encode().hex() == "07ea0b1405050c0719800000"


@given(date_times)
def test_any_fields_encode_and_decode(stamp):
    assert CosemDateTime.decode(stamp.encode()) == stamp
    assert CosemDate.decode(stamp.date.encode()) == stamp.date
    assert CosemTime.decode(stamp.time.encode()) == stamp.time


@given(st.binary(min_size=12, max_size=12))
def test_any_octets_have_a_meaning_or_a_decode_error(octets):
    stamp = CosemDateTime.decode(octets)
    assert stamp.encode() == octets
    try:
        at = stamp.to_datetime()
    except DecodeError:
        return
    assert int(at.timestamp()) == stamp.to_utc()


@pytest.mark.parametrize("length", [0, 1, 11, 13])
def test_other_lengths_are_refused(length):
    with pytest.raises(DecodeError, match="expected 12"):
        CosemDateTime.decode(bytes(length))
    with pytest.raises(DecodeError, match="expected 5"):
        CosemDate.decode(bytes(length))
    with pytest.raises(DecodeError, match="expected 4"):
        CosemTime.decode(bytes(length))


def test_fields_out_of_range_are_refused():
    with pytest.raises(EncodeError):
        CosemDateTime(year=70_000).encode()
    with pytest.raises(EncodeError):
        CosemTime(hour=-1).encode()


@pytest.mark.parametrize(
    ("pattern", "day", "matches"),
    [
        (CosemDate(), "2026-11-20", True),
        (CosemDate(2026, 11, 20, 5), "2026-11-20", True),
        (CosemDate(2026, 11, 20, 1), "2026-11-20", True),
        (CosemDate(2025, 11, 20), "2026-11-20", False),
        (CosemDate(month=12), "2026-11-20", False),
        (CosemDate(day=1), "2026-11-01", True),
        (CosemDate(weekday=7), "2026-11-22", True),
        (CosemDate(weekday=7), "2026-11-20", False),
        (CosemDate(day=DAY_LAST), "2024-02-29", True),
        (CosemDate(day=DAY_LAST), "2024-02-28", False),
        (CosemDate(day=DAY_SECOND_LAST), "2024-02-28", True),
        (CosemDate(month=3, day=DAY_LAST, weekday=7), "2026-03-29", True),
        (CosemDate(month=3, day=DAY_LAST, weekday=7), "2026-03-31", False),
        (CosemDate(2026, 3, DAY_LAST, 7), "2026-03-29", True),
        (CosemDate(month=3, day=DAY_SECOND_LAST, weekday=7), "2026-03-22", True),
        (CosemDate(month=11, day=8, weekday=7), "2026-11-08", True),
        (CosemDate(month=11, day=9, weekday=7), "2026-11-15", True),
        (CosemDate(month=11, day=9, weekday=7), "2026-11-09", False),
        (CosemDate(day=31), "2026-02-28", False),
        (CosemDate(month=MONTH_DST_BEGIN), "2026-03-29", False),
    ],
)
def test_wildcards_of_dates(pattern, day, matches):
    at = datetime.fromisoformat(day)
    concrete = CosemDate(at.year, at.month, at.day, at.isoweekday())
    assert pattern.matches(concrete) is matches


def test_season_that_begins_with_daylight_saving_needs_the_rule():
    begin, end = CosemDate(2026, 3, 29, 7), CosemDate(2026, 10, 25, 7)
    assert CosemDate(month=MONTH_DST_BEGIN).matches(begin, CET)
    assert CosemDate(month=MONTH_DST_END).matches(end, CET)
    assert not CosemDate(month=MONTH_DST_BEGIN).matches(end, CET)
    assert not CosemDate().matches(CosemDate())


def test_wildcards_of_times_and_both_together():
    quarter = CosemDateTime(2026, 11, 20, 5, 5, 15, 0, 0, -60, 0)
    assert CosemDateTime(minute=15).matches(quarter)
    assert CosemDateTime(minute=15, second=0, weekday=5).matches(quarter)
    assert not CosemDateTime(minute=30).matches(quarter)
    assert not CosemDateTime(minute=15, day=21).matches(quarter)
    assert CosemTime().matches(quarter.time)
    assert not CosemTime(hundredths=1).matches(quarter.time)


def test_rule_agrees_with_the_zone_at_every_quarter_hour_from_2000_to_2050():
    instants = np.arange(FIRST, LAST, QUARTER_S, dtype=np.int64)
    deviation, dst = CET.offsets(instants)
    changes = np.flatnonzero(np.diff(deviation)) + 1
    assert len(changes) == 102
    for index in changes.tolist():  # the zone is constant between two changes: look at both sides of each
        for at in (index - 1, index):
            assert (deviation[at], dst[at]) == zoned(int(instants[at]))
            assert CET.offset(int(instants[at])) == (deviation[at], dst[at])
    for at in range(0, len(instants), 97):
        assert (deviation[at], dst[at]) == zoned(int(instants[at]))


@pytest.mark.slow
def test_rule_agrees_with_the_zone_second_by_second_around_each_change():
    for year in range(2000, 2051):
        for month in (3, 10):
            day = CET.begin.date.day_in(year, month)
            for seconds in range(utc(year, month, day, 0, 58), utc(year, month, day, 1, 2)):
                assert CET.offset(seconds) == zoned(seconds)


@given(st.integers(FIRST, LAST))
def test_rule_agrees_with_the_zone_anywhere(seconds):
    assert CET.offset(seconds) == zoned(seconds)
    deviation, dst = CET.offsets(np.array([seconds], np.int64))
    assert (deviation.tolist(), dst.tolist()) == ([zoned(seconds)[0]], [zoned(seconds)[1]])
    assert deviation.dtype == np.int16


def test_local_midnights_and_month_starts_from_2000_to_2050():
    days = [date(2000, 1, 1) + timedelta(days=n) for n in range(18_628)]
    midnights = [int(datetime.combine(day, time(), AMSTERDAM).timestamp()) for day in days]
    assert CET.local_midnights(FIRST, LAST).tolist() == midnights
    starts = [at for day, at in zip(days, midnights, strict=True) if day.day == 1]
    assert CET.month_starts(FIRST, LAST).tolist() == starts
    assert CET.local_midnights(FIRST, FIRST).tolist() == [FIRST]
    assert CET.local_midnights(FIRST + 1, FIRST + 2).tolist() == []
    assert CET.month_starts(FIRST + 1, FIRST + 2).tolist() == []


@pytest.mark.parametrize(("day", "quarters"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-10-26", 96)])
def test_change_days_have_92_and_100_quarter_hours(day, quarters):
    start = int(datetime.fromisoformat(day).replace(tzinfo=AMSTERDAM).timestamp())
    first, second = CET.local_midnights(start, start + 26 * 3600).tolist()[:2]
    assert first == start
    assert (second - first) // QUARTER_S == quarters


def test_repeated_and_skipped_hour():
    repeated = utc(2026, 10, 25, 2, 30)  # the local clock reads 02:30, told as if it were UTC
    assert CET.local_to_utc(repeated) == utc(2026, 10, 25, 0, 30)
    skipped = utc(2026, 3, 29, 2, 30)
    assert CET.local_to_utc(skipped) == utc(2026, 3, 29, 1, 30)
    first, second = CET.stamp(utc(2026, 10, 25, 0, 30)), CET.stamp(utc(2026, 10, 25, 1, 30))
    assert first.time == second.time
    assert (first.deviation, first.status) == (-120, ClockStatus.DST)
    assert (second.deviation, second.status) == (-60, 0)
    assert second.to_utc() - first.to_utc() == 3600


def test_rule_of_the_south():
    zone = ZoneInfo("Australia/Sydney")
    rule = DstRule(
        begin=CosemDateTime(month=10, day=1, weekday=7, hour=2, minute=0, second=0),
        end=CosemDateTime(month=4, day=1, weekday=7, hour=3, minute=0, second=0),
        deviation_min=60,
        zone_min=-600,
    )
    for seconds in range(utc(2010, 1, 1), utc(2030, 1, 1), 7 * 3600):
        at = datetime.fromtimestamp(seconds, zone)
        assert rule.offset(seconds) == (-int(at.utcoffset() / timedelta(minutes=1)), bool(at.dst()))


def test_rule_of_one_year_and_rule_switched_off():
    once = DstRule(CosemDateTime(2026, 3, 29, ANY, 2, 0, 0), CosemDateTime(2026, 10, 25, ANY, 3, 0, 0), 60, -60)
    for at in (utc(2025, 7, 1), utc(2026, 1, 1), utc(2026, 11, 1), utc(2027, 7, 1)):
        assert once.offset(at) == (-60, False)
    assert once.offset(utc(2026, 7, 1)) == (-120, True)
    off = DstRule(CosemDateTime(), CosemDateTime(), 60, -60, enabled=False)
    assert off.offset(utc(2026, 7, 1)) == (-60, False)
    assert off.offsets(np.array([utc(2026, 7, 1)]))[0].tolist() == [-60]
    assert off.local_midnights(utc(2026, 7, 1), utc(2026, 7, 2)).tolist() == [utc(2026, 7, 1, 23)]


def test_rule_without_a_month_is_refused_when_used():
    with pytest.raises(DecodeError, match="names no month"):
        DstRule(CosemDateTime(), CosemDateTime(), 60, -60).offset(0)


def test_central_european_rule_in_octets_as_dutch_meters_hold_it():
    assert CET.begin.encode().hex() == "ffff03fe07020000ffffc400"
    assert CET.end.encode().hex() == "ffff0afe07030000ffff8880"
    assert CET.begin.year == ANY_YEAR
