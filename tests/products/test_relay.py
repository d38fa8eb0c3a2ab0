"""The relay: by command, by a condition, by its button; supervised, counted, logged, shown."""

import pytest

from openami.core.time import ANY, CosemDate, CosemTime
from openami.cosem.disconnect_control import ControlMode, ControlState
from openami.cosem.scripts import ExecutionTime
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.meters import product
from products.standing import HOUR_S, MINUTE_S, Standing, both

SUCCESS = DataAccessResult.SUCCESS
SWITCH = "disconnector_control_log"
READY, OFF_MANUAL, ON_MANUAL, OFF_REMOTE, ON_REMOTE, OFF_LOCAL, FAILED, ON_LOCAL = 59, 60, 61, 62, 63, 64, 68, 69


def state(meter: Standing) -> tuple[bool, ControlState]:
    return meter.read("disconnect_control.output_state"), meter.read("disconnect_control.control_state")


def call(meter: Standing, method: str) -> None:
    assert meter.act(f"disconnect_control.remote_{method}") is ActionResult.SUCCESS


@both("61", "59")
def test_operations_are_counted_up_to_those_it_is_made_for(slug: str) -> None:
    meter = Standing(slug)
    for _ in range(5):
        call(meter, "disconnect")
        call(meter, "reconnect")
    assert meter.read("relay_operations") == 10
    relay = product.load(slug).monitoring.relay
    assert relay is not None
    assert relay.operations.value == (10_000 if slug == "ad11a" else 100_000)


@both("62 67", "60 65")
def test_a_command_opens_and_closes_it(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    call(meter, "disconnect")
    assert state(meter) == (False, ControlState.DISCONNECTED)
    before = meter.read("active_energy_import")
    assert meter.live(HOUR_S).read("active_energy_import") == before
    call(meter, "reconnect")
    assert state(meter) == (True, ControlState.CONNECTED)
    assert meter.live(HOUR_S).read("active_energy_import") > before
    assert meter.events(SWITCH) == [OFF_REMOTE, ON_REMOTE]


@both("62", "60")
def test_in_mode_5_a_command_makes_it_ready_to_be_closed(slug: str) -> None:
    meter = Standing(slug)
    assert meter.write("disconnect_control.control_mode", ControlMode(5)) is SUCCESS
    call(meter, "disconnect")
    call(meter, "reconnect")
    assert state(meter) == (False, ControlState.READY_FOR_RECONNECTION)
    assert meter.events(SWITCH)[-1] == READY


@both("63 67", "61 65")
@pytest.mark.parametrize(("mode", "closes"), [(2, False), (5, True)])
def test_a_condition_opens_it_and_in_mode_5_closes_it_again(slug: str, mode: int, closes: bool) -> None:
    meter = Standing(slug, amps=10.0)
    assert meter.write("disconnect_control.control_mode", ControlMode(mode)) is SUCCESS
    assert meter.write("limiter.threshold_normal", 2_000) is SUCCESS
    meter.live(1.5 * MINUTE_S)
    assert state(meter) == (False, ControlState.READY_FOR_RECONNECTION)
    assert OFF_LOCAL in meter.events(SWITCH)
    meter.set_load(amps=1.0).live(5 * MINUTE_S)
    assert meter.read("disconnect_control.output_state") is closes
    assert (ON_LOCAL in meter.events(SWITCH)) is closes


@both("64 67", "62 65")
@pytest.mark.parametrize("mode", [2, 5])
def test_its_button_opens_it_and_closes_it_where_it_is_ready(slug: str, mode: int) -> None:
    meter = Standing(slug)
    meter.write("disconnect_control.control_mode", ControlMode(mode))
    meter.press("relay")
    assert state(meter) == (False, ControlState.READY_FOR_RECONNECTION)
    meter.press("relay")
    assert state(meter) == (True, ControlState.CONNECTED)
    assert meter.events(SWITCH) == [OFF_MANUAL, ON_MANUAL]
    call(meter, "disconnect")
    meter.press("relay")
    assert state(meter) == (False, ControlState.DISCONNECTED), "what a command has opened no finger closes"


@both("65", "63")
def test_a_contact_that_does_not_follow_is_found(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S).hand("relay_stuck")
    call(meter, "disconnect")
    assert state(meter) == (True, ControlState.DISCONNECTED)
    assert FAILED in meter.events(SWITCH)
    assert meter.read("alarm_descriptor_2") >> 31 == 1
    before = meter.read("active_energy_import")
    assert meter.live(HOUR_S).read("active_energy_import") > before, "the load is still there"
    meter.hand("relay_stuck", False)
    assert state(meter) == (False, ControlState.DISCONNECTED)


@both("66 42", "64 41")
def test_an_open_relay_is_shown(slug: str) -> None:
    meter = Standing(slug).live(MINUTE_S)
    lit = []
    for method in ("disconnect", "reconnect"):
        call(meter, method)
        meter.front.look(meter.ms)
        lit.append({sign.name: sign.level for sign in meter.front.look(meter.ms).picture.signs}["relay"])
    assert lit == [1, 0]


@pytest.mark.parametrize("slug", ["ad11a", "ad13a"])
def test_it_opens_on_schedule(slug: str) -> None:
    meter = Standing(slug)
    at = ExecutionTime(CosemTime(0, 30, 0, 0), CosemDate(2026, 11, 2, ANY))
    assert meter.write("disconnect_control_scheduler.execution_time", [at]) is SUCCESS
    assert meter.live(HOUR_S / 2 - 1).read("disconnect_control.output_state") is True
    assert meter.live(2).read("disconnect_control.output_state") is False


@pytest.mark.parametrize("slug", ["ad11a", "ad13a"])
def test_its_state_survives_a_kill(slug: str) -> None:
    meter = Standing(slug)
    call(meter, "disconnect")
    meter.live(HOUR_S).restart()
    assert state(meter) == (False, ControlState.DISCONNECTED)
    assert meter.read("relay_operations") == 1
