"""Harmonics by IEC 61000-4-7."""

import numpy as np
import pytest

from openami.metering.metrology.harmonics import distortion, laid, subgroups
from openami.metering.metrology.signal import Signal


def spectrum(signal: Signal, rate: int = 8000, windows: int = 2) -> np.ndarray:
    cycle = rate / signal.frequency_hz
    edges = 40.3 + 10 * cycle * np.arange(windows + 1)
    drawn = signal.render(0, int(edges[-1]) + 40, rate).current
    return distortion(drawn, edges).subgroups


@pytest.mark.parametrize("frequency", [47.5, 50.0, 52.5])
def test_every_order_is_found_with_its_share(frequency: float) -> None:
    signal = Signal.sine(230, 5, phases=1, frequency_hz=frequency)
    for order in range(2, 41):
        signal = signal.with_harmonic(order, 0, 1 / order**1.5)
    found = spectrum(signal)
    expected = 5 / np.arange(1, 41) ** 1.5
    assert found[..., 1:] == pytest.approx(np.broadcast_to(expected, (2, 1, 40)), rel=2e-4, abs=2e-4)


def test_lines_5_hz_beside_an_order_belong_to_its_subgroup_and_10_hz_do_not() -> None:
    signal = Signal.sine(230, 5, phases=1)
    assert spectrum(signal.with_line(5.1, 0, 0.3))[0, 0, 5] == pytest.approx(0.3, rel=1e-3)
    assert spectrum(signal.with_line(5.2, 0, 0.3))[0, 0, 5] < 1e-3
    assert spectrum(signal.with_direct(0, 0.4))[0, 0, 0] == pytest.approx(0.4, rel=1e-3)


def test_orders_beyond_40_do_not_fold_into_it() -> None:
    signal = Signal.sine(230, 5, phases=1).with_harmonic(61, 0, 0.3)
    found = spectrum(signal)
    assert np.sqrt((found[0, 0, 2:] ** 2).sum()) / 5 < 2e-4


def test_a_window_laid_on_its_cycles_is_the_wave() -> None:
    signal = Signal.sine(230, 5, phases=1, frequency_hz=50.37)
    length = 10 * 8000 / 50.37
    frame = laid(signal.render(0, 1700, 8000).voltage, 31.7, 31.7 + length)[0]
    angle = 2 * np.pi * (50.37 * 31.7 / 8000 + 10 * np.arange(2048) / 2048)
    assert frame == pytest.approx(230 * np.sqrt(2) * np.sin(angle), abs=0.02)
    assert subgroups(frame[None])[0, 1] == pytest.approx(230, rel=1e-5)
