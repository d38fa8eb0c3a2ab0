"""What the Sensemi meters notice: quality of supply, tampers, who speaks to them; in logs, on the front, from afar."""

import pytest

from openami.cosem.push import Destination
from openami.dlms.xdlms import DataAccessResult
from openami.meters import product
from products.standing import HOUR_S, MINUTE_S, Standing, Talk, each

SUCCESS = DataAccessResult.SUCCESS
STANDARD, FRAUD, QUALITY, COMMUNICATION = (
    "standard_event_log", "fraud_detection_event_log", "power_quality_event_log", "communication_event_log",
)  # fmt: skip
UNDER, OVER, CUT, NORMAL = 75, 78, 81, 84
"""Codes before that of phase 1."""
UNBALANCE, REVERSED, REVERSED_END = 90, 91, 242
MODULE_OPEN, MODULE_CLOSED, BYPASS, BYPASS_END = 232, 233, 234, 235
OVER_CURRENT, OVER_CURRENT_END, UNBALANCE_END, SHORT_OUTAGE = 236, 237, 241, 243
UNAUTHORISED, NEUTRAL = 158, 89
TAMPER_BIT = 1 << 13
BY_CT = ("sm306", "sm307")
ALL = ("sm306", "sm307", "sm120b2", "sed102", "sed302")


def nominal(slug: str) -> float:
    return Standing(slug).bench.at(0).volts[0]


def is_alarmed(meter: Standing) -> bool:
    """Whether both the diode and the sign of the display tell of an alarm."""
    front = meter.front.look(meter.ms)
    [led] = [led for led in front.leds if led.name == "alarm"]
    [sign] = [sign for sign in front.picture.signs if sign.name == "alarm"]
    assert (led.colour == "red") == bool(sign.level)
    return led.colour == "red"


# Quality of supply


@each(sm306="SM306-35 SM306-40", sm307="SM307-34 SM307-39")
def test_a_voltage_that_is_unbalanced_by_more_than_2_percent_for_10_min_is_told(slug: str) -> None:
    volts = nominal(slug)
    meter = Standing(slug, amps=1.0).live(HOUR_S)
    meter.set_load(volts=(volts * 0.95, volts, volts)).live(HOUR_S)
    assert meter.events(QUALITY) == [], "5 % of one phase are 1.7 % of negative sequence"
    meter.set_load(volts=(volts * 0.93, volts, volts)).live(9 * MINUTE_S)
    assert meter.events(QUALITY) == []
    assert meter.live(2 * MINUTE_S).events(QUALITY) == [UNBALANCE]
    meter.set_load(volts=volts).live(HOUR_S)
    assert meter.events(QUALITY) == [UNBALANCE, UNBALANCE_END]
    assert meter.write("threshold_voltage_unbalance", 10) is SUCCESS
    assert meter.write("time_threshold_voltage_unbalance", 60) is SUCCESS
    meter.set_load(volts=(volts * 0.95, volts, volts)).live(2 * MINUTE_S)
    assert meter.events(QUALITY)[2:] == [UNBALANCE]


@each(sm306="SM306-36", sm307="SM307-35", sm120b2="SM120B2-23")
def test_a_reversed_current_is_told_and_is_a_tamper(slug: str) -> None:
    meter = Standing(slug, amps=2.0).live(HOUR_S).hand("reverse_phases", 1).live(5 * MINUTE_S)
    assert meter.events(FRAUD) == [REVERSED]
    assert is_alarmed(meter)
    meter.hand("reverse_phases").live(5 * MINUTE_S)
    assert meter.events(FRAUD) == [REVERSED, REVERSED_END]


@each(sm306="SM306-37 SM306-40", sm307="SM307-36 SM307-39", sm120b2="SM120B2-44 SM120B2-48")
def test_over_and_under_voltage_are_told_after_times_that_a_client_sets(slug: str) -> None:
    volts, meter = nominal(slug), Standing(slug, amps=1.0).live(HOUR_S)
    for share, code in ((0.85, UNDER), (1.15, OVER)):
        before = len(meter.events(QUALITY))
        meter.set_load(volts=volts * share).live(25)
        assert len(meter.events(QUALITY)) == before
        meter.live(MINUTE_S)
        assert meter.events(QUALITY)[before] == code + 1
        meter.set_load(volts=volts).live(2 * MINUTE_S)
        assert meter.events(QUALITY)[-1] == NORMAL + meter.product.head.phases
    for name in ("sag", "swell"):
        assert meter.write(f"time_threshold_voltage_{name}", 600) is SUCCESS
    before = len(meter.events(QUALITY))
    meter.set_load(volts=volts * 1.15).live(9 * MINUTE_S)
    assert len(meter.events(QUALITY)) == before
    meter.live(2 * MINUTE_S)
    assert meter.events(QUALITY)[before] == OVER + 1
    assert meter.write("threshold_voltage_swell", round(volts * 1.5)) is SUCCESS
    assert meter.live(2 * MINUTE_S).events(QUALITY)[-1] == NORMAL + meter.product.head.phases


