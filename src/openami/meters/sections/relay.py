"""The `[relay]` and `[auxiliary_relay]` sections of a product file, and `[clock]`: what the meter does with time."""

from typing import Annotated

from pydantic import Field

from openami.metering.disconnect import Latch, Relay
from openami.meters.sections.row import Cited, Number, Row
from openami.meters.sections.watches import LatchName


class RelayRow(Row):
    """A relay: its control mode (class 70), how many operations it is made for, which tampers latch it open.

    With `by_tariff` a client may name tariffs in which it is open.
    """

    control_mode: Annotated[int, Field(ge=0, le=6)]
    operations: Number
    tamper: tuple[LatchName, ...] = ()
    on_error: bool = False
    by_tariff: bool = False

    def make(self, meters: int, *, cuts: bool) -> Relay:
        """Relays of so many meters."""
        enabled = sum(Latch[name.upper()] for name in self.tamper)
        return Relay.of(meters, mode=self.control_mode, life=self.operations.value, enabled=enabled, cuts=cuts)


class BatteryRow(Row):
    """Whether clients are answered while the supply is away, as long as the battery is not dead."""

    reads: bool = False


class ClockRow(Row):
    """A clock set by no more than `sync_s` is put right without a trace; below `dead_mv` a battery holds no clock.

    `drift_ms` is the most that it goes wrong in a day at 25 °C: drawn meters stay within it.
    """

    sync_s: Number = Cited(value=0)
    dead_mv: Number | None = None
    drift_ms: Number | None = None
