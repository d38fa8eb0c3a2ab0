"""Averages, least and greatest values and energies of windows, against sums of the load itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.loads import Phases
from openami.core.errors import DefinitionError, LocalProtocolError
from openami.metering import closing, commands
from openami.metering.advance import advance
from openami.metering.averages import WindowRule
from openami.metering.billing import Capture, Column
from openami.metering.cells import cell, fitted, toward_zero
from openami.metering.quantities import Energy
from openami.metering.signals import Signal, signal
from openami.metering.state import Rules, State
from openami.metering.timeline import DAILY, Trigger

START = 1_767_567_600  # 2026-01-05 00:00 in Amsterdam
VOLTS, AMPS = Signal("voltage", 1), Signal("current", 3)
POWER = Signal("active.import", 2)


def fleet(meters=2, **windows):
    profiles = {"load": Capture((Trigger(900),), 50, (Column("u", "voltage.l1"),)), "daily": Capture((DAILY,), 9, ())}
    return State.create(meters, START, rules=Rules(windows=windows, profiles=profiles))


def read(state, name, meter=0):
    return int(cell(name).read(state, np.array([meter]))[0])


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), off=st.integers(0, 3000))
def test_ten_minutes_of_voltage_and_current_and_their_extremes(seed, off):
    state = fleet(ten=WindowRule(Trigger(600), average=(VOLTS, AMPS), minimum=(VOLTS,), maximum=(POWER,)))
    load = Phases(START, 2, seed)
    commands.cut(state, 1, START + off, START + off + 133)
    advance(state, START + 3600, load)
    window = state.windows["ten"]
    seconds = np.full((10, 2), 60)
    opens = 3000 + 60 * np.arange(10)
    seconds[:, 1] -= np.clip(np.minimum(opens + 60, off + 133) - np.maximum(opens, off), 0, 60)
    rows = slice(50, 60)
    volts, amps = load.volts[rows, :, 0].astype(np.int64), load.amps[rows, :, 2].astype(np.int64)
    assert window.last_average.tolist() == [
        ((part * seconds).sum(axis=0) // seconds.sum(axis=0)).tolist() for part in (volts, amps)
    ]
    assert window.last_minimum[0].tolist() == np.where(seconds > 0, volts, 2**40).min(axis=0).tolist()
    imported = np.maximum(load.active[rows, :, 1], 0)
    assert window.last_maximum[0].tolist() == np.where(seconds > 0, imported, 0).max(axis=0).tolist()


@pytest.mark.feature("IQ0404100K1-R-07")
def test_moving_averages_are_refreshed_every_ten_minutes():
    state = fleet(ten=WindowRule(Trigger(600), average=(VOLTS,)))
    load = Phases(START, 2, 3)
    means = [int(load.volts[10 * n : 10 * n + 10, 0, 0].astype(np.int64).sum() // 10) // 100 for n in range(3)]
    for minute, expected in ((9, 0), (10, means[0]), (19, means[0]), (20, means[1]), (30, means[2])):
        advance(state, START + 60 * minute, load)
        assert read(state, "window.ten.average.voltage.l1") == expected
    advance(state, START + 34 * 60, load)
    running = int(load.volts[30:34, 0, 0].astype(np.int64).sum() // 4) // 100
    assert read(state, "window.ten.running.average.voltage.l1") == running


def test_a_window_may_follow_a_profile():
    """Energy since the row before (1.0.1.29.0 of a profile, 1.0.1.9.0 of billing), also by hand."""
    item = (Energy.ACTIVE_IMPORT, 0, 0)
    state = fleet(interval=WindowRule(follows="load", energy=(item,)), day=WindowRule(follows="daily", energy=(item,)))
    load = Phases(START, 2, 9)
    advance(state, START + 1800, load)
    first = state.registers.value(0, Energy.ACTIVE_IMPORT)
    assert read(state, "window.interval.running.energy.active.import") == 0
    advance(state, START + 2700, load)
    second = state.registers.value(0, Energy.ACTIVE_IMPORT)
    assert read(state, "window.interval.energy.active.import") == second - first
    assert read(state, "window.day.running.energy.active.import") == second
    closing.capture(state, "daily", 0)
    assert read(state, "window.day.energy.active.import") == second
    assert read(state, "window.day.running.energy.active.import") == 0
    assert read(state, "window.day.energy.active.import", 1) == 0


def test_without_supply_there_is_nothing_to_average():
    state = fleet(ten=WindowRule(Trigger(600), average=(VOLTS,), minimum=(VOLTS,), maximum=(VOLTS,)))
    load = Phases(START, 2, 3)
    commands.cut(state, [0, 1], START + 900, START + 5000)
    advance(state, START + 5000, load)
    for kind in ("average", "minimum", "maximum"):
        assert read(state, f"window.ten.running.{kind}.voltage.l1") == 0
    assert read(state, "window.ten.average.voltage.l1") == int(load.volts[10:15, 0, 0].sum() // 5) // 100


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("voltage.l2", Signal("voltage", 2)),
        ("voltage.mean", Signal("voltage")),
        ("current.total", Signal("current")),
        ("current.neutral", Signal("neutral")),
        ("current.differential", Signal("differential")),
        ("frequency", Signal("frequency")),
        ("angle.l3", Signal("angle", 3)),
        ("power.factor", Signal("factor")),
        ("power.factor.l1", Signal("factor", 1)),
        ("power.apparent", Signal("apparent")),
        ("power.reactive.quadrant_3.l2", Signal("reactive.quadrant_3", 2)),
        ("power", None),
        ("voltage", None),
        ("voltage.l4", None),
        ("power.idle", None),
    ],
)
def test_names_of_quantities(name, expected):
    assert signal(name) == expected


def test_what_is_shown_now():
    """Two phases and a neutral: 230 V, 10 A at 60 degrees lag, half of it on phase 2."""
    load = Phases(START, 1, 1, 1)
    load.active[:], load.reactive[:] = [[[1_150_000, 575_000, 0]]], [[[1_991_858, 995_929, 0]]]
    load.amps[:], load.volts[:], load.neutral[:] = [[[10_000, 5_000, 0]]], 230_000, 8_000
    state = fleet(1)
    advance(state, START + 60, load)
    shown = {
        "power.active.import": 1725,
        "power.active.export": 0,
        "power.active.net.l2": 575,
        "power.apparent": 3450,
        "power.factor": 500,
        "power.factor.l3": 1000,
        "angle.l1": 600,
        "current.total": 1500,
        "current.neutral": 800,
        "current.differential": 66,  # 8.66 A by the phases, 8 A by the neutral
        "frequency": 5000,
        "voltage.mean": 2300,
    }
    assert {name: read(state, name) for name in shown} == shown


def test_what_no_window_watches_is_refused():
    state = fleet(ten=WindowRule(Trigger(600), average=(VOLTS,)))
    for name in ("window.nine.average.voltage.l1", "window.ten.average.voltage.l2", "window.ten.minimum.voltage.l1"):
        with pytest.raises(DefinitionError):
            cell(name).check(state.rules)
    with pytest.raises(LocalProtocolError):
        read(state, "window.ten.minimum.voltage.l1")
    with pytest.raises(DefinitionError, match="follows"):
        fleet(ten=WindowRule(follows="yearly"))
    for name in ("window.ten.best.voltage.l1", "energy.idle", "energy.active.import.l1.rate_9x", "nothing"):
        with pytest.raises(DefinitionError):
            cell(name)


@given(st.integers(-(2**40), 2**40))
def test_numbers_in_small_types(value):
    values = np.array([value])
    assert int(fitted(values, "<u4", wraps=True)[0]) == value % 2**32
    assert int(fitted(values, "<i2", wraps=False)[0]) == max(-(2**15), min(value, 2**15 - 1))
    assert int(toward_zero(values, 1000)[0]) == int(abs(value) // 1000) * (1 if value >= 0 else -1)
