"""What N meters measure moment by moment: signals for the monitors, from minutes, inputs and disturbances."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import ALL, Columns, Index, Int64
from openami.metering.events import TENTHS
from openami.metering.load import Minutes
from openami.metering.signals import sent_back
from openami.metering.tamper import INPUTS, Tamper

if TYPE_CHECKING:
    from openami.metering.state import State

NOMINAL_MHZ = 50_000
PER_MILLE = 1_000
Values = NDArray[np.integer[Any]]


@dataclass(slots=True)
class Disturbances:
    """Voltages that hold for less than a minute, in true UTC in tenths of a second. [disturbances]."""

    meter: Int64
    phase: Int64
    since: Int64
    until: Int64
    voltage_mv: Int64

    @classmethod
    def of(cls, _meters: int) -> Self:
        """None."""
        return cls(*(np.zeros(0, np.int64) for _ in range(5)))

    def add(self, meter: int, phase: int, since: int, until: int, voltage_mv: int) -> None:
        """Another one; phases count from 0."""
        row = (meter, phase, since, until, voltage_mv)
        for name, value in zip(("meter", "phase", "since", "until", "voltage_mv"), row, strict=True):
            setattr(self, name, np.append(getattr(self, name), np.int64(value)))

    def step(self, _state: "State", _minutes: Minutes, _start: int, end: int) -> None:
        """Forget those that are over."""
        keep = self.until > end * TENTHS
        if not keep.all():
            for name in ("meter", "phase", "since", "until", "voltage_mv"):
                setattr(self, name, getattr(self, name)[keep])

    def within(self, start: int, end: int) -> NDArray[np.intp]:
        """Numbers of those that touch a span, in tenths."""
        found: NDArray[np.intp] = np.flatnonzero((self.since < end) & (self.until > start))
        return found


@dataclass
class Signals:
    """What there is to watch in a slice whose load begins at the full step `first`; computed when it is asked for."""

    first: int
    minutes: Minutes
    tamper: Tamper
    disturbances: Disturbances
    phases: int
    no_load_ma: int

    @property
    def step_ds(self) -> int:
        """Tenths of a second in a step of the load."""
        return self.minutes.step_s * TENTHS

    @cached_property
    def kept(self) -> dict[str, tuple[int, int]]:
        """Extremes already looked up."""
        return {}

    def is_held(self, signal: str) -> bool:
        """Whether a signal is an input: it changes by hand only."""
        return signal in INPUTS

    def held(self, signal: str, columns: Columns = ALL) -> Values:
        """Values of a signal that hands change. -> [rows, n]."""
        return self.tamper.row(signal)[columns][None]

    def extremes(self, signal: str) -> tuple[int, int]:
        """Least and greatest value of the slice, all meters and minutes."""
        if signal not in self.kept:
            values = MINUTELY[signal](self, slice(None), ALL)
            self.kept[signal] = int(values.min(initial=0)), int(values.max(initial=0))
            if values.size:
                self.kept[signal] = int(values.min()), int(values.max())
        return self.kept[signal]

    def reach(self, signal: str) -> tuple[Values, Values]:
        """Least and greatest value of each meter. -> [meters] × 2."""
        values = MINUTELY[signal](self, slice(None), ALL)
        return values.min(axis=(0, 2)), values.max(axis=(0, 2))

    def at(self, signal: str, tenths: int, columns: Index) -> Values:
        """Values from a moment on, until the next boundary. -> [rows, n]."""
        if self.is_held(signal):
            return self.held(signal, columns)
        minute = (tenths - self.first * TENTHS) // self.step_ds
        values: Values = MINUTELY[signal](self, slice(minute, minute + 1), columns)[0].T
        if signal != "voltage" or not len(self.disturbances.meter):
            return values
        return self.disturbed(values.copy(), tenths, columns)

    def disturbed(self, values: Values, tenths: int, columns: Index) -> Values:
        """Put in the voltages of disturbances at a moment; a phase that is lost stays lost."""
        for number in self.disturbances.within(tenths, tenths + 1):
            places = np.flatnonzero(columns == self.disturbances.meter[number])
            phase = int(self.disturbances.phase[number])
            for place in places:
                if values[phase, place]:
                    values[phase, place] = self.disturbances.voltage_mv[number]
        return values

    def boundaries(self, signal: str, columns: Index, start: int, end: int) -> set[int]:
        """Moments in tenths at which a signal of these meters may change."""
        if self.is_held(signal):
            return set()
        found = set(range(self.first * TENTHS, end, self.step_ds))
        if signal == "voltage":
            mine = self.disturbances.within(start, end)
            mine = mine[np.isin(self.disturbances.meter[mine], columns)]
            found |= {*self.disturbances.since[mine].tolist(), *self.disturbances.until[mine].tolist()}
        return {moment for moment in found if start < moment < end}


Minutely = Callable[[Signals, slice, Columns], Values]


def voltage(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Phase voltages in mV. -> [minutes, n, phases]."""
    return signals.minutes.voltage_mv[minutes, columns, : signals.phases]


