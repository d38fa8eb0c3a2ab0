"""What the Sensemi meters measure: energies by direction, values of now, ratios of transformers, ratings, pulses."""

from collections.abc import Iterator
from itertools import product as pairs

import pytest

from openami.core.errors import AccessError
from openami.dlms.xdlms import DataAccessResult
from openami.metering.accuracy.bench import Bench, Result
from openami.metering.accuracy.lines import Starts
from openami.metering.accuracy.tables import Kind, limits
from openami.metering.metrology.point import Point
from openami.meters import product
from openami.meters.accuracy.setup import Trial, section_of
from products.standing import HOUR_S, MINUTE_S, Standing, each

SUCCESS = DataAccessResult.SUCCESS
BY_CT = ("sm306", "sm307")


def watts(meter: Standing, amps: float = 2.0) -> float:
    """Apparent power of all phases at nominal voltage."""
    return meter.bench.at(0).volts[0] * amps * meter.product.head.phases


def both_ways(slug: str) -> tuple[Standing, float]:
    """An hour of import at 60° lag, half an hour of export with reactive power the other way; energy of the hour."""
    meter = Standing(slug, amps=4.0, degrees=60.0).live(HOUR_S)
    meter.set_load(degrees=240.0).live(HOUR_S // 2)
    return meter, watts(meter, 4.0)


# Energy


@each(sm306="SM306-04", sm307="SM307-04", sm120b2="SM120B2-01", sed102="", sed302="SED302-21")
def test_active_energy_is_counted_by_its_direction(slug: str) -> None:
    meter, whole = both_ways(slug)
    assert meter.read("active_energy_import") == pytest.approx(whole / 2, abs=1)
    assert meter.read("active_energy_export") == pytest.approx(whole / 4, abs=1)


@each(sm306="SM306-04", sm307="SM307-04", sm120b2="SM120B2-02", sed302="SED302-22")
def test_reactive_energy_is_counted_by_its_direction(slug: str) -> None:
    meter, whole = both_ways(slug)
    assert meter.read("reactive_energy_import") == pytest.approx(whole * 0.8660254, abs=1)
    assert meter.read("reactive_energy_export") == pytest.approx(whole * 0.8660254 / 2, abs=1)


@each(sm306="SM306-04", sm307="SM307-04", sm120b2="SM120B2-01")
def test_absolute_energy_is_the_sum_of_both_directions(slug: str) -> None:
    meter, _ = both_ways(slug)
    assert meter.read("active_energy_export") > 0
    assert meter.read("active_energy_absolute") == meter.read("active_energy_import") + meter.read(
        "active_energy_export"
    )
    if slug in BY_CT:
        ways = [meter.read(f"reactive_energy_{way}") for way in ("import", "export")]
        assert meter.read("reactive_energy_absolute") == sum(ways)


@pytest.mark.feature("SM120B2-01")
def test_net_energy_is_the_difference() -> None:
    meter, whole = both_ways("sm120b2")
    assert meter.read("active_energy_net") == pytest.approx(whole / 4, abs=2)
    meter.live(2 * HOUR_S)
    assert meter.read("active_energy_net") < 0


@pytest.mark.feature("SM120B2-03")
def test_apparent_energy_is_counted_by_the_direction_of_active_energy() -> None:
    meter, whole = both_ways("sm120b2")
    assert meter.read("apparent_energy_import") == pytest.approx(whole, abs=1)
    assert meter.read("apparent_energy_export") == pytest.approx(whole / 2, abs=1)


@pytest.mark.feature("SED302-23", "SED302-29")
def test_sed302_has_no_apparent_energy_and_no_apparent_demand() -> None:
    names = [str(o.logical_name).split(".") for o in product.load("sed302").objects]
    apparent = {
        (d, e) for a, _, c, d, e, _ in names if a == "1" and c in ("9", "10", "29", "30", "49", "50", "69", "70")
    }
    assert apparent == {("7", "0")}, "apparent power of now, nothing that counts or averages it"


# Values of now


@each(
    sm306="SM306-07 SM306-08 SM306-09",
    sm307="SM307-07 SM307-08 SM307-09",
    sm120b2="SM120B2-04 SM120B2-05 SM120B2-06 SM120B2-07",
    sed102="SED102-27",
    sed302="SED302-30",
)
def test_values_of_now_are_those_of_the_bench(slug: str) -> None:
    meter = Standing(slug, amps=3.0, degrees=30.0, hz=49.8).live(MINUTE_S)
    volts, whole = meter.bench.at(0).volts[0], watts(meter, 3.0)
    assert meter.read("instantaneous_active_power_import") == int(whole * 0.8660254)
    assert meter.read("instantaneous_reactive_power_import") == pytest.approx(whole / 2, abs=1)
    assert meter.read("instantaneous_apparent_power") == pytest.approx(whole, abs=1)
    assert meter.read("instantaneous_power_factor") == 866
    assert meter.read("instantaneous_frequency") == 4980
    assert meter.read("phase_angle_l1") == 300
    for phase in range(1, meter.product.head.phases + 1):
        assert meter.read(f"instantaneous_voltage_l{phase}") == int(volts * 10)
        assert meter.read(f"instantaneous_current_l{phase}") == 300
    meter.hand("supply", "off").live(MINUTE_S)
    assert meter.read("instantaneous_voltage_l1") == meter.read("instantaneous_active_power_import") == 0


@each(sm306="SM306-07 SM306-08", sm307="SM307-07 SM307-08")
def test_each_phase_has_values_of_its_own(slug: str) -> None:
    meter = Standing(slug, amps=(1.0, 2.0, 3.0), degrees=(0.0, 60.0, 300.0)).live(MINUTE_S)
    volts = meter.bench.at(0).volts[0]
    factors, sines, angles = (1.0, 0.5, 0.5), (0.0, 0.8660254, -0.8660254), (0, 600, 3000)
    for phase in (1, 2, 3):
        whole = volts * phase
        ways = [meter.read(f"instantaneous_reactive_power_{way}_l{phase}") for way in ("import", "export")]
        assert meter.read(f"instantaneous_active_power_import_l{phase}") == pytest.approx(
            whole * factors[phase - 1], abs=1
        )
        assert ways[0] - ways[1] == pytest.approx(whole * sines[phase - 1], abs=1)
        assert meter.read(f"instantaneous_power_factor_l{phase}") == round(1000 * factors[phase - 1])
        assert meter.read(f"phase_angle_l{phase}") == pytest.approx(angles[phase - 1], abs=1)


@each(sm306="SM306-11", sm120b2="SM120B2-04", sed302="SED302-35")
def test_the_neutral_current_is_measured_for_itself(slug: str) -> None:
    meter = Standing(slug, amps=3.0, neutral=1.25).live(MINUTE_S)
    assert meter.read("instantaneous_current_neutral") == 125


# Ratios of transformers


@each(sm306="SM306-60", sm307="SM307-59")
def test_ratios_make_primary_values_where_these_are_asked_for(slug: str) -> None:
    meter = Standing(slug, amps=5.0).live(HOUR_S)
    energy, maximum = meter.read("active_energy_import"), meter.read("maximum_demand_active_import")
    volts, power = meter.read("instantaneous_voltage_l1"), meter.read("instantaneous_active_power_import")
    assert meter.read("current_transformer_numerator") == meter.read("current_transformer_denominator") == 1
    assert meter.write("current_transformer_numerator", 200) is SUCCESS
    assert meter.write("current_transformer_denominator", 5) is SUCCESS
    assert meter.read("active_energy_import") == energy, "the secondary side unless it is to be the primary one"
    times = 40
    if slug == "sm307":
        assert meter.write("voltage_transformer_numerator", 20_000) is SUCCESS
        assert meter.write("voltage_transformer_denominator", 100) is SUCCESS
        times = 40 * 200
    assert meter.write("primary_registration", 1) is SUCCESS
    assert meter.read("active_energy_import") == energy * times
    assert meter.read("maximum_demand_active_import") == maximum * times
    assert meter.read("instantaneous_active_power_import") == power * times
    assert meter.read("instantaneous_current_l1") == 500 * 40
    assert meter.read("instantaneous_voltage_l1") == volts * times // 40
    assert meter.read("instantaneous_power_factor") == 1000
    captured = meter.live(HOUR_S).rows("interval_values")[-1][2]
    assert captured == meter.read("active_energy_import") == meter.restart().read("active_energy_import")
    assert meter.write("primary_registration", 0) is SUCCESS
    assert meter.read("active_energy_import") * times == captured
    assert meter.write("current_transformer_denominator", 0) is not SUCCESS


@pytest.mark.feature("SM306-60")
def test_sm306_has_no_ratio_of_voltage() -> None:
    assert "voltage_transformer_numerator" not in product.load("sm306").by_name


# Ratings, at the depth of the waveform


def trial(slug: str, gain_percent: float = 0.0) -> Trial:
    return Trial.of(product.load(slug), 4, gain_percent=gain_percent)


def outside(results: list[Result]) -> list[str]:
    return [f"{result.line.accuracy_class} {result.line.words}" for result in results if not result.has_passed]


@each(
    sm306="SM306-58", sm307="SM307-57", sm120b2="SM120B2-59", sed102="SED102-25 SED102-26", sed302="SED302-69",
)  # fmt: skip
def test_drawn_meters_keep_both_classes_and_spoiled_ones_do_not(slug: str) -> None:
    section = section_of(product.load(slug))
    stated = ("0.5S", "1S") if slug in BY_CT else ("1", "2")
    assert (section.active[0].name, section.reactive[0].name) == stated
    assert outside(trial(slug).run()) == []
    failed = {result.line.accuracy_class for result in trial(slug, 2.5).run() if not result.has_passed}
    assert len(failed) == 2


@each(
    sm306="SM306-55 SM306-56", sm307="SM307-54 SM307-55", sm120b2="SM120B2-57", sed102="SED102-34",
    sed302="SED302-66 SED302-67",
)  # fmt: skip
def test_meters_start_at_the_stated_current_and_stand_still_far_below(slug: str) -> None:
    made = trial(slug)
    lines = [line for line in made.lines() if isinstance(line.rule, Starts)]
    shares = {Kind.ACTIVE: 0.002, Kind.REACTIVE: 0.004} if slug in BY_CT else {Kind.ACTIVE: 0.004, Kind.REACTIVE: 0.005}
    bench = Bench(made.chains(), made.ratings, made.guards())
    reference = made.ratings.reference_a
    for kind in {line.kind for line in lines}:
        angle = 0.0 if kind is Kind.ACTIVE else 90.0
        stated = Point(made.ratings.nominal_v, shares[kind] * reference, angle, connection=made.ratings.connection)
        assert all(abs(bench.errors(kind, stated)).ravel() < 20)
        assert made.ratings.starting_a == pytest.approx(shares[Kind.ACTIVE] * reference)
        still = Point(made.ratings.nominal_v, 0.0002 * reference, angle, connection=made.ratings.connection)
        assert (bench.errors(kind, still) == -100.0).all()


def within(slug: str, points: list[Point], gain_percent: float = 0.0) -> Iterator[bool]:
    """Whether drawn meters keep the plain limit of their active class at each point."""
    made = trial(slug, gain_percent)
    bench = Bench(made.chains(), made.ratings, made.guards())
    limit = next(row.limit for row in limits() if row.accuracy_class == made.classes[0] and row.load == "balanced")
    for point in points:
        yield bool((abs(bench.errors(Kind.ACTIVE, point)) <= max(limit, 0.5)).all())


WORKING = {"sm306": (0.8, 1.2), "sm307": (0.8, 1.2), "sm120b2": (0.6, 1.2), "sed102": (0.6, 1.2), "sed302": (0.6, 1.2)}


@each(
    sm306="SM306-52 SM306-53 SM306-57", sm307="SM307-51 SM307-52 SM307-56", sm120b2="SM120B2-55 SM120B2-58",
    sed102="SED102-31 SED102-35", sed302="SED302-63 SED302-68",
)  # fmt: skip
def test_meters_measure_in_class_at_the_ends_of_voltage_and_frequency(slug: str) -> None:
    plate = trial(slug).ratings
    stated = [millivolts / 1000 for millivolts in section_of(product.load(slug)).nominal_voltage_mv]
    if slug == "sm306":
        assert {min(stated), max(stated)} == {57.7, 240.0}
    if slug == "sm307":
        assert stated == [63.5], "110 V between lines"
    points = [
        Point(volts * share, plate.reference_a, frequency_hz=hertz, connection=plate.connection)
        for volts, share, hertz in pairs(stated, WORKING[slug], (47.5, 52.5))
    ]
    assert all(within(slug, points))
    assert not any(within(slug, points, 2.5))


@each(
    sm306="SM306-52 SM306-53", sm307="SM307-51 SM307-52", sm120b2="SM120B2-55", sed102="SED102-31", sed302="SED302-63",
)  # fmt: skip
def test_registers_and_voltages_are_right_at_the_ends_of_the_range(slug: str) -> None:
    for share in WORKING[slug]:
        nominal = Standing(slug).bench.at(0).volts[0]
        meter = Standing(slug, amps=5.0, volts=nominal * share)
        if slug.startswith("sed"):
            assert meter.write("threshold_over_voltage_disconnect", 300) is SUCCESS
        meter.live(HOUR_S)
        assert meter.read("active_energy_import") == pytest.approx(watts(meter, 5.0), abs=1)
        assert meter.read("instantaneous_voltage_l1") == int(nominal * share * 10 + 1e-6)


@each(sm306="SM306-54", sm307="SM307-53", sm120b2="SM120B2-56", sed102="SED102-33", sed302="SED302-65")
def test_meters_measure_in_class_up_to_the_greatest_current(slug: str) -> None:
    plate = trial(slug).ratings
    assert (plate.reference_a, plate.maximum_a) == ((1.0, 10.0) if slug in BY_CT else (5.0, 100.0))
    points = [
        Point(plate.nominal_v, amps, connection=plate.connection) for amps in (plate.reference_a, plate.maximum_a)
    ]
    assert all(within(slug, points))
    assert not any(within(slug, points, 2.5))


@pytest.mark.feature("SM307-51")
def test_sm307_can_be_wired_with_three_wires() -> None:
    row = product.load("sm307").measurement
    assert row is not None
    assert set(row.wirings.value) == {"3P4W", "3P3W"}


# Pulses


@each(
    sm306="SM306-59", sm307="SM307-58", sm120b2="SM120B2-60", sed102="SED102-29 SED102-45",
    sed302="SED302-11 SED302-12",
)  # fmt: skip
def test_diodes_give_the_stated_pulses_for_each_unit_of_energy(slug: str) -> None:
    meter = Standing(slug, amps=5.0, degrees=60.0).live(HOUR_S)
    constant = 10_000 if slug in BY_CT else 1_000
    leds = {led.name: led for led in meter.front.look(meter.ms).leds}
    kilowatts = watts(meter, 5.0) / 1000
    assert leds["active"].pulses == pytest.approx(kilowatts / 2 * constant, abs=1)
    assert leds["reactive"].pulses == pytest.approx(kilowatts * 0.8660254 * constant, abs=1)
    assert {leds[kind].colour for kind in ("active", "reactive")} == {"red"}
    assert leds["active"].glow == "flashing"


def test_the_products_refuse_a_client_without_rights() -> None:
    with pytest.raises(AccessError):
        Standing("sm306").read("image_transfer.image_block_size", client=16)
