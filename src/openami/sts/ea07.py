"""EA07, the standard transfer algorithm: 16 rounds of substitution and permutation, 64 bits (IEC 62055-41, 6.5.4).

The tables in use are the STS Association's, for its members. Here stand the sample tables only, which the standard
prints to explain itself; an operator brings others as a file. Bit 0 is the lowest of the block, nibble 0 the lowest.
"""

import tomllib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError

Blocks: TypeAlias = NDArray[np.uint64]

ROUNDS: Final = 16
WHOLE: Final = (1 << 64) - 1
CHOICES: Final = 0x1111111111111111
"""The key bits that choose, one for each nibble."""
NIBBLES: Final = tuple(range(16))
KEYS_OF_FILE: Final = {"substitution_1": 16, "substitution_2": 16, "permutation": 64}


@dataclass(frozen=True)
class Tables:
    """Two substitutions of nibbles, and the place to which each bit goes."""

    substitution_1: tuple[int, ...] = field(repr=False)
    substitution_2: tuple[int, ...] = field(repr=False)
    permutation: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        for name, length in KEYS_OF_FILE.items():
            if sorted(getattr(self, name)) != list(range(length)):
                raise DefinitionError(f"expected each of 0 to {length - 1} once", key=name)

    @classmethod
    def parse(cls, text: str, file: str = "") -> Self:
        """Read an operator's tables: TOML with `substitution_1`, `substitution_2` and `permutation`.

        Raises DefinitionError, which never quotes the text.
        """
        try:
            given = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            raise DefinitionError("expected TOML", file=file) from None
        return cls(*(numbers(given.get(name), file, name) for name in KEYS_OF_FILE))

    @property
    def is_sample(self) -> bool:
        """Whether these are the sample tables, under whatever name they came."""
        return self == SAMPLE

    @cached_property
    def round(self) -> "Layer":
        """A round of encryption: substitution, then permutation."""
        return Layer.of((self.substitution_1, self.substitution_2), self.permutation)

    @cached_property
    def backwards(self) -> tuple["Layer", "Layer", "Layer"]:
        """Decryption begins with a permutation and ends with a substitution; between stand pairs of both."""
        boxes = inverse(self.substitution_2), inverse(self.substitution_1)  # the key is the complement here
        places = inverse(self.permutation)
        return Layer.of((NIBBLES, NIBBLES), places), Layer.of(boxes, places), Layer.of(boxes, range(64))

    def encrypt(self, block: int, key: int) -> int:
        """One block of 64 bits under a key of 64."""
        key = rotate(key ^ WHOLE, -12)
        for turn in range(ROUNDS):
            block = self.round.look_up(block, rotate(key, turn) >> 3)
        return block

    def decrypt(self, block: int, key: int) -> int:
        """One block of 64 bits under a key of 64."""
        first, middle, last = self.backwards
        block = first.look_up(block, 0)
        for turn in range(ROUNDS - 1):
            block = middle.look_up(block, rotate(key, -turn))
        return last.look_up(block, rotate(key, 1 - ROUNDS))

    def encrypt_blocks(self, blocks: Blocks, keys: Blocks) -> Blocks:
        """Each block under its own key. [n], [n] -> [n]."""
        keys = rotate_many(~keys, -12)
        for turn in range(ROUNDS):
            blocks = self.round.look_up_many(blocks, rotate_many(keys, turn) >> np.uint64(3))
        return blocks

    def decrypt_blocks(self, blocks: Blocks, keys: Blocks) -> Blocks:
        """Each block under its own key. [n], [n] -> [n]."""
        first, middle, last = self.backwards
        blocks = first.look_up_many(blocks, np.zeros_like(keys))
        for turn in range(ROUNDS - 1):
            blocks = middle.look_up_many(blocks, rotate_many(keys, -turn))
        return last.look_up_many(blocks, rotate_many(keys, 1 - ROUNDS))


