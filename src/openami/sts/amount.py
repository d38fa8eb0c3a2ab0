"""Amounts on tokens: exponent of 2 bits and mantissa of 14, in whole units of the token (IEC 62055-41, 6.3.6)."""

from bisect import bisect_left
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import EncodeError

Codes: TypeAlias = NDArray[np.uint16]
Amounts: TypeAlias = NDArray[np.int64]

MANTISSA: Final = 1 << 14
OFFSETS: Final = (0, MANTISSA, MANTISSA * 11, MANTISSA * 111)
"""Least amount of each exponent e: the sum of 2^14 · 10^n over n < e."""
STEPS: Final = (1, 10, 100, 1000)
LIMITS: Final = tuple(offset - step for offset, step in zip(OFFSETS[1:], STEPS, strict=False))
"""Greatest amount of each exponent but the last."""
HIGHEST: Final = OFFSETS[3] + (MANTISSA - 1) * STEPS[3]
"""18,201,624: what 0xFFFF means."""


def encode(amount: int) -> int:
    """Code of the least amount that is not below this one: rounding favours the customer."""
    if not 0 <= amount <= HIGHEST:
        raise EncodeError(f"an amount of {amount} units does not go on a token: 0 to {HIGHEST}")
    exponent = bisect_left(LIMITS, amount)
    return exponent << 14 | max(0, -((OFFSETS[exponent] - amount) // STEPS[exponent]))


def decode(code: int) -> int:
    """Amount of a code of 16 bits."""
    exponent = code >> 14
    return OFFSETS[exponent] + (code & MANTISSA - 1) * STEPS[exponent]


def encode_many(amounts: Amounts) -> Codes:
    """Codes of amounts, rounded as `encode` does. [n] -> [n]."""
    if len(amounts) and (amounts.min() < 0 or amounts.max() > HIGHEST):
        raise EncodeError(f"amounts from {amounts.min()} to {amounts.max()} do not all go on tokens: 0 to {HIGHEST}")
    exponent = np.searchsorted(LIMITS, amounts)
    offset, step = np.array(OFFSETS)[exponent], np.array(STEPS)[exponent]
    mantissa = np.maximum(0, -((offset - amounts) // step))
    codes: Codes = (exponent << 14 | mantissa).astype(np.uint16)
    return codes


def decode_many(codes: Codes) -> Amounts:
    """Amounts of codes. [n] -> [n]."""
    exponent = codes >> 14
    mantissa = (codes & np.uint16(MANTISSA - 1)).astype(np.int64)
    amounts: Amounts = np.array(OFFSETS)[exponent] + mantissa * np.array(STEPS)[exponent]
    return amounts
