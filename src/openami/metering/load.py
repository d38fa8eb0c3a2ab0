"""What drives a meter: power, voltage and current of each minute, or of longer blocks of constant power."""

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import LocalProtocolError
from openami.metering.columns import Int64

MINUTE_S = 60
SLICE_S = 900
NOMINAL_V = 230

Int32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Minutes:
    """Load of each step: netted power [steps, meters], voltage and current [steps, meters, phases].

    Positive active power is import, positive reactive power is +R. What each phase takes, the neutral's
    current and the frequency are there where the source knows them: [steps, meters, phases] and
    [steps, meters]. A step is a minute, or `step_s` of constant power.
    """

    active_mw: Int64
    reactive_mvar: Int64
    voltage_mv: Int32
    current_ma: Int32
    phase_active_mw: Int64 | None = None
    phase_reactive_mvar: Int64 | None = None
    neutral_ma: Int32 | None = None
    frequency_mhz: Int32 | None = None
    step_s: int = MINUTE_S

    @classmethod
    def of_phases(
        cls,
        active_mw: Int64,
        reactive_mvar: Int64,
        voltage_mv: Int32,
        current_ma: Int32,
        *,
        neutral_ma: Int32 | None = None,
        frequency_mhz: Int32 | None = None,
        step_s: int = MINUTE_S,
    ) -> Self:
        """Keep the phases and net them. [steps, meters, phases] -> one load."""
        return cls(
            active_mw.sum(axis=2),
            reactive_mvar.sum(axis=2),
            voltage_mv,
            current_ma,
            active_mw,
            reactive_mvar,
            neutral_ma,
            frequency_mhz,
            step_s,
        )

    @property
    def phases(self) -> tuple[Int64, Int64]:
        """Active and reactive power of each phase. -> 2 × [steps, meters, phases].

        A source that knows the sums only has one power factor on all phases: they are shared out by
        apparent power, what rounding leaves on the last.
        """
        if self.phase_active_mw is not None and self.phase_reactive_mvar is not None:
            return self.phase_active_mw, self.phase_reactive_mvar
        apparent = self.voltage_mv.astype(np.int64) * self.current_ma // 1000
        return shared(self.active_mw, apparent), shared(self.reactive_mvar, apparent)

    def on(self, phases: int) -> Self:
        """Let a meter of one phase see the load of a house of three: all of it flows through that phase."""
        if phases != 1 or self.current_ma.shape[2] == 1:
            return self
        total = self.current_ma.sum(axis=2, keepdims=True, dtype=np.int32)
        voltage = self.voltage_mv[:, :, :1]
        return replace(
            self, voltage_mv=voltage, current_ma=total, phase_active_mw=None, phase_reactive_mvar=None, neutral_ma=None
        )

    def behind(self, closed: NDArray[np.bool_]) -> Self:
        """Let only meters whose relay is closed carry load. [meters] or [steps, meters]."""
        if closed.all():
            return self
        wide = np.broadcast_to(closed, self.active_mw.shape)
        phase = wide[:, :, None]

        return replace(
            self,
            active_mw=self.active_mw * wide,
            reactive_mvar=self.reactive_mvar * wide,
            current_ma=self.current_ma * phase,
            phase_active_mw=None if self.phase_active_mw is None else self.phase_active_mw * phase,
            phase_reactive_mvar=None if self.phase_reactive_mvar is None else self.phase_reactive_mvar * phase,
            neutral_ma=None if self.neutral_ma is None else self.neutral_ma * wide,
        )


def shared(total: Int64, apparent: Int64) -> Int64:
    """Share sums out by weight, the rest to the last. [steps, meters], [steps, meters, phases] -> weight's shape."""
    weight = np.maximum(apparent.sum(axis=2), 1)[:, :, None]
    magnitude = np.abs(total)
    parts = magnitude[:, :, None] * apparent // weight
    parts[:, :, -1] += magnitude - parts.sum(axis=2)
    signed: Int64 = parts * np.sign(total)[:, :, None]
    return signed


class Load(Protocol):
    """Source of load: a pure function of time, so that any step can be asked for again.

    A source of longer steps says so by an attribute `step_s`, a divisor of 900; it is asked for steps then.
    """

    def power(self, start_utc: int, minutes: int) -> Minutes:
        """Load of so many steps from `start_utc` on, the full minute (or multiple of `step_s`) of the first."""
        ...


def step_of(load: Load) -> int:
    """Seconds of a step of a source."""
    step = int(getattr(load, "step_s", MINUTE_S))
    if step < 1 or SLICE_S % step:
        raise LocalProtocolError(f"a load in steps of {step} s: expected a divisor of {SLICE_S}")
    return step
