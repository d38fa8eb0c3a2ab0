"""Values as a display shows them: digits and decimals, roll-over, codes, dates, levels. Exact, without floats."""

import re
from collections.abc import Sequence

from openami.core.obis import OBIS
from openami.core.time import ANY, ANY_YEAR, CosemDateTime

PREFIXES = {"": 0, "k": 3, "M": 6, "G": 9, "m": -3}
"""Exponents of ten of the letters before a unit."""

LETTERS = {96: "C", 97: "F", 98: "L", 99: "P"}
"""Letters that stand for group C and D on a display (IEC 62056-61, annex A)."""

CURRENT = 255
MISSING, TOO_BIG = "-", "="
TOKENS = re.compile("YYYY|YY|MM|DD|hh|mm|ss")
STEP_MS = 500
"""How long a text that is too long stands still before it moves on by a character."""


def scaled(value: int, exponent: int) -> int:
    """Value times a power of ten, cut off towards zero as a register cuts off what it does not show."""
    power: int = 10 ** abs(exponent)
    if exponent >= 0:
        return value * power
    whole = abs(value) // power
    return -whole if value < 0 else whole


def figure(
    value: int | None, exponent: int, *, digits: int, decimals: int = 0, rolls: bool = False, zeros: bool = False
) -> str:
    """Digits of `value` times ten to the `exponent`, `digits` in all with `decimals` behind the point.

    A register that `rolls` begins again at zero when its digits are full. Any other value that has no room is
    shown as `=`, one that is missing as `-` in every place; a minus sign takes the place of a digit.
    """
    if value is None:
        return MISSING * digits
    shown = scaled(value, exponent + decimals)
    room = digits - (shown < 0)
    if rolls:
        shown = abs(shown) % 10**room * (-1 if shown < 0 else 1)
    if abs(shown) >= 10**room or room <= decimals:
        return TOO_BIG * digits
    text = str(abs(shown)).zfill(room if zeros else decimals + 1)
    sign = "-" if shown < 0 else ""
    return f"{sign}{text[:-decimals]}.{text[-decimals:]}" if decimals else sign + text


def prefix(unit: str, symbol: str) -> int | None:
    """Exponent of ten of a unit as shown over the unit of the object: kWh over Wh is 3; None if they differ."""
    return PREFIXES.get(unit.removesuffix(symbol)) if unit.endswith(symbol) else None


def short_code(name: OBIS, *, manual: bool = False) -> str:
    """Code on the display: C.D.E, with `*F` for a stored value or `&F` after a manual reset (IEC 62056-61)."""
    if (name.c, name.d, name.e) == (97, 97, 0):
        return "F.F"
    c, d = (LETTERS.get(group, str(group)) for group in (name.c, name.d))
    sign = "&" if manual else "*"
    return f"{c}.{d}.{name.e}" + (f"{sign}{name.f:02d}" if name.f != CURRENT else "")


def moment(at: CosemDateTime, pattern: str) -> str:
    """Local date and time after a pattern of YYYY YY MM DD hh mm ss; what is not specified is `-`."""
    year = MISSING * 4 if at.year == ANY_YEAR else f"{at.year:04d}"
    fields = {"MM": at.month, "DD": at.day, "hh": at.hour, "mm": at.minute, "ss": at.second}
    written = {name: MISSING * 2 if field == ANY else f"{field:02d}" for name, field in fields.items()}
    written |= {"YYYY": year, "YY": year[2:]}
    return TOKENS.sub(lambda token: written[token[0]], pattern)


def level(value: int | None, limits: Sequence[int]) -> int:
    """How many of the limits, in rising order, a value has reached: 0 is none."""
    return 0 if value is None else sum(value >= limit for limit in limits)


def window(text: str, width: int, elapsed_ms: int) -> str:
    """Text in a window: one that is too long runs through it from right to left, again and again."""
    if len(text) <= width:
        return text
    loop = text + "   "
    start = elapsed_ms // STEP_MS % len(loop)
    return (loop + loop)[start : start + width]
