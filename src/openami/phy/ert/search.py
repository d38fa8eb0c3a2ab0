"""Soft Manchester bits of channel powers, and where a sync begins."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openami.phy.ert import idm, kernels, scm
from openami.phy.ert.channeliser import BLOCK, FRAMES, Powers
from openami.phy.modulation.manchester import bits_of

BIT = 2 * FRAMES
"""Frames in a bit."""
WORD_BITS = 16
REACH = BIT * (WORD_BITS - 1)
"""Frames from the first bit of a searched word to its last."""
SCM_WORD = scm.SYNC >> scm.SYNC_BITS - WORD_BITS
INTERVAL_WORD = int.from_bytes(idm.SYNC, "big")
WRONG_BITS = 2
"""So many of the sixteen bits may be wrong."""
FLOOR_EVERY = 61
"""One frame in so many is looked at for the noise."""
FLOOR_QUANTILE = 0.25
"""Noise is what the quieter part of the time holds."""
ROOM_FOR_ONE_IN = 50
"""Places there is room for at first: of noise one word in 250 is near enough to one of two that are wanted."""
MEAN_OF_QUANTILE = 2.504
"""Mean size of normal noise over that quantile of its size."""


def soft_bits(powers: Powers) -> Powers:
    """Matched filter of a bit at every frame: second chip minus first. [frames, channels] -> [frames - 15, channels].

    Positive = 0; the frame is the one the bit begins with.
    """
    pairs = powers[:-1] + powers[1:]
    fours = pairs[:-2] + pairs[2:]
    chips = fours[:-4] + fours[4:]
    return np.asarray(chips[FRAMES:] - chips[:-FRAMES], dtype=np.float32)


def words(soft: Powers) -> NDArray[np.uint16]:
    """Sixteen hard bits from every frame on, the first one highest. [frames, ch] -> [frames - REACH, ch]."""
    ones = (soft < 0).view(np.uint8)
    twos = ones[:-BIT] << 1 | ones[BIT:]
    fours = twos[: -2 * BIT] << 2 | twos[2 * BIT :]
    octets = fours[: -4 * BIT] << 4 | fours[4 * BIT :]
    return np.asarray(octets[: -8 * BIT].astype(np.uint16) << 8 | octets[8 * BIT :], dtype=np.uint16)


@cache
def looked_up(wanted: tuple[int, ...]) -> NDArray[np.uint8]:
    """Which of the wanted words a word is, up to two wrong bits: 0 for none, else its place + 1. -> [65536]."""
    table = np.zeros(1 << WORD_BITS, dtype=np.uint8)
    every = np.arange(1 << WORD_BITS, dtype=np.uint16)
    for place, word in enumerate(wanted, 1):
        table[np.bitwise_count(every ^ np.uint16(word)) <= WRONG_BITS] = place
    return table


@dataclass(frozen=True, slots=True)
class Found:
    """Frames and channels where a word may begin, which word, and how strongly the soft bits agree with it."""

    frame: NDArray[np.intp]
    channel: NDArray[np.intp]
    word: NDArray[np.uint8]
    strength: NDArray[np.float32]


def search(soft: Powers, frames: int, wanted: tuple[int, ...], least: Powers) -> Found:
    """Look for words that begin in the first `frames` frames. [frames, channels].

    `least` [channels] is the mean size of a soft bit below which a word is noise.
    """
    table = looked_up(wanted)
    frame, channel = np.divmod(hits(soft, frames, table), soft.shape[1])
    bits = gathered(soft, frame, channel, WORD_BITS)
    seen = np.packbits(bits < 0, axis=1).view(">u2")[:, 0]
    word = table[seen]
    signs = np.array([1 - 2.0 * bits_of(each.to_bytes(2, "big")) for each in (0, *wanted)], dtype=np.float32)
    strength = np.einsum("ij,ij->i", bits, signs[word]) / np.float32(WORD_BITS)
    kept = strength > least[channel]
    return Found(frame[kept], channel[kept], word[kept], strength[kept])


def hits(soft: Powers, frames: int, table: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Places, frame * channels + channel, where a word of the table may begin. [frames, channels] -> [places]."""
    if not kernels.is_compiled():
        found = [
            begin * soft.shape[1] + np.flatnonzero(table.take(words(soft[begin : min(begin + BLOCK, frames) + REACH])))
            for begin in range(0, frames, BLOCK)
        ]
        return np.concatenate(found)
    room = len(soft) * soft.shape[1] // ROOM_FOR_ONE_IN + 1
    while True:
        places = np.empty(room, dtype=np.intp)
        count = kernels.match()(soft, frames, (BIT, WORD_BITS), table, places)
        if count <= room:
            return places[:count]
        room = count


def gathered(soft: Powers, frame: NDArray[np.intp], channel: NDArray[np.intp], bits: int) -> Powers:
    """Soft bits from each place on. [places], [places] -> [places, bits]."""
    return np.asarray(soft[frame[:, np.newaxis] + BIT * np.arange(bits), channel[:, np.newaxis]])


def floor(soft: Powers) -> Powers:
    """Mean size of a soft bit of noise, from the quieter part of the time. -> [channels]."""
    sizes = np.abs(soft[::FLOOR_EVERY])
    return np.asarray(np.quantile(sizes, FLOOR_QUANTILE, axis=0) * MEAN_OF_QUANTILE, dtype=np.float32)
