"""The receiver's tightest loop, compiled by numba where it is installed (extra `phy`); else NumPy does the same.

Compiled code is kept beside this file, or where NUMBA_CACHE_DIR says, so that only the first run waits for it.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from os import environ
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Reals: TypeAlias = NDArray[np.float32]
Places: TypeAlias = NDArray[np.intp]
Table: TypeAlias = NDArray[np.uint8]
Match: TypeAlias = Callable[[Reals, int, tuple[int, int], Table, Places], int]

PLAIN = "OPENAMI_PLAIN_NUMPY"
"""Set to anything, this variable of the environment keeps numba out."""


@cache
def is_compiled() -> bool:
    """Whether numba is there and wanted."""
    return PLAIN not in environ and find_spec("numba") is not None


def matched(soft: Reals, frames: int, shape: tuple[int, int], table: Table, found: Places) -> int:
    """Look for words of hard bits, negative for 1, that the table marks; tell how many there are.

    soft [frames and a word more, channels]; shape: frames in a bit, bits in a word; table [words]; found [room] takes
    the first places, frame * channels + channel, rising.
    """
    bit, bits = shape
    channels = soft.shape[1]
    reach = bit * (bits - 1)
    words = np.zeros((bit, channels), dtype=np.uint16)
    keep = np.uint16((1 << bits) - 1)
    count = 0
    for frame in range(frames + reach):
        phase = frame % bit
        for channel in range(channels):
            word = (words[phase, channel] << np.uint16(1) | np.uint16(soft[frame, channel] < 0)) & keep
            words[phase, channel] = word
            if frame >= reach and table[word]:
                if count < len(found):
                    found[count] = (frame - reach) * channels + channel
                count += 1
    return count


@cache
def match() -> Match:
    """The same, compiled; where no place for compiled code can be written to, each process compiles anew."""
    njit = import_module("numba").njit
    try:
        compiled: Match = njit(cache=True, nogil=True)(matched)
    except RuntimeError:
        compiled = njit(nogil=True)(matched)
    return compiled
