"""GPRS modem setup, GSM diagnostic and LTE monitoring (Blue Book, classes 45, 47 and 151)."""

from enum import IntEnum
from typing import NamedTuple

from openami.core.time import CosemDateTime
from openami.cosem.elements import TAGGED_DATE_TIME
from openami.cosem.objects import Attribute, CosemObject, interface_class
from openami.dlms.data import ENUM, INT8, OCTET_STRING, UINT8, UINT16, UINT32, VISIBLE_STRING, array, structure


class QualityOfService(NamedTuple):
    """A GPRS quality of service profile."""

    precedence: int
    delay: int
    reliability: int
    peak_throughput: int
    mean_throughput: int


class QualityOfServices(NamedTuple):
    """The default profile and the one asked for."""

    default: QualityOfService
    requested: QualityOfService


class Registration(IntEnum):
    """Registration of the modem (class 47, status)."""

    NOT_REGISTERED = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5


class PacketSwitched(IntEnum):
    """Packet switched service in use (class 47, PS_status); LTE onwards from version 1."""

    INACTIVE = 0
    GPRS = 1
    EDGE = 2
    UMTS = 3
    HSDPA = 4
    LTE = 5
    CDMA = 6


class Cell(NamedTuple):
    """The serving cell as version 0 states it."""

    cell_id: int
    location_id: int
    signal_quality: int
    ber: int


class MobileCell(NamedTuple):
    """The serving cell from version 1: wider cell id, network and channel."""

    cell_id: int
    location_id: int
    signal_quality: int
    ber: int
    mcc: int
    mnc: int
    channel_number: int


class AdjacentCell(NamedTuple):
    """A neighbouring cell."""

    cell_id: int
    signal_quality: int


QOS = structure(QualityOfService, UINT8, UINT8, UINT8, UINT8, UINT8)
QOS_PAIR = structure(QualityOfServices, QOS, QOS)
CELL = structure(Cell, UINT16, UINT16, UINT8, UINT8)
MOBILE_CELL = structure(MobileCell, UINT32, UINT16, UINT8, UINT8, UINT16, UINT16, UINT32)
ADJACENT_CELL = structure(AdjacentCell, UINT16, UINT8)
ADJACENT_MOBILE_CELL = structure(AdjacentCell, UINT32, UINT8)
NO_QOS = QualityOfService(0, 0, 0, 0, 0)
UNKNOWN_SIGNAL = 99


@interface_class(45, version=0)
class GPRSModemSetup(CosemObject):
    """Access point and PIN of a mobile modem (Blue Book, class 45)."""

    apn: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"")
    pin_code: Attribute[int] = Attribute(3, UINT16, default=0)
    quality_of_service: Attribute[QualityOfServices] = Attribute(4, QOS_PAIR, default=QualityOfServices(NO_QOS, NO_QOS))


@interface_class(47, version=0)
class GSMDiagnostic(CosemObject):
    """Registration, cell and signal of a mobile modem (Blue Book, class 47, version 0)."""

    operator: Attribute[str] = Attribute(2, VISIBLE_STRING, default="")
    status: Attribute[int] = Attribute(3, ENUM, default=0)
    cs_attachment: Attribute[int] = Attribute(4, ENUM, default=0)
    ps_status: Attribute[int] = Attribute(5, ENUM, default=0)
    cell_info: Attribute[Cell] = Attribute(6, CELL, default=Cell(0, 0, UNKNOWN_SIGNAL, UNKNOWN_SIGNAL))
    adjacent_cells: Attribute[list[AdjacentCell]] = Attribute(7, array(ADJACENT_CELL), factory=list)
    capture_time: Attribute[CosemDateTime] = Attribute(8, TAGGED_DATE_TIME, default=CosemDateTime())


@interface_class(47, version=1)
class GSMDiagnosticv1(CosemObject):
    """Wider cell id, network codes and channel (Blue Book, class 47, version 1)."""

    operator: Attribute[str] = Attribute(2, VISIBLE_STRING, default="")
    status: Attribute[int] = Attribute(3, ENUM, default=0)
    cs_attachment: Attribute[int] = Attribute(4, ENUM, default=0)
    ps_status: Attribute[int] = Attribute(5, ENUM, default=0)
    cell_info: Attribute[MobileCell] = Attribute(
        6, MOBILE_CELL, default=MobileCell(0, 0, UNKNOWN_SIGNAL, UNKNOWN_SIGNAL, 0, 0, 0), verified=False
    )
    adjacent_cells: Attribute[list[AdjacentCell]] = Attribute(
        7, array(ADJACENT_MOBILE_CELL), factory=list, verified=False
    )
    capture_time: Attribute[CosemDateTime] = Attribute(8, TAGGED_DATE_TIME, default=CosemDateTime())


@interface_class(47, version=2)
class GSMDiagnosticv2(GSMDiagnosticv1):
    """More codes of registration and service; the same attributes (version 2)."""


class NetworkParameters(NamedTuple):
    """Timers and levels of LTE as version 0 states them."""

    t3402: int
    t3412: int
    rsrq: int
    rsrp: int
    q_rxlev_min: int


class ExtendedNetworkParameters(NamedTuple):
    """Timers of LTE with power saving and coverage enhancement (version 1)."""

    t3402: int
    t3412: int
    t3412ext2: int
    t3324: int
    te_drx: int
    tptw: int
    q_rxlev_min: int
    q_rxlev_min_ce: int
    q_rxlev_min_ce1: int


class Signal(NamedTuple):
    """Quality, level and noise of the signal, and coverage enhancement."""

    signal_quality: int
    signal_level: int
    signal_to_noise_ratio: int
    coverage_enhancement: int


NETWORK_PARAMETERS = structure(NetworkParameters, UINT16, UINT16, UINT8, UINT8, INT8)
EXTENDED_NETWORK_PARAMETERS = structure(
    ExtendedNetworkParameters, UINT16, UINT16, UINT32, UINT16, UINT32, UINT16, INT8, INT8, INT8
)
SIGNAL = structure(Signal, INT8, INT8, INT8, ENUM)


@interface_class(151, version=0)
class LTEMonitoring(CosemObject):
    """Timers and levels of an LTE modem (Blue Book, class 151, version 0)."""

    lte_network_parameters: Attribute[NetworkParameters] = Attribute(
        2, NETWORK_PARAMETERS, default=NetworkParameters(0, 0, 0, 0, 0), verified=False
    )


@interface_class(151, version=1)
class LTEMonitoringv1(CosemObject):
    """Timers and quality of an LTE modem, with NB-IoT and LTE-M (Blue Book, class 151, version 1)."""

    lte_network_parameters: Attribute[ExtendedNetworkParameters] = Attribute(
        2,
        EXTENDED_NETWORK_PARAMETERS,
        default=ExtendedNetworkParameters(0, 0, 0, 0, 0, 0, 0, 0, 0),
        verified=False,
    )
    lte_quality_of_service: Attribute[Signal] = Attribute(3, SIGNAL, default=Signal(0, 0, 0, 0), verified=False)
