"""Level and frequency of a message that is known bit by bit."""

import numpy as np
from numpy.typing import NDArray

from openami.phy.ert.messages import CHIP_RATE_HZ
from openami.phy.modulation.manchester import bits_of, chips_of

Samples = NDArray[np.complex64]
MOST_SAMPLES = 1 << 15


def carrier(samples: Samples, data: bytes, rate_hz: float, near_hz: float, width_hz: float) -> tuple[float, float]:
    """Amplitude (full scale 1) and offset from the centre, in hertz, of the carrier of a message. [samples].

    Samples begin with the first chip. They are multiplied by +1 where it is on and -1 where it is off: what does not
    follow the message, as a receiver's own direct current, cancels; the line is sought in `width_hz` around `near_hz`.
    """
    chips = 2.0 * chips_of(bits_of(data)) - 1
    count = min(len(samples), int(len(chips) * rate_hz / CHIP_RATE_HZ), MOST_SAMPLES)
    signs = chips[(np.arange(count) * (CHIP_RATE_HZ / rate_hz)).astype(np.intp)].astype(np.float32)
    length = 2 << max(count - 1, 1).bit_length()
    line = np.abs(np.fft.fft(samples[:count] * signs, length))
    offsets = np.fft.fftfreq(length, 1 / rate_hz)
    line[np.abs((offsets - near_hz + rate_hz / 2) % rate_hz - rate_hz / 2) > width_hz / 2] = 0
    top = int(np.argmax(line))
    before, at, after = (float(line[(top + step) % length]) for step in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = 0.5 * (before - after) / bend if bend else 0.0
    amplitude = (at - 0.25 * (before - after) * shift) / max(int(np.count_nonzero(signs > 0)), 1)
    return amplitude, float(offsets[top]) + shift * rate_hz / length
