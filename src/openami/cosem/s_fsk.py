"""Setup and counters of an S-FSK power-line modem, after IEC 61334-5-1 (Blue Book, classes 50 to 53, 55 and 56)."""

from enum import IntEnum
from typing import NamedTuple

from openami.cosem.counters import Resettable
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.dlms.data import BOOLEAN, ENUM, OCTET_STRING, UINT8, UINT16, UINT32, array, enum, structure


class Repeater(IntEnum):
    """Whether the node repeats frames (class 50)."""

    NEVER = 0
    ALWAYS = 1
    DYNAMIC = 2


class Frequencies(NamedTuple):
    """Mark and space frequency, in Hz."""

    mark_frequency: int
    space_frequency: int


class Initiator(NamedTuple):
    """The client system that registered this server last."""

    system_title: bytes
    mac_address: int
    l_sap_selector: int


class Synchronizations(NamedTuple):
    """How often the node synchronized with a client system."""

    mac_address: int
    synchronizations_counter: int


class Desynchronizations(NamedTuple):
    """How often synchronization was lost, by cause."""

    nb_physical_layer_desynchronization: int
    nb_time_out_not_addressed_desynchronization: int
    nb_time_out_frame_not_ok_desynchronization: int
    nb_write_request_desynchronization: int
    nb_wrong_initiator_desynchronization: int


class BroadcastFrames(NamedTuple):
    """Broadcast frames received from a client system."""

    source_mac_address: int
    frames_counter: int


class ReplyStatus(NamedTuple):
    """Length of the reply that waits at an L-SAP."""

    l_sap_selector: int
    length_of_waiting_l_sdu: int


FREQUENCIES = structure(Frequencies, UINT32, UINT32)
INITIATOR = structure(Initiator, OCTET_STRING, UINT16, UINT8)
SYNCHRONIZATIONS = structure(Synchronizations, UINT16, UINT32)
DESYNCHRONIZATIONS = structure(Desynchronizations, *[UINT32] * 5)
BROADCAST_FRAMES = structure(BroadcastFrames, UINT16, UINT32)
REPLY_STATUS = structure(ReplyStatus, UINT8, UINT8)
NEW = 0xFFE
"""MAC address of a node that no initiator has registered."""
NO_INITIATOR = Initiator(bytes(8), 0, 0)


@interface_class(50, version=1)
class SFSKPhyMACSetup(CosemObject):
    """Phase, gains, frequencies and addresses (Blue Book, class 50)."""

    initiator_electrical_phase: Attribute[int] = Attribute(2, ENUM, default=0)
    delta_electrical_phase: Attribute[int] = Attribute(3, ENUM, default=0)
    max_receiving_gain: Attribute[int] = Attribute(4, UINT8, default=0)
    max_transmitting_gain: Attribute[int] = Attribute(5, UINT8, default=0)
    search_initiator_threshold: Attribute[int] = Attribute(6, UINT8, default=0)
    frequencies: Attribute[Frequencies] = Attribute(7, FREQUENCIES, default=Frequencies(0, 0), verified=False)
    mac_address: Attribute[int] = Attribute(8, UINT16, default=NEW)
    mac_group_addresses: Attribute[list[int]] = Attribute(9, array(UINT16), factory=list, verified=False)
    repeater: Attribute[Repeater] = Attribute(10, enum(Repeater), default=Repeater.NEVER)
    repeater_status: Attribute[bool] = Attribute(11, BOOLEAN, default=False)
    min_delta_credit: Attribute[int] = Attribute(12, UINT8, default=0)
    initiator_mac_address: Attribute[int] = Attribute(13, UINT16, default=0)
    synchronization_locked: Attribute[bool] = Attribute(14, BOOLEAN, default=False)
    transmission_speed: Attribute[int] = Attribute(15, ENUM, default=0)


@interface_class(51, version=0)
class SFSKActiveInitiator(CosemObject):
    """Who registered this server (Blue Book, class 51). The method takes the client's MAC address."""

    active_initiator: Attribute[Initiator] = Attribute(2, INITIATOR, default=NO_INITIATOR, verified=False)

    reset_new_not_synchronized: Method[int, None] = Method(1, UINT16, verified=False)


@interface_class(52, version=0)
class SFSKMACSynchronizationTimeouts(CosemObject):
    """Time-outs of synchronization; 0 takes one out of use (Blue Book, class 52)."""

    search_initiator_timeout: Attribute[int] = Attribute(2, UINT16, default=0)
    synchronization_confirmation_timeout: Attribute[int] = Attribute(3, UINT16, default=0)
    time_out_not_addressed: Attribute[int] = Attribute(4, UINT16, default=0)
    time_out_frame_not_ok: Attribute[int] = Attribute(5, UINT16, default=0)


@interface_class(53, version=0)
class SFSKMACCounters(Resettable):
    """Synchronizations and frames (Blue Book, class 53)."""

    synchronization_register: Attribute[list[Synchronizations]] = Attribute(
        2, array(SYNCHRONIZATIONS), factory=list, verified=False
    )
    desynchronization_listing: Attribute[Desynchronizations] = Attribute(
        3, DESYNCHRONIZATIONS, default=Desynchronizations(0, 0, 0, 0, 0), verified=False
    )
    broadcast_frames_counter: Attribute[list[BroadcastFrames]] = Attribute(
        4, array(BROADCAST_FRAMES), factory=list, verified=False
    )
    repetitions_counter: Attribute[int] = Attribute(5, UINT32, default=0)
    transmissions_counter: Attribute[int] = Attribute(6, UINT32, default=0)
    crc_ok_frames_counter: Attribute[int] = Attribute(7, UINT32, default=0)
    crc_nok_frames_counter: Attribute[int] = Attribute(8, UINT32, default=0)


@interface_class(55, version=1)
class IEC61334LLCSetup(CosemObject):
    """Frame length and waiting replies of the IEC 61334-4-32 LLC (Blue Book, class 55)."""

    max_frame_length: Attribute[int] = Attribute(2, UINT8, default=134, verified=False)
    reply_status_list: Attribute[list[ReplyStatus]] = Attribute(3, array(REPLY_STATUS), factory=list, verified=False)


@interface_class(56, version=0)
class SFSKReportingSystemList(CosemObject):
    """System titles of servers that reported themselves and are not yet registered (Blue Book, class 56)."""

    reporting_system_list: Attribute[list[bytes]] = Attribute(2, array(OCTET_STRING), factory=list, verified=False)
