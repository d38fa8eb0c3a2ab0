"""The frame around every token: CRC, class bits, decimal digits (IEC 62055-41, 6.2 to 6.4).

A data block has 64 bits: subclass 4, body 44, CRC 16. Its 48 bits without the CRC are called the payload here.
"""

from array import array
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError

Blocks: TypeAlias = NDArray[np.uint64]
Classes: TypeAlias = NDArray[np.uint8]
Digits: TypeAlias = NDArray[np.bytes_]

DIGITS: Final = 20
HIGHEST: Final = (1 << 66) - 1
POLYNOMIAL: Final = 0xA001
"""x^16 + x^15 + x^2 + 1, lowest bit first."""
CLASS_BITS: Final = 0b11 << 27
"""Two bits of the block that make room for the class, and stand above it instead."""
WHOLE: Final = (1 << 64) - 1
FIVE_DIGITS, TEN_DIGITS = np.uint64(10**5), np.uint64(10**10)
PART_OF_2_64, REST_OF_2_64 = map(np.uint64, divmod(1 << 64, 10**10))
POWERS: Final = np.array([10**place for place in range(9, -1, -1)], np.uint64)
GROUPS: Final = (np.arange(10**5)[:, None] // [10_000, 1_000, 100, 10, 1] % 10 + 48).astype(np.uint8).view("S5")[:, 0]
"""Five digits at once."""


def crc_tables() -> NDArray[np.uint16]:
    """What each octet adds to the CRC, by its place: the CRC is linear. [7, 256]."""
    register: NDArray[np.uint16] = np.arange(256, dtype=np.uint16)
    found: list[NDArray[np.uint16]] = []
    for _ in range(7):
        for _ in range(8):
            register = np.where(register & 1, register >> 1 ^ POLYNOMIAL, register >> 1).astype(np.uint16)
        found.insert(0, register.byteswap())
    return np.stack(found)


CRC_TABLES: Final = crc_tables()
_CLASS, _A, _B, _C, _D, _E, _F = (array("H", row.tobytes()) for row in CRC_TABLES)
START: Final = _CLASS[0xFF] ^ _A[0xFF]
"""What the start value FFFF adds: it inverts the first two octets."""


def crc(token_class: int, payload: int) -> int:
    """CRC over class and payload: 50 bits, six zero bits in front; its octets are swapped."""
    a, b, c, d, e, f = payload.to_bytes(6, "big")
    found: int = START ^ _CLASS[token_class] ^ _A[a] ^ _B[b] ^ _C[c] ^ _D[d] ^ _E[e] ^ _F[f]
    return found


def seal(token_class: int, payload: int) -> int:
    """Data block of a payload."""
    return payload << 16 | crc(token_class, payload)


def is_sealed(token_class: int, block: int) -> bool:
    """Whether the CRC of a data block is right."""
    return crc(token_class, block >> 16) == block & 0xFFFF


def insert_class(token_class: int, block: int) -> int:
    """The 66 bits of a token: the class takes bits 28 and 27, what was there goes to 65 and 64."""
    return (block & CLASS_BITS) << 37 | block & ~CLASS_BITS | token_class << 27


def remove_class(number: int) -> tuple[int, int]:
    """Class and block of 66 bits."""
    return number >> 27 & 0b11, number & (WHOLE ^ CLASS_BITS) | number >> 37 & CLASS_BITS


def to_digits(number: int) -> str:
    """The 20 digits of 66 bits."""
    return f"{number:020d}"


def from_digits(text: str) -> int:
    """The 66 bits of 20 digits; blanks and hyphens, with which people group them, are left out."""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise DecodeError(f"a token has {DIGITS} digits", offset=0)
    if (number := int(digits)) > HIGHEST:
        raise DecodeError("a token has 66 bits, this number has more", offset=0)
    return number


def grouped(digits: str) -> str:
    """Digits as they are printed: five groups of four."""
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def seal_many(token_class: int | Classes, payloads: Blocks) -> Blocks:
    """Data blocks of payloads. [n] -> [n]."""
    octets = np.ascontiguousarray(payloads.astype(">u8").view(np.uint8).reshape(-1, 8).T)
    crcs = np.uint16(START) ^ CRC_TABLES[0][token_class]
    for table, column in zip(CRC_TABLES[1:], octets[2:], strict=True):
        crcs = crcs ^ table[column]
    blocks: Blocks = payloads << np.uint64(16) | crcs.astype(np.uint64)
    return blocks


def to_digits_many(token_class: int | Classes, blocks: Blocks) -> Digits:
    """Tokens of encrypted blocks, the class put in. [n] -> [n] of 20 ASCII digits."""
    kept, taken = np.uint64(WHOLE ^ CLASS_BITS), np.uint64(CLASS_BITS)
    low = blocks & kept | np.asarray(token_class, np.uint64) << np.uint64(27)
    high = (blocks & taken) >> np.uint64(27)
    upper, lower = np.divmod(low, TEN_DIGITS)
    carry, lower = np.divmod(lower + high * REST_OF_2_64, TEN_DIGITS)
    upper += high * PART_OF_2_64 + carry
    groups = np.stack([*np.divmod(upper, FIVE_DIGITS), *np.divmod(lower, FIVE_DIGITS)], axis=1)
    digits: Digits = GROUPS[groups].view("S20").reshape(-1)
    return digits


def from_digits_many(tokens: Digits) -> tuple[Classes, Blocks, NDArray[np.bool_]]:
    """Classes and encrypted blocks of tokens, and which have the form of a token at all. [n] -> 3 x [n]."""
    digits = tokens.astype("S20").view(np.uint8).reshape(-1, DIGITS) - np.uint8(48)
    upper, lower = (digits[:, half].astype(np.uint64) @ POWERS for half in (slice(10), slice(10, 20)))
    low = upper * TEN_DIGITS + lower  # modulo 2^64
    high = np.zeros(len(tokens), np.uint64)
    for multiple in range(1, 5):
        over, rest = divmod(multiple << 64, int(TEN_DIGITS))
        high += (upper > over) | ((upper == over) & (lower >= rest))
    is_token = (digits < 10).all(axis=1) & (high < 4)
    blocks = low & np.uint64(WHOLE ^ CLASS_BITS) | high << np.uint64(27) & np.uint64(CLASS_BITS)
    return (low >> np.uint64(27) & np.uint64(3)).astype(np.uint8), blocks, is_token
