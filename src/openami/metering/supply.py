"""Mains supply of N meters: outages to come, failures counted, and the reserve that keeps clocks running."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openami.core.errors import LocalProtocolError
from openami.metering.columns import NEVER, Columns, Index, Int64


class Change(IntEnum):
    """What happens to a meter's supply; the clock does not survive `BACK_EMPTY`."""

    OFF = 0
    BACK = 1
    BACK_EMPTY = 2


@dataclass(slots=True)
class Supply:
    """State of the supply [meters] and the changes planned, in order of time [changes], in true UTC.

    `dark_at` is when the reserve of the last outage was, or will be, used up.
    """

    powered: NDArray[np.bool_]
    off_since: Int64
    failures: Int64
    long_failures: Int64
    last_long_s: Int64
    threshold_s: Int64
    reserve_s: Int64
    off_from: Int64
    back_at: Int64
    dark_at: Int64
    at: Int64
    meter: Int64
    change: Int64
    empty_at: Int64

    @classmethod
    def of(cls, meters: int, now: int, threshold_s: int, reserve_s: int) -> Self:
        """Give meters power and full reserve."""

        def full(value: int) -> Int64:
            return np.full(meters, value, np.int64)

        none = np.zeros(0, np.int64)
        return cls(
            powered=np.ones(meters, np.bool_),
            off_since=full(0),
            failures=full(0),
            long_failures=full(0),
            last_long_s=full(0),
            threshold_s=full(threshold_s),
            reserve_s=full(reserve_s),
            off_from=full(NEVER),
            back_at=full(now),
            dark_at=full(NEVER),
            at=none,
            meter=none,
            change=none,
            empty_at=none,
        )

    def cut(self, columns: Index, start: ArrayLike, full_s: int, charge_s: int) -> None:
        """Plan the start of an outage; a battery, which takes no time to charge, is not charged at all."""
        at = spread(start, columns)
        if (self.off_from[columns] != NEVER).any() or (at < self.back_at[columns]).any():
            raise LocalProtocolError("an outage begins before the one before it ends")
        if charge_s:
            charged = self.reserve_s[columns] + (at - self.back_at[columns]) * full_s // charge_s
            self.reserve_s[columns] = np.minimum(charged, full_s)
        self.off_from[columns] = at
        self.plan(at, columns, np.full(len(columns), Change.OFF, np.int64), at + self.reserve_s[columns])

    def restore(self, columns: Index, at: ArrayLike) -> None:
        """Plan the end of an outage."""
        back = spread(at, columns)
        if (self.off_from[columns] == NEVER).any() or (back <= self.off_from[columns]).any():
            raise LocalProtocolError("power comes back before it was cut")
        left = self.reserve_s[columns] - (back - self.off_from[columns])
        self.reserve_s[columns] = np.maximum(left, 0)
        self.off_from[columns] = NEVER
        self.back_at[columns] = back
        self.plan(back, columns, np.where(left < 0, Change.BACK_EMPTY, Change.BACK), np.full(len(columns), NEVER))

    def plan(self, at: Int64, columns: Index, change: NDArray[np.int64], empty_at: Int64) -> None:
        """Enter changes in order of time, outages with the time at which their reserve is used up."""
        self.at = np.concatenate([self.at, at])
        order = np.argsort(self.at, kind="stable")
        self.at = self.at[order]
        self.meter = np.concatenate([self.meter, columns])[order]
        self.change = np.concatenate([self.change, change])[order]
        self.empty_at = np.concatenate([self.empty_at, empty_at])[order]

    def next_empty(self) -> int:
        """Find the time at which the next meter comes back with an empty reserve."""
        empty = self.at[self.change == Change.BACK_EMPTY]
        return int(empty[0]) if empty.size else NEVER

    def take(self, until: int) -> "Changes":
        """Take the changes up to `until` out of the plan."""
        changes = self.look(until)
        count = len(changes.at)
        self.at, self.meter, self.change = self.at[count:], self.meter[count:], self.change[count:]
        self.empty_at = self.empty_at[count:]
        return changes

    def look(self, until: int) -> "Changes":
        """Changes of the plan up to `until`, which stay in it."""
        span = slice(int(np.searchsorted(self.at, until, side="right")))
        return Changes(self.at[span], self.meter[span], self.change[span], self.empty_at[span])

    def steady(self, columns: Columns, moving: Int64) -> Columns:
        """Find those that have power all the time."""
        if not moving.size and self.powered.all():
            return columns
        on = self.powered.copy()
        on[moving] = False
        meters = np.arange(len(on))[columns]
        return meters[on[meters]]


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of supply in order of time. [changes]."""

    at: Int64
    meter: Int64
    change: Int64
    empty_at: Int64

    def of(self, columns: Columns, meters: int) -> Self:
        """Pick those of some meters."""
        mine = np.zeros(meters, np.bool_)
        mine[columns] = True
        keep = mine[self.meter]
        return type(self)(self.at[keep], self.meter[keep], self.change[keep], self.empty_at[keep])

    def rounds(self, after: int, until: int) -> "list[Changes]":
        """Divide those in (after, until] so that a meter stands once in a round, its first change first."""
        span = slice(*np.searchsorted(self.at, [after, until], side="right"))
        meter = self.meter[span]
        order = np.argsort(meter, kind="stable")
        first = np.searchsorted(meter[order], meter[order], side="left")
        rank = np.empty(len(meter), np.int64)
        rank[order] = np.arange(len(meter)) - first
        return [
            Changes(self.at[span][pick], meter[pick], self.change[span][pick], self.empty_at[span][pick])
            for pick in (rank == number for number in range(int(rank.max(initial=-1)) + 1))
        ]


def spread(value: ArrayLike, columns: Index) -> Int64:
    """One value for all, or one each. -> [n]."""
    return np.broadcast_to(np.asarray(value, np.int64), columns.shape).copy()
