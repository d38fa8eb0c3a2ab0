"""Further part of the state of prepayment meters: what each remembers of its tokens, and the last one it was given."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import Index, Int64
from openami.sts.state import LAYOUT

if TYPE_CHECKING:
    from openami.metering.state import State as Laws

NAME = "tokens"
DIGITS: Final = 20
SEAL: Final = 16
NOTHING: Final = -1


@dataclass(slots=True)
class TokenMemory:
    """Sealed states of the STS rules [meters, octets], all zeros until a meter has been given its first token.

    `made` is when a meter was made (true UTC), `restarted` whether it has lost its supply since its last token; of that
    token digits [meters, 20], result (0 before the first), when it came, which way, kind (class and subclass, -1 where
    none was carried out), units, what it credited. `good` counts those taken. `test` holds the control bits of the last
    test token, `test_at` when that came.
    """

    sealed: NDArray[np.uint8]
    made: Int64
    restarted: NDArray[np.bool_]
    digits: NDArray[np.uint8]
    result: NDArray[np.uint8]
    at: Int64
    way: NDArray[np.uint8]
    kind: NDArray[np.int16]
    units: Int64
    credited: Int64
    good: NDArray[np.uint32]
    test: Int64
    test_at: Int64

    @classmethod
    def of(cls, meters: int, now: int, identifiers: int) -> Self:
        """Make the memory of new meters."""
        octets = LAYOUT.size + 3 * identifiers + SEAL

        def full(value: int) -> Int64:
            return np.full(meters, value, np.int64)

        return cls(
            np.zeros((meters, octets), np.uint8), full(now), np.zeros(meters, np.bool_),
            np.zeros((meters, DIGITS), np.uint8), np.zeros(meters, np.uint8), full(0), np.zeros(meters, np.uint8),
            np.full(meters, NOTHING, np.int16), full(0), full(0), np.zeros(meters, np.uint32), full(0), full(0),
        )  # fmt: skip

    def wake(self, _state: "Laws", meters: Index, _at: Int64) -> None:
        """Remember that the supply was away: what a power cut ends has ended."""
        self.restarted[meters] = True
