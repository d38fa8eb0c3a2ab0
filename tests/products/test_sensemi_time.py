"""What the Sensemi meters do by the calendar: clock, tariffs, demand, load profiles, billing."""

import pytest

from openami.core.obis import OBIS
from openami.core.time import ANY, ANY_YEAR, CosemDate, CosemTime
from openami.cosem.calendars import SpecialDay
from openami.cosem.scripts import ExecutionTime
from openami.dlms.xdlms import ActionResult, CaptureObject, DataAccessResult
from openami.metering import closing
from openami.meters import product
from products.standing import DAY_S, HOUR_S, MINUTE_S, START, Standing, each, utc_of
from products.test_tariff import activate, day, program, season, week

SUCCESS, DONE = DataAccessResult.SUCCESS, ActionResult.SUCCESS
CLOCK = CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2, 0)
QUARTER_S = 900
STANDARD = "standard_event_log"
KINDS = (
    "active_import", "active_export", "reactive_import", "reactive_export",
    "reactive_quadrant_1", "reactive_quadrant_2", "reactive_quadrant_3", "reactive_quadrant_4",
)  # fmt: skip
DIVISORS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)


def energy_of(kind: str, rate: int = 0) -> str:
    """Name of a register of energy, of one rate or the total."""
    unit, _, way = kind.partition("_")
    return f"{unit}_energy_{way}" + (f"_rate_{rate}" if rate else "")


def tariff(meter: Standing) -> int:
    """Tariff in force, as a client reads it."""
    return int(meter.read("currently_active_tariff"))


def four_tariffs(meter: Standing) -> None:
    """Six hours of each tariff in a day."""
    assert program(meter, [day(1, *((6 * n, n + 1) for n in range(4)))]) == [SUCCESS] * 3
    activate(meter)


# Clock


@each(
    sm306="SM306-10 SM306-21", sm307="SM307-10 SM307-20", sm120b2="SM120B2-08 SM120B2-09", sed102="SED102-39",
    sed302="SED302-31",
)  # fmt: skip
def test_the_clock_drifts_by_half_a_second_a_day_at_most(slug: str) -> None:
    meter = Standing(slug).hand("clock_drift_ppb", 500_000_000_000 / 86_400_000).live(10 * DAY_S)
    assert 0 < meter.read("clock.time").to_utc() - meter.now <= 5
    shown = [meter.front.look(meter.ms).picture.item for _ in range(2) if meter.live(5)]
    codes = {item.code for item in shown}
    for _ in range(30):
        codes.add(meter.live(5).front.look(meter.ms).picture.item.code)
    assert {"0.9.1", "0.9.2"} <= codes


@each(
    sm306="SM306-20", sm307="SM307-19", sm120b2="SM120B2-10", sed102="SED102-41 SED102-43",
    sed302="SED302-32 SED302-33",
)  # fmt: skip
def test_the_battery_keeps_the_clock_until_it_is_dead(slug: str) -> None:
    meter = Standing(slug).hand("supply", "off").live(8 * DAY_S).hand("supply", "on").live(MINUTE_S)
    assert meter.read("clock.time").to_utc() == meter.now
    meter.hand("battery_mv", 2_900).live(MINUTE_S)
    assert meter.events(STANDARD)[-1] == 8, "low"
    meter.hand("battery_mv", 2_300).live(MINUTE_S)
    assert meter.events(STANDARD)[-1] == 7, "to be replaced"
    meter.hand("supply", "off").live(DAY_S).hand("supply", "on").live(MINUTE_S)
    assert meter.read("clock.time").year == 2000
    meter.hand("battery_mv", 3_600)
    assert meter.write("clock.time", meter.fleet.holding.laws.rule_of(0).stamp(meter.now)) is SUCCESS
    meter.hand("supply", "off").live(DAY_S).hand("supply", "on").live(MINUTE_S)
    assert meter.read("clock.time").to_utc() == meter.now, "replaced"