@each(sm306="SM306-38 SM306-40", sm307="SM307-37 SM307-39", sm120b2="SM120B2-45 SM120B2-48")
def test_short_and_long_outages_are_told_apart_by_a_time_that_a_client_sets(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    for seconds in (100, 300):
        meter.hand("supply", "off").live(seconds).hand("supply", "on").live(MINUTE_S)
    assert [row[1] for row in meter.rows("power_failure_log")] == [300]
    assert meter.events(QUALITY) == [SHORT_OUTAGE]
    assert meter.write("threshold_long_power_failure", 60) is SUCCESS
    meter.hand("supply", "off").live(100).hand("supply", "on").live(MINUTE_S)
    assert [row[1] for row in meter.rows("power_failure_log")] == [300, 100]
    assert meter.events(QUALITY) == [SHORT_OUTAGE]
    assert (meter.read("number_of_power_failures"), meter.read("number_of_long_power_failures")) == (3, 2)


@each(sm306="SM306-39 SM306-40", sm307="SM307-38 SM307-39", sm120b2="SM120B2-47 SM120B2-48")
def test_a_current_beyond_the_greatest_is_told_after_a_time_that_a_client_sets(slug: str) -> None:
    most, waits = (10.0, 60) if slug in BY_CT else (100.0, 30)
    meter = Standing(slug, amps=most).live(HOUR_S)
    assert meter.events(QUALITY) == []
    meter.set_load(amps=most * 1.1).live(waits - 5)
    assert meter.events(QUALITY) == []
    meter.live(10)
    assert meter.events(QUALITY) == [OVER_CURRENT] * meter.product.head.phases
    meter.set_load(amps=most / 2).live(3 * MINUTE_S)
    assert OVER_CURRENT_END in meter.events(QUALITY)
    before = len(meter.events(QUALITY))
    assert meter.write("threshold_over_current", round(most * 400)) is SUCCESS
    assert meter.write("time_threshold_over_current", 5) is SUCCESS
    meter.live(10)
    assert meter.events(QUALITY)[before:] == [OVER_CURRENT] * meter.product.head.phases


@pytest.mark.feature("SM120B2-46", "SM120B2-48")
def test_the_loss_of_the_phase_of_sm120b2_is_told_after_a_time_that_a_client_sets() -> None:
    meter = Standing("sm120b2").live(HOUR_S)
    meter.hand("sag", [1, 1, 3, 20]).live(MINUTE_S)
    assert meter.events(QUALITY) == [CUT + 1, NORMAL + 1]
    assert meter.write("time_threshold_voltage_cut", 10) is SUCCESS
    meter.hand("sag", [1, 1, 3, 20]).live(MINUTE_S)
    assert meter.events(QUALITY) == [CUT + 1, NORMAL + 1]
    meter.hand("sag", [1, 1, 15, 20]).live(MINUTE_S)
    assert meter.events(QUALITY)[2:] == [CUT + 1, NORMAL + 1]


@each(sm306="SM306-40", sm307="SM307-39", sm120b2="SM120B2-48")
def test_logs_hold_a_hundred_entries(slug: str) -> None:
    meter = Standing(slug).live(MINUTE_S)
    for _ in range(120):
        meter.hand("supply", "off").live(5).hand("supply", "on").live(1)
    assert meter.events(QUALITY) == [SHORT_OUTAGE] * 100
    assert meter.read(f"{QUALITY}.profile_entries") == 100


# Tampers

COVERS = {"terminal_cover": (40, 41), "meter_cover": (44, 45), "module_cover": (MODULE_OPEN, MODULE_CLOSED)}


@each(
    sm306="SM306-41 SM306-44 SM306-45", sm307="SM307-40 SM307-43 SM307-44", sm120b2="SM120B2-20 SM120B2-21 SM120B2-26",
    sed102="SED102-44", sed302="SED302-60 SED302-13",
)  # fmt: skip
def test_covers_are_logged_and_light_the_alarm_until_it_is_cleared(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    seen: list[int] = []
    for cover, codes in COVERS.items():
        assert not is_alarmed(meter)
        meter.hand(cover, "open").live(10)
        seen += codes
        assert is_alarmed(meter)
        meter.hand(cover, "closed").live(10)
        assert meter.events(FRAUD) == seen
        assert is_alarmed(meter), "remembered"
        assert meter.write("alarm_descriptor", 0) is SUCCESS
    meter.hand("supply", "off").live(MINUTE_S).hand("meter_cover", "open").live(MINUTE_S)
    meter.hand("supply", "on").live(MINUTE_S)
    assert meter.events(FRAUD) == [*seen, 44], "also without supply"


@pytest.mark.feature("SED302-60")
def test_sed302_has_a_second_module_cover() -> None:
    meter = Standing("sed302").live(HOUR_S).hand("module_cover_2", "open").live(10)
    assert meter.events(FRAUD) == [MODULE_OPEN]
    assert not any(
        row[1] == MODULE_OPEN for row in Standing("sm306").hand("module_cover_2", "open").live(10).rows(FRAUD)
    )


@each(
    sm306="SM306-42 SM306-44", sm307="SM307-41 SM307-43", sm120b2="SM120B2-22 SM120B2-25", sed302="SED302-60", sed102=""
)
def test_a_magnet_is_noticed_and_lights_the_alarm(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S).hand("magnet_mt", 69).live(10)
    assert meter.events(FRAUD) == []
    assert not is_alarmed(meter)
    meter.hand("magnet_mt", 80).live(10).hand("magnet_mt", 0).live(10)
    assert meter.events(FRAUD) == [42, 43]
    assert is_alarmed(meter)


@each(sm306="SM306-43", sm307="SM307-42")
def test_a_phase_without_current_beside_others_is_a_bypass(slug: str) -> None:
    meter = Standing(slug, amps=2.0).live(HOUR_S).set_load(amps=(2.0, 0.0, 2.0)).live(30)
    assert meter.events(FRAUD) == []
    meter.live(MINUTE_S)
    assert meter.events(FRAUD) == [BYPASS]
    assert is_alarmed(meter)
    meter.set_load(amps=2.0).live(3 * MINUTE_S)
    assert meter.events(FRAUD) == [BYPASS, BYPASS_END]
    meter.hand("phase_lost", 2).live(5 * MINUTE_S)
    assert meter.events(FRAUD) == [BYPASS, BYPASS_END], "a phase without voltage has none either"


@pytest.mark.feature("SM306-43")
def test_sm306_holds_the_sum_of_the_phases_against_a_measured_neutral() -> None:
    meter = Standing("sm306", amps=2.0, neutral=0.0).live(HOUR_S)
    assert meter.events(FRAUD) == []
    assert meter.set_load(neutral=0.5).live(3 * MINUTE_S).events(FRAUD) == [BYPASS]


@each(sm306="SM306-45", sm307="SM307-44")
def test_tampers_are_reported_to_the_central_system_and_again_when_they_were_cleared(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    assert meter.write("push_setup_5.send_destination_and_method", Destination(0, b"10.0.0.9:4059", 0)) is SUCCESS
    outbox = meter.fleet.holding.outbox
    for _ in range(2):
        meter.hand("magnet_mt", 200).live(10)
        assert [*outbox] == [(0, "push_setup_5")]
        meter.hand("magnet_mt", 0).live(10)
        for name in ("alarm_descriptor", "alarm_descriptor_3"):
            assert meter.write(name, 0) is SUCCESS
        outbox.clear()
    assert "alarm_descriptor" in [
        meter.product.by_key[c.class_id, c.logical_name].name for c in meter.read("push_setup_5.push_object_list")
    ]


@each(sm306="SM306-50", sm307="SM307-49", sed302="SED302-19")
def test_a_meter_that_loses_its_supply_still_sends_a_last_gasp(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    assert meter.write("push_setup_5.send_destination_and_method", Destination(0, b"10.0.0.9:4059", 0)) is SUCCESS
    meter.hand("supply", "off").live(1)
    assert [*meter.fleet.holding.outbox] == [(0, "push_setup_5")]
    assert not meter.fleet.holding.laws.supply.powered[0]
    assert meter.read("alarm_descriptor_2") & 1


@pytest.mark.feature("SM120B2-24", "SM120B2-26", "SM120B2-25")
def test_unauthorised_communication_is_logged_and_lights_the_alarm() -> None:
    meter = Standing("sm120b2").live(HOUR_S)
    assert not is_alarmed(meter)
    meter.talk(2)
    assert meter.events(COMMUNICATION) == []
    assert Talk(meter, 2, password="wrong").is_refused()
    assert meter.events(COMMUNICATION) == [UNAUTHORISED]
    assert is_alarmed(meter)


@pytest.mark.feature("SM120B2-26")
def test_every_tamper_of_sm120b2_stands_in_a_log() -> None:
    meter = Standing("sm120b2", amps=5.0).live(HOUR_S)
    meter.hand("meter_cover", "open").live(10).hand("terminal_cover", "open").live(10).hand("magnet_mt", 90).live(10)
    meter.hand("reverse_phases", 1).live(3 * MINUTE_S)
    assert meter.events(FRAUD) == [44, 40, 42, REVERSED]


@pytest.mark.feature("SED302-35")
def test_a_missing_neutral_is_told() -> None:
    meter = Standing("sed302", amps=3.0).live(HOUR_S).hand("neutral_lost", True).live(MINUTE_S)
    assert meter.events(STANDARD)[-1] == NEUTRAL
    assert meter.read("alarm_descriptor_2") & 1 << 8


@pytest.mark.parametrize("slug", ALL)
def test_every_watch_has_an_event_of_the_face(slug: str) -> None:
    assert {row.name for row in product.load(slug).monitoring.watch} >= {"under_voltage", "over_voltage", "meter_cover"}
    assert is_alarmed(Standing(slug).live(MINUTE_S)) is False
    meter = Standing(slug).live(MINUTE_S).hand("meter_cover", "open").live(10)
    assert meter.read("alarm_register") & TAMPER_BIT
