"""MISTY1, the block cipher of EA11: 64 bits under a key of 128, eight rounds (RFC 2994).

The part of FI that no key touches is a table of 65,536 entries: FI(x, k) = SECOND[FIRST[x] ^ k]. The rounds are
written once, for a word that is an int and for whole columns of words.
"""

from array import array
from collections.abc import Sequence
from itertools import pairwise
from struct import Struct
from typing import Final, Protocol, Self, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from openami.sts.s_boxes import S7, S9

Columns: TypeAlias = NDArray[np.uint16]
Blocks: TypeAlias = NDArray[np.uint64]
Keys: TypeAlias = NDArray[np.uint8]


class Word(Protocol):
    """Sixteen bits, or a column of them."""

    def __xor__(self, other: Self, /) -> Self: ...
    def __and__(self, other: Self, /) -> Self: ...
    def __or__(self, other: Self, /) -> Self: ...


W = TypeVar("W", bound=Word)
Half: TypeAlias = tuple[W, W]
"""The high and the low word of half a block."""


class Table(Protocol[W]):
    """A table of 65,536 words."""

    def __getitem__(self, word: W, /) -> W: ...


Schedule: TypeAlias = tuple[Sequence[W], Sequence[W], Table[W], Table[W]]
"""Words of the key and what FI makes of them, each twice over, so that no index needs a modulus; the tables of FI."""


def halves() -> tuple[Columns, Columns]:
    """Both parts of FI as tables: 9 and 7 bits of a word in, 7 and 9 bits out (RFC 2994, 2.3.2)."""
    word = np.arange(1 << 16, dtype=np.uint16)
    s7, s9 = np.array(S7, np.uint16), np.array(S9, np.uint16)
    nine = s9[word >> 7] ^ (word & 0x7F)
    seven = s7[word & 0x7F] ^ (nine & 0x7F)
    second = (word & 0xFE00) | (s9[word & 0x1FF] ^ (word >> 9))
    return (seven << 9 | nine).astype(np.uint16), second.astype(np.uint16)


FIRST_HALF, SECOND_HALF = halves()
FIRST: Final = array("H", FIRST_HALF.tobytes())  # half the cache of a list, and twice as fast
SECOND: Final = array("H", SECOND_HALF.tobytes())

KEY_WORDS: Final = Struct(">8H")


def schedule(words: tuple[W, ...], first: Table[W], second: Table[W]) -> Schedule[W]:
    """Expand the eight words of a key (RFC 2994, 2.2)."""
    mixed = [second[first[word] ^ following] for word, following in pairwise((*words, words[0]))]
    return words * 2, mixed * 2, first, second


def fo(high: W, low: W, k: int, key: Schedule[W]) -> Half[W]:
    """Function FO of round k: what is added to the other half (RFC 2994, 2.3.1)."""
    words, mixed, first, second = key
    t = second[first[high ^ words[k]] ^ mixed[k + 5]] ^ low
    u = second[first[low ^ words[k + 2]] ^ mixed[k + 1]] ^ t
    return u ^ words[k + 4], second[first[t ^ words[k + 7]] ^ mixed[k + 3]] ^ u


def scramble(left: Half[W], right: Half[W], key: Schedule[W]) -> tuple[Half[W], Half[W]]:
    """All rounds: FL on both halves before every second one, and at the end (RFC 2994, 2.3)."""
    (a, b), (c, d), (words, mixed, _, _) = left, right, key
    for m in range(5):
        b = b ^ (a & words[m])
        a = a ^ (b | mixed[m + 6])
        d = d ^ (c & mixed[m + 2])
        c = c ^ (d | words[m + 4])
        if m < 4:
            high, low = fo(a, b, 2 * m, key)
            c, d = c ^ high, d ^ low
            high, low = fo(c, d, 2 * m + 1, key)
            a, b = a ^ high, b ^ low
    return (c, d), (a, b)


def unscramble(right: Half[W], left: Half[W], key: Schedule[W]) -> tuple[Half[W], Half[W]]:
    """The rounds backwards."""
    (a, b), (c, d), (words, mixed, _, _) = left, right, key
    for m in range(4, -1, -1):
        if m < 4:
            high, low = fo(c, d, 2 * m + 1, key)
            a, b = a ^ high, b ^ low
            high, low = fo(a, b, 2 * m, key)
            c, d = c ^ high, d ^ low
        c = c ^ (d | words[m + 4])
        d = d ^ (c & mixed[m + 2])
        a = a ^ (b | mixed[m + 6])
        b = b ^ (a & words[m])
    return (a, b), (c, d)


def of_key(key: bytes) -> Schedule[int]:
    """Expand a key of 16 octets."""
    return schedule(KEY_WORDS.unpack(key), FIRST, SECOND)


def split(block: int) -> tuple[Half[int], Half[int]]:
    """The halves of a block."""
    return (block >> 48, block >> 32 & 0xFFFF), (block >> 16 & 0xFFFF, block & 0xFFFF)


def join(halves: tuple[Half[int], Half[int]]) -> int:
    """The block of two halves."""
    (a, b), (c, d) = halves
    return a << 48 | b << 32 | c << 16 | d


def encrypt(block: int, key: bytes) -> int:
    """One block of 64 bits under a key of 16 octets."""
    return join(scramble(*split(block), of_key(key)))


def decrypt(block: int, key: bytes) -> int:
    """One block of 64 bits under a key of 16 octets."""
    return join(unscramble(*split(block), of_key(key)))


def of_keys(keys: Keys) -> Schedule[Word]:
    """Expand each key. [n, 16] -> columns of [n]."""
    return schedule(tuple(columns(keys.view(">u2"))), cast("Table[Word]", FIRST_HALF), cast("Table[Word]", SECOND_HALF))


def columns(words: NDArray[np.unsignedinteger]) -> list[Word]:
    """Columns of words that stand in rows. [n, k] -> k x [n]."""
    return cast("list[Word]", list(np.ascontiguousarray(words.T, np.uint16)))


def split_blocks(blocks: Blocks) -> tuple[Half[Word], Half[Word]]:
    """The halves of each block. [n] -> columns of [n]."""
    a, b, c, d = columns(blocks.astype(">u8").view(">u2").reshape(-1, 4))
    return (a, b), (c, d)


def join_blocks(halves: tuple[Half[Word], Half[Word]]) -> Blocks:
    """The blocks of columns. 4 x [n] -> [n]."""
    (a, b), (c, d) = halves
    rows = np.stack(cast("list[Columns]", [a, b, c, d]), axis=1).astype(">u2")
    return rows.view(">u8").reshape(-1).astype(np.uint64)


def encrypt_blocks(blocks: Blocks, keys: Keys) -> Blocks:
    """Each block under its own key. [n], [n, 16] -> [n]."""
    return join_blocks(scramble(*split_blocks(blocks), of_keys(keys)))


def decrypt_blocks(blocks: Blocks, keys: Keys) -> Blocks:
    """Each block under its own key. [n], [n, 16] -> [n]."""
    return join_blocks(unscramble(*split_blocks(blocks), of_keys(keys)))
