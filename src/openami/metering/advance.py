"""Let time pass: exact, in place, in blocks of one rate, all meters of a cohort at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.time import DAY_S
from openami.metering.closing import fall_due, lose, make_up
from openami.metering.columns import Columns, Index, Int64
from openami.metering.load import SLICE_S, Load, step_of
from openami.metering.plans import Plan
from openami.metering.profile import AmrStatus
from openami.metering.state import DARK, Cohort, State
from openami.metering.supply import Change, Changes
from openami.metering.tally import Measured, tally
from openami.metering.timeline import Block

NOBODY = np.zeros(0, np.intp)


def advance(state: State, until: int, load: Load) -> None:
    """Let true time pass up to `until`; how it is cut into calls makes no difference to any bit."""
    while state.now < until:
        step(state, slice_end(state, until), load)


def slice_end(state: State, until: int) -> int:
    """End of the next slice: a full quarter of an hour, or where a clock or a table of some meter changes."""
    quarter = state.now - state.now % SLICE_S + SLICE_S
    activations = [tariff.activation - state.clock.offset_s for tariff in state.tariffs().values()]
    activation = min(int(instants.min(initial=until)) for instants in activations)
    drift = state.clock.next_drift(state.now)
    late = (late_edge(state, cohort, until) for cohort in state.cohorts() if state.plans.plans[cohort.plan].late)
    ends = (int(part.horizon(state, until)) for part in state.more.values() if hasattr(part, "horizon"))
    return min(until, quarter, activation, state.supply.next_empty(), drift, *ends, *late)


def late_edge(state: State, cohort: Cohort, until: int) -> int:
    """Find the next moment at which a cohort captures what is up to date only at the end of a slice."""
    clock, late = state.now + cohort.offset_s, state.plans.plans[cohort.plan].late
    timeline = state.timeline(cohort, clock)
    due = (at for at, marks in zip(timeline.at, timeline.marks, strict=True) if at > clock and marks & late)
    return min(until, next(due, until + cohort.offset_s) - cohort.offset_s)


def step(state: State, end: int, load: Load) -> None:
    """One slice: the load is asked once, every cohort goes through its own blocks."""
    length = step_of(load)
    first = state.now - state.now % length
    minutes = load.power(first, -(-(end - first) // length)).on(state.rules.phases)
    start = state.now
    for part in state.more.values():
        if hasattr(part, "shape"):
            minutes = part.shape(state, minutes, start, end)
    foreseen = [part.foresee(state, minutes, start, end) for part in state.more.values() if hasattr(part, "foresee")]
    if min(foreseen, default=end) < end:
        step(state, min(foreseen), load)
        return
    state.waiting = []
    measured = Measured.of(state, first, minutes)
    changes = state.supply.take(end)
    late = [
        ending
        for cohort in [*state.cohorts()]
        for ending in run(state, cohort, end, measured, changes.of(cohort.columns, state.count))
    ]
    state.live.take(minutes, state.supply.powered)
    state.now = end
    for part in state.more.values():
        if hasattr(part, "step"):
            part.step(state, minutes, start, end)
    for ending in late:
        ending.happen(state)
    state.moment = None
    if state.clock.drift(end).size:
        state.changed()
    activate_due(state)
    state.tell()


def activate_due(state: State) -> None:
    """Activate the passive tables whose date has come by their meter's clock."""
    for tariff in state.tariffs().values():
        columns = tariff.due(state.clock.reads(state.now))
        if columns.size:
            active = tariff.activate(columns)
            state.event("tariff_activated", active, state.now)
            state.changed()


@dataclass(frozen=True, slots=True)
class Ending:
    """End of a block: what falls due then, and the changes of supply of that very second."""

    measured: Measured
    columns: Columns
    plan: Plan
    block: Block
    now: int
    moving: "Moving | None"
    alive: Index

    def happen(self, state: State) -> None:
        """Let it happen."""
        state.moment = self.measured.moment(self.now)
        if self.block.marks:
            fall_due(state, self.columns, self.plan, self.block, now=self.now, moving=self.alive)
        if self.moving:
            self.moving.settle(self.now, self.block.rate)


