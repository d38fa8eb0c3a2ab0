"""Names of what can be read and captured: `energy.active.import.rate_1`, `voltage.l1`, `demand.p.maximum`.

One grammar serves objects and the columns of profiles:

- `energy.KIND[.lN][.rate_N]` a register in Wh, varh or VAh, with the digits of the meter;
- `power.KIND[.lN]`, `power.factor[.lN]`, `voltage.lN`, `current.lN|total|neutral|differential`, `angle.lN`,
  `frequency`;
- `window.NAME[.running].average|minimum|maximum.SIGNAL` and `window.NAME[.running].energy.KIND[.lN][.rate_N]`;
- `demand.NAME.current|last|status|captured|began`, `demand.NAME.maximum|at|cumulative.SCOPE[.rate_N]`;
- `closing.PROFILE.count|at`, and `part.NAME.FIELD[.ROW]` for a column of another part of the state;
- `primary.CELL` any of the first four behind measuring transformers, on the side that the meter is to show.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.metering.columns import Columns, Int64
from openami.metering.quantities import Energy
from openami.metering.registers import TOTAL
from openami.metering.signals import ENERGIES, Signal, signal
from openami.metering.transformers import NAME, Transformers

if TYPE_CHECKING:
    from openami.metering.state import Rules, State

MILLI = 1_000
PHASES = {"l1": 1, "l2": 2, "l3": 3}
STATISTICS = ("average", "minimum", "maximum")


class Cell(Protocol):
    """Something of a meter that is a number: a register, a demand, a value of now."""

    @property
    def wraps(self) -> bool:
        """Whether it starts again at zero past its last digit; other values stop at the greatest."""
        ...

    def read(self, state: "State", columns: Columns) -> Int64:
        """Value as shown. -> [n]."""
        ...

    def check(self, rules: "Rules") -> None:
        """Refuse what the product does not have."""
        ...


@dataclass(frozen=True, slots=True)
class RegisterCell:
    """A register of energy."""

    energy: Energy
    phase: int = 0
    rate: int = TOTAL
    wraps: bool = True

    def read(self, state: "State", columns: Columns) -> Int64:
        """Wh, varh or VAh."""
        registers = state.registers
        return registers.shown(registers.whole(self.energy, self.rate, self.phase, columns))

    def check(self, rules: "Rules") -> None:
        """Refuse a register that the product does not list."""
        listed = {(register.energy, register.phase): register.rated for register in rules.registers}
        if (self.energy, self.phase) not in listed:
            raise DefinitionError(f"no register of {self.energy.name.lower()}, phase {self.phase}", key="registers")
        if self.rate and not (listed[self.energy, self.phase] and self.rate <= rules.limits.rates):
            raise DefinitionError(f"rate {self.rate} of {self.energy.name.lower()} is not counted", key="registers")


@dataclass(frozen=True, slots=True)
class SignalCell:
    """A value of now."""

    signal: Signal
    wraps: bool = False

    def read(self, state: "State", columns: Columns) -> Int64:
        """Value in the unit shown."""
        return toward_zero(state.shown(self.signal, columns), self.signal.divisor)

    def check(self, rules: "Rules") -> None:
        """Refuse a phase that there is not."""
        if self.signal.phase > rules.phases:
            raise DefinitionError(f"no phase {self.signal.phase}", key="phases")


@dataclass(frozen=True, slots=True)
class WindowCell:
    """Average, least or greatest value of a window, or its energy."""

    name: str
    kind: str
    item: Signal | tuple[Energy, int, int]
    running: bool = False
    wraps: bool = False

    def read(self, state: "State", columns: Columns) -> Int64:
        """Value of the window closed last, or of the running one, in the unit shown."""
        window = state.windows[self.name]
        inner = window.read(self.kind, self.item, columns, state.registers, running=self.running)
        return toward_zero(inner, self.item.divisor) if isinstance(self.item, Signal) else inner

    def check(self, rules: "Rules") -> None:
        """Refuse what no window watches."""
        rule = rules.windows.get(self.name)
        if rule is None:
            raise DefinitionError(f"no window is called {self.name!r}", key="window")
        if self.item not in getattr(rule, self.kind):
            raise DefinitionError(f"window {self.name} does not watch {self.kind} of {self.item}", key="window")


@dataclass(frozen=True, slots=True)
class DemandCell:
    """A demand, its maximum or its times; `scope` is the profile whose capture ends the maximum."""

    name: str
    what: str
    scope: str = ""
    rate: int = TOTAL
    wraps: bool = False

    def read(self, state: "State", columns: Columns) -> Int64:
        """W (var, VA), UTC seconds by the meter's clock, or a status."""
        demand = state.demands[self.name]
        if self.what == "current":
            return toward_zero(self.running(state, columns), MILLI)
        if self.scope:
            maximum = demand.maxima[self.scope]
            if self.what == "at":
                return np.asarray(maximum.at[self.rate, columns], np.int64)
            values = maximum.cumulative if self.what == "cumulative" else maximum.value
            return toward_zero(values[self.rate, columns], MILLI)
        value: Int64 = np.asarray(getattr(demand, self.what)[columns], np.int64)
        return toward_zero(value, MILLI) if self.what == "last" else value

    def running(self, state: "State", columns: Columns) -> Int64:
        """Current average, meters of different periods apart."""
        demand = state.demands[self.name]
        numbers = state.plans.number[columns]
        meters = np.arange(state.count)[columns]
        values = np.empty(len(meters), np.int64)
        for number in np.unique(numbers):
            mine = numbers == number
            periods = state.plans.plans[int(number)].periods(self.name)
            values[mine] = demand.running(state.registers, meters[mine], periods)
        return values

    def check(self, rules: "Rules") -> None:
        """Refuse a demand or a maximum that the product does not keep."""
        rule = rules.demands.get(self.name)
        if rule is None:
            raise DefinitionError(f"no demand is called {self.name!r}", key="demand")
        if self.scope and self.scope not in rule.maxima:
            raise DefinitionError(f"demand {self.name} keeps no maximum for {self.scope!r}", key="demand")
        if self.rate and not (rule.maxima[self.scope] and self.rate <= rules.limits.rates):
            raise DefinitionError(f"demand {self.name} keeps no maximum of rate {self.rate}", key="demand")
        if self.what == "cumulative" and not rule.cumulative:
            raise DefinitionError(f"demand {self.name} has no cumulative maximum", key="demand")


