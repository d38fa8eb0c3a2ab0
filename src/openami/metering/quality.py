"""Instantaneous values: what the registers of voltage, current and power show now."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import Columns, Int64
from openami.metering.load import Minutes
from openami.metering.quantities import Book, Measuring, Power

NOTHING = Book.of(())
PHASES, NEUTRAL, FREQUENCY = range(3)


@dataclass(slots=True)
class Live:
    """Values of the last minute; a meter without supply shows nothing. [meters], [meters, phases].

    `known` tells what the source of the load gives besides: powers of the phases, neutral, frequency.
    """

    active_mw: Int64
    reactive_mvar: Int64
    voltage_mv: NDArray[np.int32]
    current_ma: NDArray[np.int32]
    phase_active_mw: Int64
    phase_reactive_mvar: Int64
    neutral_ma: NDArray[np.int32]
    frequency_mhz: NDArray[np.int32]
    known: NDArray[np.bool_]

    @classmethod
    def zero(cls, meters: int, phases: int) -> Self:
        """Before the first minute."""
        return cls(
            np.zeros(meters, np.int64),
            np.zeros(meters, np.int64),
            np.zeros((meters, phases), np.int32),
            np.zeros((meters, phases), np.int32),
            np.zeros((meters, phases), np.int64),
            np.zeros((meters, phases), np.int64),
            np.zeros(meters, np.int32),
            np.zeros(meters, np.int32),
            np.zeros(3, np.bool_),
        )

    def take(self, minutes: Minutes, powered: NDArray[np.bool_]) -> None:
        """Show the last of these minutes."""
        np.multiply(minutes.active_mw[-1], powered, out=self.active_mw)
        np.multiply(minutes.reactive_mvar[-1], powered, out=self.reactive_mvar)
        np.multiply(minutes.voltage_mv[-1], powered[:, None], out=self.voltage_mv)
        np.multiply(minutes.current_ma[-1], powered[:, None], out=self.current_ma)
        given = (minutes.phase_active_mw, minutes.neutral_ma, minutes.frequency_mhz)
        self.known = np.array([part is not None for part in given])
        if minutes.phase_active_mw is not None and minutes.phase_reactive_mvar is not None:
            np.multiply(minutes.phase_active_mw[-1], powered[:, None], out=self.phase_active_mw)
            np.multiply(minutes.phase_reactive_mvar[-1], powered[:, None], out=self.phase_reactive_mvar)
        if minutes.neutral_ma is not None:
            np.multiply(minutes.neutral_ma[-1], powered, out=self.neutral_ma)
        if minutes.frequency_mhz is not None:
            np.multiply(minutes.frequency_mhz[-1], powered, out=self.frequency_mhz)

    def power(self, columns: Columns, measuring: Measuring) -> Power:
        """Everything as one step, to make signals of: no guard band, what is small is shown. -> one step, [n]."""
        known = self.known
        minutes = Minutes(
            self.active_mw[None, columns],
            self.reactive_mvar[None, columns],
            self.voltage_mv[None, columns],
            self.current_ma[None, columns],
            self.phase_active_mw[None, columns] if known[PHASES] else None,
            self.phase_reactive_mvar[None, columns] if known[PHASES] else None,
            self.neutral_ma[None, columns] if known[NEUTRAL] else None,
            self.frequency_mhz[None, columns] if known[FREQUENCY] else None,
        )
        meters = minutes.active_mw.shape[1]
        return Power(0, minutes, meters=meters, book=NOTHING, measuring=replace(measuring, no_load_ma=0))
