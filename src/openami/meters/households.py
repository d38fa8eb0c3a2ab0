"""Loads of houses drawn from the meters' serial numbers: BDEW shapes, noise, roofs with solar panels.

A pure function of serial number and minute: after a restart any minute comes out the same again.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openami.core.time import CET, DstRule
from openami.metering.state import Minutes
from openami.meters import draws, shapes

Floats = NDArray[np.float64]

SLOT_S = 900
SOLAR_SHARE = 0.25
ANNUAL_KWH, ANNUAL_SPREAD = 2_900.0, 0.45  # median and sigma of the logarithm
EFFICIENCY = 0.8  # of a roof, against its peak power at noon under a clear sky
NOMINAL_MV = 230_000
SUPPLY_OHM = 0.25

# Streams of the generator: one number for each thing drawn.
ANNUAL, SOLAR, PEAK, SHIFT, TANGENT, BALANCE, SLOT, MINUTE, CLOUD, SUPPLY = range(10)


def exponential(floor: float) -> Floats:
    """1,024 quantiles of mean 1: a part that is always on, the rest exponential. -> [1024]."""
    quantiles = -np.log1p(-(np.arange(1024, dtype=np.float64) + 0.5) / 1024)
    mixed: Floats = floor + (1 - floor) * quantiles / quantiles.mean()
    return mixed


class Households:
    """One house behind each meter; a quarter of them with solar panels on the roof."""

    def __init__(self, serials: Sequence[str], zone: DstRule = CET) -> None:
        self.zone = zone
        self.seeds = draws.seeds(serials)
        self.annual_kwh = ANNUAL_KWH * np.exp(ANNUAL_SPREAD * self._normal(ANNUAL))
        solar = draws.uniform(self.seeds, SOLAR) < SOLAR_SHARE
        self.peak_kw: Floats = np.where(solar, 2.5 + 4.5 * draws.uniform(self.seeds, PEAK), 0.0)
        self.shift = np.floor(draws.uniform(self.seeds, SHIFT) * 9).astype(np.int64) - 4
        self.tangent = 0.1 + 0.25 * draws.uniform(self.seeds, TANGENT)
        self.phases = self._balance()
        self.slot_noise, self.minute_noise = exponential(0.35), exponential(0.6)

    def _normal(self, stream: int) -> Floats:
        """Nearly normal numbers, one for each meter: sum of twelve uniform ones."""
        twelve = [draws.uniform(self.seeds, 100 * (stream + 1) + i) for i in range(12)]
        total: Floats = np.sum(twelve, axis=0) - 6.0
        return total

    def _balance(self) -> Floats:
        """Shares of the three phases in each house's power. -> [meters, phases]."""
        shares = np.stack([0.1 + draws.uniform(self.seeds, 1000 + phase) for phase in range(3)], axis=1)
        parts: Floats = shares / shares.sum(axis=1, keepdims=True)
        return parts

    def power(self, start_utc: int, minutes: int) -> Minutes:
        """Load of each minute from `start_utc` on. -> [minutes, meters]."""
        utc = start_utc + 60 * np.arange(minutes, dtype=np.int64)
        slots, slot_of_minute = np.unique(utc // SLOT_S, return_inverse=True)
        drawn = draws.bits(self.seeds, utc // 60, MINUTE)
        use = self._use(slots)[slot_of_minute] * self.minute_noise[drawn >> np.uint64(54)]
        active = np.rint(use - self._sun(slots)[slot_of_minute]).astype(np.int64)
        reactive = np.rint(use * self.tangent).astype(np.int64)
        voltage = self._voltage(active, drawn)
        return Minutes(active, reactive, voltage, self._current(active, reactive, voltage))

    def _use(self, slots: NDArray[np.int64]) -> Floats:
        """Mean use in mW of each quarter-hour. [slots] -> [slots, meters]."""
        local = shapes.local_seconds(slots * SLOT_S, self.zone)
        noise = self.slot_noise[draws.bits(self.seeds, slots, SLOT) >> np.uint64(54)]
        use: Floats = shapes.mean_power(local, self.shift) * (self.annual_kwh * 1e6) * noise
        return use

    def _sun(self, slots: NDArray[np.int64]) -> Floats:
        """Yield of the roofs in mW. [slots] -> [slots, meters]."""
        clear = shapes.sunlight(slots * SLOT_S + SLOT_S // 2)
        if not clear.any():
            return np.zeros((len(slots), len(self.seeds)))
        cloud = (draws.bits(self.seeds, slots // 2, CLOUD) >> np.uint64(54)) / 1024.0
        yielded: Floats = clear[:, None] * (0.25 + 0.75 * cloud) * (self.peak_kw * EFFICIENCY * 1e6)
        return yielded

    def _voltage(self, active_mw: NDArray[np.int64], drawn: draws.Bits) -> NDArray[np.int32]:
        """Volts at the terminals in mV: the network's wobble less the drop of the load. -> [.., phases]."""
        wobble = ((drawn & np.uint64(0xFFF)).astype(np.int64) - 2048)[:, :, None]
        drop = active_mw[:, :, None] * self.phases * (SUPPLY_OHM * 1000 / NOMINAL_MV)
        return (NOMINAL_MV + wobble - drop).astype(np.int32)

    def _current(
        self, active_mw: NDArray[np.int64], reactive_mvar: NDArray[np.int64], voltage_mv: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """Amps in mA: apparent power of each phase over its voltage. -> [minutes, meters, phases]."""
        apparent = np.hypot(active_mw, reactive_mvar)[:, :, None] * self.phases
        return np.rint(apparent * 1000 / voltage_mv).astype(np.int32)
