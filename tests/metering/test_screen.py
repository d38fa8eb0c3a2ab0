"""Characters of segments and dots, and the layout of lines."""

import pytest

from openami.core.errors import DefinitionError
from openami.metering import glyphs
from openami.metering.screen import check_layout, laid_out


def test_digits_have_the_segments_that_everybody_knows() -> None:
    lit = {digit: glyphs.SEVEN[digit] for digit in "0123456789"}
    assert [len(lit[digit]) for digit in "0123456789"] == [6, 2, 5, 5, 4, 5, 6, 3, 7, 6]
    assert len(set(lit.values())) == 10


def test_a_point_belongs_to_its_digit() -> None:
    masks = glyphs.segments("12.5", 5)
    assert len(masks) == 5
    assert [bool(each & 0x80) for each in masks] == [False, False, False, True, False]
    assert masks[:2] == (0, 0)
    assert glyphs.segments("1.8.0", 6)[-3:] == (
        glyphs.mask("bc."), glyphs.mask("abcdefg."), glyphs.mask("abcdef"),
    )  # fmt: skip


def test_every_dot_character_has_seven_rows_of_five_and_is_like_no_other() -> None:
    table = glyphs.dots()
    assert all(len(rows) == 7 and all(0 <= row < 32 for row in rows) for rows in table.values())
    assert len(set(table.values())) == len(table)
    wanted = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;-+*/()%&#=<>?!_'"
    assert [sign for sign in wanted if sign not in table] == []


def test_lines_are_as_long_as_the_display_is_wide() -> None:
    fields = {"code": "1.8.0", "value": "001234", "unit": "kWh", "label": "Import", "signs": "123→"}
    lines = laid_out(["{code:<6}{signs:>10}", "{value:>12} {unit:<3}", "{label}"], fields, 16, 0)
    assert lines == ("1.8.0       123→", "      001234 kWh", "Import          ")


@pytest.mark.parametrize("line", ["{nosuch}", "{code", "{}", "{code.upper}", "{code:d}"])
def test_a_line_of_what_there_is_not_is_refused(line: str) -> None:
    with pytest.raises(DefinitionError):
        check_layout([line])
