"""Modem, auto answer, auto connect: how and when the meter takes and makes calls (Blue Book, classes 27 to 29)."""

from enum import IntEnum
from typing import NamedTuple

from openami.cosem.elements import WINDOW, Window
from openami.cosem.local_ports import BAUD_RATE, BaudRate
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.dlms.data import ENUM, INT8, OCTET_STRING, UINT8, UINT16, array, structure


class Initialization(NamedTuple):
    """A command to the modem and the response to wait for."""

    request: bytes
    response: bytes


class DelayedInitialization(NamedTuple):
    """A command to the modem, the response to wait for, and a pause after it in ms."""

    request: bytes
    response: bytes
    delay_after_response: int


class ConnectMode(IntEnum):
    """When the meter connects of its own accord (class 29, mode); from 200 on a manufacturer's own."""

    NEVER = 0
    ANY_TIME = 1
    IN_WINDOW = 2
    REGULAR_IN_WINDOW_ALARM_ANY_TIME = 3
    PERMANENT = 101
    PERMANENT_IN_WINDOW = 102
    IN_WINDOW_OR_ON_CONNECT = 103
    ON_CONNECT = 104


class Rings(NamedTuple):
    """Rings before the call is answered, inside and outside a listening window."""

    nr_rings_in_window: int
    nr_rings_out_of_window: int


class AllowedCaller(NamedTuple):
    """A caller id, and what its call may do: 0 normal session, 1 wake-up only."""

    caller_id: bytes
    call_type: int


INITIALIZATION = structure(Initialization, OCTET_STRING, OCTET_STRING)
DELAYED_INITIALIZATION = structure(DelayedInitialization, OCTET_STRING, OCTET_STRING, UINT16)
RINGS = structure(Rings, UINT8, UINT8)
ALLOWED_CALLER = structure(AllowedCaller, OCTET_STRING, ENUM)


class ModemParameters(CosemObject):
    """What both versions of modem configuration share; `modem_profile` lists the modem's result codes."""

    comm_speed: Attribute[BaudRate] = Attribute(2, BAUD_RATE, default=BaudRate.BAUD_2400)
    modem_profile: Attribute[list[bytes]] = Attribute(4, array(OCTET_STRING), factory=list)


@interface_class(27, version=0)
class ModemConfiguration(ModemParameters):
    """How a modem is initialised (Blue Book, class 27, version 0)."""

    initialization_string: Attribute[list[Initialization]] = Attribute(
        3, array(INITIALIZATION), factory=list, verified=False
    )


@interface_class(27, version=1)
class ModemConfigurationv1(ModemParameters):
    """Adds a pause after each response (Blue Book, class 27, version 1)."""

    initialization_string: Attribute[list[DelayedInitialization]] = Attribute(
        3, array(DELAYED_INITIALIZATION), factory=list
    )


@interface_class(28, version=0)
class AutoAnswer(CosemObject):
    """When and how incoming calls are answered (Blue Book, class 28)."""

    mode: Attribute[int] = Attribute(2, ENUM, default=0)
    listening_window: Attribute[list[Window]] = Attribute(3, array(WINDOW), factory=list)
    status: Attribute[int] = Attribute(4, ENUM, default=0)
    number_of_calls: Attribute[int] = Attribute(5, UINT8, default=0)
    number_of_rings: Attribute[Rings] = Attribute(6, RINGS, default=Rings(0, 0))


@interface_class(28, version=2)
class AutoAnswerv2(AutoAnswer):
    """Adds the callers that may wake the meter (Blue Book, class 28, version 2)."""

    list_of_allowed_callers: Attribute[list[AllowedCaller]] = Attribute(7, array(ALLOWED_CALLER), factory=list)


class OutgoingCalls(CosemObject):
    """What all versions of auto connect share; `mode` is a `ConnectMode` or a manufacturer's own."""

    mode: Attribute[int] = Attribute(2, ENUM, default=0)
    repetitions: Attribute[int] = Attribute(3, UINT8, default=0)
    repetition_delay: Attribute[int] = Attribute(4, UINT16, default=0)
    calling_window: Attribute[list[Window]] = Attribute(5, array(WINDOW), factory=list)


@interface_class(29, version=0)
class PSTNAutoDial(OutgoingCalls):
    """When and where the meter dials (Blue Book, class 29, version 0)."""

    phone_list: Attribute[list[bytes]] = Attribute(6, array(OCTET_STRING), factory=list)


@interface_class(29, version=1)
class AutoConnect(OutgoingCalls):
    """When and where outgoing connections are made (Blue Book, class 29, version 1)."""

    destination_list: Attribute[list[bytes]] = Attribute(6, array(OCTET_STRING), factory=list)


@interface_class(29, version=2)
class AutoConnectv2(AutoConnect):
    """Adds connecting on request (Blue Book, class 29, version 2)."""

    connect: Method[int, None] = Method(1, INT8)
