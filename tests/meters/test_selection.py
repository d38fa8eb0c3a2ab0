"""Which meters are meant: numbers, ranges, serial numbers, all; anything else is refused in one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.meters.identity import Identity
from openami.meters.selection import select, words

WHO = Identity()


@pytest.mark.parametrize(
    ("text", "meters"),
    [
        ("1", [0]),
        ("2-4", [1, 2, 3]),
        ("5,2-3, 3", [1, 2, 4]),
        ("all", list(range(5))),
        (WHO.serial(3), [3]),
        (f"1,{WHO.serial(4)}", [0, 4]),
    ],
)
def test_a_selection(text: str, meters: list[int]) -> None:
    assert select(text, 5, WHO) == meters


@pytest.mark.parametrize(
    "text", ["", "0", "6", "4-2", "1-6", "1-", "-1", "1;2", "1 2", "nobody", WHO.serial(5), "1,,2"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        select(text, 5, WHO)
    assert caught.value.key == "meters"


@given(st.sets(st.integers(1, 10_000), min_size=1, max_size=20))
def test_numbers_in_any_order_are_these_meters(numbers: set[int]) -> None:
    assert select(",".join(map(str, numbers)), 10_000, WHO) == sorted(number - 1 for number in numbers)
    serials = ",".join(WHO.serial(number - 1) for number in numbers)
    assert select(serials, 10_000, WHO) == sorted(number - 1 for number in numbers)


@given(st.text(max_size=12))
def test_any_text_is_a_selection_or_refused(text: str) -> None:
    try:
        words(text)
        assert set(select(text, 7, WHO)) <= set(range(7))
    except DefinitionError:
        pass
