"""What is watched: thresholds and times, phase by phase; outages; disturbances of tenths of a second."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.watched import START, Volts, fleet, run, same, told
from openami.core.errors import DefinitionError
from openami.metering import commands
from openami.metering.events import TENTHS
from openami.metering.monitors import Monitors, Watch
from openami.metering.power_quality import Disturbances
from openami.metering.state import State

SAG = Watch(
    "under_voltage", "voltage", "under_voltage_l{phase}", "voltage_normal_l{phase}", 207_000, floor=46_000, above=False,
    after_ds=300, back_ds=1, record="sag_l{phase}", unit=1000,
)  # fmt: skip
SWELL = Watch(
    "over_voltage", "voltage", "over_voltage_l{phase}", "voltage_normal_l{phase}", 253_000, after_ds=300, back_ds=1,
    record="swell_l{phase}", unit=1000,
)  # fmt: skip
LOST = Watch("phase_outage", "voltage", "phase_outage_l{phase}", "phase_back_l{phase}", 46_000, above=False)
COVER = Watch("terminal_cover", "terminal_cover", "terminal_cover_open", "terminal_cover_closed", awake=True)
MAGNET = Watch("magnet", "magnet_mt", "magnet_on", "magnet_off", 69, awake=True)
ALL = (SAG, SWELL, LOST, COVER, MAGNET)
GOOD = (230, 230, 230)
QUICK = dataclasses.replace(SAG, after_ds=1)


def part(state: State) -> Monitors:
    return state.part("monitors", Monitors)


def disturb(state: State, phase: int, since_ds: int, lasts_ds: int, volts: float) -> None:
    since = START * TENTHS + since_ds
    state.part("disturbances", Disturbances).add(0, phase - 1, since, since + lasts_ds, round(volts * 1000))


def put(state: State, name: str, value: int) -> None:
    state.more["tamper"].set(name, np.array([0]), value)


def extended(state: State) -> list[tuple[int, int, int, int]]:
    rows = state.logs["power_quality_extended"].entries(0, 1)
    columns = (rows.stamp - START, rows.values["code"], rows.values["magnitude"], rows.values["duration"])
    return [tuple(int(value) for value in row) for row in zip(*columns, strict=True)]


def test_an_under_voltage_of_half_a_minute_is_told_and_its_end_with_magnitude_and_duration() -> None:
    state = run(fleet(ALL), 900, Volts([GOOD, (200, 230, 230), (195.5, 230, 230), GOOD]))
    assert told(state) == [(90, 77), (180, 83), (180, 93)]
    assert extended(state) == [(180, 93, 195, 1200)]
    assert part(state).count[:3, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize("volts", [207, 253])
def test_a_voltage_on_the_threshold_is_good(volts: float) -> None:
    assert told(run(fleet(ALL), 900, Volts([GOOD, (volts,) * 3, GOOD]))) == []


def test_each_phase_counts_for_itself_and_swells_as_sags_do() -> None:
    state = run(fleet(ALL), 900, Volts([GOOD, (254, 206, 230), (230, 206, 230), GOOD]))
    assert told(state) == [(90, 78), (90, 80), (120, 83), (120, 96), (180, 84), (180, 94)]
    assert extended(state) == [(120, 96, 254, 600), (180, 94, 206, 1200)]


def test_a_lost_phase_is_an_outage_and_no_sag() -> None:
    state = run(fleet(ALL), 900, Volts([GOOD, (230, 230, 0), GOOD]))
    assert told(state) == [(61, 88), (121, 92)]


@pytest.mark.parametrize(("lasts_ds", "is_told"), [(299, False), (300, True), (301, True)])
def test_thirty_seconds_are_thirty_seconds(lasts_ds: int, is_told: bool) -> None:
    state = fleet(ALL)
    disturb(state, 2, 123, lasts_ds, 190)
    run(state, 60, Volts())
    assert told(state) == ([(42, 78), *((12 + lasts_ds // 10, code) for code in (84, 94))] if is_told else [])
    assert extended(state) == ([((123 + lasts_ds + 1) // 10, 94, 190, lasts_ds)] if is_told else [])


@pytest.mark.parametrize("lasts_ds", [1, 2, 7, 10, 45])
def test_a_tenth_of_a_second_is_seen_where_the_threshold_says_so(lasts_ds: int) -> None:
    state = fleet((QUICK,))
    disturb(state, 1, 305, lasts_ds, 150.4)
    run(state, 60, Volts())
    assert [(magnitude, duration) for _, _, magnitude, duration in extended(state)] == [(150, lasts_ds)]
    assert part(state).duration[0, 0] == lasts_ds


def test_disturbances_that_are_over_are_forgotten() -> None:
    state = fleet((QUICK,))
    disturb(state, 1, 100, 5, 150)
    disturb(state, 1, 20_000, 5, 150)
    run(state, 900, Volts())
    assert state.more["disturbances"].meter.tolist() == [0]
    run(state, 1800, Volts())
    assert len(extended(state)) == 2
    assert not state.more["disturbances"].meter.size


def test_a_cover_is_noticed_at_the_next_scan_and_only_if_it_is_still_open_then() -> None:
    state = run(fleet(ALL), 100, Volts())
    put(state, "terminal_cover", 1)
    run(state, 0, Volts())
    put(state, "terminal_cover", 0)
    run(state, 100, Volts())
    assert told(state) == []
    put(state, "terminal_cover", 1)
    run(state, 50, Volts())
    put(state, "terminal_cover", 0)
    run(state, 50, Volts())
    assert told(state) == [(201, 40), (251, 41)]


@pytest.mark.parametrize(("field", "is_told"), [(69, False), (70, True)])
def test_the_magnet_has_a_threshold(field: int, is_told: bool) -> None:
    state = fleet(ALL)
    put(state, "magnet_mt", field)
    assert told(run(state, 900, Volts())) == ([(1, 42)] if is_told else [])


def test_covers_are_seen_without_supply_as_long_as_the_reserve_lasts() -> None:
    state = fleet(ALL, reserve_s=3600)
    commands.cut(state, 0, START + 100)
    run(state, 1000, Volts())
    put(state, "terminal_cover", 1)
    run(state, 3000, Volts())
    put(state, "magnet_mt", 100)  # the reserve has been used up by now
    run(state, 1000, Volts())
    assert told(state) == [(100, 1), (1001, 40)]
    commands.restore(state, 0, START + 5000)
    commands.set_clock(state, 0, START + 5000)
    run(state, 100, Volts())
    assert [entry for entry in told(state) if entry[0] >= 5000] == [(5000, 5), (5001, 42)]


def test_without_supply_nothing_is_measured_and_a_sag_that_ends_in_an_outage_is_none() -> None:
    state = fleet(ALL)
    commands.cut(state, 0, START + 200, START + 500)
    load = Volts([GOOD, *[(190, 230, 230)] * 2, *[(230, 230, 230)] * 20])
    run(state, 900, load)
    assert [code for _, code in told(state)] == [77, 83, 93, 1, 2]
    state = fleet(ALL)
    commands.cut(state, 0, START + 200, START + 500)
    run(state, 900, Volts([GOOD, *[(190, 230, 230)] * 6, GOOD]))
    assert [code for _, code in told(state)] == [77, 1, 2, 83]
    assert extended(state) == []


def test_thresholds_are_each_meters_own() -> None:
    state = fleet((SAG,), meters=3)
    part(state).set_limit("under_voltage", np.array([1]), 190_000)
    part(state).set_times("under_voltage", np.array([2]), after_ds=10)
    run(state, 300, Volts([GOOD, (200, 230, 230), GOOD], meters=3))
    assert [told(state, meter)[:1] for meter in range(3)] == [[(90, 77)], [], [(61, 77)]]
    with pytest.raises(DefinitionError, match=r"0\.1 s"):
        part(state).set_times("under_voltage", np.array([0]), after_ds=0)


def test_a_shorter_time_threshold_counts_from_now_on() -> None:
    state = run(fleet((SAG,), mode=5), 80, Volts([GOOD, (200, 230, 230), GOOD]))
    part(state).set_times("under_voltage", np.array([0]), after_ds=10)
    run(state, 10, Volts([GOOD, (200, 230, 230), GOOD]))
    assert told(state) == [(80, 77)]


def test_hysteresis_keeps_a_state_until_the_value_is_well_again() -> None:
    watch = dataclasses.replace(SAG, release=212_000, record="")
    state = run(fleet((watch,)), 900, Volts([GOOD, (200, 230, 230), (210, 230, 230), (212, 230, 230)]))
    assert told(state) == [(90, 77), (180, 83)]


def test_unbalance_is_the_greatest_deviation_from_the_mean() -> None:
    watch = Watch("unbalance", "unbalance", "phase_outage_test", limit=20, after_ds=600)
    state = run(fleet((watch,)), 900, Volts([(230, 230, 230), (236, 224, 230), (236, 225, 229), (230, 230, 230)]))
    assert told(state) == [(120, 89)]  # 6 of 230 V are 26 thousandths


def test_what_flows_past_the_meter_is_a_differential_current() -> None:
    watch = Watch("differential_current", "differential", "phase_outage_test", limit=999, after_ds=50)
    for share, amps, is_told in ((10, 5.0, False), (30, 5.0, True), (30, 0.0, False)):
        state = fleet((watch,))
        put(state, "bypass_share", share)
        run(state, 300, Volts(amps=(amps, 0.0, 0.0)))
        assert told(state) == ([(5, 89)] if is_told else [])


@pytest.mark.parametrize("signal", ["nonsense", ""])
def test_what_nobody_measures_is_not_watched(signal: str) -> None:
    with pytest.raises(DefinitionError, match="no signal"):
        Watch("a", signal, "b")


@settings(max_examples=60, deadline=None)
@given(
    volts=st.lists(st.tuples(*[st.sampled_from([0, 45, 100, 190, 206, 230, 254, 300])] * 3), min_size=1, max_size=40),
    sags=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 20_000), st.integers(1, 900)), max_size=4),
    outage=st.tuples(st.integers(0, 1200), st.integers(1, 900)),
    hands=st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(["terminal_cover", "magnet_mt"])), max_size=4),
    cuts=st.lists(st.integers(1, 2399), max_size=8),
)
def test_how_time_is_cut_makes_no_difference(volts, sags, outage, hands, cuts) -> None:  # type: ignore[no-untyped-def]
    load, states = Volts(volts), []
    for cut_at in ([], sorted(cuts)):
        state = fleet((QUICK, SWELL, LOST, COVER, MAGNET), mode=5, reserve_s=300, charge_s=100)
        for phase, since, lasts in sags:
            disturb(state, phase, since, lasts, 170)
        commands.cut(state, 0, START + outage[0], START + sum(outage))
        for number, (second, name) in enumerate(sorted(hands)):
            run(state, START + second - state.now, load, cuts=[START + cut for cut in cut_at])
            put(state, name, 100 * (number % 2 == 0))
        states.append(run(state, START + 2400 - state.now, load, cuts=[START + cut for cut in cut_at]))
    same(*states)
