from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headend.fake_meters import ZONE
from openami.headend.collection.schedule import last_due, next_due, second_of_day
from openami.headend.registry.models import Item, Kind

ITEM = Item(name="x", kind=Kind.CLOCK, logical_name="0.0.1.0.0.255", every="day", delay_s=60)


def at(*parts: int) -> float:
    return datetime(*parts, tzinfo=ZoneInfo(ZONE)).timestamp()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        ("day", (2026, 10, 24, 12), (2026, 10, 25, 0, 1)),
        ("day", (2026, 10, 25, 0, 0, 30), (2026, 10, 25, 0, 1)),
        ("day", (2026, 10, 25, 12), (2026, 10, 26, 0, 1)),
        ("day", (2026, 3, 28, 23, 59, 59), (2026, 3, 29, 0, 1)),
        ("month", (2026, 10, 24, 12), (2026, 11, 1, 0, 1)),
        ("month", (2026, 12, 31, 12), (2027, 1, 1, 0, 1)),
        ("hour", (2026, 10, 24, 12, 30), (2026, 10, 24, 13, 1)),
        (900, (2026, 10, 24, 12, 30), (2026, 10, 24, 12, 31)),
    ],
)
def test_steps_follow_the_local_calendar(every: str | int, now: tuple[int, ...], due: tuple[int, ...]) -> None:
    item = ITEM.model_copy(update={"every": every})
    assert next_due(item, ZONE, at(*now)) == at(*due)


@given(st.integers(1_000_000_000, 2_700_000_000), st.sampled_from(["hour", "day", "month", 900, 86_400]))
def test_a_due_instant_lies_ahead_and_is_the_last_one_once_it_has_passed(now: int, every: str | int) -> None:
    item = ITEM.model_copy(update={"every": every})
    due = next_due(item, ZONE, now)
    assert due > now >= last_due(item, ZONE, now)
    assert last_due(item, ZONE, due) == due - item.delay_s


def test_windows_count_from_local_midnight() -> None:
    assert second_of_day(ZONE, at(2026, 10, 24, 0, 10)) == 600
