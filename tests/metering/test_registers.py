"""Registers: whole Wh by rate, the remainder carried; the rates add up to the total."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.loads import constant
from openami.core.errors import LocalProtocolError
from openami.metering.advance import advance
from openami.metering.columns import ALL
from openami.metering.load import Minutes
from openami.metering.quantities import FOUR, Power
from openami.metering.registers import TOTAL, WH_MJ, Energy, Registers
from openami.metering.state import State

START = 1_767_225_600  # 2026-01-01 00:00 UTC, a Thursday
ROUNDS = st.lists(st.tuples(st.integers(1, 2), st.integers(0, 10**9)), max_size=30)


@pytest.mark.feature("IQ0404100K1-R-04")
@given(ROUNDS)
def test_rates_add_up_to_the_total_and_nothing_is_lost(rounds):
    registers = Registers.zero(2, 2)
    for rate, energy in rounds:
        registers.add(ALL, rate, np.full((4, 2), energy))
        whole = registers.wh(Energy.ACTIVE_IMPORT, 1) + registers.wh(Energy.ACTIVE_IMPORT, 2)
        assert (whole == registers.wh(Energy.ACTIVE_IMPORT)).all()
    total = sum(energy for _, energy in rounds)
    for energy in FOUR:
        assert registers.mj(energy).tolist() == [total, total]
        assert registers.value(1, energy) == total // WH_MJ
        assert registers.wh(energy, TOTAL).tolist() == [total // WH_MJ] * 2


@pytest.mark.feature("IQ0404100K1-R-01", "IQ0404100K1-R-02")
@pytest.mark.parametrize(
    ("active", "reactive", "expected"),
    [
        (1_000_000, 0, [1000, 0, 0, 0]),
        (-1_000_000, 0, [0, 1000, 0, 0]),
        (0, 500_000, [0, 0, 500, 0]),
        (2_000_000, -500_000, [2000, 0, 0, 500]),
    ],
)
def test_an_hour_goes_to_the_register_of_its_sign(active, reactive, expected):
    state = State.create(1, START)
    advance(state, START + 3600, constant(active, reactive))
    assert [state.registers.value(0, energy) for energy in FOUR] == expected


@pytest.mark.feature("IQ0404100K1-R-123")
def test_phases_are_netted_before_the_sign():
    phases = np.array([[[3_000_000, -2_000_000, -400_000]]])
    volts, amps = np.full((1, 1, 3), 230_000, np.int32), np.full((1, 1, 3), 9_000, np.int32)
    load = Minutes.of_phases(phases, -phases, volts, amps)
    power = Power(0, load, meters=1, no_load_ma=10)
    assert power.energy(ALL, 0, 60)[:, 0].tolist() == [36_000_000, 0, 0, 36_000_000]


@pytest.mark.feature("IQ0404100K1-R-09")
@pytest.mark.parametrize(
    ("power_mw", "current_ma", "counted"),
    [
        (2_200, 9, False),  # below 0.2 % of Ib = 10 mA
        (-2_200, 9, False),
        (6_800, 9, False),
        (7_000, 9, True),  # more than 9 mA in each of three phases can make
        (2_300, 10, True),
        (4_600, 20, True),  # starting current, 0.4 % of Ib
        (1_000, 5_000, True),  # a small difference of large phases is a real load
        (80_000, 0, True),  # a source that knows no current
    ],
)
def test_nothing_is_registered_below_the_guard_band(power_mw, current_ma, counted):
    state = State.create(1, START)
    advance(state, START + 900, constant(power_mw, power_mw, current_ma=current_ma))
    expected = abs(power_mw) * 900 if counted else 0
    direction = Energy.ACTIVE_EXPORT if power_mw < 0 else Energy.ACTIVE_IMPORT
    assert state.registers.mj(direction).tolist() == [expected]
    assert state.registers.mj(Energy(direction + 2)).tolist() == [expected]


@pytest.mark.feature("IQ0404100K1-R-09")
def test_one_phase_above_the_guard_band_is_a_load():
    watts, volts = np.full((1, 1), 3_000), np.full((1, 1, 3), 230_000, np.int32)
    load = Minutes(watts, watts, volts, np.array([[[0, 15, 0]]], np.int32))
    assert Power(0, load, meters=1, no_load_ma=10).energy(ALL, 0, 60)[:, 0].tolist() == [180_000, 0] * 2


@given(st.integers(0, 899), st.integers(1, 900), st.integers(-(10**9), 10**9))
def test_energy_of_any_span_is_power_times_seconds(start, length, power_mw):
    power = Power(0, constant(power_mw).power(0, 30), meters=1, no_load_ma=0)
    spans = np.array([start]), np.array([start + length])
    expected = [max(power_mw, 0) * length, max(-power_mw, 0) * length, 0, 0]
    assert power.energy(ALL, start, start + length)[:, 0].tolist() == expected
    assert power.energy_between(ALL, *spans)[:, 0].tolist() == expected


def test_a_load_for_another_fleet_is_refused():
    with pytest.raises(LocalProtocolError, match="2 meters"):
        advance(State.create(2, START), START + 60, constant(1))


@pytest.mark.feature("IQ0404100K1-R-03")
def test_live_values_are_those_of_the_last_minute():
    minutes = np.arange(15)[:, None] * [1, -1]
    phases = np.repeat(minutes[:, :, None], 3, axis=2).astype(np.int32)

    class Rising:
        def power(self, start_utc, count):
            window = slice((start_utc - START) // 60, (start_utc - START) // 60 + count)
            parts = (minutes * 1000, minutes * 100, 230_000 + phases, phases * 10)
            return Minutes(*(part[window] for part in parts))

    state = State.create(2, START)
    for now, minute in ((60, 0), (61, 1), (719, 11), (720, 11)):
        advance(state, START + now, Rising())
        assert state.live.active_mw.tolist() == [minute * 1000, minute * -1000]
        assert state.live.reactive_mvar.tolist() == [minute * 100, minute * -100]
        assert state.live.voltage_mv.tolist() == [[230_000 + minute] * 3, [230_000 - minute] * 3]
        assert state.live.current_ma.tolist() == [[minute * 10] * 3, [minute * -10] * 3]
