"""A band split into channels, and their power in eighths of a chip.

Only powers are kept: on-off keying needs no phase, so that a frame may begin at any sample, and eight frames stand in
a chip exactly at whatever sample rate.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from openami.phy.ert.messages import CHIP_RATE_HZ

Samples = NDArray[np.complex64]
Powers = NDArray[np.float32]

FRAMES = 8
"""Frames in a chip."""
FRAME_RATE_HZ = float(FRAMES * CHIP_RATE_HZ)
SPACING_HZ = 2.0 * CHIP_RATE_HZ
"""Between channels, if nobody says how many."""
NARROWEST_HZ = 45_000.0
"""Cut-off below which the edges of chips are lost."""
BLOCK = 1024
"""Frames worked on at a time: what they need stays in the processor's cache."""
ALONE = 200_000
"""Products of a matrix product that a BLAS leaves to one thread: several get into each other's way on so little."""


def default_channels(rate_hz: float) -> int:
    """So many channels that a carrier anywhere lies well inside one: 36 at 2.36 MS/s."""
    return max(2, round(rate_hz / SPACING_HZ))


def prototype(taps: int, cutoff: float) -> NDArray[np.float32]:
    """Low-pass of so many taps: sin x / x under a Hamming window, unit gain; cut-off in parts of the sample rate."""
    place = np.arange(taps) - (taps - 1) / 2
    shape = np.sinc(2 * cutoff * place) * np.hamming(taps)
    return np.asarray(shape / shape.sum(), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Frames:
    """Which samples a frame of eighths begins with: a fixed step at most rates, the nearest sample at others."""

    rate_hz: float

    @property
    def step(self) -> float:
        """Samples from one frame to the next."""
        return self.rate_hz / FRAME_RATE_HZ

    def begin(self, frame: int) -> int:
        """First sample of a frame."""
        return round(frame * self.step)

    def begins(self, first: int, count: int) -> NDArray[np.intp]:
        """First samples of frames. -> [frames]."""
        return np.asarray(np.rint(np.arange(first, first + count) * self.step), dtype=np.intp)

    def complete(self, samples: int, taps: int) -> int:
        """How many frames of so many taps lie inside so many samples."""
        return max(0, int((samples - taps - 1) / self.step) + 1) if samples > taps else 0


@dataclass
class Channeliser:
    """A polyphase filter bank: one folded filter for all channels, then one transform for each frame.

    Channel k stands at k · rate / channels from the centre, the upper half of them below it.
    """

    rate_hz: float
    channels: int
    #: Half the width of a channel; 0 for as narrow as lets any carrier through.
    cutoff_hz: float = 0.0
    #: Length of the filter in chips.
    chips: float = 1.0
    frames: Frames = field(init=False)

    def __post_init__(self) -> None:
        self.frames = Frames(self.rate_hz)
        self.length = round(self.chips * self.rate_hz / CHIP_RATE_HZ)
        folds = -(-self.length // self.channels)
        cutoff = self.cutoff_hz or max(NARROWEST_HZ, 0.6 * self.rate_hz / self.channels)
        taps = prototype(self.length, cutoff / self.rate_hz)
        self.filter = np.zeros(folds * self.channels, dtype=np.float32)
        self.filter[: len(taps)] = taps

    @property
    def taps(self) -> int:
        """Samples that a frame needs."""
        return len(self.filter)

    @property
    def middle(self) -> float:
        """From a frame's first sample to its middle."""
        return self.length / 2

    @property
    def offsets_hz(self) -> NDArray[np.float64]:
        """Where the channels stand, from the centre. -> [channels]."""
        return np.asarray(np.fft.fftfreq(self.channels, 1 / self.rate_hz), dtype=np.float64)

    @cached_property
    def parts(self) -> tuple[Powers, Powers]:
        """The transform for I and Q side by side: what gives the real and the imaginary part."""
        each = np.arange(self.channels)
        angles = 2 * np.pi / self.channels * np.outer(each, each)
        real, imaginary = np.cos(angles), -np.sin(angles)
        rows = np.stack([real, -imaginary], axis=1).reshape(2 * self.channels, -1)
        others = np.stack([imaginary, real], axis=1).reshape(2 * self.channels, -1)
        return np.asarray(rows, dtype=np.float32), np.asarray(others, dtype=np.float32)

    def powers(self, samples: Samples, first: int, count: int, origin: int) -> Powers:
        """Power of frames in every channel; sample `origin` stands first. [samples] -> [frames, channels]."""
        found = np.empty((count, self.channels), dtype=np.float32)
        for begin in range(0, count, BLOCK):
            rows = min(BLOCK, count - begin)
            folded = self.folded(samples, self.frames.begins(first + begin, rows) - origin)
            real, imaginary = self.transformed(folded)
            real *= real
            imaginary *= imaginary
            np.add(real, imaginary, out=found[begin : begin + rows])
        return found

    def transformed(self, folded: Powers) -> tuple[Powers, Powers]:
        """Real and imaginary parts in every channel. [frames, 2 channels] -> [frames, channels] twice."""
        step = max(1, ALONE // (2 * self.channels**2))
        found = np.empty((2, len(folded), self.channels), dtype=np.float32)
        for part, matrix in zip(found, self.parts, strict=True):
            for begin in range(0, len(folded), step):
                np.matmul(folded[begin : begin + step], matrix, out=part[begin : begin + step])
        return found[0], found[1]

    def folded(self, samples: Samples, begins: NDArray[np.intp]) -> Powers:
        """Frames under the filter, folded to one sample of I and Q for each channel. -> [frames, 2 channels]."""
        width = 2 * self.channels
        weights = np.repeat(self.filter, 2).reshape(-1, width)
        windows = windowed(samples, begins, self.taps)
        folded = windows[:, :width] * weights[0]
        for place, row in enumerate(weights[1:], 1):
            folded += windows[:, place * width : (place + 1) * width] * row
        return np.asarray(folded)


def windowed(samples: Samples, begins: NDArray[np.intp], taps: int) -> Powers:
    """I and Q of windows: a view where they follow each other evenly, else a copy. -> [frames, 2 taps]."""
    step = int(begins[1] - begins[0]) if len(begins) > 1 else 1
    if len(begins) > 1 and not np.array_equal(begins, begins[0] + step * np.arange(len(begins))):
        return np.asarray(np.lib.stride_tricks.sliding_window_view(samples, taps)[begins].view(np.float32))
    parts = samples[begins[0] :].view(np.float32)
    return np.lib.stride_tricks.as_strided(parts, (len(begins), 2 * taps), (8 * step, 4), writeable=False)


@dataclass
class Wide:
    """No split: the power of the whole band in eighths of a chip."""

    rate_hz: float
    frames: Frames = field(init=False)
    channels: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        self.frames = Frames(self.rate_hz)

    @property
    def taps(self) -> int:
        """Samples that a frame needs."""
        return int(self.frames.step) + 1

    @property
    def middle(self) -> float:
        """From a frame's first sample to its middle."""
        return self.frames.step / 2

    @property
    def offsets_hz(self) -> NDArray[np.float64]:
        """The band's own centre. -> [1]."""
        return np.zeros(1)

    def powers(self, samples: Samples, first: int, count: int, origin: int) -> Powers:
        """Power of frames. [samples] -> [frames, 1]."""
        begins = self.frames.begins(first, count + 1) - origin
        parts = samples[begins[0] : begins[-1]].view(np.float32)
        step = int(self.frames.step)
        if step == self.frames.step:
            rows = parts.reshape(count, 2 * step)
            return np.asarray(np.einsum("ij,ij->i", rows, rows), dtype=np.float32)[:, np.newaxis]
        summed = np.add.reduceat(parts * parts, 2 * (begins[:-1] - begins[0]))
        return np.asarray(summed, dtype=np.float32)[:, np.newaxis]
