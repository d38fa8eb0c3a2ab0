"""From the line to numbers: transformers, sensors, converter, calibration registers. Ideal unless told otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import NormalDist
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.metrology.arrays import ARCMIN, Bool, Complex, Float
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.signal import Signal, rms

SQRT2 = 2**0.5
REFERENCE_C = 23.0
REFERENCE_HZ = 50.0
GAIN_STEP = 2.0**-18
PHASE_STEP_US = 1 / 16.384
"""One clock of the converter at 16.384 MHz: 1.1 thousandths of a degree at 50 Hz."""
POWER_STEP = 2.0**-12
LEVELS = 4096


@dataclass(frozen=True, slots=True)
class Adc:
    """The converter of all channels: what full scale is, in how many steps, how often."""

    voltage_peak: float
    current_peak: float
    bits: int = 24
    rate_hz: float = 8000.0
    highpass: bool = True
    """Whether the direct part is taken away before power and RMS are formed."""

    @classmethod
    def of(cls, voltage_v: float, maximum_current_a: float, *, bits: int = 24, rate_hz: float = 8000.0) -> Self:
        """Full scale at 1.5 times the nominal voltage and 1.2 times the maximum current."""
        return cls(1.5 * SQRT2 * voltage_v, 1.2 * SQRT2 * maximum_current_a, bits, rate_hz)

    @property
    def voltage_lsb(self) -> float:
        """Volts of one step."""
        return 2 * self.voltage_peak / float(2**self.bits)

    @property
    def current_lsb(self) -> float:
        """Amperes of one step."""
        return 2 * self.current_peak / float(2**self.bits)


@dataclass(frozen=True, slots=True)
class Curve:
    """Ratio error (%) and phase displacement (arcmin) over the current in % of its rating (IEC 61869-2)."""

    percent: Float
    ratio_percent: Float
    arcmin: Float

    def at(self, percent: Float) -> Complex:
        """Factor of the current's fundamental, between the points by the logarithm of the current."""
        place, points = np.log(np.maximum(percent, 1e-9)), np.log(self.percent)
        ratio = np.interp(place, points, self.ratio_percent)
        arcmin: Float = np.interp(place, points, self.arcmin)
        angle = ARCMIN * arcmin
        return (1 + ratio / 100) * (np.cos(angle) + 1j * np.sin(angle))


@dataclass(frozen=True, slots=True)
class Transformer:
    """A transformer outside the meter: 200/5 A, 20000/100 V; its errors over the primary current or voltage."""

    primary: float = 1.0
    secondary: float = 1.0
    curve: Curve | None = None

    @property
    def ratio(self) -> float:
        """Primary to secondary."""
        return self.primary / self.secondary

    def carry(self, spectrum: Complex) -> Complex:
        """What comes out on the secondary side. [..., lines]."""
        if self.curve is None:
            return spectrum / self.ratio
        factor = self.curve.at(100 * rms(spectrum) / self.primary)
        return spectrum * factor[..., None] / self.ratio


@dataclass(slots=True)
class Registers:
    """What calibration writes, to the step of the registers; [meters, elements] (current gain: + neutral)."""

    gain_u: Float
    gain_i: Float
    phase_us: Float
    """Delay of the current's sampling: above zero the current seems to lead more."""
    active_w: Float
    reactive_var: Float

    @classmethod
    def zero(cls, meters: int, elements: int) -> Self:
        """As they leave the shop before calibration."""
        plain = (meters, elements)
        return cls(np.zeros(plain), np.zeros((meters, elements + 1)), np.zeros(plain), np.zeros(plain), np.zeros(plain))

    def rounded(self) -> Self:
        """To the step of each register."""
        steps = (GAIN_STEP, GAIN_STEP, PHASE_STEP_US, POWER_STEP, POWER_STEP)
        names = Registers.__slots__
        return type(self)(
            *(step * np.rint(getattr(self, name) / step) for name, step in zip(names, steps, strict=True))
        )


