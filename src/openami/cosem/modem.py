"""Auto answer and auto connect: when the meter takes and makes calls (Blue Book, classes 28 and 29)."""

from typing import NamedTuple

from openami.cosem.elements import WINDOW, Window
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.dlms.data import ENUM, INT8, OCTET_STRING, UINT8, UINT16, array, structure


class Rings(NamedTuple):
    """Rings before the call is answered, inside and outside a listening window."""

    nr_rings_in_window: int
    nr_rings_out_of_window: int


class AllowedCaller(NamedTuple):
    """A caller id, and what its call may do: 0 normal session, 1 wake-up only."""

    caller_id: bytes
    call_type: int


RINGS = structure(Rings, UINT8, UINT8)
ALLOWED_CALLER = structure(AllowedCaller, OCTET_STRING, ENUM)


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


@interface_class(29, version=1)
class AutoConnect(CosemObject):
    """When and where outgoing connections are made (Blue Book, class 29, version 1)."""

    mode: Attribute[int] = Attribute(2, ENUM, default=0)
    repetitions: Attribute[int] = Attribute(3, UINT8, default=0)
    repetition_delay: Attribute[int] = Attribute(4, UINT16, default=0)
    calling_window: Attribute[list[Window]] = Attribute(5, array(WINDOW), factory=list)
    destination_list: Attribute[list[bytes]] = Attribute(6, array(OCTET_STRING), factory=list)


@interface_class(29, version=2)
class AutoConnectv2(AutoConnect):
    """Adds connecting on request (Blue Book, class 29, version 2)."""

    connect: Method[int, None] = Method(1, INT8)
