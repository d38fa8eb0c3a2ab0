"""The relay of N meters by the tariff table: open while a tariff is in force that a client has named for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import Index
from openami.metering.disconnect import Cause
from openami.metering.load import Minutes

if TYPE_CHECKING:
    from openami.metering.state import State

NAME = "tariff_switch"


@dataclass(slots=True)
class TariffSwitch:
    """Tariffs in which the relay is open, as bits, tariff 1 the lowest. [meters]."""

    opens: NDArray[np.uint16]

    @classmethod
    def of(cls, meters: int) -> Self:
        """Open in none."""
        return cls(np.zeros(meters, np.uint16))

    def horizon(self, state: "State", until: int) -> int:
        """When the next tariff begins at a meter whose relay goes by it."""
        if not self.opens.any():
            return until
        for cohort in state.cohorts():
            clock = state.now + cohort.offset_s
            timeline = state.timeline(cohort, clock)
            rate = timeline.rate(clock)
            due = (at for at, then in zip(timeline.at, timeline.rates, strict=True) if at > clock and then != rate)
            until = min(until, next(due, until + cohort.offset_s) - cohort.offset_s)
        return until

    def step(self, state: "State", _minutes: Minutes, _start: int, _end: int) -> None:
        """Follow the tariff that is in force now."""
        for cohort in state.cohorts() if self.opens.any() else ():
            clock = state.now + cohort.offset_s
            meters = np.arange(state.count)[cohort.columns]
            self.follow(state, meters, state.timeline(cohort, clock).rate(clock))

    def follow(self, state: "State", meters: Index, rate: int) -> None:
        """Open or let go of the relays of meters of one tariff; one without supply does not move."""
        relay = state.relay
        if relay is None:
            return
        meters = meters[state.supply.powered[meters]]
        wanted = self.opens[meters] >> np.uint16(rate - 1) & np.uint16(1) != 0
        held = relay.causes[meters] & np.uint16(Cause.TARIFF) != 0
        relay.hold(state, meters[wanted & ~held], Cause.TARIFF)
        relay.let_go(state, meters[held & ~wanted], Cause.TARIFF)

    def set(self, state: "State", meter: int, tariffs: int) -> None:
        """Name the tariffs of a meter in which its relay is open; that holds at once."""
        self.opens[meter] = tariffs
        self.follow(state, np.array([meter], np.intp), state.rate_of(meter))
