"""Settings of a product that its laws follow, and what they come to: registers, plans, further parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import gcd
from typing import Any

from openami.core.errors import DefinitionError
from openami.metering.averages import WindowRule
from openami.metering.billing import PROFILES, Capture, Freedom
from openami.metering.calendar import Calendar, Limits
from openami.metering.cells import cell
from openami.metering.demand import DemandRule
from openami.metering.events import LOGS, PLAIN, Face, Log
from openami.metering.load import NOMINAL_V, SLICE_S
from openami.metering.plans import Plan
from openami.metering.quantities import BASIC, Apparent, Book, Channel, Measuring, Register, Summation

MakePart = Callable[[int, int], Any]
"""Makes a further part of the state, for so many meters installed at this true UTC second.

A part is a dataclass with slots. Its fields that are arrays or rings (`Ring`, `dict[str, Ring]`) stand in a
snapshot; a field named `lists` (JSON) does, too. It may have any of these methods, called once per slice:

- `horizon(state, until) -> int`: the slice must end here at the latest (true UTC);
- `shape(state, minutes, start, end) -> Minutes`: the load as it is behind a relay, before anything counts it;
- `step(state, minutes, start, end)`: after the slice has been counted; `state.now` is `end` by then.

How time is cut into slices must make no difference to what it holds. `state.part(name, Type)` finds it.
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings of a product that its laws follow.

    `modulus` is the Wh at which a register starts again, 0 for never. `memory_octets` is shared by all
    profiles where a client may trade their rows; 0 leaves each its own.
    """

    phases: int = 3
    no_load_ma: int = 10
    nominal_v: int = NOMINAL_V
    summation: Summation = Summation.NET
    apparent: Apparent = Apparent.ARITHMETIC
    registers: tuple[Register, ...] = BASIC
    modulus: int = 0
    demands: Mapping[str, DemandRule] = field(default_factory=dict[str, DemandRule])
    windows: Mapping[str, WindowRule] = field(default_factory=dict[str, WindowRule])
    freedoms: Mapping[str, Freedom] = field(default_factory=dict[str, Freedom])
    memory_octets: int = 0
    calendar: Calendar | None = None
    demand_calendar: Calendar | None = None
    reserve_s: int = 432_000
    charge_s: int = 10_800
    long_failure_s: int = 180
    limits: Limits = field(default_factory=Limits)
    face: Face = PLAIN
    sync_s: int = 0
    profiles: Mapping[str, Capture] = field(default_factory=lambda: PROFILES)
    logs: Mapping[str, Log] = field(default_factory=lambda: LOGS)
    parts: Mapping[str, MakePart] = field(default_factory=dict[str, MakePart])

    @property
    def interval_s(self) -> int:
        """Time that all intervals of profiles and demands are multiples of."""
        periods = [trigger.period_s for trigger in self.plan.triggers if trigger.period_s]
        return gcd(*periods) if periods else SLICE_S

    @property
    def measuring(self) -> Measuring:
        """How quantities are made of the load."""
        return Measuring(self.summation, self.apparent, self.no_load_ma, self.nominal_v)

    @property
    def book(self) -> Book:
        """What is integrated: for the registers, for demands, and for the energy of windows."""
        demands = [Channel(rule.energy, rule.phase) for rule in self.demands.values()]
        windows = [Channel(*item[:2]) for rule in self.windows.values() for item in rule.energy]
        return Book.of(self.registers, (*demands, *windows))

    @property
    def plan(self) -> Plan:
        """What a meter is set to as it comes from the factory."""
        periods = {name: rule.periods for name, rule in self.demands.items()}
        return Plan(self.profiles, periods, self.demands, self.windows)

    def check(self) -> None:
        """Refuse a profile that captures, or a window that follows, what there is not."""
        for name, demand in self.demands.items():
            demand.check(demand.periods)
            if unknown := sorted(demand.maxima.keys() - self.profiles.keys()):
                raise DefinitionError(f"no profile is called {unknown[0]!r}", key=f"demand {name}.maxima")
        for name, window in self.windows.items():
            if window.follows and window.follows not in self.profiles:
                raise DefinitionError(f"no profile is called {window.follows!r}", key=f"window {name}.follows")
        for name, capture in self.profiles.items():
            for column in capture.columns:
                try:
                    cell(column.cell).check(self)
                except DefinitionError as error:
                    raise DefinitionError(str(error.args[0]), key=f"profile {name}.{column.name}") from error
