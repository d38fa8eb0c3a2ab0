"""Pulses come when the energy is there, to the microsecond, however time is cut."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.metering.leds import Glow, glow, is_lit, pulse_times, weight_mj

SECOND = 1_000_000


def test_the_energy_of_a_pulse() -> None:
    assert [weight_mj(constant) for constant in (1000, 2000, 10000)] == [3_600_000, 1_800_000, 360_000]
    with pytest.raises(DefinitionError, match="no whole number of mJ"):
        weight_mj(7000)


def test_a_kilowatt_at_two_thousand_per_kwh_is_a_pulse_in_one_second_and_eight_tenths() -> None:
    times = pulse_times(0, 1_000_000, weight_mj(2000), 0, 10 * SECOND)
    assert times.tolist() == [1_800_000, 3_600_000, 5_400_000, 7_200_000, 9_000_000]


@given(
    st.integers(0, 10**13),
    st.integers(-(10**8), 10**8),
    st.sampled_from([1000, 2000, 10000]),
    st.integers(0, 60 * SECOND),
)
def test_each_pulse_comes_at_the_first_microsecond_with_its_energy(
    energy: int, power: int, constant: int, length: int
) -> None:
    weight = weight_mj(constant)
    times = pulse_times(energy, power, weight, 7, 7 + length)

    def passed(at: int) -> int:
        return int((Fraction(energy) + Fraction(abs(power) * (at - 7), SECOND)) // weight)

    assert len(times) == passed(7 + length) - passed(7)
    for number, at in enumerate(times.tolist()[:50], passed(7) + 1):
        assert passed(at) >= number > passed(at - 1)
    assert (np.diff(times) >= 0).all()


@given(st.integers(0, 10**10), st.integers(1, 10**8), st.integers(0, 30 * SECOND), st.integers(0, 30 * SECOND))
def test_two_spans_have_the_pulses_of_the_whole(energy: int, power: int, first: int, second: int) -> None:
    weight = weight_mj(2000)
    whole = pulse_times(energy, power, weight, 0, first + second)
    assert len(whole[whole <= first]) == len(pulse_times(energy, power, weight, 0, first))


def test_flashing_with_energy_steady_without_load_dark_without_supply() -> None:
    assert glow(powered=True, power_mw=-1) is Glow.FLASHING
    assert glow(powered=True, power_mw=0) is Glow.STEADY
    assert glow(powered=False, power_mw=500) is Glow.DARK


def test_a_pulse_is_seen_as_long_as_it_is() -> None:
    times = np.array([1_000, 90_000])
    assert [is_lit(times, at, 40_000) for at in (999, 1_000, 40_999, 41_000, 90_000)] == [
        False,
        True,
        True,
        False,
        True,
    ]
