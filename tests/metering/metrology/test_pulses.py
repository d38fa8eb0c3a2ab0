"""Pulses at exact times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.metering.metrology import Signal, pulse_error, pulses
from openami.metering.metrology.pulses import (
    Accumulator,
    Lamp,
    Wires,
    contact,
    gate_error,
    lamp,
    output_pulses,
    ripple_pulses,
)  # fmt: skip


@pytest.mark.parametrize(
    ("power", "constant", "seconds"),
    [
        (230 * 0.02, 1000, 783), (230 * 0.25, 1000, 62.6), (230 * 5, 1000, 3.13), (230 * 100, 1000, 0.157),
        (3 * 230 * 0.02, 2000, 130), (3 * 230 * 100, 2000, 0.026), (3 * 57.7 * 0.001, 10_000, 2080),
    ],
)  # fmt: skip
def test_seconds_of_a_pulse_are_the_published_ones(power: float, constant: float, seconds: float) -> None:
    # facts §2.5
    assert pulses(power, constant, 1)[0, 0] == pytest.approx(seconds, rel=5e-3)


def test_many_meters_at_once_and_one_that_stands() -> None:
    times = pulses(np.array([1000.0, -2000.0, 0.0]), 1000, 3, carried=np.array([0.0, 0.5, 0.9]))
    assert times[0] == pytest.approx([3.6, 7.2, 10.8])
    assert times[1] == pytest.approx([0.9, 2.7, 4.5])
    assert np.all(np.isinf(times[2]))
    assert pulse_error(times, 1000, np.array([1000.0, 1990.0, 1.0])) == pytest.approx(
        [0, 100 * (2000 / 1990 - 1), -100]
    )


@given(error=st.floats(-5, 5), count=st.integers(2, 60), carried=st.floats(0, 0.99))
def test_edge_to_edge_gives_the_error_however_few_pulses(error: float, count: int, carried: float) -> None:
    times = pulses(1150 * (1 + error / 100), 1000, count, carried=carried)
    assert pulse_error(times, 1000, 1150)[0] == pytest.approx(error, abs=1e-6)


def test_a_fixed_gate_errs_by_up_to_a_pulse() -> None:
    found = [gate_error(pulses(1150, 1000, 100, carried=part)[0], 1000, 1150, 30) for part in np.linspace(0, 0.99, 50)]
    assert max(found) - min(found) == pytest.approx(100 / (30 / 3.13), rel=0.02)


@given(
    powers=st.lists(st.floats(0, 20_000), min_size=1, max_size=40),
    cut=st.integers(0, 40),
    constant=st.sampled_from([1000.0, 10_000.0]),
)
def test_an_accumulator_counts_all_energy_however_it_is_cut(powers: list[float], cut: int, constant: float) -> None:
    whole, parts = Accumulator(constant), Accumulator(constant)
    power = np.array(powers)
    one = whole.feed(power, 60.0)
    two = np.concatenate([parts.feed(piece, 60.0) for piece in (power[:cut], power[cut:]) if piece.size])
    assert abs(one.size - two.size) <= 1  # a pulse on the cut
    assert one[: two.size] == pytest.approx(two[: one.size], abs=1e-6)
    assert whole.counted * whole.quantum_j + whole.carried_j == pytest.approx(power.sum() * 60, abs=1e-3)


@pytest.mark.parametrize("angle", [0, 60, 85])
def test_pulses_inside_the_ripple_are_those_of_its_samples(angle: float) -> None:
    signal = Signal.sine(230, 10, angle, phases=1)
    exact = ripple_pulses(lambda t: signal.energy_j(0, t)[0], 0.02, 100_000, 20)
    accumulator, rate = Accumulator(100_000), 64_000
    drawn = signal.render(0.5 / rate, 12 * rate, rate)
    sampled = accumulator.feed(drawn.voltage[0] * drawn.current[0], 1 / rate)
    assert sampled[:20] == pytest.approx(exact[: sampled.size], abs=1e-6)
    even = pulses(signal.active_w[0], 100_000, 20)[0]
    # the ripple moves a pulse by no more than S/(ω·P) from the even course
    assert np.abs(exact - even).max() <= 1 / (100 * np.pi * np.cos(np.radians(angle)))
    assert np.abs(exact - even).max() > 1e-4


def test_energy_that_goes_back_gives_no_pulse_twice() -> None:
    accumulator = Accumulator(1000)
    times = accumulator.feed(np.array([3600.0, -3600.0, 3600.0, 3600.0]), 1.5)
    # one pulse at 1 s; what came is given back until 3 s, and the second is due only when it is made up
    assert times == pytest.approx([1.0, 5.0, 6.0])
    assert accumulator.carried_j == pytest.approx(0)


def test_each_transfer_of_three_wires_is_a_pulse_and_each_closure_of_two() -> None:
    transfers = np.array([1.0, 2.0, 3.0, 4.0])
    assert contact(transfers, np.array([0.5, 1.5, 2.5, 3.0])).tolist() == [False, True, False, True]
    assert contact(transfers, np.array([0.5, 1.5]), closed=True).tolist() == [True, False]
    assert output_pulses(transfers, Wires.THREE).tolist() == [1, 2, 3, 4]
    assert output_pulses(transfers, Wires.TWO).tolist() == [1, 3]
    assert output_pulses(transfers, Wires.TWO, closed=True).tolist() == [2, 4]


def test_the_lamp_flashes_burns_or_is_dark() -> None:
    assert lamp(supplied=True, running=True) is Lamp.FLASHING
    assert lamp(supplied=True, running=False) is Lamp.STEADY
    assert lamp(supplied=False, running=False) is Lamp.DARK
