"""Measuring transformers of N meters: their ratios, and what a meter shows if it is to show the primary side.

Registers count what flows through the meter, the secondary side. Values of the primary side are made of them as they
are read or captured, so that another ratio never leaves a trace in a register.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.metering.columns import Columns, Int64

NAME = "transformers"
MOST = 100_000
"""So that a register of 20 years times both ratios still fits into 64 bits."""


@dataclass(slots=True)
class Transformers:
    """Ratios as fractions, 1 to 1 as a meter comes; `primary` where the primary side is shown. [meters]."""

    ct_numerator: Int64
    ct_denominator: Int64
    vt_numerator: Int64
    vt_denominator: Int64
    primary: NDArray[np.bool_]

    @classmethod
    def of(cls, meters: int, *, primary: bool = False) -> Self:
        """Ratios of 1 to 1."""
        ones = np.ones((4, meters), np.int64)
        return cls(ones[0].copy(), ones[1].copy(), ones[2].copy(), ones[3].copy(), np.full(meters, primary))

    def set(self, name: str, meter: int, value: int) -> None:
        """Change a part of a ratio: `ct_numerator`, `vt_denominator`, ..."""
        if not 1 <= value <= MOST:
            raise DefinitionError(f"{value}: expected a ratio of whole numbers from 1 to {MOST}", key=name)
        getattr(self, name)[meter] = value

    def shown(self, values: Int64, columns: Columns, *, current: bool, voltage: bool) -> Int64:
        """Values as they are shown: on the primary side, made larger by the ratios that concern them. -> [n]."""
        above, below = np.ones_like(values), np.ones_like(values)
        for concerns, kind in ((current, "ct"), (voltage, "vt")):
            if concerns:
                above = above * getattr(self, f"{kind}_numerator")[columns]
                below = below * getattr(self, f"{kind}_denominator")[columns]
        divisor = np.gcd(above, below)
        magnitude: Int64 = np.abs(values) * (above // divisor) // (below // divisor)
        return np.where(self.primary[columns], np.sign(values) * magnitude, values)
