"""Energy of intervals out of registers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.headend.curves.rows import Ints, Mask, Rows, find
from openami.headend.registry.layout import Layout


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of each interval in units of its register, import and export. [2, n], known or not: [2, n].

    It is known when the row before stands exactly one period earlier and the register did not go back.
    """

    amount: Ints
    is_known: Mask

    @property
    def is_any(self) -> Mask:
        """Intervals of which one register or both are known. [n]."""
        known: Mask = self.is_known[0] | self.is_known[1]
        return known

    def masked(self) -> Ints:
        """Energy with 0 where it is not known. [2, n]."""
        return np.where(self.is_known, self.amount, 0)

    def take(self, index: Ints | Mask) -> "Energy":
        """Take some of the intervals."""
        return Energy(self.amount[:, index], self.is_known[:, index])


def registers(layout: Layout, values: NDArray[np.void]) -> Ints:
    """Import and export register of each row; a layout may lack one. -> [2, n]."""
    readings = np.zeros((2, len(values)), np.int64)
    for row, name in enumerate(layout.energy):
        if name is not None:
            readings[row] = values[name]
    return readings


def energy(layout: Layout, rows: Rows) -> Energy:
    """Energy of each of these ordered rows, as far as the rows themselves tell."""
    readings = registers(layout, rows.values)
    keys = rows.keys
    follows = np.zeros(len(rows), np.bool_)
    follows[1:] = keys[1:] - keys[:-1] == layout.period_s
    amount = np.zeros_like(readings)
    amount[:, 1:] = readings[:, 1:] - readings[:, :-1]
    if not follows[1:].all():
        apart = np.flatnonzero(~follows)
        before, follows[apart] = find(keys, keys[apart] - layout.period_s)
        amount[:, apart] = readings[:, apart] - readings[:, before]
    has_register = np.array([[name is not None] for name in layout.energy])
    return Energy(amount, follows & (amount >= 0) & has_register)
