"""Movable holidays: the date of Easter and days that are counted from it, as special days of a tariff."""

from collections.abc import Iterable
from datetime import date, timedelta

from openami.core.time import CosemDate
from openami.metering.calendar import SpecialDay


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous rule of 1876, Nature 13, page 487)."""
    golden, century, rest = year % 19, year // 100, year % 100
    corrected = (century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 19 * golden + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - corrected - rest % 4) % 7
    shift = (golden + 11 * corrected + 22 * weekday) // 451
    month, day = divmod(corrected + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def special_days(years: Iterable[int], offsets: Iterable[int], day_id: int, first: int = 1) -> tuple[SpecialDay, ...]:
    """Days so many days from Easter, of each year, as full dates numbered from `first` on."""
    listed = [easter(year) + timedelta(days=offset) for year in years for offset in sorted(offsets)]
    return tuple(
        SpecialDay(first + number, CosemDate(day.year, day.month, day.day), day_id) for number, day in enumerate(listed)
    )
