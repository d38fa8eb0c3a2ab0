"""Interval data to store: households with a morning and an evening, a fifth of them with a roof of panels.

Deterministic; as the figures of `facts/headend.md` §6 were made: log-normal noise, one row in a hundred flagged.
"""

import numpy as np
from numpy.typing import NDArray

from openami.headend.curves.rows import Quality, Rows
from openami.headend.kit.zone import zone
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import model

ZONE = "UTC"
PERIOD_S = 900
ROWS = 96
FIRST_DAY = 20_454  # 2026-01-01
PROFILE = model("compactiq").main_profile
LAYOUT = Layout.of(PROFILE, ZONE)


class Fleet:
    """Registers of many meters that go on from day to day."""

    def __init__(self, meters: int, seed: int = 1) -> None:
        self.meters = meters
        self.rng = np.random.default_rng(seed)
        hour = np.arange(ROWS) / 4
        self.load = 60 + 260 * np.exp(-((hour - 7.4) ** 2) / 3) + 420 * np.exp(-((hour - 19.2) ** 2) / 7)
        self.sun = 2200 * np.clip(np.sin((hour - 6) / 13 * np.pi), 0, None)
        self.size = self.rng.gamma(4, 0.25, meters)
        self.has_roof = self.rng.random(meters) < 0.2
        self.registers = self.rng.integers(10**6, 10**7, (2, meters))

    def day(self, number: int, series: NDArray[np.int64]) -> Rows:
        """All rows of a day in the order of the series, each keyed by the start of its interval."""
        noise = self.rng.lognormal(0, 0.6, (self.meters, ROWS))
        watts = self.load * self.size[:, None] * noise
        watts -= self.sun * (self.has_roof * self.rng.uniform(0.2, 1, self.meters))[:, None]
        energy = np.round(np.abs(watts) / 4).astype(np.int64)
        values = np.zeros((self.meters, ROWS), LAYOUT.dtype)
        for register, (name, chosen) in enumerate(zip(LAYOUT.energy, (watts >= 0, watts < 0), strict=True)):
            readings = self.registers[register][:, None] + np.cumsum(np.where(chosen, energy, 0), axis=1)
            values[name] = readings
            self.registers[register] = readings[:, -1]
        values[LAYOUT.status] = np.where(self.rng.random((self.meters, ROWS)) < 0.01, 8, 0)
        at = zone(ZONE).bounds(number)[0] + np.arange(ROWS) * PERIOD_S
        return Rows(
            np.repeat(series, ROWS), np.tile(at, self.meters),
            np.full(self.meters * ROWS, Quality.RAW, np.uint8), values.reshape(-1),
        )  # fmt: skip
