"""Relays of the Sensemi meters: supply control of the prepayment meters and SM120B2, auxiliary ones of the others."""

from pathlib import Path

import pytest

from openami.core.obis import OBIS
from openami.core.time import ANY, CosemDate, CosemTime
from openami.cosem.disconnect_control import ControlState
from openami.cosem.elements import ScriptReference
from openami.cosem.registers import Data
from openami.cosem.scripts import ExecutionTime
from openami.dlms.xdlms import ActionResult, DataAccessResult, SetRequestNormal
from openami.metering.disconnect import Cause
from products.standing import HOUR_S, MINUTE_S, Standing, each, utc
from products.test_tariff import activate, day, program

SUCCESS, DONE = DataAccessResult.SUCCESS, ActionResult.SUCCESS
SWITCH = "disconnector_control_log"
SETS = bytes.fromhex("00 01 01 00 5E 62 45 FF 02 00 12 00 00")
"""The body of the SET that closes the relay, as the document prints it."""
LATCH = "1.0.94.98.69.255"
READY, CONNECTED, DISCONNECTED = (
    ControlState.READY_FOR_RECONNECTION, ControlState.CONNECTED, ControlState.DISCONNECTED,
)  # fmt: skip
OFF_REMOTE, ON_LOCAL, FUSE, OVER_VOLTAGE, OVER_VOLTAGE_END = 62, 69, 238, 239, 240
SED = ("sed102", "sed302")
TAMPERS = {"meter_cover": (1, "open", "closed"), "terminal_cover": (2, "open", "closed"), "magnet_mt": (4, 90, 0)}


def is_closed(meter: Standing) -> bool:
    """Whether current flows."""
    assert meter.read("disconnect_control.output_state") is (
        meter.read("disconnect_control.control_state") == CONNECTED
    )
    return bool(meter.read("disconnect_control.output_state"))


def reasons(meter: Standing) -> Cause:
    """What holds the relay open."""
    return Cause(meter.read("disconnect_reasons"))


def call(meter: Standing, method: str) -> None:
    assert meter.act(f"disconnect_control.remote_{method}") is DONE


# Control


@each(sed102="SED102-22", sed302="SED302-61", sm120b2="SM120B2-36 SM120B2-43")
def test_a_remote_command_opens_and_makes_ready_and_a_hand_closes(slug: str) -> None:
    meter = Standing(slug, amps=100.0)
    assert meter.write("limiter.threshold_normal", 100_000) is SUCCESS
    meter.live(MINUTE_S)
    assert meter.read("disconnect_control.control_mode") == 5
    call(meter, "disconnect")
    assert not is_closed(meter)
    assert reasons(meter) == Cause.REMOTE
    counted = meter.read("active_energy_import")
    assert counted > 0
    assert meter.live(HOUR_S).read("active_energy_import") == counted
    call(meter, "reconnect")
    assert meter.read("disconnect_control.control_state") == READY
    meter.hand("relay_button")
    assert is_closed(meter)
    assert meter.live(MINUTE_S).read("active_energy_import") > counted
    meter.hand("relay_button")
    assert meter.read("disconnect_control.control_state") == READY, "opened by hand"


@each(sed102="SED102-21", sed302="SED302-61", sm120b2="SM120B2-36 SM120B2-37")
def test_operations_are_counted_against_those_it_is_made_for(slug: str) -> None:
    meter = Standing(slug)
    life = 100_000 if slug == "sm120b2" else 10_000
    assert meter.read("relay_operations_left") == life
    for _ in range(3):
        call(meter, "disconnect")
        call(meter, "reconnect")
        meter.hand("relay_button")
    assert meter.read("relay_operations") == 6
    assert meter.read("relay_operations_left") == life - 6
    assert meter.restart().read("relay_operations_left") == life - 6


@pytest.mark.feature("SED302-61")
def test_all_three_poles_open_together() -> None:
    meter = Standing("sed302", amps=20.0).live(MINUTE_S)
    call(meter, "disconnect")
    meter.live(MINUTE_S)
    assert [meter.read(f"instantaneous_current_l{phase}") for phase in (1, 2, 3)] == [0, 0, 0]
    assert meter.read("instantaneous_voltage_l1") == 2300


