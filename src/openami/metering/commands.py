"""What a client or a hand does to meters between two moments: clock, tables, logs, rows, supply."""

import numpy as np
from numpy.typing import ArrayLike

from openami.core.errors import DefinitionError, LocalProtocolError
from openami.core.time import DstRule
from openami.metering.advance import activate_due, happen
from openami.metering.calendar import Calendar, SpecialDays, check_special_days
from openami.metering.closing import make_up
from openami.metering.columns import NEVER, Index, Int64, Meters, select
from openami.metering.profile import AmrStatus
from openami.metering.state import State
from openami.metering.tariff import Tariff

EARLIEST, LATEST = 946_684_800 - 86_400, 2**32 - 1
ADJUSTED = AmrStatus.CLOCK_ADJUSTED | AmrStatus.DATA_NOT_VALID


def log(state: State, name: str, meters: Meters, **values: ArrayLike) -> None:
    """Write an entry to a log, e.g. `log(state, "fraud", 7, code=46)`."""
    state.log(name, select(meters, state.count), state.now, **values)


def clear_log(state: State, name: str, meters: Meters) -> None:
    """Empty a log; where it holds codes the clearing itself is its first entry."""
    columns = select(meters, state.count)
    ring = state.logs[name]
    ring.clear(columns)
    if "code" in ring.columns:
        rest = dict.fromkeys(ring.columns, 0)
        state.log(name, columns, state.now, **(rest | {"code": state.rules.face.cleared}))


def clear_profile(state: State, name: str, meters: Meters) -> None:
    """Empty a profile (class 7, method reset)."""
    state.profiles[name].clear(select(meters, state.count))


def set_clock(state: State, meters: Meters, utc: ArrayLike) -> None:
    """Set clocks to a UTC second; a deviation of no more than `rules.sync_s` is put right without a trace.

    A shift stands in the standard log with old and new time and marks the next rows. Rows the clock jumps
    over are missing, rows it goes through again are repeated, none is rewritten; closings are made up for.
    """
    columns = select(meters, state.count)
    target = np.broadcast_to(np.asarray(utc, np.int64), columns.shape)
    if not ((target >= EARLIEST) & (target <= LATEST)).all():
        raise DefinitionError("a clock runs from 2000 to 2106", key="time")
    columns, target = beyond_threshold(state, columns, target)
    old = state.clock.offset_s[columns]
    lost = (state.clock.condition[columns] & np.uint8(AmrStatus.CLOCK_INVALID)) != 0
    told = (target != old + state.now) | lost
    state.event("clock_old", columns[told], state.now)
    state.clock.set(columns, target - state.now, state.now)
    state.event("clock_new", columns[told], state.now)
    state.changed()
    make_up(state, columns, old + state.now, target, ADJUSTED)
    for profile in state.profiles.values():
        profile.mark(columns[told], ADJUSTED)
    activate_due(state)


def beyond_threshold(state: State, columns: Index, target: Int64) -> tuple[Index, Int64]:
    """Put clocks right that are a little wrong; the others, and what they shall show."""
    lost = (state.clock.condition[columns] & np.uint8(AmrStatus.CLOCK_INVALID)) != 0
    little = (np.abs(target - state.clock.reads(state.now)[columns]) <= state.rules.sync_s) & ~lost
    if state.rules.sync_s and little.any():
        offsets = target[little] - state.now
        if state.clock.put_right(columns[little], offsets, state.now, state.rules.interval_s).size:
            state.changed()
            activate_due(state)
        return columns[~little], target[~little]
    return columns, target


def spoil_clock(state: State, meters: Meters, offset_s: int) -> None:
    """Let clocks be wrong by so much, without their knowing."""
    columns = select(meters, state.count)
    state.clock.set(columns, np.full(len(columns), offset_s, np.int64), state.now)
    state.changed()
    activate_due(state)


def shift_clock(state: State, meters: Meters, seconds: int) -> None:
    """Move clocks forward or, below zero, back (class 8, method shift_time)."""
    columns = select(meters, state.count)
    set_clock(state, columns, state.clock.reads(state.now)[columns] + seconds)


