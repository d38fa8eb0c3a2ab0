"""Setup of wired ports: local, HDLC, twisted pair, M-Bus slave (Blue Book, classes 19, 23, 24 and 25)."""

from enum import IntEnum

from openami.cosem.objects import Attribute, CosemObject, interface_class
from openami.dlms.data import ENUM, INT8, OCTET_STRING, UINT8, UINT16, array, enum


class BaudRate(IntEnum):
    """Speed of a port, by its code."""

    BAUD_300 = 0
    BAUD_600 = 1
    BAUD_1200 = 2
    BAUD_2400 = 3
    BAUD_4800 = 4
    BAUD_9600 = 5
    BAUD_19200 = 6
    BAUD_38400 = 7
    BAUD_57600 = 8
    BAUD_115200 = 9


class PortMode(IntEnum):
    """Protocol a local port begins with (class 19, default_mode); UNSPECIFIED from version 1."""

    IEC_62056_21 = 0
    HDLC = 1
    UNSPECIFIED = 2


class ResponseTime(IntEnum):
    """Shortest time between request and response (class 19)."""

    MS_20 = 0
    MS_200 = 1


class AddressState(IntEnum):
    """Whether the bus address was assigned (class 25)."""

    NOT_ASSIGNED = 0
    ASSIGNED = 1


BAUD_RATE = enum(BaudRate)


@interface_class(19, version=0)
class IECLocalPortSetup(CosemObject):
    """Optical or electrical port after IEC 62056-21 (Blue Book, class 19, version 0)."""

    default_mode: Attribute[PortMode] = Attribute(2, enum(PortMode), default=PortMode.IEC_62056_21)
    default_baud: Attribute[BaudRate] = Attribute(3, BAUD_RATE, default=BaudRate.BAUD_300)
    prop_baud: Attribute[BaudRate] = Attribute(4, BAUD_RATE, default=BaudRate.BAUD_9600)
    response_time: Attribute[ResponseTime] = Attribute(5, enum(ResponseTime), default=ResponseTime.MS_200)
    device_addr: Attribute[bytes] = Attribute(6, OCTET_STRING, default=b"")
    pass_p1: Attribute[bytes] = Attribute(7, OCTET_STRING, default=b"")
    pass_p2: Attribute[bytes] = Attribute(8, OCTET_STRING, default=b"")
    pass_w5: Attribute[bytes] = Attribute(9, OCTET_STRING, default=b"")


@interface_class(19, version=1)
class IECLocalPortSetupv1(IECLocalPortSetup):
    """A port may leave its protocol open; the same attributes (version 1)."""


class HDLCPort(CosemObject):
    """What both versions of HDLC setup share."""

    comm_speed: Attribute[BaudRate] = Attribute(2, BAUD_RATE, default=BaudRate.BAUD_9600)
    window_size_transmit: Attribute[int] = Attribute(3, UINT8, default=1)
    window_size_receive: Attribute[int] = Attribute(4, UINT8, default=1)
    inactivity_time_out: Attribute[int] = Attribute(8, UINT16, default=120)
    device_address: Attribute[int] = Attribute(9, UINT16, default=16)


@interface_class(23, version=0)
class IECHDLCSetup(HDLCPort):
    """A port that runs HDLC, with short information fields (Blue Book, class 23, version 0)."""

    max_info_field_length_transmit: Attribute[int] = Attribute(5, UINT8, default=128)
    max_info_field_length_receive: Attribute[int] = Attribute(6, UINT8, default=128)
    inter_octet_time_out: Attribute[int] = Attribute(7, UINT16, default=30)


@interface_class(23, version=1)
class IECHDLCSetupv1(HDLCPort):
    """Information fields of up to 2,030 octets; time-outs in ms and s (version 1)."""

    max_info_field_length_transmit: Attribute[int] = Attribute(5, UINT16, default=128)
    max_info_field_length_receive: Attribute[int] = Attribute(6, UINT16, default=128)
    inter_octet_time_out: Attribute[int] = Attribute(7, UINT16, default=25)


@interface_class(24, version=0)
class IECTwistedPairSetup(CosemObject):
    """Twisted pair with carrier after IEC 62056-31 (Blue Book, class 24, version 0)."""

    secondary_address: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"", verified=False)
    primary_address_list: Attribute[list[int]] = Attribute(3, array(UINT8), factory=list, verified=False)
    tabi_list: Attribute[list[int]] = Attribute(4, array(INT8), factory=list, verified=False)
    fatal_error: Attribute[int] = Attribute(5, ENUM, default=0, verified=False)


@interface_class(24, version=1)
class IECTwistedPairSetupv1(CosemObject):
    """Mode and speed in place of secondary address and error (Blue Book, class 24, version 1)."""

    mode: Attribute[int] = Attribute(2, ENUM, default=0, verified=False)
    speed: Attribute[int] = Attribute(3, ENUM, default=0, verified=False)
    primary_address_list: Attribute[list[int]] = Attribute(4, array(UINT8), factory=list, verified=False)
    tabi_list: Attribute[list[int]] = Attribute(5, array(INT8), factory=list, verified=False)


@interface_class(25, version=0)
class MBusSlavePortSetup(CosemObject):
    """A port through which an M-Bus master reads this device (Blue Book, class 25)."""

    default_baud: Attribute[BaudRate] = Attribute(2, BAUD_RATE, default=BaudRate.BAUD_300)
    avail_baud: Attribute[BaudRate] = Attribute(3, BAUD_RATE, default=BaudRate.BAUD_300)
    addr_state: Attribute[AddressState] = Attribute(4, enum(AddressState), default=AddressState.NOT_ASSIGNED)
    bus_address: Attribute[int] = Attribute(5, UINT8, default=0)
