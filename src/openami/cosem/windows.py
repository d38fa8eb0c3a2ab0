"""Windows of time with wildcards: listening, calling, communication (Blue Book, classes 28, 29 and 40).

A window opens when its start time begins to match the clock and closes when its end time ceases to. Wildcards
above a stated part make it recur, wildcards below it stand for the whole of it: from "Saturday" to "Sunday" is
the week-end. All in local time, as the clock shows it; a pattern that nothing can match never comes.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import product
from math import inf

from openami.core.time import ANY, ANY_YEAR, DAY_S, EPOCH_ORDINAL, CosemDate, CosemDateTime, CosemTime
from openami.cosem.elements import Window

HORIZON_MONTHS = 9 * 12
"""How far to look for what recurs: 29 February may be eight years away."""
WEEKDAYS = frozenset({*range(1, 8), ANY})
ALWAYS = CosemDate(), CosemTime()


def is_open(windows: Sequence[Window], now: CosemDateTime) -> bool:
    """Whether one of the windows is open; without any, it is always time."""
    if not windows:
        return True
    local = now.local_seconds()
    return any(holds(window, local) for window in windows)


def seconds_to_open(windows: Sequence[Window], now: CosemDateTime) -> int | None:
    """Seconds of the clock until a window is open, 0 if one is; None if none ever opens again.

    A change to or from summer time before then makes it an hour more or less: ask again at that time.
    """
    if is_open(windows, now):
        return 0
    local = now.local_seconds()
    starts = [first_after(window.start_time, local) for window in windows]
    return min((start - local for start in starts if start is not None), default=None)


def holds(window: Window, local: int) -> bool:
    """Whether the window last opened at or after the time it last closed."""
    opened = -inf if parts(window.start_time) == ALWAYS else last(window.start_time, local, end=False)
    closed = None if parts(window.end_time) == ALWAYS else last(window.end_time, local, end=True)
    return opened is not None and (closed is None or opened >= closed)


def last(pattern: CosemDateTime, local: int, *, end: bool) -> int | None:
    """Last local second, up to this one, at which the pattern begins to match or, at its end, ceases to."""
    return next((found for found in moments(pattern, local // DAY_S, -1, end=end) if found <= local), None)


def first_after(pattern: CosemDateTime, local: int) -> int | None:
    """First local second after this one at which the pattern begins to match."""
    return next((found for found in moments(pattern, local // DAY_S, 1, end=False) if found > local), None)


def moments(pattern: CosemDateTime, first: int, step: int, *, end: bool) -> Iterator[int]:
    """Local seconds at which the pattern begins, or ceases, to match, from a day on, forwards or backwards."""
    on, at = parts(pattern)
    times = seconds_of_day(at, end=end)[::step]
    whole_days = at == CosemTime()
    for day in days(on, first, step):
        if whole_days and on.matches(calendar_date(day + (1 if end else -1))):
            continue  # in the middle of several days on end
        for second in times:
            yield day * DAY_S + second


def days(pattern: CosemDate, first: int, step: int) -> Iterator[int]:
    """Days since 1970 that the pattern names, from one on, forwards (1) or backwards (-1)."""
    at = calendar_date(first)
    here = 12 * at.year + at.month - 1
    months = range(here, here + step * HORIZON_MONTHS, step)
    if pattern.year != ANY_YEAR:
        months = range(12 * pattern.year, 12 * pattern.year + 12)[::step]
    for month in months:
        if (month - here) * step >= 0:
            yield from (day for day in named(pattern, month)[::step] if (day - first) * step >= 0)


def named(pattern: CosemDate, month: int) -> list[int]:
    """Days since 1970 that the pattern names in a month counted from year 0."""
    year, month0 = divmod(month, 12)
    if not 2 <= year <= 9998 or pattern.month not in (ANY, month0 + 1) or pattern.weekday not in WEEKDAYS:
        return []
    length = monthrange(year, month0 + 1)[1]
    numbers = range(1, length + 1) if pattern.day == ANY else [pattern.day_in(year, month0 + 1)]
    base = date(year, month0 + 1, 1).toordinal() - EPOCH_ORDINAL - 1
    return [base + day for day in numbers if day <= length and pattern.matches(calendar_date(base + day))]


@lru_cache(maxsize=256)
def seconds_of_day(pattern: CosemTime, *, end: bool) -> tuple[int, ...]:
    """Seconds of the day at which the time begins to match or, at its end, ceases to."""
    stated = [part != ANY for part in (pattern.hour, pattern.minute, pattern.second)]
    finest = max((index for index, is_stated in enumerate(stated) if is_stated), default=-1)
    ranges: list[range] = []
    for index, (part, size) in enumerate(((pattern.hour, 24), (pattern.minute, 60), (pattern.second, 60))):
        recurring = range(size) if index <= finest else range(size)[-1:] if end else range(1)
        ranges.append(range(part, min(part + 1, size)) if stated[index] else recurring)
    return tuple(3600 * hour + 60 * minute + second + end for hour, minute, second in product(*ranges))


def calendar_date(day: int) -> CosemDate:
    """Date of a day since 1970."""
    at = date.fromordinal(day + EPOCH_ORDINAL)
    return CosemDate(at.year, at.month, at.day, at.isoweekday())


def parts(pattern: CosemDateTime) -> tuple[CosemDate, CosemTime]:
    """Date and time of day to the second; hundredths, deviation and status do not open a window."""
    return pattern.date, CosemTime(pattern.hour, pattern.minute, pattern.second)
