"""BCH(255,239), shortened: 16 check bits, designed distance 5, so that two wrong bits can be put right."""

from dataclasses import dataclass, field
from functools import cache
from itertools import combinations

from openami.core.errors import DecodeError

GENERATOR = 0x6F63
"""x^16+x^14+x^13+x^11+x^10+x^9+x^8+x^6+x^5+x+1 without its leading term."""
CHECK_BITS = 16
LONGEST = 255
"""Bits of a word, check bits included, before the code repeats."""
MOST_CORRECTED = 2


def _step(register: int) -> int:
    """Divide by the generator, one bit further."""
    return (register << 1 ^ GENERATOR if register & 0x8000 else register << 1) & 0xFFFF


def _octet(value: int) -> int:
    """Remainder of an octet followed by sixteen zeros."""
    register = value << 8
    for _ in range(8):
        register = _step(register)
    return register


TABLE = tuple(_octet(value) for value in range(256))


def remainder(data: bytes) -> int:
    """Check bits of the octets; over octets with their check bits it is the syndrome, 0 if they agree."""
    register = 0
    for octet in data:
        register = (register << 8 & 0xFFFF) ^ TABLE[register >> 8 ^ octet]
    return register


@dataclass(frozen=True, slots=True)
class Corrected:
    """A word put right: the octets, and which bits were turned (0 is the first one sent)."""

    data: bytes
    turned: tuple[int, ...] = field(default=())


@cache
def _patterns(bits: int, most: int) -> dict[int, tuple[int, ...]]:
    """Wrong bits by the syndrome they leave, for words of so many bits with at most so many wrong ones."""
    single = [remainder((1 << bits - 1 - place).to_bytes(bits // 8, "big")) for place in range(bits)]
    found: dict[int, tuple[int, ...]] = {0: ()}
    if most >= 1:
        found |= {syndrome: (place,) for place, syndrome in enumerate(single)}
    if most >= MOST_CORRECTED:
        found |= {single[a] ^ single[b]: (a, b) for a, b in combinations(range(bits), 2)}
    return found


def correct(word: bytes, most: int = 0) -> Corrected:
    """Put up to `most` (0, 1 or 2) wrong bits right; a word with more of them is a `DecodeError`.

    With `most` at 1 every word with two wrong bits is refused, none is taken for another (the distance is 5).
    """
    bits = 8 * len(word)
    if bits > LONGEST or not 0 <= most <= MOST_CORRECTED:
        raise ValueError(f"{bits} bits with {most} corrected: at most {LONGEST} and {MOST_CORRECTED}")
    syndrome = remainder(word)
    turned = _patterns(bits, most).get(syndrome)
    if turned is None:
        raise DecodeError(f"BCH syndrome {syndrome:#06x} is not that of {most} wrong bits or fewer")
    mask = sum(1 << bits - 1 - place for place in turned)
    return Corrected((int.from_bytes(word, "big") ^ mask).to_bytes(len(word), "big"), turned)
