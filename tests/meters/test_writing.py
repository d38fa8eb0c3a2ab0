"""Numbers as words: names of values and of bits."""

import pytest

from openami.meters.front import is_moving
from openami.meters.writing import named

WORDS = ("OPEn", "CLOSEd", "rEAdY")


@pytest.mark.parametrize(("number", "text"), [(0, "OPEn"), (2, "rEAdY"), (3, "3"), (-1, "-1")])
def test_a_value_has_its_word_or_stays_a_number(number: int, text: str) -> None:
    assert named(number, WORDS, of_bits=False) == text


@pytest.mark.parametrize(("number", "text"), [(0, "-"), (1, "OPEn"), (5, "OPEn rEAdY"), (8, "-"), (10, "CLOSEd")])
def test_bits_are_named_one_by_one(number: int, text: str) -> None:
    assert named(number, WORDS, of_bits=True) == text


@pytest.mark.parametrize(
    ("text", "moves"), [("12345678", False), ("1234.5678", False), ("123456789", True), ("CLOSEd", True), ("--", False)]
)
def test_what_is_too_long_for_the_display_moves(text: str, *, moves: bool) -> None:
    assert is_moving(text, 8) is moves
