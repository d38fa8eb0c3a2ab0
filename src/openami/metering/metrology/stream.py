"""Samples of one meter as its converter gives them, in blocks: memory does not grow with time."""

from collections.abc import Iterator

import numpy as np

from openami.metering.metrology.arrays import Float
from openami.metering.metrology.chain import REFERENCE_C, Chains
from openami.metering.metrology.signal import Course, Signal, render


def blocks(
    source: Signal | Course,
    chains: Chains,
    seconds: float,
    *,
    meter: int = 0,
    start_s: float = 0.0,
    block_s: float = 1.0,
    temperature_c: float = REFERENCE_C,
) -> Iterator[tuple[Float, Float]]:
    """Voltage [elements, n] and current [elements + 1, n] of a meter, primary values, block after block."""
    course = source if isinstance(source, Course) else Course((start_s,), (source,))
    one = chains.pick(slice(meter, meter + 1))
    elements, rate = one.connection.elements, float(one.rate_hz[0])
    spectra = [np.concatenate(one.respond(signal, temperature_c), axis=1) for signal in course.signals]
    size, total = max(1, round(block_s * rate)), round(seconds * rate)
    for number, first in enumerate(range(0, total, size)):
        count = min(size, total - first)
        parts = [
            render(spectra[which], course.signals[which], start, run, rate)
            for which, start, run in course.stretches(start_s + first / rate, count, rate)
        ]
        drawn = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
        voltage, current = drawn[:, :elements], drawn[:, elements:]
        one.convert(voltage, current, number)
        yield voltage[0] * one.voltage_transformer.ratio, current[0] * one.current_transformer.ratio
