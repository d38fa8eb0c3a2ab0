"""An outside witness: sums of sines written out term by term and integrated in floats at 64 kS/s; none of our code."""

from dataclasses import dataclass
from math import pi, radians, sin, sqrt

import numpy as np

RATE = 64_000


@dataclass(frozen=True)
class Wave:
    """RMS of the fundamental, its angle, and harmonics: order -> (share, degrees)."""

    rms: float
    lag_deg: float
    harmonics: dict[int, tuple[float, float]]

    def at(self, times: np.ndarray, frequency: float) -> np.ndarray:
        turn = 2 * pi * frequency * times - radians(self.lag_deg)
        value = np.sin(turn)
        for order, (share, degrees) in self.harmonics.items():
            value = value + share * np.sin(order * turn + radians(degrees))
        return sqrt(2) * self.rms * value


@dataclass(frozen=True)
class Seen:
    voltage: float
    current: float
    active: float
    fundamental_reactive: float


def integrate(voltage: Wave, current: Wave, frequency: float, cycles: int) -> Seen:
    """Means over whole cycles, a cell's middle standing for the cell."""
    span = cycles / frequency
    count = round(span * RATE)
    step = span / count
    times = (np.arange(count) + 0.5) * step
    u, i = voltage.at(times, frequency), current.at(times, frequency)
    cosine, sine = np.cos(2 * pi * frequency * times), np.sin(2 * pi * frequency * times)
    u_c, u_s, i_c, i_s = (2 * float(np.mean(x * y)) for x in (u, i) for y in (cosine, sine))
    return Seen(
        sqrt(float(np.mean(u * u))), sqrt(float(np.mean(i * i))), float(np.mean(u * i)), (u_c * i_s - u_s * i_c) / 2
    )


def sine_rms_over(conducting: tuple[tuple[float, float], ...], cycles: int = 1, points: int = 400_000) -> float:
    """RMS of the parts of a sine of amplitude 1, by adding up."""
    angle = (np.arange(points) + 0.5) * 2 * pi * cycles / points
    inside = np.zeros(points, bool)
    for start, stop in conducting:
        inside |= (angle >= start) & (angle < stop)
    return sqrt(float(np.mean(np.where(inside, np.sin(angle), 0) ** 2)))


def sinusoid(angle_deg: float) -> float:
    return sin(radians(angle_deg))
