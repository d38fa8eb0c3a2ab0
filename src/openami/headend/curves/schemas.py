"""What interval data looks like to others."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from openami.headend.curves.rows import Ints, Mask


@dataclass(frozen=True)
class Curve:
    """Intervals of one meter, in order. Arrays of [n]; energy in units of 10^scaler Wh of the register."""

    serial: str
    profile: str
    length_s: int
    zone: str
    starts: Ints
    """UTC start of each interval, epoch seconds."""
    imported: Ints
    """Energy of the interval; 0 where it is not known."""
    exported: Ints
    is_known: Mask
    """Energy is known: the interval before is stored and the register did not go back."""
    status: NDArray[np.uint8]
    quality: NDArray[np.uint8]
    registers: dict[str, Ints]
    """Raw readings at the end of each interval, by logical name of the captured object."""
    scaler: int
    """Power of ten of the registers in Wh."""
    ratio: NDArray[np.float64] | None = None
    """Ratio of the transformers before the meter in each interval; None where there are none."""

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def wh(self) -> NDArray[np.float64]:
        """Wh of one unit of the registers in each interval, behind the transformers. [n]."""
        return 10.0**self.scaler * (np.ones(len(self.starts)) if self.ratio is None else self.ratio)

    @cached_property
    def power_w(self) -> NDArray[np.float64]:
        """Mean power of each interval, import less export; NaN where it is not known."""
        energy_wh = (self.imported - self.exported) * self.wh
        return np.where(self.is_known, energy_wh * 3600.0 / self.length_s, np.nan)


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Energy of a node per interval, summed over the meters whose energy is known. Arrays of [n]."""

    node: str
    length_s: int
    starts: Ints
    meters: Ints
    """How many meters the sum is made of."""
    imported: Ints
    exported: Ints
    """In Wh."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a local day is stored, over all meters that are read."""

    day: int
    meters: int
    complete: int
    """Meters with every interval of the day."""
    intervals: int
    expected: int
    """Intervals of the day that have passed, over all meters."""

    @property
    def rate(self) -> float:
        """Share of the expected intervals that is stored, 0 to 1."""
        return self.intervals / self.expected if self.expected else 1.0
