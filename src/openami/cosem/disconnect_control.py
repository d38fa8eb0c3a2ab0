"""Disconnect control: the supply switch, and what may move it (Blue Book, class 70)."""

from collections.abc import Mapping
from enum import Enum, IntEnum
from types import MappingProxyType

from openami.core.errors import ActionError
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import BOOLEAN, ENUM, INT8, enum
from openami.dlms.data.codecs import Mapped
from openami.dlms.xdlms import ActionResult


class ControlState(IntEnum):
    """Logical state of the switch."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY_FOR_RECONNECTION = 2


class ControlMode(IntEnum):
    """Which transitions are enabled. What mode 7, of version 1, enables is in no text at hand: nothing."""

    NONE = 0
    MODE_1 = 1
    MODE_2 = 2
    MODE_3 = 3
    MODE_4 = 4
    MODE_5 = 5
    MODE_6 = 6
    MODE_7 = 7


class Event(Enum):
    """Who asks for what: a client, a person at the meter, or a function of the meter such as a limiter."""

    REMOTE_DISCONNECT = "remote disconnect"
    REMOTE_RECONNECT = "remote reconnect"
    MANUAL_DISCONNECT = "manual disconnect"
    MANUAL_RECONNECT = "manual reconnect"
    LOCAL_DISCONNECT = "local disconnect"
    LOCAL_RECONNECT = "local reconnect"


Arrow = tuple[ControlState, Event]

ARROWS: Mapping[str, tuple[Arrow, ControlState]] = MappingProxyType(
    {
        "a": ((ControlState.DISCONNECTED, Event.REMOTE_RECONNECT), ControlState.CONNECTED),
        "b": ((ControlState.CONNECTED, Event.REMOTE_DISCONNECT), ControlState.DISCONNECTED),
        "c": ((ControlState.READY_FOR_RECONNECTION, Event.REMOTE_DISCONNECT), ControlState.DISCONNECTED),
        "d": ((ControlState.DISCONNECTED, Event.REMOTE_RECONNECT), ControlState.READY_FOR_RECONNECTION),
        "e": ((ControlState.READY_FOR_RECONNECTION, Event.MANUAL_RECONNECT), ControlState.CONNECTED),
        "f": ((ControlState.CONNECTED, Event.MANUAL_DISCONNECT), ControlState.READY_FOR_RECONNECTION),
        "g": ((ControlState.CONNECTED, Event.LOCAL_DISCONNECT), ControlState.READY_FOR_RECONNECTION),
        "h": ((ControlState.READY_FOR_RECONNECTION, Event.LOCAL_RECONNECT), ControlState.CONNECTED),
    }
)
"""Transitions by the letters of the state diagram."""

ENABLED: Mapping[ControlMode, str] = MappingProxyType(
    {
        ControlMode.NONE: "",
        ControlMode.MODE_1: "bcdefg",
        ControlMode.MODE_2: "abcefg",
        ControlMode.MODE_3: "bcdeg",
        ControlMode.MODE_4: "abceg",
        ControlMode.MODE_5: "bcdefgh",
        ControlMode.MODE_6: "bcdegh",
        ControlMode.MODE_7: "",
    }
)
"""Letters of the transitions that each mode enables; none reconnects remotely what is ready for reconnection."""

TRANSITIONS: Mapping[ControlMode, Mapping[Arrow, ControlState]] = MappingProxyType(
    {mode: MappingProxyType(dict(ARROWS[letter] for letter in letters)) for mode, letters in ENABLED.items()}
)


def state_after(mode: ControlMode, state: ControlState, event: Event) -> ControlState:
    """Return the state an event leads to; the same one where the mode has no transition for it."""
    return TRANSITIONS[mode].get((state, event), state)


def mode_of_version_0(code: int) -> ControlMode:
    """Return the mode of a code; version 0 ends at 6."""
    if code == ControlMode.MODE_7:
        raise ValueError(f"{code} is no mode of version 0")
    return ControlMode(code)


CONTROL_MODE = Mapped("ControlMode", ENUM, mode_of_version_0, int)


@interface_class(70, version=0)
class DisconnectControl(CosemObject):
    """The switch: its output, its state and its mode (Blue Book, class 70).

    Remote events are the methods; a device tells the others to `transition`. It moves its relay from the
    writer of a `Live` output_state. Mode 0 refuses both methods.
    """

    output_state: Attribute[bool] = Attribute(2, BOOLEAN, default=True)
    control_state: Attribute[ControlState] = Attribute(3, enum(ControlState), default=ControlState.CONNECTED)
    control_mode: Attribute[ControlMode] = Attribute(4, CONTROL_MODE, default=ControlMode.NONE)

    @method(1, INT8)
    def remote_disconnect(self, _data: int) -> None:
        """Open the switch from afar."""
        self.remote(Event.REMOTE_DISCONNECT)

    @method(2, INT8)
    def remote_reconnect(self, _data: int) -> None:
        """Close the switch from afar, or make it ready to be closed by hand, as the mode says."""
        self.remote(Event.REMOTE_RECONNECT)

    def remote(self, event: Event) -> None:
        """Carry out a remote event if the mode has remote control at all."""
        if not TRANSITIONS[self.control_mode]:
            raise ActionError(
                ActionResult.READ_WRITE_DENIED, f"{self!r}: {event.value} in control mode {int(self.control_mode)}"
            )
        self.transition(event)

    def transition(self, event: Event) -> ControlState:
        """Go where the event leads in this mode and state; the new state."""
        before = self.control_state
        after = state_after(self.control_mode, before, event)
        if after != before:
            self.control_state = after
            self.output_state = after == ControlState.CONNECTED
        return after


@interface_class(70, version=1)
class DisconnectControlv1(DisconnectControl):
    """Has a mode 7, as gurux-dlms announces it (Blue Book, class 70, version 1)."""

    control_mode: Attribute[ControlMode] = Attribute(4, enum(ControlMode), default=ControlMode.NONE, verified=False)
