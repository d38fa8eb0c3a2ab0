"""Push setup: what the meter sends of its own accord, where and how often (Blue Book, class 40)."""

from enum import IntEnum
from typing import NamedTuple

from openami.core.obis import OBIS
from openami.cosem.elements import WINDOW, Window
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.dlms.data import ENUM, INT8, LOGICAL_NAME, OCTET_STRING, UINT8, UINT16, array, structure


class TransportService(IntEnum):
    """How the message travels; 200 to 255 are left to manufacturers."""

    TCP = 0
    UDP = 1
    FTP = 2
    SMTP = 3
    SMS = 4
    HDLC = 5
    M_BUS = 6
    ZIGBEE = 7


class MessageType(IntEnum):
    """How the message is encoded; 128 to 255 are left to manufacturers."""

    A_XDR = 0
    XML = 1


class PushObject(NamedTuple):
    """An attribute to send; data index 0 is the whole of it."""

    class_id: int
    logical_name: OBIS
    attribute_index: int
    data_index: int = 0


class Destination(NamedTuple):
    """Where the message goes: `TransportService`, address and `MessageType`."""

    transport_service: int
    destination: bytes
    message: int


PUSH_OBJECT = structure(PushObject, UINT16, LOGICAL_NAME, INT8, UINT16)
DESTINATION = structure(Destination, ENUM, OCTET_STRING, ENUM)


@interface_class(40, version=0)
class PushSetup(CosemObject):
    """List, destination, windows and repetitions of a push (Blue Book, class 40, version 0)."""

    push_object_list: Attribute[list[PushObject]] = Attribute(2, array(PUSH_OBJECT), factory=list)
    send_destination_and_method: Attribute[Destination] = Attribute(
        3, DESTINATION, default=Destination(TransportService.TCP, b"", MessageType.A_XDR)
    )
    communication_window: Attribute[list[Window]] = Attribute(4, array(WINDOW), factory=list)
    randomisation_start_interval: Attribute[int] = Attribute(5, UINT16, default=0)
    number_of_retries: Attribute[int] = Attribute(6, UINT8, default=0)
    repetition_delay: Attribute[int] = Attribute(7, UINT16, default=0)

    push: Method[int, None] = Method(1, INT8)
