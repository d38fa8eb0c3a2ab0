"""A meter's measurement, block by block: samples in, values of every ten cycles out; memory stays flat."""

from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from openami.metering.metrology import reactive, window
from openami.metering.metrology.arrays import Complex, Float
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.frequency import Crossings, alpha
from openami.metering.metrology.harmonics import Distortion, distortion
from openami.metering.metrology.reactive import Method

SAME_TURN = 1e-7
"""Frequencies this near (radians per sample) share a basis."""
EDGE = 3
"""Samples at either end of a window that it may share with its neighbours."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Values of windows that follow each other without a gap. [windows], [windows, elements].

    The neutral stands last in `current_a` and `current_1`.
    """

    start_s: Float
    seconds: Float
    frequency_hz: Float
    voltage_v: Float
    current_a: Float
    """[windows, elements + 1]."""
    active_w: Float
    reactive_var: Float
    """By the method chosen."""
    voltage_1: Complex
    """RMS phasors of the fundamental, to one reference in each window."""
    current_1: Complex
    """[windows, elements + 1]."""
    differential_a: Float
    """RMS of the phase currents less the neutral, 0 in 3P3W. [windows]."""
    distortion: Distortion | None = None

    def rows(self, which: slice) -> Self:
        """Some of the windows."""
        spectra = self.distortion
        columns = {f.name: getattr(self, f.name)[which] for f in fields(self)[:-1]}
        return replace(self, **columns, distortion=None if spectra is None else Distortion(spectra.subgroups[which]))

    @property
    def fundamental_var(self) -> Float:
        """Q of the fundamental, whatever the method. [windows, elements]."""
        elements = self.voltage_1.shape[1]
        power: Float = (self.voltage_1 * self.current_1[:, :elements].conj()).imag
        return power

    @property
    def fundamental_w(self) -> Float:
        """P of the fundamental. [windows, elements]."""
        elements = self.voltage_1.shape[1]
        power: Float = (self.voltage_1 * self.current_1[:, :elements].conj()).real
        return power