# Tariffs


@each(
    sm306="SM306-12", sm307="SM307-11", sm120b2="SM120B2-13", sed102="SED102-40", sed302="",
)  # fmt: skip
def test_four_tariffs_count_apart_and_there_is_no_fifth(slug: str) -> None:
    meter = Standing(slug, amps=2.0)
    four_tariffs(meter)
    meter.live(DAY_S)
    shown = [meter.read(f"active_energy_import_rate_{n}") for n in range(1, 5)]
    assert sum(shown) == meter.read("active_energy_import")
    assert max(shown) - min(shown) <= 1
    assert program(meter, [day(1, (0, 5))])[0] is not SUCCESS


@each(
    sm306="SM306-13 SM306-14 SM306-15 SM306-16", sm307="SM307-12 SM307-13 SM307-14 SM307-15",
    sm120b2="SM120B2-14 SM120B2-15 SM120B2-16 SM120B2-17 SM120B2-18", sed102="SED102-40",
)  # fmt: skip
def test_a_plan_is_as_large_as_stated_and_no_larger(slug: str) -> None:
    meter = Standing(slug)

    def sizes(days: int, weeks: int, seasons: int, switches: int) -> list[bool]:
        hours = tuple((n, n % 4 + 1) for n in range(switches))
        made = program(
            meter,
            [day(n, *hours) for n in range(1, days + 1)],
            [week(n, 1) for n in range(1, weeks + 1)],
            [season(n, (n - 1) % 12 + 1, 1 + (n - 1) // 12, min(n, weeks)) for n in range(1, seasons + 1)],
        )
        return [result is SUCCESS for result in made]

    assert sizes(8, 12, 12, 16) == [True] * 3
    assert sizes(9, 12, 12, 16)[0] is False
    assert sizes(8, 13, 12, 16)[1] is False
    assert sizes(8, 12, 13, 16)[2] is False
    assert sizes(8, 12, 12, 17)[0] is False
    days = [SpecialDay(n, CosemDate(2027, 1 + n // 28, 1 + n % 28, ANY), 1) for n in range(101)]
    assert meter.write("special_days_table.entries", days[:100]) is SUCCESS
    assert len(meter.read("special_days_table.entries")) == 100
    assert meter.write("special_days_table.entries", days) is not SUCCESS


@each(sm306="SM306-12", sm307="SM307-11", sm120b2="SM120B2-18 SM120B2-15 SM120B2-16")
def test_seasons_weeks_and_special_days_choose_the_tariff(slug: str) -> None:
    meter = Standing(slug)
    plan = program(
        meter,
        [day(1, (0, 1)), day(2, (0, 2)), day(3, (0, 3))],
        [week(1, 1, 1, 1, 1, 1, 2, 2), week(2, 3)],
        [season(1, 1, week=1), season(2, 12, week=2)],
    )
    assert plan == [SUCCESS] * 3
    activate(meter)
    assert meter.write("special_days_table.entries", [SpecialDay(1, CosemDate(ANY_YEAR, 11, 5, ANY), 3)]) is SUCCESS
    seen = [tariff(meter.live(12 * HOUR_S)), *(tariff(meter.live(DAY_S)) for _ in range(7))]
    assert seen == [1, 1, 1, 3, 1, 2, 2, 1]
    assert tariff(meter.until("2026-12-01 12:00")) == 3


@pytest.mark.feature("SM120B2-19")
def test_the_passive_plan_may_be_written_at_any_time_and_waits_for_its_activation() -> None:
    meter = Standing("sm120b2")
    assert program(meter, [day(1, (0, 4))]) == [SUCCESS] * 3
    assert tariff(meter.live(DAY_S)) != 4
    at = meter.fleet.holding.laws.rule_of(0).stamp(meter.now + HOUR_S)
    assert meter.write("activity_calendar.activate_passive_calendar_time", at) is SUCCESS
    assert tariff(meter.live(HOUR_S - 1)) != 4
    assert tariff(meter.live(1 + MINUTE_S)) == 4
    assert program(meter, [day(1, (0, 2))]) == [SUCCESS] * 3, "and again"
    activate(meter)
    assert tariff(meter) == 2


@each(
    sm306="SM306-17 SM306-18 SM306-19", sm307="SM307-16 SM307-17 SM307-18",
)  # fmt: skip
def test_32_registers_of_energy_and_32_of_demand_follow_the_tariff(slug: str) -> None:
    meter = Standing(slug, amps=5.0)
    four_tariffs(meter)
    energies = [energy_of(kind, rate) for kind in KINDS for rate in range(1, 5)]
    maxima = [f"maximum_demand_{kind}_rate_{rate}" for kind in KINDS for rate in range(1, 5)]
    assert len({meter.product.by_name[name].logical_name for name in energies + maxima}) == 64
    for quadrant in (1, 2, 3, 4):
        for tariff in range(1, 5):
            meter.set_load(amps=float(tariff), degrees=90.0 * quadrant - 45.0)
            meter.live(6 * HOUR_S)
    for kind in KINDS:
        shown = [meter.read(energy_of(kind, rate)) for rate in range(1, 5)]
        assert sum(shown) == meter.read(energy_of(kind))
        assert [value / shown[0] for value in shown] == pytest.approx([1, 2, 3, 4], rel=1e-3)
        greatest = [meter.read(f"maximum_demand_{kind}_rate_{rate}") for rate in range(1, 5)]
        assert [value / greatest[0] for value in greatest] == pytest.approx([1, 2, 3, 4], rel=1e-2)
    assert meter.read("reactive_energy_import") == sum(meter.read(f"reactive_energy_quadrant_{q}") for q in (1, 2))
    assignment = meter.read("register_activation.register_assignment")
    assert len(assignment) == len(meter.read("register_activation_maximum_demand.register_assignment")) == 32


# Demand


@each(sm306="SM306-05", sm307="SM307-05")
def test_the_greatest_demand_of_a_block_is_kept_with_its_time_in_both_directions(slug: str) -> None:
    meter = Standing(slug, amps=2.0, degrees=30.0).live(HOUR_S)
    power = 2.0 * meter.bench.at(0).volts[0] * 3
    meter.set_load(amps=6.0).live(QUARTER_S)
    at = meter.now
    meter.set_load(amps=4.0, degrees=210.0).live(HOUR_S)
    assert meter.read("maximum_demand_active_import") == pytest.approx(3 * power * 0.8660254, abs=1)
    assert meter.read("maximum_demand_reactive_import") == pytest.approx(3 * power * 0.5, abs=1)
    assert meter.read("maximum_demand_active_import.capture_time").to_utc() == at
    assert meter.read("maximum_demand_active_export") == pytest.approx(2 * power * 0.8660254, abs=1)
    assert meter.read("maximum_demand_reactive_export") == pytest.approx(2 * power * 0.5, abs=1)
    meter.set_load(amps=8.0, degrees=0.0).live(QUARTER_S // 3).set_load(amps=0.0).live(2 * QUARTER_S // 3)
    assert meter.read("demand_active_import.last_average_value") == pytest.approx(8 / 3 * power / 2, abs=2)


@each(sm306="SM306-05", sm307="SM307-05")
def test_a_client_may_make_the_demand_a_sliding_one(slug: str) -> None:
    meter = Standing(slug)
    assert meter.write("demand_active_import.period", 300) is SUCCESS
    assert meter.write("demand_active_import.number_of_periods", 3) is SUCCESS
    meter.live(QUARTER_S).set_load(amps=3.0)
    power = 3.0 * meter.bench.at(0).volts[0] * 3
    seen = [meter.live(300).read("demand_active_import.last_average_value") for _ in range(4)]
    assert seen == [pytest.approx(power * share, abs=1) for share in (1 / 3, 2 / 3, 1, 1)]


@each(sm306="SM306-06", sm307="SM307-06")
def test_cumulative_demand_adds_up_what_each_period_had(slug: str) -> None:
    meter, sums = Standing(slug), dict.fromkeys(KINDS[:4], 0)
    for degrees in (45.0, 225.0, 45.0):
        meter.set_load(amps=3.0, degrees=degrees).live(HOUR_S)
        for kind in sums:
            sums[kind] += meter.read(f"maximum_demand_{kind}")
        assert meter.act("billing_values.capture") is DONE
        shown = [meter.read(f"cumulative_demand_{kind}") for kind in sums]
        assert shown == pytest.approx([*sums.values()], abs=3), "each maximum is shown without its fraction"
        assert meter.read("maximum_demand_active_import") == 0
    assert all(sums.values())


@each(sed302="SED302-24 SED302-25 SED302-26 SED302-27 SED302-28", sed102="")
def test_demand_slides_over_three_times_five_minutes(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S).set_load(amps=10.0, degrees=60.0)
    power = 2300.0 * meter.product.head.phases
    seen: list[list[int]] = []
    for _ in range(4):
        meter.live(300)
        seen.append([meter.read(f"demand_{kind}.last_average_value") for kind in ("active", "reactive")])
    shares = (1 / 3, 2 / 3, 1, 1)
    assert [row[0] for row in seen] == [pytest.approx(power / 2 * share, abs=1) for share in shares]
    assert [row[1] for row in seen] == [pytest.approx(power * 0.8660254 * share, abs=1) for share in shares]
    assert (meter.read("demand_active.period"), meter.read("demand_active.number_of_periods")) == (300, 3)
    assert meter.read("maximum_demand_active") == pytest.approx(power / 2, abs=1)
    assert meter.read("maximum_demand_reactive") == pytest.approx(power * 0.8660254, abs=1)


# Load profiles


def filled(meter: Standing, name: str, rows: int) -> None:
    """Capture rows at once."""
    for _ in range(rows):
        closing.capture(meter.fleet.holding.laws, name, 0)


PROFILES = {"interval_values": "interval", "second_values": "second", "average_values": "average",
            "minimum_values": "minimum", "maximum_values": "maximum", "quality_values": "quality"}  # fmt: skip


@each(
    sm306="SM306-27 SM306-29", sm307="SM307-26 SM307-28", sm120b2="SM120B2-27 SM120B2-29 SM120B2-31",
    sed102="SED102-40", sed302="SED302-42 SED302-43",
)  # fmt: skip
def test_profiles_hold_100_days_of_quarters_and_drop_the_oldest(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    names = [name for name in PROFILES if name in meter.product.by_name]
    assert len(names) == {"sm306": 1, "sm307": 1, "sm120b2": 5}.get(slug, 2)
    for name in names:
        rows = meter.rows(name)
        assert [utc_of(row[0]) - START for row in rows] == [QUARTER_S * n for n in range(1, 5)]
        filled(meter, PROFILES[name], 9_599)
        assert meter.read(f"{name}.profile_entries") == meter.read(f"{name}.entries_in_use") == 9_600 == 100 * 96
        assert utc_of(meter.rows(name)[0][0]) - START == 4 * QUARTER_S, "three are gone, the first first"


@each(sm306="SM306-28 SM306-30", sm307="SM307-27 SM307-29", sm120b2="SM120B2-28 SM120B2-30 SM120B2-32")
def test_a_client_chooses_16_channels_and_an_interval_that_divides_an_hour(slug: str) -> None:
    meter = Standing(slug, amps=2.0)
    registers = [o for o in meter.product.objects if o.interface.class_id == 3 and ".8." in str(o.logical_name)][:17]
    listed = [CaptureObject(*o.key, 2, 0) for o in registers]
    assert len(listed) == 17
    for name in (n for n in PROFILES if n in meter.product.by_name):
        assert meter.write(f"{name}.capture_objects", [CLOCK, *listed]) is not SUCCESS, "seventeen"
        assert meter.write(f"{name}.capture_objects", [CLOCK, *listed[:16]]) is SUCCESS
        for minutes in DIVISORS:
            assert meter.write(f"{name}.capture_period", 60 * minutes) is SUCCESS
        assert meter.write(f"{name}.capture_period", 7 * 60) is not SUCCESS
        assert meter.write(f"{name}.capture_period", 120 * 60) is not SUCCESS
        assert meter.write(f"{name}.capture_period", 60) is SUCCESS
    meter.live(HOUR_S)
    rows = meter.rows("interval_values")
    assert len(rows) == 60
    assert len(rows[-1]) == 17
    assert rows[-1][1:] == tuple(meter.read(o.name) for o in registers[:16])


@pytest.mark.feature("SM120B2-31", "SM120B2-32")
def test_five_profiles_of_readings_averages_least_and_greatest_values() -> None:
    meter = Standing("sm120b2", amps=10.0, volts=220.0).live(5 * MINUTE_S)
    meter.set_load(volts=235.0, amps=20.0).live(5 * MINUTE_S).set_load(volts=229.0, amps=30.0).live(5 * MINUTE_S)
    assert meter.rows("interval_values")[-1][2] == meter.read("active_energy_import")
    assert meter.rows("second_values")[-1][2:4] == (2290, 3000)
    assert meter.rows("average_values")[-1][6:8] == (2280, 2000)
    assert meter.rows("minimum_values")[-1][2:5] == (2200, 2200, 1000)
    assert meter.rows("maximum_values")[-1][2:5] == (6870, 2350, 3000)


@pytest.mark.feature("SED302-44")
def test_the_energy_profile_of_sed302_has_the_printed_columns() -> None:
    meter = Standing("sed302", amps=10.0, degrees=60.0).live(2 * QUARTER_S)
    names = [
        meter.product.by_key[c.class_id, c.logical_name].name for c in meter.read("interval_values.capture_objects")
    ]
    assert names == [
        "clock", "clock", "demand_active", "demand_reactive", "active_energy_of_interval",
        "reactive_energy_of_interval", "active_energy_import", "reactive_energy_import",
    ]  # fmt: skip
    first, second = meter.rows("interval_values")
    assert (second[0], second[1]) == (meter.read("clock.time").encode(), meter.read("clock.status"))
    assert second[2] == pytest.approx(3450, abs=1)
    assert second[4:6] == (pytest.approx(862, abs=1), pytest.approx(1494, abs=1))
    assert second[6] - first[6] == pytest.approx(second[4], abs=1)
    assert second[7] == meter.read("reactive_energy_import")


@pytest.mark.feature("SED302-45")
def test_the_quality_profile_of_sed302_has_the_printed_columns() -> None:
    meter = Standing("sed302", amps=(1.0, 2.0, 3.0), degrees=(0.0, 60.0, 0.0), volts=(228.0, 229.0, 230.0), hz=50.1)
    [row] = meter.live(QUARTER_S).rows("quality_values")
    assert row[0] == meter.read("clock.time").encode()
    assert row[1:3] == (228 + 229 + 690, pytest.approx(396, abs=1))
    assert row[3:12] == (2280, 2290, 2300, 100, 200, 300, 1000, 500, 1000)
    assert row[12] == 5010


# Billing

AUTOMATIC = {"sm306": 12, "sm307": 12, "sm120b2": 17, "sed102": 12, "sed302": 12}


@each(
    sm306="SM306-31", sm307="SM307-30", sm120b2="SM120B2-33", sed102="SED102-40", sed302="SED302-37",
)  # fmt: skip
def test_a_period_ends_on_day_1_at_midnight_unless_a_client_says_otherwise(slug: str) -> None:
    meter = Standing(slug, amps=1.0, start_utc=START - 3 * DAY_S).live(4 * DAY_S)
    assert [utc_of(row[0]) for row in meter.rows("billing_values")] == [START - DAY_S]
    fifth = ExecutionTime(CosemTime(6, 30, 0, 0), CosemDate(ANY_YEAR, ANY, 5, ANY))
    assert meter.write("end_of_billing_schedule.execution_time", [fifth]) is SUCCESS
    meter.live(5 * DAY_S)
    assert utc_of(meter.rows("billing_values")[-1][0]) == START + 3 * DAY_S + 6 * HOUR_S + HOUR_S // 2
    assert len(meter.rows("billing_values")) == 2


@each(sm306="SM306-32", sm307="SM307-31", sed102="SED102-10", sed302="SED302-07")
def test_the_sealed_button_ends_the_period_and_resets_the_demand(slug: str) -> None:
    meter = Standing(slug, amps=2.0).live(HOUR_S)
    maximum = "maximum_demand_active_import" if slug.startswith("sm") else "maximum_demand_active"
    assert meter.read(maximum) > 0
    assert not meter.front.press("reset", meter.ms), "a seal is over it"
    meter.front.by_hand.add("seal_broken")
    meter.press("reset")
    assert meter.read(maximum) == 0
    assert len(meter.rows("billing_values")) == 1
    assert meter.events(STANDARD)[-1] == 21


@each(
    sm306="SM306-33 SM306-34", sm307="SM307-32 SM307-33", sm120b2="SM120B2-34 SM120B2-35", sed302="SED302-36", sed102=""
)
def test_the_period_is_ended_from_afar_and_as_many_are_kept_as_stated(slug: str) -> None:
    meter, kept = Standing(slug, amps=2.0), AUTOMATIC[slug]
    for number in range(kept + 2):
        meter.live(MINUTE_S)
        ends = (
            meter.act("end_of_billing_script_table.execute", 1) if number % 2 else meter.act("billing_values.capture")
        )
        assert ends is DONE
    rows = meter.rows("billing_values")
    assert len(rows) == kept
    assert [utc_of(row[0]) - START for row in rows] == [MINUTE_S * n for n in range(3, kept + 3)]


def test_the_monthly_row_of_the_prepayment_meters_begins_as_printed() -> None:
    meter = Standing("sed302", amps=10.0, degrees=60.0, start_utc=START - 2 * DAY_S).live(3 * DAY_S)
    [row] = meter.rows("billing_values")
    assert row[1] == pytest.approx(3450 * 24, abs=1)
    assert row[3] == pytest.approx(3450 * 1.7320508 * 24, abs=2)
    assert (row[2], row[4]) == (0, 0)
    assert (row[5], row[6]) == (row[1], row[3]), "of the period, which is the first"
    assert row[-2:] == (pytest.approx(3450, abs=1), pytest.approx(5975, abs=1))
    meter.live(30 * DAY_S)
    later = meter.rows("billing_values")[-1]
    assert later[5] == later[1] - row[1]


@pytest.mark.feature("SED302-39", "SED302-40")
def test_daily_rows_are_kept_for_62_days_at_a_time_that_a_client_may_set() -> None:
    meter = Standing("sed302", amps=1.0).live(3 * DAY_S)
    assert [utc_of(row[0]) - START for row in meter.rows("daily_values")] == [DAY_S, 2 * DAY_S, 3 * DAY_S]
    assert meter.rows("daily_values")[-1][1] == meter.read("active_energy_import")
    sixth_hour = ExecutionTime(CosemTime(6, 0, 0, 0), CosemDate())
    assert meter.write("end_of_day_schedule.execution_time", [sixth_hour]) is SUCCESS
    meter.live(DAY_S)
    assert utc_of(meter.rows("daily_values")[-1][0]) - START == 3 * DAY_S + 6 * HOUR_S
    filled(meter, "daily", 70)
    assert len(meter.rows("daily_values")) == 62
    assert product.load("sed302").constant("daily_values", "profile_entries") == 62
