"""Limiters of N meters: the threshold that holds now, the normal one or that of an emergency (Blue Book, class 71).

What exceeds it, and for how long, is watched by the watch of the name `limiter`; here is which threshold that has.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import ALL, NEVER, Columns, Int64
from openami.metering.load import Minutes
from openami.metering.monitors import Monitors

if TYPE_CHECKING:
    from openami.metering.state import State

WATCH = "limiter"


@dataclass(slots=True)
class Limiter:
    """Thresholds, and the emergency profile: id, begin by the meter's clock (UTC), seconds. [meters].

    `lists` are the groups of emergency profiles that a meter belongs to, by its number.
    """

    normal: Int64
    emergency: Int64
    profile: NDArray[np.int32]
    begins: Int64
    lasts_s: Int64
    lists: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    @classmethod
    def of(cls, meters: int, threshold: int) -> Self:
        """One threshold for ever."""
        held = np.full(meters, threshold, np.int64)
        zero = np.zeros(meters, np.int64)
        return cls(held, held.copy(), np.zeros(meters, np.int32), np.full(meters, NEVER), zero)

    def groups(self, meter: int) -> list[int]:
        """Emergency profiles that apply to a meter."""
        return self.lists.get(str(meter), [])

    def set_groups(self, meter: int, groups: list[int]) -> None:
        """Let emergency profiles apply to a meter."""
        self.lists[str(meter)] = list(groups)

    def set_profile(self, meter: int, profile: int, begins: int | None, lasts_s: int) -> None:
        """Set the emergency profile; without a begin it never holds."""
        self.profile[meter], self.lasts_s[meter] = profile, lasts_s
        self.begins[meter] = NEVER if begins is None else begins

    def is_emergency(self, state: "State") -> NDArray[np.bool_]:
        """Whose emergency profile holds: begun, not over, and for that meter. -> [meters]."""
        active: NDArray[np.bool_] = np.zeros(state.count, np.bool_)
        since = state.clock.reads(state.now)
        for meter in np.flatnonzero(self.begins != NEVER).tolist():
            elapsed = int(since[meter] - self.begins[meter])
            in_group = int(self.profile[meter]) in self.groups(meter)
            active[meter] = in_group and 0 <= elapsed < int(self.lasts_s[meter])
        return active

    def horizon(self, state: "State", until: int) -> int:
        """When an emergency begins or ends."""
        meters = np.flatnonzero(self.begins != NEVER)
        begins = self.begins[meters] - state.clock.offset_s[meters]
        moments = np.concatenate([begins, begins + self.lasts_s[meters]])
        return min(until, int(moments[moments > state.now].min(initial=until)))

    def shape(self, state: "State", minutes: Minutes, _start: int, _end: int) -> Minutes:
        """Give the watch the threshold that holds."""
        self.apply(state, ALL)
        return minutes

    def apply(self, state: "State", columns: Columns) -> None:
        """Give the watch of some meters the threshold that holds now."""
        monitors = state.part("monitors", Monitors)
        number = monitors.number(WATCH)
        wanted = self.normal
        if (self.begins != NEVER).any():
            wanted = np.where(self.is_emergency(state), self.emergency, self.normal)
        apart = monitors.release[number, columns] - monitors.limit[number, columns]
        monitors.limit[number, columns] = wanted[columns]
        monitors.release[number, columns] = wanted[columns] + apart
