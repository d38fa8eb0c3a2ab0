"""Clocks of N meters: offset from true time, summer-time rule, drift, and what is wrong with them for now."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.core.time import DAY_S, DstRule
from openami.metering.columns import Columns, Index, Int64, intern
from openami.metering.profile import AmrStatus

SECOND_NS = 1_000_000_000
DRIFT_AT_S = 43_650  # 12:07:30 of the meter's UTC day: in the middle of an interval
CLOCK_LOST = AmrStatus.CLOCK_INVALID | AmrStatus.DATA_NOT_VALID
EARLIEST_LOCAL = 946_684_800  # 2000-01-01 00:00, what a clock without reserve starts at


@dataclass(slots=True)
class Clock:
    """A clock reads true UTC + `offset_s`; `condition` holds lasting bits of the AMR status. [meters]."""

    offset_s: Int64
    rule: NDArray[np.int64]
    condition: NDArray[np.uint8]
    drift_ppb: Int64
    carried_ns: Int64
    since: Int64
    rules: list[DstRule]

    @classmethod
    def of(cls, meters: int, now: int, rule: DstRule) -> Self:
        """Make clocks that are right and stay so."""
        zero = [np.zeros(meters, np.int64) for _ in range(4)]
        condition = np.zeros(meters, np.uint8)
        return cls(zero[0], zero[1], condition, zero[2], zero[3], np.full(meters, now, np.int64), [rule])

    def reads(self, now: int) -> Int64:
        """UTC second each meter's clock shows. -> [meters]."""
        return self.offset_s + now

    def set(self, columns: Columns, offset_s: Int64, now: Int64 | int) -> None:
        """Set clocks; drift counts from now, and they are valid again."""
        self.offset_s[columns] = offset_s
        self.carried_ns[columns] = 0
        self.since[columns] = now
        self.condition[columns] &= ~np.uint8(CLOCK_LOST)

    def lose(self, columns: Columns, now: Int64) -> None:
        """Let clocks whose reserve ran out start at 2000-01-01, invalid until set."""
        zone = np.array([rule.zone_min for rule in self.rules], np.int64)[self.rule[columns]]
        self.set(columns, EARLIEST_LOCAL + 60 * zone - now, now)
        self.condition[columns] |= np.uint8(CLOCK_LOST)

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
        """Find the true time at which the next clock takes up its drift (once a day of its own)."""
        drifting = np.flatnonzero(self.drift_ppb)
        if not drifting.size:
            return now + DAY_S
        reads = self.offset_s[drifting] + now
        return now + int(((DRIFT_AT_S - reads - 1) % DAY_S).min()) + 1

    def drift(self, now: int) -> Index:
        """Take up whole seconds of drift in the clocks for which it is time. -> columns that moved."""
        columns: Index = np.flatnonzero((self.drift_ppb != 0) & ((self.offset_s + now) % DAY_S == DRIFT_AT_S))
        self.carried_ns[columns] += self.drift_ppb[columns] * (now - self.since[columns])
        self.since[columns] = now
        seconds = self.carried_ns[columns] // SECOND_NS
        self.carried_ns[columns] -= seconds * SECOND_NS
        self.offset_s[columns] += seconds
        moved: Index = columns[seconds != 0]
        return moved
