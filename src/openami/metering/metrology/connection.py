"""How a meter is wired: from the phases of the line to the elements that measure them."""

from enum import StrEnum

import numpy as np

from openami.metering.metrology.arrays import Float


class Connection(StrEnum):
    """Systems a meter is made for, in the words of the data sheets."""

    ONE_PHASE = "1P2W"
    ARON = "3P3W"
    """Two elements: u12 with i1, u32 with i3 (Blondel)."""
    FOUR_WIRE = "3P4W"

    @property
    def phases(self) -> int:
        """Phases of the line."""
        return 1 if self is Connection.ONE_PHASE else 3

    @property
    def elements(self) -> int:
        """Measuring elements."""
        return int(VOLTAGES[self].shape[0])

    @property
    def voltages(self) -> Float:
        """Voltage of each element from the phase voltages. [elements, phases]."""
        return VOLTAGES[self]

    @property
    def currents(self) -> Float:
        """Current of each element from the phase currents. [elements, phases]."""
        return CURRENTS[self]


VOLTAGES = {
    Connection.ONE_PHASE: np.eye(1),
    Connection.ARON: np.array([[1.0, -1.0, 0.0], [0.0, -1.0, 1.0]]),
    Connection.FOUR_WIRE: np.eye(3),
}
CURRENTS = {
    Connection.ONE_PHASE: np.eye(1),
    Connection.ARON: np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    Connection.FOUR_WIRE: np.eye(3),
}
