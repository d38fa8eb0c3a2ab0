"""Phasors of the fundamental: angles, sequence, unbalance, line voltages."""

import numpy as np

from openami.metering.metrology.arrays import Bool, Complex, Float
from openami.metering.metrology.connection import Connection

TURN = np.exp(2j * np.pi / 3)


def angles_deg(phasors: Complex, reference: Complex) -> Float:
    """Lag behind a reference, 0 to 360 degrees. [...] -> [...]."""
    lag: Float = np.degrees(np.angle(reference * np.conj(phasors))) % 360
    return lag


def components(phasors: Complex) -> tuple[Complex, Complex, Complex]:
    """Zero, positive and negative sequence of three phases. [..., 3] -> three of [...]."""
    one, two, three = np.moveaxis(phasors, -1, 0)
    zero = (one + two + three) / 3
    positive = (one + TURN * two + TURN**2 * three) / 3
    negative = (one + TURN**2 * two + TURN * three) / 3
    return zero, positive, negative


def unbalance(phasors: Complex) -> Float:
    """U2/U1: negative by positive sequence; the smaller by the larger, to hold for either order. [..., 3] -> [...]."""
    _, positive, negative = (np.abs(part) for part in components(phasors))
    larger = np.maximum(positive, negative)
    share: Float = np.divide(np.minimum(positive, negative), larger, out=np.zeros(larger.shape), where=larger > 0)
    return share


def deviation(voltage_v: Float) -> Float:
    """Largest distance from the mean, as a share of the mean: the cheap form of unbalance. [..., 3] -> [...]."""
    mean = voltage_v.mean(axis=-1)
    share: Float = np.abs(voltage_v - mean[..., None]).max(axis=-1) / mean
    return share


def reversed_sequence(phasors: Complex, connection: Connection = Connection.FOUR_WIRE) -> Bool:
    """Whether the phases come in the order 1, 3, 2; from the voltages of the elements. [..., elements] -> [...]."""
    if connection is Connection.ARON:  # u12, u32: u32 comes 60° before u12 in the right order
        early: Bool = (phasors[..., 0] * np.conj(phasors[..., 1])).imag > 0
        return early
    _, positive, negative = components(phasors)
    turned: Bool = np.abs(negative) > np.abs(positive)
    return turned


def line_voltages(phasors: Complex, connection: Connection = Connection.FOUR_WIRE) -> Complex:
    """u12, u23, u31 from the voltages of the elements. [..., elements] -> [..., 3]."""
    if connection is Connection.ARON:
        across, third = phasors[..., 0], phasors[..., 1]
        return np.stack([across, -third, third - across], axis=-1)
    between: Complex = phasors - np.roll(phasors, -1, axis=-1)
    return between


def third_current(phasors: Complex) -> Complex:
    """The current a 3P3W meter does not see: i2 = -(i1 + i3). [..., 2] -> [...]."""
    back: Complex = -phasors.sum(axis=-1)
    return back
