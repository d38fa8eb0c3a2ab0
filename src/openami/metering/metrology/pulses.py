"""Pulses at exact times: where the accumulated energy crosses each multiple of 1/k."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from openami.metering.metrology.arrays import Bool, Float, Index

JOULES = 3.6e6
"""In a kWh; and var·s in a kvarh."""
GRID = 2048
"""Places of a cycle between which an energy is taken to rise or fall only."""


def pulses(mean_power: Float | float, constant: float, count: int, *, carried: Float | float = 0.0) -> Float:
    """Times in seconds at which a meter at steady power gives its next pulses; inf where there is no power.

    mean_power: W or var, [meters] or one; constant: imp/kWh or imp/kvarh; carried: share of a pulse already in the
    accumulator, 0 to 1. -> [meters, count].
    """
    quantum = JOULES / constant
    power = np.abs(np.atleast_1d(np.asarray(mean_power, np.float64)))
    due = np.arange(1, count + 1) - np.atleast_1d(carried)[:, None]
    with np.errstate(divide="ignore"):
        times: Float = due * (quantum / power)[:, None]
    return times


def pulse_error(times: Float, constant: float, power: Float | float) -> Float:
    """Error in % from edge to edge: whole pulses from the first to the last, against the energy of `power` meanwhile.

    times: [meters, pulses] -> [meters]; -100 where the meter stands.
    """
    counted = (times.shape[-1] - 1) * JOULES / constant
    standing = ~np.isfinite(times[..., -1])
    span = np.where(standing, np.inf, times[..., -1]) - np.where(standing, 0, times[..., 0])
    error: Float = 100 * (counted / (np.abs(power) * span) - 1)
    return error


def gate_error(times: Float, constant: float, power: float, gate_s: float) -> Float:
    """Error in % of a fixed gate, which may lose a pulse: never to be used, kept to show it. [..., pulses] -> [...]."""
    counted = (times <= gate_s).sum(axis=-1) * JOULES / constant
    error: Float = 100 * (counted / (power * gate_s) - 1)
    return error


def ripple_pulses(energy_j: Callable[[Float], Float], cycle_s: float, constant: float, count: int) -> Float:
    """Pulses of an accumulator that takes every instant of u·i: first times at which its energy reaches each multiple.

    energy_j: integral of the power from 0 to moments [n] -> [n], as `Signal.energy_j` gives it, above zero over a whole
    cycle, after which the power comes again. -> [count].
    """
    grid = np.linspace(0, cycle_s, GRID + 1)
    inside: Float = np.maximum.accumulate(energy_j(grid))
    per_cycle = float(energy_j(grid[-1:])[0])
    due = JOULES / constant * np.arange(1, count + 1)
    whole: Float = np.maximum(np.ceil((due - inside[-1]) / per_cycle), 0)
    rest = due - whole * per_cycle
    after: Index = np.searchsorted(inside[1:-1], rest) + 1
    early, late = grid[after - 1], grid[after]
    for _ in range(40):
        middle = (early + late) / 2
        reached = energy_j(middle) >= rest
        early, late = np.where(reached, early, middle), np.where(reached, middle, late)
    times: Float = whole * cycle_s + late
    return times


@dataclass(slots=True)
class Accumulator:
    """Energy of one direction in quanta of a pulse, power given for stretches of time; the rest is carried over.

    Inside a stretch the power is even. Energy that goes back must be made up before the next pulse.
    """

    constant: float
    carried_j: float = 0.0
    now_s: float = 0.0
    counted: int = 0

    @property
    def quantum_j(self) -> float:
        """Energy of one pulse."""
        return JOULES / self.constant

    def feed(self, power: Float, seconds: Float | float) -> Float:
        """Times of the pulses in these stretches. [stretches], seconds of each -> [pulses]."""
        spans = np.broadcast_to(seconds, power.shape)
        times = self.now_s + np.concatenate([[0.0], np.cumsum(spans)])
        energy = self.carried_j + np.concatenate([[0.0], np.cumsum(power * spans)])
        reached = np.maximum.accumulate(energy)
        due = np.arange(1, int(reached[-1] // self.quantum_j) + 1) * self.quantum_j
        at = np.searchsorted(reached, due, side="left")
        share = (due - energy[at - 1]) / (energy[at] - energy[at - 1])
        self.now_s = float(times[-1])
        self.carried_j = float(energy[-1] - due.size * self.quantum_j)
        self.counted += due.size
        crossed: Float = times[at - 1] + share * (times[at] - times[at - 1])
        return crossed


class Wires(StrEnum):
    """How a pulse output is read."""

    THREE = "KYZ"
    """One pulse at every transfer of the contact."""
    TWO = "KY"
    """One pulse at every closure, half as many."""


def contact(transfers_s: Float, at_s: Float, *, closed: bool = False) -> Bool:
    """Whether K is joined to Y (else to Z) at moments, each transfer toggling it. [transfers], [n] -> [n]."""
    turned = np.searchsorted(transfers_s, at_s, side="right") % 2 == 1
    joined: Bool = turned != closed
    return joined


def output_pulses(transfers_s: Float, wires: Wires, *, closed: bool = False) -> Float:
    """Pulses that a reader of the contact counts. [transfers] -> [pulses]."""
    return transfers_s if wires is Wires.THREE else transfers_s[int(closed) :: 2]


class Lamp(StrEnum):
    """What a metrology LED does."""

    DARK = "dark"
    """No supply."""
    STEADY = "steady"
    """Supply, and nothing is registered."""
    FLASHING = "flashing"
    """One flash for every pulse, import or export."""


def lamp(*, supplied: bool, running: bool) -> Lamp:
    """State of the LED from supply and the guard band (see `guard.Guard.running`)."""
    if not supplied:
        return Lamp.DARK
    return Lamp.FLASHING if running else Lamp.STEADY
