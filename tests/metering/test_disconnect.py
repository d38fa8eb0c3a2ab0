"""The relay: its state machine in all modes, what holds it open, the contact, and what it does to the load."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.watched import START, Volts, fleet, run, same
from openami.core.errors import LocalProtocolError
from openami.cosem import disconnect_control as cosem
from openami.metering import commands
from openami.metering.disconnect import NEXT, Ask, Cause, Latch, Switch, asked, hold, let_go
from openami.metering.monitors import Watch
from openami.metering.registers import Energy
from openami.metering.state import State
from openami.meters.faces import FACES

IDIS = FACES["idis"]
OVER_VOLTAGE = Watch(
    "over_voltage_disconnect", "voltage", "over_voltage_l{phase}", "voltage_normal_l{phase}", 250_000, 240_000,
    after_ds=100, back_ds=600, cause=Cause.OVER_VOLTAGE,
)  # fmt: skip
LIMITER = Watch(
    "limiter", "power", "limiter_exceeded", "limiter_normal", 22_000_000, after_ds=600, back_ds=600, cause=Cause.LIMITER
)
FUSE = Watch("fuse", "current", "monitor_{phase}", "monitor_{phase}_end", 60_000, after_ds=100, cause=Cause.FUSE)
COVER = Watch(
    "meter_cover", "meter_cover", "meter_cover_open", "meter_cover_closed", cause=Cause.TAMPER, latch=Latch.METER_COVER,
    awake=True,
)  # fmt: skip
MAGNET = dataclasses.replace(COVER, name="magnet", signal="magnet_mt", limit=69, latch=Latch.MAGNET)
GOOD = (230, 230, 230)
ONE = np.array([0])


def switch(state: State) -> tuple[int, bool, int]:
    relay = state.relay
    assert relay is not None
    return int(relay.state[0]), bool(relay.closed[0]), int(relay.causes[0])


def codes(state: State) -> list[int]:
    return state.logs["disconnector"].entries(0, 1).values["code"].tolist()


@pytest.mark.parametrize("mode", range(7))
def test_the_state_machine_is_that_of_the_book(mode: int) -> None:
    events = dict(zip(Ask, (
        cosem.Event.REMOTE_DISCONNECT, cosem.Event.REMOTE_RECONNECT, cosem.Event.MANUAL_DISCONNECT,
        cosem.Event.MANUAL_RECONNECT, cosem.Event.LOCAL_DISCONNECT, cosem.Event.LOCAL_RECONNECT,
    ), strict=True))  # fmt: skip
    for state, ask in itertools.product(Switch, Ask):
        book = cosem.state_after(cosem.ControlMode(mode), cosem.ControlState(state), events[ask])
        assert NEXT[mode, state, ask] == book


def test_remote_disconnection_stops_the_energy_and_leaves_the_voltage() -> None:
    state = run(fleet(mode=2, face=IDIS), 1800, Volts())
    asked(state, 0, Ask.REMOTE_OFF)
    run(state, 1800, Volts())
    assert state.registers.mj(Energy.ACTIVE_IMPORT).tolist() == [1800 * 1_000_000]
    assert state.live.voltage_mv[0].tolist() == [230_000] * 3
    assert state.live.current_ma[0].tolist() == [0] * 3
    assert switch(state) == (Switch.DISCONNECTED, False, Cause.REMOTE)
    asked(state, 0, Ask.REMOTE_ON)
    run(state, 900, Volts())
    assert state.registers.mj(Energy.ACTIVE_IMPORT).tolist() == [2700 * 1_000_000]
    assert (switch(state), codes(state)) == ((Switch.CONNECTED, True, 0), [62, 63])
    assert state.relay is not None
    assert state.relay.operations.tolist() == [2]


def test_in_mode_5_a_remote_reconnection_makes_ready_and_a_button_closes() -> None:
    state = fleet(mode=5, face=IDIS)
    for ask in (Ask.REMOTE_OFF, Ask.REMOTE_ON, Ask.MANUAL_ON, Ask.MANUAL_OFF):
        asked(state, 0, ask)
    assert codes(state) == [62, 59, 61, 60]
    assert switch(state) == (Switch.READY, False, Cause.MANUAL)


def test_over_voltage_opens_after_ten_seconds_and_closes_after_a_minute() -> None:
    load = Volts([GOOD, (251, 230, 230), (245, 230, 230), (239, 230, 230)])
    state = run(fleet((OVER_VOLTAGE,), mode=5, face=IDIS), 600, load)
    stamps = (state.logs["disconnector"].entries(0, 1).stamp - START).tolist()
    assert (stamps, codes(state)) == ([70, 240], [64, 69])
    assert state.registers.mj(Energy.ACTIVE_IMPORT).tolist() == [(70 + 600 - 240) * 1_000_000]


def test_an_opening_within_a_slice_is_exact_to_the_second_whatever_the_slices() -> None:
    load = Volts([GOOD, (251, 230, 230), (239, 230, 230)], meters=2, watts=[5000, 23_000, 4000, 30_000, 1000])
    states = []
    for cuts in ([], [START + cut for cut in (1, 69, 70, 71, 130, 400)]):
        state = fleet((OVER_VOLTAGE, LIMITER), mode=5, face=IDIS, meters=2)
        state.more["monitors"].set_limit("limiter", np.array([1]), 40_000_000)
        states.append(run(state, 1800, load, cuts=cuts))
    same(*states)
    assert states[0].relay is not None
    assert states[0].relay.operations.tolist() == [4, 2]


def test_the_limiter_opens_after_a_minute_over_it_and_closes_after_a_minute_under() -> None:
    state = run(fleet((LIMITER,), mode=5, face=IDIS), 600, Volts(watts=[20_000, 23_000, 23_000, 23_000, 1000]))
    stamps = (state.logs["disconnector"].entries(0, 1).stamp - START).tolist()
    assert list(zip(stamps, codes(state), strict=True)) == [
        (120, 65), (120, 64), (180, 66), (180, 69), (240, 65), (240, 64), (300, 66), (300, 69),
    ]  # fmt: skip


def test_the_fuse_is_watched_phase_by_phase() -> None:
    state = run(fleet((FUSE,), mode=4, face=IDIS), 300, Volts(amps=(10.0, 61.0, 10.0)))
    assert codes(state) == [72, 64, 73]
    assert switch(state) == (Switch.READY, False, 0)  # mode 4 does not close by itself


def test_what_is_watched_at_three_phases_begins_with_the_first_and_ends_with_the_last() -> None:
    watch = dataclasses.replace(OVER_VOLTAGE, begins="limiter_exceeded", ends="limiter_normal")
    load = Volts([GOOD, (251, 230, 230), (251, 252, 230), (230, 252, 230), (230, 251, 251), GOOD])
    state = run(fleet((watch,), mode=5, face=IDIS), 900, load)
    stamps = (state.logs["disconnector"].entries(0, 1).stamp - START).tolist()
    assert list(zip(stamps, codes(state), strict=True)) == [(70, 65), (70, 64), (360, 66), (360, 69)]


def test_tamper_latches_until_it_is_written_off_even_with_the_cover_open() -> None:
    state = run(fleet((COVER, MAGNET), mode=5, face=IDIS, enabled=Latch.METER_COVER), 60, Volts())
    relay = state.relay
    assert relay is not None
    state.more["tamper"].set("magnet_mt", ONE, 500)
    run(state, 60, Volts())
    assert (relay.latch[0], relay.closed[0]) == (0, True)  # not enabled
    state.more["tamper"].set("meter_cover", ONE, 1)
    run(state, 60, Volts())
    assert (relay.latch[0], *switch(state)) == (Latch.METER_COVER, Switch.READY, False, Cause.TAMPER)
    asked(state, 0, Ask.MANUAL_ON)
    assert not relay.closed[0]
    relay.clear_latch(state, ONE)
    assert (relay.latch[0], *switch(state)) == (0, Switch.CONNECTED, True, 0)
    run(state, 60, Volts())
    assert relay.latch[0] == 0
    for value in (0, 1):
        state.more["tamper"].set("meter_cover", ONE, value)
        run(state, 60, Volts())
    assert relay.latch[0] == Latch.METER_COVER


def test_every_cause_must_be_gone_before_the_relay_closes() -> None:
    state = fleet(mode=5, face=IDIS)
    for cause in (Cause.NO_CREDIT, Cause.LIMITER, Cause.OVER_VOLTAGE):
        hold(state, 0, cause)
    assert codes(state) == [64]
    let_go(state, 0, Cause.LIMITER)
    let_go(state, 0, Cause.LIMITER)
    let_go(state, 0, Cause.OVER_VOLTAGE)
    assert switch(state) == (Switch.READY, False, Cause.NO_CREDIT)
    asked(state, 0, Ask.MANUAL_ON)
    assert switch(state)[1] is False
    let_go(state, 0, Cause.NO_CREDIT)
    assert (switch(state), codes(state)) == ((Switch.CONNECTED, True, 0), [64, 69])


def test_what_is_held_open_is_made_ready_by_a_remote_reconnection() -> None:
    state = fleet(mode=2, face=IDIS)
    asked(state, 0, Ask.REMOTE_OFF)
    hold(state, 0, Cause.NO_CREDIT)
    asked(state, 0, Ask.REMOTE_ON)
    assert switch(state) == (Switch.READY, False, Cause.NO_CREDIT)


def test_a_relay_that_is_opened_by_hand_is_not_closed_by_the_limiter() -> None:
    state = fleet(mode=5, face=IDIS)
    asked(state, 0, Ask.MANUAL_OFF)
    hold(state, 0, Cause.LIMITER)
    let_go(state, 0, Cause.LIMITER)
    assert switch(state) == (Switch.READY, False, Cause.MANUAL)


def test_a_stuck_contact_is_reported_and_goes_on_feeding_the_load() -> None:
    state = fleet(mode=2, face=IDIS)
    relay = state.relay
    assert relay is not None
    relay.set_stuck(state, ONE, stuck=True)
    asked(state, 0, Ask.REMOTE_OFF)
    run(state, 900, Volts())
    assert (switch(state), codes(state)) == ((Switch.DISCONNECTED, True, Cause.REMOTE), [68, 62])
    assert state.registers.mj(Energy.ACTIVE_IMPORT).tolist() == [900 * 1_000_000]
    assert state.alarms is not None
    assert int(state.alarms.register[1, 0]) >> 31 == 1
    relay.set_stuck(state, ONE, stuck=False)
    assert (relay.closed[0], relay.operations[0]) == (False, 1)


def test_mode_0_never_opens() -> None:
    state = fleet(mode=0, face=IDIS)
    for ask in Ask:
        asked(state, 0, ask)
    hold(state, 0, Cause.LIMITER)
    assert switch(state)[:2] == (Switch.CONNECTED, True)


def test_a_meter_without_relay_says_so() -> None:
    with pytest.raises(LocalProtocolError, match="no relay"):
        asked(fleet(), 0, Ask.REMOTE_OFF)


@settings(max_examples=50, deadline=None)
@given(
    mode=st.integers(1, 6),
    deeds=st.lists(
        st.one_of(
            st.sampled_from(list(Ask)),
            st.tuples(st.sampled_from([hold, let_go]), st.sampled_from([Cause.LIMITER, Cause.NO_CREDIT, Cause.FUSE])),
        ),
        max_size=30,
    ),
)
def test_whatever_happens_the_contact_is_closed_only_when_connected_and_nothing_holds_it(mode, deeds) -> None:  # type: ignore[no-untyped-def]
    state = fleet(mode=mode, face=IDIS)
    for deed in deeds:
        if isinstance(deed, Ask):
            asked(state, 0, deed)
        else:
            deed[0](state, 0, deed[1])
        logical, closed, causes = switch(state)
        assert closed == (logical == Switch.CONNECTED)
        assert not (closed and causes)


def test_an_open_relay_comes_back_open_after_an_outage() -> None:
    state = fleet(mode=2, face=IDIS)
    asked(state, 0, Ask.REMOTE_OFF)
    commands.cut(state, 0, START, START + 600)
    run(state, 900, Volts())
    again = State.restore(state.snapshot(), state.rules)
    same(state, again)
    assert switch(again) == (Switch.DISCONNECTED, False, Cause.REMOTE)
