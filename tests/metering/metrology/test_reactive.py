"""Three reactive methods: alike on sines, apart on harmonics by the formula, one of them off at other frequencies.

With 10 % of the fifth in U and 40 % in I, φ5 the lag between them: Q1, Q1 + Q5/5, Q1 + Q5 with Q5 = 0.04·U1·I1·sin φ5.
"""

from dataclasses import replace

import numpy as np
import pytest

from openami.metering.metrology import Chains, Connection, Method, Signal, steady
from openami.metering.metrology.aggregates import every, joined
from openami.metering.metrology.measurement import Measurement
from openami.metering.metrology.reactive import late, theory, triangle
from openami.metering.metrology.stream import blocks

ONE = Connection.ONE_PHASE
METERS = Chains.ideal(1, 230, 100, connection=ONE, bits=16, rate_hz=8000)


def found(signal: Signal, method: Method) -> float:
    return float(steady(signal, replace(METERS, noise_lsb=np.full(1, 0.5)), method=method, seconds=5).reactive_var[0])


@pytest.mark.parametrize("angle", [30, 60, 90, -60, 150, -150])
@pytest.mark.parametrize("method", list(Method))
def test_methods_agree_on_a_sine_in_every_quadrant(method: Method, angle: float) -> None:
    signal = Signal.sine(230, 5, angle, phases=1, frequency_hz=49.6)
    assert found(signal, method) == pytest.approx(1150 * np.sin(np.radians(angle)), rel=3e-4)


@pytest.mark.parametrize("lag_5", [90, 30, -90])
def test_methods_differ_under_a_fifth_as_theory_says(lag_5: float) -> None:
    signal = Signal.sine(230, 5, 60, phases=1).with_harmonic(5, 0.1, 0.4, current_deg=-lag_5 + 300)
    # the wave of the current begins 60 degrees later, its fifth 300 degrees of its own: 300 - lag puts it to lag_5
    q_1 = 230 * 5 * np.sin(np.radians(60))
    q_5 = 0.04 * 230 * 5 * np.sin(np.radians(lag_5))
    expected = {Method.FUNDAMENTAL: q_1, Method.INTEGRATOR: q_1 + q_5 / 5, Method.QUARTER_PERIOD: q_1 + q_5}
    for method, value in expected.items():
        assert theory(signal, method)[0] == pytest.approx(value, rel=1e-9)
        assert found(signal, method) == pytest.approx(value, rel=3e-4)
    assert abs(q_5) > 20


def test_a_third_turns_the_delay_the_other_way() -> None:
    signal = Signal.sine(230, 5, 0, phases=1).with_harmonic(3, 0.1, 0.4, current_deg=-90)
    q_3 = 0.04 * 1150
    for method, value in (
        (Method.FUNDAMENTAL, 0.0), (Method.INTEGRATOR, q_3 / 3), (Method.QUARTER_PERIOD, -q_3)
    ):  # fmt: skip
        assert theory(signal, method)[0] == pytest.approx(value, abs=1e-9)
        assert found(signal, method) == pytest.approx(value, abs=0.15)


@pytest.mark.parametrize("method", list(Method))
def test_the_stream_measures_by_the_same_methods(method: Method) -> None:
    signal = Signal.sine(230, 5, 60, phases=1, frequency_hz=50.3).with_harmonic(5, 0.1, 0.4, current_deg=210)
    measure = Measurement(ONE, 8000, 230, method=method)
    parts = [measure.feed(u, i) for u, i in blocks(signal, METERS, 3)]
    mean = every(joined([part for part in parts if part is not None]), 10)
    assert mean.reactive_var[0, 0] == pytest.approx(theory(signal, method)[0], rel=3e-4)
    assert mean.fundamental_var[0, 0] == pytest.approx(signal.reactive_var[0], rel=3e-4)
    assert mean.fundamental_w[0, 0] == pytest.approx(signal.fundamental_w[0], rel=3e-4)


def test_a_delay_in_samples_errs_where_the_frequency_is_not_nominal() -> None:
    # 40 samples are a quarter of 50 Hz; at 51 Hz they are 1.8 degrees more
    signal = Signal.sine(230, 5, 30, phases=1, frequency_hz=51)
    drawn = signal.render(0, 8000 + 43, 8000)
    delayed = late(drawn.voltage, 40.0)[0]
    wrong = float(np.mean(delayed * drawn.current[0, -delayed.size :]))
    assert wrong == pytest.approx(1150 * np.cos(np.radians(30 - 91.8)), rel=1e-3)
    assert found(signal, Method.QUARTER_PERIOD) == pytest.approx(1150 * 0.5, rel=3e-4)


def test_the_triangle_has_no_sign() -> None:
    for angle in (60, -60):
        signal = Signal.sine(230, 5, angle, phases=1)
        assert triangle(np.array(1150.0), signal.active_w[0]) == pytest.approx(abs(signal.reactive_var[0]))
    assert triangle(np.array(1.0), np.array(1.0 + 1e-12)) == 0
