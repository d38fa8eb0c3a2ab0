"""Local days of a time zone: which day an instant falls on, and when that day begins and ends in UTC.

A day is an int, days since 1970-01-01 of the local calendar; it has 23, 24 or 25 hours.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError, DefinitionError

EPOCH = date(1970, 1, 1)
FIRST, LAST = date(1999, 1, 1), date(2060, 1, 1)
"""Days the head-end keeps; a stamp outside comes from a meter without a clock."""

Instants: TypeAlias = NDArray[np.int64]
Days: TypeAlias = NDArray[np.int64]


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_date(number: int) -> date:
    """Give the calendar date of a day."""
    return EPOCH + timedelta(days=number)


class Zone:
    """Local days of one zone, taken from the zone rules of the machine once and kept as an array."""

    def __init__(self, name: str) -> None:
        """Look the zone up by its name, for example Europe/Amsterdam."""
        try:
            self.info = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise DefinitionError(f"time zone {name!r} is not known here", key="zone") from None
        self.name = name
        self.first = day_number(FIRST)
        self.midnights = _midnights(self.info)

    def days(self, starts: Instants) -> Days:
        """Local day of each instant. [n] -> [n]."""
        index = np.searchsorted(self.midnights, starts, side="right") - 1
        if starts.size and (int(index.min()) < 0 or int(index.max()) >= len(self.midnights) - 1):
            raise DecodeError(f"stamp outside the years {FIRST.year} to {LAST.year - 1}")
        return index + self.first

    def begins(self, days: Days) -> Instants:
        """First instant of each local day. [n] -> [n]."""
        return self.midnights[days - self.first]

    def day(self, at: float) -> int:
        """Local day of one instant."""
        return int(self.days(np.array([int(at)]))[0])

    def bounds(self, day: int) -> tuple[int, int]:
        """First instant of a local day, and of the next."""
        return int(self.midnights[day - self.first]), int(self.midnights[day + 1 - self.first])

    def lengths(self, days: Days) -> NDArray[np.int64]:
        """Seconds in each local day: 82,800, 86,400 or 90,000."""
        return self.midnights[days + 1 - self.first] - self.midnights[days - self.first]

    def month(self, at: float, ahead: int = 0) -> int:
        """First instant of the local month of `at`, or of the month `ahead` months later."""
        today = day_date(self.day(at))
        months = today.year * 12 + today.month - 1 + ahead
        return self.bounds(day_number(date(months // 12, months % 12 + 1, 1)))[0]


@lru_cache(maxsize=64)
def zone(name: str) -> Zone:
    """Look up the zone of a name, once."""
    return Zone(name)


def _midnights(info: ZoneInfo) -> Instants:
    """Instants of all local midnights."""
    days = (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1))
    stamps = [int(datetime(day.year, day.month, day.day, tzinfo=info).timestamp()) for day in days]
    if any(later <= earlier for earlier, later in pairwise(stamps)):
        raise DefinitionError(f"time zone {info.key} has days that do not follow each other", key="zone")
    return np.array(stamps, np.int64)