@dataclass(frozen=True, slots=True)
class ClosingCell:
    """How often a profile that closes periods has done so, and when last."""

    profile: str
    what: str
    wraps: bool = True

    def read(self, state: "State", columns: Columns) -> Int64:
        """Count, or UTC seconds by the meter's clock."""
        profile = state.profiles[self.profile]
        return np.asarray((profile.closings if self.what == "count" else profile.closed_at)[columns], np.int64)

    def check(self, rules: "Rules") -> None:
        """Refuse a profile that there is not."""
        if self.profile not in rules.profiles:
            raise DefinitionError(f"no profile is called {self.profile!r}", key="profile")


@dataclass(frozen=True, slots=True)
class PartCell:
    """A column of any other part of the state: `supply.failures`, a counter of a further part."""

    part: str
    field: str
    row: int = -1
    wraps: bool = True

    def read(self, state: "State", columns: Columns) -> Int64:
        """Value as it stands."""
        parts = state.parts()
        part = parts.get(self.part, parts.get(f"more.{self.part}"))
        array = getattr(part, self.field)
        if self.row >= 0:
            array = array[self.row]
        return np.asarray(array[columns], np.int64)

    def check(self, rules: "Rules") -> None:
        """Nothing is known of it before there is a state."""


@dataclass(frozen=True, slots=True)
class PrimaryCell:
    """Another cell, shown on the primary side of measuring transformers where the meter is set so."""

    secondary: Cell
    current: bool
    voltage: bool

    @property
    def wraps(self) -> bool:
        """As the secondary value does."""
        return self.secondary.wraps

    def read(self, state: "State", columns: Columns) -> Int64:
        """Value in the unit shown."""
        values = self.secondary.read(state, columns)
        ratios = state.part(NAME, Transformers)
        return ratios.shown(values, columns, current=self.current, voltage=self.voltage)

    def check(self, rules: "Rules") -> None:
        """Refuse what the product does not have, transformers among it."""
        if NAME not in rules.parts:
            raise DefinitionError("the meter has no measuring transformers", key=NAME)
        self.secondary.check(rules)


