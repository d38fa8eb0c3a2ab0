"""The laws of a meter without a protocol: two meters, a quarter of an hour, energy to the last millijoule."""

from dataclasses import dataclass

import numpy as np

from openami.metering.advance import advance
from openami.metering.load import Minutes
from openami.metering.registers import Energy
from openami.metering.state import State

START = 1_795_168_800  # 2026-11-20 10:00 UTC


@dataclass(frozen=True, slots=True)
class Steady:
    """A load that never changes. [meters] in mW."""

    active_mw: tuple[int, ...]

    def power(self, start_utc: int, minutes: int) -> Minutes:
        """Give every minute the same power, on phase 1."""
        del start_utc
        shape = (minutes, len(self.active_mw))
        active = np.broadcast_to(np.array(self.active_mw, np.int64), shape).copy()
        voltage = np.full((*shape, 3), 230_000, np.int32)
        current = np.zeros((*shape, 3), np.int32)
        current[:, :, 0] = np.abs(active) * 1000 // 230_000
        return Minutes(active, np.zeros(shape, np.int64), voltage, current)


state = State.create(2, START)
load = Steady((1_234_567, -500_000))  # one draws 1234.567 W, one gives back 500 W
advance(state, START + 60, load)
print("after a minute:", state.registers.mj(Energy.ACTIVE_IMPORT).tolist(), "mJ in")
advance(state, START + 900, load)
print("after a quarter:", state.registers.mj(Energy.ACTIVE_IMPORT).tolist(), "mJ in")
print("registers:", state.registers.wh(Energy.ACTIVE_IMPORT).tolist(), "Wh in,", end=" ")
print(state.registers.wh(Energy.ACTIVE_EXPORT).tolist(), "Wh out")
rows = state.profiles["interval"].ring.select(0, START, START + 900)
print("rows of the first meter:", rows.stamp.tolist(), rows.values["import_total"].tolist())
