"""COSEM date and time with wildcards, deviation and daylight saving (Blue Book, common data types).

UTC = local time + deviation, in minutes: Central European Time is -60, its summer time -120.
"""

from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntFlag
from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING, Self

from openami.core.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ANY = 0xFF
ANY_YEAR = 0xFFFF
DEVIATION_UNSET = -0x8000
MONTH_DST_END = 0xFD
MONTH_DST_BEGIN = 0xFE
DAY_SECOND_LAST = 0xFD
DAY_LAST = 0xFE
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
DAY_S = 86_400
FIRST_YEAR, LAST_YEAR = 1970, 2136

DATE = Struct(">HBBB")
TIME = Struct(">BBBB")
DATE_TIME = Struct(">HBBBBBBBhB")


class ClockStatus(IntFlag):
    """Clock status octet of a date-time; 0xFF as a whole is "not specified"."""

    INVALID = 0x01
    DOUBTFUL = 0x02
    DIFFERENT_BASE = 0x04
    INVALID_STATUS = 0x08
    DST = 0x80


@dataclass(frozen=True, slots=True)
class CosemDate:
    """Date of five octets; `day` 0xFE is the last day of the month, 0xFD the second last."""

    year: int = ANY_YEAR
    month: int = ANY
    day: int = ANY
    weekday: int = ANY

    def encode(self) -> bytes:
        """Five octets."""
        return pack(DATE, self.year, self.month, self.day, self.weekday)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read five octets."""
        return cls(*unpack(DATE, data, "date"))

    def matches(self, other: "CosemDate", rule: "DstRule | None" = None) -> bool:
        """Whether the concrete date `other` falls under this pattern.

        A month "begin" or "end of daylight saving" is the day of that switch, known from the rule only.
        """
        if self.year not in (ANY_YEAR, other.year) or not (1 <= other.month <= 12 and 1 <= other.year <= 9999):
            return False
        if self.month in (MONTH_DST_BEGIN, MONTH_DST_END):
            if rule is None:
                return False
            switch = rule.begin if self.month == MONTH_DST_BEGIN else rule.end
            return switch.date.matches(other)
        if self.month not in (ANY, other.month):
            return False
        if self.day != ANY:
            return other.day == self.day_in(other.year, other.month)
        return self.weekday in (ANY, other.weekday)

    def day_in(self, year: int, month: int) -> int:
        """Day of that month this pattern names (Blue Book: day of month and of week are read together).

        Last and a weekday is the last such weekday; without a year, a day and a weekday is the first such
        weekday from that day on; a full date means its own day, whatever weekday stands beside it.
        """
        days = monthrange(year, month)[1]
        if self.day in (DAY_LAST, DAY_SECOND_LAST):
            second = self.day == DAY_SECOND_LAST
            if self.weekday == ANY:
                return days - second
            return days - (date(year, month, days).isoweekday() - self.weekday) % 7 - 7 * second
        if self.weekday == ANY or self.year != ANY_YEAR or not 1 <= self.day <= days:
            return self.day
        return self.day + (self.weekday - date(year, month, self.day).isoweekday()) % 7


@dataclass(frozen=True, slots=True)
class CosemTime:
    """Time of day of four octets."""

    hour: int = ANY
    minute: int = ANY
    second: int = ANY
    hundredths: int = ANY

    def encode(self) -> bytes:
        """Four octets."""
        return pack(TIME, self.hour, self.minute, self.second, self.hundredths)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read four octets."""
        return cls(*unpack(TIME, data, "time"))

    def matches(self, other: "CosemTime") -> bool:
        """Whether `other` falls under this pattern."""
        return (
            self.hour in (ANY, other.hour)
            and self.minute in (ANY, other.minute)
            and self.second in (ANY, other.second)
            and self.hundredths in (ANY, other.hundredths)
        )


