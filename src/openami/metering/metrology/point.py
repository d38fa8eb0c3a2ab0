"""A point of a test table: what is applied to the meters."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import acos, degrees
from typing import Self

import numpy as np

from openami.metering.metrology import shapes
from openami.metering.metrology.arrays import Complex, Float
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.signal import Signal

SQRT3 = np.sqrt(3)


class Waveform(StrEnum):
    """What the current (and for the fifth harmonic the voltage) looks like.

    IEC 62053-21 tests fifth harmonic, half wave, phase firing and bursts; the rest is a sine.
    """

    SINE = "sine"
    FIFTH = "fifth harmonic"
    """10 % of the fifth in U, 40 % in I, in phase at power factor 1: the fundamental has 1/1.04 of the power."""
    HALF_WAVE = "half wave"
    """DC and even harmonics: one half wave of every cycle."""
    PHASE_FIRED = "phase fired"
    """Odd harmonics: each half wave from its crest on."""
    BURST = "burst"
    """Sub-harmonics: two cycles on, two off."""


@dataclass(frozen=True, slots=True)
class Point:
    """A steady condition. `voltage_v` is that of an element's circuit: to neutral, or between lines in 3P3W.

    `current_a` is the RMS value of the current as it flows (of the fundamental for `FIFTH`); `angle_deg` how far the
    fundamental of the current lags its voltage: 60 = 0.5 inductive, -36.87 = 0.8 capacitive, 180 = export.
    """

    voltage_v: float
    current_a: float
    angle_deg: float = 0.0
    frequency_hz: float = 50.0
    temperature_c: float = 23.0
    connection: Connection = Connection.FOUR_WIRE
    loaded: tuple[int, ...] | None = None
    """Elements that carry current, counted from 0; all if None."""
    live: tuple[int, ...] | None = None
    """Elements that have voltage, counted from 0; all if None."""
    reversed_sequence: bool = False
    waveform: Waveform = Waveform.SINE

    def at(self, power_factor: float, kind: str = "i") -> Self:
        """The point at cos φ, inductive (`i`) or capacitive (`c`)."""
        return replace(self, angle_deg=lag(power_factor, kind))

    def at_sine(self, sine: float, kind: str = "i") -> Self:
        """The point at sin φ, inductive (`i`) or capacitive (`c`), as reactive tables state it."""
        return replace(self, angle_deg=(90.0 - lag(sine)) * (1 if kind == "i" else -1))


def lag(power_factor: float, kind: str = "i") -> float:
    """How far the current lags at cos φ, in degrees; below zero where it leads (`c`)."""
    return degrees(acos(power_factor)) * (1 if kind == "i" else -1)


def signal_of(point: Point) -> Signal:
    """Phases of the line that bring the point to the elements."""
    plain = wired(point)
    if point.waveform is Waveform.SINE:
        return plain
    if point.waveform is Waveform.FIFTH:
        return plain.with_harmonic(5, 0.1, 0.4)
    ratios, parts, cycles = SHAPES[point.waveform]
    fundamental = plain.line(plain.current)
    turned = np.exp(1j * ratios * (np.angle(fundamental)[:, None] + np.pi / 2))
    current: Complex = np.abs(fundamental)[:, None] * shapes.spectrum(parts, ratios, cycles) * turned
    voltage: Complex = np.where(np.isclose(ratios, 1), plain.voltage, 0)
    return Signal(point.frequency_hz, ratios, voltage, current, np.zeros(ratios.size, np.complex128))


SHAPES: dict[Waveform, tuple[Float, shapes.Parts, int]] = {
    Waveform.HALF_WAVE: (np.array([0.0, 1.0, *range(2, 39, 2)]), shapes.HALF_WAVE, 1),
    Waveform.PHASE_FIRED: (np.arange(1.0, 40.0, 2.0), shapes.phase_fired(), 1),
    Waveform.BURST: (np.arange(0.0, 40.0) / 4, shapes.BURST, 4),
}
"""Ratios that are kept, parts of the sine, cycles."""


def wired(point: Point) -> Signal:
    """The point with sines: dead and unloaded elements taken out."""
    connection = point.connection
    three_wire = connection is Connection.ARON
    signal = Signal.sine(
        point.voltage_v / (SQRT3 if three_wire else 1.0),
        point.current_a,
        point.angle_deg,
        frequency_hz=point.frequency_hz,
        phases=connection.phases,
        reversed_sequence=point.reversed_sequence,
    )
    every = tuple(range(connection.elements))
    loaded, live = (every if some is None else some for some in (point.loaded, point.live))
    voltage: Complex = signal.voltage.copy()
    current: Complex = signal.current.copy()
    if three_wire and set(loaded) != set(every):
        current = loops(point, signal, loaded)
    elif not three_wire:
        current[[k for k in every if k not in loaded]] = 0
    for dead in set(every) - set(live):
        voltage[PHASE_OF[connection][dead]] = voltage[1] if three_wire else 0
    return replace(signal, voltage=voltage, current=current)


def loops(point: Point, signal: Signal, loaded: tuple[int, ...]) -> Complex:
    """Currents of elements of a 3P3W meter loaded alone: out by the element's phase, back by the second."""
    across = point.connection.voltages @ signal.voltage[:, 0]
    lagged = across / np.abs(across) * point.current_a * np.exp(-1j * np.radians(point.angle_deg))
    mask = np.isin(np.arange(across.size), loaded)
    each: Complex = np.where(mask, lagged, 0)
    current: Complex = (point.connection.voltages.T @ each)[:, None]
    return current


PHASE_OF = {Connection.ONE_PHASE: (0,), Connection.ARON: (0, 2), Connection.FOUR_WIRE: (0, 1, 2)}
"""Phase whose lead an element takes."""
