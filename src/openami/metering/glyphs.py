"""Shapes of the characters: seven segments, and a matrix of five by seven dots."""

from functools import cache

SEGMENT_ORDER = "abcdefg."
"""Bits of a seven-segment mask from bit 0: clockwise from the top, the middle bar, the point."""

SEVEN = {
    " ": "", "-": "g", "=": "dg", "_": "d", "'": "f", "0": "abcdef", "1": "bc", "2": "abdeg", "3": "abcdg",
    "4": "bcfg", "5": "acdfg", "6": "acdefg", "7": "abc", "8": "abcdefg", "9": "abcdfg", "A": "abcefg",
    "B": "cdefg", "C": "adef", "D": "bcdeg", "E": "adefg", "F": "aefg", "G": "acdef", "H": "bcefg", "I": "ef",
    "J": "bcde", "L": "def", "N": "ceg", "O": "cdeg", "P": "abefg", "Q": "abcfg", "R": "eg", "S": "acdfg",
    "T": "defg", "U": "bcdef", "Y": "bcdfg", "*": "abfg", "&": "abefg",
}  # fmt: skip
"""Segments of the characters that seven of them can show; small letters are as the capital ones."""

DOT_ROWS, DOT_COLUMNS = 7, 5

ROWS = """
! 04 04 04 04 00 00 04|" 0A 0A 00 00 00 00 00|# 0A 0A 1F 0A 1F 0A 0A|% 18 19 02 04 08 13 03|& 0C 12 14 08 15 12 0D
' 04 04 00 00 00 00 00|( 02 04 08 08 08 04 02|) 08 04 02 02 02 04 08|* 00 04 15 0E 15 04 00|+ 00 04 04 1F 04 04 00
, 00 00 00 00 06 02 04|- 00 00 00 1F 00 00 00|. 00 00 00 00 00 06 06|/ 00 01 02 04 08 10 00|: 00 06 06 00 06 06 00
0 0E 11 13 15 19 11 0E|1 04 0C 04 04 04 04 0E|2 0E 11 01 02 04 08 1F|3 1F 02 04 02 01 11 0E|4 02 06 0A 12 1F 02 02
5 1F 10 1E 01 01 11 0E|6 06 08 10 1E 11 11 0E|7 1F 01 02 04 08 08 08|8 0E 11 11 0E 11 11 0E|9 0E 11 11 0F 01 02 0C
; 00 06 06 00 06 02 04|< 02 04 08 10 08 04 02|= 00 00 1F 00 1F 00 00|> 08 04 02 01 02 04 08|? 0E 11 01 02 04 00 04
A 0E 11 11 1F 11 11 11|B 1E 11 11 1E 11 11 1E|C 0E 11 10 10 10 11 0E|D 1C 12 11 11 11 12 1C|E 1F 10 10 1E 10 10 1F
F 1F 10 10 1E 10 10 10|G 0E 11 10 17 11 11 0F|H 11 11 11 1F 11 11 11|I 0E 04 04 04 04 04 0E|J 07 02 02 02 02 12 0C
K 11 12 14 18 14 12 11|L 10 10 10 10 10 10 1F|M 11 1B 15 15 11 11 11|N 11 11 19 15 13 11 11|O 0E 11 11 11 11 11 0E
P 1E 11 11 1E 10 10 10|Q 0E 11 11 11 15 12 0D|R 1E 11 11 1E 14 12 11|S 0F 10 10 0E 01 01 1E|T 1F 04 04 04 04 04 04
U 11 11 11 11 11 11 0E|V 11 11 11 11 11 0A 04|W 11 11 11 15 15 15 0A|X 11 11 0A 04 0A 11 11|Y 11 11 11 0A 04 04 04
Z 1F 01 02 04 08 10 1F|_ 00 00 00 00 00 00 1F|a 00 00 0E 01 0F 11 0F|b 10 10 16 19 11 11 1E|c 00 00 0E 10 10 11 0E
d 01 01 0D 13 11 11 0F|e 00 00 0E 11 1F 10 0E|f 06 09 08 1C 08 08 08|g 00 0F 11 11 0F 01 0E|h 10 10 16 19 11 11 11
i 04 00 0C 04 04 04 0E|j 02 00 06 02 02 12 0C|k 10 10 12 14 18 14 12|l 0C 04 04 04 04 04 0E|m 00 00 1A 15 15 11 11
n 00 00 16 19 11 11 11|o 00 00 0E 11 11 11 0E|p 00 00 1E 11 1E 10 10|q 00 00 0D 13 0F 01 01|r 00 00 16 19 10 10 10
s 00 00 0E 10 0E 01 1E|t 08 08 1C 08 08 09 06|u 00 00 11 11 11 13 0D|v 00 00 11 11 11 0A 04|w 00 00 11 11 15 15 0A
x 00 00 11 0A 04 0A 11|y 00 00 11 11 0F 01 0E|z 00 00 1F 02 04 08 1F|° 0C 12 12 0C 00 00 00|² 0C 12 04 08 1E 00 00
→ 00 04 02 1F 02 04 00|← 00 04 08 1F 08 04 00|↑ 04 0E 15 04 04 04 00|↓ 00 04 04 04 15 0E 04|√ 07 04 04 04 14 0C 04
φ 00 04 0E 15 0E 04 00|λ 10 08 08 0C 0A 11 11|⚠ 04 04 0A 0A 15 11 1F|· 00 00 00 0C 0C 00 00|█ 1F 1F 1F 1F 1F 1F 1F
▁ 00 00 00 00 00 00 0E|▂ 00 00 00 00 00 1F 1F|▃ 00 00 00 00 1F 1F 1F|▄ 00 00 00 1F 1F 1F 1F|▅ 00 00 1F 1F 1F 1F 1F
"""
"""Dots of each character, row by row from the top, bit 4 at the left."""


def mask(letters: str) -> int:
    """Bits of named segments."""
    return sum(1 << SEGMENT_ORDER.index(letter) for letter in letters)


def segments(text: str, digits: int) -> tuple[int, ...]:
    """Masks of a text set to the right of so many digits; a point belongs to the digit before it."""
    masks: list[int] = []
    for sign in text:
        if sign in ".:" and masks and not masks[-1] & mask("."):
            masks[-1] |= mask(".")
        else:
            masks.append(mask(SEVEN.get(sign.upper(), "") if sign not in ".:" else "."))
    masks = masks[:digits]
    return (0,) * (digits - len(masks)) + tuple(masks)


@cache
def dots() -> dict[str, tuple[int, ...]]:
    """Rows of each character, seven of five bits."""
    entries = [entry for line in ROWS.strip().splitlines() for entry in line.split("|")]
    table = {entry[0]: tuple(int(row, 16) for row in entry[2:].split()) for entry in entries}
    return {" ": (0,) * DOT_ROWS} | table
