"""Digits on a keypad as a law: kept, taken back, forgotten; and that another meter of the fleet knows nothing of it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from openami.metering.entry import KEY_ROWS, KEYS, TOKEN_DIGITS, Entry, Module, Says, Sound

MOST_MS = 20_000


def touched(entry: Entry, now: int, gap_ms: int = 500, since: int = 0) -> None:
    """A key goes down."""
    entry.touch(1, now, gap_ms=gap_ms, most_ms=MOST_MS, since=since)


def typed(digits: str) -> Entry:
    """Three meters, and digits on the keypad of the second."""
    entry = Entry.of(3, Module.KEYPAD)
    for number, digit in enumerate(digits):
        touched(entry, 100 + number)
        entry.add(1, int(digit))
    return entry


def test_there_are_twelve_keys_where_a_hand_finds_them() -> None:
    assert len(KEYS) == 12
    assert sorted("".join(KEY_ROWS)) == sorted(KEYS)


@given(st.text("0123456789", max_size=24))
def test_twenty_digits_are_kept_and_no_more(digits: str) -> None:
    entry = typed(digits)
    assert entry.typed(1) == digits[:TOKEN_DIGITS]
    assert entry.typed(0) == entry.typed(2) == ""
    assert entry.add(1, 7) is (len(digits) < TOKEN_DIGITS)


@given(st.text("0123456789", min_size=1, max_size=20), st.integers(0, 22))
def test_digits_are_taken_back_one_by_one(digits: str, times: int) -> None:
    entry = typed(digits)
    for _ in range(times):
        entry.erase(1)
    left = digits[: max(0, len(digits) - times)]
    assert entry.typed(1) == left
    assert entry.says[1] == (Says.DIGITS if left else Says.NOTHING)


def test_a_digit_that_comes_too_late_is_the_first_one() -> None:
    entry = typed("123")
    touched(entry, 122, gap_ms=MOST_MS)
    assert entry.typed(1) == "123", "just in time"
    touched(entry, 143, gap_ms=MOST_MS + 1)
    assert entry.typed(1) == ""


def test_an_outage_takes_the_digits_with_it() -> None:
    entry = typed("123")
    touched(entry, 103, since=102)
    assert entry.typed(1) == "123", "the supply was back before"
    touched(entry, 120, since=110)
    assert entry.typed(1) == ""


def test_the_gap_by_the_meters_own_time() -> None:
    entry = typed("1")
    assert entry.gap_ms(1, 107) == 7_000


def test_what_is_entered_is_given_away() -> None:
    entry = typed("4711")
    assert entry.take(1) == "4711"
    assert entry.take(1) == ""


def test_onlookers_see_each_stroke_and_hear_each_sound() -> None:
    entry = typed("4711")
    entry.say(1, Says.RESULT, 13, 256)
    entry.sound(1, Sound.REJECT)
    assert entry.strokes.tolist() == [0, 4, 0]
    assert (entry.says[1], entry.answer[1], entry.units[1]) == (Says.RESULT, 13, 256)
    assert np.flatnonzero(entry.heard).tolist() == [Sound.REJECT * 3 + 1]
