"""Longer values from the basic ones: 1 s, 3 s, 10 min by the mean of squares; moving means."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from openami.metering.metrology.arrays import Float
from openami.metering.metrology.harmonics import Distortion
from openami.metering.metrology.measurement import Windows


def joined(parts: Sequence[Windows]) -> Windows:
    """Windows of several blocks as one series."""
    columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Windows)[:-1]}
    spectra = [part.distortion for part in parts]
    known = [one.subgroups for one in spectra if one is not None]
    return Windows(**columns, distortion=Distortion(np.concatenate(known)) if known else None)


def every(windows: Windows, count: int) -> Windows:
    """Each `count` windows as one: RMS and subgroups by mean of squares, powers and phasors by mean, all by time.

    Five windows of 0.2 s make 1 s, 3,000 make 10 min; what is left over at the end is dropped.
    """
    groups = windows.seconds.size // count
    share = windows.seconds[: groups * count].reshape(groups, count)
    share = share / share.sum(axis=1, keepdims=True)

    def mean(values: Float) -> Float:
        cut = values[: groups * count].reshape(groups, count, *values.shape[1:])
        weighed: Float = np.einsum("gc,gc...->g...", share, cut)
        return weighed

    seconds = windows.seconds[: groups * count].reshape(groups, count).sum(axis=1)
    spectra = windows.distortion
    return Windows(
        start_s=windows.start_s[: groups * count : count],
        seconds=seconds,
        frequency_hz=mean(windows.frequency_hz),
        voltage_v=np.sqrt(mean(windows.voltage_v**2)),
        current_a=np.sqrt(mean(windows.current_a**2)),
        active_w=mean(windows.active_w),
        reactive_var=mean(windows.reactive_var),
        voltage_1=mean(windows.voltage_1.real) + 1j * mean(windows.voltage_1.imag),
        current_1=mean(windows.current_1.real) + 1j * mean(windows.current_1.imag),
        differential_a=np.sqrt(mean(windows.differential_a**2)),
        distortion=None if spectra is None else Distortion(np.sqrt(mean(spectra.subgroups**2))),
    )


@dataclass(slots=True)
class Moving:
    """A moving mean over the last values, refreshed by each: 600 values of 1 s make the 10-min mean.

    With `squared` the mean is that of squares, as for RMS values.
    """

    length: int
    squared: bool = False
    ring: Float = field(default_factory=lambda: np.zeros((0,)))
    taken: int = 0

    def take(self, value: Float) -> Float:
        """The mean with this value among the last. [...] -> [...]."""
        if not self.taken:
            self.ring = np.zeros((self.length, *np.shape(value)))
        self.ring[self.taken % self.length] = value**2 if self.squared else value
        self.taken += 1
        mean: Float = self.ring[: self.taken].mean(axis=0)
        return np.sqrt(mean) if self.squared else mean