@dataclass(frozen=True, slots=True)
class CosemDateTime:
    """Date-time of twelve octets; what is not given is "not specified"."""

    year: int = ANY_YEAR
    month: int = ANY
    day: int = ANY
    weekday: int = ANY
    hour: int = ANY
    minute: int = ANY
    second: int = ANY
    hundredths: int = ANY
    deviation: int = DEVIATION_UNSET
    status: int = 0xFF

    def encode(self) -> bytes:
        """Twelve octets."""
        return pack(
            DATE_TIME,
            self.year,
            self.month,
            self.day,
            self.weekday,
            self.hour,
            self.minute,
            self.second,
            self.hundredths,
            self.deviation,
            self.status,
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read twelve octets."""
        return cls(*unpack(DATE_TIME, data, "date-time"))

    @property
    def date(self) -> CosemDate:
        """The date part."""
        return CosemDate(self.year, self.month, self.day, self.weekday)

    @property
    def time(self) -> CosemTime:
        """The time-of-day part."""
        return CosemTime(self.hour, self.minute, self.second, self.hundredths)

    def matches(self, other: "CosemDateTime", rule: "DstRule | None" = None) -> bool:
        """Whether the concrete date-time `other` falls under this pattern (local time compared)."""
        return self.date.matches(other.date, rule) and self.time.matches(other.time)

    def local_seconds(self) -> int:
        """Seconds of the local clock since 1970; needs a full date, hour and minute."""
        try:
            days = date(self.year, self.month, self.day).toordinal() - EPOCH_ORDINAL
        except ValueError:
            raise DecodeError(f"date-time {self.encode().hex()} names no single day") from None
        second = 0 if self.second == ANY else self.second
        if self.hour > 23 or self.minute > 59 or second > 59:
            raise DecodeError(f"date-time {self.encode().hex()} names no single second")
        return days * DAY_S + self.hour * 3600 + self.minute * 60 + second

    def to_utc(self, default_deviation_min: int | None = None) -> int:
        """Seconds since 1970 in UTC; the default serves when the deviation is not specified."""
        deviation = self.deviation if self.deviation != DEVIATION_UNSET else default_deviation_min
        if deviation is None:
            raise DecodeError(f"date-time {self.encode().hex()} has no deviation")
        return self.local_seconds() + deviation * 60

    def to_datetime(self, default_deviation_min: int | None = None) -> datetime:
        """Timezone-aware datetime with the offset of this stamp."""
        local = self.local_seconds()
        offset = timedelta(seconds=local - self.to_utc(default_deviation_min))
        second, hundredths = (0 if part == ANY else part for part in (self.second, self.hundredths))
        try:
            day = datetime(self.year, self.month, self.day, tzinfo=timezone(offset))
            return day.replace(hour=self.hour, minute=self.minute, second=second, microsecond=10_000 * hundredths)
        except ValueError as error:
            raise DecodeError(f"date-time {self.encode().hex()}: {error}") from None

    @classmethod
    def from_datetime(cls, at: datetime) -> Self:
        """Stamp of an aware datetime; a naive one gives a stamp whose deviation is not specified."""
        offset = at.utcoffset()
        return cls(
            *to_the_second(at),
            at.microsecond // 10_000,
            DEVIATION_UNSET if offset is None else -round(offset.total_seconds()) // 60,
            ClockStatus.DST.value if at.dst() else 0,
        )

    @classmethod
    def from_utc(cls, utc: int, deviation_min: int = 0, status: int = 0) -> Self:
        """Stamp of a UTC second on a clock with this deviation."""
        at = datetime.fromtimestamp(utc - 60 * deviation_min, UTC)
        return cls(*to_the_second(at), 0, deviation_min, status)


def to_the_second(at: datetime) -> tuple[int, int, int, int, int, int, int]:
    """Fields of a date-time from the year to the second."""
    return at.year, at.month, at.day, at.isoweekday(), at.hour, at.minute, at.second


def pack(struct: Struct, *fields: int) -> bytes:
    """Fields as octets; a field out of range is an `EncodeError`."""
    try:
        return struct.pack(*fields)
    except Exception as error:  # struct.error is no subclass of ValueError
        raise EncodeError(f"date or time field out of range in {fields}") from error


def unpack(struct: Struct, data: bytes, name: str) -> tuple[int, ...]:
    """Fields of a date, time or date-time of the right length."""
    if len(data) != struct.size:
        raise DecodeError(f"{name} of {len(data)} octets, expected {struct.size}")
    return struct.unpack(data)


@dataclass(frozen=True)
class DstRule:
    """Daylight saving of a clock (Blue Book, class 8, attributes 3, 5, 6, 7, 8).

    `begin` and `end` are switch times of the local clock as it reads just before the switch; `zone_min`
    is `time_zone` (UTC = local + zone) and `deviation_min` what summer time adds to the local clock.
    """

    begin: CosemDateTime
    end: CosemDateTime
    deviation_min: int
    zone_min: int
    enabled: bool = True

    @property
    def summer_min(self) -> int:
        """Deviation of a stamp in summer time: -120 for Central Europe."""
        return self.zone_min - self.deviation_min

    @cached_property
    def switches(self) -> list[tuple[int, bool]]:
        """UTC instants at which summer time begins (True) or ends (False), in order."""
        if not self.enabled:
            return []
        begins = [(instant, True) for instant in switch_instants(self.begin, self.zone_min)]
        ends = [(instant, False) for instant in switch_instants(self.end, self.summer_min)]
        return sorted(begins + ends)

    @cached_property
    def instants(self) -> list[int]:
        """The instants of `switches` alone, for bisection."""
        return [instant for instant, _ in self.switches]

    def is_dst(self, utc: int) -> bool:
        """Whether summer time is in force."""
        index = bisect_right(self.instants, utc)
        if not self.switches:
            return False
        return self.switches[index - 1][1] if index else not self.switches[0][1]

    def offset(self, utc: int) -> tuple[int, bool]:
        """Deviation of a stamp taken at this second, and whether summer time is in force."""
        dst = self.is_dst(utc)
        return (self.summer_min if dst else self.zone_min), dst

    def stamp(self, utc: int, status: int = 0) -> CosemDateTime:
        """The local clock at this second, with deviation and summer-time bit."""
        deviation, dst = self.offset(utc)
        return CosemDateTime.from_utc(utc, deviation, status | (ClockStatus.DST.value if dst else 0))

    def local_to_utc(self, local: int) -> int:
        """UTC of a local second; the first of two that read alike; a skipped one counts on in winter time."""
        summer = local + 60 * self.summer_min
        return summer if self.is_dst(summer) else local + 60 * self.zone_min

    def offsets(self, utc: "NDArray[np.int64]") -> "tuple[NDArray[np.int16], NDArray[np.bool_]]":
        """`offset` of many seconds. [n] -> [n], [n]."""
        instants, dst_from, deviation_from = self.steps
        index = instants.searchsorted(utc, side="right")
        return deviation_from[index], dst_from[index]

    @cached_property
    def steps(self) -> "tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int16]]":
        """The switches as arrays, and what holds before the first and from each on. [n], 2 x [n+1]."""
        import numpy as np  # noqa: PLC0415  # only the array face needs NumPy; protocol code stays light

        dst = [bool(self.switches) and not self.switches[0][1], *(begins for _, begins in self.switches)]
        deviations = [self.summer_min if summer else self.zone_min for summer in dst]
        return np.array(self.instants, np.int64), np.array(dst, np.bool_), np.array(deviations, np.int16)

    def local_midnights(self, first_utc: int, last_utc: int) -> "NDArray[np.int64]":
        """UTC instants of local 00:00 from first to last, both included."""
        first = (first_utc - 60 * self.zone_min) // DAY_S - 1
        last = (last_utc - 60 * self.summer_min) // DAY_S + 1
        return within([self.local_to_utc(day * DAY_S) for day in range(first, last + 1)], first_utc, last_utc)

    def month_starts(self, first_utc: int, last_utc: int) -> "NDArray[np.int64]":
        """UTC instants at which a local month begins, from first to last, both included."""
        start = datetime.fromtimestamp(first_utc - 60 * self.zone_min, UTC)
        end = datetime.fromtimestamp(last_utc - 60 * self.summer_min, UTC)
        months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
        days = [date(month // 12, month % 12 + 1, 1).toordinal() - EPOCH_ORDINAL for month in months]
        return within([self.local_to_utc(day * DAY_S) for day in days], first_utc, last_utc)


def within(instants: list[int], first: int, last: int) -> "NDArray[np.int64]":
    """The instants from first to last, both included, as an array."""
    import numpy as np  # noqa: PLC0415  # as above

    return np.array([instant for instant in instants if first <= instant <= last], np.int64)


def switch_instants(pattern: CosemDateTime, deviation_min: int) -> list[int]:
    """UTC of a switch in every year it falls in; the deviation of the pattern goes before the given one."""
    if not 1 <= pattern.month <= 12:
        raise DecodeError(f"daylight saving switch {pattern.encode().hex()} names no month")
    deviation = deviation_min if pattern.deviation == DEVIATION_UNSET else pattern.deviation
    one_year = pattern.year != ANY_YEAR
    years = range(pattern.year, pattern.year + 1) if one_year else range(FIRST_YEAR, LAST_YEAR + 1)
    dates = ((year, pattern.month, pattern.date.day_in(year, pattern.month), ANY) for year in years)
    at = pattern.time
    return [CosemDateTime(*on, at.hour, at.minute, at.second).to_utc(deviation) for on in dates]


CET = DstRule(
    begin=CosemDateTime(ANY_YEAR, 3, DAY_LAST, 7, 2, 0, 0, ANY, -60, 0),
    end=CosemDateTime(ANY_YEAR, 10, DAY_LAST, 7, 3, 0, 0, ANY, -120, ClockStatus.DST.value),
    deviation_min=60,
    zone_min=-60,
)
