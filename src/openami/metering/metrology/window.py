"""Means over a whole number of cycles that is no whole number of samples."""

import numpy as np

from openami.metering.metrology.arrays import Float


def weights(start: float | Float, length: float | Float, count: int) -> Float:
    """Weights whose sum with samples is the mean from `start` on over `length` samples, both broken numbers.

    The line between neighbours is integrated, so a sample at an edge counts by the part of it that lies inside.
    start, length: one or [...] -> [..., count].
    """
    first = np.asarray(start, np.float64)[..., None]
    last = first + np.asarray(length, np.float64)[..., None]
    places = np.arange(count)
    covered = ramp(last - places) - ramp(first - places)
    mean: Float = covered / (last - first)
    return mean


def ramp(distance: Float) -> Float:
    """Integral of the triangle of one sample up to a distance from it."""
    near = np.clip(distance, -1, 1)
    area: Float = np.where(near < 0, 0.5 * (near + 1) ** 2, 1 - 0.5 * (1 - near) ** 2)
    return area
