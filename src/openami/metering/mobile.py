"""Mobile modules of N meters: since when each has tried to get in, what it receives, when it was asked for last."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import Index, Int64

if TYPE_CHECKING:
    from openami.metering.state import State

NAME = "mobile"
NEVER_ASKED = -1
SERVERS = 2
"""Name servers that a module keeps: primary and secondary."""


@dataclass(slots=True)
class Mobile:
    """Modules of N meters, times in true UTC. [meters].

    `signal_dbm` is 0 where the signal is that of the place; `lists` hold what the network knows of some subscribers.
    `dns` are the name servers learnt from the network (IPv4, 0 for none) [meters, 2]: kept when it is gone.
    """

    since: Int64
    asked_at: Int64
    signal_dbm: NDArray[np.int16]
    down: NDArray[np.bool_]
    dns: NDArray[np.uint32]
    lists: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @classmethod
    def of(cls, meters: int, now: int) -> Self:
        """Begin as the supply comes for the first time."""
        return cls(
            np.full(meters, now, np.int64),
            np.full(meters, NEVER_ASKED, np.int64),
            np.zeros(meters, np.int16),
            np.zeros(meters, np.bool_),
            np.zeros((meters, SERVERS), np.uint32),
        )

    def begin(self, meter: int, now: int) -> None:
        """Let a module begin from nothing, as it does for another access or when its network is there again."""
        self.since[meter] = now

    def wake(self, _state: "State", meters: Index, at: Int64) -> None:
        """Begin as the supply is back."""
        self.since[meters] = at