@dataclass(slots=True)
class Measurement:
    """Measures one meter's samples, which lie `rate_hz` apart by its own clock.

    A window is ten cycles (twelve at 60 Hz, IEC 61000-4-30) from one rising zero crossing of the voltage to another;
    without voltage it is 0.2 s. Harmonics ask for that window.
    """

    connection: Connection
    rate_hz: float
    nominal_v: float
    nominal_hz: float = 50.0
    window_s: float = 0.2
    method: Method = Method.FUNDAMENTAL
    with_harmonics: bool = False
    highpass: bool = True
    crossings: Crossings = field(init=False)
    held: Float = field(init=False)
    """Samples not yet done with, a view of `room`. [channels, n]."""
    room: Float = field(init=False)
    first: int = field(init=False)
    """Place of the first sample held."""
    pending: Float = field(default_factory=lambda: np.zeros(0))
    """Crossings since the last window's end, which is the first of them."""

    def __post_init__(self) -> None:
        self.crossings = Crossings(self.rate_hz, self.nominal_v, self.nominal_hz)
        self.held = self.room = np.zeros((2 * self.connection.elements + 1, self.lead))
        self.first = -self.lead

    @property
    def cycles(self) -> int:
        """Cycles of a window."""
        return max(1, round(self.nominal_hz * self.window_s))

    @property
    def lead(self) -> int:
        """Samples before a window that are still wanted."""
        return int(self.rate_hz / self.nominal_hz / 2) + 24

    def feed(self, voltage: Float, current: Float) -> Windows | None:
        """Take the next samples and give the windows that ended, if any.

        voltage: [elements, n]; current: [elements + 1, n], the neutral last.
        """
        self.hold(voltage, current)
        self.pending = np.concatenate([self.pending, self.crossings.feed(alpha(voltage))])
        edges = complete(self.pending[:: self.cycles], self.first + self.held.shape[1] - self.lead)
        if edges.size < 2:
            return None
        found = self.windows(edges)
        self.pending = self.pending[(edges.size - 1) * self.cycles :]
        done = int(edges[-1]) - self.lead - self.first
        self.held, self.first = self.held[:, done:], self.first + done
        return found

    def hold(self, voltage: Float, current: Float) -> None:
        """Put samples behind those held; room is asked for once, not with every block."""
        elements, kept = self.connection.elements, self.held.shape[1]
        size = kept + voltage.shape[1]
        before = self.held
        if self.room.shape[1] < size:
            self.room = np.empty((self.room.shape[0], size + size // 4))
        self.room[:, :kept] = before
        self.room[:elements, kept:size] = voltage
        self.room[elements:, kept:size] = current
        self.held = self.room[:, :size]

    def windows(self, edges: Float) -> Windows:
        """Values of the windows between edges."""
        elements = self.connection.elements
        starts, lengths = edges[:-1], np.diff(edges)
        origin = np.floor(starts).astype(np.intp) - 1
        longest = int(lengths.max()) + 2 * EDGE
        frames = sliding_window_view(self.held, longest, axis=1).swapaxes(0, 1)[origin - self.first]
        ends = Ends.of(starts - origin, lengths, longest)
        ends.weigh(frames)
        sums = squares(frames, elements)
        ends.weigh(frames)
        spans = lengths[:, None]
        phasors, levels = fundamentals(frames, lengths, self.cycles)
        levels = levels * self.highpass
        active = sums.power / spans - levels[:, :elements] * levels[:, elements:-1]
        roots = np.sqrt(np.maximum(sums.square / spans - levels**2, 0))
        u_1, i_1 = phasors[:, :elements], phasors[:, elements:]
        return Windows(
            starts / self.rate_hz,
            lengths / self.rate_hz,
            self.cycles * self.rate_hz / lengths,
            roots[:, :elements],
            roots[:, elements:],
            active,
            (u_1 * i_1[:, :-1].conj()).imag if self.method is Method.FUNDAMENTAL else self.otherwise(edges),
            u_1,
            i_1,
            np.sqrt(sums.rest / lengths) * (self.connection is not Connection.ARON),
            distortion(self.held, edges - self.first, self.cycles) if self.with_harmonics else None,
        )

    def otherwise(self, edges: Float) -> Float:
        """Reactive power by integrator or delay. -> [windows, elements]."""
        elements = self.connection.elements
        found = np.empty((edges.size - 1, elements))
        for place, (start, stop) in enumerate(pairwise(edges.tolist())):
            turn = 2 * np.pi * self.cycles / (stop - start)
            begin = int(start) - 1
            back = int(np.pi / 2 / turn) + 3 if self.method is Method.QUARTER_PERIOD else 0
            part = self.held[:, begin - back - self.first : int(stop) + EDGE - self.first]
            weights = window.weights(start - begin, stop - start, part.shape[1] - back)
            voltage = part[:elements]
            turned = reactive.late(voltage, np.pi / 2 / turn) if back else reactive.integrated(voltage, weights, turn)
            current = part[elements : 2 * elements, back:]
            found[place] = (turned * current * weights).sum(axis=-1)
        return found


def complete(edges: Float, end: float) -> Float:
    """Edges whose windows, each taken as long as the longest, lie before an end."""
    while edges.size > 1 and (edges[-2] + np.diff(edges).max() >= end or edges[-1] >= end):
        edges = edges[:-1]
    return edges


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over windows: of u·i [windows, elements], of squares [windows, channels], of Σi - i_n squared [windows]."""

    power: Float
    square: Float
    rest: Float


@dataclass(frozen=True, slots=True)
class Ends:
    """Square roots of the weights of frames where they are not 1: at their first samples and from some place on."""

    heads: Float
    """[windows, 1, EDGE]."""
    tails: Float
    """[windows, 1, last samples]; 0 behind the window."""

    @classmethod
    def of(cls, offset: Float, lengths: Float, longest: int) -> Self:
        """Ends of windows that begin `offset` samples into their frames of `longest` samples."""
        stops = (offset + lengths)[:, None]
        late = np.arange(int(stops.min()) - 1, longest)
        heads = window.ramp(np.arange(EDGE) - offset[:, None])
        return cls(np.sqrt(heads)[:, None], np.sqrt(window.ramp(stops - late))[:, None])

    def weigh(self, frames: Float) -> None:
        """Multiply frames by these roots in place; done twice, it lays the weights on. [windows, channels, samples]."""
        frames[..., :EDGE] *= self.heads
        frames[..., -self.tails.shape[-1] :] *= self.tails


def squares(frames: Float, elements: int) -> Sums:
    """Sums over frames whose ends carry the roots of their weights. [windows, channels, samples]."""
    voltage, current = frames[:, :elements], frames[:, elements:-1]
    rest = current.sum(axis=1) - frames[:, -1]
    return Sums(
        np.einsum("wen,wen->we", voltage, current),
        np.einsum("wcn,wcn->wc", frames, frames),
        np.einsum("wn,wn->w", rest, rest),
    )


def fundamentals(frames: Float, lengths: Float, cycles: int) -> tuple[Complex, Float]:
    """RMS phasors of the fundamental and direct parts. [windows, channels, samples] -> two of [windows, channels]."""
    turns = 2 * np.pi * cycles / lengths
    if np.ptp(turns) < SAME_TURN:
        return correlated(frames, lengths, float(turns.mean()))
    parts = [correlated(frames[k : k + 1], lengths[k : k + 1], float(turns[k])) for k in range(lengths.size)]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def correlated(frames: Float, lengths: Float, turn: float) -> tuple[Complex, Float]:
    """Phasors at one frequency, in radians per sample, and direct parts."""
    angle = turn * np.arange(frames.shape[-1], dtype=np.float64)
    basis = np.stack([np.cos(angle), -np.sin(angle), np.ones_like(angle)], axis=-1)
    found = np.matmul(frames, basis) / lengths[:, None, None]
    return np.sqrt(2) * (found[..., 0] + 1j * found[..., 1]), found[..., 2]
