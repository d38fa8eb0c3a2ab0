"""Harmonics by IEC 61000-4-7: ten cycles, 5 Hz apart, subgroups of three lines, orders 1 to 40."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from openami.metering.metrology.arrays import Float

POINTS = 2048
"""Samples of a window after it has been laid on the cycles of the line."""
REACH = 16
"""Samples on either side of a place that make its value."""
PARTS = 512
"""Places between two samples for which the filter is kept; the line between them is taken."""
ORDERS = 40
CYCLES = 10
KAISER = 9.0


@dataclass(frozen=True, slots=True)
class Distortion:
    """Subgroups of every channel, RMS, orders 0 to 40. [windows, channels, orders + 1]."""

    subgroups: Float

    @property
    def total(self) -> Float:
        """THDS: orders 2 to 40 by the fundamental. [windows, channels]."""
        rest: Float = np.sqrt((self.subgroups[..., 2:] ** 2).sum(axis=-1))
        fundamental = self.subgroups[..., 1]
        share: Float = np.divide(rest, fundamental, out=np.zeros(rest.shape), where=fundamental > 0)
        return share


def distortion(samples: Float, edges: Float, cycles: int = CYCLES) -> Distortion:
    """Subgroups of windows between edges. [channels, n], [windows + 1] samples -> [windows, channels, orders + 1]."""
    pairs = pairwise(edges.tolist())
    return Distortion(np.stack([subgroups(laid(samples, start, stop), cycles) for start, stop in pairs]))


def subgroups(frame: Float, cycles: int = CYCLES) -> Float:
    """RMS of each order with its two neighbour lines, over whole cycles. [..., points] -> [..., orders + 1]."""
    lines = np.abs(np.fft.rfft(frame, axis=-1)) ** 2 * 2 / frame.shape[-1] ** 2
    lines[..., 0] /= 2
    centres = cycles * np.arange(1, ORDERS + 1)
    groups = lines[..., centres - 1] + lines[..., centres] + lines[..., centres + 1]
    found: Float = np.sqrt(np.concatenate([lines[..., :1], groups], axis=-1))
    return found


def bank() -> Float:
    """Filters between samples: sinc under a Kaiser window, each of unit gain at rest. [parts + 1, taps]."""
    part = np.arange(PARTS + 1)[:, None] / PARTS
    place = np.arange(-REACH + 1, REACH + 1) - part
    inside: Float = np.clip(1 - (place / REACH) ** 2, 0, None)
    taps = np.sinc(place) * np.i0(KAISER * np.sqrt(inside)) / np.i0(KAISER)
    normal: Float = taps / taps.sum(axis=1, keepdims=True)
    return normal


BANK = bank()


def laid(samples: Float, start: float, stop: float, points: int = POINTS) -> Float:
    """A window laid on `points` equal parts of its whole cycles. [channels, n] -> [channels, points]."""
    places = start + (stop - start) * np.arange(points) / points
    whole = np.floor(places).astype(np.intp)
    part = (places - whole) * PARTS
    below = part.astype(np.intp)
    share = (part - below)[:, None]
    taps = BANK[below] * (1 - share) + BANK[below + 1] * share
    reach = whole[:, None] + np.arange(-REACH + 1, REACH + 1)
    frame: Float = np.einsum("cpt,pt->cp", samples[:, reach], taps)
    return frame
