"""Windows against analytic truth at 16 bits over more than ten seconds of whole cycles, and against the witness.

The 16 bits have half a step of noise, as converters have: it is what makes the mean of many samples finer than a step.
What becomes of the bars without it, and of the THD of a current that has none, is shown by tests of their own.
"""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from metering.metrology.witness import Wave, integrate
from openami.metering.metrology import Chains, Connection, Method
from openami.metering.metrology.aggregates import Moving, every, joined
from openami.metering.metrology.measurement import Measurement, Windows
from openami.metering.metrology.signal import Course, Signal
from openami.metering.metrology.stream import blocks

HARMONICS = {3: (0.05, 0.2), 5: (0.1, 0.4), 7: (0.02, 0.1), 11: (0.01, 0.05), 39: (0.005, 0.01)}


def distorted(current_a: float, angle_deg: float = 40.0, frequency_hz: float = 50.0, phases: int = 3) -> Signal:
    signal = Signal.sine(230, current_a, angle_deg, frequency_hz=frequency_hz, phases=phases)
    for order, (voltage, current) in HARMONICS.items():
        signal = signal.with_harmonic(order, voltage, current)
    return signal


def measured(
    source: Signal | Course,
    seconds: float,
    *,
    bits: int = 16,
    rate_hz: float = 8000.0,
    block_s: float = 1.0,
    connection: Connection = Connection.FOUR_WIRE,
    method: Method = Method.FUNDAMENTAL,
    harmonics: bool = False,
    noise_lsb: float = 0.5,
) -> Windows:
    chains = Chains.ideal(1, 230, 100, connection=connection, bits=bits, rate_hz=rate_hz)
    chains = replace(chains, noise_lsb=np.full(1, noise_lsb))
    measure = Measurement(connection, rate_hz, 230, method=method, with_harmonics=harmonics)
    found = [measure.feed(u, i) for u, i in blocks(source, chains, seconds, block_s=block_s)]
    return joined([each for each in found if each is not None])


@pytest.mark.parametrize("frequency", [47.5, 50.0, 50.02, 52.5])
@pytest.mark.parametrize("current", [0.25, 5.0, 100.0])
def test_truth_at_16_bits_from_five_percent_of_the_basic_current(current: float, frequency: float) -> None:
    signal = distorted(current, frequency_hz=frequency)
    found = every(measured(signal, 10.6, harmonics=True), 50)
    assert found.seconds[0] > 9.5
    elements = slice(0, 3)
    assert found.voltage_v[0] == pytest.approx(signal.voltage_v, rel=2e-4)
    assert found.current_a[0, elements] == pytest.approx(signal.current_a, rel=2e-4)
    assert found.active_w[0] == pytest.approx(signal.active_w, rel=2e-4)
    assert found.reactive_var[0] == pytest.approx(signal.reactive_var, rel=2e-4)
    assert found.frequency_hz[0] == pytest.approx(frequency, abs=1e-3)
    assert found.distortion is not None
    voltage, currents = signal.distortion
    assert found.distortion.total[0, elements] == pytest.approx(voltage, abs=2e-4)
    assert found.distortion.total[0, 3:6] == pytest.approx(currents, abs=2e-4)


def test_without_noise_16_bits_miss_the_bar_where_the_samples_fall_into_step_with_the_line() -> None:
    # 160 samples come again at exactly 50 Hz: their rounding is the same in every cycle and no mean makes it smaller
    signal = Signal.sine(230, 0.25, 40)
    in_step, out_of_step = (
        every(measured(replace(signal, frequency_hz=f), 10.6, noise_lsb=0.0), 50) for f in (50.0, 50.02)
    )
    assert np.abs(in_step.active_w[0] / signal.active_w - 1).max() > 1e-3
    assert np.abs(out_of_step.active_w[0] / signal.active_w - 1).max() < 2e-4


@pytest.mark.parametrize("current", [0.25, 5.0, 50.0])
def test_the_thd_of_a_clean_current_is_the_floor_of_the_converter(current: float) -> None:
    # noise and rounding spread over 800 lines of 5 Hz, of which 39 subgroups take 117; it adds in squares to true THD
    found = every(measured(Signal.sine(230, current), 10.6, harmonics=True), 50)
    step = 2 * 1.2 * np.sqrt(2) * 100 / 2**16
    floor = step * np.hypot(0.5, 12**-0.5) * np.sqrt(117 / 800) / current
    assert found.distortion is not None
    assert found.distortion.total[0, 3:6] == pytest.approx(np.full(3, floor), rel=0.05)
    assert (floor < 2e-4) == (current > 5.8)  # hence the bar of 0.02 points needs 5.8 A, or a THD that hides the floor


def test_an_integrator_of_somebody_else_finds_the_same() -> None:
    harmonics = {order: (share, 0.0) for order, (share, _) in HARMONICS.items()}
    seen = integrate(
        Wave(230, 0, harmonics), Wave(5, 40, {k: (share, 0.0) for k, (_, share) in HARMONICS.items()}), 50.02, 500
    )
    signal = distorted(5, frequency_hz=50.02, phases=1)
    found = every(measured(signal, 10.4, connection=Connection.ONE_PHASE), 50)
    assert found.voltage_v[0, 0] == pytest.approx(seen.voltage, rel=2e-4)
    assert found.current_a[0, 0] == pytest.approx(seen.current, rel=2e-4)
    assert found.active_w[0, 0] == pytest.approx(seen.active, rel=2e-4)
    assert found.reactive_var[0, 0] == pytest.approx(seen.fundamental_reactive, rel=2e-4)