def current(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Phase currents in mA."""
    return signals.minutes.current_ma[minutes, columns, : signals.phases]


def current_of(phase: int) -> Minutely:
    """Current of one phase in mA; nothing where there is none. -> [minutes, n, 1]."""

    def read(signals: Signals, minutes: slice, columns: Columns) -> Values:
        flow = current(signals, minutes, columns)
        return flow[:, :, phase - 1 : phase] if phase <= signals.phases else np.zeros_like(flow[:, :, :1])

    return read


def power(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Netted active power in mW, import positive. -> [minutes, n, 1]."""
    return signals.minutes.active_mw[minutes, columns, None]


def reversed_current(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Current in mA of the phases that give power back, or whose circuit is reversed; 0 in the others."""
    turned = signals.tamper.row("reverse_phases")[columns, None] >> np.arange(signals.phases) & 1 != 0
    if (power := signals.minutes.phase_active_mw) is not None:
        turned = power[minutes, columns, : signals.phases] < 0
    returned: Values = current(signals, minutes, columns) * turned
    return returned


def missing_current(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Largest current of the meter, in mA, at each phase with voltage that carries none: as a shunt makes it."""
    flow = current(signals, minutes, columns)
    alive = voltage(signals, minutes, columns) > 0
    return np.where(alive & (flow < signals.no_load_ma), flow.max(axis=2, keepdims=True), 0)


def unbalance(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Greatest deviation of a phase voltage from their mean, in thousandths of it. -> [minutes, n, 1]."""
    volts = voltage(signals, minutes, columns).astype(np.int64)
    total = volts.sum(axis=2, keepdims=True)
    off = np.abs(volts * signals.phases - total).max(axis=2, keepdims=True)
    share: Values = off * PER_MILLE // np.maximum(total, 1)
    return share


def negative_sequence(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Negative over positive sequence of three voltages a third of a turn apart, in thousandths. -> [minutes, n, 1]."""
    volts = signals.minutes.voltage_mv[minutes, columns, : signals.phases]
    if signals.phases != 3:
        return np.zeros_like(signals.minutes.active_mw[minutes, columns, None])
    positive = volts.sum(axis=2, dtype=np.int64)
    ratio: Values = (sent_back(volts) * PER_MILLE // np.maximum(positive, 1))[..., None]
    return ratio


def differential(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Difference of what the phases take and the neutral brings back, in mA. -> [minutes, n, 1]."""
    neutral = signals.minutes.neutral_ma
    if neutral is None:
        return np.zeros_like(signals.minutes.current_ma[minutes, columns, :1])
    apart: Values = np.abs(neutral[minutes, columns] - sent_back(signals.minutes.current_ma[minutes, columns]))[
        ..., None
    ]
    return apart


def frequency_deviation(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Deviation of the frequency from nominal in mHz. -> [minutes, n, 1]."""
    known = signals.minutes.frequency_mhz
    if known is None:
        return np.zeros_like(signals.minutes.active_mw[minutes, columns, None])
    deviation: Values = np.abs(known[minutes, columns, None] - NOMINAL_MHZ)
    return deviation


def widest(read: Minutely) -> Minutely:
    """Greatest value of all phases. -> [minutes, n, 1]."""

    def values(signals: Signals, minutes: slice, columns: Columns) -> Values:
        greatest: Values = read(signals, minutes, columns).max(axis=2, keepdims=True)
        return greatest

    return values


def least_voltage(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Lowest phase voltage in mV. -> [minutes, n, 1]."""
    least: Values = voltage(signals, minutes, columns).min(axis=2, keepdims=True)
    return least


def voltage_deviation(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Greatest deviation of a phase voltage from that of L1, in thousandths of it. -> [minutes, n, 1]."""
    volts = voltage(signals, minutes, columns).astype(np.int64)
    off: Values = np.abs(volts - volts[:, :, :1]).max(axis=2, keepdims=True) * PER_MILLE
    return off // np.maximum(volts[:, :, :1], 1)


def inactive_current(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Largest current in mA where a phase with voltage carries less than twice the no-load limit; else 0."""
    flow = current(signals, minutes, columns)
    idle = (voltage(signals, minutes, columns) > 0) & (flow < 2 * signals.no_load_ma)
    largest: Values = flow.max(axis=2, keepdims=True) * idle.any(axis=2, keepdims=True)
    return largest


def phase_angle(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Greatest angle between voltage and current of a phase, either way, in tenths of a degree. -> [minutes, n, 1]."""
    active, reactive = signals.minutes.phase_active_mw, signals.minutes.phase_reactive_mvar
    if active is None or reactive is None:
        active = signals.minutes.active_mw[:, :, None]
        reactive = signals.minutes.reactive_mvar[:, :, None]
    angle = np.degrees(np.arctan2(reactive[minutes, columns], active[minutes, columns]))
    tenths: Values = np.abs(np.rint(angle * TENTHS_OF_DEGREE)).astype(np.int64).max(axis=2, keepdims=True)
    return tenths


def harmonics(signals: Signals, minutes: slice, columns: Columns) -> Values:
    """Total harmonic distortion of voltage or current, the greater, in thousandths. -> [minutes, n, 1]."""
    rows = [signals.tamper.row(name)[columns] for name in ("thd_permille", "thd_current_permille")]
    greater: Values = np.maximum(*rows)
    return np.broadcast_to(greater[None, :, None], (*signals.minutes.active_mw[minutes, columns].shape, 1))


TENTHS_OF_DEGREE = 10
MINUTELY: Mapping[str, Minutely] = {
    "voltage": voltage,
    "current": current,
    **{f"current_l{phase}": current_of(phase) for phase in (1, 2, 3)},
    "power": power,
    "reversed_current": reversed_current,
    "missing_current": missing_current,
    "unbalance": unbalance,
    "least_voltage": least_voltage,
    "voltage_deviation": voltage_deviation,
    "polarity": widest(reversed_current),
    "inactive_current": inactive_current,
    "phase_angle": phase_angle,
    "harmonics": harmonics,
    "negative_sequence": negative_sequence,
    "differential": differential,
    "frequency_deviation": frequency_deviation,
}
"""Signals that change with the minutes of the load."""
PHASED = frozenset(
    {"voltage", "current", "reversed_current", "missing_current", "thd_permille", "thd_current_permille"}
)
"""Signals with a value for each phase; harmonics are the same on all."""


SIGNALS = frozenset({*MINUTELY, *INPUTS})
