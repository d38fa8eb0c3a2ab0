"""Quantities: summation of phases, quadrants, apparent power; identities between registers, exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering import rich
from metering.loads import Phases, constant
from openami.core.errors import DefinitionError, LocalProtocolError
from openami.metering.advance import advance
from openami.metering.columns import ALL
from openami.metering.load import Minutes, step_of
from openami.metering.quantities import BASIC, Apparent, Book, Channel, Energy, Measuring, Power, Register, Summation
from openami.metering.registers import WH_MJ, Registers
from openami.metering.state import Rules, State

START = 1_767_225_600
WATT = 1_000


def phases(active, reactive=(0, 0, 0), *, current_ma=9_000, voltage_mv=230_000):
    """One minute of one meter."""
    shape = (1, 1, 3)
    volts = np.broadcast_to(np.array(voltage_mv, np.int32), shape)
    amps = np.broadcast_to(np.array(current_ma, np.int32), shape)
    return Minutes.of_phases(np.array([[active]]) * WATT, np.array([[reactive]]) * WATT, volts, amps)


def energies(minutes, *wanted, **settings):
    """Wh after an hour of what a minute shows."""
    book = Book.of([Register(*one) if isinstance(one, tuple) else Register(one) for one in wanted])
    power = Power(0, minutes, meters=1, book=book, measuring=Measuring(**settings))
    registers = Registers.zero(1, 1, book)
    for _ in range(60):
        registers.integrate(power, ALL, 0, 60, 1)
    one = [one if isinstance(one, tuple) else (one, 0) for one in wanted]
    return [registers.value(0, energy, phase=phase) for energy, phase in one]


A_IN, A_OUT = Energy.ACTIVE_IMPORT, Energy.ACTIVE_EXPORT


@pytest.mark.parametrize(
    ("summation", "expected"),
    [
        (Summation.NET, [65, 0, 65, 65]),
        (Summation.BY_SIGN, [90, 25, 115, 65]),
        (Summation.ABSOLUTE, [115, 0, 115, 115]),
    ],
)
def test_the_three_ways_to_sum_phases(summation, expected):
    """40, -25 and 50 W: +65/0 as a Ferraris meter, +90/-25 by sign, 115/0 absolute."""
    wanted = (A_IN, A_OUT, Energy.ACTIVE_ABSOLUTE, Energy.ACTIVE_NET)
    assert energies(phases((40, -25, 50)), *wanted, summation=summation) == expected


@pytest.mark.parametrize("summation", Summation)
def test_a_phase_has_registers_of_its_own(summation):
    turned = summation is Summation.ABSOLUTE
    wanted = ((A_IN, 2), (A_OUT, 2), (A_IN, 3))
    assert energies(phases((40, -25, 50)), *wanted, summation=summation) == [25 * turned, 25 * (not turned), 50]


def test_apparent_power_arithmetic_and_vectorial():
    """P = 1, 1, 1 kW and Q = 1, 0, -1 kvar: 3.83 kVA as a sum of phases, 3.00 kVA as a vector."""
    amps = [round(1e6 * s / 230) for s in (2**0.5, 1, 2**0.5)]
    minutes = phases((1000, 1000, 1000), (1000, 0, -1000), current_ma=amps)
    wanted = (Energy.APPARENT_IMPORT, Energy.APPARENT_EXPORT)
    assert energies(minutes, *wanted, apparent=Apparent.ARITHMETIC) == [3828, 0]
    assert energies(minutes, *wanted, apparent=Apparent.VECTORIAL) == [3000, 0]
    exported = phases((-1000, -1000, -1000), (1000, 0, -1000), current_ma=amps)
    assert energies(exported, *wanted, apparent=Apparent.VECTORIAL) == [0, 3000]


@pytest.mark.parametrize(
    ("active", "reactive", "quadrant"), [(1, 1, 1), (-1, 1, 2), (-1, -1, 3), (1, -1, 4), (0, 1, 1), (0, -1, 4)]
)
def test_reactive_energy_goes_to_its_quadrant(active, reactive, quadrant):
    wanted = [Energy[f"QUADRANT_{number}"] for number in (1, 2, 3, 4)]
    minutes = phases((600 * active, 0, 0), (300 * reactive, 0, 0))
    found = energies(minutes, *wanted, Energy.REACTIVE_IMPORT, Energy.REACTIVE_EXPORT)
    assert found[:4] == [300 if number == quadrant else 0 for number in (1, 2, 3, 4)]
    assert found[4:] == [300 if reactive > 0 else 0, 300 if reactive < 0 else 0]


def test_absolute_counts_a_turned_transformer_as_if_it_were_right():
    turned = phases((-600, 0, 0), (-300, 0, 0))
    wanted = (A_IN, Energy.QUADRANT_1, Energy.QUADRANT_3)
    assert energies(turned, *wanted, summation=Summation.ABSOLUTE) == [600, 300, 0]


@given(
    st.lists(st.integers(-(10**7), 10**7), min_size=3, max_size=3),
    st.lists(st.integers(0, 10**5), min_size=3, max_size=3),
)
def test_what_is_known_in_sum_is_shared_out_without_rest(sums, amps):
    """A source that knows the sums only: the phases add up to them, to the mW."""
    active = np.array(sums, np.int64)[None]
    minutes = Minutes(active, -active, np.full((1, 3, 3), 230_000, np.int32), np.array([[amps] * 3], np.int32))
    for total, parts in zip((active, -active), minutes.phases, strict=True):
        assert (parts.sum(axis=2) == total).all()
        assert (np.sign(parts) * np.sign(total)[:, :, None] >= 0).all()


def test_the_guard_band_takes_out_creep_phase_by_phase():
    """By sign, a phase below 10 mA counts nothing, the others what they are."""
    minutes = phases((2, -500, 300), current_ma=[9, 5000, 5000])
    assert energies(minutes, A_IN, A_OUT, summation=Summation.BY_SIGN) == [300, 500]


def identities(state):
    registers = state.registers
    for phase in sorted({register.phase for register in state.rules.registers}):
        listed = {register.energy for register in state.rules.registers if register.phase == phase}
        for energy, parts in (
            (Energy.REACTIVE_IMPORT, ((Energy.QUADRANT_1, 1), (Energy.QUADRANT_2, 1))),
            (Energy.REACTIVE_EXPORT, ((Energy.QUADRANT_3, 1), (Energy.QUADRANT_4, 1))),
            (Energy.ACTIVE_ABSOLUTE, ((Energy.ACTIVE_IMPORT, 1), (Energy.ACTIVE_EXPORT, 1))),
            (Energy.ACTIVE_NET, ((Energy.ACTIVE_IMPORT, 1), (Energy.ACTIVE_EXPORT, -1))),
        ):
            if {energy, *(part for part, _ in parts)} <= listed:
                for read in (registers.wh, registers.mj):
                    assert (read(energy, phase=phase) == sum(s * read(p, phase=phase) for p, s in parts)).all()
        for register in state.rules.registers:
            if register.phase == phase and register.rated:
                rates = sum(registers.wh(register.energy, rate, phase) for rate in range(1, len(registers.rates) + 1))
                assert (rates == registers.wh(register.energy, phase=phase)).all()


@pytest.mark.parametrize("summation", Summation)
def test_registers_agree_to_the_wh_at_any_moment(summation):
    state = State.create(4, START, rules=rich.rules(summation=summation))
    load = Phases(START, 4, 11)
    for until in (7, 901, 40_000, 86_413):
        advance(state, START + until, load)
        identities(state)
    assert (state.registers.wh(A_IN) > 0).all()


def test_only_what_is_listed_is_integrated():
    assert [channel.energy for channel in Book.of(BASIC).channels] == [0, 1, 2, 3]
    single = Book.of([Register(Energy.ACTIVE_ABSOLUTE), Register(A_IN, 2, rated=False)], [Channel(Energy.QUADRANT_1)])
    assert single.channels == ((A_IN, 0), (A_OUT, 0), (Energy.QUADRANT_1, 0), (A_IN, 2))
    assert len(single.rated) == 2
    with pytest.raises(LocalProtocolError, match="quadrant_1"):
        Registers.zero(1, 1).wh(Energy.QUADRANT_1)
    with pytest.raises(LocalProtocolError, match="by rate"):
        Registers.zero(1, 2, single).wh(A_IN, 1, 2)
    with pytest.raises(DefinitionError, match="twice"):
        Book.of([Register(A_IN), Register(A_IN, rated=False)])


def test_thirty_two_registers_by_rate():
    """+A, -A, +R, -R and four quadrants by four rates (SM306)."""
    registers = tuple(Register(Energy(number)) for number in range(8))
    zero = Registers.zero(3, 4, Book.of(registers))
    zero.add(ALL, 4, np.full((len(zero.book.channels), 3), 5 * WH_MJ))
    assert [zero.value(2, register.energy, 4) for register in registers] == [5, 5, 10, 10, 5, 5, 5, 5]
    assert [zero.value(2, register.energy, 3) for register in registers] == [0] * 8


def test_a_register_starts_again_after_its_last_digit():
    state = State.create(1, START, rules=Rules(modulus=10**3))
    advance(state, START + 7 * 3600, constant(-150_000_000))
    assert state.registers.value(0, A_OUT) == 150_000 * 7 % 1000
    state.registers.add(ALL, 1, np.full((4, 1), 999 * WH_MJ))
    assert state.registers.value(0, A_IN) == 999
    state.registers.add(ALL, 1, np.full((4, 1), WH_MJ))
    assert state.registers.value(0, A_IN) == 0
    assert state.registers.whole(A_IN).tolist() == [1000]


@pytest.mark.parametrize("step_s", [300, 900])
def test_blocks_of_constant_power_count_as_their_minutes_do(step_s):
    blocks = Phases(START, 3, 5, 96, step_s)

    class Minutely:
        def power(self, start_utc, minutes):
            rows = (start_utc + 60 * np.arange(minutes) - START) // step_s % 96
            parts = (part[rows] for part in (blocks.active, blocks.reactive, blocks.volts, blocks.amps))
            return Minutes.of_phases(*parts, neutral_ma=blocks.neutral[rows])

    one, other = (State.create(3, START, rules=rich.rules()) for _ in range(2))
    advance(one, START + 30_007, blocks)
    advance(other, START + 30_007, Minutely())
    for name, array in one.snapshot().items():
        np.testing.assert_array_equal(array, other.snapshot()[name], err_msg=name)


def test_a_step_divides_a_quarter_of_an_hour():
    class Odd:
        step_s = 700

    with pytest.raises(LocalProtocolError, match="700"):
        step_of(Odd())


def test_no_load_behind_an_open_relay():
    minutes = phases((40, -25, 50), (1, 2, 3))
    dark = minutes.behind(np.array([False]))
    assert dark.active_mw.tolist() == [[0]]
    assert not dark.current_ma.any()
    assert not dark.phases[0].any()
    assert (dark.voltage_mv == minutes.voltage_mv).all()
    assert minutes.behind(np.array([True])) is minutes
