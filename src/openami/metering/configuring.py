"""What a client may change of captures and demands: each meter on its own, without disturbing the others."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from openami.core.errors import DefinitionError
from openami.metering.billing import Capture, Column, Freedom
from openami.metering.cells import cell
from openami.metering.columns import Index, Meters, select
from openami.metering.demand import Periods
from openami.metering.plans import Plan
from openami.metering.state import State
from openami.metering.timeline import Trigger

FIXED = Freedom()


def set_columns(state: State, name: str, meters: Meters, columns: Sequence[Column]) -> None:
    """Let a profile capture other things (class 7, attribute 3); its buffer is cleared."""
    most = freedom(state, name).columns
    if len(columns) > most:
        raise DefinitionError(f"{len(columns)} columns: expected at most {most}", key="capture_objects")
    for column in columns:
        cell(column.cell).check(state.rules)
    change(state, name, meters, lambda capture: replace(capture, columns=tuple(columns)))


def set_period(state: State, name: str, meters: Meters, period_s: int) -> None:
    """Let a profile capture at another interval (class 7, attribute 4); its buffer is cleared."""
    known = freedom(state, name).periods_s
    if period_s not in known:
        raise DefinitionError(f"{period_s} s: expected one of {', '.join(map(str, known))}", key="capture_period")
    change(state, name, meters, lambda capture: replace(capture, triggers=(Trigger(period_s),)))


def set_entries(state: State, name: str, meters: Meters, entries: int) -> None:
    """Give a profile more or fewer rows (class 7, attribute 8) of the memory that all profiles share."""
    if not freedom(state, name).entries or entries < 1:
        raise DefinitionError(f"{entries} rows of profile {name}", key="profile_entries")
    change(state, name, meters, lambda capture: replace(capture, entries=entries))


def set_times(state: State, name: str, meters: Meters, triggers: Sequence[Trigger]) -> None:
    """Let a closing happen at other times (class 22, attribute 4); what it holds stays."""
    if not freedom(state, name).times:
        raise DefinitionError(f"the times of profile {name} are fixed", key="execution_time")
    columns = select(meters, state.count)
    for mask, plan in [*state.plans.masks(columns)]:
        capture = replace(plan.captures[name], triggers=tuple(triggers))
        state.plans.set(columns[mask], plan.with_capture(name, capture))
    state.changed()


def set_periods(state: State, name: str, meters: Meters, periods: Periods) -> None:
    """Let a demand be measured over other periods (class 5, attributes 8 and 9); it begins anew."""
    columns = select(meters, state.count)
    demand = state.demands[name]
    if demand.rule.most == 0:
        raise DefinitionError(f"the periods of demand {name} are fixed", key="period")
    demand.rule.check(periods)
    for mask, plan in [*state.plans.masks(columns)]:
        state.plans.set(columns[mask], plan.with_periods(name, periods))
    demand.restart(columns, state.registers, state.clock.reads(state.now)[columns])
    state.changed()


def freedom(state: State, name: str) -> Freedom:
    """What of a profile may be changed."""
    return state.rules.freedoms.get(name, FIXED)


def change(state: State, name: str, meters: Meters, alter: Callable[[Capture], Capture]) -> None:
    """Give meters another capture; their rows of before are gone, as they are of another kind."""
    columns = select(meters, state.count)
    changes: list[tuple[Index, Plan]] = []
    for mask, plan in state.plans.masks(columns):
        changed = plan.with_capture(name, alter(plan.captures[name]))
        check_room(state, changed)
        changes.append((columns[mask], changed))
    profile = state.profiles[name]
    profile.clear(columns)
    for mine, plan in changes:
        ring = profile.ring_of(plan.captures[name])
        ring.admit(mine)
        ring.clear(mine)
        state.plans.set(mine, plan)
        for window in plan.followers(name):
            state.windows[window].close(mine, state.registers)
    state.changed()


def check_room(state: State, plan: Plan) -> None:
    """Refuse more rows than the memory that profiles share has room for."""
    room = state.rules.memory_octets
    needed = sum(capture.octets for capture in plan.captures.values())
    if room and needed > room:
        raise DefinitionError(f"profiles of {needed} octets, the meter holds {room}", key="profile_entries")
