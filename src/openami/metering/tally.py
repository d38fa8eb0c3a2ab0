"""What a slice brings to registers and windows, counted only when somebody looks: spans of one rate in one go."""

from dataclasses import dataclass, field, replace
from typing import Self

from openami.metering.columns import Columns, Index, Int64
from openami.metering.load import Minutes
from openami.metering.plans import Plan
from openami.metering.quality import NOTHING
from openami.metering.quantities import Power
from openami.metering.state import Moment, State
from openami.metering.timeline import Block


@dataclass(frozen=True, slots=True)
class Measured:
    """The load of a slice as registers see it, and as windows do, which watch also what is below the guard band."""

    state: State
    power: Power
    shown: Power

    @classmethod
    def of(cls, state: State, first: int, minutes: Minutes) -> Self:
        """Make quantities of the load of a slice."""
        measuring = state.rules.measuring
        power = Power(first, minutes, meters=state.count, book=state.registers.book, measuring=measuring)
        free = replace(measuring, no_load_ma=0)
        return cls(state, power, Power(first, minutes, meters=state.count, book=NOTHING, measuring=free))

    def moment(self, end: int) -> Moment:
        """Step that ends, or is under way, at this second."""
        return Moment(self.shown, (end - 1 - self.shown.first) // self.shown.step)

    def count_each(self, meters: Index, start: Int64, end: Int64, rate: int) -> None:
        """Count a span of each meter's own."""
        self.state.registers.add(meters, rate, self.power.energy_between(meters, start, end))
        for window in self.state.windows.values():
            window.take_each(self.shown, meters, start, end)


@dataclass(slots=True)
class Tally:
    """Meters of a cohort that have supply all through the slice: up to when registers and windows were counted.

    Of a window that closes several times before anybody looks, the last two closings are all that matters.
    """

    measured: Measured
    columns: Columns
    plan: Plan
    counted: int
    rate: int = 0
    watched: dict[str, int] = field(default_factory=dict[str, int])
    ends: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def pass_by(self, block: Block, start: int, end: int) -> None:
        """Let a block pass, in true UTC; everything is counted where it ends with a demand or a row."""
        if block.rate != self.rate:
            self.count(start)
            self.rate = block.rate
        for marks, name in self.plan.due.windows:
            if marks & block.marks:
                self.close(name, end)
        if block.marks & self.plan.reads:
            self.count(end)
            for name in self.plan.looked_at(block.marks):
                self.watch(name, end)

    def count(self, end: int) -> None:
        """Count the registers."""
        if self.counted < end:
            self.measured.state.registers.integrate(self.measured.power, self.columns, self.counted, end, self.rate)
        self.counted = max(self.counted, end)

    def close(self, name: str, end: int) -> None:
        """Close a window: later, unless it looks at registers."""
        window = self.measured.state.windows[name]
        if not window.rule.energy:
            self.ends.setdefault(name, []).append(end)
            return
        self.count(end)
        self.watch(name, end)
        window.close(self.columns, self.measured.state.registers)

    def watch(self, name: str, end: int) -> None:
        """Bring a window up to date."""
        state, shown = self.measured.state, self.measured.shown
        window, ends = state.windows[name], self.ends.pop(name, [])
        start = self.watched[name]
        if len(ends) > 1:
            window.forget(self.columns)
            start = ends[-2]
        if ends:
            window.take(shown, self.columns, start, ends[-1])
            window.close(self.columns, state.registers)
            start = ends[-1]
        if start < end:
            window.take(shown, self.columns, start, end)
        self.watched[name] = end

    def settle(self, end: int) -> None:
        """Bring everything up to date."""
        self.count(end)
        for name in self.watched:
            self.watch(name, end)


def tally(measured: Measured, columns: Columns, plan: Plan) -> Tally:
    """Begin a slice."""
    state = measured.state
    return Tally(measured, columns, plan, state.now, watched=dict.fromkeys(state.windows, state.now))
