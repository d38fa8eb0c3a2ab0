"""What a meter is set to capture and measure: most as their product, each that differs with others of its kind."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.time import CosemDate
from openami.metering.averages import WindowRule
from openami.metering.billing import Capture, Column
from openami.metering.cells import Cell, PartCell, PrimaryCell, WindowCell, cell
from openami.metering.columns import Index, intern
from openami.metering.demand import DemandRule, Periods
from openami.metering.timeline import Trigger


class Due(NamedTuple):
    """What falls due together: its marks, and names of windows, demands and profiles."""

    windows: tuple[tuple[int, str], ...]
    demands: tuple[tuple[int, str], ...]
    profiles: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Plan:
    """Captures of profiles and periods of demands of some meters; windows and demand rules are the product's."""

    captures: Mapping[str, Capture]
    demands: Mapping[str, Periods]
    rules: Mapping[str, DemandRule]
    windows: Mapping[str, WindowRule]

    def periods(self, demand: str) -> Periods:
        """Periods of a demand."""
        return self.demands[demand]

    def with_capture(self, name: str, capture: Capture) -> Self:
        """Capture something else."""
        return replace(self, captures={**self.captures, name: capture})

    def with_periods(self, name: str, periods: Periods) -> Self:
        """Measure a demand over other periods."""
        return replace(self, demands={**self.demands, name: periods})

    @cached_property
    def triggers(self) -> tuple[Trigger, ...]:
        """All moments at which something falls due."""
        return tuple(dict.fromkeys(trigger for _, triggers in self.moments() for trigger in triggers))

    @cached_property
    def due(self) -> Due:
        """What the marks of a timeline of `triggers` mean."""
        marks = {trigger: 2 << number for number, trigger in enumerate(self.triggers)}
        found: dict[str, list[tuple[int, str]]] = {"window": [], "demand": [], "profile": []}
        for (kind, name), triggers in self.moments():
            mask = 0
            for trigger in triggers:
                mask |= marks[trigger]
            if mask:
                found[kind].append((mask, name))
        return Due(*(tuple(rows) for rows in found.values()))

    @cached_property
    def reads(self) -> int:
        """Marks of what looks at registers and windows: demands and profiles."""
        return together(marks for marks, _ in (*self.due.demands, *self.due.profiles))

    @cached_property
    def known(self) -> dict[int, tuple[str, ...]]:
        """Answers that `looked_at` gave before."""
        return {}

    def looked_at(self, marks: int) -> tuple[str, ...]:
        """Windows that the rows written at these marks show or close."""
        if marks not in self.known:
            due = [name for own, name in self.due.profiles if own & marks]
            cells = [secondary(cell(column.cell)) for name in due for column in self.captures[name].columns]
            shown = [one.name for one in cells if isinstance(one, WindowCell)]
            self.known[marks] = tuple(dict.fromkeys([*shown, *(one for name in due for one in self.followers(name))]))
        return self.known[marks]

    @cached_property
    def late(self) -> int:
        """Marks of profiles that capture columns of further parts: these are up to date at the end of a slice only."""
        return together(marks for marks, name in self.due.profiles if self.waits(name))

    def waits(self, profile: str) -> bool:
        """Whether a profile captures a column of a further part."""
        return any(isinstance(cell(column.cell), PartCell) for column in self.captures[profile].columns)

    def followers(self, profile: str) -> Iterator[str]:
        """Windows that close as this profile captures."""
        return (name for name, rule in self.windows.items() if rule.follows == profile)

    def moments(self) -> Iterator[tuple[tuple[str, str], tuple[Trigger, ...]]]:
        """When each window, demand and profile falls due."""
        for name, window in self.windows.items():
            yield ("window", name), (window.trigger,) if window.trigger else ()
        for name, periods in self.demands.items():
            yield ("demand", name), (self.rules[name].trigger(periods),)
        for name, capture in self.captures.items():
            yield ("profile", name), capture.triggers

    def encode(self) -> list[Any]:
        """As JSON, what of it a client may change."""
        captures = {
            name: [
                [[t.period_s, t.date.encode().hex(), t.second] for t in capture.triggers],
                capture.entries,
                [list(column) for column in capture.columns],
            ]
            for name, capture in self.captures.items()
        }
        return [captures, {name: list(periods) for name, periods in self.demands.items()}]

    def decode(self, table: list[Any]) -> Self:
        """Read what `encode` wrote, on top of the product's plan."""
        captures, demands = table
        read = {
            name: replace(
                self.captures[name],
                triggers=tuple(Trigger(p, CosemDate.decode(bytes.fromhex(d)), s) for p, d, s in triggers),
                entries=entries,
                columns=tuple(Column(*column) for column in columns),
            )
            for name, (triggers, entries, columns) in captures.items()
        }
        return replace(self, captures=read, demands={name: Periods(*periods) for name, periods in demands.items()})


def together(marks: Iterable[int]) -> int:
    """All of these marks in one."""
    whole = 0
    for mark in marks:
        whole |= mark
    return whole


def secondary(shown: Cell) -> Cell:
    """Cell behind measuring transformers, or the same."""
    return shown.secondary if isinstance(shown, PrimaryCell) else shown


@dataclass(slots=True)
class Plans:
    """Plans kept once however many meters have them; a meter has the number of its own. [meters]."""

    plans: list[Plan]
    number: NDArray[np.int64]

    @classmethod
    def of(cls, meters: int, plan: Plan) -> Self:
        """Give all meters the plan of their product."""
        return cls([plan], np.zeros(meters, np.int64))

    def of_meter(self, meter: int) -> Plan:
        """Plan of a meter."""
        return self.plans[int(self.number[meter])]

    def masks(self, columns: Index) -> Iterator[tuple[NDArray[np.bool_], Plan]]:
        """Which of these meters have each plan. -> masks [n]."""
        numbers = self.number[columns]
        for number in np.unique(numbers):
            yield numbers == number, self.plans[int(number)]

    def set(self, columns: Index, plan: Plan) -> None:
        """Give meters another plan; the product's own stays number 0."""
        kept = np.zeros(1, np.int64)
        self.number[columns] = intern(self.plans, plan, self.number, kept)

    def pack(self) -> NDArray[np.uint8]:
        """Give the plans as octets."""
        return np.frombuffer(json.dumps([plan.encode() for plan in self.plans]).encode(), np.uint8)

    def restore(self, octets: NDArray[np.uint8]) -> None:
        """Read what `pack` gave; the first is that of the product."""
        first = self.plans[0]
        self.plans = [first, *(first.decode(table) for table in json.loads(octets.tobytes())[1:])]
