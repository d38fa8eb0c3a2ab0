"""Calendars as people write them: days that move, what is refused, how two differ."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from openami.core.errors import DecodeError
from openami.headend.tariffs.documents import ANYTHING, Document, SpecialDay
from openami.headend.tariffs.octets import compare, described, encode
from openami.headend.tariffs.service import rates
from openami.metering.calendar import LIMITS

WINTER: dict[str, Any] = {
    "name": "T2",
    "seasons": [{"name": "s", "start": "01-01", "week": "w"}],
    "weeks": [{"name": "w", "days": [1, 1, 1, 1, 1, 2, 2]}],
    "days": [
        {"id": 1, "switches": [{"at": "00:00", "rate": 1}, {"at": "07:00", "rate": 2}, {"at": "23:00", "rate": 1}]},
        {"id": 2, "switches": [{"at": "00:00", "rate": 1}]},
    ],
    "special": [{"name": "Christmas", "day": 2, "date": "12-25"}, {"name": "Easter Monday", "day": 2, "easter": 1}],
}


def document(**changes: Any) -> Document:
    return Document.model_validate({**WINTER, **changes})


# Dutch and American public holidays as their governments published them.
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"easter": -2}, date(2027, 3, 26)),  # Good Friday
        ({"easter": 1}, date(2027, 3, 29)),  # Easter Monday
        ({"easter": 39}, date(2027, 5, 6)),  # Ascension Day
        ({"easter": 50}, date(2027, 5, 17)),  # Whit Monday
        ({"nth": 4, "weekday": 4, "month": 11}, date(2027, 11, 25)),  # Thanksgiving
        ({"nth": -1, "weekday": 1, "month": 5}, date(2027, 5, 31)),  # Memorial Day
        ({"nth": 1, "weekday": 1, "month": 9}, date(2027, 9, 6)),  # Labor Day
        ({"nth": 3, "weekday": 1, "month": 1}, date(2027, 1, 18)),  # Martin Luther King Day
    ],
)
def test_days_that_move_fall_where_they_were_published(rule: dict[str, int], expected: date) -> None:
    special = SpecialDay(day=2, **rule)  # type: ignore[arg-type]
    assert special.is_movable
    assert special.on(2027) == expected
    assert [(day.year, day.month, day.day) for day in special.dates(range(2027, 2028))] == [
        (expected.year, expected.month, expected.day)
    ]


@pytest.mark.feature("SIMS-09")
def test_special_days_go_before_the_week() -> None:
    assert rates(document(), date(2027, 3, 30)) == [(0, 1), (7 * 3600, 2), (23 * 3600, 1)]
    assert rates(document(), date(2027, 3, 29)) == [(0, 1)]
    assert rates(document(), date(2027, 12, 25)) == [(0, 1)]


def test_days_that_move_are_computed_for_as_many_years_as_are_asked_for() -> None:
    found = described(encode(document(years=3), 2026))["special"]
    assert found == dict.fromkeys(("2026-04-06", "2027-03-29", "2028-04-17", "12-25"), "day 2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weeks": [{"name": "w", "days": [1, 1, 1, 1, 1, 2, 9]}]}, "no day profile 9"),
        ({"seasons": [{"name": "s", "start": "01-01", "week": "x"}]}, "no week 78"),
        ({"special": [{"day": 9, "date": "12-25"}]}, "no day profile 9"),
        ({"days": [{"id": 1, "switches": [{"at": "00:00", "rate": 3}]}]}, "rate 3 of 2"),
        ({"special": [{"day": 2, "date": f"01-{n:02}"} for n in range(1, 32)]}, "31 entries, the meter holds 30"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        document(**changes).check(LIMITS, 2027)


@pytest.mark.parametrize(
    "changes",
    [
        {"special": [{"day": 2, "date": "02-30"}]},
        {"special": [{"day": 2, "date": "12-25", "easter": 1}]},
        {"special": [{"day": 2, "nth": 1, "month": 2}]},
        {"special": [{"day": 2}]},
        {"days": [{"id": 1, "switches": [{"at": "07:00", "rate": 1}]}]},
        {"days": [{"id": 1, "switches": [{"at": "00:00", "rate": 1}, {"at": "24:00", "rate": 1}]}]},
        {"seasons": [{"name": "s", "start": "13-01", "week": "w"}]},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        document(**changes)


def test_two_calendars_are_compared_in_words() -> None:
    other = document(
        days=[WINTER["days"][1], {"id": 1, "switches": [{"at": "00:00", "rate": 1}, {"at": "06:30", "rate": 2}]}],
        special=[WINTER["special"][0]],
    )
    other.check(ANYTHING, 2027)
    found = compare(encode(document(years=1), 2027), encode(other, 2027))
    assert [(d.part, d.what, d.before, d.after) for d in found] == [
        ("days", "day 1", "00:00 rate 1, 07:00 rate 2, 23:00 rate 1", "00:00 rate 1, 06:30 rate 2"),
        ("special", "2027-03-29", "day 2", None),
    ]
    assert compare(encode(other, 2027), encode(other, 2027)) == []
