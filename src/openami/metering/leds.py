"""Light-emitting diodes of a meter: energy pulses at their exact times, and what an eye sees of them."""

from enum import StrEnum

import numpy as np

from openami.core.errors import DefinitionError
from openami.metering.columns import Int64

KWH_MJ = 3_600_000_000
SECOND_US = 1_000_000


class Glow(StrEnum):
    """What an eye sees."""

    DARK = "dark"
    STEADY = "steady"
    FLASHING = "flashing"
    BLINKING = "blinking"
    """On and off for equal times."""


def weight_mj(pulses_per_kwh: int) -> int:
    """Energy of one pulse in mJ (mvar·s); 1000 imp/kWh is 1 Wh."""
    if pulses_per_kwh < 1 or KWH_MJ % pulses_per_kwh:
        raise DefinitionError(f"{pulses_per_kwh} pulses: the energy of one is no whole number of mJ")
    return KWH_MJ // pulses_per_kwh


def pulse_times(energy_mj: int, power_mw: int, weight: int, start_us: int, end_us: int) -> Int64:
    """Moments in (start, end] at which a register reaches the next pulses. -> [pulses], in µs.

    `energy_mj` is the register at `start`, both directions together; the power holds all the time. A moment is
    the first µs at which the energy is there.
    """
    power = abs(power_mw)
    if not power:
        return np.zeros(0, np.int64)
    last = (energy_mj * SECOND_US + power * (end_us - start_us)) // (weight * SECOND_US)
    wanted = np.arange(energy_mj // weight + 1, last + 1, dtype=np.int64) * weight - energy_mj
    times: Int64 = start_us - (-wanted * SECOND_US) // power
    return times


def glow(*, powered: bool, power_mw: int) -> Glow:
    """Tell the states of a pulse LED: flashing with energy, steady without load, dark without supply."""
    if not powered:
        return Glow.DARK
    return Glow.FLASHING if power_mw else Glow.STEADY


def is_lit(times: Int64, now_us: int, pulse_us: int) -> bool:
    """Whether one of these pulses, each so long, is still to be seen."""
    return bool(((times <= now_us) & (now_us - times < pulse_us)).any())
