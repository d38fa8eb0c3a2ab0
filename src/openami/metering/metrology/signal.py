"""What the line carries: sums of sines on multiples of a frequency, with their truth, rendered from any start.

    x(t) = X0 + √2 · Re Σ X_r · exp(j·2π·r·f·t)        r: ratios, whole for harmonics, broken for sub-harmonics

Spectra are RMS phasors, so that the mean of u·i is Re Σ U_r·conj(I_r), the direct part included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from openami.core.errors import LocalProtocolError
from openami.metering.metrology.arrays import Complex, Float
from openami.metering.metrology.connection import Connection

BLOCK = 128
"""Samples rendered by one column of the product of matrices."""
SINGLE_THREAD = 200_000
"""Multiplications of a product of matrices below which OpenBLAS wakes no second thread."""
TURN = np.exp(-2j * np.pi / 3)


@dataclass(frozen=True, slots=True)
class Samples:
    """A stretch of waveforms. [..., phases, samples]; neutral [..., samples]."""

    voltage: Float
    current: Float
    neutral: Float


@dataclass(frozen=True, slots=True)
class Signal:
    """Voltages and currents of the phases and the current of the neutral, back to the source.

    ratios: [lines], rising; voltage, current: [phases, lines]; leak: [lines], what returns beside the neutral.
    """

    frequency_hz: float
    ratios: Float
    voltage: Complex
    current: Complex
    leak: Complex

    @classmethod
    def sine(
        cls,
        voltage_v: float | Sequence[float],
        current_a: float | Sequence[float],
        angle_deg: float | Sequence[float] = 0.0,
        *,
        frequency_hz: float = 50.0,
        phases: int = 3,
        reversed_sequence: bool = False,
    ) -> Self:
        """Sines; voltage (to neutral), current and lag for all phases or one by one. u1 rises through 0 at t = 0."""
        turn = np.conj(TURN) if reversed_sequence else TURN
        unit = -1j * turn ** np.arange(phases)
        voltage = unit * voltage_v
        current = unit * current_a * np.exp(-1j * np.radians(angle_deg))
        return cls(frequency_hz, np.ones(1), voltage[:, None], current[:, None], np.zeros(1, np.complex128))

    @property
    def phases(self) -> int:
        """Phases of the line."""
        return int(self.voltage.shape[0])

    @property
    def cycles(self) -> int:
        """Cycles of the fundamental after which the waveform comes again."""
        steps = self.ratios * 4
        if not np.allclose(steps, np.rint(steps)):
            raise LocalProtocolError("a signal repeats after one, two or four cycles: ratios are multiples of 1/4")
        return 4 // int(np.gcd.reduce([4, *np.rint(steps).astype(int)]))

    def with_line(self, ratio: float, voltage: Complex | complex = 0, current: Complex | complex = 0) -> Self:
        """The signal with more of one line: RMS phasors, for all phases or one by one."""
        ratios = np.union1d(self.ratios, [ratio])
        place = np.searchsorted(ratios, self.ratios)
        at = int(np.searchsorted(ratios, ratio))
        spectra = np.zeros((2 * self.phases + 1, ratios.size), np.complex128)
        spectra[:, place] = np.concatenate([self.voltage, self.current, self.leak[None]])
        spectra[: self.phases, at] += voltage
        spectra[self.phases : -1, at] += current
        return replace(
            self, ratios=ratios, voltage=spectra[: self.phases], current=spectra[self.phases : -1], leak=spectra[-1]
        )

    def with_harmonic(
        self,
        order: int,
        voltage: float = 0.0,
        current: float = 0.0,
        *,
        voltage_deg: float = 0.0,
        current_deg: float = 0.0,
    ) -> Self:
        """With a harmonic, a share of each phase's fundamental.

        At 0 degrees it rises through zero together with its own fundamental; more degrees (of the harmonic) lead.
        """
        return self.with_line(
            order,
            harmonic_of(self.line(self.voltage), order) * voltage * np.exp(1j * np.radians(voltage_deg)),
            harmonic_of(self.line(self.current), order) * current * np.exp(1j * np.radians(current_deg)),
        )

    def with_direct(self, voltage_v: float = 0.0, current_a: float = 0.0) -> Self:
        """With a direct part in every phase."""
        return self.with_line(0.0, voltage_v, current_a)

    def with_leak(self, current_a: float, angle_deg: float = 0.0) -> Self:
        """With a current in phase 1 that does not come back by the neutral, lagging u1 by an angle."""
        unit = self.line(self.voltage)[0]
        extra = current_a * unit / abs(unit) * np.exp(-1j * np.radians(angle_deg))
        current = np.zeros(self.phases, np.complex128)
        current[0] = extra
        grown = self.with_line(1.0, 0, current)
        leak = grown.leak.copy()
        leak[int(np.searchsorted(grown.ratios, 1.0))] += extra
        return replace(grown, leak=leak)

    def line(self, spectrum: Complex, ratio: float = 1.0) -> Complex:
        """One line of a spectrum, 0 if the signal lacks it. [..., lines] -> [...]."""
        found: Complex = spectrum[..., np.isclose(self.ratios, ratio)].sum(axis=-1)
        return found

    @property
    def neutral(self) -> Complex:
        """Current that comes back by the neutral. [lines]."""
        back: Complex = self.current.sum(axis=0) - self.leak
        return back

    def elements(self, connection: Connection) -> Self:
        """The signal as the elements of a meter see it: phases become elements."""
        if connection.phases != self.phases:
            raise LocalProtocolError(f"a line of {self.phases} phases on a meter wired {connection}")
        return replace(self, voltage=connection.voltages @ self.voltage, current=connection.currents @ self.current)

    @property
    def voltage_v(self) -> Float:
        """RMS voltage. [phases]."""
        return rms(self.voltage)

    @property
    def current_a(self) -> Float:
        """RMS current. [phases]."""
        return rms(self.current)

    @property
    def active_w(self) -> Float:
        """Active power of all lines. [phases]."""
        power: Float = (self.voltage * self.current.conj()).real.sum(axis=-1)
        return power

    @property
    def fundamental_w(self) -> Float:
        """Active power of the fundamental. [phases]."""
        power: Float = (self.line(self.voltage) * self.line(self.current).conj()).real
        return power

    @property
    def reactive_var(self) -> Float:
        """Reactive power of the fundamental (IEC 62053-24), above zero where the current lags. [phases]."""
        power: Float = (self.line(self.voltage) * self.line(self.current).conj()).imag
        return power

    @property
    def distortion(self) -> tuple[Float, Float]:
        """THD of voltage and current, orders 2 to 40, as a share of the fundamental. [phases], [phases]."""
        orders = (self.ratios >= 2) & (self.ratios <= 40) & (self.ratios == np.rint(self.ratios))
        return tuple(rms(x[:, orders]) / np.abs(self.line(x)) for x in (self.voltage, self.current))  # type: ignore[return-value]

    def energy_j(self, start_s: float, stop_s: float | Float) -> Float:
        """Integral of u·i from one moment to others, the ripple inside the cycle included. -> [phases, moments]."""
        voltage, turns = two_sided(self.voltage, self.ratios)
        current, _ = two_sided(self.current, self.ratios)
        power = (voltage[:, :, None] * current[:, None, :]).reshape(self.phases, -1)
        speeds = 2 * np.pi * self.frequency_hz * (turns[:, None] + turns).ravel()
        lines, place = np.unique(np.round(speeds, 9), return_inverse=True)
        sums = np.zeros((self.phases, lines.size), np.complex128)
        for phase in range(self.phases):
            sums[phase] += np.bincount(place, power[phase].real) + 1j * np.bincount(place, power[phase].imag)
        still = lines == 0
        stop = np.atleast_1d(np.asarray(stop_s, np.float64))
        rate = np.where(still, 1, 1j * lines)
        waves = (np.exp(1j * lines[:, None] * stop) - np.exp(1j * lines[:, None] * start_s)) / rate[:, None]
        waves[still] = stop - start_s
        energy: Float = (sums @ waves).real
        return energy

    def render(self, start_s: float, count: int, rate_hz: float) -> Samples:
        """Samples from a start on; lines at or above half the rate are filtered out before the converter."""
        spectra = np.concatenate([self.voltage, self.current, self.neutral[None]])
        drawn = render(spectra, self, start_s, count, rate_hz)
        return Samples(drawn[: self.phases], drawn[self.phases : -1], drawn[-1])


@dataclass(frozen=True, slots=True)
class Course:
    """Signals that follow each other: each from its moment on, phases of the waves running through."""

    starts_s: tuple[float, ...]
    signals: tuple[Signal, ...]

    def stretches(self, start_s: float, count: int, rate_hz: float) -> Iterator[tuple[int, float, int]]:
        """Which signal reigns, from when, for how many samples."""
        times = start_s + np.arange(count) / rate_hz
        reign = np.maximum(np.searchsorted(self.starts_s, times, side="right") - 1, 0)
        cuts = np.flatnonzero(np.diff(reign)) + 1
        for first, last in zip([0, *cuts], [*cuts, count], strict=True):
            yield int(reign[first]), float(times[first]), int(last - first)

    def render(self, start_s: float, count: int, rate_hz: float) -> Samples:
        """Samples from a start on, each from the signal that reigns at its moment."""
        parts = [
            self.signals[which].render(start, size, rate_hz)
            for which, start, size in self.stretches(start_s, count, rate_hz)
        ]
        joined = (np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in Samples.__slots__)
        return Samples(*joined)


def rms(spectrum: Complex) -> Float:
    """RMS value of a spectrum. [..., lines] -> [...]."""
    value: Float = np.sqrt((np.abs(spectrum) ** 2).sum(axis=-1))
    return value


def harmonic_of(fundamental: Complex, order: int) -> Complex:
    """A harmonic as large as its fundamental that rises through zero with it."""
    quarter = np.pi / 2
    wave: Complex = np.abs(fundamental) * np.exp(1j * (order * (np.angle(fundamental) + quarter) - quarter))
    return wave


def two_sided(spectrum: Complex, ratios: Float) -> tuple[Complex, Float]:
    """Coefficients of exp(j·2π·r·f·t) for r of both signs. [..., lines] -> [..., 2·lines], [2·lines]."""
    half = spectrum * np.where(ratios == 0, 0.5, np.sqrt(0.5))
    return np.concatenate([half, half.conj()], axis=-1), np.concatenate([ratios, -ratios])


def render(spectra: Complex, signal: Signal, start_s: float, count: int, rate_hz: float | Float) -> Float:
    """Samples of spectra on a signal's lines, as products of matrices: e^(a+b) = e^a·e^b over blocks and places in one.

    spectra: [..., channels, lines]; rate_hz: one, or [...] -> [..., channels, count].
    """
    ratios, frequency_hz = signal.ratios, signal.frequency_hz
    rate = np.asarray(rate_hz, np.float64)[..., None]
    kept = ratios * frequency_hz < rate.min() / 2
    turns = ratios[kept] * frequency_hz
    amplitude = spectra[..., kept] * np.where(ratios[kept] == 0, 1, np.sqrt(2))
    rows = max(1, min(SINGLE_THREAD // (2 * turns.size * BLOCK), -(-count // BLOCK)))
    blocks = -(-count // (BLOCK * rows)) * rows
    starts = np.arange(blocks) * BLOCK / rate + start_s
    outer = np.exp(2j * np.pi * ((starts[..., None] * turns) % 1.0))
    inner = 2 * np.pi * (turns[:, None] * np.arange(BLOCK)) / rate[..., None]
    columns = amplitude[..., None, :] * outer[..., None, :, :]
    left = np.concatenate([columns.real, -columns.imag], axis=-1)
    right = np.concatenate([np.cos(inner), np.sin(inner)], axis=-2)
    grouped = left.reshape(*spectra.shape[:-1], blocks // rows, rows, -1)
    drawn: Float = np.matmul(grouped, right[..., None, None, :, :]).reshape(*spectra.shape[:-1], blocks * BLOCK)
    return drawn[..., :count]
