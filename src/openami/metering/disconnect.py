"""Supply control of N meters: the state machine of the switch, why it is open, and the contact itself.

The machine is that of Blue Book, class 70. What closes the relay closes it only when nothing holds it open any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import LocalProtocolError
from openami.metering.columns import Index, Meters, select
from openami.metering.load import Minutes

if TYPE_CHECKING:
    from openami.metering.monitors import Watch
    from openami.metering.state import State


class Switch(IntEnum):
    """Logical state of the relay (control_state)."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY = 2


class Ask(IntEnum):
    """Who asks for what."""

    REMOTE_OFF = 0
    REMOTE_ON = 1
    MANUAL_OFF = 2
    MANUAL_ON = 3
    LOCAL_OFF = 4
    LOCAL_ON = 5


class Cause(IntFlag):
    """What holds the relay open."""

    REMOTE = 1
    LIMITER = 2
    OVER_VOLTAGE = 4
    NO_CREDIT = 8
    TAMPER = 16
    FUSE = 32
    MONITOR = 64
    ERROR = 128
    MANUAL = 256
    TARIFF = 512
    TEST = 1024


class Latch(IntFlag):
    """Which tamper has latched the relay open (SED302, 1.0.94.98.69.255)."""

    METER_COVER = 1
    TERMINAL_COVER = 2
    MAGNET = 4


HOLDING = ~np.uint16(Cause.REMOTE | Cause.MANUAL)
"""Causes that nobody who asks for power can overrule."""

ARROWS: Mapping[str, tuple[Switch, Ask, Switch]] = {
    "a": (Switch.DISCONNECTED, Ask.REMOTE_ON, Switch.CONNECTED),
    "b": (Switch.CONNECTED, Ask.REMOTE_OFF, Switch.DISCONNECTED),
    "c": (Switch.READY, Ask.REMOTE_OFF, Switch.DISCONNECTED),
    "d": (Switch.DISCONNECTED, Ask.REMOTE_ON, Switch.READY),
    "e": (Switch.READY, Ask.MANUAL_ON, Switch.CONNECTED),
    "f": (Switch.CONNECTED, Ask.MANUAL_OFF, Switch.READY),
    "g": (Switch.CONNECTED, Ask.LOCAL_OFF, Switch.READY),
    "h": (Switch.READY, Ask.LOCAL_ON, Switch.CONNECTED),
}
"""Transitions by the letters of the state diagram (Blue Book, class 70)."""
MODES = ("", "bcdefg", "abcefg", "bcdeg", "abceg", "bcdefgh", "bcdegh")
"""Letters that control modes 0 to 6 enable."""

EVENTS: Mapping[tuple[Ask, Switch], str] = {
    (Ask.REMOTE_OFF, Switch.DISCONNECTED): "relay_off_remote",
    (Ask.REMOTE_ON, Switch.CONNECTED): "relay_on_remote",
    (Ask.REMOTE_ON, Switch.READY): "relay_ready",
    (Ask.MANUAL_OFF, Switch.READY): "relay_off_manual",
    (Ask.MANUAL_ON, Switch.CONNECTED): "relay_on_manual",
    (Ask.LOCAL_OFF, Switch.READY): "relay_off_local",
    (Ask.LOCAL_ON, Switch.CONNECTED): "relay_on_local",
}
OWN: Mapping[Ask, tuple[int, int]] = {
    Ask.REMOTE_OFF: (Cause.REMOTE, 0),
    Ask.REMOTE_ON: (0, Cause.REMOTE),
    Ask.MANUAL_OFF: (Cause.MANUAL, 0),
}
"""Causes that an ask adds and takes away."""


def table() -> NDArray[np.uint8]:
    """State that an ask leads to, the same one where a mode has no transition. -> [modes, states, asks]."""
    after = np.repeat(np.arange(len(Switch), dtype=np.uint8)[:, None], len(Ask), axis=1)
    result = np.repeat(after[None], len(MODES), axis=0)
    for mode, letters in enumerate(MODES):
        for letter in letters:
            before, ask, then = ARROWS[letter]
            result[mode, before, ask] = then
    return result


NEXT = table()


