"""Quantities that a meter registers: directions, quadrants, apparent, of all phases or of one (OBIS group C)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError, LocalProtocolError
from openami.metering.columns import Columns, Int64
from openami.metering.load import NOMINAL_V, Minutes

Int32 = NDArray[np.int32]


class Energy(IntEnum):
    """Kinds of energy; the first four in the order of OBIS groups 1.8, 2.8, 3.8 and 4.8."""

    ACTIVE_IMPORT = 0
    ACTIVE_EXPORT = 1
    REACTIVE_IMPORT = 2
    REACTIVE_EXPORT = 3
    QUADRANT_1 = 4
    QUADRANT_2 = 5
    QUADRANT_3 = 6
    QUADRANT_4 = 7
    APPARENT_IMPORT = 8
    APPARENT_EXPORT = 9
    ACTIVE_ABSOLUTE = 10
    ACTIVE_NET = 11
    REACTIVE_ABSOLUTE = 12
    REACTIVE_NET = 13


class Summation(Enum):
    """How the phases make a total: netted (vectorial, as a Ferraris meter), each by its sign, or absolute.

    40, -25 and 50 W make +65/0, +90/-25 and 115/0. Absolute turns a phase that exports round, its reactive
    power with it, as if its current transformer had been connected the wrong way.
    """

    NET = "net"
    BY_SIGN = "by_sign"
    ABSOLUTE = "absolute"


class Apparent(Enum):
    """Apparent power of all phases: sum of U·I, or the root of the squares of total P and Q.

    Both in whole mVA, rounded down: U·I phase by phase, the root once.
    """

    ARITHMETIC = "arithmetic"
    VECTORIAL = "vectorial"


class Register(NamedTuple):
    """A register of the product: phase 0 is the total; rated ones count each rate by itself."""

    energy: Energy
    phase: int = 0
    rated: bool = True


class Channel(NamedTuple):
    """What is integrated."""

    energy: Energy
    phase: int = 0


class Flow(Enum):
    """Signed powers whose positive and negative parts are channels of their own."""

    ACTIVE = "active"
    REACTIVE = "reactive"
    FORWARD = "reactive while active power is imported"
    BACKWARD = "reactive while active power is exported"
    APPARENT = "apparent"


Term = tuple[Energy, int]
FOUR = tuple(Energy(number) for number in range(4))
BASIC: tuple[Register, ...] = tuple(Register(energy) for energy in FOUR)
"""Both directions of active and reactive energy, by rate."""

FLOWS: Mapping[Energy, tuple[Flow, int]] = {
    Energy.ACTIVE_IMPORT: (Flow.ACTIVE, 1),
    Energy.ACTIVE_EXPORT: (Flow.ACTIVE, -1),
    Energy.REACTIVE_IMPORT: (Flow.REACTIVE, 1),
    Energy.REACTIVE_EXPORT: (Flow.REACTIVE, -1),
    Energy.QUADRANT_1: (Flow.FORWARD, 1),
    Energy.QUADRANT_2: (Flow.BACKWARD, 1),
    Energy.QUADRANT_3: (Flow.BACKWARD, -1),
    Energy.QUADRANT_4: (Flow.FORWARD, -1),
    Energy.APPARENT_IMPORT: (Flow.APPARENT, 1),
    Energy.APPARENT_EXPORT: (Flow.APPARENT, -1),
}
SUMS: Mapping[Energy, tuple[Term, ...]] = {
    Energy.ACTIVE_ABSOLUTE: ((Energy.ACTIVE_IMPORT, 1), (Energy.ACTIVE_EXPORT, 1)),
    Energy.ACTIVE_NET: ((Energy.ACTIVE_IMPORT, 1), (Energy.ACTIVE_EXPORT, -1)),
    Energy.REACTIVE_ABSOLUTE: ((Energy.REACTIVE_IMPORT, 1), (Energy.REACTIVE_EXPORT, 1)),
    Energy.REACTIVE_NET: ((Energy.REACTIVE_IMPORT, 1), (Energy.REACTIVE_EXPORT, -1)),
}
QUADRANTS: Mapping[Energy, tuple[Term, ...]] = {
    Energy.REACTIVE_IMPORT: ((Energy.QUADRANT_1, 1), (Energy.QUADRANT_2, 1)),
    Energy.REACTIVE_EXPORT: ((Energy.QUADRANT_3, 1), (Energy.QUADRANT_4, 1)),
}


@dataclass(frozen=True)
class Book:
    """Which channels are integrated, and how registers are made of them, so that the identities hold to the Wh.

    Where a meter has the quadrants, R+ is the sum of the registers QI and QII, R- that of QIII and QIV;
    absolute and net energy are sum and difference of the registers of both directions.
    """

    registers: tuple[Register, ...]
    channels: tuple[Channel, ...]
    rated: tuple[int, ...]
    terms: Mapping[Channel, tuple[tuple[int, int], ...]]

    @classmethod
    def of(cls, registers: Iterable[Register], also: Iterable[Channel] = ()) -> "Book":
        """Compile the registers of a product; `also` is integrated for other laws."""
        return compiled(tuple(dict.fromkeys(registers)), tuple(dict.fromkeys(also)))

    def rows(self, energy: Energy, phase: int = 0) -> tuple[tuple[int, int], ...]:
        """Channels of a register with their signs."""
        terms = self.terms.get(Channel(energy, phase))
        if terms is None:
            raise LocalProtocolError(f"the meter has no register of {energy.name.lower()}, phase {phase}")
        return terms


@lru_cache(maxsize=64)
def compiled(registers: tuple[Register, ...], also: tuple[Channel, ...]) -> Book:
    """Find the channels that some registers need."""
    listed = {(register.energy, register.phase) for register in registers} | set(also)
    names = [Channel(register.energy, register.phase) for register in registers]
    if len(set(names)) != len(names):
        raise DefinitionError("a register stands twice", key="registers")
    rated = {(register.energy, register.phase): register.rated for register in registers}
    parts = {name: parted(name, listed) for name in dict.fromkeys([*names, *also])}
    channels = sorted({Channel(energy, name.phase) for name, terms in parts.items() for energy, _ in terms}, key=order)
    with_rates = {
        Channel(energy, name.phase) for name, terms in parts.items() if rated.get(name) for energy, _ in terms
    }
    number = {channel: row for row, channel in enumerate(channels)}
    return Book(
        registers,
        tuple(channels),
        tuple(row for row, channel in enumerate(channels) if channel in with_rates),
        {
            name: tuple((number[Channel(energy, name.phase)], sign) for energy, sign in terms)
            for name, terms in parts.items()
        },
    )


def parted(name: Channel, listed: "set[tuple[Energy, int]]") -> tuple[Term, ...]:
    """Terms of a register, down to what is integrated."""
    if name.energy in SUMS:
        below = [(parted(Channel(energy, name.phase), listed), sign) for energy, sign in SUMS[name.energy]]
        return tuple((energy, sign * own) for terms, sign in below for energy, own in terms)
    quadrants = QUADRANTS.get(name.energy, ())
    if quadrants and all((energy, name.phase) in listed for energy, _ in quadrants):
        return quadrants
    return ((name.energy, 1),)


def order(channel: Channel) -> tuple[int, int]:
    """Totals first, then phase by phase."""
    return channel.phase, channel.energy


@dataclass(frozen=True, slots=True)
class Measuring:
    """How a product makes quantities of its load."""

    summation: Summation = Summation.NET
    apparent: Apparent = Apparent.ARITHMETIC
    no_load_ma: int = 10
    nominal_v: int = NOMINAL_V


class Shown(Protocol):
    """A quantity that is made of the load: `signals.Signal`."""

    def of(self, power: "Power") -> Int64:
        """Values of each step. -> [steps, meters]."""
        ...


class Power:
    """Power of the steps of one slice as the meter registers it: nothing below the guard band."""

    def __init__(
        self,
        first: int,
        minutes: Minutes,
        *,
        meters: int,
        no_load_ma: int = 10,
        book: Book | None = None,
        measuring: Measuring | None = None,
    ) -> None:
        shape = minutes.active_mw.shape
        if shape != minutes.reactive_mvar.shape or shape[1:] != (meters,):
            raise LocalProtocolError(f"load of shape {shape} for {meters} meters")
        self.first = first
        self.minutes = minutes
        self.step = minutes.step_s
        self.measuring = measuring or Measuring(no_load_ma=no_load_ma)
        self.opens = (first + self.step * np.arange(len(minutes.active_mw), dtype=np.int64))[:, None]
        self.kept: dict[object, Int64] = {}
        self.signals: dict[object, Int64] = {}
        channels = (book or Book.of(BASIC)).channels
        self.channels = np.empty((len(channels), *shape), np.int64)
        for row, channel in enumerate(channels):
            self.part(channel, self.channels[row])

    def energy(self, columns: Columns, start: int, end: int) -> Int64:
        """Count the channels of one span in mJ, mvar·s and mVA·s. -> [channels, meters]."""
        rows, seconds = self.span(start, end)
        return weighted(self.channels[:, rows, columns], seconds)

    def span(self, start: int, end: int) -> tuple[slice, list[int]]:
        """Steps that a span touches, and its seconds in each."""
        low, high = (start - self.first) // self.step, -((self.first - end) // self.step)
        opens = range(self.first + low * self.step, self.first + high * self.step, self.step)
        return slice(low, high), [min(end, at + self.step) - max(start, at) for at in opens]

    def energy_between(self, columns: Columns, start: Int64, end: Int64) -> Int64:
        """Count spans to the second, one for all meters or one each. [1 or meters] -> [channels, meters]."""
        energy: Int64 = (self.channels[:, :, columns] * self.seconds(start, end)).sum(axis=1)
        return energy

    def seconds(self, start: Int64, end: Int64) -> Int64:
        """Seconds of each step inside spans. [1 or meters] -> [steps, 1 or meters]."""
        inside: Int64 = np.minimum(end, self.opens + self.step) - np.maximum(start, self.opens)
        return np.clip(inside, 0, self.step)

    def part(self, channel: Channel, out: Int64) -> None:
        """Positive or negative part of a flow, the elements added up. -> [steps, meters]."""
        flow, sign = FLOWS[channel.energy]
        power = self.flow(flow, channel.phase)
        if power.ndim == 2:
            np.maximum(power if sign > 0 else -power, 0, out=out)
            return
        np.sum(np.maximum(power if sign > 0 else -power, 0), axis=2, out=out)

    def signal(self, signal: "Shown") -> Int64:
        """Values of a quantity that is shown, made once. -> [steps, meters]."""
        if signal not in self.signals:
            self.signals[signal] = signal.of(self)
        return self.signals[signal]

    def flow(self, flow: Flow, phase: int = 0) -> Int64:
        """Signed power of a phase or of all. -> [steps, meters], or [steps, meters, phases] where each counts."""
        key = flow, phase
        if key not in self.kept:
            self.kept[key] = self.made(flow, phase)
        return self.kept[key]

    def made(self, flow: Flow, phase: int) -> Int64:
        """Make a flow of active and reactive power."""
        if flow is Flow.APPARENT:
            return self.apparent(phase)
        if flow is Flow.ACTIVE or flow is Flow.REACTIVE:
            return self.elements(phase)[flow is Flow.REACTIVE]
        active, reactive = self.elements(phase)
        forward = active >= 0
        return np.where(forward if flow is Flow.FORWARD else ~forward, reactive, 0)

    def elements(self, phase: int) -> tuple[Int64, Int64]:
        """Active and reactive power of what is counted together: the sum, each phase, or one."""
        if phase:
            active, reactive = self.phases()
            return active[:, :, phase - 1], reactive[:, :, phase - 1]
        return self.totals() if self.measuring.summation is Summation.NET else self.phases()

    def totals(self) -> tuple[Int64, Int64]:
        """Netted power. -> 2 × [steps, meters]."""
        if "totals" not in self.kept:
            minutes, measuring = self.minutes, self.measuring
            band = measuring.no_load_ma * measuring.nominal_v * minutes.current_ma.shape[2]
            self.kept["totals"] = np.stack(
                [
                    guarded(power, minutes.current_ma, measuring.no_load_ma, band)
                    for power in (minutes.active_mw, minutes.reactive_mvar)
                ]
            )
        active, reactive = self.kept["totals"]
        return active, reactive

    def phases(self) -> tuple[Int64, Int64]:
        """Power of each phase, turned forward where the product counts all of it. -> 2 × [steps, meters, phases]."""
        if "phases" not in self.kept:
            measuring = self.measuring
            active, reactive = self.minutes.phases
            if measuring.no_load_ma:
                creep = (self.minutes.current_ma < measuring.no_load_ma).astype(np.bool_)
                band = measuring.no_load_ma * measuring.nominal_v
                active = np.where(creep & (np.abs(active) < band), 0, active)
                reactive = np.where(creep & (np.abs(reactive) < band), 0, reactive)
            if measuring.summation is Summation.ABSOLUTE:
                active, reactive = np.abs(active), np.where(active < 0, -reactive, reactive)
            self.kept["phases"] = np.stack([active, reactive])
        active, reactive = self.kept["phases"]
        return active, reactive

    def apparent(self, phase: int) -> Int64:
        """Apparent power in mVA with the sign of active power."""
        measuring = self.measuring
        if measuring.apparent is Apparent.VECTORIAL:
            active, reactive = self.elements(phase)
            if active.ndim == 3:
                active, reactive = active.sum(axis=2), reactive.sum(axis=2)
            return np.where(active < 0, -root(active, reactive), root(active, reactive))
        current = np.where(self.minutes.current_ma < measuring.no_load_ma, 0, self.minutes.current_ma)
        each = self.minutes.voltage_mv.astype(np.int64) * current // 1000
        active = self.elements(phase)[0]
        magnitude = each[:, :, phase - 1] if phase else each
        if active.ndim == 2 and magnitude.ndim == 3:
            magnitude = magnitude.sum(axis=2)
        return np.where(active < 0, -magnitude, magnitude)


def weighted(power: Int64, seconds: list[int]) -> Int64:
    """Energy of steps. [.., steps, meters] and seconds of each -> [.., meters]."""
    if len(seconds) == 1:
        return power[..., 0, :] * seconds[0]
    if min(seconds) == max(seconds):
        energy: Int64 = power.sum(axis=-2)
        return np.multiply(energy, seconds[0], out=energy)
    parts: Int64 = power * np.array(seconds, np.int64)[:, None]
    total: Int64 = parts.sum(axis=-2)
    return total


def guarded(power: Int64, current_ma: Int32, no_load_ma: int, band: int) -> Int64:
    """Take creep out: every phase current below the guard band, and power no more than such currents make.

    A small difference of large phases is a real load and stays.
    """
    minute, meter = np.nonzero((power < band) & (power > -band) & (power != 0))
    creep = (current_ma[minute, meter] < no_load_ma).all(axis=1)
    if not creep.any():
        return power
    kept = power.copy()
    kept[minute[creep], meter[creep]] = 0
    return kept


def root(active: Int64, reactive: Int64) -> Int64:
    """Root of the sum of squares, rounded down to the whole; for less than 2 GW (2·10^9 mW). -> the same shape."""
    return whole_root(active * active + reactive * reactive)


def whole_root(square: Int64) -> Int64:
    """Square root, rounded down to the whole. -> the same shape."""
    guess = np.sqrt(square.astype(np.float64)).astype(np.int64)
    guess -= guess * guess > square
    guess += (guess + 1) * (guess + 1) <= square
    return guess
