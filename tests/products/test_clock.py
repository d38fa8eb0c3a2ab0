"""Clock: how far it may go wrong, synchronisation, summer time, and the battery that keeps it."""

from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest

from openami.core.time import CosemDateTime
from openami.cosem.clock import Clock
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.metering.display import Mode
from openami.metering.load import Minutes
from openami.meters import product
from openami.meters.fleet import Fleet
from products.standing import DAY_S, HOUR_S, MANAGEMENT, START, Standing, Turned, both, utc, utc_of

SUCCESS = DataAccessResult.SUCCESS
LIMIT_PPB = 500_000_000 // 86_400
"""Half a second in a day."""
METERS = 300
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


@both("02", "02")
def test_drawn_clocks_stay_within_what_the_data_sheet_states_and_a_day_of_it_is_read(slug: str) -> None:
    held = product.load(slug)
    limit = held.monitoring.clock.drift_ms
    assert limit is not None
    assert limit.value == 500
    clock = Turned()
    fleet = Fleet.create(
        held, METERS, start_utc=START, load=Silent(held.head.phases), now=clock, random=Random(7).randbytes, drawn=True
    )
    ppb = fleet.holding.laws.clock.drift_ppb
    assert (abs(ppb) <= LIMIT_PPB).all()
    assert 0.25 * LIMIT_PPB < ppb.std() < 0.45 * LIMIT_PPB
    clock.utc += DAY_S
    fleet.advance_to(int(clock.utc))
    wrong = [read_error(fleet, meter, int(clock.utc)) for meter in range(METERS)]
    assert max(map(abs, wrong)) <= 0.5
    assert [round(1000 * each) for each in wrong] == pytest.approx(ppb * DAY_S / 1e6, abs=10), "to the hundredth"
    exact = Fleet.create(held, 3, start_utc=START, load=Silent(held.head.phases, 3), now=clock, random=bytes)
    assert not exact.holding.laws.clock.drift_ppb.any()


def read_error(fleet: Fleet, meter: int, true_utc: int) -> float:
    """Seconds by which the clock that a client reads is ahead of true time."""
    octets = fleet.device(meter).get(MANAGEMENT, Clock.time.at("0.0.1.0.0.255"))
    shown = Clock.time.codec.decode(octets)[0]
    return shown.to_utc() + shown.hundredths / 100 - true_utc


class Silent:
    """Nominal voltage, no load."""

    def __init__(self, phases: int, meters: int = METERS) -> None:
        self.shape = meters, phases

    def power(self, start_utc: int, minutes: int) -> Minutes:
        nothing = np.zeros((minutes, *self.shape), np.int64)
        return Minutes.of_phases(nothing, nothing, np.full(nothing.shape, 240_000, np.int32), nothing.astype(np.int32))


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