@each(sm120b2="SM120B2-42", sed102="SED102-22")
def test_scheduled_commands_open_it_and_make_it_ready(slug: str) -> None:
    meter = Standing(slug)
    for hour, script, state in ((2, 1, DISCONNECTED), (4, 2, READY)):
        reference = ScriptReference(OBIS.parse("0.0.10.0.106.255"), script)
        at = ExecutionTime(CosemTime(hour, 0, 0, 0), CosemDate(2026, 11, 2, ANY))
        assert meter.write("disconnect_control_scheduler.executed_script", reference) is SUCCESS
        assert meter.write("disconnect_control_scheduler.execution_time", [at]) is SUCCESS
        before = meter.read("disconnect_control.control_state")
        meter.until(f"2026-11-02 0{hour - 2}:59")
        assert meter.read("disconnect_control.control_state") == before
        assert meter.live(2 * MINUTE_S).read("disconnect_control.control_state") == state


@pytest.mark.feature("SM120B2-39")
def test_the_relay_of_sm120b2_follows_the_tariff_table() -> None:
    meter = Standing("sm120b2", amps=10.0)
    assert program(meter, [day(1, (0, 1), (6, 2), (18, 3))]) == [SUCCESS] * 3
    activate(meter)
    assert meter.write("disconnected_tariffs", 0b010) is SUCCESS
    seen = [is_closed(meter.live(HOUR_S)) for _ in range(24)]
    assert seen == [not 6 <= hour < 18 for hour in range(1, 25)]
    assert meter.read("active_energy_import_rate_2") == 0
    assert meter.read("active_energy_import") == 12 * 2300
    meter.until("2026-11-03 08:30")
    assert reasons(meter) == Cause.TARIFF
    call(meter, "reconnect")
    assert not is_closed(meter)
    assert meter.write("disconnected_tariffs", 0) is SUCCESS
    assert is_closed(meter), "at once"
    assert meter.write("disconnected_tariffs", 0b010) is SUCCESS
    assert not is_closed(meter.restart())


@pytest.mark.feature("SM120B2-40")
def test_the_fuse_supervision_of_sm120b2_opens_it() -> None:
    meter = Standing("sm120b2", amps=90.0)
    assert meter.write("limiter.threshold_normal", 50_000) is SUCCESS
    assert is_closed(meter.live(HOUR_S))
    meter.set_load(amps=110.0).live(50)
    assert is_closed(meter)
    assert not is_closed(meter.live(15))
    assert reasons(meter) & Cause.FUSE
    assert FUSE in meter.events(SWITCH)
    assert meter.write("supervision_monitor_1.thresholds", [130_000]) is SUCCESS
    assert is_closed(meter.live(3 * MINUTE_S))


@each(sm120b2="SM120B2-41")
def test_the_limiter_of_sm120b2_opens_it(slug: str) -> None:
    meter = Standing(slug, amps=20.0)
    assert meter.write("limiter.threshold_normal", 3_000) is SUCCESS
    assert meter.write("limiter.min_over_threshold_duration", 30) is SUCCESS
    meter.live(20)
    assert is_closed(meter)
    assert not is_closed(meter.live(20))
    assert reasons(meter) == Cause.LIMITER


# Limiter and over-voltage of the prepayment meters


@each(sed302="SED302-46 SED302-47 SED302-48", sed102="")
def test_more_than_22_kw_of_import_for_a_minute_open_it_and_less_for_a_minute_close_it(slug: str) -> None:
    meter = Standing(slug)
    phases = meter.product.head.phases
    assert meter.read("limiter.threshold_normal") == 22_000
    assert meter.read("limiter.min_over_threshold_duration") == meter.read("limiter.min_under_threshold_duration") == 60
    meter.set_load(amps=21_900 / 230 / phases).live(HOUR_S)
    assert is_closed(meter)
    meter.set_load(amps=22_500 / 230 / phases, degrees=180.0).live(HOUR_S)
    assert is_closed(meter), "export is not limited"
    meter.set_load(degrees=0.0).live(55)
    assert is_closed(meter)
    assert not is_closed(meter.live(10))
    assert reasons(meter) == Cause.LIMITER
    assert is_closed(meter.live(65)), "nothing flows any more"
    assert meter.write("limiter.threshold_normal", 30_000) is SUCCESS
    assert is_closed(meter.live(HOUR_S))
    assert meter.events(SWITCH)[-1] in (66, 67)


