"""Currents that flow for a part of the sine only: their spectra from the integral over the parts.

c_r = 1/(π·m) · ∫ sin θ · exp(-j·r·θ) dθ   over the parts inside m cycles (amplitude of exp(j·r·θ), one side)
"""

from collections.abc import Sequence

import numpy as np

from openami.metering.metrology.arrays import Complex, Float

Parts = Sequence[tuple[float, float]]

HALF_WAVE: Parts = ((0.0, np.pi),)
BURST: Parts = ((0.0, 4 * np.pi),)
"""Two cycles of four."""


def phase_fired(firing_deg: float = 90.0) -> Parts:
    """Each half wave from the firing angle to its end."""
    fired = np.radians(firing_deg)
    return ((fired, np.pi), (np.pi + fired, 2 * np.pi))


def power_share(parts: Parts, cycles: int = 1) -> float:
    """Mean square of the parts, as a share of that of the whole sine."""
    return float(sum((b - a) / 2 - (np.sin(2 * b) - np.sin(2 * a)) / 4 for a, b in parts) / (np.pi * cycles))


def spectrum(parts: Parts, ratios: Float, cycles: int = 1) -> Complex:
    """RMS phasors of the parts of sin θ; with all lines the RMS value would be 1. [lines] -> [lines]."""
    rising = sum((wave(ratios, a, b, 1) - wave(ratios, a, b, -1)) / 2j for a, b in parts)
    scale = np.where(ratios == 0, 0.5, np.sqrt(0.5)) / (np.pi * cycles)
    lines: Complex = rising * scale / np.sqrt(power_share(parts, cycles) / 2)
    return lines


def wave(ratios: Float, start: float, stop: float, sign: int) -> Complex:
    """Integral of exp(j·(sign - r)·θ) from start to stop. [lines] -> [lines]."""
    speed = sign - ratios
    still = np.isclose(speed, 0)
    safe = np.where(still, 1, speed)
    turned = (np.exp(1j * safe * stop) - np.exp(1j * safe * start)) / (1j * safe)
    return np.where(still, stop - start, turned)
