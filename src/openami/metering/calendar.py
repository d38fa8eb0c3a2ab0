"""Activity calendar: which rate is in force (Blue Book, class 20; special days class 11)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, Self

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.time import (
    ANY,
    ANY_YEAR,
    EPOCH_ORDINAL,
    MONTH_DST_BEGIN,
    MONTH_DST_END,
    CosemDate,
    CosemDateTime,
    CosemTime,
    DstRule,
)

TARIFFICATION_SCRIPTS = OBIS.parse("0.0.10.0.100.255")
WEEK_DAYS = 7
JANUARY = 1


class Limits(NamedTuple):
    """What a meter has room for."""

    seasons: int = 4
    weeks: int = 4
    days: int = 4
    actions: int = 8
    special_days: int = 30
    rates: int = 2


LIMITS = Limits()


class DayAction(NamedTuple):
    """From this local time on the script's rate is in force: selector 1 is rate 1."""

    start: CosemTime
    script: OBIS
    selector: int

    @property
    def second(self) -> int:
        """Second of the local day."""
        seconds = 0 if self.start.second == ANY else self.start.second
        return self.start.hour * 3600 + self.start.minute * 60 + seconds


class DayProfile(NamedTuple):
    """Rates of one kind of day."""

    day_id: int
    actions: tuple[DayAction, ...]


class WeekProfile(NamedTuple):
    """Day profiles from Monday to Sunday."""

    name: bytes
    days: tuple[int, ...]


class Season(NamedTuple):
    """The week in force from a date on."""

    name: bytes
    start: CosemDateTime
    week: bytes


class SpecialDay(NamedTuple):
    """A date, perhaps with wildcards, that has its own day profile."""

    number: int
    date: CosemDate
    day_id: int