@each(sed302="SED302-49 SED302-50 SED302-51", sed102="")
def test_over_voltage_opens_at_250_v_and_lets_go_at_240_v(slug: str) -> None:
    meter = Standing(slug, amps=5.0, volts=249.9).live(HOUR_S)
    assert is_closed(meter)
    meter.set_load(volts=250.5).live(9)
    assert is_closed(meter)
    assert not is_closed(meter.live(2))
    assert reasons(meter) == Cause.OVER_VOLTAGE
    meter.live(49).set_load(volts=245.0).live(HOUR_S)
    assert not is_closed(meter), "between the thresholds"
    meter.set_load(volts=239.0).live(55)
    assert not is_closed(meter)
    assert is_closed(meter.live(10))
    assert [code for code in meter.events(SWITCH) if code in (OVER_VOLTAGE, OVER_VOLTAGE_END)] == [
        OVER_VOLTAGE, OVER_VOLTAGE_END,
    ]  # fmt: skip
    assert meter.write("threshold_over_voltage_disconnect", 270) is SUCCESS
    assert meter.write("threshold_over_voltage_reconnect", 262) is SUCCESS
    assert meter.write("threshold_over_voltage_reconnect", 280) is not SUCCESS
    assert meter.write("time_over_voltage_disconnect", 5) is SUCCESS
    meter.live(55).set_load(volts=265.0).live(HOUR_S)
    assert is_closed(meter)
    meter.set_load(volts=271.0).live(6)
    assert not is_closed(meter)
    meter.live(54).set_load(volts=261.0).live(2 * MINUTE_S)
    assert is_closed(meter)


@pytest.mark.feature("SED302-52", "SED302-54", "SED302-55")
def test_neither_over_current_nor_an_outage_nor_factory_settings_open_it() -> None:
    meter = Standing("sed302")
    assert meter.write("limiter.threshold_normal", 200_000) is SUCCESS
    meter.set_load(amps=115.0).live(HOUR_S)
    assert meter.read("active_energy_import") > 3 * 230 * 115 * 0.98, "it flows, and is more than Imax"
    assert is_closed(meter)
    meter.hand("supply", "off").live(HOUR_S).hand("supply", "on").live(MINUTE_S)
    assert meter.read("number_of_power_failures") == 1
    assert is_closed(meter)
    meter.hand("factory_mode", True).live(MINUTE_S)
    assert meter.fleet.holding.images.state.in_factory[0]
    assert is_closed(meter.hand("factory_mode", False).live(MINUTE_S))
    assert meter.read("relay_operations") == 0
    assert reasons(meter) == 0


OVER_CURRENT = """extends = "sed302"

[[watch]]
name = "over_current"
signal = "current"
above = 110000
begins = "over_current_l<phase>"
opens = "fuse"
"""
"""A product that is made to open for over-current; SED302 is stated not to."""


