"""Manchester code on an on-off keyed carrier: 1 is a high chip and then a low one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
Reals = NDArray[np.floating[Any]]


def bits_of(data: bytes) -> Bits:
    """Bits of octets, most significant first. -> [bits]."""
    return np.unpackbits(np.frombuffer(data, dtype=np.uint8))


def chips_of(bits: Bits) -> Bits:
    """Chips of bits: 1 becomes 1, 0 and 0 becomes 0, 1. [bits] -> [2 bits]."""
    return np.stack([bits, 1 - bits], axis=-1).reshape(-1)


def keyed(chips: Bits, places: Reals, edge: float) -> NDArray[np.float32]:
    """Amplitude of the carrier, 0 to 1, at places counted in chips from the first one's start. [places] -> [places].

    Rising and falling edges are half a cosine, `edge` chips long, centred where chips meet; an edge longer than a chip
    has no place. Before the first chip and after the last the carrier is off.
    """
    if not 0 <= edge <= 1:
        raise ValueError(f"an edge of {edge} chips: 0 to 1")
    levels = np.concatenate([[0], chips, [0, 0]]).astype(np.float32)
    nearest = np.clip(np.rint(places), 0, len(chips)).astype(np.intp)  # the boundary before chip `nearest`
    before, after = levels[nearest], levels[nearest + 1]
    turn = np.clip((places - nearest) / edge + 0.5, 0, 1) if edge else (places >= nearest).astype(np.float32)
    return np.asarray(before + (after - before) * (0.5 - 0.5 * np.cos(np.pi * turn)), dtype=np.float32)
