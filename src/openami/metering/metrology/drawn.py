"""Errors of meters as a factory leaves them, drawn from their serial numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from openami.metering.metrology.arrays import Float
from openami.metering.metrology.chain import Chains
from openami.metering.metrology.connection import Connection

CHANNELS = 4
"""Three elements and the neutral: always drawn, so that the wiring changes nothing."""
BOUND = 3.0
"""The factory lets nothing out beyond three standard deviations."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations of what is drawn; nothing lies beyond three of them."""

    gain: float = 0.01 / 6
    """Of power, as a share: a sixth of the class limit."""
    phase_arcmin: float = 1.5
    slope_per_k: float = 0.0005 / 4
    """Of power: a quarter of the limit of the mean temperature coefficient."""
    phase_slope_arcmin_per_k: float = 0.01
    offset_a: float = 0.0
    """Current that the voltage puts into the channel, in phase with it at nominal voltage."""
    offset_lsb: float = 2.0
    clock_ppm: float = 5.0
    noise_lsb: float = 0.5
    """Not drawn: the same in all meters."""

    @classmethod
    def of(cls, limit_percent: float, percent_per_k: float, starting_current_a: float) -> Self:
        """The spread that a class allows: limit at PF 1, mean temperature coefficient, starting current."""
        return cls(
            gain=limit_percent / 600,
            phase_arcmin=1.5 if limit_percent >= 1 else 1.0,
            slope_per_k=percent_per_k / 400,
            offset_a=starting_current_a / 50,
        )

    @classmethod
    def uncalibrated(cls) -> Self:
        """As meters come from the line, before calibration."""
        return cls(gain=0.01, phase_arcmin=10.0, offset_a=0.002, offset_lsb=20.0)


def drawn(
    serials: Sequence[int],
    seed: int,
    spread: Spread,
    voltage_v: float,
    maximum_current_a: float,
    *,
    connection: Connection = Connection.FOUR_WIRE,
    bits: int = 20,
    rate_hz: float = 4000.0,
    shunt: bool = False,
    neutral_shunt: bool = False,
) -> Chains:
    """Chains of meters with these serial numbers: one serial number and seed give one meter, in any company."""
    ideal = Chains.ideal(list(serials), voltage_v, maximum_current_a, connection=connection, bits=bits, rate_hz=rate_hz)
    dice = np.stack([np.random.default_rng([seed, serial]).standard_normal((9, CHANNELS)) for serial in serials])
    gain_u, gain_i, arcmin, coupling, zero_u, zero_i, slope, bend, clock = np.moveaxis(
        np.clip(dice, -BOUND, BOUND), 1, 0
    )
    elements = list(range(connection.elements))
    currents = [*elements, CHANNELS - 1]
    return replace(
        ideal,
        gain_u=scaled(gain_u, elements, 0.5 * spread.gain),
        gain_i=scaled(gain_i, currents, np.sqrt(0.75) * spread.gain),
        phase_arcmin=scaled(arcmin, currents, spread.phase_arcmin),
        coupling_s=scaled(coupling, elements, spread.offset_a / voltage_v),
        offset_u_lsb=scaled(zero_u, elements, spread.offset_lsb),
        offset_i_lsb=scaled(zero_i, currents, spread.offset_lsb),
        slope_per_k=scaled(slope, elements, spread.slope_per_k),
        phase_slope_arcmin_per_k=scaled(bend, elements, spread.phase_slope_arcmin_per_k),
        noise_lsb=np.full(ideal.meters, spread.noise_lsb),
        clock_ppm=clock[:, 0] * spread.clock_ppm,
        shunt=np.array([shunt] * connection.elements + [neutral_shunt]),
        seed=seed,
    )


def scaled(numbers: Float, channels: Sequence[int], deviation: float) -> Float:
    """Drawn numbers of some channels with their deviation. [meters, channels]."""
    chosen: Float = numbers[:, channels] * deviation
    return chosen
