"""Meters taken out of their sockets and put in upside down: counters of two bits that an endpoint sends (ERT)."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

NAME = "removal"
ROOM = 4


@dataclass(slots=True)
class Removal:
    """How often each has been removed and inverted, 0 to 3 and again from 0. [meters]."""

    removals: NDArray[np.uint8]
    inversions: NDArray[np.uint8]

    @classmethod
    def of(cls, meters: int) -> Self:
        """Never touched."""
        return cls(np.zeros(meters, np.uint8), np.zeros(meters, np.uint8))

    def count(self, kind: str, meter: int) -> None:
        """Count one more."""
        counter: NDArray[np.uint8] = getattr(self, kind)
        counter[meter] = (counter[meter] + 1) % ROOM
