"""Rows of a profile picked by time."""

from datetime import UTC, datetime

from meters.small_fleet import (
    CLOCK,
    DAY_S,
    HOUR_S,
    INTERVALS,
    Company,
)
from openami.core.obis import OBIS


def test_a_range_inside_the_repeated_hour_goes_by_the_deviation() -> None:
    """2026-10-25: 02:00 to 03:00 comes twice; the first time with deviation -120."""
    begin = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp())
    company = Company(start_utc=begin).live(DAY_S + HOUR_S)
    talk = company.talk()
    assert len(talk.rows(INTERVALS, begin + 1, begin + 25 * HOUR_S)) == 100
    first = talk.rows(INTERVALS, begin + 2 * HOUR_S, begin + 3 * HOUR_S - 900)
    again = talk.rows(INTERVALS, begin + 3 * HOUR_S, begin + 4 * HOUR_S - 900)
    assert [row[0][5:7] for row in first] == [row[0][5:7] for row in again]
    assert {row[0][9:11].hex() for row in first} == {"ff88"}
    assert {row[0][9:11].hex() for row in again} == {"ffc4"}
    assert [row[1] for row in first] == [8] * 4
    assert [row[1] for row in again] == [0] * 4


def test_rows_before_and_after_all_time_are_none() -> None:
    company = Company().live(HOUR_S)
    rows = company.fleet.device(0).objects[7, OBIS.parse(INTERVALS)].rows()
    assert len(rows) == 4
    assert len(rows.between(2**40, None)) == len(rows.between(None, -1)) == 0
    assert len(rows.between(None, None)) == len(rows.between(-5, 2**40)) == 4
    assert CLOCK.class_id == 8
