"""Signals: what they are by formula is what a witness finds in their samples; cuts make no difference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.metrology.witness import Wave, integrate
from openami.core.errors import LocalProtocolError
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.signal import Course, Signal

FIFTH = Signal.sine(230, 10, 60, phases=1, frequency_hz=50.3).with_harmonic(5, 0.1, 0.4, current_deg=25)


def test_truth_is_that_of_an_integrator_of_its_own() -> None:
    # the fifth of the current turns with its own fundamental: 0 degrees = both rise through zero together
    seen = integrate(Wave(230, 0, {5: (0.1, 0)}), Wave(10, 60, {5: (0.4, 25)}), 50.3, 100)
    assert FIFTH.voltage_v[0] == pytest.approx(seen.voltage, rel=1e-7)
    assert FIFTH.current_a[0] == pytest.approx(seen.current, rel=1e-7)
    assert FIFTH.active_w[0] == pytest.approx(seen.active, rel=1e-7)
    assert FIFTH.reactive_var[0] == pytest.approx(seen.fundamental_reactive, rel=1e-7)


def test_samples_are_those_of_the_formula() -> None:
    times = 12.345 + np.arange(5000) / 64_000
    drawn = FIFTH.render(12.345, 5000, 64_000)
    assert np.abs(drawn.voltage[0] - Wave(230, 0, {5: (0.1, 0)}).at(times, 50.3)).max() < 1e-6
    assert np.abs(drawn.current[0] - Wave(10, 60, {5: (0.4, 25)}).at(times, 50.3)).max() < 1e-7


def test_a_tenth_of_fifth_by_four_tenths_in_phase_gives_104_percent() -> None:
    signal = Signal.sine(230, 50).with_harmonic(5, 0.1, 0.4)
    assert signal.active_w.sum() == pytest.approx(1.04 * signal.fundamental_w.sum(), rel=1e-12)
    assert signal.fundamental_w.sum() == pytest.approx(3 * 230 * 50)


def test_distortion_is_the_root_of_the_shares() -> None:
    signal = Signal.sine(230, 5, phases=1).with_harmonic(3, 0.03, 0.3).with_harmonic(7, 0.04, 0.4)
    voltage, current = signal.distortion
    assert voltage[0] == pytest.approx(0.05)
    assert current[0] == pytest.approx(0.5)


def test_harmonics_of_three_phases_are_the_same_wave_a_third_later() -> None:
    drawn = Signal.sine(230, 5, 30).with_harmonic(5, 0.1, 0.4).with_harmonic(3, 0.2, 0.2).render(0, 240, 12_000)
    assert np.allclose(np.roll(drawn.voltage[0], 80), drawn.voltage[1])
    assert np.allclose(np.roll(drawn.current[0], 160), drawn.current[2])


def test_the_neutral_carries_the_sum_less_the_leak() -> None:
    assert abs(Signal.sine(230, 5).neutral[0]) < 1e-12
    one = Signal.sine(230, [5, 0, 0])
    assert abs(one.neutral[0]) == pytest.approx(5)
    leaking = one.with_leak(0.03)
    assert leaking.current_a[0] == pytest.approx(5.03)
    assert abs(leaking.neutral[0]) == pytest.approx(5)


@given(start=st.floats(0, 1000), cut=st.integers(1, 999))
def test_cuts_make_no_difference(start: float, cut: int) -> None:
    whole = FIFTH.render(start, 1000, 8000)
    first, second = FIFTH.render(start, cut, 8000), FIFTH.render(start + cut / 8000, 1000 - cut, 8000)
    assert np.allclose(np.concatenate([first.voltage, second.voltage], axis=1), whole.voltage, atol=1e-6)


@given(start=st.floats(0, 3), span=st.floats(0.0001, 1))
def test_energy_over_any_span_is_the_integral(start: float, span: float) -> None:
    cells = 20_000
    times = start + (np.arange(cells) + 0.5) * span / cells
    voltage = Wave(230, 0, {5: (0.1, 0)}).at(times, 50.3)
    current = Wave(10, 60, {5: (0.4, 25)}).at(times, 50.3)
    energy = float(np.sum(voltage * current)) * span / cells
    assert FIFTH.energy_j(start, start + span)[0, 0] == pytest.approx(energy, rel=2e-5, abs=1e-3)


def test_lines_at_half_the_rate_are_filtered_out() -> None:
    signal = Signal.sine(230, 5, phases=1).with_harmonic(40, 0.5)
    assert np.allclose(signal.render(0, 80, 4000).voltage, Signal.sine(230, 5, phases=1).render(0, 80, 4000).voltage)
    assert np.abs(signal.render(0, 160, 8000).voltage).max() > 400


def test_a_course_goes_from_one_signal_to_the_next() -> None:
    course = Course((0.0, 0.5), (Signal.sine(230, 5, phases=1), Signal.sine(115, 5, phases=1)))
    drawn = course.render(0.4, 1600, 8000).voltage[0]
    assert np.abs(drawn[:800]).max() == pytest.approx(230 * np.sqrt(2), rel=1e-4)
    assert np.abs(drawn[800:]).max() == pytest.approx(115 * np.sqrt(2), rel=1e-4)


@pytest.mark.parametrize("turned", [False, True])
def test_two_elements_measure_what_three_do(turned: bool) -> None:
    signal = Signal.sine([230, 225, 235], 10, [10, 20, 30], reversed_sequence=turned)
    current = signal.current - signal.current.mean(axis=0)  # three wires: the sum of currents is 0
    three_wire = Signal(50.0, signal.ratios, signal.voltage, current, signal.leak)
    two = three_wire.elements(Connection.ARON)
    assert two.active_w.sum() == pytest.approx(three_wire.active_w.sum())
    assert two.reactive_var.sum() == pytest.approx(three_wire.reactive_var.sum())


def test_a_line_of_one_phase_is_refused_by_a_meter_for_three() -> None:
    with pytest.raises(LocalProtocolError, match="a line of 1 phases on a meter wired 3P4W"):
        Signal.sine(230, 5, phases=1).elements(Connection.FOUR_WIRE)
