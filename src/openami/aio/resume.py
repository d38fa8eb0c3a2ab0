"""Going on where a connection broke: rows of a profile that outlive it."""

from typing import TypeAlias

import numpy as np

from openami.core.errors import DecodeError, DefinitionError
from openami.core.time import CosemDateTime
from openami.dlms.profile import Table
from openami.dlms.profile.joining import complete_rows, joined
from openami.dlms.profile.table import Column

#: The two moments of a range.
Span: TypeAlias = tuple[CosemDateTime, CosemDateTime]


class Resume:
    """Rows of one reading of a profile. Give it to `Meter.profile` or `Meter.entries`, and after a break again.

        kept = Resume()
        while True:
            try:
                async with openami.connect(...) as meter:
                    profile = await meter.profile("1.0.99.1.0.255", start, end, resume=kept)
                    break
            except LinkError: ...

    Whole rows of an answer that broke in the middle of its blocks are kept. Rows are asked for from the last of them
    on, which is recognised when it comes again; where that cannot be done, reading begins afresh.
    """

    def __init__(self) -> None:
        self.table = Table([], [])
        """Rows so far, whole and in their order."""
        self._about: object = None

    def __len__(self) -> int:
        return len(self.table)

    def begin(self, about: object) -> None:
        """Hold that it is always the same that is read."""
        if self._about is not None and self._about != about:
            message = "this Resume holds rows of another reading: give each reading one of its own"
            raise DefinitionError(message)
        self._about = about

    def clear(self) -> None:
        """Begin afresh."""
        self.table = Table([], [])

    def keep(self, partial: bytes, period_s: int, *, by_entry: bool) -> None:
        """Take the whole rows of an answer that was cut off."""
        try:
            self.add(filled(complete_rows(partial), period_s), by_entry=by_entry)
        except DecodeError:
            self.clear()

    def add(self, table: Table, *, by_entry: bool) -> bool:
        """Take rows that begin with those we have last; by entry, whether they do (if not, all is forgotten)."""
        known = self._known(table, by_entry=by_entry)
        if by_entry and len(self) and len(table) and not known:
            self.clear()
            return False
        self.table = joined([self.table, table.select(slice(known, None))] if len(table) else [self.table])
        return True

    def narrowed(self, span: Span) -> Span:
        """Give the range that is still to be read; of rows that come newest first it ends at the last of them."""
        ends = self._ends()
        if ends is None:
            self.clear()
            return span
        first, last = ends
        return (span[0], last) if first.to_utc(0) > last.to_utc(0) else (last, span[1])

    def _ends(self) -> Span | None:
        """Stamps of the first and the last row; None where they do not tell in which order rows come."""
        clock = self.table.clock()
        if clock is None:
            return None
        octets = np.ascontiguousarray(self.table.columns[clock][[0, -1]], np.uint8)
        try:
            first, last = (CosemDateTime.decode(row.tobytes()) for row in octets)
            return None if first.to_utc(0) == last.to_utc(0) else (first, last)
        except DecodeError:
            return None

    def next_entry(self, first: int) -> int:
        """Give the number of the last row we have, to see whether it is still the same."""
        return first + max(len(self) - 1, 0)

    def _known(self, table: Table, *, by_entry: bool) -> int:
        """How many rows at the start of a table we have already."""
        if not len(self) or not len(table) or len(table.columns) != len(self.table.columns):
            return 0
        if by_entry:
            return int(
                all(same(mine[-1:], its[:1]) for mine, its in zip(self.table.columns, table.columns, strict=True))
            )
        clock = self.table.clock()
        if clock is None:
            return 0
        mine, its = self.table.columns[clock], table.columns[clock]
        return min(run(mine[::-1], mine[-1]), run(its, mine[-1]))


def run(stamps: Column, like: object) -> int:
    """Count the rows at the start whose stamp is this."""
    alike = (stamps == like).all(axis=1)
    return len(stamps) if alike.all() else int(alike.argmin())


def same(one: Column, other: Column) -> bool:
    """Whether cells are equal."""
    return one.shape == other.shape and bool(np.all(one == other))


def filled(table: Table, period_s: int) -> Table:
    """Put back what was left out as null."""
    return table.fill_null(period_s) if table.has_nulls else table
