"""What the meters notice: node states, logs, alarms that are pushed, quality of supply, fraud, errors, thresholds."""

import pytest

from openami.cosem.push import Destination
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.meters import product
from products.standing import DAY_S, HOUR_S, MINUTE_S, Standing, both

SUCCESS = DataAccessResult.SUCCESS
STANDARD, FRAUD, SWITCH, QUALITY = (
    "standard_event_log", "fraud_detection_event_log", "disconnector_control_log", "power_quality_event_log",
)  # fmt: skip
TERMINAL_COVER, MAGNET, METER_COVER, DIFFERENTIAL = (40, 41), (42, 43), (44, 45), (230, 231)
FRAUD_BIT = 1 << 13
SAG_L1, SWELL_L1, CUT_L1, NORMAL_L1, THD_L1, FREQUENCY, THD_CURRENT = 76, 79, 82, 85, 92, (232, 233), 234
ERRORS = {"program": (12, 8), "ram": (13, 9), "nv": (14, 10), "watchdog": (15, 12), "measurement": (16, 11)}
"""Code in the log, bit of error and alarm register."""


THRESHOLDS = {
    "threshold_differential_current": (2_000, "differential_ma", 1_900, FRAUD, DIFFERENTIAL[0]),
    "threshold_frequency_deviation": (2_000, "frequency_hz", 48.1, QUALITY, FREQUENCY[0]),
    "threshold_voltage_thd": (120, "thd_percent", 11.9, QUALITY, THD_L1),
    "threshold_magnetic_field": (200, "magnet_mt", 199, FRAUD, MAGNET[0]),
}
"""What is set, and what a hand does then that was too much before; log and code."""


# Logs and registers


