"""M-Bus: sub-meters, the master's port, a server's port, the radio link (Blue Book, classes 72, 74, 76 and 77)."""

from enum import IntEnum
from typing import NamedTuple

from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.elements import NO_NAME, WINDOW, Window
from openami.cosem.local_ports import BAUD_RATE, BaudRate
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class, method
from openami.dlms.data import (
    DATE_TIME,
    ENUM,
    INT8,
    LOGICAL_NAME,
    OCTET_STRING,
    SIMPLE,
    UINT8,
    UINT16,
    UINT32,
    Simple,
    array,
    choice,
    enum,
    structure,
)


class EncryptionKeyStatus(IntEnum):
    """How far the key of a sub-meter has come (class 72, version 1)."""

    NO_ENCRYPTION_KEY = 0
    ENCRYPTION_KEY_SET = 1
    ENCRYPTION_KEY_TRANSFERRED = 2
    ENCRYPTION_KEY_SET_AND_TRANSFERRED = 3
    ENCRYPTION_KEY_IN_USE = 4


class LinkStatus(IntEnum):
    """State of the radio link (class 77)."""

    NONE = 0
    NORMAL = 1
    TEMPORARILY_INTERRUPTED = 2
    PERMANENTLY_INTERRUPTED = 3


class CaptureDefinition(NamedTuple):
    """A value of the sub-meter, by its data and value information blocks (EN 13757-3)."""

    data_information_block: bytes
    value_information_block: bytes


class DataToSend(NamedTuple):
    """A value for the sub-meter."""

    data_information_block: bytes
    value_information_block: bytes
    data: Simple


class BroadcastFrames(NamedTuple):
    """Broadcast frames of one client: how many, and when the last came."""

    client_id: int
    counter: int
    time_stamp: CosemDateTime


class AttributeTime(NamedTuple):
    """The attribute that changed last, and when."""

    attribute_id: int
    time_stamp: CosemDateTime


CAPTURE_DEFINITION = structure(CaptureDefinition, OCTET_STRING, OCTET_STRING)
DATA_TO_SEND = structure(DataToSend, OCTET_STRING, OCTET_STRING, SIMPLE)
BROADCAST_FRAMES = structure(BroadcastFrames, UINT8, UINT32, DATE_TIME)
ATTRIBUTE_TIME = structure(AttributeTime, UINT8, DATE_TIME)
PRIMARY_ADDRESS = choice(INT8, UINT8)
"""Address to install at: integer 0, as gurux-dlms sends it, or unsigned."""


@interface_class(72, version=0)
class MBusClient(CosemObject):
    """A sub-meter on the M-Bus; the device carries out the methods (Blue Book, class 72, version 0)."""

    mbus_port_reference: Attribute[OBIS] = Attribute(2, LOGICAL_NAME, default=NO_NAME)
    capture_definition: Attribute[list[CaptureDefinition]] = Attribute(3, array(CAPTURE_DEFINITION), factory=list)
    capture_period: Attribute[int] = Attribute(4, UINT32, default=0)
    primary_address: Attribute[int] = Attribute(5, UINT8, default=0)
    identification_number: Attribute[int] = Attribute(6, UINT32, default=0)
    manufacturer_id: Attribute[int] = Attribute(7, UINT16, default=0)
    device_version: Attribute[int] = Attribute(8, UINT8, default=0)
    device_type: Attribute[int] = Attribute(9, UINT8, default=0)
    access_number: Attribute[int] = Attribute(10, UINT8, default=0)
    status: Attribute[int] = Attribute(11, UINT8, default=0)
    alarm: Attribute[int] = Attribute(12, UINT8, default=0)

    slave_install: Method[int, None] = Method(1, PRIMARY_ADDRESS)
    slave_deinstall: Method[int, None] = Method(2, INT8)
    capture: Method[int, None] = Method(3, INT8)
    reset_alarm: Method[int, None] = Method(4, INT8)
    synchronize_clock: Method[int, None] = Method(5, INT8)
    data_send: Method[list[DataToSend], None] = Method(6, array(DATA_TO_SEND), verified=False)
    set_encryption_key: Method[bytes, None] = Method(7, OCTET_STRING)
    transfer_key: Method[bytes, None] = Method(8, OCTET_STRING)


@interface_class(72, version=1)
class MBusClientv1(MBusClient):
    """Adds the configuration word and the state of the key (Blue Book, class 72, version 1)."""

    configuration: Attribute[int] = Attribute(13, UINT16, default=0)
    encryption_key_status: Attribute[EncryptionKeyStatus] = Attribute(
        14, enum(EncryptionKeyStatus), default=EncryptionKeyStatus.NO_ENCRYPTION_KEY
    )


@interface_class(74, version=0)
class MBusMasterPortSetup(CosemObject):
    """Speed of the port to the sub-meters (Blue Book, class 74)."""

    comm_speed: Attribute[BaudRate] = Attribute(2, BAUD_RATE, default=BaudRate.BAUD_2400)


@interface_class(76, version=0)
class DLMSServerMBusPortSetup(CosemObject):
    """Port of a DLMS server that is itself a slave on the M-Bus (Blue Book, class 76).

    The facts state eleven attributes; names and types are from general knowledge.
    """

    mbus_profile_selection: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"", verified=False)
    mbus_port_communication_state: Attribute[int] = Attribute(3, ENUM, default=0, verified=False)
    mbus_data_header_type: Attribute[int] = Attribute(4, ENUM, default=0, verified=False)
    primary_address: Attribute[int] = Attribute(5, UINT8, default=0, verified=False)
    identification_number: Attribute[int] = Attribute(6, UINT32, default=0, verified=False)
    manufacturer_id: Attribute[int] = Attribute(7, UINT16, default=0, verified=False)
    mbus_version: Attribute[int] = Attribute(8, UINT8, default=0, verified=False)
    device_type: Attribute[int] = Attribute(9, UINT8, default=0, verified=False)
    max_pdu_size: Attribute[int] = Attribute(10, UINT16, default=0, verified=False)
    listening_window: Attribute[list[Window]] = Attribute(11, array(WINDOW), factory=list, verified=False)


@interface_class(77, version=0)
class MBusDiagnostic(CosemObject):
    """Level and counters of the radio link to a sub-meter (Blue Book, class 77)."""

    received_signal_strength: Attribute[int] = Attribute(2, UINT8, default=0)
    channel_id: Attribute[int] = Attribute(3, UINT8, default=0)
    link_status: Attribute[LinkStatus] = Attribute(4, enum(LinkStatus), default=LinkStatus.NONE)
    broadcast_frames_counter: Attribute[list[BroadcastFrames]] = Attribute(
        5, array(BROADCAST_FRAMES), factory=list, verified=False
    )
    transmissions_counter: Attribute[int] = Attribute(6, UINT32, default=0)
    fcs_ok_frames_counter: Attribute[int] = Attribute(7, UINT32, default=0)
    fcs_nok_frames_counter: Attribute[int] = Attribute(8, UINT32, default=0)
    capture_time: Attribute[AttributeTime] = Attribute(
        9, ATTRIBUTE_TIME, default=AttributeTime(0, CosemDateTime()), verified=False
    )

    @method(1, INT8)
    def reset(self, _data: int) -> None:
        """Set the counters to 0."""
        self.broadcast_frames_counter = []
        self.transmissions_counter = self.fcs_ok_frames_counter = self.fcs_nok_frames_counter = 0
