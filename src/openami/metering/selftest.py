"""Self-test of N meters: faults of memory and measurement, the error register, what is found at start and after."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.metering.columns import Index, Int64
from openami.metering.disconnect import Cause
from openami.metering.events import Face
from openami.metering.profile import AmrStatus

if TYPE_CHECKING:
    from openami.metering.state import State

FAULTS = ("program_memory_error", "ram_error", "nv_memory_error", "measurement_error")
"""Faults that last until they are repaired, by the names of their events."""
WATCHDOG = "watchdog"


@dataclass(slots=True)
class SelfTest:
    """Faults there are, and which of them have been found, as bits; the error register. [meters].

    A fault that was found is a critical error of the AMR status until the error register is cleared.

    Memory and measurement are tested all the time while the meter runs, and at each start. An error that has been
    cleared and is still there is found at the next start. `opens` says whether a severe error opens the relay.
    """

    faults: NDArray[np.uint8]
    found: NDArray[np.uint8]
    errors: NDArray[np.uint32]
    bits: dict[str, int]
    opens: bool

    @classmethod
    def of(cls, meters: int, face: Face, *, opens: bool = False) -> Self:
        """All is well."""
        octets = np.zeros((2, meters), np.uint8)
        return cls(octets[0], octets[1], np.zeros(meters, np.uint32), dict(face.errors), opens)

    def take(self, name: str, columns: Index) -> None:
        """An event has happened; some set a bit of the error register."""
        if name in self.bits:
            self.errors[columns] |= np.uint32(1 << self.bits[name])

    def wake(self, state: "State", columns: Index, at: Int64) -> None:
        """Test at start."""
        self.test(state, columns, at)

    def test(self, state: "State", columns: Index, at: Int64 | int) -> None:
        """Find what is wrong and was not known."""
        when = np.broadcast_to(np.asarray(at, np.int64), columns.shape)
        new = self.faults[columns] & ~self.found[columns]
        self.found[columns] |= new
        state.clock.condition[columns[new != 0]] |= np.uint8(AmrStatus.CRITICAL_ERROR)
        for number, name in enumerate(FAULTS):
            has = new & np.uint8(1 << number) != 0
            state.event(name, columns[has], when[has])
        if self.opens and state.relay is not None:
            state.relay.hold(state, columns[new != 0], Cause.ERROR)

    def spoil(self, state: "State", columns: Index, name: str, *, there: bool = True) -> None:
        """Let a fault be there, or repair it; a watchdog bites once."""
        if name == WATCHDOG:
            state.event(WATCHDOG, columns, state.now)
            return
        if name not in FAULTS:
            raise DefinitionError(f"no fault is called {name!r}; there are {', '.join((*FAULTS, WATCHDOG))}")
        bit = np.uint8(1 << FAULTS.index(name))
        self.faults[columns] = self.faults[columns] | bit if there else self.faults[columns] & ~bit
        self.found[columns] &= self.faults[columns]
        self.test(state, columns[state.supply.powered[columns]], state.now)

    def clear(self, state: "State", columns: Index) -> None:
        """Clear the error register; the clearing is an event."""
        self.errors[columns] = 0
        self.found[columns] = 0
        state.clock.condition[columns] &= ~np.uint8(AmrStatus.CRITICAL_ERROR)
        state.event("error_cleared", columns, state.now)
        if state.relay is not None:
            state.relay.let_go(state, columns, Cause.ERROR)
