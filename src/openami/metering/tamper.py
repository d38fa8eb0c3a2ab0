"""What hands do to N meters: covers, magnets, wiring. Its state, and what it makes of the load that a meter sees.

What a meter notices of it, when, and whether it does so without supply, is in `monitors`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.metering.columns import Index, Int64
from openami.metering.load import Minutes
from openami.metering.signals import sent_back

if TYPE_CHECKING:
    from openami.metering.state import State

INPUTS = (
    "terminal_cover",
    "meter_cover",
    "module_cover",
    "module_cover_2",
    "magnet_mt",
    "neutral_lost",
    "phase_sequence",
    "phase_lost",
    "reverse_phases",
    "bypass_share",
    "differential_ma",
    "frequency_mhz",
    "thd_permille",
    "thd_current_permille",
    "battery_mv",
    "dc_ma",
    "temperature_c",
    "link_wrong_ppm",
    "link_lost_ppm",
)
"""Inputs by name: covers 1 if open, faults 1 if there, phases as bits, shares in per cent, noise in 10^-6."""

NORMAL = {"frequency_mhz": 50_000, "battery_mv": 3_600, "temperature_c": 23}
"""What an input is unless a hand has changed it; 0 where nothing stands here."""

WIRING = ("phase_lost", "reverse_phases", "bypass_share")
WHOLE = 100


@dataclass(slots=True)
class Tamper:
    """Inputs [inputs, meters], and how many log-ins have failed in a row [meters]."""

    inputs: NDArray[np.int32]
    failed: NDArray[np.int32]
    tries: int

    @classmethod
    def of(cls, meters: int, tries: int = 1) -> Self:
        """Nothing amiss; `tries` failed log-ins make an event."""
        inputs = np.zeros((len(INPUTS), meters), np.int32)
        for name, value in NORMAL.items():
            inputs[INPUTS.index(name)] = value
        return cls(inputs, np.zeros(meters, np.int32), tries)

    def row(self, name: str) -> NDArray[np.int32]:
        """Values of one input. -> [meters]."""
        row: NDArray[np.int32] = self.inputs[INPUTS.index(name)]
        return row

    def set(self, name: str, columns: Index, value: int) -> None:
        """Change an input."""
        if name not in INPUTS:
            raise DefinitionError(f"no input is called {name!r}; there are {', '.join(INPUTS)}")
        self.inputs[INPUTS.index(name), columns] = value

    def shape(self, _state: "State", minutes: Minutes, _start: int, _end: int) -> Minutes:
        """What the meters see of their load behind lost phases, reversed and bypassed circuits."""
        minutes = self.returned(minutes)
        touched = np.flatnonzero(np.logical_or.reduce([self.row(name) != 0 for name in WIRING]))
        return self.rewired(minutes, touched) if touched.size else minutes

    def returned(self, minutes: Minutes) -> Minutes:
        """Frequency as a hand has set it, and what comes back by the neutral: all that the phases take, and more."""
        hertz, more = self.row("frequency_mhz"), self.row("differential_ma")
        if (hertz != NORMAL["frequency_mhz"]).any():
            known = minutes.frequency_mhz
            given = np.full(minutes.active_mw.shape, NORMAL["frequency_mhz"], np.int32) if known is None else known
            minutes = replace(minutes, frequency_mhz=np.where(hertz != NORMAL["frequency_mhz"], hertz, given))
        if more.any() or self.row("bypass_share").any():
            measured = minutes.neutral_ma
            back = sent_back(minutes.current_ma) if measured is None else measured
            minutes = replace(minutes, neutral_ma=(back + more).astype(np.int32))
        return minutes

    def rewired(self, minutes: Minutes, columns: Index) -> Minutes:
        """Change the minutes of some meters; power is shared out by apparent power where phases are not told apart."""
        voltage, current = minutes.voltage_mv.copy(), minutes.current_ma.copy()
        phases = np.arange(int(voltage.shape[2]))
        gone: NDArray[np.bool_] = (self.row("phase_lost")[columns, None] >> phases) & 1 != 0
        turned: NDArray[np.bool_] = (self.row("reverse_phases")[columns, None] >> phases) & 1 != 0
        kept = WHOLE - self.row("bypass_share")[columns].astype(np.int64)
        apparent = voltage[:, columns].astype(np.int64) * current[:, columns]
        whole = apparent.sum(axis=2)
        signed = (np.where(gone, 0, np.where(turned, -1, 1)) * apparent).sum(axis=2)
        signed, whole = np.where(whole, signed, 1), np.maximum(whole, 1)
        voltage[:, columns] = np.where(gone, 0, voltage[:, columns])
        current[:, columns] = np.where(gone, 0, current[:, columns] * kept[:, None] // WHOLE)
        active, reactive = minutes.active_mw.copy(), minutes.reactive_mvar.copy()
        each = minutes.phase_active_mw, minutes.phase_reactive_mvar
        if each[0] is not None and each[1] is not None:
            sign = np.where(gone, 0, np.where(turned, -1, 1))
            parts = [part.copy() for part in (each[0], each[1])]
            for part, power in zip(parts, (active, reactive), strict=True):
                part[:, columns] = part[:, columns] * sign * kept[:, None] // WHOLE
                power[:, columns] = part[:, columns].sum(axis=2)
            minutes = replace(minutes, phase_active_mw=parts[0], phase_reactive_mvar=parts[1])
        else:
            for power in (active, reactive):
                power[:, columns] = seen(power[:, columns] * kept // WHOLE, signed, whole)
        return replace(minutes, active_mw=active, reactive_mvar=reactive, voltage_mv=voltage, current_ma=current)

    def fail(self, column: int) -> bool:
        """Count a failed log-in; whether it is the last that passes without an event."""
        self.failed[column] += 1
        if self.failed[column] < self.tries:
            return False
        self.failed[column] = 0
        return True


def seen(power: Int64, part: Int64, whole: Int64) -> Int64:
    """Take a part of a power, apparent power against apparent power, where these may be too big to multiply."""
    shift = np.maximum(np.int64(1), whole >> 20)
    share: Int64 = power * (np.sign(part) * (np.abs(part) // shift)) // np.maximum(whole // shift, 1)
    return share
