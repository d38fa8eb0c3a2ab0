"""Instantaneous values: what the registers of voltage, current and power show now."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import Int64
from openami.metering.load import Minutes


@dataclass(slots=True)
class Live:
    """Values of the last minute; a meter without supply shows nothing. [meters], [meters, phases]."""

    active_mw: Int64
    reactive_mvar: Int64
    voltage_mv: NDArray[np.int32]
    current_ma: NDArray[np.int32]

    @classmethod
    def zero(cls, meters: int, phases: int) -> Self:
        """Before the first minute."""
        return cls(
            np.zeros(meters, np.int64),
            np.zeros(meters, np.int64),
            np.zeros((meters, phases), np.int32),
            np.zeros((meters, phases), np.int32),
        )

    def take(self, minutes: Minutes, powered: NDArray[np.bool_]) -> None:
        """Show the last of these minutes."""
        np.multiply(minutes.active_mw[-1], powered, out=self.active_mw)
        np.multiply(minutes.reactive_mvar[-1], powered, out=self.reactive_mvar)
        np.multiply(minutes.voltage_mv[-1], powered[:, None], out=self.voltage_mv)
        np.multiply(minutes.current_ma[-1], powered[:, None], out=self.current_ma)