@pytest.mark.feature("SED302-52")
def test_a_product_that_opens_for_over_current_is_told_by_the_same_current(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(OVER_CURRENT, encoding="utf-8")
    opened = {}
    for slug in ("sed302", str(tmp_path / "other.toml")):
        meter = Standing(slug)
        assert meter.write("limiter.threshold_normal", 200_000) is SUCCESS
        opened[slug] = meter.set_load(amps=115.0).live(HOUR_S).read("relay_operations") > 0
    assert [*opened.values()] == [False, True]


@pytest.mark.feature("SED302-55")
def test_an_outage_leaves_a_relay_as_it_was() -> None:
    meter = Standing("sed302", amps=5.0).live(MINUTE_S)
    call(meter, "disconnect")
    was = meter.read("relay_operations")
    meter.hand("supply", "off").live(HOUR_S).hand("supply", "on").live(MINUTE_S)
    assert not is_closed(meter), "open stays open"
    assert meter.read("relay_operations") == was, "and nothing worked it"


# Tampers


@each(sed302="SED302-56 SED302-58 SED302-59", sed102="")
@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_tamper_latches_it_open_until_the_write_of_the_document(slug: str, tamper: str) -> None:
    bit, begin, end = TAMPERS[tamper]
    meter = Standing(slug, amps=5.0).live(HOUR_S)
    assert meter.read("tamper_relay") == 0
    meter.hand(tamper, begin).live(5)
    assert not is_closed(meter)
    assert (meter.read("tamper_relay"), reasons(meter)) == (bit, Cause.TAMPER)
    meter.hand(tamper, end).live(HOUR_S)
    assert meter.read("tamper_relay") == bit, "latched"
    call(meter, "reconnect")
    assert not is_closed(meter.hand("relay_button")), "nobody but the write closes it"
    assert meter.write("tamper_relay", 3) is not SUCCESS
    assert meter.write("tamper_relay", 0) is SUCCESS
    assert is_closed(meter)
    assert (meter.read("tamper_relay"), reasons(meter)) == (0, 0)


@pytest.mark.feature("SED302-58")
def test_the_printed_octets_close_it_in_a_session() -> None:
    meter = Standing("sed302").live(HOUR_S).hand("terminal_cover", "open").live(5)
    assert not is_closed(meter)
    association = meter.talk()
    request = SetRequestNormal(0xC1, Data.value.at(LATCH), None, SETS[-3:])
    assert request.encode() == bytes.fromhex("C1 01 C1") + SETS
    assert association.set(Data.value, LATCH, SETS[-3:]) is SUCCESS
    assert is_closed(meter), "accepted with the cover open"
    meter.live(HOUR_S)
    assert is_closed(meter)
    meter.hand("terminal_cover", "closed").live(5).hand("terminal_cover", "open").live(5)
    assert not is_closed(meter), "a new edge"
    assert meter.read("tamper_relay") == 2


@pytest.mark.feature("SED302-58")
def test_the_write_does_not_close_what_something_else_holds_open() -> None:
    meter = Standing("sed302", amps=5.0).live(HOUR_S).hand("magnet_mt", 100).live(5)
    meter.set_load(volts=260.0).live(2 * MINUTE_S)
    assert reasons(meter) == Cause.TAMPER | Cause.OVER_VOLTAGE
    assert meter.write("tamper_relay", 0) is SUCCESS
    assert not is_closed(meter)
    assert reasons(meter) == Cause.OVER_VOLTAGE
    assert is_closed(meter.set_load(volts=230.0).live(3 * MINUTE_S))


@each(sed302="SED302-57", sed102="")
def test_each_tamper_can_be_let_pass(slug: str) -> None:
    for tamper, (bit, begin, end) in TAMPERS.items():
        meter = Standing(slug).live(MINUTE_S)
        assert meter.read("tamper_disconnect_enabled") == 7
        assert meter.write("tamper_disconnect_enabled", 7 & ~bit) is SUCCESS
        meter.hand(tamper, begin).live(5).hand(tamper, end).live(5)
        assert is_closed(meter)
        others = [other for other in TAMPERS if other != tamper]
        meter.hand(others[0], TAMPERS[others[0]][1]).live(5)
        assert not is_closed(meter)


@pytest.mark.feature("SED302-56", "SED302-59")
def test_a_tamper_without_supply_is_latched_as_well_and_outlives_a_restart() -> None:
    meter = (
        Standing("sed302").live(HOUR_S).hand("supply", "off").live(HOUR_S).hand("meter_cover", "open").live(MINUTE_S)
    )
    meter.hand("supply", "on").live(MINUTE_S)
    assert not is_closed(meter)
    assert meter.restart().read("tamper_relay") == 1
    assert not is_closed(meter)


@pytest.mark.feature("SED302-70")
def test_each_reason_has_a_bit_and_stands_in_the_log() -> None:
    meter = Standing("sed302", amps=5.0).live(HOUR_S)
    call(meter, "disconnect")
    meter.hand("magnet_mt", 100).live(5).set_load(volts=260.0).live(2 * MINUTE_S)
    assert reasons(meter) == Cause.REMOTE | Cause.TAMPER | Cause.OVER_VOLTAGE
    assert [int(Cause[name]) for name in ("REMOTE", "LIMITER", "OVER_VOLTAGE", "NO_CREDIT", "TAMPER")] == [
        1,
        2,
        4,
        8,
        16,
    ]
    rows = meter.rows(SWITCH)
    assert (rows[0][1], rows[0][2]) == (OFF_REMOTE, Cause.REMOTE)
    meter.set_load(volts=230.0).live(3 * MINUTE_S)
    assert meter.write("tamper_relay", 0) is SUCCESS
    assert reasons(meter) == Cause.REMOTE
    assert not is_closed(meter)
    call(meter, "reconnect")
    assert is_closed(meter.hand("relay_button"))
    assert reasons(meter) == 0


# Auxiliary relay


@each(sm306="SM306-51", sm307="SM307-50")
def test_the_auxiliary_relay_switches_a_load_of_its_own_and_never_the_supply(slug: str) -> None:
    meter = Standing(slug, amps=2.0).live(HOUR_S)
    assert "disconnect_control" not in meter.product.by_name
    assert meter.act("auxiliary_disconnect_control.remote_disconnect") is DONE
    assert meter.read("auxiliary_disconnect_control.output_state") is False
    before = meter.read("active_energy_import")
    assert meter.live(HOUR_S).read("active_energy_import") == pytest.approx(2 * before, abs=1)
    assert meter.act("auxiliary_disconnect_control.remote_reconnect") is DONE
    assert meter.read("auxiliary_disconnect_control.output_state") is True
    assert utc("2026-11-02 01:00") == meter.now