def run(state: State, cohort: Cohort, end: int, measured: Measured, changes: Changes) -> list[Ending]:
    """Take one cohort to the end of a slice; -> what must wait there for the further parts of the state."""
    late: list[Ending] = []
    steady = state.supply.steady(cohort.columns, changes.meter)
    moving = Moving(state, cohort, measured, changes) if changes.meter.size else None
    plan = state.plans.plans[cohort.plan]
    held = tally(measured, steady, plan)
    clock, stop = state.now + cohort.offset_s, end + cohort.offset_s
    while clock < stop:
        timeline = state.timeline(cohort, clock)
        day_end = min(stop, clock - clock % DAY_S + DAY_S)
        for block in timeline.blocks(clock, day_end, state.clock.rules[cohort.rule]):
            span = (block.start - cohort.offset_s, block.end - cohort.offset_s)
            held.pass_by(block, *span)
            alive = moving.pass_to(span[1], block.rate) if moving else NOBODY
            columns = together(state, steady, alive) if len(alive) else steady
            ending = Ending(measured, columns, plan, block, span[1], moving, alive)
            if span[1] == end and block.marks & plan.late:
                late.append(ending)
            else:
                ending.happen(state)
        clock = day_end
    held.settle(end)
    return late


def together(state: State, steady: Columns, others: Index) -> Index:
    """Meters of both, in their order."""
    both: Index = np.sort(np.concatenate([np.arange(state.count)[steady], others]))
    return both


@dataclass(slots=True, init=False)
class Moving:
    """Meters of a cohort whose supply comes or goes within the slice, each counted up to its own second."""

    state: State
    cohort: Cohort
    measured: Measured
    changes: Changes
    meters: Index
    counted: Int64
    settled: int

    def __init__(self, state: State, cohort: Cohort, measured: Measured, changes: Changes) -> None:
        self.state, self.cohort, self.measured, self.changes = state, cohort, measured, changes
        self.meters = np.unique(changes.meter)
        self.counted = np.full(len(self.meters), state.now, np.int64)
        self.settled = int(changes.at.min()) - 1

    def pass_to(self, end: int, rate: int) -> Index:
        """Let changes before `end` happen, count energy up to it; -> those that have power then."""
        self.settle(end - 1, rate)
        self.count(self.meters, np.full(len(self.meters), end, np.int64), rate)
        on: Index = self.meters[self.state.supply.powered[self.meters]]
        return on

    def settle(self, until: int, rate: int) -> None:
        """Let the changes up to `until` happen, each at its second."""
        for batch in self.changes.rounds(self.settled, until):
            self.count(batch.meter, batch.at, rate)
            happen(self.state, batch)
        self.settled = until

    def count(self, meters: Index, until: Int64, rate: int) -> None:
        """Count the energy of those of these meters that have power."""
        place = np.searchsorted(self.meters, meters)
        on = self.state.supply.powered[meters]
        self.measured.count_each(meters[on], self.counted[place][on], until[on], rate)
        self.counted[place] = until


def happen(state: State, changes: Changes) -> None:
    """Let supply changes of different meters happen; rows that are made up for show that there was no supply."""
    moment, state.moment = state.moment, DARK
    off = changes.change == Change.OFF
    state.supply.dark_at[changes.meter[off]] = changes.empty_at[off]
    go_off(state, changes.meter[off], changes.at[off])
    come_back(state, changes.meter[~off], changes.at[~off], changes.change[~off] == Change.BACK_EMPTY)
    state.moment = moment


def go_off(state: State, meters: Index, at: Int64) -> None:
    """All phases are lost."""
    state.supply.powered[meters] = False
    state.supply.off_since[meters] = at
    state.event("power_down", meters, at)
    state.event("last_gasp", meters, at)


def come_back(state: State, meters: Index, at: Int64, empty: NDArray[np.bool_]) -> None:
    """Power returns: logs, marked rows, and the closings missed are made up for."""
    supply = state.supply
    offset = state.clock.offset_s[meters]
    duration = at - supply.off_since[meters]
    supply.powered[meters] = True
    state.clock.lose(meters[empty], at[empty])
    state.event("power_up", meters, at)
    state.event("clock_invalid", meters[empty], at[empty])
    for part in state.more.values():
        if hasattr(part, "wake"):
            part.wake(state, meters, at)
    long = duration > supply.threshold_s[meters]
    supply.failures[meters] += 1
    supply.long_failures[meters] += long
    supply.last_long_s[meters[long]] = duration[long]
    state.event("long_outage", meters[long], at[long], duration=duration[long])
    state.event("short_outage", meters[~long], at[~long], duration=duration[~long])
    kept = ~empty
    make_up(state, meters[kept], (at - duration + offset)[kept], (at + offset)[kept], AmrStatus.POWER_DOWN)
    for profile in state.profiles.values():
        profile.mark(meters, AmrStatus.POWER_DOWN)
    if empty.any():
        lose(state, meters[empty])
        state.changed()
