"""Energy registers: active and reactive, both directions, by rate; whole Wh with the remainder carried."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np

from openami.metering.columns import Columns, Int64
from openami.metering.load import Power

WH_MJ = 3_600_000
TOTAL = 0


class Energy(IntEnum):
    """Rows of the registers, in the order of OBIS groups 1.8, 2.8, 3.8 and 4.8."""

    ACTIVE_IMPORT = 0
    ACTIVE_EXPORT = 1
    REACTIVE_IMPORT = 2
    REACTIVE_EXPORT = 3


@dataclass(slots=True)
class Registers:
    """Whole Wh (varh) by rate and the mJ (mvar·s) below one Wh. [4, rates, meters], [4, meters].

    The remainder belongs to the total: a full Wh goes to the rate in force at that moment, as a pulse does
    in a meter. So the rates add up to the total, to the Wh and at any time.
    """

    rates: Int64
    remainder: Int64

    @classmethod
    def zero(cls, meters: int, rates: int) -> Self:
        """Make the registers of new meters."""
        kinds = len(Energy)
        return cls(np.zeros((kinds, rates, meters), np.int64), np.zeros((kinds, meters), np.int64))

    def add(self, columns: Columns, rate: int, energy: Int64) -> None:
        """Count energy into a rate. [4, meters]."""
        remainder = self.remainder[:, columns] + energy
        whole = remainder // WH_MJ
        self.rates[:, rate - 1, columns] += whole
        self.remainder[:, columns] = remainder - whole * WH_MJ

    def integrate(self, power: Power, columns: Columns, start: int, end: int, rate: int) -> None:
        """Count the energy of one span."""
        self.add(columns, rate, power.energy(columns, start, end))

    def wh(self, energy: Energy, rate: int = TOTAL) -> Int64:
        """Register of one rate, or the total, as shown. -> [meters]."""
        rates: Int64 = self.rates[energy]
        wh: Int64 = rates.sum(axis=0) if rate == TOTAL else rates[rate - 1]
        return wh

    def mj(self, energy: Energy) -> Int64:
        """Total to the last mJ (mvar·s). -> [meters]."""
        below: Int64 = self.remainder[energy]
        return self.wh(energy) * WH_MJ + below

    def value(self, meter: int, energy: Energy, rate: int = TOTAL) -> int:
        """Register of one meter as shown."""
        rates = self.rates[energy, :, meter]
        return int(rates.sum() if rate == TOTAL else rates[rate - 1])
