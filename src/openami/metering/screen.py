"""What is to be seen on a display at one moment: text, unit, signs, light; laid out in lines where it has dots."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from openami.core.errors import DefinitionError
from openami.metering import glyphs
from openami.metering.digits import window
from openami.metering.display import Mode, Shows

FIELDS: tuple[str, ...] = ("code", "value", "unit", "label", "signs", "mode", "place")
"""What a line of a dot-matrix display may be made of."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A special sign: its name, its level (0 is not lit), and the text a display without segments has for it."""

    name: str
    level: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One item in words: code, value with decimals, unit, name."""

    code: str = ""
    value: str = ""
    unit: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A display as it looks now.

    `lines` are the characters of a dot matrix, `digits` and `code_digits` the masks of seven segments; one of the
    two is empty. `shows` is ALL in a self-test and NOTHING when it is dark.
    """

    mode: Mode
    shows: Shows
    item: Shown = Shown()
    index: int = 0
    count: int = 0
    is_lit: bool = False
    signs: tuple[Sign, ...] = ()
    lines: tuple[str, ...] = ()
    digits: tuple[int, ...] = ()
    code_digits: tuple[int, ...] = field(default=())

    @property
    def text(self) -> str:
        """All of it in words, for those who cannot see it."""
        if self.shows is not Shows.ITEMS:
            return "every segment" if self.shows is Shows.ALL else ""
        parts = (self.item.code, self.item.value, self.item.unit, self.item.label)
        return " ".join(part for part in parts if part)


def check_layout(layout: Sequence[str]) -> None:
    """Refuse a line that is made of what there is not."""
    for line in layout:
        try:
            names = [name for _, name, _, _ in string.Formatter().parse(line) if name is not None]
            line.format_map(dict.fromkeys(FIELDS, "x"))
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise DefinitionError(f"{line!r}: expected a line of {{{'}, {'.join(FIELDS)}}}") from error
        if unknown := [name for name in names if name not in FIELDS]:
            raise DefinitionError(f"{line!r}: there is no {unknown[0]}")


def laid_out(layout: Sequence[str], fields: Mapping[str, str], characters: int, elapsed_ms: int) -> tuple[str, ...]:
    """Lines of exactly so many characters; one that is too long moves through."""
    lines = (line.format_map(fields) for line in layout)
    return tuple(window(line, characters, elapsed_ms).ljust(characters) for line in lines)


def full(lines: int, characters: int, *, is_on: bool) -> tuple[str, ...]:
    """Lines with every dot on, as in the self-test of a dot matrix; or none."""
    return (("█" if is_on else " ") * characters,) * lines


def every_segment(digits: int, *, is_on: bool) -> tuple[int, ...]:
    """Masks with every segment on; or none."""
    return (glyphs.mask(glyphs.SEGMENT_ORDER) if is_on else 0,) * digits
