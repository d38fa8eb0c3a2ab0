"""What the meters of the Advanced Series measure: energies, demand, values of now; and IM351's two registers."""

import pytest

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.registers import Register
from openami.dlms.xdlms import DataAccessResult
from openami.metering.accuracy.lines import Starts
from openami.meters import product
from openami.meters.accuracy.setup import Trial, ratings
from products.standing import DAY_S, HOUR_S, MINUTE_S, Standing, both, each

SUCCESS = DataAccessResult.SUCCESS
WATT_HOURS = (0, 30)
"""Scaler and unit (Blue Book, 4.3.2.2)."""


@each(ad11a="AD11A-08", ad13a="AD13A-07", im351="IM351-06")
def test_active_energy_is_counted_both_ways(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    watts = round(10 * meter.bench.at(0).volts[0]) * meter.product.head.phases
    assert (meter.read("active_energy_import"), meter.read("active_energy_export")) == (watts, 0)
    meter.set_load(degrees=180.0).live(HOUR_S)
    assert (meter.read("active_energy_import"), meter.read("active_energy_export")) == (watts, watts)
    talk = meter.talk()
    for name in ("1.0.1.8.0.255", "1.0.2.8.0.255"):
        assert talk.get(Register.value.at(OBIS.parse(name))) == watts
        assert talk.get(Register.scaler_unit.at(OBIS.parse(name))) == WATT_HOURS


@pytest.mark.feature("IM351-06")
def test_im351_has_two_registers_and_no_tariff() -> None:
    im351 = product.load("im351")
    assert [o.name for o in im351.objects if "8" in str(o.logical_name).split(".")[3:4]] == [
        "active_energy_import", "active_energy_export",
    ]  # fmt: skip
    assert im351.metering.rates.value == 1
    front = Standing("im351", amps=10.0).live(HOUR_S)
    picture = front.front.look(front.ms).picture
    assert (picture.item.code, picture.item.value, picture.item.unit) == ("1.8.0", "00000006", "kWh")


@both("09", "08")
@pytest.mark.parametrize(("degrees", "quadrant"), [(60.0, 1), (120.0, 2), (240.0, 3), (300.0, 4)])
def test_reactive_energy_is_counted_in_its_quadrant(slug: str, degrees: float, quadrant: int) -> None:
    meter = Standing(slug, amps=10.0, degrees=degrees).live(HOUR_S)
    shown = [meter.read(f"reactive_energy_quadrant_{number}") for number in (1, 2, 3, 4)]
    vars_each = int(2400 * 0.8660254037844386 * 1000) * meter.product.head.phases / 1000
    assert shown[quadrant - 1] == pytest.approx(vars_each, abs=1)
    assert sum(shown) == shown[quadrant - 1]
    way = "import" if quadrant in (1, 2) else "export"
    assert meter.read(f"reactive_energy_{way}") == shown[quadrant - 1]


@both("10", "09")
def test_apparent_energy_is_that_of_voltage_and_current(slug: str) -> None:
    meter = Standing(slug, amps=10.0, degrees=60.0).live(HOUR_S)
    phases = meter.product.head.phases
    assert meter.read("apparent_energy_import") == 2400 * phases
    assert meter.read("active_energy_import") == pytest.approx(1200 * phases, abs=1)
    assert meter.read("apparent_energy_export") == 0


@both("11", "10")
def test_power_and_the_greatest_demand_with_its_time(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    phases = meter.product.head.phases
    assert meter.read("instantaneous_active_power_import") == 2400 * phases
    meter.set_load(amps=20.0).live(HOUR_S / 4)
    at = meter.now
    meter.set_load(amps=5.0).live(HOUR_S)
    assert meter.read("maximum_demand_active_import") == 4800 * phases
    assert meter.read("maximum_demand_active_import.capture_time").to_utc() == at
    assert meter.read("maximum_demand_active_import_rate_1") == 4800 * phases
    assert meter.read("demand_active_import.last_average_value") == 1200 * phases


@both("12", "11")
@pytest.mark.parametrize("period_s", [900, 1800, 3600, DAY_S])
def test_demand_is_averaged_over_the_integration_period(slug: str, period_s: int) -> None:
    meter = Standing(slug, amps=10.0)
    assert meter.write("demand_active_import.period", period_s) is SUCCESS
    meter.live(period_s / 3).set_load(amps=0.0).live(2 * period_s / 3)
    assert meter.read("demand_active_import.last_average_value") == 800 * meter.product.head.phases
    assert meter.read("demand_active_import.capture_time").to_utc() == meter.now


@both("13", "12")
def test_the_greatest_demand_is_kept_by_day_and_by_month_and_the_average_beside_it(slug: str) -> None:
    meter = Standing(slug, amps=20.0).live(HOUR_S).set_load(amps=10.0).live(DAY_S - HOUR_S)
    phases = meter.product.head.phases
    meter.set_load(amps=5.0).live(HOUR_S)
    assert meter.read("maximum_demand_active_import_day") == 1200 * phases, "of today"
    assert meter.read("maximum_demand_active_import") == 4800 * phases, "of the month"
    assert meter.rows("daily_values")[-1][-2] == 4800 * phases, "of yesterday"
    yesterday = (4800 + 23 * 2400) // 24 * phases
    assert meter.read("average_active_import_day.last_average_value") == yesterday
    assert meter.read("average_active_import_day.current_average_value") == 1200 * phases
    meter.until("2026-11-30 23:00").live(MINUTE_S)
    hours = 29 * 24
    month = (4800 + 23 * 2400 + (hours - 24) * 1200) * phases // hours
    assert meter.read("average_active_import_month.last_average_value") == pytest.approx(month, abs=2)
    assert meter.read("maximum_demand_active_import") == 0, "a new month"


@both("14", "13")
def test_voltage_and_current_of_each_phase_as_measured(slug: str) -> None:
    phases = product.load(slug).head.phases
    volts, amps = (231.0, 242.5, 250.1)[:phases], (1.0, 22.22, 80.0)[:phases]
    meter = Standing(slug, volts=volts, amps=amps).live(MINUTE_S)
    for phase in range(1, phases + 1):
        assert meter.read(f"instantaneous_voltage_l{phase}") == round(10 * volts[phase - 1])
        assert meter.read(f"instantaneous_current_l{phase}") == round(100 * amps[phase - 1])


@both("15", "14")
def test_the_current_of_the_neutral(slug: str) -> None:
    phases = product.load(slug).head.phases
    meter = Standing(slug, amps=(10.0, 4.0, 4.0)[:phases]).live(MINUTE_S)
    assert meter.read("instantaneous_current_neutral") == (1000 if phases == 1 else 600)
    assert meter.set_load(neutral=7.5).live(2 * MINUTE_S).read("instantaneous_current_neutral") == 750


@both("16", "15")
def test_the_difference_of_phase_and_neutral_current(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(MINUTE_S)
    assert meter.read("differential_current") == 0
    returning = 1000 if meter.product.head.phases == 1 else 0
    meter.hand("differential_ma", 2_500).live(MINUTE_S)
    assert meter.read("differential_current") == 250
    assert meter.read("instantaneous_current_neutral") == returning + 250


# Ratings


@both("112", "112")
def test_at_its_greatest_current_it_counts_and_above_that_it_says_so(slug: str) -> None:
    meter = Standing(slug, amps=100.0)
    assert meter.write("limiter.threshold_normal", 100_000) is SUCCESS
    meter.live(HOUR_S)
    assert meter.read("active_energy_import") == 24_000 * meter.product.head.phases
    assert 70 not in meter.events("disconnector_control_log")
    assert ratings(meter.product).maximum_a == 100.0
    meter.set_load(amps=101.0).live(5 * MINUTE_S)
    assert 70 in meter.events("disconnector_control_log")


@both("113", "113")
def test_the_class_holds_from_the_least_current_on(slug: str) -> None:
    trial = Trial.of(product.load(slug), 1)
    errors = [line for line in trial.lines() if line.group.startswith("error, cos φ 1")]
    assert min(line.current_a for line in errors) == pytest.approx(0.25)


@both("08 09 114 115", "07 08 114 115")
def test_drawn_meters_start_and_keep_their_class(slug: str) -> None:
    results = Trial.of(product.load(slug), 3).run()
    assert [result.line.words for result in results if not result.has_passed] == []
    started = sorted({result.line.current_a for result in results if isinstance(result.line.rule, Starts)})
    assert started == [0.020, 0.025]


@both("114", "114")
def test_it_starts_at_20_ma_of_active_current(slug: str) -> None:
    meter = Standing(slug, amps=0.020).live(DAY_S)
    assert meter.read("active_energy_import") == int(0.020 * 240 * 24 * meter.product.head.phases)
    assert Standing(slug, amps=0.009).live(DAY_S).read("active_energy_import") == 0


@both("115", "115")
def test_it_starts_at_25_ma_of_reactive_current(slug: str) -> None:
    meter = Standing(slug, amps=0.025, degrees=90.0).live(DAY_S)
    assert meter.read("reactive_energy_quadrant_1") == int(0.025 * 240 * 24 * meter.product.head.phases)
    assert Standing(slug, amps=0.009, degrees=90.0).live(DAY_S).read("reactive_energy_quadrant_1") == 0


@both("117", "117")
@pytest.mark.parametrize("share", [0.7, 1.2])
def test_it_measures_at_both_ends_of_its_voltage_range(slug: str, share: float) -> None:
    meter = Standing(slug, volts=240 * share, amps=10.0).live(HOUR_S)
    assert meter.read("active_energy_import") == round(2400 * share) * meter.product.head.phases
    assert 1 not in meter.events("standard_event_log"), "no power failure"
    assert 82 not in meter.events("power_quality_event_log"), "no phase missing"


def test_only_the_classes_that_have_a_table_are_taken() -> None:
    with pytest.raises(DefinitionError, match="no product"):
        product.load("ad12a")
