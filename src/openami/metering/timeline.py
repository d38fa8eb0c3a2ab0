"""What a meter's clock brings: interval ends, closings, rate switches and clock changes of one UTC day."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from itertools import pairwise
from typing import NamedTuple, Self

from openami.core.time import DAY_S, DstRule
from openami.metering.calendar import Calendar, SpecialDays

LOOK_BACK_DAYS = 8
FIRST_RATE = 1


class Mark(IntFlag):
    """What falls due at an instant."""

    NONE = 0
    INTERVAL = 1
    DAY = 2
    MONTH = 4
    DST = 8


class Block(NamedTuple):
    """Span of one rate; what falls due at its end, and deviation and summer time from there on."""

    start: int
    end: int
    rate: int
    marks: Mark
    deviation: int
    dst: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """One UTC day of a meter's clock: instants from its first second to the first of the next day."""

    at: list[int]
    marks: list[Mark]
    rates: list[int]

    @classmethod
    def of(cls, day: int, calendar: Calendar, special: SpecialDays, rule: DstRule, interval_s: int) -> Self:
        """Timeline of a day (days since 1970)."""
        first, last = day * DAY_S, (day + 1) * DAY_S
        due = marks_of(first, last, rule, interval_s)
        switches = rate_switches(first, last, calendar, special, rule)
        starts = [instant for instant, _ in switches]
        at = sorted({first, last, *due, *(instant for instant in starts if first <= instant <= last)})
        rates = [switches[bisect_right(starts, instant) - 1][1] for instant in at]
        return cls(at, [due.get(instant, Mark.NONE) for instant in at], rates)

    def blocks(self, start: int, end: int, rule: DstRule) -> Iterator[Block]:
        """Blocks that end after `start` and up to `end`, both inside the day."""
        index = bisect_right(self.at, start)
        while start < end:
            stop = min(self.at[index], end)
            marks = self.marks[index] if stop == self.at[index] else Mark.NONE
            deviation, dst = rule.offset(stop) if marks else (0, False)
            yield Block(start, stop, self.rates[index - 1], marks, deviation, dst)
            start, index = stop, index + 1

    def rate(self, instant: int) -> int:
        """Rate in force."""
        return self.rates[bisect_right(self.at, instant) - 1]


def marks_of(first: int, last: int, rule: DstRule, interval_s: int) -> dict[int, Mark]:
    """Find what falls due from first to last; intervals are counted from local midnight on."""
    midnights = rule.local_midnights(first - 2 * DAY_S, last + 2 * DAY_S).tolist()
    grid = {instant for begin, end in pairwise(midnights) for instant in range(begin, end, interval_s)}
    kinds = (
        (Mark.INTERVAL, grid),
        (Mark.DAY, midnights),
        (Mark.MONTH, rule.month_starts(first, last).tolist()),
        (Mark.DST, rule.instants),
    )
    due: dict[int, Mark] = {}
    for mark, instants in kinds:
        for instant in instants:
            if first <= instant <= last:
                due[instant] = due.get(instant, Mark.NONE) | mark
    return due


def rate_switches(
    first: int, last: int, calendar: Calendar, special: SpecialDays, rule: DstRule
) -> list[tuple[int, int]]:
    """Instants and rates in order, the first of them in force at `first`.

    An action of the hour that the clock skips is done as it skips, one of the hour that it repeats at the
    first time; before any action rate 1 is in force.
    """
    first_day = (first - 60 * rule.zone_min) // DAY_S - LOOK_BACK_DAYS
    days = range(first_day, (last - 60 * rule.summer_min) // DAY_S + 1)
    switches = [
        (first_reading(day * DAY_S + second, rule), rate)
        for day in days
        for second, rate in calendar.actions(day, rule, special)
    ]
    return sorted([((first_day - 1) * DAY_S, FIRST_RATE), *switches], key=lambda switch: switch[0])


def first_reading(local: int, rule: DstRule) -> int:
    """UTC at which the local clock first shows this second or, if it skips it, a later one."""
    utc = rule.local_to_utc(local)
    if utc - 60 * rule.offset(utc)[0] == local:
        return utc
    return rule.instants[bisect_right(rule.instants, utc) - 1]
