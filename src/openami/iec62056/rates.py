"""Speeds by their character: mode C ends at 19,200 baud (IEC 62056-21, 6.3.2, item 13); more is the vendor's use.

The three behind `6` are those of COSEM class 19 (Blue Book, IEC local port setup), which counts on.
"""

from typing import Final

from openami.core.errors import DecodeError

RATES: Final = (300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200)
VENDOR: Final = 7
"""The first code that the standard leaves to the vendor."""

MODE_B: Final = "ABCDEF"


def rate_of(character: str) -> int | None:
    """Baud of the character of mode C and E; None for that of another mode."""
    return RATES[int(character)] if character.isascii() and character.isdigit() else None


def code_of(baud: int) -> int:
    """Code of a speed."""
    if baud not in RATES:
        raise DecodeError(f"{baud} baud, expected one of {', '.join(map(str, RATES))}")
    return RATES.index(baud)


def fastest(baud: int) -> int:
    """Code of the highest speed that is no higher than this one."""
    return max((code for code, rate in enumerate(RATES) if rate <= baud), default=0)
