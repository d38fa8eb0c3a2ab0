"""What a meter's clock brings: interval ends, closings, rate switches and clock changes of one UTC day."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

from openami.core.time import DAY_S, CosemDate, DstRule
from openami.metering.calendar import Calendar, SpecialDays

LOOK_BACK_DAYS = 8
FIRST_RATE = 1
DST = 1
"""Mark of a clock change; trigger number n of a timeline has the mark 2 << n."""

ANY_DAY = CosemDate()


class Trigger(NamedTuple):
    """When something falls due: each `period_s` from local midnight on, or once on certain days at a local time.

    The date is a pattern as of class 22: day 1 of any month, the last day (0xFE), any Monday, or a full date.
    """

    period_s: int = 0
    date: CosemDate = ANY_DAY
    second: int = 0

    def instants(self, first: int, last: int, rule: DstRule) -> list[int]:
        """UTC instants from first to last, both included."""
        midnights: list[int] = rule.local_midnights(first - 2 * DAY_S, last + 2 * DAY_S).tolist()
        if self == MONTHLY:
            return [int(instant) for instant in rule.month_starts(first, last)]
        if self.period_s:
            due = [at for begin, end in pairwise(midnights) for at in range(begin, end, self.period_s)]
        else:
            due = [self.reading(midnight, rule) for midnight in midnights if self.falls_on(midnight, rule)]
        return [instant for instant in due if first <= instant <= last]

    def falls_on(self, midnight: int, rule: DstRule) -> bool:
        """Whether the date falls on the local day that begins then."""
        if self.date == ANY_DAY:
            return True
        return self.date.matches(rule.stamp(midnight).date, rule)

    def reading(self, midnight: int, rule: DstRule) -> int:
        """Find the time of a local day; one that the clock skips is as it skips, one it repeats the first."""
        if not self.second:
            return midnight
        return first_reading(midnight - 60 * rule.offset(midnight)[0] + self.second, rule)


DAILY, MONTHLY = Trigger(), Trigger(date=CosemDate(day=1))


class Block(NamedTuple):
    """Span of one rate; what falls due at its end, and deviation and summer time from there on."""

    start: int
    end: int
    rate: int
    demand_rate: int
    marks: int
    deviation: int
    dst: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """One UTC day of a meter's clock: instants from its first second to the first of the next day."""

    at: list[int]
    marks: list[int]
    rates: list[int]
    demand_rates: list[int]

    @classmethod
    def of(
        cls,
        day: int,
        calendar: Calendar,
        special: SpecialDays,
        rule: DstRule,
        triggers: Sequence[Trigger],
        *,
        demand: tuple[Calendar, SpecialDays] | None = None,
    ) -> Self:
        """Timeline of a day (days since 1970); `demand` is the tariff of demand where it has one of its own."""
        first, last = day * DAY_S, (day + 1) * DAY_S
        due = marks_of(first, last, rule, triggers)
        switches = rate_switches(first, last, calendar, special, rule)
        others = rate_switches(first, last, *demand, rule) if demand else switches
        starts = {instant for instant, _ in (*switches, *others) if first <= instant <= last}
        at = sorted({first, last, *due, *starts})
        return cls(
            at,
            [due.get(instant, 0) for instant in at],
            rates_at(at, switches),
            rates_at(at, others) if demand else rates_at(at, switches),
        )

    def blocks(self, start: int, end: int, rule: DstRule) -> Iterator[Block]:
        """Blocks that end after `start` and up to `end`, both inside the day."""
        index = bisect_right(self.at, start)
        while start < end:
            stop = min(self.at[index], end)
            marks = self.marks[index] if stop == self.at[index] else 0
            deviation, dst = rule.offset(stop) if marks else (0, False)
            yield Block(start, stop, self.rates[index - 1], self.demand_rates[index - 1], marks, deviation, dst)
            start, index = stop, index + 1

    def rate(self, instant: int) -> int:
        """Rate in force."""
        return self.rates[bisect_right(self.at, instant) - 1]

    def demand_rate(self, instant: int) -> int:
        """Rate of demand in force."""
        return self.demand_rates[bisect_right(self.at, instant) - 1]


def rates_at(at: list[int], switches: list[tuple[int, int]]) -> list[int]:
    """Rates in force from each instant on."""
    starts = [instant for instant, _ in switches]
    return [switches[bisect_right(starts, instant) - 1][1] for instant in at]


def marks_of(first: int, last: int, rule: DstRule, triggers: Sequence[Trigger]) -> dict[int, int]:
    """Find what falls due from first to last, as marks."""
    due: dict[int, int] = {instant: DST for instant in rule.instants if first <= instant <= last}
    for number, trigger in enumerate(triggers):
        for instant in trigger.instants(first, last, rule):
            due[instant] = due.get(instant, 0) | 2 << number
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
