"""Special days and the activity calendar (Blue Book, classes 11 and 20)."""

from typing import NamedTuple

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemDateTime, CosemTime
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import (
    DATE,
    DATE_TIME,
    INT8,
    LOGICAL_NAME,
    OCTET_STRING,
    TIME,
    UINT8,
    UINT16,
    array,
    structure,
)
from openami.dlms.xdlms import ActionResult


class SpecialDay(NamedTuple):
    """A day, possibly recurring, that follows a day profile of its own."""

    specialday_index: int
    specialday_date: CosemDate
    day_id: int


class SeasonProfile(NamedTuple):
    """A season: from when, and which week it follows."""

    season_profile_name: bytes
    season_start: CosemDateTime
    week_name: bytes


class WeekProfile(NamedTuple):
    """A day profile for each day of the week."""

    week_profile_name: bytes
    monday: int
    tuesday: int
    wednesday: int
    thursday: int
    friday: int
    saturday: int
    sunday: int


class DayProfileAction(NamedTuple):
    """A script that runs at a time of day."""

    start_time: CosemTime
    script_logical_name: OBIS
    script_selector: int


class DayProfile(NamedTuple):
    """The actions of a day."""

    day_id: int
    day_schedule: list[DayProfileAction]


SPECIAL_DAY = structure(SpecialDay, UINT16, DATE, UINT8)
SEASONS = array(structure(SeasonProfile, OCTET_STRING, DATE_TIME, OCTET_STRING))
WEEKS = array(structure(WeekProfile, OCTET_STRING, *[UINT8] * 7))
DAY_PROFILE_ACTION = structure(DayProfileAction, TIME, LOGICAL_NAME, UINT16)
DAYS = array(structure(DayProfile, UINT8, array(DAY_PROFILE_ACTION)))

NOT_SPECIFIED = CosemDateTime.decode(bytes.fromhex("ffffffffffffffffff8000ff"))
"""Date-time with nothing specified."""


@interface_class(11, version=0)
class SpecialDaysTable(CosemObject):
    """Days that overrule the week (Blue Book, class 11)."""

    entries: Attribute[list[SpecialDay]] = Attribute(2, array(SPECIAL_DAY), factory=list)

    @method(1, SPECIAL_DAY)
    def insert(self, day: SpecialDay) -> None:
        """Insert a day; an entry of the same index or the same date is overwritten."""
        others = [
            held
            for held in self.entries
            if held.specialday_index != day.specialday_index and held.specialday_date != day.specialday_date
        ]
        self.entries = sorted([*others, day], key=lambda held: held.specialday_index)

    @method(2, UINT16)
    def delete(self, index: int) -> None:
        """Delete the entry of that index."""
        others = [held for held in self.entries if held.specialday_index != index]
        if len(others) == len(self.entries):
            raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} delete: no entry {index}")
        self.entries = others


@interface_class(20, version=0)
class ActivityCalendar(CosemObject):
    """Seasons, weeks and days: one set active, one in waiting (Blue Book, class 20)."""

    calendar_name_active: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"")
    season_profile_active: Attribute[list[SeasonProfile]] = Attribute(3, SEASONS, factory=list)
    week_profile_table_active: Attribute[list[WeekProfile]] = Attribute(4, WEEKS, factory=list)
    day_profile_table_active: Attribute[list[DayProfile]] = Attribute(5, DAYS, factory=list)
    calendar_name_passive: Attribute[bytes] = Attribute(6, OCTET_STRING, default=b"")
    season_profile_passive: Attribute[list[SeasonProfile]] = Attribute(7, SEASONS, factory=list)
    week_profile_table_passive: Attribute[list[WeekProfile]] = Attribute(8, WEEKS, factory=list)
    day_profile_table_passive: Attribute[list[DayProfile]] = Attribute(9, DAYS, factory=list)
    activate_passive_calendar_time: Attribute[CosemDateTime] = Attribute(10, DATE_TIME, default=NOT_SPECIFIED)

    @method(1, INT8)
    def activate_passive_calendar(self, _data: int) -> None:
        """Copy the passive calendar over the active one."""
        self.season_profile_active = self.season_profile_passive
        self.week_profile_table_active = self.week_profile_table_passive
        self.day_profile_table_active = self.day_profile_table_passive
        self.calendar_name_active = self.calendar_name_passive
