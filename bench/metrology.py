"""Waveform depth: how many seconds of one meter's u and i a core renders, converts and measures in a second."""

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
from harness import Row

from openami.metering.metrology import Chains, Connection, Point, Signal, Spread, drawn, steady
from openami.metering.metrology.measurement import Measurement
from openami.metering.metrology.signal import render
from openami.metering.metrology.stream import blocks

ROUNDS = 5
RATE = 4000
METERS, SECONDS = 50, 2
LONG_S, BLOCK_S = 600, 10


def distorted() -> Signal:
    """One phase with harmonics up to the fortieth order."""
    signal = Signal.sine(230, 10, 30, phases=1)
    for order in range(2, 41):
        signal = signal.with_harmonic(order, 0.01, 0.02)
    return signal


def per_second(work: Callable[[], object], amount: float) -> float:
    """Median of a few rounds by processor time."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        found.append(amount / (time.process_time() - begun))
    return median(found)


def waveform() -> Iterator[Row]:
    """Generate and measure at 4 kS/s, one phase; the measured one with neutral, frequency and fundamental Q."""
    signal = distorted()
    spectra = np.stack([np.concatenate([signal.voltage, signal.current])] * METERS)
    rates = np.full(METERS, float(RATE))

    def generate() -> None:
        render(spectra, signal, 0.3, SECONDS * RATE, rates)

    wave = signal.render(0, LONG_S * RATE, RATE)
    current = np.vstack([wave.current, wave.neutral])

    def measure() -> None:
        meter = Measurement(Connection.ONE_PHASE, RATE, 230)
        for first in range(0, LONG_S * RATE, BLOCK_S * RATE):
            part = slice(first, first + BLOCK_S * RATE)
            meter.feed(wave.voltage[:, part], current[:, part])

    chains = Chains.ideal(1, 230, 100, connection=Connection.ONE_PHASE, bits=16, rate_hz=RATE)
    chains.noise_lsb[:] = 0.5
    hundred = drawn(range(100), 1, Spread.of(1.0, 0.05, 0.02), 230, 100)
    rows = (
        ("generate", per_second(generate, METERS * SECONDS), 3_050, "40 harmonics, each meter its own clock"),
        ("convert", per_second(lambda: list(blocks(signal, chains, 60)), 60), 1_500, "rendered, 16 bit, noise"),
        ("measure", per_second(measure, LONG_S), 14_600, "windows of 0.2 s: U, I, P, Q1, f, phasors, neutral"),
        ("steady", per_second(lambda: steady(Point(230, 5), hundred), 100), 1_000, "three phases, drawn meters"),
    )
    for name, value, goal, note in rows:
        yield Row(f"metering.waveform_{name}", value, "meter-s/s", goal, higher_is_better=True, note=note)
