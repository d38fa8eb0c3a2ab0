"""Clocks of N meters: offset from true time, summer-time rule, drift, and what is wrong with them for now.

A clock that is a little wrong is put right without a trace, and never over an edge of an interval: where that would
leave an interval out or repeat it, it waits until the edge is passed.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.core.time import DAY_S, DstRule
from openami.metering.columns import NEVER, Columns, Index, Int64, intern
from openami.metering.profile import AmrStatus

SECOND_NS = 1_000_000_000
DRIFT_AT_S = 43_650  # 12:07:30 of the meter's UTC day: in the middle of an interval
CLOCK_LOST = AmrStatus.CLOCK_INVALID | AmrStatus.DATA_NOT_VALID
EARLIEST_LOCAL = 946_684_800  # 2000-01-01 00:00, what a clock without reserve starts at


@dataclass(frozen=True, slots=True)
class Lost:
    """Clocks that were lost at the end of a slice, and how they were before. [n]."""

    columns: Index
    at: Int64
    offset_s: Int64
    condition: NDArray[np.uint8]


@dataclass(slots=True)
class Clock:
    """A clock reads true UTC + `offset_s`; `condition` holds lasting bits of the AMR status. [meters].

    `put_at` is the true time at which a clock is put to the offset `put_to`.
    """

    offset_s: Int64
    rule: NDArray[np.int64]
    condition: NDArray[np.uint8]
    drift_ppb: Int64
    carried_ns: Int64
    since: Int64
    put_at: Int64
    put_to: Int64
    rules: list[DstRule]
    lost: list["Lost"] = field(default_factory=list["Lost"])

    @classmethod
    def of(cls, meters: int, now: int, rule: DstRule) -> Self:
        """Make clocks that are right and stay so."""
        zero = [np.zeros(meters, np.int64) for _ in range(5)]
        never = np.full(meters, NEVER, np.int64)
        condition = np.zeros(meters, np.uint8)
        since = np.full(meters, now, np.int64)
        return cls(zero[0], zero[1], condition, zero[2], zero[3], since, never, zero[4], [rule])

    def reads(self, now: int) -> Int64:
        """UTC second each meter's clock shows. -> [meters]."""
        return self.offset_s + now

    def ahead_ns(self, meter: int, now: int) -> int:
        """How far a clock has drifted since it last took up whole seconds, in ns."""
        drift = int(self.drift_ppb[meter])
        return int(self.carried_ns[meter]) + drift * (now - int(self.since[meter])) if drift else 0

    def set(self, columns: Columns, offset_s: Int64, now: Int64 | int) -> None:
        """Set clocks; drift counts from now, and they are valid again."""
        self.offset_s[columns] = offset_s
        self.carried_ns[columns] = 0
        self.since[columns] = now
        self.put_at[columns] = NEVER
        self.condition[columns] &= ~np.uint8(CLOCK_LOST)

    def put_right(self, columns: Index, offset_s: Int64, now: int, interval_s: int) -> Index:
        """Set clocks that are a little wrong, each as soon as no edge of an interval is jumped. -> columns set now."""
        reading = now + self.offset_s[columns]
        deviation, _ = self.deviation(columns, reading)
        past = (reading - deviation.astype(np.int64) * 60) % interval_s
        ahead = offset_s - self.offset_s[columns]
        forward = np.where(past + ahead >= interval_s, interval_s - past, 0)
        wait = np.where(ahead > 0, forward, np.maximum(-ahead - past, 0))
        self.put_at[columns], self.put_to[columns] = now + wait, offset_s
        return self.put(now)

    def put(self, now: int) -> Index:
        """Set the clocks for which it is time. -> columns that moved."""
        due: Index = np.flatnonzero(self.put_at <= now)
        moved: Index = due[self.put_to[due] != self.offset_s[due]]
        self.set(due, self.put_to[due], now)
        return moved

    def lose(self, columns: Index, now: Int64) -> None:
        """Let clocks whose reserve ran out start at 2000-01-01, invalid until set."""
        if columns.size:
            self.lost.append(Lost(columns, now, self.offset_s[columns], self.condition[columns]))
        zone = np.array([rule.zone_min for rule in self.rules], np.int64)[self.rule[columns]]
        self.set(columns, EARLIEST_LOCAL + 60 * zone - now, now)
        self.condition[columns] |= np.uint8(CLOCK_LOST)

    def at(self, columns: Index, now: Int64) -> tuple[Int64, NDArray[np.uint8]]:
        """Offset and condition at moments of this slice, at the end of which clocks may be lost. [n] -> [n], [n]."""
        offset, condition = self.offset_s[columns], self.condition[columns]
        for lost in self.lost:
            place = {int(column): number for number, column in enumerate(lost.columns)}
            for number, column in enumerate(columns.tolist()):
                if column in place and now[number] < lost.at[place[column]]:
                    offset[number] = lost.offset_s[place[column]]
                    condition[number] = lost.condition[place[column]]
        return offset, condition

    def set_rule(self, columns: Columns, rule: DstRule) -> None:
        """Another zone or summer time."""
        self.rule[columns] = intern(self.rules, rule, self.rule)

    def deviation(self, columns: Index, clock: Int64) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
        """Deviation of stamps in minutes, and summer time. [n], [n] -> [n], [n]."""
        deviation, dst = np.empty(len(columns), np.int16), np.empty(len(columns), np.bool_)
        rules = self.rule[columns]
        for number in np.unique(rules):
            mine = rules == number
            deviation[mine], dst[mine] = self.rules[int(number)].offsets(clock[mine])
        return deviation, dst

    def next_drift(self, now: int) -> int:
        """Find the true time at which the next clock takes up its drift (once a day of its own), or is put right."""
        drifting, put_at = np.flatnonzero(self.drift_ppb), int(self.put_at.min(initial=NEVER))
        if not drifting.size:
            return min(now + DAY_S, put_at)
        reads = self.offset_s[drifting] + now
        return min(now + int(((DRIFT_AT_S - reads - 1) % DAY_S).min()) + 1, put_at)

    def drift(self, now: int) -> Index:
        """Take up whole seconds of drift in clocks for which it is time, put others right. -> columns that moved."""
        put = self.put(now)
        columns: Index = np.flatnonzero((self.drift_ppb != 0) & ((self.offset_s + now) % DAY_S == DRIFT_AT_S))
        self.carried_ns[columns] += self.drift_ppb[columns] * (now - self.since[columns])
        self.since[columns] = now
        seconds = self.carried_ns[columns] // SECOND_NS
        self.carried_ns[columns] -= seconds * SECOND_NS
        self.offset_s[columns] += seconds
        moved: Index = columns[seconds != 0]
        return np.union1d(moved, put)
