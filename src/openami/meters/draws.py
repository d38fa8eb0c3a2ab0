"""Draws from a serial number: a counter-based generator, so that any minute can be drawn again.

`bits(seeds, counters, stream)` is a pure function of its arguments: two rounds of the SplitMix64 finaliser
(Steele, Lea, Flood, OOPSLA 2014) over seed, counter and stream number.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)


def seed(serial: str) -> int:
    """Seed of a meter: 64 bits of the digest of its serial number."""
    return int.from_bytes(hashlib.blake2b(serial.encode(), digest_size=8).digest(), "little")


def seeds(serials: Iterable[str]) -> Bits:
    """Seeds of many meters. -> [meters]."""
    return np.array([seed(serial) for serial in serials], dtype=np.uint64)


def finalise(state: Bits) -> Bits:
    """Finaliser of SplitMix64: every output bit depends on every input bit."""
    mixed = state ^ (state >> np.uint64(30))
    mixed *= FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed


def bits(seeds: Bits, counters: NDArray[np.int64], stream: int) -> Bits:
    """64 bits for every counter and meter. [meters], [counters] -> [counters, meters]."""
    keyed = counters.astype(np.uint64) * GOLDEN + np.array([stream], dtype=np.uint64)
    return finalise(finalise(keyed)[:, None] ^ seeds[None, :])


def uniform(seeds: Bits, stream: int) -> NDArray[np.float64]:
    """One number in [0, 1) for every meter, fixed for its life. [meters] -> [meters]."""
    drawn = bits(seeds, np.zeros(1, dtype=np.int64), stream)[0]
    numbers: NDArray[np.float64] = (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers
