"""Apparent power and the sums over the phases."""

from enum import StrEnum

import numpy as np

from openami.metering.metrology.arrays import Bool, Float
from openami.metering.metrology.connection import Connection


class Summation(StrEnum):
    """How the powers of the phases become energy in two directions."""

    VECTORIAL = "vectorial"
    """The sum, as a Ferraris disc turns: 40, -25, 50 W give +65 / 0."""
    BY_SIGN = "by sign"
    """Each phase into the register of its direction: +90 / 25."""
    ABSOLUTE = "absolute"
    """Each phase into import: +115 / 0."""


def summed(power: Float, how: Summation) -> tuple[Float, Float]:
    """Power of the phases into the two directions, both at least 0. [..., phases] -> [...], [...]."""
    if how is Summation.VECTORIAL:
        total = power.sum(axis=-1)
        return np.maximum(total, 0), np.maximum(-total, 0)
    if how is Summation.ABSOLUTE:
        return np.abs(power).sum(axis=-1), np.zeros(power.shape[:-1])
    return np.maximum(power, 0).sum(axis=-1), np.maximum(-power, 0).sum(axis=-1)


def arithmetic(voltage_v: Float, current_a: Float, connection: Connection) -> Float:
    """Sum of U·I of the elements; √3/2 of it where two elements measure three wires. [..., elements] -> [...]."""
    share = np.sqrt(3) / 2 if connection is Connection.ARON else 1.0
    power: Float = share * (voltage_v * current_a).sum(axis=-1)
    return power


def vectorial(active_w: Float, reactive_var: Float) -> Float:
    """√((ΣP)² + (ΣQ)²). [..., elements] -> [...]."""
    power: Float = np.hypot(active_w.sum(axis=-1), reactive_var.sum(axis=-1))
    return power


def power_factor(active_w: Float, apparent_va: Float) -> Float:
    """P/S with the sign of P; 1 where nothing flows. [...] -> [...]."""
    factor: Float = np.divide(active_w, apparent_va, out=np.ones(np.shape(active_w)), where=apparent_va > 0)
    return np.clip(factor, -1, 1)


def displacement_factor(active_w: Float, reactive_var: Float) -> Float:
    """Cos φ1 of the fundamental with its sign. [...] -> [...]."""
    return power_factor(active_w, np.hypot(active_w, reactive_var))


def inductive(active_w: Float, reactive_var: Float) -> Bool:
    """Whether the load is inductive (`i`): Q has the sign of P; capacitive (`c`) where not. [...] -> [...]."""
    alike: Bool = (active_w >= 0) == (reactive_var >= 0)
    return alike
