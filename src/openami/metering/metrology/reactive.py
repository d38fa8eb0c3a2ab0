"""Reactive power: three methods that agree on sines at nominal frequency and differ where harmonics flow.

With U_n, I_n RMS values and φ_n the lag of the n-th harmonic:

    fundamental      U_1·I_1·sin φ_1                               (IEC 62053-24)
    integrator       Σ U_n·I_n·sin φ_n / n                         (voltage turned by -90° at every n, weighted 1/n)
    quarter period   Σ U_n·I_n·cos(φ_n - n·90°)                    (voltage a quarter of the cycle late)

so that a fifth harmonic in both adds nothing, Q5/5 or Q5; a third adds nothing, Q3/3 or -Q3.
"""

from enum import StrEnum

import numpy as np

from openami.metering.metrology.arrays import Float
from openami.metering.metrology.signal import Signal


class Method(StrEnum):
    """How a meter makes reactive power."""

    FUNDAMENTAL = "fundamental"
    INTEGRATOR = "integrator"
    QUARTER_PERIOD = "quarter period"


def theory(signal: Signal, method: Method) -> Float:
    """What a method makes of a signal. [phases]."""
    if method is Method.FUNDAMENTAL:
        return signal.reactive_var
    alternating = signal.ratios > 0
    ratios = signal.ratios[alternating]
    power = signal.voltage[:, alternating] * signal.current[:, alternating].conj()
    if method is Method.INTEGRATOR:
        integrated: Float = (power.imag / ratios).sum(axis=-1)
        return integrated
    late: Float = (power * np.exp(-0.5j * np.pi * ratios)).real.sum(axis=-1)
    return late


def triangle(apparent_va: Float, active_w: Float) -> Float:
    """√(S² - P²): has no sign, hence no quadrant; never for billing."""
    side: Float = np.sqrt(np.maximum(apparent_va**2 - active_w**2, 0))
    return side


def integrated(voltage: Float, weights: Float, turn: Float) -> Float:
    """Voltage turned by 90° by integration, its fundamental as large as before.

    voltage: [..., samples]; weights: of whole cycles, their sum 1; turn: radians of the fundamental per sample.
    """
    level = voltage - (voltage * weights).sum(axis=-1, keepdims=True)
    inner = (13 * (level[..., 1:-2] + level[..., 2:-1]) - level[..., :-3] - level[..., 3:]) / 24
    edges = (level[..., :1] + level[..., 1:2]) / 2, (level[..., -2:-1] + level[..., -1:]) / 2
    steps = np.concatenate([np.zeros_like(edges[0]), edges[0], inner, edges[1]], axis=-1)
    summed = np.cumsum(steps, axis=-1) * turn
    turned: Float = summed - (summed * weights).sum(axis=-1, keepdims=True)
    return turned


def late(voltage: Float, delay: float) -> Float:
    """Voltage of a broken number of samples earlier, by a cubic through four. [..., n] -> [..., n - lead]."""
    whole = int(np.floor(delay))
    part = delay - whole
    weights = cubic(1 - part)
    lead = whole + 3
    count = voltage.shape[-1] - lead
    first = lead - whole - 2
    delayed: Float = sum(weights[k] * voltage[..., first + k : first + k + count] for k in range(4))  # type: ignore[assignment]
    return delayed


def cubic(place: float) -> tuple[float, float, float, float]:
    """Weights of four neighbours at -1, 0, 1, 2 for the value at a place between 0 and 1 (Lagrange)."""
    p = place
    return (
        -p * (p - 1) * (p - 2) / 6,
        (p + 1) * (p - 1) * (p - 2) / 2,
        -(p + 1) * p * (p - 2) / 2,
        (p + 1) * p * (p - 1) / 6,
    )
