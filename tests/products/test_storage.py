"""Readings kept: intervals, days, months; what they hold, how long, and what a client may trade."""

import pytest

from openami.core.errors import AccessError
from openami.core.time import CosemDateTime
from openami.dlms.xdlms import CaptureObject, DataAccessResult
from openami.meters import product
from products.standing import DAY_S, HOUR_S, Standing, both, utc, utc_of

SUCCESS, REFUSED = DataAccessResult.SUCCESS, DataAccessResult.OTHER_REASON
ROW_HEAD, WIDE = 5, 4


def captured(meter: Standing, *names: str) -> list[CaptureObject]:
    """Capture objects by name."""
    found = []
    for name in names:
        definition, number = meter.object(name)
        found.append(CaptureObject(*definition.key, number, 0))
    return found


@both("17", "16")
def test_a_reading_is_that_of_now(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    before = meter.read("active_energy_import")
    meter.live(90)
    assert meter.read("active_energy_import") - before == 60 * meter.product.head.phases, "to the second"


@both("18", "17")
def test_readings_of_each_day(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(3 * DAY_S)
    day = 24 * 2400 * meter.product.head.phases
    assert [row[2] for row in meter.rows("daily_values")] == [day, 2 * day, 3 * day]
    assert utc_of(meter.rows("daily_values")[0][0]) == utc("2026-11-02 23:00")


@both("19", "18")
def test_readings_of_each_month(slug: str) -> None:
    meter = Standing(slug, amps=10.0).until("2026-12-31 23:00")
    rows = meter.rows("billing_values")
    assert [utc_of(row[0]) for row in rows] == [utc("2026-11-30 23:00"), utc("2026-12-31 23:00")]
    used = [sum(row[2:]) for row in rows]
    assert used == [29 * 24 * 2400 * meter.product.head.phases, 60 * 24 * 2400 * meter.product.head.phases]


@both("20", "19")
def test_an_interval_profile_runs_at_each_interval_stated_and_no_other(slug: str) -> None:
    stated = {1, 5, 10, 15, 20, 30, 60} - ({1} if slug == "ad13a" else set())
    meter = Standing(slug, amps=10.0)
    for minutes in (1, 2, 5, 10, 15, 20, 30, 60):
        result = meter.write("interval_values.capture_period", 60 * minutes)
        assert result is (SUCCESS if minutes in stated else REFUSED)
        if result is SUCCESS:
            since = -(-meter.now // HOUR_S) * HOUR_S
            rows = meter.live(since + HOUR_S - meter.now).rows("interval_values")
            stamps = [utc_of(row[0]) for row in rows if since < utc_of(row[0])]
            assert stamps == [*range(since + 60 * minutes, since + HOUR_S + 1, 60 * minutes)]


@both("21", "20")
def test_every_row_has_the_time_of_the_meters_clock_with_its_deviation(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    [*_, last] = meter.rows("interval_values")
    stamp = CosemDateTime.decode(last[0])
    assert (stamp.hour, stamp.minute, stamp.deviation) == (1, 0, -60)


@both("22", "21")
def test_what_is_stored_survives_a_kill(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(DAY_S + 1_234)
    assert meter.write("display_decimals", 1) is SUCCESS
    meter.live(99)
    names = ("interval_values", "daily_values", "standard_event_log")
    before = [meter.read("active_energy_import"), meter.read("display_decimals"), *(meter.rows(n) for n in names)]
    meter.restart()
    after = [meter.read("active_energy_import"), meter.read("display_decimals"), *(meter.rows(n) for n in names)]
    assert after == before


@both("23", "22")
def test_rows_of_one_profile_are_traded_for_those_of_another(slug: str) -> None:
    meter = Standing(slug, amps=10.0)
    assert meter.write("interval_2_values.profile_entries", 600) is REFUSED, "the memory is full"
    assert meter.write("interval_values.profile_entries", 5_000) is SUCCESS
    assert meter.write("interval_2_values.profile_entries", 600) is SUCCESS
    meter.live(30 * DAY_S)
    assert len(meter.rows("interval_2_values")) == 600
    assert meter.write("interval_2_values.profile_entries", 1_400) is REFUSED


@both("24", "23")
def test_there_are_three_interval_profiles_of_their_own_length_and_content(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    names = [o.name for o in meter.product.objects if o.source("buffer").startswith("profile.interval")]
    assert names == ["interval_values", "interval_2_values", "interval_3_values"]
    assert [len(meter.rows(name)) for name in names] == [4, 1, 6]
    listed = captured(meter, "clock.time", "active_energy_export.value")
    assert meter.write("interval_2_values.capture_objects", listed) is SUCCESS
    assert len(meter.live(HOUR_S).rows("interval_2_values")[-1]) == 2
    assert len(meter.rows("interval_values")[-1]) == 8


@both("25", "24")
def test_there_is_one_billing_profile_closed_on_demand_too(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    assert [o.name for o in meter.product.objects if o.source("buffer") == "profile.billing"] == ["billing_values"]
    assert meter.act("billing_values.capture").name == "SUCCESS"
    assert len(meter.rows("billing_values")) == 1
    assert 21 in meter.events("standard_event_log")


@both("26", "25")
def test_six_values_at_15_minutes_are_kept_for_63_days(slug: str) -> None:
    meter = Standing(slug, amps=1.0).live(64 * DAY_S)
    rows = meter.rows("interval_values")
    assert (len(rows), len(rows[0]) - 2) == (63 * 96, 6)
    assert utc_of(rows[-1][0]) - utc_of(rows[0][0]) == 63 * DAY_S - 900


@both("27", "26")
def test_six_values_at_an_hour_are_kept_for_13_days(slug: str) -> None:
    meter = Standing(slug, amps=1.0).live(14 * DAY_S)
    rows = meter.rows("interval_2_values")
    assert (len(rows), len(rows[0]) - 2) == (13 * 24, 6)
    assert utc_of(rows[-1][0]) - utc_of(rows[0][0]) == 13 * DAY_S - HOUR_S


@both("28", "27")
def test_six_values_of_110_months_are_kept(slug: str) -> None:
    meter = Standing(slug, amps=1.0)
    assert meter.read("billing_values.profile_entries") == 110
    for _ in range(112):
        assert meter.live(60).act("billing_values.capture").name == "SUCCESS"
    rows = meter.rows("billing_values")
    assert (len(rows), len(rows[0]) - 2) == (110, 6)


def test_what_a_profile_cannot_keep_is_refused() -> None:
    meter = Standing("ad11a")
    assert meter.write("interval_values.capture_objects", captured(meter, "device_id_1.value")) is REFUSED
    with pytest.raises(AccessError):
        meter.read("interval_values.buffer", client=16)


@pytest.mark.parametrize("slug", ["ad11a", "ad13a"])
def test_the_memory_is_that_of_the_rows_stated(slug: str) -> None:
    recording = product.load(slug).recording
    assert recording.storage is not None
    stated = 6048 * (ROW_HEAD + 6 * WIDE) + 312 * (ROW_HEAD + 6 * WIDE) + 110 * (ROW_HEAD + 6 * WIDE)
    assert recording.storage.octets.value >= stated