@dataclass(slots=True)
class Relay:
    """Relays of N meters. [meters]. `closed` is the contact; one that is `stuck` does not follow.

    `latch` are the tampers that hold it open until they are written off, `enabled` those that may. A relay that does
    not `cut` switches some other load, never the supply. `life` is how many operations it is made for.
    """

    state: NDArray[np.uint8]
    mode: NDArray[np.uint8]
    causes: NDArray[np.uint16]
    latch: NDArray[np.uint8]
    enabled: NDArray[np.uint8]
    closed: NDArray[np.bool_]
    stuck: NDArray[np.bool_]
    operations: NDArray[np.uint32]
    life: int
    cuts: bool

    @classmethod
    def of(cls, meters: int, *, mode: int, life: int, enabled: int = 0, cuts: bool = True) -> Self:
        """Closed, and fresh from the factory."""
        return cls(
            np.full(meters, Switch.CONNECTED, np.uint8), np.full(meters, mode, np.uint8), np.zeros(meters, np.uint16),
            np.zeros(meters, np.uint8), np.full(meters, enabled, np.uint8), np.ones(meters, np.bool_),
            np.zeros(meters, np.bool_), np.zeros(meters, np.uint32), life, cuts,
        )  # fmt: skip

    def shape(self, _state: "State", minutes: Minutes, _start: int, _end: int) -> Minutes:
        """Take the load away from behind open relays; the voltage stays."""
        return minutes.behind(self.closed) if self.cuts else minutes

    def obey(self, state: "State", watch: "Watch", columns: Index, *, begins: bool) -> None:
        """A watch has found something, or has found it gone; a latched cause stays."""
        if begins and watch.latch:
            columns = columns[(self.enabled[columns] & np.uint8(watch.latch)) != 0]
            self.latch[columns] |= np.uint8(watch.latch)
        if begins:
            self.hold(state, columns, Cause(watch.cause))
        elif not watch.latch:
            self.let_go(state, columns, Cause(watch.cause))

    def hold(self, state: "State", columns: Index, cause: Cause) -> None:
        """Open for a cause within the meter, and stay open while it lasts."""
        self.causes[columns] |= np.uint16(cause)
        self.ask(state, columns, Ask.LOCAL_OFF)

    def let_go(self, state: "State", columns: Index, cause: Cause) -> None:
        """A cause is gone: the meter closes the relay itself where its mode says so and nothing else holds it."""
        held = columns[(self.causes[columns] & np.uint16(cause)) != 0]
        self.causes[held] &= ~np.uint16(cause)
        self.ask(state, held, Ask.LOCAL_ON)

    def ask(self, state: "State", columns: Index, ask: Ask) -> None:
        """Go where an ask leads in each meter's mode, and not to CONNECTED as long as something holds it open.

        What is held open and is asked for remotely is made ready.
        """
        before = self.state[columns]
        after = NEXT[self.mode[columns], before, ask]
        against = ~np.uint16(0) if ask is Ask.LOCAL_ON else HOLDING
        held = (self.causes[columns] & against) != 0
        waits = np.uint8(Switch.READY) if ask is Ask.REMOTE_ON else before
        after = np.where(held & (after == Switch.CONNECTED) & (before != Switch.CONNECTED), waits, after)
        moved = after != before
        adds, takes = OWN.get(ask, (0, 0))
        self.causes[columns[moved]] &= ~np.uint16(takes)
        self.causes[columns[moved]] |= np.uint16(adds)
        for target in (Switch(int(number)) for number in np.unique(after[moved])):
            self.go(state, columns[moved & (after == target)], target, EVENTS.get((ask, target), ""))

    def go(self, state: "State", columns: Index, target: Switch, event: str) -> None:
        """Take a logical state, and move the contact with it."""
        self.state[columns] = target
        if target is Switch.CONNECTED:
            self.causes[columns] = 0
        self.move(state, columns)
        if event:
            state.event(event, columns, state.now, reason=self.causes[columns])

    def move(self, state: "State", columns: Index) -> None:
        """Move contacts to where they belong; one that is stuck is reported."""
        wanted = self.state[columns] == Switch.CONNECTED
        wrong = self.closed[columns] != wanted
        able = wrong & ~self.stuck[columns]
        self.closed[columns[able]] = wanted[able]
        self.operations[columns[able]] += 1
        failed = columns[wrong & ~able]
        state.event("relay_failed", failed, state.now, reason=self.causes[failed])

    def set_stuck(self, state: "State", columns: Index, *, stuck: bool) -> None:
        """Let a contact weld or come free; one that comes free follows."""
        self.stuck[columns] = stuck
        if not stuck:
            self.move(state, columns)

    def clear_latch(self, state: "State", columns: Index) -> None:
        """Write the tamper latch off: the relay closes at once, in any mode, unless something else holds it open."""
        latched = columns[self.latch[columns] != 0]
        self.latch[latched] = 0
        self.causes[latched] &= ~np.uint16(Cause.TAMPER)
        free = latched[(self.causes[latched] == 0) & (self.state[latched] != Switch.CONNECTED)]
        self.go(state, free, Switch.CONNECTED, "relay_on_remote")


def relay_of(state: "State", name: str = "relay") -> Relay:
    """Give the relay part; a product without one refuses."""
    if name not in state.more:
        raise LocalProtocolError("this meter has no relay")
    return state.part(name, Relay)


def asked(state: "State", meters: Meters, ask: Ask, name: str = "relay") -> None:
    """Ask the relays of meters for something, e.g. `asked(state, 7, Ask.REMOTE_OFF)`."""
    relay = relay_of(state, name)
    relay.ask(state, select(meters, state.count), ask)


def hold(state: "State", meters: Meters, cause: Cause) -> None:
    """Open relays for a cause, e.g. `Cause.NO_CREDIT`."""
    relay_of(state).hold(state, select(meters, state.count), cause)


def let_go(state: "State", meters: Meters, cause: Cause) -> None:
    """Take a cause back."""
    relay_of(state).let_go(state, select(meters, state.count), cause)
