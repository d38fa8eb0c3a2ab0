"""What a keypad or a card puts into a meter: keys make digits, digits make tokens and queries.

A token goes the way of all tokens (`tokens.enter`); what came of it stays in the state, for whoever looks at the front.
"""

from collections.abc import Sequence
from typing import cast

from openami.core.errors import DecodeError, DefinitionError
from openami.metering.entry import (
    BACK,
    ENTER,
    GAP_MOST_MS,
    KEYS,
    NAME,
    SECOND_MS,
    TOKEN_DIGITS,
    Entry,
    Module,
    Says,
    Sound,
)
from openami.meters import tokens
from openami.meters.conditions import of_covers
from openami.meters.sections.input import InputRow, KeypadRow
from openami.meters.view import View
from openami.sts import ndef
from openami.sts.token import InitiateTest

NO_QUERY = -1


def input_of(view: View) -> tuple[Entry, InputRow]:
    """Input modules of the fleet, and what the product file says of them."""
    row = view.holding.product.input
    if row is None:
        raise DefinitionError("this meter has no place for an input module")
    return view.laws.part(NAME, Entry), row


# Hands


def key(view: View, value: object) -> None:
    """Press keys: one or several in a row, or [keys, ms since the key before by the clock of the finger]."""
    parts = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value, None)
    part, row = input_of(view)
    if row.keypad is None or part.module[view.meter] != Module.KEYPAD:
        raise DefinitionError("there is no keypad in this meter now")
    pressed, gap_ms = checked(parts)
    for each in pressed:
        stroke(view, row.keypad, each, gap_ms)
        gap_ms = 0


def checked(parts: Sequence[object]) -> tuple[str, int | None]:
    """Take keys, and how long after the one before the first of them was pressed; a number is its digits."""
    if len(parts) == 2 and not isinstance(parts[0], bool) and isinstance(parts[1], int | None):
        given, gap_ms = parts[0], parts[1]
        pressed = "".join(str(given).split()) if isinstance(given, str | int) else ""
        if pressed and set(pressed) <= set(KEYS) and (gap_ms is None or 0 <= gap_ms <= GAP_MOST_MS):
            return pressed, gap_ms
    raise DefinitionError(
        f"{parts[0] if parts else parts!r}: expected keys of {KEYS}, or [keys, ms since the key before]"
    )


def nfc(view: View, value: object) -> None:
    """Hold a card to the reader: octets of its NDEF message in hexadecimal."""
    part, row = input_of(view)
    if row.nfc is None or part.module[view.meter] != Module.NFC:
        raise DefinitionError("there is no card reader in this meter now")
    try:
        message = bytes.fromhex(value if isinstance(value, str) else "?")
    except ValueError as error:
        raise DefinitionError("expected the octets of an NDEF message in hexadecimal") from error
    if not is_powered(view):
        return
    part.touch(view.meter, now(view), gap_ms=0, most_ms=0, since=0)
    try:
        digits = ndef.token_of(message)
    except DecodeError:
        answer(view, part, Says.UNREADABLE, is_good=False)
    else:
        token(view, part, digits, tokens.Way.NFC)


def input_module(view: View, value: object) -> None:
    """Put another input module in its place, or take it out; the cover over it is open."""
    part, row = input_of(view)
    if value != "none" and value not in row.modules:
        raise DefinitionError(f"{value!r}: expected {', '.join((*row.modules, 'none'))}")
    if row.under and row.under not in [*of_covers(view)]:
        raise DefinitionError(f"nobody reaches it without {row.under.replace('_', ' ')}")
    part.module[view.meter] = Module[str(value).upper()]
    part.take(view.meter)
    part.say(view.meter, Says.NOTHING)


# What follows


def now(view: View) -> int:
    """True UTC second."""
    return int(view.laws.now)


def is_powered(view: View) -> bool:
    """Whether there is supply."""
    return bool(view.laws.supply.powered[view.meter])


def stroke(view: View, row: KeypadRow, pressed: str, gap_ms: int | None) -> None:
    """One key; `gap_ms` since the one before, None where the meter's own time tells it."""
    part, meter = view.laws.part(NAME, Entry), view.meter
    if not is_powered(view) and not row.unpowered:
        return
    gap_ms = part.gap_ms(meter, now(view)) if gap_ms is None else gap_ms
    back_at = int(view.laws.supply.back_at[meter])
    part.touch(meter, now(view), gap_ms=gap_ms, most_ms=SECOND_MS * row.digit_s.value, since=back_at)
    if row.beep:
        part.sound(meter, Sound.KEY)
    if pressed == BACK:
        part.erase(meter)
    elif pressed == ENTER:
        entered(view, part, part.take(meter))
    elif not part.add(meter, int(pressed)):
        part.sound(meter, Sound.REJECT)


def entered(view: View, part: Entry, digits: str) -> None:
    """What was typed is a token, or asks for something; nothing typed clears the display."""
    row = input_of(view)[1]
    if not digits:
        part.say(view.meter, Says.NOTHING)
    elif digits in row.query:
        part.say(view.meter, Says.QUERY, [*row.query].index(digits))
    elif digits == row.emergency:
        emergency(view, part)
    elif len(digits) != TOKEN_DIGITS:
        answer(view, part, Says.UNKNOWN, is_good=False)
    else:
        token(view, part, digits, tokens.Way.KEYPAD)


def emergency(view: View, part: Entry) -> None:
    """Ask for emergency credit, which is there only where the own is used up."""
    row = input_of(view)[1]
    try:
        tokens.emergency(view)
    except DefinitionError:
        answer(view, part, Says.REFUSED, is_good=False)
        return
    queries = [*row.query]
    answer(view, part, Says.QUERY, queries.index(row.after) if row.after else NO_QUERY, is_good=True)


def token(view: View, part: Entry, digits: str, way: tokens.Way) -> None:
    """Let the meter judge a token, and say what it makes of it; without supply none is looked at."""
    if not is_powered(view) and not tokens.section(view).unpowered:
        answer(view, part, Says.NO_SUPPLY, is_good=False)
        return
    found = tokens.enter(view, digits, way)
    if isinstance(found.token, InitiateTest):
        answer(view, part, Says.TEST, found.token.control, is_good=True)
        return
    units = found.units if found.kind is not None and found.kind.is_credit else 0
    answer(view, part, Says.RESULT, found.result, units, is_good=found.result.is_good)


def answer(view: View, part: Entry, says: Says, number: int = 0, units: int = 0, *, is_good: bool) -> None:
    """Say something, and let it be heard."""
    part.say(view.meter, says, int(number), units)
    part.sound(view.meter, Sound.ACCEPT if is_good else Sound.REJECT)
