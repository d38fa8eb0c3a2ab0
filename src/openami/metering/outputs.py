"""Pulse outputs: a contact between K and Y or Z that turns over with every quantum of energy (Ke).

Three wires (form C) give a pulse with each transfer; two wires (K and Y) one with each closure, half as many.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.metering.columns import Int64
from openami.metering.leds import pulse_times

WH_MJ = 3_600_000


class Wires(IntEnum):
    """How an output is wired."""

    KY = 2
    KYZ = 3


class Edges(NamedTuple):
    """Transfers of a contact: moments in µs, and to which side it went; True is K-Y. [edges]."""

    at_us: Int64
    to_y: NDArray[np.bool_]


def weight_mj(ke_mwh: int) -> int:
    """Energy of a transfer in mJ; Ke in thousandths of a Wh."""
    if ke_mwh < 1 or ke_mwh * WH_MJ % 1000:
        raise DefinitionError(f"Ke of {ke_mwh} mWh is no whole number of mJ")
    return ke_mwh * WH_MJ // 1000


def side(energy_mj: int, weight: int) -> bool:
    """Whether K-Y is closed: so with every other quantum."""
    return bool(energy_mj // weight % 2)


def edges(energy_mj: int, power_mw: int, weight: int, start_us: int, end_us: int) -> Edges:
    """Transfers in (start, end] of a register that stands so at `start`, the power holding all the time."""
    at = pulse_times(energy_mj, power_mw, weight, start_us, end_us)
    quanta = energy_mj // weight + 1 + np.arange(len(at))
    return Edges(at, quanta % 2 == 1)


def pulses(found: Edges, wires: Wires) -> Int64:
    """Moments that a counter at the other end counts. -> [pulses], in µs."""
    return found.at_us if wires is Wires.KYZ else found.at_us[found.to_y]


def intervals(octets: int, channels: int, block: int = 128) -> int:
    """Intervals that a memory holds: 2 octets and 2 a channel for each, 6 and 4 a channel for each block of 128."""
    each, head = 2 + 2 * channels, 6 + 4 * channels
    whole, rest = divmod(octets, block * each + head)
    return whole * block + max(0, (rest - head) // each)