@pytest.mark.parametrize("rate", [4000.0, 8000.0, 64_000.0])
def test_every_rate_measures_alike(rate: float) -> None:
    signal = Signal.sine(230, 5, 60).with_harmonic(5, 0.1, 0.4)
    found = every(measured(signal, 2, rate_hz=rate), 5)
    assert found.active_w[0] == pytest.approx(signal.active_w, rel=2e-4)
    assert found.reactive_var[0] == pytest.approx(signal.reactive_var, rel=2e-4)


def test_each_window_alone_is_good() -> None:
    signal = distorted(5, frequency_hz=49.7)
    found = measured(signal, 3, bits=24)
    assert found.active_w == pytest.approx(np.broadcast_to(signal.active_w, found.active_w.shape), rel=1e-5)
    assert np.allclose(found.seconds, 10 / 49.7, rtol=1e-6)
    assert np.allclose(found.start_s[1:], found.start_s[:-1] + found.seconds[:-1])


def test_cuts_into_blocks_make_no_difference() -> None:
    signal = distorted(5, frequency_hz=50.3)
    one, many = (measured(signal, 3, bits=24, block_s=block_s) for block_s in (3.0, 0.0173))
    for name in ("start_s", "voltage_v", "active_w", "reactive_var"):
        assert getattr(many, name) == pytest.approx(getattr(one, name), rel=2e-5)


@pytest.mark.parametrize("method", list(Method))
def test_a_frequency_that_steps_spoils_no_window_but_its_own(method: Method) -> None:
    slow, fast = (Signal.sine(230, 5, 60, frequency_hz=f) for f in (49.0, 51.0))
    found = measured(Course((0.0, 2.0), (slow, fast)), 4, method=method)
    good = np.abs(found.reactive_var / slow.reactive_var - 1).max(axis=1) < 1e-3
    assert np.count_nonzero(~good) <= 2
    assert found.frequency_hz[0] == pytest.approx(49, abs=1e-3)
    assert found.frequency_hz[-1] == pytest.approx(51, abs=1e-3)


def test_two_elements_give_the_power_of_three_wires() -> None:
    signal = Signal.sine(133, 5, 30)
    for turned in (signal, Signal.sine(133, 5, 30, reversed_sequence=True)):
        found = every(measured(turned, 2, connection=Connection.ARON), 5)
        assert found.active_w[0].sum() == pytest.approx(signal.active_w.sum(), rel=2e-4)
        assert found.reactive_var[0].sum() == pytest.approx(signal.reactive_var.sum(), rel=2e-4)
        assert found.voltage_v[0] == pytest.approx(np.full(2, 133 * np.sqrt(3)), rel=2e-4)


def test_a_leak_shows_as_differential_current() -> None:
    found = every(measured(Signal.sine(230, 5, phases=1).with_leak(0.3), 2, connection=Connection.ONE_PHASE), 5)
    assert found.differential_a[0] == pytest.approx(0.3, rel=1e-3)
    assert found.current_a[0] == pytest.approx(np.array([5.3, 5.0]), rel=2e-4)
    none = every(measured(Signal.sine(230, [5, 3, 1]), 2, bits=24), 5)
    assert none.differential_a[0] < 1e-4
    assert none.current_a[0, 3] == pytest.approx(abs(Signal.sine(230, [5, 3, 1]).neutral[0]), rel=1e-4)


def test_the_high_pass_takes_direct_parts_away_and_can_be_left_out() -> None:
    signal = Signal.sine(230, 5, phases=1).with_direct(10, 1)
    drawn = signal.render(0, 16_000, 8000)
    channels = drawn.voltage, np.vstack([drawn.current, drawn.neutral])
    for highpass, volts, watts in ((True, 230, 1150), (False, np.hypot(230, 10), 1160)):
        found = Measurement(Connection.ONE_PHASE, 8000, 230, highpass=highpass).feed(*channels)
        assert found is not None
        assert found.voltage_v[:, 0] == pytest.approx(np.full(found.seconds.size, volts), rel=1e-6)
        assert found.active_w[:, 0] == pytest.approx(np.full(found.seconds.size, watts), rel=1e-5)


def test_memory_does_not_grow_with_time() -> None:
    signal = Signal.sine(230, 5)
    chains = Chains.ideal(1, 230, 100)
    measure = Measurement(Connection.FOUR_WIRE, 4000.0, 230)
    tracemalloc.start()
    sizes = []
    for number, (u, i) in enumerate(blocks(signal, chains, 30)):
        measure.feed(u, i)
        if number >= 5:
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert max(sizes) < 1.5 * min(sizes)
    assert measure.room.nbytes < 1_000_000


def test_ten_minutes_are_the_mean_of_squares_of_3000_windows() -> None:
    low, high = (Signal.sine(v, 5, phases=1) for v in (150, 300))
    found = measured(Course((0.0, 5.0), (low, high)), 10.2, connection=Connection.ONE_PHASE)
    ten = every(found, 50)
    assert ten.voltage_v[0, 0] == pytest.approx(np.sqrt((150**2 + 300**2) / 2), rel=3e-3)
    assert ten.active_w[0, 0] == pytest.approx((150 + 300) / 2 * 5, rel=4e-3)


def test_a_moving_mean_forgets_what_is_older() -> None:
    moving = Moving(3, squared=True)
    found = [float(moving.take(np.array(value))) for value in (3.0, 3.0, 3.0, 6.0, 6.0, 6.0, 6.0)]
    assert found[2] == pytest.approx(3)
    assert found[3] == pytest.approx(np.sqrt((9 + 9 + 36) / 3))
    assert found[-1] == pytest.approx(6)
