"""A display in the characters of a terminal: dots as Braille patterns, seven segments as strokes."""

from openami.metering import glyphs
from openami.metering.glyphs import DOT_COLUMNS, DOT_ROWS, SEGMENT_ORDER
from openami.metering.screen import Picture

BRAILLE = 0x2800
CELL_ROWS, CELL_COLUMNS = 8, 6
"""A character of five by seven dots with its gap: two rows of three Braille patterns."""

PATTERN = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a Braille pattern by row and column (ISO/IEC 11548-1)."""

STROKES = {"a": (0, 1, "━━"), "f": (1, 0, "┃"), "b": (1, 3, "┃"), "g": (2, 1, "━━"), "e": (3, 0, "┃"), "c": (3, 3, "┃"),
           "d": (4, 1, "━━"), ".": (4, 4, "▪")}  # fmt: skip
"""Where each segment stands in five rows of five characters."""

Rows = list[list[tuple[str, bool]]]
"""Characters with whether each is lit; what is not lit is a shadow, as on glass."""


def dots(lines: tuple[str, ...]) -> list[str]:
    """Lines of characters as Braille patterns, two rows for each line."""
    return [row for line in lines for row in pattern_rows(line)]


def pattern_rows(line: str) -> list[str]:
    """One line of characters as two rows of patterns."""
    table = glyphs.dots()
    width = len(line) * CELL_COLUMNS
    grid = [[False] * width for _ in range(CELL_ROWS)]
    for place, sign in enumerate(line):
        for row, bits in enumerate(table.get(sign, table["?"])):
            for column in range(DOT_COLUMNS):
                grid[row][place * CELL_COLUMNS + column] = bool(bits >> (DOT_COLUMNS - 1 - column) & 1)
    return ["".join(pattern(grid, top, left) for left in range(0, width, 2)) for top in (0, 4)]


def pattern(grid: list[list[bool]], top: int, left: int) -> str:
    """The Braille pattern of four rows and two columns."""
    bits = (
        PATTERN[row][column]
        for row in range(4)
        for column in range(2)
        if top + row <= DOT_ROWS and grid[top + row][left + column]
    )
    return chr(BRAILLE + sum(bits))


def strokes(masks: tuple[int, ...]) -> Rows:
    """Digits as five rows of strokes."""
    rows: Rows = [[(" ", False)] * (6 * len(masks)) for _ in range(5)]
    for place, mask in enumerate(masks):
        for bit, segment in enumerate(SEGMENT_ORDER):
            row, column, text = STROKES[segment]
            for step, sign in enumerate(text):
                rows[row][place * 6 + column + step] = (sign, bool(mask >> bit & 1))
    return rows


def rows_of(picture: Picture) -> Rows:
    """The whole display as rows of characters."""
    if picture.lines:
        return [[(sign, True) for sign in row] for row in dots(picture.lines)]
    main = strokes(picture.digits)
    words = [(sign, True) for sign in f"{picture.item.code:<10}{picture.item.unit:>6}"]
    signs = [part for sign in picture.signs for part in [*((each, sign.level > 0) for each in sign.name), (" ", False)]]
    return [signs, *main, words]