@dataclass(slots=True)
class Chains:
    """The chains of some meters of one type. Currents have one channel more than elements: the neutral, last.

    Errors are shares (0.001 = +0.1 %); the phase is the current's against the voltage, above zero if it seems to lead.
    """

    connection: Connection
    adc: Adc
    serials: NDArray[np.int64]
    """[meters]: key of a meter's noise."""
    gain_u: Float
    """[meters, elements]."""
    gain_i: Float
    """[meters, elements + 1]."""
    phase_arcmin: Float
    """[meters, elements + 1], at 50 Hz; of a current transformer it falls with the frequency, of a shunt it rises."""
    coupling_s: Float
    """[meters, elements]: current that the voltage puts into the channel, amperes per volt."""
    offset_u_lsb: Float
    """[meters, elements]."""
    offset_i_lsb: Float
    """[meters, elements + 1]."""
    noise_lsb: Float
    """[meters]: standard deviation on every channel."""
    slope_per_k: Float
    """[meters, elements]: of power, borne by the current channel."""
    phase_slope_arcmin_per_k: Float
    """[meters, elements]."""
    clock_ppm: Float
    """[meters]: how much too fast samples are taken, and time with them."""
    registers: Registers
    shunt: Bool
    """[elements + 1]: a shunt passes direct current, a current transformer does not."""
    curve: Curve | None = None
    """Of the current sensor, in % of the maximum current."""
    maximum_current_a: float = 100.0
    voltage_transformer: Transformer = field(default_factory=Transformer)
    current_transformer: Transformer = field(default_factory=Transformer)
    seed: int = 0

    @classmethod
    def ideal(
        cls,
        meters: int | Sequence[int],
        voltage_v: float,
        maximum_current_a: float,
        *,
        connection: Connection = Connection.FOUR_WIRE,
        bits: int = 24,
        rate_hz: float = 4000.0,
    ) -> Self:
        """Meters (how many, or their serial numbers) whose only error is the step of the converter."""
        serials = np.arange(meters) if isinstance(meters, int) else np.asarray(meters)
        count, elements = serials.size, connection.elements
        plain, currents = (count, elements), (count, elements + 1)
        return cls(
            connection,
            Adc.of(voltage_v, maximum_current_a, bits=bits, rate_hz=rate_hz),
            serials.astype(np.int64),
            gain_u=np.zeros(plain),
            gain_i=np.zeros(currents),
            phase_arcmin=np.zeros(currents),
            coupling_s=np.zeros(plain),
            offset_u_lsb=np.zeros(plain),
            offset_i_lsb=np.zeros(currents),
            noise_lsb=np.zeros(count),
            slope_per_k=np.zeros(plain),
            phase_slope_arcmin_per_k=np.zeros(plain),
            clock_ppm=np.zeros(count),
            registers=Registers.zero(count, elements),
            shunt=np.zeros(elements + 1, np.bool_),
            maximum_current_a=maximum_current_a,
        )

    @property
    def meters(self) -> int:
        """How many."""
        return self.serials.size

    @property
    def rate_hz(self) -> Float:
        """Samples of a true second. [meters]."""
        rate: Float = self.adc.rate_hz * (1 + self.clock_ppm * 1e-6)
        return rate

    def pick(self, meters: slice) -> Self:
        """Some of the meters; arrays are shared."""
        arrays = {name: getattr(self, name)[meters] for name in PER_METER}
        registers = Registers(*(getattr(self.registers, name)[meters] for name in Registers.__slots__))
        return replace(self, registers=registers, **arrays)

    def spoiled(self, gain: float = 0.02) -> Self:
        """The same meters with a gain error added to every current channel, as a class test must find it."""
        return replace(self, gain_i=self.gain_i + gain)

    def respond(self, signal: Signal, temperature_c: float = REFERENCE_C) -> tuple[Complex, Complex]:
        """Spectra that reach the converter. -> [meters, elements, lines], [meters, elements + 1, lines]."""
        wired = signal.elements(self.connection)
        voltage = self.voltage_transformer.carry(wired.voltage)
        current = self.current_transformer.carry(np.concatenate([wired.current, wired.neutral[None]]))
        warm = temperature_c - REFERENCE_C
        gain_i, arcmin = self.gain_i.astype(np.float64), self.phase_arcmin.astype(np.float64)
        gain_i[:, :-1] += self.slope_per_k * warm
        arcmin[:, :-1] += self.phase_slope_arcmin_per_k * warm
        factor = (1 + gain_i)[..., None] * self.sensed(arcmin, signal)
        if self.curve is not None:
            factor = factor * self.curve.at(100 * rms(current) / self.maximum_current_a)[..., None]
        reached = current * factor
        reached[:, :-1] += self.coupling_s[..., None] * voltage
        reached[:, :-1] *= self.delayed(signal)
        return voltage * (1 + self.gain_u)[..., None], reached

    def sensed(self, arcmin: Float, signal: Signal) -> Complex:
        """Phase of the sensor on every line; a transformer carries nothing direct. -> [meters, channels, lines]."""
        speed = signal.ratios * signal.frequency_hz / REFERENCE_HZ
        direct = speed == 0
        falling = 1 / np.where(direct, 1, speed)
        law = np.where(self.shunt[:, None], speed, falling)
        turned: Complex = np.exp(1j * arcmin[..., None] * ARCMIN * law) * np.where(direct, self.shunt[:, None], 1)
        return turned

    def delayed(self, signal: Signal) -> Complex:
        """The phase register: a shift of the sampling, in proportion to the frequency. -> [meters, elements, lines]."""
        speed = 2 * np.pi * signal.ratios * signal.frequency_hz
        shifted: Complex = np.exp(1j * self.registers.phase_us[..., None] * 1e-6 * speed)
        return shifted

    def convert(self, voltage: Float, current: Float, key: int = 0) -> None:
        """Convert in place: to steps with offset and noise, rounded and limited, then back with the gain registers.

        [meters, elements, samples], [meters, elements + 1, samples]; current may lack the neutral.
        """
        channels, registers = current.shape[1], self.registers
        self.step(voltage, self.adc.voltage_lsb, self.offset_u_lsb, registers.gain_u, (key, 0))
        self.step(
            current, self.adc.current_lsb, self.offset_i_lsb[:, :channels], registers.gain_i[:, :channels], (key, 1)
        )

    def step(self, samples: Float, lsb: float, offset: Float, gain: Float, key: tuple[int, int]) -> None:
        """Convert the channels of one kind in place."""
        limit = 2 ** (self.adc.bits - 1)
        samples *= 1 / lsb
        if offset.any():
            samples += offset[..., None]
        self.disturb(samples, key)
        np.rint(samples, out=samples)
        np.clip(samples, -limit, limit - 1, out=samples)
        samples *= (lsb * (1 + gain))[..., None]

    def disturb(self, samples: Float, key: tuple[int, int]) -> None:
        """Add each meter's own noise, the same however the meters are grouped. [meters, channels, samples]."""
        for meter in np.flatnonzero(self.noise_lsb):
            drawn = np.random.default_rng([self.seed, int(self.serials[meter]), *key])
            samples[meter] += noise(drawn, samples[meter].shape) * self.noise_lsb[meter]


PER_METER = (
    "serials", "gain_u", "gain_i", "phase_arcmin", "coupling_s", "offset_u_lsb", "offset_i_lsb", "noise_lsb",
    "slope_per_k", "phase_slope_arcmin_per_k", "clock_ppm",
)  # fmt: skip


@cache
def quantiles() -> Float:
    """Normal numbers in equal parts of probability, of unit variance. [levels]."""
    normal = NormalDist()
    table = np.array([normal.inv_cdf((level + 0.5) / LEVELS) for level in range(LEVELS)])
    unit: Float = table / table.std()
    return unit


def noise(drawn: np.random.Generator, shape: tuple[int, ...]) -> Float:
    """Normal noise by table: a tenth of the time of the exact one."""
    count = int(np.prod(shape))
    bits = drawn.bit_generator.random_raw(-(-count // 4)).view(np.uint16)[:count]
    values: Float = quantiles()[bits & (LEVELS - 1)].reshape(shape)
    return values
