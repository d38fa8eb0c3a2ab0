"""Alarm register of N meters: an event of a log sets a bit, a client clears the bits it writes as ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.profile import Ring

Bits = NDArray[np.uint64]


@dataclass(slots=True)
class Alarms:
    """Register and filter [meters]; `seen` is how many entries of each log have been looked at [meters]."""

    register: Bits
    filter: Bits
    seen: dict[str, NDArray[np.int64]]
    bit_of_code: Bits

    @classmethod
    def of(cls, meters: int, alarms: Mapping[int, int], logs: tuple[str, ...]) -> Self:
        """No alarm, and all that have a meaning let through."""
        bit_of_code = np.zeros(256, np.uint64)
        for code, bit in alarms.items():
            bit_of_code[code] = np.uint64(1) << np.uint64(bit)
        every = np.bitwise_or.reduce(bit_of_code)
        seen = {log: np.zeros(meters, np.int64) for log in logs}
        return cls(np.zeros(meters, np.uint64), np.full(meters, every, np.uint64), seen, bit_of_code)

    def look(self, logs: Mapping[str, Ring]) -> None:
        """Raise what has been logged since the last look."""
        for name, seen in self.seen.items():
            ring = logs[name]
            for meter in np.flatnonzero(ring.count != seen):
                self.raise_from(ring, int(meter), int(seen[meter]))
            seen[:] = ring.count

    def raise_from(self, ring: Ring, meter: int, seen: int) -> None:
        """Raise the alarms of one meter's new entries; a log that was cleared counts from 0 again."""
        count = int(ring.count[meter])
        fresh = min(count - seen if count > seen else count, ring.capacity)
        places = np.arange(count - fresh, count) % ring.capacity
        raised = np.bitwise_or.reduce(self.bit_of_code[ring.rows[meter]["code"][places]])
        self.register[meter] |= raised & self.filter[meter]

    def clear(self, meter: int, bits: int) -> None:
        """Clear the bits written as ones: all of them clear the register."""
        self.register[meter] &= ~np.uint64(bits)
