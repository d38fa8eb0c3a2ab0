"""What drives a meter: power, voltage and current of each minute."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import LocalProtocolError
from openami.metering.columns import Columns, Int64

MINUTE_S = 60
NOMINAL_V = 230


@dataclass(frozen=True, slots=True)
class Minutes:
    """Load of each minute: netted power [minutes, meters], voltage and current [minutes, meters, phases].

    Positive active power is import, positive reactive power is +R.
    """

    active_mw: Int64
    reactive_mvar: Int64
    voltage_mv: NDArray[np.int32]
    current_ma: NDArray[np.int32]

    @classmethod
    def of_phases(
        cls,
        active_mw: Int64,
        reactive_mvar: Int64,
        voltage_mv: NDArray[np.int32],
        current_ma: NDArray[np.int32],
    ) -> Self:
        """Net the phases before the sign is looked at. [minutes, meters, phases] -> one load."""
        return cls(active_mw.sum(axis=2), reactive_mvar.sum(axis=2), voltage_mv, current_ma)


class Load(Protocol):
    """Source of minutes: a pure function of time, so that any minute can be asked for again."""

    def power(self, start_utc: int, minutes: int) -> Minutes:
        """Load of each minute from the full minute `start_utc` on."""
        ...


class Power:
    """Power of the minutes of one slice as the meter registers it: nothing below the guard band."""

    def __init__(self, first: int, minutes: Minutes, *, meters: int, no_load_ma: int) -> None:
        if minutes.active_mw.shape != minutes.reactive_mvar.shape or minutes.active_mw.shape[1:] != (meters,):
            raise LocalProtocolError(f"load of shape {minutes.active_mw.shape} for {meters} meters")
        self.first = first
        self.opens = (first + MINUTE_S * np.arange(len(minutes.active_mw), dtype=np.int64))[:, None]
        self.kinds = [
            guarded(power, minutes.current_ma, no_load_ma) for power in (minutes.active_mw, minutes.reactive_mvar)
        ]
        self.scratch = np.empty_like(minutes.active_mw)

    def energy(self, columns: Columns, start: int, end: int) -> Int64:
        """Count A+, A-, R+ and R- of one span in mJ and mvar·s. -> [4, meters]."""
        if (start - self.first) % MINUTE_S or (end - self.first) % MINUTE_S:
            return self.energy_between(columns, np.full(1, start), np.full(1, end))
        span = slice((start - self.first) // MINUTE_S, (end - self.first) // MINUTE_S)
        parts: list[Int64] = []
        for kind in self.kinds:
            power = kind[span, columns]
            imported = np.maximum(power, 0, out=self.scratch[: len(power), : power.shape[1]]).sum(axis=0)
            parts += [imported, imported - power.sum(axis=0)]
        return np.multiply(parts, MINUTE_S)

    def energy_between(self, columns: Columns, start: Int64, end: Int64) -> Int64:
        """Count spans to the second, one for all meters or one each. [1 or meters] -> [4, meters]."""
        inside = np.minimum(end, self.opens + MINUTE_S) - np.maximum(start, self.opens)
        seconds = np.clip(inside, 0, MINUTE_S)
        parts: list[Int64] = []
        for kind in self.kinds:
            energy = kind[:, columns] * seconds
            imported = np.maximum(energy, 0).sum(axis=0)
            parts += [imported, imported - energy.sum(axis=0)]
        return np.array(parts, np.int64)


def guarded(power: Int64, current_ma: NDArray[np.int32], no_load_ma: int) -> Int64:
    """Take creep out: every phase current below the guard band, and power no more than such currents make.

    A small difference of large phases is a real load and stays.
    """
    band = no_load_ma * NOMINAL_V * current_ma.shape[2]
    minute, meter = np.nonzero((power < band) & (power > -band) & (power != 0))
    creep = (current_ma[minute, meter] < no_load_ma).all(axis=1)
    if not creep.any():
        return power
    kept = power.copy()
    kept[minute[creep], meter[creep]] = 0
    return kept