SIDES = {"voltage": (False, True), "current": (True, False), "neutral": (True, False), "differential": (True, False)}
"""Whether the ratio of current and that of voltage concern a quantity; a power is concerned by both."""
PLAIN = ("factor", "angle", "frequency")
COUNTS = ("status", "captured", "began", "at")


def primary(secondary: Cell) -> PrimaryCell | None:
    """Put a cell behind transformers; None for one that no ratio concerns."""
    item = secondary.item if isinstance(secondary, WindowCell) else None
    held = secondary.signal if isinstance(secondary, SignalCell) else item
    if isinstance(held, Signal):
        return None if held.kind in PLAIN else PrimaryCell(secondary, *SIDES.get(held.kind, (True, True)))
    is_count = isinstance(secondary, DemandCell) and secondary.what in COUNTS
    if is_count or not isinstance(secondary, RegisterCell | DemandCell | WindowCell):
        return None
    return PrimaryCell(secondary, current=True, voltage=True)


@lru_cache(maxsize=4096)
def cell(text: str) -> Cell:
    """Read the name of a cell; errors: DefinitionError."""
    head, _, rest = text.partition(".")
    found: Cell | None
    if head == "primary":
        found = primary(cell(rest))
    elif head == "energy":
        found = RegisterCell(*registered(text, rest))
    elif head == "window":
        found = window_cell(text, rest.split("."))
    elif head == "demand":
        found = demand_cell(text, rest.split("."))
    elif head == "closing" and rest.rpartition(".")[2] in ("count", "at"):
        found = ClosingCell(rest.rpartition(".")[0], rest.rpartition(".")[2])
    elif head == "part" and 2 <= len(words := rest.split(".")) <= 3:
        found = PartCell(words[0], words[1], int(words[2]) if len(words) == 3 else -1)
    else:
        named = signal(text)
        found = None if named is None else SignalCell(named)
    if found is None:
        raise DefinitionError(f"{text!r} names no register and no quantity")
    return found


def registered(text: str, rest: str) -> tuple[Energy, int, int]:
    """Read kind, phase and rate of a register."""
    words = rest.split(".")
    rate = words.pop().removeprefix("rate_") if words[-1].startswith("rate_") else str(TOTAL)
    phase = PHASES[words.pop()] if words[-1:] and words[-1] in PHASES else 0
    kind = ".".join(words)
    if kind not in ENERGIES or not rate.isdigit():
        raise DefinitionError(f"{text!r} names no kind of energy; there are {', '.join(ENERGIES)}")
    return ENERGIES[kind], phase, int(rate)


def window_cell(text: str, words: list[str]) -> WindowCell | None:
    """Read `NAME[.running].KIND.ITEM`."""
    name, rest = words[0], words[1:]
    running = rest[:1] == ["running"]
    kind, item = rest[running : running + 1], ".".join(rest[running + 1 :])
    if kind == ["energy"]:
        return WindowCell(name, "energy", registered(text, item), running)
    named = signal(item)
    if named is None or not kind or kind[0] not in STATISTICS:
        return None
    return WindowCell(name, kind[0], named, running)


def demand_cell(text: str, words: list[str]) -> DemandCell | None:
    """Read `NAME.WHAT[.SCOPE[.rate_N]]`."""
    name, what, *rest = *words, ""
    rest = [word for word in rest if word]
    if what in ("current", "last", "status", "captured", "began") and not rest:
        return DemandCell(name, what)
    if what not in ("maximum", "at", "cumulative") or not 1 <= len(rest) <= 2:
        return None
    rate = rest[1].removeprefix("rate_") if len(rest) == 2 else "0"
    if not rate.isdigit():
        raise DefinitionError(f"{text!r}: expected rate_N")
    return DemandCell(name, what, rest[0], int(rate))


def toward_zero(values: Int64, divisor: int) -> Int64:
    """Whole units; what is below one is not shown."""
    if divisor == 1:
        return values
    whole: Int64 = np.abs(values) // divisor
    return np.sign(values) * whole


def fitted(values: Int64, kind: str, *, wraps: bool) -> NDArray[np.signedinteger | np.unsignedinteger]:
    """Values in a type of less octets: a register rolls over, other values stop at the greatest."""
    kept = np.dtype(kind)
    if wraps:
        return values.astype(kept)
    limits = np.iinfo(kept)
    low, high = max(limits.min, -(2**63)), min(limits.max, 2**63 - 1)
    return np.clip(values, low, high).astype(kept)