def set_dst_rule(state: State, meters: Meters, rule: DstRule) -> None:
    """Give clocks another zone or summer time; what they show in UTC stays."""
    state.clock.set_rule(select(meters, state.count), rule)
    state.changed()


def set_drift(state: State, meters: Meters, ppb: ArrayLike) -> None:
    """Let clocks run fast or, below zero, slow by so many parts in 10^9."""
    columns = select(meters, state.count)
    state.clock.set(columns, state.clock.offset_s[columns], state.now)
    state.clock.drift_ppb[columns] = ppb


def program_calendar(state: State, meters: Meters, calendar: Calendar, *, demand: bool = False) -> None:
    """Write the passive tariff table, whole or on its way (days, then weeks, then seasons).

    What it holds must fit together; the log tells of it once it has seasons, so is whole.
    """
    calendar.check_parts(state.rules.limits)
    columns = select(meters, state.count)
    state.tariff_of(demand=demand).set_passive(columns, calendar)
    state.changed()
    if calendar.seasons:
        state.event("tariff_programmed", columns, state.now)


def passive_tables(tariff: Tariff, columns: Index) -> list[tuple[Index, Calendar]]:
    """Passive tables of these meters, each once, with the meters that have it."""
    numbers = tariff.passive[columns]
    return [(columns[numbers == number], tariff.calendars[int(number)]) for number in np.unique(numbers)]


def set_activation(state: State, meters: Meters, utc: int | None, *, demand: bool = False) -> None:
    """Set the date at which the passive table becomes active, by the meter's clock; None takes it back."""
    columns, tariff = select(meters, state.count), state.tariff_of(demand=demand)
    if utc is not None:
        check_passive(state, tariff, columns)
    tariff.activation[columns] = NEVER if utc is None else utc
    activate_due(state)


def activate_calendar(state: State, meters: Meters, *, demand: bool = False) -> None:
    """Make the passive table the active one at once (class 20, method activate_passive_calendar)."""
    columns, tariff = select(meters, state.count), state.tariff_of(demand=demand)
    check_passive(state, tariff, columns)
    tariff.activation[columns] = state.clock.reads(state.now)[columns]
    activate_due(state)


def check_passive(state: State, tariff: Tariff, columns: Index) -> None:
    """Refuse to activate a table that is not whole."""
    for _, table in passive_tables(tariff, columns):
        table.check(state.rules.limits)


def set_special_days(state: State, meters: Meters, special: SpecialDays, *, demand: bool = False) -> None:
    """Replace the special days; each must name a day profile of the active or the passive table."""
    columns = select(meters, state.count)
    tariff = state.tariff_of(demand=demand)
    for group, passive in passive_tables(tariff, columns):
        for active in np.unique(tariff.active[group]):
            check_special_days(special, (tariff.calendars[int(active)], passive), state.rules.limits)
    tariff.set_special_days(columns, special)
    state.changed()


def cut(state: State, meters: Meters, start: ArrayLike, end: ArrayLike | None = None) -> None:
    """Take the supply away from `start` (true UTC, not before now) to `end`, or until `restore`."""
    columns = select(meters, state.count)
    from_: Int64 = np.broadcast_to(np.asarray(start, np.int64), columns.shape)
    if (from_ < state.now).any():
        raise LocalProtocolError("an outage begins in the past")
    if end is not None and (np.asarray(end, np.int64) <= from_).any():
        raise LocalProtocolError("an outage ends before it begins")
    state.supply.cut(columns, from_, state.rules.reserve_s, state.rules.charge_s)
    if end is not None:
        state.supply.restore(columns, end)
    happen_now(state)


def restore(state: State, meters: Meters, at: ArrayLike) -> None:
    """Give the supply back at `at` (true UTC, not before now)."""
    columns = select(meters, state.count)
    if (np.asarray(at, np.int64) < state.now).any():
        raise LocalProtocolError("power comes back in the past")
    state.supply.restore(columns, at)
    happen_now(state)


def happen_now(state: State) -> None:
    """Let the supply changes planned for this very second happen."""
    for changes in state.supply.take(state.now).rounds(state.now - 1, state.now):
        happen(state, changes)
