"""What a meter shows of now, and averages over a time: voltage, current, power, factor, frequency, angle."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import LocalProtocolError
from openami.metering.columns import Int64
from openami.metering.quantities import SUMS, Channel, Energy, Flow, Power, root, whole_root

NOMINAL_MHZ = 50_000
TURN = 3_600
ENERGIES: Mapping[str, Energy] = {
    "active.import": Energy.ACTIVE_IMPORT,
    "active.export": Energy.ACTIVE_EXPORT,
    "reactive.import": Energy.REACTIVE_IMPORT,
    "reactive.export": Energy.REACTIVE_EXPORT,
    **{f"reactive.quadrant_{number}": Energy[f"QUADRANT_{number}"] for number in range(1, 5)},
    "apparent.import": Energy.APPARENT_IMPORT,
    "apparent.export": Energy.APPARENT_EXPORT,
    "active.absolute": Energy.ACTIVE_ABSOLUTE,
    "active.net": Energy.ACTIVE_NET,
    "reactive.absolute": Energy.REACTIVE_ABSOLUTE,
    "reactive.net": Energy.REACTIVE_NET,
}
"""Words of product files for kinds of energy and their powers."""


class Signal(NamedTuple):
    """A quantity of now: `voltage`, `current`, `neutral`, `differential`, `frequency`, `factor`, `angle`, a power.

    Phase 0 is all of them. `divisor` makes what is shown of the mV, mA, mW and mHz inside.
    """

    kind: str
    phase: int = 0

    @property
    def divisor(self) -> int:
        """Inner units in one unit shown: 0.1 V, 0.01 A, 1 W, 0.01 Hz, 0.001, 0.1 degree."""
        return DIVISORS.get(self.kind, 1_000)

    def of(self, power: Power) -> Int64:
        """Values of each step. -> [steps, meters]."""
        if self.phase > power.minutes.voltage_mv.shape[2]:
            raise LocalProtocolError(f"no phase {self.phase}")
        make = MAKERS.get(self.kind)
        return make(power, self.phase) if make else power_of(power, ENERGIES[self.kind], self.phase)


def power_of(power: Power, energy: Energy, phase: int) -> Int64:
    """Power that a register of this kind counts."""
    if energy in SUMS:
        (first, _), (second, sign) = SUMS[energy]
        return power_of(power, first, phase) + sign * power_of(power, second, phase)
    out = np.empty(power.minutes.active_mw.shape, np.int64)
    power.part(Channel(energy, phase), out)
    return out


def voltage(power: Power, phase: int) -> Int64:
    """Of one phase; the mean for all."""
    volts = power.minutes.voltage_mv.astype(np.int64)
    mean: Int64 = volts[:, :, phase - 1] if phase else volts.sum(axis=2) // volts.shape[2]
    return mean


def current(power: Power, phase: int) -> Int64:
    """Of one phase; the sum for all."""
    amps = power.minutes.current_ma.astype(np.int64)
    total: Int64 = amps[:, :, phase - 1] if phase else amps.sum(axis=2)
    return total


def returning(power: Power) -> Int64:
    """Current that the phases send back through the neutral."""
    return sent_back(power.minutes.current_ma)


def sent_back(current_ma: NDArray[np.int32]) -> Int64:
    """What these currents make in the neutral, at equal angles, to the mA. [.., n, phases] -> [.., n]."""
    amps = current_ma.astype(np.int64)
    if amps.shape[2] != 3:
        total: Int64 = np.add.reduce(amps, axis=2)
        return total
    one, two, three = (amps[:, :, phase] for phase in range(3))
    square: Int64 = one * one + two * two + three * three - one * two - two * three - three * one
    return whole_root(square)


def neutral(power: Power, _phase: int) -> Int64:
    """Measured where there is a sensor, else what the phases leave."""
    measured = power.minutes.neutral_ma
    return returning(power) if measured is None else measured.astype(np.int64)


def differential(power: Power, _phase: int) -> Int64:
    """Difference of what goes out by the phases and comes back by the neutral."""
    difference: Int64 = returning(power) - neutral(power, 0)
    return np.abs(difference)


def frequency(power: Power, _phase: int) -> Int64:
    """Of the network, nominal where the source does not tell."""
    known = power.minutes.frequency_mhz
    return np.full(power.minutes.active_mw.shape, NOMINAL_MHZ) if known is None else known.astype(np.int64)


def pair(power: Power, phase: int) -> tuple[Int64, Int64]:
    """Signed active and reactive power, netted."""
    if not phase:
        return power.totals()
    return power.flow(Flow.ACTIVE, phase), power.flow(Flow.REACTIVE, phase)


def factor(power: Power, phase: int) -> Int64:
    """Active over apparent power in thousandths, negative for export; 1 without load."""
    active, reactive = pair(power, phase)
    apparent = np.maximum(root(active, reactive), 1)
    rounded = np.sign(active) * ((2_000 * np.abs(active) + apparent) // (2 * apparent))
    return np.where((active == 0) & (reactive == 0), 1_000, rounded)


def angle(power: Power, phase: int) -> Int64:
    """From current to voltage in tenths of a degree, 0 to 3599; positive is lagging current."""
    active, reactive = pair(power, phase)
    tenths: Int64 = np.rint(np.degrees(np.arctan2(reactive, active)) * 10).astype(np.int64)
    return tenths % TURN


def apparent(power: Power, phase: int) -> Int64:
    """Apparent power of either direction."""
    return power_of(power, Energy.APPARENT_IMPORT, phase) + power_of(power, Energy.APPARENT_EXPORT, phase)


MAKERS: Mapping[str, Callable[[Power, int], Int64]] = {
    "voltage": voltage,
    "current": current,
    "neutral": neutral,
    "differential": differential,
    "frequency": frequency,
    "factor": factor,
    "angle": angle,
    "apparent": apparent,
}
DIVISORS: Mapping[str, int] = {
    "voltage": 100,
    "current": 10,
    "neutral": 10,
    "differential": 10,
    "frequency": 10,
    "factor": 1,
    "angle": 1,
}
NAMED: Mapping[str, Signal] = {
    "current.total": Signal("current"),
    "current.neutral": Signal("neutral"),
    "current.differential": Signal("differential"),
    "voltage.mean": Signal("voltage"),
    "frequency": Signal("frequency"),
}


def signal(text: str) -> Signal | None:
    """Read a name as it stands in product files: `voltage.l1`, `power.active.import`, `power.factor.l2`."""
    if text in NAMED:
        return NAMED[text]
    words = text.split(".")
    phase = int(words.pop()[1:]) if words[-1] in ("l1", "l2", "l3") else 0
    if words in (["voltage"], ["current"], ["angle"]) and phase:
        return Signal(words[0], phase)
    if words == ["angle"]:
        return Signal("angle")
    if words[0] != "power" or len(words) < 2:
        return None
    kind = ".".join(words[1:])
    return Signal(kind, phase) if kind in ENERGIES or kind in ("factor", "apparent") else None
