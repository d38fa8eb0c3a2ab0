"""Alarm registers of N meters: events raise bits, clients clear them, a pusher is told of each new one.

Where a face has descriptors (IDIS) the register shows what is the case now and the descriptor remembers it until a
client clears it; an alarm that comes again after that is told again. Else the register remembers.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.metering.columns import Columns, Index
from openami.metering.events import ENDS, Bit, Clearing, Face

Bits = NDArray[np.uint64]
LAST_GASP = "last_gasp"


@dataclass(slots=True)
class Alarms:
    """Registers, filters and descriptors [registers, meters]; `raised` waits for the pusher.

    `present` tells which lasting states there are that have a bit [states, meters].
    """

    register: Bits
    filter: Bits
    descriptor: Bits
    raised: Bits
    present: NDArray[np.bool_]
    face: Face
    states: tuple[str, ...]

    @classmethod
    def of(cls, meters: int, face: Face) -> Self:
        """No alarm, and all that have a meaning let through."""
        register, every, descriptor, raised = np.zeros((4, face.registers, meters), np.uint64)
        for bits in face.alarms.values():
            for number, bit in bits:
                every[number] |= one(bit)
        states = tuple(name for name in ENDS if name in face.alarms)
        return cls(register, every, descriptor, raised, np.zeros((len(states), meters), np.bool_), face, states)

    def take(self, name: str, columns: Index) -> None:
        """An event has happened: what it ends is over, what it raises is raised."""
        for begin in self.states:
            if ENDS[begin] == name:
                self.end(begin, columns)
        if name in ENDS and name in self.states:
            self.present[self.states.index(name), columns] = True
        for bit in self.face.alarms.get(name, ()):
            self.raise_bits(bit.register, columns, np.broadcast_to(one(bit.bit), columns.shape))

    def raise_bits(self, register: int, columns: Index, bits: Bits) -> None:
        """Set bits that the filter lets through; those that were not remembered any more are news."""
        let = bits & self.filter[register, columns]
        known = self.descriptor if self.face.clearing is Clearing.PRESENT else self.register
        self.raised[register, columns] |= let & ~known[register, columns]
        self.register[register, columns] |= let
        self.descriptor[register, columns] |= let

    def end(self, begin: str, columns: Index) -> None:
        """A lasting state is over; where registers show the present, its bit goes unless another state holds it."""
        self.present[self.states.index(begin), columns] = False
        if self.face.clearing is Clearing.PRESENT:
            for bit in self.face.alarms[begin]:
                held = self.held(bit, columns)
                self.register[bit.register, columns] &= np.where(held, ~np.uint64(0), ~one(bit.bit))

    def held(self, bit: Bit, columns: Columns) -> NDArray[np.bool_]:
        """Whether a present state holds a bit. -> [n]."""
        holding = np.array([bit in self.face.alarms[name] for name in self.states], np.bool_)
        held: NDArray[np.bool_] = np.any(self.present[:, columns] & holding[:, None], axis=0)
        return held

    def write(self, register: int, meter: int, written: int) -> None:
        """Clear bits of a register as the face has it; what is still the case may come back, and is told again."""
        value = np.uint64(written)
        if self.face.clearing is Clearing.ONES:
            self.register[register, meter] &= ~value
            self.descriptor[register, meter] &= ~value
            return
        self.register[register, meter] &= value
        if self.face.clearing is Clearing.ZEROS:
            self.descriptor[register, meter] &= value
            return
        columns = np.array([meter])
        for bit in sorted({bit for name in self.states for bit in self.face.alarms[name]}):
            if bit.register == register and not value & one(bit.bit) and self.held(bit, columns).any():
                self.raise_bits(register, columns, np.array([one(bit.bit)]))

    def write_descriptor(self, register: int, meter: int, written: int) -> None:
        """Clear the bits of a descriptor that are written as zeros; none can be set."""
        self.descriptor[register, meter] &= np.uint64(written)

    def take_raised(self, powered: NDArray[np.bool_]) -> list[tuple[int, tuple[int, ...]]]:
        """Hand over the new alarms of meters with supply, or at their last gasp, as bits of each register.

        They count as told; those of the other meters wait for their supply. [meters].
        """
        able = powered.copy()
        for bit in self.face.alarms.get(LAST_GASP, ()):
            able |= (self.raised[bit.register] & one(bit.bit)) != 0
        meters = np.flatnonzero(self.raised.any(axis=0) & able).tolist()
        news = [(meter, tuple(int(bits) for bits in self.raised[:, meter])) for meter in meters]
        self.raised[:, meters] = 0
        return news


def one(bit: int) -> np.uint64:
    """Make the value of a bit."""
    return np.uint64(1) << np.uint64(bit)
