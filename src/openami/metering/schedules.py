"""Schedules of N meters: the next time, by each meter's clock, at which a script is due (Blue Book, class 22)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from openami.core.time import CosemDate, CosemTime
from openami.metering.columns import NEVER, Int64
from openami.metering.firmware import next_match

if TYPE_CHECKING:
    from openami.metering.state import State

Moment = tuple[CosemTime, CosemDate]


@dataclass(slots=True)
class Schedules:
    """When each schedule is due next, by the meter's clock in UTC [schedules, meters]; `lists` are the times set."""

    due: Int64
    names: tuple[str, ...]
    lists: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @classmethod
    def of(cls, meters: int, names: tuple[str, ...]) -> Self:
        """Nothing is scheduled."""
        return cls(np.full((len(names), meters), NEVER, np.int64), names)

    def times(self, name: str, meter: int) -> list[Moment]:
        """Execution times of a schedule of one meter."""
        texts = self.lists.get(f"{name}.{meter}", [])
        pairs = (bytes.fromhex(text) for text in texts)
        return [(CosemTime.decode(pair[:4]), CosemDate.decode(pair[4:])) for pair in pairs]

    def set_times(self, state: "State", name: str, meter: int, times: list[Moment]) -> None:
        """Set them; none takes the schedule back."""
        self.lists[f"{name}.{meter}"] = [(time.encode() + date.encode()).hex() for time, date in times]
        self.plan(state, name, meter, state.clock_of(meter))

    def plan(self, state: "State", name: str, meter: int, after: int) -> None:
        """Find the next time behind a reading of the meter's clock."""
        rule = state.rule_of(meter)
        found = [next_match(time, date, rule, after) for time, date in self.times(name, meter)]
        self.due[self.names.index(name), meter] = min(found, default=NEVER)

    def horizon(self, state: "State", until: int) -> int:
        """When something is due next."""
        if not self.due.size:
            return until
        moments = (self.due - state.clock.offset_s)[self.due != NEVER]
        return max(min(until, int(moments.min(initial=until))), state.now + 1)

    def take(self, state: "State") -> list[tuple[str, int]]:
        """Hand over what is due now at meters with power, and find its next time."""
        due = (self.due <= state.clock.reads(state.now)) & state.supply.powered
        found = [(self.names[int(number)], int(meter)) for number, meter in np.argwhere(due)]
        for name, meter in found:
            self.plan(state, name, meter, state.clock_of(meter))
        return found