@both("39", "38")
def test_node_states_are_controlled_all_the_time(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    assert meter.read("error_register") == 0
    meter.hand("memory_error", "ram")
    assert meter.read("error_register") == 1 << 9
    assert meter.read("alarm_register") == 1 << 9


@both("40", "39")
def test_events_stand_in_logs_and_registers(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S).hand("meter_cover", "open").live(60)
    assert meter.events(FRAUD) == [METER_COVER[0]]
    assert meter.read("fraud_detection_event_code") == METER_COVER[0]
    assert (meter.read("alarm_register"), meter.read("alarm_descriptor")) == (FRAUD_BIT, FRAUD_BIT)
    meter.hand("meter_cover", "closed").live(60)
    assert (meter.read("alarm_register"), meter.read("alarm_descriptor")) == (0, FRAUD_BIT), "the descriptor remembers"
    assert meter.write("alarm_descriptor", 0) is SUCCESS
    assert meter.read("alarm_descriptor") == 0
    assert meter.write("alarm_filter", 0) is SUCCESS
    meter.hand("meter_cover", "open").live(60)
    assert meter.read("alarm_descriptor") == 0, "not let through"


@both("41", "40")
def test_an_alarm_is_pushed_and_pushed_again_after_it_was_cleared(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    there = Destination(0, b"127.0.0.1:4060", 0)
    assert meter.write("push_setup_5.send_destination_and_method", there) is SUCCESS
    outbox = meter.fleet.holding.outbox
    pushed = []
    for _ in range(2):
        meter.hand("terminal_cover", "open").live(60).hand("terminal_cover", "closed").live(60)
        pushed.append([*outbox])
        outbox.clear()
    assert pushed == [[(0, "push_setup_5")] * 2, []], "fraud and its end; then both are remembered, so no news"
    meter.write("alarm_descriptor", 0)
    meter.hand("terminal_cover", "open").live(60)
    assert [*outbox] == [(0, "push_setup_5")]


@both("44", "43")
def test_there_is_a_log_for_each_kind_of_100_entries(slug: str) -> None:
    meter = Standing(slug)
    names = [f"0.0.99.98.{e}.255" for e in range(6)] + ["1.0.99.97.0.255"]
    logs = [o for o in meter.product.objects if str(o.logical_name) in names and o.interface.class_id == 7]
    assert [meter.read(f"{o.name}.profile_entries") for o in logs] == [100] * 7
    for _ in range(60):
        meter.hand("terminal_cover", "open").live(20).hand("terminal_cover", "closed").live(20)
    assert len(meter.events(FRAUD)) == 100
    assert meter.events(FRAUD)[-2:] == [*TERMINAL_COVER]
    assert meter.act(f"{FRAUD}.reset") is ActionResult.SUCCESS
    assert meter.events(FRAUD) == [255]


# Quality of supply


@both("68", "66")
def test_the_average_voltage_is_kept_in_a_profile(slug: str) -> None:
    meter = Standing(slug).set_load(volts=230.0).live(5 * MINUTE_S).set_load(volts=250.0).live(5 * MINUTE_S)
    assert meter.read("average_voltage_l1") == 2400
    assert meter.rows("interval_3_values")[-1][2] == 2400


@both("69 74", "67 73")
def test_sags_and_swells_are_logged_with_magnitude_and_duration(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    meter.hand("sag", [1, 10, 45.5, 200]).live(2 * MINUTE_S)
    assert meter.events(QUALITY) == [SAG_L1, NORMAL_L1]
    assert meter.read("number_of_voltage_sags_l1") == 1
    assert meter.read("magnitude_of_last_voltage_sag_l1") == 2000
    assert meter.read("duration_of_last_voltage_sag_l1") == 455
    meter.hand("sag", [1, 10, 60, 270]).live(2 * MINUTE_S)
    assert meter.events(QUALITY)[2:] == [SWELL_L1, NORMAL_L1]
    assert meter.read("magnitude_of_last_voltage_swell_l1") == 2700
    meter.hand("sag", [1, 10, 20, 200]).live(2 * MINUTE_S)
    assert meter.read("number_of_voltage_sags_l1") == 1, "shorter than 30 s"


@both("70 74", "68 73")
def test_outages_are_counted_and_long_ones_have_a_row(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    for seconds in (60, 1_000):
        meter.hand("supply", "off").live(seconds).hand("supply", "on").live(HOUR_S)
    assert (meter.read("number_of_power_failures"), meter.read("number_of_long_power_failures")) == (2, 1)
    [row] = meter.rows("power_failure_log")
    assert row[1] == 1_000
    assert meter.events(STANDARD)[-4:] == [1, 2, 1, 2]


@pytest.mark.feature("AD13A-68")
def test_a_phase_that_is_missing_is_told() -> None:
    meter = Standing("ad13a").live(HOUR_S).hand("phase_lost", 2).live(MINUTE_S).hand("phase_lost").live(MINUTE_S)
    assert [code for code in meter.events(QUALITY) if code in (CUT_L1 + 1, NORMAL_L1 + 1)] == [
        CUT_L1 + 1,
        NORMAL_L1 + 1,
    ]
    assert meter.read("number_of_power_failures_l2") == 1


@both("71 74", "69 73")
def test_the_frequency_is_shown_and_watched(slug: str) -> None:
    meter = Standing(slug).live(MINUTE_S)
    assert meter.read("instantaneous_frequency") == 5000
    meter.hand("frequency_hz", 50.4).live(MINUTE_S)
    assert meter.read("instantaneous_frequency") == 5040
    meter.hand("frequency_hz", 48.9).live(MINUTE_S).hand("frequency_hz").live(MINUTE_S)
    assert [code for code in meter.events(QUALITY) if code in FREQUENCY] == [*FREQUENCY]


@both("72 74", "71 73")
def test_harmonics_of_voltage_and_current_are_shown_and_watched(slug: str) -> None:
    meter = Standing(slug).live(MINUTE_S).hand("thd_percent", 9.5).hand("thd_current_percent", 40)
    assert (meter.read("voltage_thd"), meter.read("current_thd")) == (95, 400)
    meter.live(9 * MINUTE_S)
    assert meter.events(QUALITY) == [], "not for long enough"
    meter.live(2 * MINUTE_S)
    assert {THD_L1, THD_CURRENT} <= set(meter.events(QUALITY))


@pytest.mark.feature("AD13A-70")
def test_the_angles_between_phases_are_shown() -> None:
    meter = Standing("ad13a", amps=10.0, degrees=30.0).live(MINUTE_S)
    assert [meter.read(f"angle_voltage_l{n}") for n in (2, 3)] == [1200, 2400]
    assert [meter.read(f"angle_current_l{n}") for n in (1, 2, 3)] == [300] * 3
    meter.hand("phase_sequence").live(MINUTE_S)
    assert [meter.read(f"angle_voltage_l{n}") for n in (2, 3)] == [2400, 1200]
    assert 88 in meter.events(STANDARD)


@both("73", "72")
def test_thresholds_of_quality_are_a_tenth_for_30_s_and_can_be_set(slug: str) -> None:
    meter = Standing(slug, volts=225.0).live(5 * MINUTE_S)
    shown = [
        meter.read(f"{name}_voltage_{what}") for what in ("sag", "swell") for name in ("threshold", "time_threshold")
    ]
    assert shown == [216, 30, 264, 30]
    assert meter.events(QUALITY) == []
    assert meter.write("threshold_voltage_sag", 228) is SUCCESS
    assert meter.write("time_threshold_voltage_sag", 60) is SUCCESS
    meter.live(59)
    assert meter.events(QUALITY) == []
    assert SAG_L1 in meter.live(2).events(QUALITY)


# Fraud


@both("75", "74")
def test_covers_are_watched_without_supply_too(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S).hand("supply", "off").live(DAY_S)
    meter.hand("meter_cover", "open").live(60).hand("meter_cover", "closed").live(60)
    assert meter.events(FRAUD) == [*METER_COVER]
    meter.hand("supply", "on").live(60)
    assert meter.events(FRAUD) == [*METER_COVER]


@both("76 80", "75 79")
def test_an_opened_meter_cover_is_fraud(slug: str) -> None:
    assert fraud(slug, "meter_cover", "open", "closed") == [*METER_COVER]


@both("77 80", "76 79")
def test_an_opened_terminal_cover_is_fraud(slug: str) -> None:
    assert fraud(slug, "terminal_cover", "open", "closed") == [*TERMINAL_COVER]


@both("78 80", "77 79")
def test_current_that_does_not_come_back_is_fraud(slug: str) -> None:
    assert fraud(slug, "differential_ma", 600, 0) == [*DIFFERENTIAL]
    assert fraud(slug, "differential_ma", 400, 0) == [], "below half an ampere"


@both("79 80", "78 79")
def test_a_strong_magnet_is_fraud(slug: str) -> None:
    assert fraud(slug, "magnet_mt", 70, 0) == [*MAGNET]
    assert fraud(slug, "magnet_mt", 60, 0) == []


def fraud(slug: str, hand: str, begin: object, end: object) -> list[int]:
    """Codes of the fraud log after a hand has done something and undone it."""
    meter = Standing(slug, amps=5.0).live(HOUR_S)
    meter.hand(hand, begin).live(5 * MINUTE_S)  # type: ignore[arg-type]
    codes = meter.events(FRAUD)
    assert bool(codes) == bool(meter.read("alarm_descriptor") & FRAUD_BIT)
    meter.hand(hand, end).live(5 * MINUTE_S)  # type: ignore[arg-type]
    return meter.events(FRAUD)


# Errors of the meter itself


@both("91 93", "89 91")
@pytest.mark.parametrize("what", sorted(ERRORS))
def test_the_built_in_test_finds_an_error_and_logs_it(slug: str, what: str) -> None:
    meter = Standing(slug).live(HOUR_S).hand("memory_error", what)
    code, bit = ERRORS[what]
    assert meter.events(STANDARD)[-1] == code
    assert meter.read("error_register") == 1 << bit
    assert meter.write("error_register", 0) is SUCCESS
    assert (meter.read("error_register"), meter.events(STANDARD)[-1]) == (0, 10)


@both("92", "90")
@pytest.mark.parametrize("what", ["program", "ram", "nv", "measurement"])
def test_a_severe_error_is_alarmed_and_pushed_at_once_and_leaves_the_relay_alone(slug: str, what: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    meter.write("push_setup_5.send_destination_and_method", Destination(0, b"127.0.0.1:4060", 0))
    meter.hand("memory_error", what)
    assert meter.read("alarm_descriptor") == 1 << ERRORS[what][1]
    assert [*meter.fleet.holding.outbox] == [(0, "push_setup_5")]
    assert meter.read("disconnect_control.output_state") is True
    assert product.load(slug).monitoring.relay is not None
    assert not product.load(slug).monitoring.relay.on_error


# Thresholds


@both("88", "87")
@pytest.mark.parametrize("name", sorted(THRESHOLDS))
def test_a_threshold_that_was_set_is_the_one_that_counts(slug: str, name: str) -> None:
    value, hand, given, log, code = THRESHOLDS[name]
    before = Standing(slug, amps=5.0).live(MINUTE_S).hand(hand, given).live(11 * MINUTE_S)
    assert code in before.events(log)
    after = Standing(slug, amps=5.0).live(MINUTE_S)
    assert after.write(name, value) is SUCCESS
    assert after.read(name) == value
    assert code not in after.hand(hand, given).live(11 * MINUTE_S).events(log)


@both("89 90 43", "88 42")
def test_the_consumer_is_cut_off_when_a_threshold_is_crossed(slug: str) -> None:
    meter = Standing(slug, amps=10.0)
    assert meter.write("limiter.threshold_normal", 2_000) is SUCCESS
    meter.live(MINUTE_S - 2)
    assert meter.read("disconnect_control.output_state") is True
    meter.live(4)
    assert meter.read("disconnect_control.output_state") is False
    assert {64, 65} <= set(meter.events(SWITCH))
    before = meter.read("active_energy_import")
    assert meter.live(HOUR_S).read("active_energy_import") == before


@both("43", "42")
def test_over_current_on_a_phase_cuts_off_too(slug: str) -> None:
    phases = product.load(slug).head.phases
    amps = (5.0,) * (phases - 1) + (30.0,)
    meter = Standing(slug, amps=amps)
    assert meter.write(f"supervision_monitor_{phases}.thresholds", [2_000]) is SUCCESS
    meter.live(2 * MINUTE_S)
    assert meter.read("disconnect_control.output_state") is False
    assert 68 + 2 * phases in meter.events(SWITCH)
