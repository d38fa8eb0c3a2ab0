"""One meter of a fleet, seen by one client: a column of the arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openami.core.time import DstRule
from openami.metering.cells import Cell
from openami.metering.profile import Ring
from openami.metering.state import State
from openami.meters.holding import Holding


@dataclass(frozen=True, slots=True)
class View:
    """A meter's column, and the client SAP that looks at it."""

    holding: Holding
    meter: int
    client: int = 0

    @property
    def laws(self) -> State:
        """State of the laws of all meters."""
        return self.holding.laws

    @property
    def clock(self) -> int:
        """UTC second that the meter's clock shows now, also between two steps of the laws."""
        return int(self.holding.now()) + int(self.laws.clock.offset_s[self.meter])

    @property
    def condition(self) -> int:
        """What is wrong with the clock for now, in the bits of the AMR status."""
        return int(self.laws.clock.condition[self.meter])

    @property
    def dst_rule(self) -> DstRule:
        """Zone and summer time of the meter's clock."""
        return self.laws.rule_of(self.meter)

    def log(self, name: str) -> Ring:
        """Give a log as it stands; session events wait until somebody looks."""
        if name == "session" and self.holding.pending:
            self.holding.write_sessions()
        return self.laws.logs[name]


@dataclass(frozen=True, slots=True)
class Law:
    """Gives the value of an attribute; takes one where writing has a meaning.

    A number that `cell` gives is fitted into the type of its attribute.
    """

    read: Callable[[View], object]
    write: Callable[[View, Any], None] | None = None
    cell: Cell | None = None
