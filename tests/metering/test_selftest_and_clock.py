"""Self-test, and clocks that are a little or very wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.watched import START, Volts, fleet, run, same, told
from openami.core.errors import DefinitionError
from openami.metering import commands
from openami.metering.state import State

ONE = np.array([0])
BITS = {
    "ram_error": (13, 9),
    "program_memory_error": (12, 8),
    "nv_memory_error": (14, 10),
    "measurement_error": (16, 11),
}


@pytest.mark.parametrize("name", BITS)
def test_a_fault_is_found_at_once_and_sets_error_and_alarm(name: str) -> None:
    state = run(fleet(), 100, Volts())
    test, (code, bit) = state.self_test, BITS[name]
    assert test is not None
    assert state.alarms is not None
    test.spoil(state, ONE, name)
    test.test(state, ONE, state.now)
    assert told(state) == [(100, code)]
    assert (int(test.errors[0]), int(state.alarms.register[0, 0])) == (1 << bit, 1 << bit)


def test_a_fault_that_comes_without_supply_is_found_at_the_start() -> None:
    state = fleet()
    test = state.self_test
    assert test is not None
    commands.cut(state, 0, START, START + 500)
    test.spoil(state, ONE, "nv_memory_error")
    assert told(state) == [(0, 1)]
    run(state, 900, Volts())
    assert told(state) == [(0, 1), (500, 2), (500, 14)]


def test_an_error_that_is_cleared_and_still_there_is_found_at_the_next_start() -> None:
    state = fleet()
    test = state.self_test
    assert test is not None
    test.spoil(state, ONE, "ram_error")
    test.clear(state, ONE)
    assert test.errors[0] == 0
    run(state, 900, Volts())
    commands.cut(state, 0, state.now, state.now + 10)
    run(state, 900, Volts())
    assert test.errors[0] == 1 << 9
    test.clear(state, ONE)
    test.spoil(state, ONE, "ram_error", there=False)
    commands.cut(state, 0, state.now, state.now + 10)
    run(state, 900, Volts())
    assert test.errors[0] == 0


def test_a_watchdog_bites_each_time_and_nonsense_is_no_fault() -> None:
    state = fleet()
    test = state.self_test
    assert test is not None
    for _ in range(2):
        test.spoil(state, ONE, "watchdog")
    assert [code for _, code in told(state)] == [15, 15]
    with pytest.raises(DefinitionError, match="no fault"):
        test.spoil(state, ONE, "boredom")


def intervals(state: State) -> list[int]:
    return (state.profiles["interval"].ring.entries(0, 1).stamp - START).tolist()


@pytest.mark.parametrize(
    ("second", "ahead"),
    [
        (500, 5),
        (500, -5),
        (896, 5),
        (898, 9),
        (903, -5),
        (900, -1),
        (900, 9),
        (899, 1),
        (905, -9),
        (1799, 8),
        (1801, -8),
    ],
)
def test_a_small_setting_jumps_no_edge_of_an_interval_and_leaves_no_trace(second: int, ahead: int) -> None:
    state = run(fleet(sync_s=9), second, Volts())
    commands.set_clock(state, 0, START + second + ahead)
    run(state, 3700 - second, Volts())
    assert state.clock_of(0) - state.now == ahead
    assert intervals(state) == [900, 1800, 2700, 3600]
    assert state.profiles["interval"].ring.entries(0, 1).status.tolist() == [0] * 4
    assert told(state) == []


@pytest.mark.parametrize("ahead", [10, -10, 100])
def test_a_big_setting_is_told_with_old_and_new_time(ahead: int) -> None:
    state = run(fleet(sync_s=9), 500, Volts())
    commands.set_clock(state, 0, START + 500 + ahead)
    assert told(state) == sorted([(500, 4), (500 + ahead, 5)])
    assert state.clock_of(0) - state.now == ahead


def test_a_small_setting_that_waits_gives_way_to_another_one() -> None:
    state = run(fleet(sync_s=9), 898, Volts())
    commands.set_clock(state, 0, START + 898 + 9)
    assert state.clock_of(0) == state.now
    commands.set_clock(state, 0, START + 898)
    run(state, 1000, Volts())
    assert state.clock_of(0) == state.now


@settings(max_examples=40, deadline=None)
@given(second=st.integers(1, 2000), ahead=st.integers(-9, 9), cuts=st.lists(st.integers(1, 3599), max_size=6))
def test_no_interval_is_left_out_or_repeated_however_time_is_cut(second: int, ahead: int, cuts: list[int]) -> None:
    states = []
    for at in ([], [START + cut for cut in sorted(cuts)]):
        state = run(fleet(sync_s=9), second, Volts(), cuts=at)
        commands.set_clock(state, 0, START + second + ahead)
        states.append(run(state, 3700 - second, Volts(), cuts=at))
    same(*states)
    assert intervals(states[0]) == [900, 1800, 2700, 3600]


def test_a_battery_is_not_charged_and_is_used_up_outage_by_outage() -> None:
    state = fleet(reserve_s=1000, charge_s=0)
    for begin in (0, 2000, 4000):
        commands.cut(state, 0, START + begin, START + begin + 400)
    run(state, 6000, Volts())
    assert [code for _, code in told(state)].count(6) == 1
    assert state.clock_of(0) < START