SpecialDays = tuple[SpecialDay, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """One tariff table.

    Programmed in order: days, then weeks, then seasons, each checked against the ones before.
    """

    name: bytes = b""
    seasons: tuple[Season, ...] = ()
    weeks: tuple[WeekProfile, ...] = ()
    days: tuple[DayProfile, ...] = ()

    def with_days(self, days: Iterable[DayProfile], limits: Limits = LIMITS) -> Self:
        """Give the table other day profiles."""
        table = replace(self, days=tuple(days))
        room(table.days, limits.days, "day_profile_table")
        unique([day.day_id for day in table.days], "day_profile_table")
        for day in table.days:
            check_day(day, limits)
        return table

    def with_weeks(self, weeks: Iterable[WeekProfile], limits: Limits = LIMITS) -> Self:
        """Give the table other weeks; a week naming an unknown day profile is refused."""
        table = replace(self, weeks=tuple(weeks))
        room(table.weeks, limits.weeks, "week_profile_table")
        unique([week.name for week in table.weeks], "week_profile_table")
        known = {day.day_id for day in self.days}
        for week in table.weeks:
            key = f"week_profile_table.{week.name.hex()}"
            if len(week.days) != WEEK_DAYS:
                raise DefinitionError(f"a week of {len(week.days)} days", key=key)
            if unknown := sorted(set(week.days) - known):
                raise DefinitionError(f"no day profile {unknown[0]}", key=key)
        return table

    def with_seasons(self, seasons: Iterable[Season], limits: Limits = LIMITS) -> Self:
        """Give the table other seasons; a season naming an unknown week is refused."""
        table = replace(self, seasons=tuple(seasons))
        room(table.seasons, limits.seasons, "season_profile")
        unique([season.name for season in table.seasons], "season_profile")
        known = {week.name for week in self.weeks}
        for season in table.seasons:
            key = f"season_profile.{season.name.hex()}"
            if season.week not in known:
                raise DefinitionError(f"no week {season.week.hex()}", key=key)
            check_start(season.start, key)
        return table

    def check_parts(self, limits: Limits) -> None:
        """Refuse a table that breaks a limit or names what it does not hold."""
        self.with_days(self.days, limits).with_weeks(self.weeks, limits).with_seasons(self.seasons, limits)

    def check(self, limits: Limits) -> None:
        """Refuse a table that is not whole, too."""
        self.check_parts(limits)
        if not self.seasons:
            raise DefinitionError("no season", key="season_profile")

    def actions(self, day: int, rule: DstRule, special: SpecialDays) -> list[tuple[int, int]]:
        """Second of the day and rate of each action of a local day (days since 1970), in order."""
        day_id = self.day_id(date.fromordinal(EPOCH_ORDINAL + day), rule, special)
        actions = [action for profile in self.days if profile.day_id == day_id for action in profile.actions]
        return sorted((action.second, action.selector) for action in actions)

    def day_id(self, day: date, rule: DstRule, special: SpecialDays) -> int | None:
        """Find the day profile that serves: of a special day first, else of season, week and weekday."""
        stamp = CosemDate(day.year, day.month, day.day, day.isoweekday())
        held = {profile.day_id for profile in self.days}
        for entry in sorted(special, key=lambda entry: entry.number):
            if entry.day_id in held and entry.date.matches(stamp):
                return entry.day_id
        started = [(begin, season) for season in self.seasons if (begin := last_start(season, day, rule))]
        if not started:
            return None
        season = max(started, key=lambda pair: pair[0])[1]
        weeks = {week.name: week for week in self.weeks}
        return weeks[season.week].days[day.weekday()]

    def encode(self) -> bytes:
        """One line of JSON, for a snapshot."""
        table = {
            "name": self.name.hex(),
            "days": [
                [day.day_id, [[a.start.encode().hex(), a.script.hex(), a.selector] for a in day.actions]]
                for day in self.days
            ],
            "weeks": [[week.name.hex(), list(week.days)] for week in self.weeks],
            "seasons": [[s.name.hex(), s.start.encode().hex(), s.week.hex()] for s in self.seasons],
        }
        return json.dumps(table).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        table = json.loads(data)
        octets = bytes.fromhex
        return cls(
            octets(table["name"]),
            tuple(Season(octets(n), CosemDateTime.decode(octets(t)), octets(w)) for n, t, w in table["seasons"]),
            tuple(WeekProfile(octets(name), tuple(days)) for name, days in table["weeks"]),
            tuple(
                DayProfile(
                    day_id,
                    tuple(DayAction(CosemTime.decode(octets(t)), OBIS(octets(s)), n) for t, s, n in actions),
                )
                for day_id, actions in table["days"]
            ),
        )


def check_special_days(special: Sequence[SpecialDay], tables: Iterable[Calendar], limits: Limits) -> SpecialDays:
    """Refuse special days that do not fit or name no day profile of these tables (active or passive)."""
    room(special, limits.special_days, "special_days_table")
    unique([entry.number for entry in special], "special_days_table")
    known = {day.day_id for table in tables for day in table.days}
    for entry in special:
        if entry.day_id not in known:
            raise DefinitionError(f"no day profile {entry.day_id}", key=f"special_days_table.{entry.number}")
    return tuple(special)


def encode_special_days(special: SpecialDays) -> bytes:
    """One line of JSON, for a snapshot."""
    return json.dumps([[day.number, day.date.encode().hex(), day.day_id] for day in special]).encode()


def decode_special_days(data: bytes) -> SpecialDays:
    """Read what `encode_special_days` wrote."""
    return tuple(
        SpecialDay(number, CosemDate.decode(bytes.fromhex(day)), day_id) for number, day, day_id in json.loads(data)
    )


def check_day(day: DayProfile, limits: Limits) -> None:
    """Refuse too many actions, a time with wildcards or a rate the meter does not have."""
    key = f"day_profile_table.{day.day_id}"
    room(day.actions, limits.actions, key)
    for action in day.actions:
        if action.start.hour > 23 or action.start.minute > 59 or action.start.second not in {ANY, *range(60)}:
            raise DefinitionError(f"start time {action.start.encode().hex()}", key=key)
        if not 1 <= action.selector <= limits.rates:
            raise DefinitionError(f"rate {action.selector} of {limits.rates}", key=key)
    unique([action.second for action in day.actions], key)


def check_start(start: CosemDateTime, key: str) -> None:
    """Refuse a season whose start can never be a date."""
    months = {ANY, MONTH_DST_BEGIN, MONTH_DST_END, *range(1, 13)}
    if start.month not in months or not (1 <= start.day <= 31 or start.day >= 0xFD):
        raise DefinitionError(f"season start {start.encode().hex()}", key=key)


def room(entries: Sequence[object], limit: int, key: str) -> None:
    """Refuse more entries than the meter holds."""
    if len(entries) > limit:
        raise DefinitionError(f"{len(entries)} entries, the meter holds {limit}", key=key)


def unique(names: Sequence[int | bytes], key: str) -> None:
    """Refuse a name that stands twice."""
    if len(set(names)) != len(names):
        raise DefinitionError("an entry stands twice", key=key)


def last_start(season: Season, day: date, rule: DstRule) -> date | None:
    """Find the last date up to `day` on which the season began; None if it never did."""
    years = (day.year, day.year - 1) if season.start.year == ANY_YEAR else (season.start.year,)
    begins = [begin for year in years if (begin := start_in(season.start, year, rule)) and begin <= day]
    return max(begins, default=None)


def start_in(start: CosemDateTime, year: int, rule: DstRule) -> date | None:
    """Date of a yearly start; months 0xFE and 0xFD are those of the clock's summer time."""
    switches: Mapping[int, CosemDateTime] = {MONTH_DST_BEGIN: rule.begin, MONTH_DST_END: rule.end}
    month = JANUARY if start.month == ANY else start.month
    day = 1 if start.day == ANY else start.day
    pattern = switches[month].date if month in switches else CosemDate(ANY_YEAR, month, day)
    try:
        return date(year, pattern.month, pattern.day_in(year, pattern.month))
    except ValueError:
        return None


LOW, NORMAL = 1, 2


def at(hour: int, rate: int) -> DayAction:
    """Rate from a full hour on."""
    return DayAction(CosemTime(hour, 0, 0, 0), TARIFFICATION_SCRIPTS, rate)


TWO_RATE = Calendar(
    b"DUTCH2",
    (Season(b"1", CosemDateTime(ANY_YEAR, 1, 1, ANY, 0, 0, 0, 0), b"1"),),
    (WeekProfile(b"1", (1, 1, 1, 1, 1, 2, 2)),),
    (
        DayProfile(1, (at(0, LOW), at(7, NORMAL), at(23, LOW))),
        DayProfile(2, (at(0, LOW),)),
    ),
)
"""Dutch default: rate 1 low from 23 to 7 o'clock and at the weekend, rate 2 normal."""

ONE_RATE = Calendar(
    b"ONE",
    (Season(b"1", CosemDateTime(ANY_YEAR, 1, 1, ANY, 0, 0, 0, 0), b"1"),),
    (WeekProfile(b"1", (1,) * 7),),
    (DayProfile(1, (at(0, LOW),)),),
)
"""Rate 1 for ever."""
