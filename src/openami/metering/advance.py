"""Let time pass: exact, in place, in blocks of one rate, all meters of a cohort at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.time import DAY_S
from openami.metering.billing import Stamp
from openami.metering.columns import Columns, Index, Int64
from openami.metering.events import POWER_FAILURE
from openami.metering.load import MINUTE_S, Load, Power
from openami.metering.profile import AmrStatus
from openami.metering.state import Cohort, State
from openami.metering.supply import Change, Changes
from openami.metering.timeline import Block, Mark

SLICE_S = 900


def advance(state: State, until: int, load: Load) -> None:
    """Let true time pass up to `until`; how it is cut into calls makes no difference to any bit."""
    while state.now < until:
        step(state, slice_end(state, until), load)


def slice_end(state: State, until: int) -> int:
    """End of the next slice: a full quarter of an hour, or where a clock or a table of some meter changes."""
    quarter = state.now - state.now % SLICE_S + SLICE_S
    activation = int((state.tariff.activation - state.clock.offset_s).min(initial=until))
    drift = state.clock.next_drift(state.now)
    return min(until, quarter, activation, state.supply.next_empty(), drift)


def step(state: State, end: int, load: Load) -> None:
    """One slice: the load is asked once, every cohort goes through its own blocks."""
    first = state.now - state.now % MINUTE_S
    minutes = load.power(first, -(-(end - first) // MINUTE_S))
    power = Power(first, minutes, meters=state.count, no_load_ma=state.rules.no_load_ma)
    changes = state.supply.take(end)
    for cohort in [*state.cohorts()]:
        run(state, cohort, end, power, changes.of(cohort.columns, state.count))
    state.live.take(minutes, state.supply.powered)
    state.now = end
    if state.clock.drift(end).size:
        state.changed()
    activate_due(state)


def activate_due(state: State) -> None:
    """Activate the passive tables whose date has come by their meter's clock."""
    columns = state.tariff.due(state.clock.reads(state.now))
    if columns.size:
        active = state.tariff.activate(columns)
        state.log_standard(state.rules.codes.tariff_activated, active, state.now)
        state.changed()


def run(state: State, cohort: Cohort, end: int, power: Power, changes: Changes) -> None:
    """Take one cohort to the end of a slice."""
    steady = state.supply.steady(cohort.columns, changes.meter)
    moving = Moving(state, cohort, power, changes) if changes.meter.size else None
    clock, stop = state.now + cohort.offset_s, end + cohort.offset_s
    while clock < stop:
        timeline = state.timeline(cohort, clock)
        day_end = min(stop, clock - clock % DAY_S + DAY_S)
        for block in timeline.blocks(clock, day_end, state.clock.rules[cohort.rule]):
            span = (block.start - cohort.offset_s, block.end - cohort.offset_s)
            state.registers.integrate(power, steady, *span, block.rate)
            alive = moving.pass_to(span[1], block.rate, steady) if moving else steady
            if block.marks:
                fall_due(state, alive, block, span[1])
            if moving:
                moving.settle(span[1], block.rate)
        clock = day_end


def fall_due(state: State, columns: Columns, block: Block, now: int) -> None:
    """Write the rows and events due at the end of a block."""
    for profile in state.profiles.values():
        if profile.capture.mark & block.marks:
            stamp = Stamp(block.end, block.deviation, block.dst)
            profile.add(columns, state.registers, stamp, state.clock.condition)
    if Mark.DST in block.marks:
        state.log_standard(state.rules.codes.dst_change, np.arange(state.count)[columns], now)


@dataclass(slots=True, init=False)
class Moving:
    """Meters of a cohort whose supply comes or goes within the slice, each counted up to its own second."""

    state: State
    cohort: Cohort
    power: Power
    changes: Changes
    meters: Index
    counted: Int64
    settled: int

    def __init__(self, state: State, cohort: Cohort, power: Power, changes: Changes) -> None:
        self.state, self.cohort, self.power, self.changes = state, cohort, power, changes
        self.meters = np.unique(changes.meter)
        self.counted = np.full(len(self.meters), state.now, np.int64)
        self.settled = int(changes.at.min()) - 1

    def pass_to(self, end: int, rate: int, steady: Columns) -> Index:
        """Let changes before `end` happen, count energy up to it; -> meters of the cohort with power then."""
        self.settle(end - 1, rate)
        self.count(self.meters, np.full(len(self.meters), end, np.int64), rate)
        on = self.meters[self.state.supply.powered[self.meters]]
        return np.sort(np.concatenate([np.arange(self.state.count)[steady], on]))

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
        energy = self.power.energy_between(meters[on], self.counted[place][on], until[on])
        self.state.registers.add(meters[on], rate, energy)
        self.counted[place] = until


def happen(state: State, changes: Changes) -> None:
    """Let supply changes of different meters happen."""
    off = changes.change == Change.OFF
    go_off(state, changes.meter[off], changes.at[off])
    come_back(state, changes.meter[~off], changes.at[~off], changes.change[~off] == Change.BACK_EMPTY)


def go_off(state: State, meters: Index, at: Int64) -> None:
    """All phases are lost."""
    state.supply.powered[meters] = False
    state.supply.off_since[meters] = at
    state.log_standard(state.rules.codes.power_down, meters, at)


def come_back(state: State, meters: Index, at: Int64, empty: NDArray[np.bool_]) -> None:
    """Power returns: logs, marked rows, and the closings missed are made up for."""
    supply, codes = state.supply, state.rules.codes
    offset = state.clock.offset_s[meters]
    duration = at - supply.off_since[meters]
    supply.powered[meters] = True
    state.clock.lose(meters[empty], at[empty])
    state.log_standard(codes.power_up, meters, at)
    state.log_standard(codes.clock_invalid, meters[empty], at[empty])
    long = duration > supply.threshold_s[meters]
    supply.failures[meters] += 1
    supply.long_failures[meters] += long
    supply.last_long_s[meters[long]] = duration[long]
    state.log(POWER_FAILURE, meters[long], at[long], duration=duration[long])
    kept = ~empty
    make_up(state, meters[kept], (at - duration + offset)[kept], (at + offset)[kept], AmrStatus.POWER_DOWN)
    for profile in state.profiles.values():
        profile.mark(meters, AmrStatus.POWER_DOWN)
    if empty.any():
        state.changed()


def make_up(state: State, meters: Index, since: Int64, until: Int64, bits: AmrStatus) -> None:
    """Write the last closings that the clocks of these meters passed without, stamped as they were due."""
    for profile in state.profiles.values():
        for number in np.unique(state.clock.rule[meters]):
            mine = state.clock.rule[meters] == number
            due = profile.missed(state.clock.rules[int(number)], since[mine], until[mine])
            late, at = meters[mine][due >= 0], due[due >= 0]
            profile.mark(late, bits)
            stamp = Stamp(at, *state.clock.deviation(late, at))
            profile.add(late, state.registers, stamp, state.clock.condition)
