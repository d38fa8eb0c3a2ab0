"""Counts at the boundaries of an endpoint's intervals, out of messages that overlap.

Each IDM tells the count at its last boundary and how much came in the 47 intervals before; intervals are numbered by
true time. A boundary whose own messages were all lost is filled from later ones, down to the next one that was heard:
if the steps do not lead there to the count, one of them was too great for its nine bits, and the gap stays open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.phy.ert import IDM
from openami.phy.ert.idm import CONSUMPTION_BITS, CONSUMPTIONS

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

FULL = (1 << CONSUMPTION_BITS) - 1
"""An interval that tells this may have had more."""
FLAGS = 48
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Told:
    """What an IDM tells: the number of its last interval, and the count at its end without roll-over."""

    number: int
    count: int
    message: IDM


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Count at the end of intervals, rising by number; heard itself or filled, and with an outage or not. [n] each."""

    number: Ints
    count: Ints
    is_heard: Mask
    is_dark: Mask


def boundaries(told: Sequence[Told], known: Boundaries | None = None) -> Boundaries:
    """All boundaries that these messages give; `known` ones that were heard before are held to."""
    numbers = np.array([each.number for each in told], np.int64)
    first = int(numbers.min()) - CONSUMPTIONS
    size = int(numbers.max()) - first + 1
    count, step = np.full(size, UNKNOWN, np.int64), np.full(size, UNKNOWN, np.int64)
    dark = np.zeros(size, np.bool_)
    if known is not None:
        inside = known.is_heard & (known.number >= first) & (known.number < first + size)
        count[known.number[inside] - first] = known.count[inside]
    for each in sorted(told, key=lambda one: one.number):
        end = each.number - first + 1
        if count[end - 1] == UNKNOWN:
            count[end - 1] = each.count
        step[end - CONSUMPTIONS : end] = each.message.differential_consumption_intervals[::-1]
        dark[max(0, end - FLAGS) : end] |= outages(each.message)[-min(FLAGS, end) :]
    is_heard = count != UNKNOWN
    fill(count, step)
    there = np.flatnonzero(count != UNKNOWN)
    return Boundaries(first + there, count[there], is_heard[there], dark[there])


def outages(message: IDM) -> Mask:
    """Outage of each of 48 intervals, the newest last. -> [48]."""
    bits = np.unpackbits(np.frombuffer(message.power_outage_flags, np.uint8))
    return bits[::-1].astype(np.bool_)


def fill(count: Ints, step: Ints) -> None:
    """Fill unknown counts downwards from known ones, in place; what does not meet the next known one stays unknown."""
    anchors = np.flatnonzero(count != UNKNOWN)
    below = np.concatenate([[-1], anchors[:-1]])
    for low, high in zip(below[anchors - below > 1].tolist(), anchors[anchors - below > 1].tolist(), strict=True):
        steps = step[low + 1 : high + 1][::-1]
        broken = np.flatnonzero((steps == UNKNOWN) | (steps == FULL))
        usable = int(broken[0]) if len(broken) else len(steps)
        led = int(count[high]) - np.cumsum(steps[:usable])
        if low >= 0 and usable == len(steps) and led[-1] != count[low]:
            continue
        led = led[: high - low - 1]
        led = led[: int(np.argmax(led < 0))] if (led < 0).any() else led
        count[high - len(led) : high] = led[::-1]
