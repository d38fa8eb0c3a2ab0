"""A tariff calendar as people write it: days, weeks, seasons, special days, some of which move from year to year."""

from calendar import monthrange
from datetime import date as civil
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from openami.core.errors import DecodeError, DefinitionError
from openami.core.time import ANY, ANY_YEAR, CosemDate, CosemDateTime, CosemTime
from openami.headend.commands.payloads import Strict
from openami.metering.calendar import (
    TARIFFICATION_SCRIPTS,
    Calendar,
    DayAction,
    DayProfile,
    Limits,
    WeekProfile,
    check_special_days,
)
from openami.metering.calendar import Season as SeasonProfile
from openami.metering.calendar import SpecialDay as SpecialEntry
from openami.metering.holidays import easter

Name = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[\x20-\x7e]+$")]
DayId = Annotated[int, Field(ge=0, le=255)]
LEAP_YEAR = 2000
WEEK = 7


class Switch(Strict):
    """From this local time on a rate is in force."""

    at: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["07:00"])
    rate: int = Field(ge=1, le=63)


class Day(Strict):
    """Rates of one kind of day; the first begins at 00:00."""

    id: DayId
    switches: tuple[Switch, ...] = Field(min_length=1, max_length=32)

    @model_validator(mode="after")
    def _from_midnight(self) -> Self:
        if self.switches[0].at != "00:00":
            message = f"day {self.id}: the first switch is at 00:00"
            raise ValueError(message)
        if list(self.switches) != sorted(self.switches, key=lambda switch: switch.at):
            message = f"day {self.id}: switches stand in order of time"
            raise ValueError(message)
        return self


class Week(Strict):
    """Kinds of days from Monday to Sunday."""

    name: Name
    days: tuple[DayId, ...] = Field(min_length=WEEK, max_length=WEEK)


class Season(Strict):
    """The week in force from a day of the year on, or from a day of one year."""

    name: Name
    start: str = Field(pattern=r"^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$", examples=["01-01"])
    week: Name

    @model_validator(mode="after")
    def _is_a_day(self) -> Self:
        _day(self.start)
        return self


class SpecialDay(Strict):
    """A day with a kind of its own, in one of three ways.

    `date` is the same every year (`12-25`) or one day (`2027-05-05`); `easter` counts days from Easter Sunday;
    `nth`, `weekday` (1 is Monday) and `month` name the nth such weekday of a month, -1 the last.
    """

    name: str = Field(default="", max_length=60)
    day: DayId
    date: str | None = Field(default=None, pattern=r"^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$")
    easter: int | None = Field(default=None, ge=-80, le=120)
    nth: int | None = Field(default=None, ge=-1, le=4)
    weekday: int | None = Field(default=None, ge=1, le=7)
    month: int | None = Field(default=None, ge=1, le=12)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_rule = {self.nth, self.weekday, self.month}
        ways = (self.date is not None) + (self.easter is not None) + (None not in by_rule)
        if ways != 1 or (None in by_rule and by_rule != {None}) or self.nth == 0:
            message = "a special day has a date, or easter, or nth (1 to 4, or -1) with weekday and month"
            raise ValueError(message)
        if self.date is not None:
            _day(self.date)
        return self

    @property
    def is_movable(self) -> bool:
        """Whether its date has to be computed for each year."""
        return self.date is None

    def dates(self, years: range) -> list[CosemDate]:
        """Give its dates as a meter takes them: one that recurs, or one for each of the years."""
        if self.date is not None:
            year, month, day = _day(self.date)
            return [CosemDate(year or ANY_YEAR, month, day, ANY)]
        found = [self.on(year) for year in years]
        return [CosemDate(day.year, day.month, day.day, ANY) for day in found]

    def on(self, year: int) -> civil:
        """Compute its date in a year; of one that moves."""
        if self.easter is not None:
            return easter(year) + timedelta(days=self.easter)
        assert self.nth is not None
        assert self.weekday is not None
        assert self.month is not None
        if self.nth < 0:
            last = civil(year, self.month, monthrange(year, self.month)[1])
            return last - timedelta(days=(last.isoweekday() - self.weekday) % WEEK)
        first = civil(year, self.month, 1)
        return first + timedelta(days=(self.weekday - first.isoweekday()) % WEEK + WEEK * (self.nth - 1))


class Document(Strict):
    """A whole calendar."""

    name: Name
    """By which the meter tells which calendar is active; a new one ought to have a new name."""
    seasons: tuple[Season, ...] = Field(min_length=1, max_length=64)
    weeks: tuple[Week, ...] = Field(min_length=1, max_length=64)
    days: tuple[Day, ...] = Field(min_length=1, max_length=64)
    special: tuple[SpecialDay, ...] = Field(default=(), max_length=200)
    years: int = Field(default=2, ge=1, le=20)
    """For how many years days that move are computed, from the year of activation on."""

    def calendar(self) -> Calendar:
        """Give it as a meter's law has it."""
        return Calendar(
            self.name.encode("ascii"),
            tuple(SeasonProfile(s.name.encode("ascii"), _start(s.start), s.week.encode("ascii")) for s in self.seasons),
            tuple(WeekProfile(week.name.encode("ascii"), week.days) for week in self.weeks),
            tuple(DayProfile(day.id, tuple(map(_action, day.switches))) for day in self.days),
        )

    def entries(self, first_year: int) -> tuple[SpecialEntry, ...]:
        """Compute its special days, numbered from 1; those of a single day come before those that recur."""
        years = range(first_year, first_year + self.years)
        dated = [(day, special.day) for special in self.special for day in special.dates(years)]
        dated.sort(key=lambda pair: (pair[0].year == ANY_YEAR, pair[0].year, pair[0].month, pair[0].day))
        return tuple(SpecialEntry(number, day, kind) for number, (day, kind) in enumerate(dated, 1))

    def check(self, limits: Limits, first_year: int) -> None:
        """Refuse a calendar that contradicts itself, or does not fit a meter.

        Raises:
            DecodeError: what is wrong, and where.
        """
        try:
            calendar = self.calendar()
            calendar.check(limits)
            check_special_days(self.entries(first_year), [calendar], limits)
        except DefinitionError as error:
            raise DecodeError(f"calendar {self.name}: {error}") from None


ANYTHING = Limits(seasons=64, weeks=64, days=64, actions=32, special_days=2_000, rates=63)
"""Room that no meter exceeds: a calendar is checked against itself when it is kept, and against meters later."""


def _action(switch: Switch) -> DayAction:
    hour, minute = map(int, switch.at.split(":"))
    return DayAction(CosemTime(hour, minute, 0, 0), TARIFFICATION_SCRIPTS, switch.rate)


def _start(text: str) -> CosemDateTime:
    year, month, day = _day(text)
    return CosemDateTime(year or ANY_YEAR, month, day, ANY, 0, 0, 0, 0)


def _day(text: str) -> tuple[int, int, int]:
    """Read `12-25` or `2027-05-05`. -> year or 0, month, day."""
    *year, month, day = map(int, text.split("-"))
    try:
        civil(year[0] if year else LEAP_YEAR, month, day)
    except ValueError:
        message = f"{text} is no day"
        raise ValueError(message) from None
    return (year[0] if year else 0), month, day
