"""A steady point, measured once over whole cycles and then run at its mean power: the road of an accuracy bench."""

from dataclasses import dataclass, replace

import numpy as np

from openami.core.errors import LocalProtocolError
from openami.metering.metrology import reactive, window
from openami.metering.metrology.apparent import arithmetic
from openami.metering.metrology.arrays import Float
from openami.metering.metrology.chain import Chains
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.guard import Guard
from openami.metering.metrology.point import Point, signal_of
from openami.metering.metrology.reactive import Method
from openami.metering.metrology.signal import Signal, render

AT_ONCE = 400_000
"""Samples held at a time: what stays in the cache."""
RUN_S = 0.618034


@dataclass(frozen=True, slots=True)
class Truth:
    """What the point is, from its formula; on the primary side of outside transformers.

    `reactive_var` is that of the fundamental (IEC 62053-24), as are its elements.
    """

    active_w: float
    reactive_var: float
    apparent_va: float
    """Arithmetic: sum of U·I of the elements, √3/2 of it in 3P3W."""
    active_elements_w: Float
    """[elements]."""
    reactive_elements_var: Float
    """[elements]."""
    voltage_v: Float
    """[elements]."""
    current_a: Float
    """[elements]."""

    @classmethod
    def of(cls, signal: Signal, connection: Connection) -> "Truth":
        """Truth of a signal at the elements of a connection."""
        wired = signal.elements(connection)
        active, react = wired.active_w, wired.reactive_var
        apparent = float(arithmetic(wired.voltage_v, wired.current_a, connection))
        total = float(active.sum()), float(react.sum())
        return cls(*total, apparent, active, react, wired.voltage_v, wired.current_a)


@dataclass(frozen=True, slots=True)
class Steady:
    """What each meter makes of the point: power by its own clock as counted in true time, and the truth beside it.

    Powers have their sign: export and capacitive are below zero.
    """

    truth: Truth
    connection: Connection
    active_elements_w: Float
    """[meters, elements]."""
    reactive_elements_var: Float
    """[meters, elements]."""
    voltage_v: Float
    """[meters, elements]."""
    current_a: Float
    """[meters, elements]."""

    @property
    def active_w(self) -> Float:
        """Sum of the elements. [meters]."""
        total: Float = self.active_elements_w.sum(axis=-1)
        return total

    @property
    def reactive_var(self) -> Float:
        """Sum of the elements. [meters]."""
        total: Float = self.reactive_elements_var.sum(axis=-1)
        return total

    @property
    def apparent_va(self) -> Float:
        """Arithmetic apparent power. [meters]."""
        return arithmetic(self.voltage_v, self.current_a, self.connection)


