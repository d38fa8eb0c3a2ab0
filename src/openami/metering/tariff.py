"""Tariff tables of N meters: an active and a passive one each, the date of activation, special days."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.calendar import Calendar, SpecialDays
from openami.metering.columns import NEVER, Columns, Index, Int64, intern


@dataclass(slots=True)
class Tariff:
    """Tables are kept once however many meters use them; a meter has the number of its own. [meters]."""

    calendars: list[Calendar]
    special_days: list[SpecialDays]
    active: NDArray[np.int64]
    passive: NDArray[np.int64]
    special: NDArray[np.int64]
    activation: Int64

    @classmethod
    def of(cls, meters: int, calendar: Calendar, special: SpecialDays = ()) -> Self:
        """Give all meters one table, active and passive alike, and nothing to be activated."""
        numbers = np.zeros((3, meters), np.int64)
        return cls([calendar], [special], numbers[0], numbers[1], numbers[2], np.full(meters, NEVER))

    def set_passive(self, columns: Columns, calendar: Calendar) -> None:
        """Program the passive table."""
        self.passive[columns] = intern(self.calendars, calendar, self.active, self.passive)

    def set_special_days(self, columns: Columns, special: SpecialDays) -> None:
        """Replace the special days, which the active table follows."""
        self.special[columns] = intern(self.special_days, special, self.special)

    def activate(self, columns: Index) -> Index:
        """Make the passive table the active one where it is whole by now. -> columns that changed."""
        whole = np.array([bool(table.seasons) for table in self.calendars])
        ready: Index = columns[whole[self.passive[columns]]]
        self.active[ready] = self.passive[ready]
        self.activation[columns] = NEVER
        return ready

    def due(self, clock: Int64) -> Index:
        """Meters whose clock has reached the date of activation. [meters] -> columns."""
        return np.flatnonzero(self.activation <= clock)
