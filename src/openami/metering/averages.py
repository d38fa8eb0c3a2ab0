"""Averages, least and greatest values over the interval of a profile or a time of their own, and its energy."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from openami.core.errors import LocalProtocolError
from openami.metering.columns import Columns, Index, Int64
from openami.metering.quantities import Energy, Power, weighted
from openami.metering.registers import Registers
from openami.metering.signals import Signal
from openami.metering.timeline import Trigger

MOST = 2**62


@dataclass(frozen=True, slots=True)
class WindowRule:
    """What a window watches; it closes at its trigger, or each time the profile that it follows captures."""

    trigger: Trigger | None = None
    follows: str = ""
    average: tuple[Signal, ...] = ()
    minimum: tuple[Signal, ...] = ()
    maximum: tuple[Signal, ...] = ()
    energy: tuple[tuple[Energy, int, int], ...] = ()


@dataclass(slots=True)
class Window:
    """Running sums and extremes of a window, and what stood in them as it closed. [items, meters], `seconds` [meters].

    Seconds without supply do not count; an average is rounded down.
    """

    rule: WindowRule
    seconds: Int64
    sums: Int64
    least: Int64
    most: Int64
    began: Int64
    last_average: Int64
    last_minimum: Int64
    last_maximum: Int64
    last_energy: Int64

    @classmethod
    def of(cls, meters: int, rule: WindowRule) -> Self:
        """Make an empty window."""

        def items(listed: tuple[object, ...], value: int = 0) -> Int64:
            return np.full((len(listed), meters), value, np.int64)

        return cls(
            rule,
            np.zeros(meters, np.int64),
            items(rule.average),
            items(rule.minimum, MOST),
            items(rule.maximum, -MOST),
            items(rule.energy),
            items(rule.average),
            items(rule.minimum),
            items(rule.maximum),
            items(rule.energy),
        )

    def take(self, power: Power, columns: Columns, start: int, end: int) -> None:
        """Watch a span, one for all."""
        rows, seconds = power.span(start, end)
        self.seconds[columns] += end - start
        for row, signal in enumerate(self.rule.average):
            self.sums[row, columns] += weighted(power.signal(signal)[rows, columns], seconds)
        for row, signal in enumerate(self.rule.minimum):
            least = power.signal(signal)[rows, columns].min(axis=0)
            self.least[row, columns] = np.minimum(self.least[row, columns], least)
        for row, signal in enumerate(self.rule.maximum):
            most = power.signal(signal)[rows, columns].max(axis=0)
            self.most[row, columns] = np.maximum(self.most[row, columns], most)

    def take_each(self, power: Power, meters: Index, start: Int64, end: Int64) -> None:
        """Watch a span of each meter's own. [n]."""
        seconds = power.seconds(start, end)
        self.seconds[meters] += seconds.sum(axis=0)
        for row, signal in enumerate(self.rule.average):
            self.sums[row, meters] += (power.signal(signal)[:, meters] * seconds).sum(axis=0)
        for row, signal in enumerate(self.rule.minimum):
            values = np.where(seconds > 0, power.signal(signal)[:, meters], MOST).min(axis=0)
            self.least[row, meters] = np.minimum(self.least[row, meters], values)
        for row, signal in enumerate(self.rule.maximum):
            values = np.where(seconds > 0, power.signal(signal)[:, meters], -MOST).max(axis=0)
            self.most[row, meters] = np.maximum(self.most[row, meters], values)

    def close(self, columns: Columns, registers: Registers) -> None:
        """Keep what was seen, and begin anew."""
        seen = self.seconds[columns] > 0
        self.last_average[:, columns] = self.sums[:, columns] // np.maximum(self.seconds[columns], 1)
        self.last_minimum[:, columns] = np.where(seen, self.least[:, columns], 0)
        self.last_maximum[:, columns] = np.where(seen, self.most[:, columns], 0)
        for row, (energy, phase, rate) in enumerate(self.rule.energy):
            whole = registers.whole(energy, rate, phase, columns)
            self.last_energy[row, columns] = whole - self.began[row, columns]
            self.began[row, columns] = whole
        self.forget(columns)

    def forget(self, columns: Columns) -> None:
        """Begin anew."""
        self.seconds[columns] = 0
        self.sums[:, columns] = 0
        self.least[:, columns] = MOST
        self.most[:, columns] = -MOST

    def read(self, kind: str, item: object, columns: Columns, registers: Registers, *, running: bool) -> Int64:
        """Value of the window that closed last, or of the running one, in inner units. -> [n]."""
        listed: tuple[object, ...] = getattr(self.rule, kind)
        if item not in listed:
            raise LocalProtocolError(f"the window does not watch {kind} of {item}")
        row = listed.index(item)
        if not running:
            last: Int64 = getattr(self, f"last_{kind}")[row, columns]
            return last
        seconds = self.seconds[columns]
        if kind == "average":
            return self.sums[row, columns] // np.maximum(seconds, 1)
        if kind == "energy":
            energy, phase, rate = self.rule.energy[row]
            return registers.whole(energy, rate, phase, columns) - self.began[row, columns]
        extremes = self.least if kind == "minimum" else self.most
        return np.where(seconds > 0, extremes[row, columns], 0)