def steady(
    point: Point | Signal,
    chains: Chains,
    *,
    seconds: float = 1.0,
    method: Method = Method.FUNDAMENTAL,
    run: int = 0,
    temperature_c: float | None = None,
) -> Steady:
    """Mean powers of a point as every meter measures them, over whole cycles of at least `seconds`.

    Another `run` begins at another angle and draws other noise; the same run of the same meter is always the same.
    A signal may stand for a point; its temperature is then told apart (23 °C if not).
    """
    if isinstance(point, Point) and point.connection is not chains.connection:
        raise LocalProtocolError(f"a point for {point.connection} on meters wired {chains.connection}")
    signal = signal_of(point) if isinstance(point, Point) else point
    warm = temperature_c if temperature_c is not None else point.temperature_c if isinstance(point, Point) else 23.0
    setting = Setting(signal, warm, seconds, method, run)
    each = max(1, int(AT_ONCE / (setting.seconds * chains.adc.rate_hz * 2 * chains.connection.elements)))
    parts = [measured(setting, chains.pick(slice(k, k + each))) for k in range(0, chains.meters, each)]
    whole = (np.concatenate([part[k] for part in parts]) for k in range(4))
    return Steady(Truth.of(signal, chains.connection), chains.connection, *whole)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is rendered, and how long."""

    signal: Signal
    temperature_c: float
    least_s: float
    method: Method
    run: int

    @property
    def seconds(self) -> float:
        """Whole cycles."""
        repeat_s = self.signal.cycles / self.signal.frequency_hz
        return float(np.ceil(self.least_s / repeat_s - 1e-9)) * repeat_s


def measured(setting: Setting, chains: Chains) -> tuple[Float, Float, Float, Float]:
    """P, Q, U, I of a group of meters. -> four of [meters, elements]."""
    elements = chains.connection.elements
    signal = setting.signal
    rate = chains.rate_hz if chains.clock_ppm.any() else chains.rate_hz[:1]
    quarter = rate / (4 * signal.frequency_hz)
    lead = int(quarter.max()) + 3 if setting.method is Method.QUARTER_PERIOD else 0
    length = setting.seconds * rate
    count = int(length.max()) + 3 + lead
    spectra = np.concatenate([x[:, :elements] for x in chains.respond(signal, setting.temperature_c)], axis=1)
    drawn = render(spectra, signal, setting.run * RUN_S, count, rate)
    voltage, current = drawn[:, :elements], drawn[:, elements:]
    chains.convert(voltage, current, setting.run)
    weights = window.weights(np.full(rate.size, float(lead)), length, count)[:, None]
    found = powers(voltage, current, weights, 2 * np.pi * signal.frequency_hz / rate, setting.method)
    return scaled(chains, found)


def powers(
    voltage: Float, current: Float, weights: Float, turn: Float, method: Method, *, highpass: bool = True
) -> tuple[Float, Float, Float, Float]:
    """P, Q, U, I of samples under weights of whole cycles.

    [meters, elements, samples], [meters | 1, 1, samples], turn [meters | 1] radians per sample -> [meters, elements].
    """
    weighed_u, weighed_i = voltage * weights, current * weights
    mean_u, mean_i = (weighed_u.sum(-1), weighed_i.sum(-1)) if highpass else (np.zeros(()), np.zeros(()))
    active = np.einsum("men,men->me", weighed_u, current) - mean_u * mean_i
    squares = (
        np.einsum("men,men->me", weighed, side) - mean**2
        for weighed, side, mean in ((weighed_u, voltage, mean_u), (weighed_i, current, mean_i))
    )
    volts, amperes = (np.sqrt(np.maximum(square, 0)) for square in squares)
    return active, REACTIVE[method](voltage, weighed_u, weighed_i, weights, turn), volts, amperes


def fundamental(_voltage: Float, weighed_u: Float, weighed_i: Float, _weights: Float, turn: Float) -> Float:
    """Q of the fundamental by its phasors."""
    angle = turn[:, None] * np.arange(weighed_u.shape[-1], dtype=np.float64)
    basis = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    u, i = np.matmul(weighed_u, basis), np.matmul(weighed_i, basis)
    power: Float = 2 * (u[..., 0] * i[..., 1] - u[..., 1] * i[..., 0])
    return power


def by_integrator(voltage: Float, _weighed_u: Float, weighed_i: Float, weights: Float, turn: Float) -> Float:
    """Q with the voltage turned by an integrator."""
    turned = reactive.integrated(voltage, weights, turn[:, None, None])
    power: Float = np.einsum("men,men->me", turned, weighed_i)
    return power


def by_delay(voltage: Float, _weighed_u: Float, weighed_i: Float, _weights: Float, turn: Float) -> Float:
    """Q with the voltage a quarter of the cycle late."""
    delay = float(np.mean(np.pi / 2 / turn))
    delayed = reactive.late(voltage, delay)
    power: Float = np.einsum("men,men->me", delayed, weighed_i[..., -delayed.shape[-1] :])
    return power


REACTIVE = {
    Method.FUNDAMENTAL: fundamental,
    Method.INTEGRATOR: by_integrator,
    Method.QUARTER_PERIOD: by_delay,
}


def scaled(chains: Chains, found: tuple[Float, Float, Float, Float]) -> tuple[Float, Float, Float, Float]:
    """Offsets of calibration, outside transformers and the meter's own time laid on what was found."""
    active, react, volts, amperes = found
    up, across = chains.voltage_transformer.ratio, chains.current_transformer.ratio
    time = (1 + chains.clock_ppm * 1e-6)[:, None] * up * across
    registers = chains.registers
    return (active + registers.active_w) * time, (react + registers.reactive_var) * time, volts * up, amperes * across


def registered(found: Steady, active: Guard | None = None, reactive: Guard | None = None) -> Steady:
    """What is left of a point for the registers: from rest, each phase that reaches its guard's `on`.

    Guards of power are compared with |P| and |Q| of the phase; None lets everything pass.
    """
    power, react = found.active_elements_w, found.reactive_elements_var
    if active is not None:
        power = np.where(active.running(power), power, 0)
    if reactive is not None:
        react = np.where(reactive.running(react), react, 0)
    return replace(found, active_elements_w=power, reactive_elements_var=react)
