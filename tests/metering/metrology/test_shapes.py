"""Half waves, phase firing and bursts: spectra against known formulas and against the wave itself."""

import numpy as np
import pytest

from metering.metrology.witness import sine_rms_over
from openami.metering.metrology import shapes
from openami.metering.metrology.point import Point, Waveform, signal_of
from openami.metering.metrology.signal import Signal

PI = np.pi


def test_a_half_wave_has_the_series_of_the_textbook() -> None:
    # sin+ = 1/π + sin(θ)/2 - 2/π · Σ cos(2kθ)/(4k² - 1), RMS 1/2
    lines = shapes.spectrum(shapes.HALF_WAVE, np.array([0.0, 1, 2, 3, 4])) * 0.5
    assert lines[0].real == pytest.approx(1 / PI)
    assert abs(lines[1]) * np.sqrt(2) == pytest.approx(0.5)
    assert lines[2] * np.sqrt(2) == pytest.approx(-2 / PI / 3)
    assert abs(lines[3]) < 1e-15
    assert lines[4] * np.sqrt(2) == pytest.approx(-2 / PI / 15)


@pytest.mark.parametrize(
    ("parts", "cycles"),
    [(shapes.HALF_WAVE, 1), (shapes.phase_fired(), 1), (shapes.phase_fired(60), 1), (shapes.BURST, 4)],
)
def test_shares_of_power_are_those_of_the_wave(parts: shapes.Parts, cycles: int) -> None:
    assert np.sqrt(shapes.power_share(parts, cycles) / 2) == pytest.approx(
        sine_rms_over(tuple(parts), cycles), rel=1e-5
    )


@pytest.mark.parametrize(("parts", "cycles"), [(shapes.HALF_WAVE, 1), (shapes.phase_fired(), 1), (shapes.BURST, 4)])
def test_many_lines_are_the_wave(parts: shapes.Parts, cycles: int) -> None:
    ratios = np.arange(0, 1200) / cycles
    none = np.zeros(ratios.size, complex)
    signal = Signal(50.0, ratios, none[None], shapes.spectrum(parts, ratios, cycles)[None], none)
    places = (np.arange(4000) + 0.5) / 4000 * cycles / 50
    drawn = signal.render(places[0], 4000, 4000 * 50 / cycles).current[0]
    inside = np.any([(2 * PI * 50 * places >= a) & (2 * PI * 50 * places < b) for a, b in parts], axis=0)
    wanted = np.where(inside, np.sin(2 * PI * 50 * places), 0) / sine_rms_over(tuple(parts), cycles)
    assert np.sqrt(np.mean((drawn - wanted) ** 2)) < 0.02
    assert signal.current_a[0] == pytest.approx(1, abs=1e-3)


def test_test_points_of_the_standard_have_the_power_of_their_circuit() -> None:
    # a diode lets half the power of Û·Î/2 through: U·I/2 at full current I, here I/√2 RMS
    full = 100.0
    point = Point(230, full / np.sqrt(2), waveform=Waveform.HALF_WAVE)
    assert signal_of(point).active_w.sum() == pytest.approx(3 * 230 * full / 2)
    burst = Point(230, 2.5 / np.sqrt(2), waveform=Waveform.BURST)
    assert signal_of(burst).active_w.sum() == pytest.approx(3 * 230 * 2.5 / 2)
    assert signal_of(burst).cycles == 4
    fired = Point(230, 2.5 / np.sqrt(2), waveform=Waveform.PHASE_FIRED)
    assert signal_of(fired).active_w.sum() == pytest.approx(3 * 230 * 2.5 / 2)
    assert signal_of(fired).reactive_var.sum() == pytest.approx(3 * 230 * 2.5 / PI)  # firing at the crest lags
