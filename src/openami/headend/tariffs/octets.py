"""Calendars as they stand in a meter: encoded attributes of classes 20 and 11, what they mean, and how two differ."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import Field

from openami.core.time import ANY, ANY_YEAR, CosemDate, CosemDateTime
from openami.cosem.calendars import (
    DAYS,
    SEASONS,
    WEEKS,
    ActivityCalendar,
    DayProfile,
    DayProfileAction,
    SeasonProfile,
    SpecialDay,
    SpecialDaysTable,
    WeekProfile,
)
from openami.cosem.objects import Attribute, decode_whole
from openami.dlms.data import OCTET_STRING
from openami.headend.commands.payloads import Strict
from openami.headend.orders.queue import canonical
from openami.headend.tariffs.documents import Document

CALENDAR: Final = "0.0.13.0.0.255"
SPECIAL_DAYS: Final = "0.0.11.0.0.255"
Octets = Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$", max_length=40_000)]
Described: TypeAlias = dict[str, dict[str, str]]

ACTIVE: Final[dict[str, Attribute[Any]]] = {
    "days": ActivityCalendar.day_profile_table_active,
    "weeks": ActivityCalendar.week_profile_table_active,
    "seasons": ActivityCalendar.season_profile_active,
    "name": ActivityCalendar.calendar_name_active,
}
PASSIVE: Final[dict[str, Attribute[Any]]] = {
    "days": ActivityCalendar.day_profile_table_passive,
    "weeks": ActivityCalendar.week_profile_table_passive,
    "seasons": ActivityCalendar.season_profile_passive,
    "name": ActivityCalendar.calendar_name_passive,
}
SPECIAL: Final = SpecialDaysTable.entries


class Programme(Strict):
    """A calendar as encoded Data, hexadecimal; without special days where they are left as they are."""

    name: Octets
    seasons: Octets
    weeks: Octets
    days: Octets
    special: Octets | None = None

    @property
    def digest(self) -> str:
        """Hash by which it is kept once, however many meters have it."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()

    @property
    def called(self) -> str:
        """Name of the calendar, to be shown."""
        return shown(decode_whole(OCTET_STRING, bytes.fromhex(self.name)))


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same in two calendars; None where it is not there."""

    part: str
    what: str
    before: str | None
    after: str | None


def encode(document: Document, first_year: int) -> Programme:
    """Encode a calendar for a meter; days that move are computed from that year on."""
    made = document.calendar()
    days = [
        DayProfile(d.day_id, [DayProfileAction(a.start, a.script, a.selector) for a in d.actions]) for d in made.days
    ]
    weeks = [WeekProfile(week.name, *week.days) for week in made.weeks]
    seasons = [SeasonProfile(*season) for season in made.seasons]
    special = [SpecialDay(*entry) for entry in document.entries(first_year)]
    return Programme(
        name=OCTET_STRING.encode(made.name).hex(), seasons=SEASONS.encode(seasons).hex(),
        weeks=WEEKS.encode(weeks).hex(), days=DAYS.encode(days).hex(),
        special=SPECIAL.codec.encode(special).hex(),
    )  # fmt: skip


def described(programme: Programme) -> Described:
    """Say in words what a calendar means, part by part; what does not count is left out (weekdays, hundredths)."""
    days: list[DayProfile] = decode_whole(DAYS, bytes.fromhex(programme.days))
    weeks: list[WeekProfile] = decode_whole(WEEKS, bytes.fromhex(programme.weeks))
    seasons: list[SeasonProfile] = decode_whole(SEASONS, bytes.fromhex(programme.seasons))
    found: Described = {
        "name": {"name": programme.called},
        "days": {f"day {day.day_id}": ", ".join(map(_switch, sorted(day.day_schedule, key=_second))) for day in days},
        "weeks": {f"week {shown(week[0])}": " ".join(map(str, week[1:])) for week in weeks},
        "seasons": {
            f"season {shown(s.season_profile_name)}": f"from {_date(s.season_start)}, week {shown(s.week_name)}"
            for s in seasons
        },
    }
    if programme.special is not None:
        special: list[SpecialDay] = decode_whole(SPECIAL.codec, bytes.fromhex(programme.special))
        found["special"] = {_date(day.specialday_date): f"day {day.day_id}" for day in special}
    return found


def compare(before: Programme, after: Programme) -> list[Difference]:
    """Tell all that differs, in order of the parts; special days only where both have them."""
    old, new = described(before), described(after)
    return [
        Difference(part, what, old[part].get(what), new[part].get(what))
        for part in new
        if part in old
        for what in sorted(old[part].keys() | new[part].keys())
        if old[part].get(what) != new[part].get(what)
    ]


def without_special(programme: Programme) -> Programme:
    """Leave special days as they are."""
    return programme.model_copy(update={"special": None})


def stamp(at: int, zone: str) -> CosemDateTime:
    """Give an instant as the meter's clock will show it."""
    return CosemDateTime.from_datetime(datetime.fromtimestamp(at, ZoneInfo(zone)))


def shown(octets: bytes) -> str:
    """Show a name; as hexadecimal where it is no text."""
    text = octets.decode("latin-1")
    return text if text.isascii() and text.isprintable() else octets.hex()


def _second(action: DayProfileAction) -> int:
    second = 0 if action.start_time.second == ANY else action.start_time.second
    return action.start_time.hour * 3600 + action.start_time.minute * 60 + second


def _switch(action: DayProfileAction) -> str:
    at = _second(action)
    seconds = f":{at % 60:02}" if at % 60 else ""
    return f"{at // 3600:02}:{at // 60 % 60:02}{seconds} rate {action.script_selector}"


def _date(day: CosemDate | CosemDateTime) -> str:
    year = "" if day.year == ANY_YEAR else f"{day.year}-"
    names = {ANY: "any", 0xFD: "last but one", 0xFE: "last"}
    months = {ANY: "any", 0xFD: "end of summer time", 0xFE: "begin of summer time"}
    # A weekday beside a full date says nothing more; without one it is what the day is chosen by.
    is_full = 1 <= day.month <= 12 and 1 <= day.day <= 31 and (year or isinstance(day, CosemDateTime))
    weekday = "" if day.weekday == ANY or is_full else f" weekday {day.weekday}"
    month = months.get(day.month) or f"{day.month:02}"
    return f"{year}{month}-{names.get(day.day) or f'{day.day:02}'}{weekday}"
