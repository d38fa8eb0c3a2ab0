"""Energy registers by quantity, phase and rate: whole Wh, what is below them carried (OBIS D = 8)."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from openami.core.errors import LocalProtocolError
from openami.metering.columns import Columns, Int64
from openami.metering.quantities import BASIC, Book, Energy, Power

__all__ = ["TOTAL", "WH_MJ", "Energy", "Registers"]

WH_MJ = 3_600_000
TOTAL = 0


@dataclass(slots=True)
class Registers:
    """Totals to the mJ and in whole Wh [channels, meters]; whole Wh of each rate [rates, rated channels, meters].

    A full Wh goes to the rate in force at that moment, as a pulse does in a meter. So the rates add up to
    the total, to the Wh and at any time. Shown are as many digits as the meter has: `modulus` Wh, 0 for all.
    """

    mj_total: Int64
    wh_total: Int64
    rates: Int64
    book: Book
    modulus: int = 0

    @classmethod
    def zero(cls, meters: int, rates: int, book: Book | None = None, modulus: int = 0) -> Self:
        """Make the registers of new meters."""
        book = book or Book.of(BASIC)
        totals = np.zeros((2, len(book.channels), meters), np.int64)
        return cls(totals[0], totals[1], np.zeros((rates, len(book.rated), meters), np.int64), book, modulus)

    def add(self, columns: Columns, rate: int, energy: Int64) -> None:
        """Count energy into a rate. [channels, meters]."""
        if isinstance(columns, slice):
            total, shown = self.mj_total[:, columns], self.wh_total[:, columns]
            total += energy
            whole = total // WH_MJ
            whole -= shown
            shown += whole
        else:
            total = self.mj_total[:, columns] + energy
            self.mj_total[:, columns] = total
            whole = total // WH_MJ - self.wh_total[:, columns]
            self.wh_total[:, columns] += whole
        rated = self.book.rated
        self.rates[rate - 1][:, columns] += whole if len(rated) == len(whole) else whole[list(rated)]

    def integrate(self, power: Power, columns: Columns, start: int, end: int, rate: int) -> None:
        """Count the energy of one span."""
        self.add(columns, rate, power.energy(columns, start, end))

    def wh(self, energy: Energy, rate: int = TOTAL, phase: int = 0) -> Int64:
        """Register of one rate, or the total, as shown. -> [meters]."""
        return self.shown(self.whole(energy, rate, phase))

    def whole(self, energy: Energy, rate: int = TOTAL, phase: int = 0, columns: Columns = slice(None)) -> Int64:
        """Count Wh since the meter was made, without roll-over. -> [meters]."""
        rows = self.book.rows(energy, phase)
        if rate == TOTAL:
            cells, place = self.wh_total, {row: row for row, _ in rows}
        else:
            if not all(row in self.book.rated for row, _ in rows):
                raise LocalProtocolError(f"{energy.name.lower()} is not counted by rate")
            cells, place = self.rates[rate - 1], {row: self.book.rated.index(row) for row, _ in rows}
        result: Int64 = sum_of([(cells[place[row]][columns], sign) for row, sign in rows])
        return result

    def mj(self, energy: Energy, phase: int = 0, columns: Columns = slice(None)) -> Int64:
        """Total to the last mJ (mvar·s, mVA·s). -> [meters]."""
        return sum_of([(self.mj_total[row][columns], sign) for row, sign in self.book.rows(energy, phase)])

    def value(self, meter: int, energy: Energy, rate: int = TOTAL, phase: int = 0) -> int:
        """Register of one meter as shown."""
        return int(self.shown(self.whole(energy, rate, phase, np.array([meter])))[0])

    def shown(self, whole: Int64) -> Int64:
        """Roll over at the last digit; a difference keeps its sign."""
        if not self.modulus:
            return whole
        rolled: Int64 = np.fmod(whole, self.modulus)
        return rolled


def sum_of(terms: list[tuple[Int64, int]]) -> Int64:
    """Add or take away; always a new array."""
    (first, sign), *others = terms
    total: Int64 = first * sign
    for values, own in others:
        total += values * own
    return total
