"""Ends of periods: rows captured, windows and demands closed, billing by calendar, by hand, by a client or a button."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from openami.core.errors import LocalProtocolError
from openami.core.time import DstRule
from openami.metering.billing import Stamp, missed
from openami.metering.columns import Columns, Index, Int64, Meters, select
from openami.metering.demand import Demand, Periods
from openami.metering.plans import Plan
from openami.metering.profile import AmrStatus
from openami.metering.state import State
from openami.metering.timeline import DST, Block, Trigger


def fall_due(state: State, columns: Columns, plan: Plan, block: Block, *, now: int, moving: Index) -> None:
    """Close and write what is due at the end of a block, all of it from the same registers.

    `moving` are those whose windows close here; those of the others do so as somebody looks.
    """
    due = plan.due
    for marks, name in due.windows:
        if marks & block.marks and len(moving):
            state.windows[name].close(moving, state.registers)
    for marks, name in due.demands:
        if marks & block.marks:
            demand = state.demands[name]
            demand.close(columns, state.registers, plan.periods(name), block.end, block.demand_rate)
    stamp = Stamp(block.end, block.deviation, block.dst)
    captured = [name for marks, name in due.profiles if marks & block.marks]
    for name in captured:
        write(state, name, columns, plan, stamp)
    for name in captured:
        end_period(state, name, columns)
    if block.marks & DST:
        state.event("dst_change", np.arange(state.count)[columns], now)


def write(state: State, name: str, columns: Columns, plan: Plan, stamp: Stamp) -> None:
    """Write a row; windows that follow the profile are closed for it, one that closes periods counts first."""
    for window in plan.followers(name):
        state.windows[window].close(columns, state.registers)
    profile, capture = state.profiles[name], plan.captures[name]
    if capture.closes:
        profile.count(state, columns, stamp.at)
    profile.add(state, columns, stamp, capture)


def end_period(state: State, name: str, columns: Columns) -> None:
    """Reset the maxima that are kept until this profile captures."""
    for demand in state.demands.values():
        if name in demand.maxima:
            demand.maxima[name].reset(columns)


def capture(state: State, name: str, meters: Meters) -> None:
    """Write a row now, out of turn (class 7, method capture); a billing profile ends its period."""
    columns = select(meters, state.count)
    profile = state.profiles[name]
    lockout_s, closes = profile.capture.lockout_s, profile.capture.closes
    if closes and (state.now - profile.reset_at[columns] < lockout_s).any():
        raise LocalProtocolError(f"profile {name} was closed less than {lockout_s} s ago")
    for mask, plan in state.plans.masks(columns):
        mine = columns[mask]
        at = state.clock.reads(state.now)[mine]
        write(state, name, mine, plan, Stamp(at, *state.clock.deviation(mine, at)))
        if closes:
            end_period(state, name, mine)
    if closes:
        state.event("billing_reset", columns, state.now)


def reset_demand(state: State, scope: str, meters: Meters) -> None:
    """Reset the maxima of a scope alone, without a row (class 4, method reset)."""
    columns = select(meters, state.count)
    for demand in state.demands.values():
        if scope in demand.maxima:
            demand.maxima[scope].reset(columns)
    state.event("demand_reset", columns, state.now)


def make_up(state: State, meters: Index, since: Int64, until: Int64, bits: AmrStatus) -> None:
    """Do what these meters' clocks passed without: demands and windows close, the last closings are written.

    They are stamped as they were due. Intervals are missing.
    """
    for number in np.unique(state.clock.rule[meters]):
        ruled = state.clock.rule[meters] == number
        for mask, plan in state.plans.masks(meters):
            mine = ruled & mask
            make_up_alike(Missed(state, meters[mine], plan, since[mine], until[mine], int(number)), bits)


class Missed(NamedTuple):
    """What meters of one plan and one rule of summer time passed without, by their clocks: (since, until]. [n]."""

    state: State
    meters: Index
    plan: Plan
    since: Int64
    until: Int64
    rule: int

    @property
    def dst(self) -> DstRule:
        """Their zone and summer time."""
        return self.state.clock.rules[self.rule]

    def due(self, trigger: Trigger) -> Iterator[tuple[Index, list[int]]]:
        """Meters that missed the same instants of a trigger, and these instants."""
        pairs, group = np.unique(np.stack([self.since, self.until]), axis=1, return_inverse=True)
        for number, (since, until) in enumerate(pairs.T.tolist()):
            if due := trigger.instants(since + 1, until, self.dst) if since < until else []:
                yield self.meters[group.ravel() == number], due


def make_up_alike(missed_: Missed, bits: AmrStatus) -> None:
    """Make up for meters of one plan and one rule."""
    state, meters, plan = missed_.state, missed_.meters, missed_.plan
    if not len(meters):
        return
    for name, periods in plan.demands.items():
        if bits & AmrStatus.POWER_DOWN:
            pass_periods(missed_, state.demands[name], periods)
        else:
            state.demands[name].shifted[meters] = periods.number
    if bits & AmrStatus.POWER_DOWN:
        pass_windows(missed_)
    written: list[tuple[str, Index]] = []
    for name, held in plan.captures.items():
        due = missed(held.triggers, missed_.dst, missed_.since, missed_.until)
        late, at = meters[due >= 0], due[due >= 0]
        if len(late):
            state.profiles[name].mark(late, bits)
            write(state, name, late, plan, Stamp(at, *state.clock.deviation(late, at)))
            written.append((name, late))
    for name, late in written:
        end_period(state, name, late)


def pass_periods(missed_: Missed, demand: Demand, periods: Periods) -> None:
    """Let sub-periods pass that ended without supply: the first with what it held by then, the others empty."""
    state = missed_.state
    demand.broken[missed_.meters] = periods.number
    for late, due in missed_.due(demand.rule.trigger(periods)):
        rates = np.array([state.demand_rate_at(int(meter), due[0] - 1) for meter in late])
        for rate in np.unique(rates):
            demand.close(late[rates == rate], state.registers, periods, due[0], int(rate))
        demand.broken[late] = periods.number
        demand.skip(late, len(due) - 1, periods)
        demand.began[late] = due[-1]


def pass_windows(missed_: Missed) -> None:
    """Close windows whose interval ended without supply; what follows closings waits for their row."""
    state, plan = missed_.state, missed_.plan
    for name, window in plan.windows.items():
        triggers = plan.captures[window.follows].triggers if window.follows else (window.trigger,)
        for trigger in triggers:
            if trigger is None or (window.follows and not trigger.period_s):
                continue
            for late, _ in missed_.due(trigger):
                state.windows[name].close(late, state.registers)


def lose(state: State, meters: Index) -> None:
    """Begin all demands anew where a clock has lost its time."""
    for demand in state.demands.values():
        demand.restart(meters, state.registers, state.clock.reads(state.now)[meters])
