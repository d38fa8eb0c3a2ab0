"""Windows with wildcards: against a walk over every minute, and the cases people mean."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.core.time import ANY, ANY_YEAR, DAY_LAST, DAY_S, CosemDateTime
from openami.cosem.elements import Window
from openami.cosem.windows import is_open, seconds_to_open

HOUR = 3600


def at(text: str) -> CosemDateTime:
    """Date-time of `2026-05-04 12:30` or `****-06-** **:15:00`; what is left out is not specified."""
    date, _, time = text.partition(" ")
    parts = [*date.split("-"), *time.split(":")][:6]
    year, month, day, *clock = [None if set(part) <= {"*"} else int(part) for part in parts]
    hour, minute, second = [*(ANY if part is None else part for part in clock), ANY, ANY, ANY][:3]
    rest = [ANY if part is None else part for part in (month, day)]
    return CosemDateTime(ANY_YEAR if year is None else year, *rest, ANY, hour, minute, second)


def on(weekday: int, hour: int = ANY) -> CosemDateTime:
    return CosemDateTime(weekday=weekday, hour=hour)


def window(start: str, end: str) -> list[Window]:
    return [Window(at(start), at(end))]


NIGHTLY = window("****-**-** 22:00", "****-**-** 05:00:00")
WEEK_END = [Window(on(6), on(7))]
JUNE = window("****-06-**", "****-06-**")
ONCE = window("2026-05-04 08:00", "2026-05-06 17:59")


@pytest.mark.parametrize(
    ("windows", "now", "wait"),
    [
        ([], "2026-05-04 12:00", 0),
        (NIGHTLY, "2026-05-04 23:00", 0),
        (NIGHTLY, "2026-05-04 05:00:00", 0),
        (NIGHTLY, "2026-05-04 05:00:01", 16 * HOUR + 3599),
        (NIGHTLY, "2026-05-04 21:59:59", 1),
        (WEEK_END, "2026-05-01 12:00", 12 * HOUR),  # a Friday
        (WEEK_END, "2026-05-02 00:00:00", 0),
        (WEEK_END, "2026-05-03 23:59:59", 0),
        (WEEK_END, "2026-05-04 00:00:00", 5 * DAY_S),
        (JUNE, "2026-05-31 23:59:59", 1),
        (JUNE, "2026-06-15 12:00", 0),
        (JUNE, "2026-07-01 00:00:00", 335 * DAY_S),
        (ONCE, "2026-05-04 07:59:59", 1),
        (ONCE, "2026-05-06 17:59:59", 0),
        (ONCE, "2026-05-06 18:00:00", None),
        (window("2001-01-01", "2099-01-01"), "2026-05-04 12:00", 0),
        (window("2090-01-01", "2099-01-01"), "2089-12-31 23:00", HOUR),
        (window("2026-05-04", "****-**-**"), "2031-01-01 00:00", 0),  # never closes
        (window("****-**-**", "2026-05-04 12:00:00"), "2026-05-04 12:00:00", 0),  # always was open
        (window("****-**-**", "2026-05-04 12:00:00"), "2026-05-04 12:00:01", None),
        (window("****-**-** **:15", "****-**-** **:19"), "2026-05-04 12:19:59", 0),
        (window("****-**-** **:15", "****-**-** **:19"), "2026-05-04 12:20:00", 55 * 60),
        (window("****-02-29", "****-02-29"), "2097-03-01 00:00", 2555 * DAY_S),
        (window(f"****-**-{DAY_LAST}", f"****-**-{DAY_LAST}"), "2026-04-30 12:00", 0),
        (window(f"****-**-{DAY_LAST}", f"****-**-{DAY_LAST}"), "2026-05-01 00:00", 30 * DAY_S),
        ([*ONCE, *NIGHTLY], "2026-05-04 06:00", 2 * HOUR),
    ],
)
def test_when_a_window_is_open(windows: list[Window], now: str, wait: int | None) -> None:
    assert seconds_to_open(windows, at(now)) == wait
    assert is_open(windows, at(now)) is (wait == 0)


@pytest.mark.parametrize(
    "start", ["2026-02-30", "****-02-30", "****-13-01", "****-254-**", "9999-12-31", "****-**-40", "****-**-** 25:00"]
)
def test_what_nothing_matches_never_comes(start: str) -> None:
    assert seconds_to_open(window(start, "****-**-**"), at("2026-05-04 12:00")) is None


def test_a_clock_that_knows_no_time_opens_no_window() -> None:
    assert is_open([], CosemDateTime())
    with pytest.raises(DecodeError):
        is_open(NIGHTLY, CosemDateTime())


def test_any_two_date_times_give_an_answer() -> None:
    @given(st.binary(min_size=12, max_size=12), st.binary(min_size=12, max_size=12), st.integers(1, 9999))
    def check(start: bytes, end: bytes, year: int) -> None:
        windows = [Window(CosemDateTime.decode(start), CosemDateTime.decode(end))]
        now = CosemDateTime(year, 12, 31, 5, 23, 59, 59)
        assert is_open(windows, now) is (seconds_to_open(windows, now) == 0)

    check()


part = st.sampled_from([ANY, 0, 7, 23])
recurring = st.builds(
    lambda weekday, hour, minute: CosemDateTime(weekday=weekday, hour=hour, minute=minute),
    st.sampled_from([ANY, 1, 2, 7]),
    part,
    st.sampled_from([ANY, 0, 59]),
)


def walked(window: Window, now: int) -> bool:
    """Whether the window is open, by a walk over every minute of the nine days before."""
    opened = closed = None
    before = [False, False]
    for minute in range(now - 9 * DAY_S, now + 60, 60):
        clock = CosemDateTime.from_utc(minute)
        matches = [pattern.matches(clock) for pattern in window]
        if matches[0] and not before[0]:
            opened = minute if minute > now - 9 * DAY_S else -inf
        if before[1] and not matches[1]:
            closed = minute
        before = matches
    return opened is not None and (closed is None or opened >= closed)


@given(recurring, recurring, st.integers(0, 20 * 1440))
@settings(max_examples=25, deadline=None)
def test_a_window_is_open_as_a_walk_over_every_minute_finds(start: CosemDateTime, end: CosemDateTime, at: int) -> None:
    now = 1_777_845_600 + 60 * at
    held = Window(start, end)
    assert is_open([held], CosemDateTime.from_utc(now)) is walked(held, now)
