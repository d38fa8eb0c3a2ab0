"""Clock: how far it may go wrong, synchronisation, summer time, and the battery that keeps it."""

from datetime import UTC, datetime

import pytest

from openami.core.time import CosemDateTime
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.metering.display import Mode
from products.standing import DAY_S, HOUR_S, Standing, both, utc, utc_of

SUCCESS = DataAccessResult.SUCCESS
LIMIT_PPB = 500_000_000 // 86_400
"""Half a second in a day."""
DST, OLD, NEW, INVALID = 3, 4, 5, 6
BATTERY_REPLACE, BATTERY_LOW = 7, 8


def reads(meter: Standing) -> int:
    """UTC second that the clock shows."""
    found: CosemDateTime = meter.read("clock.time")
    return found.to_utc()


@pytest.mark.parametrize("slug", ["ad11a", "ad13a"])
@pytest.mark.parametrize("sign", [1, -1])
def test_at_the_limit_of_its_class_the_clock_gains_or_loses_half_a_second_a_day(slug: str, sign: int) -> None:
    meter = Standing(slug).live(10 * DAY_S)
    assert reads(meter) == meter.now
    meter.hand("clock_drift_ppb", sign * LIMIT_PPB).live(10 * DAY_S)
    assert 4 <= sign * (reads(meter) - meter.now) <= 5


@both("05", "05")
def test_a_client_sets_the_clock_and_the_log_has_old_and_new_time(slug: str) -> None:
    meter = Standing(slug).hand("clock_offset_s", -120).live(HOUR_S)
    assert reads(meter) == meter.now - 120
    right = CosemDateTime.from_datetime(datetime.fromtimestamp(meter.now, UTC))
    assert meter.write("clock.time", right) is SUCCESS
    assert reads(meter) == meter.now
    [old, new] = [row for row in meter.rows("standard_event_log") if row[1] in (OLD, NEW)]
    assert (utc_of(old[0]), utc_of(new[0])) == (meter.now - 120, meter.now)


@both("05", "05")
def test_a_small_difference_is_put_right_without_a_trace(slug: str) -> None:
    meter = Standing(slug).hand("clock_offset_s", -5).live(HOUR_S)
    meter.live(100)
    assert meter.act("clock.shift_time", 5) is ActionResult.SUCCESS
    assert reads(meter) == meter.now
    assert not {OLD, NEW} & set(meter.events("standard_event_log"))


@both("06", "06")
def test_summer_time_comes_and_goes(slug: str) -> None:
    meter = Standing(slug, start_utc=utc("2027-03-26 22:00")).until("2027-03-28 02:00")
    assert reads(meter) == meter.now
    spring: CosemDateTime = meter.read("clock.time")
    assert (spring.hour, spring.deviation) == (4, -120)
    meter.until("2027-03-29 12:00")
    days = [utc_of(row[0]) for row in meter.rows("daily_values")]
    assert days[-1] - days[-2] == 23 * HOUR_S
    assert meter.events("standard_event_log").count(DST) == 1
    meter.write("clock.daylight_savings_enabled", False)
    assert meter.read("clock.time").deviation == -60


@both("109", "109")
def test_the_battery_keeps_the_clock_for_a_month_and_an_empty_one_does_not(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S).hand("supply", "off").live(30 * DAY_S).hand("supply", "on").live(60)
    assert reads(meter) == meter.now
    assert INVALID not in meter.events("standard_event_log")
    meter.hand("battery_mv", 2_000).live(60)
    assert {BATTERY_LOW, BATTERY_REPLACE} <= set(meter.events("standard_event_log"))
    meter.hand("supply", "off").live(HOUR_S).hand("supply", "on").live(60)
    assert INVALID in meter.events("standard_event_log")
    assert reads(meter) < utc("2001-01-01 00:00")


@pytest.mark.feature("AD11A-07", "AD11A-58")
def test_asleep_it_runs_on_its_battery_and_wakes_for_a_press() -> None:
    meter = Standing("ad11a", amps=10.0).live(HOUR_S).hand("supply", "off").live(HOUR_S)
    asleep = meter.front.look(meter.ms).picture
    assert (asleep.mode, asleep.text) == (Mode.SLEEP, "")
    awake = meter.press().front.look(meter.ms).picture
    assert (awake.mode, awake.item.code) == (Mode.BATTERY, "0.9.2")
    assert meter.live(11).front.look(meter.ms).picture.mode is Mode.SLEEP
    meter.hand("supply", "on").live(60)
    assert reads(meter) == meter.now
    assert meter.front.look(meter.ms).picture.mode is not Mode.SLEEP