@dataclass(frozen=True, slots=True)
class Layer:
    """Substitution and permutation in one: where the substituted bits of each octet go.

    An octet of the key, of which only bits 0 and 4 are kept, chooses the substitutions of its two nibbles.
    """

    table: NDArray[np.uint64] = field(repr=False)
    rows: tuple["array[int]", ...] = field(repr=False)

    @classmethod
    def of(cls, boxes: tuple[Sequence[int], Sequence[int]], places: Sequence[int]) -> Self:
        """Make the table, [octet, choice << 8 | value]; bit 0 of the choice is for the low nibble, bit 4 the high."""
        choice, value = np.divmod(np.arange(18 << 8), 1 << 8)
        both = np.array(boxes, np.uint64)
        substituted = both[choice & 1, value & 15] | both[choice >> 4, value >> 4] << np.uint64(4)
        table = np.zeros((8, 18 << 8), np.uint64)
        for place, target in enumerate(places):
            octet, bit = divmod(place, 8)
            table[octet] |= (substituted >> np.uint64(bit) & np.uint64(1)) << np.uint64(target)
        return cls(table, tuple(array("Q", row.tobytes()) for row in table))

    def look_up(self, block: int, choices: int) -> int:
        """One block."""
        values, chosen = block.to_bytes(8, "little"), (choices & CHOICES).to_bytes(8, "little")
        found = 0
        for row, value, choice in zip(self.rows, values, chosen, strict=True):
            found |= row[choice << 8 | value]
        return found

    def look_up_many(self, blocks: Blocks, choices: Blocks) -> Blocks:
        """Each block. [n], [n] -> [n]."""
        values, chosen = octets(blocks), octets(choices & np.uint64(CHOICES))
        found = np.zeros_like(blocks)
        for row, value, choice in zip(self.table, values, chosen, strict=True):
            found |= row[choice.astype(np.uint16) << 8 | value]
        return found


SAMPLE: Final = Tables(
    (12, 10, 8, 4, 3, 15, 0, 2, 14, 1, 5, 13, 6, 9, 7, 11),
    (6, 9, 7, 4, 3, 10, 12, 14, 2, 13, 1, 15, 0, 11, 8, 5),
    (
        *(29, 27, 34, 9, 16, 62, 55, 2, 40, 49, 38, 25, 33, 61, 30, 23, 1, 41, 21, 57, 42, 15, 5, 58, 19, 53, 22, 17),
        *(48, 28, 24, 39, 3, 60, 36, 14, 11, 52, 54, 12, 31, 51, 10, 26, 0, 45, 37, 43, 44, 6, 59, 4, 7, 35, 56, 50),
        *(13, 18, 32, 47, 46, 63, 20, 8),
    ),
)
"""The sample tables that the standard prints. No meter in the field has them."""


def numbers(given: object, file: str, key: str) -> tuple[int, ...]:
    """Take a list of numbers from a file."""
    if not isinstance(given, list) or not all(isinstance(entry, int) for entry in cast("list[object]", given)):
        raise DefinitionError("expected a list of numbers", file=file, key=key)
    return tuple(cast("list[int]", given))


def inverse(table: Sequence[int]) -> tuple[int, ...]:
    """The table that undoes this one."""
    return tuple(sorted(range(len(table)), key=table.__getitem__))


def rotate(key: int, places: int) -> int:
    """64 bits rotated to the left."""
    places %= 64
    return (key << places | key >> 64 - places) & WHOLE


def rotate_many(keys: Blocks, places: int) -> Blocks:
    """64 bits rotated to the left. [n] -> [n]."""
    left, right = np.uint64(places % 64), np.uint64(-places % 64)
    return keys << left | keys >> right


def octets(blocks: Blocks) -> NDArray[np.uint8]:
    """Octets of blocks, the lowest first. [n] -> [8, n]."""
    return np.ascontiguousarray(blocks.astype("<u8").view(np.uint8).reshape(-1, 8).T)
