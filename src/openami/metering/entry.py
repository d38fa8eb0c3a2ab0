"""What is put into N meters by hand: digits on a keypad, tokens on a card; what came of it, and what may be heard.

Digits wait in the meter's working memory: they are gone when the next key comes too late, or after an outage.
Nothing here happens by itself, so that time may be cut in any way.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import Int64

NAME = "entry"
TOKEN_DIGITS = 20
"""Digits of a token (IEC 62055-51), and the most that are kept."""
BACK, ENTER = "*", "#"
KEYS = f"0123456789{BACK}{ENTER}"
"""The twelve keys: `*` takes a digit back, `#` enters what was typed."""
KEY_ROWS = ("123", "456", "789", "*0#")
"""The keypad as it lies under a hand."""
SECOND_MS = 1_000
GAP_MOST_MS = 86_400_000
"""A gap between two keys that stands for any longer one: a day."""


class Module(IntEnum):
    """What is in the place of the input module."""

    NONE = 0
    KEYPAD = 1
    NFC = 2


class Says(IntEnum):
    """What there is to say about the last key or card."""

    NOTHING = 0
    DIGITS = 1
    RESULT = 2
    """`answer` is the number of the result, `units` the credit taken."""
    QUERY = 3
    """`answer` is the place of the query in the product's list."""
    TEST = 4
    """`answer` are the control bits of a test token (class 1)."""
    UNKNOWN = 5
    UNREADABLE = 6
    NO_SUPPLY = 7
    REFUSED = 8


class Sound(IntEnum):
    """What the buzzer does."""

    KEY = 0
    ACCEPT = 1
    REJECT = 2


@dataclass(slots=True)
class Entry:
    """Input modules of N meters. [meters], but digits [digits, meters] and heard [sounds, meters].

    `touched` is the true UTC second of the last key; `strokes` counts keys and cards, so that who looks sees a new one.
    """

    module: NDArray[np.uint8]
    digits: NDArray[np.uint8]
    count: NDArray[np.uint8]
    touched: Int64
    strokes: NDArray[np.uint32]
    says: NDArray[np.uint8]
    answer: Int64
    units: Int64
    heard: NDArray[np.uint32]

    @classmethod
    def of(cls, meters: int, module: Module) -> Self:
        """Nothing touched yet; this module in all of them."""
        return cls(
            np.full(meters, module, np.uint8), np.zeros((TOKEN_DIGITS, meters), np.uint8), np.zeros(meters, np.uint8),
            np.zeros(meters, np.int64), np.zeros(meters, np.uint32), np.zeros(meters, np.uint8),
            np.zeros(meters, np.int64), np.zeros(meters, np.int64), np.zeros((len(Sound), meters), np.uint32),
        )  # fmt: skip

    def typed(self, meter: int) -> str:
        """Digits that wait."""
        return "".join(map(str, self.digits[: self.count[meter], meter].tolist()))

    def touch(self, meter: int, now: int, *, gap_ms: int, most_ms: int, since: int) -> None:
        """A key goes down `gap_ms` after the one before; digits older than `most_ms`, or than `since`, are gone."""
        if gap_ms > most_ms or self.touched[meter] < since:
            self.count[meter] = 0
        self.touched[meter] = now
        self.strokes[meter] += 1

    def gap_ms(self, meter: int, now: int) -> int:
        """Time since the last key, by the meter's own time."""
        return SECOND_MS * (now - int(self.touched[meter]))

    def add(self, meter: int, digit: int) -> bool:
        """Take a digit; False where there is no room for it."""
        self.say(meter, Says.DIGITS)
        count = int(self.count[meter])
        if count == TOKEN_DIGITS:
            return False
        self.digits[count, meter] = digit
        self.count[meter] = count + 1
        return True

    def erase(self, meter: int) -> None:
        """Take the last digit back; with none left there is nothing more to say."""
        left = max(0, int(self.count[meter]) - 1)
        self.count[meter] = left
        self.say(meter, Says.DIGITS if left else Says.NOTHING)

    def take(self, meter: int) -> str:
        """Give all digits away, to be entered."""
        typed = self.typed(meter)
        self.count[meter] = 0
        return typed

    def say(self, meter: int, says: Says, answer: int = 0, units: int = 0) -> None:
        """Have something to say."""
        self.says[meter], self.answer[meter], self.units[meter] = says, answer, units

    def sound(self, meter: int, sound: Sound) -> None:
        """Let the buzzer be heard."""
        self.heard[sound, meter] += 1
