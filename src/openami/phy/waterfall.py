"""The spectrum over time, as strong as it ever was in each field; its size does not grow with time."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.complex64]

COLUMNS = 1024
ROWS = 600
"""At the end there are so many, and fewer than twice as many."""
FRAMES = 256
"""Spectra worked out at a time."""


@dataclass
class Waterfall:
    """Feed it samples. A row is the maximum of `per_row` spectra of `columns` samples, under a Hann window."""

    rate_hz: float
    columns: int = COLUMNS
    rows: int = ROWS
    per_row: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        self._done: list[NDArray[np.float32]] = []
        self._open = np.zeros(self.columns, dtype=np.float32)
        self._held = 0
        self._rest = np.empty(0, dtype=np.complex64)
        shape = np.hanning(self.columns)
        self._window = (shape / shape.sum()).astype(np.float32)

    def step(self, samples: Samples) -> None:
        """Take samples. [samples]."""
        samples = np.concatenate([self._rest, samples])
        count = len(samples) // self.columns
        frames = samples[: count * self.columns].reshape(count, self.columns)
        self._rest = samples[count * self.columns :].copy()
        for begin in range(0, count, FRAMES):
            shown = np.fft.fft(frames[begin : begin + FRAMES] * self._window, axis=1)
            self._add(np.asarray(shown.real**2 + shown.imag**2, dtype=np.float32))

    def _add(self, powers: NDArray[np.float32]) -> None:
        """Put spectra into rows. [frames, columns]."""
        while len(powers):
            take = min(len(powers), self.per_row - self._held)
            np.maximum(self._open, powers[:take].max(axis=0), out=self._open)
            self._held += take
            powers = powers[take:]
            if self._held == self.per_row:
                self._done.append(self._open)
                self._open, self._held = np.zeros_like(self._open), 0
                self._fold()

    def _fold(self) -> None:
        """Two rows become one where there are too many."""
        if len(self._done) < 2 * self.rows:
            return
        pairs = np.stack(self._done).reshape(self.rows, 2, self.columns)
        self._done = list(pairs.max(axis=1))
        self.per_row *= 2

    @property
    def row_s(self) -> float:
        """How long a row lasts."""
        return self.per_row * self.columns / self.rate_hz

    @property
    def seconds(self) -> float:
        """How long all of it lasts, the last row whole."""
        return self.row_s * (len(self._done) + bool(self._held))

    @property
    def levels_db(self) -> NDArray[np.float32]:
        """Levels in dB of full scale, not below -160, the lowest frequency first. -> [rows, columns]."""
        rows = [*self._done, self._open] if self._held else self._done
        powers = np.stack(rows) if rows else np.zeros((1, self.columns), dtype=np.float32)
        return np.asarray(10 * np.log10(np.fft.fftshift(np.maximum(powers, 1e-16), axes=1)), dtype=np.float32)
