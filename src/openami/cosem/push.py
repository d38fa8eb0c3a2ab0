"""Push setup: what the meter sends of its own accord, where and how often (Blue Book, class 40).

What a push holds and when it goes are in `cosem.pushing`; `push` and `reset` belong to the device.
"""

from enum import IntEnum
from typing import NamedTuple

from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.elements import NO_NAME, TAGGED_DATE_TIME, WINDOW, Window
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.cosem.push_elements import (
    PROTECTION_PARAMETERS,
    RESTRICTED_OBJECT,
    SELECTED_OBJECT,
    ProtectionParameters,
    RestrictedObject,
    SelectedObject,
)
from openami.dlms.data import (
    ENUM,
    INT8,
    LOGICAL_NAME,
    OCTET_STRING,
    UINT8,
    UINT16,
    UINT32,
    array,
    enum,
    structure,
)


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


class PushOperationMethod(IntEnum):
    """What makes the meter send a push again."""

    UNCONFIRMED_RETRY_ON_FAILURE = 0
    UNCONFIRMED_RETRY_ON_MISSING_CONFIRMATION = 1
    CONFIRMED = 2


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


class RepetitionDelay(NamedTuple):
    """Delay before a retry in seconds: the shortest, how it grows in per cent, the longest."""

    repetition_delay_min: int
    repetition_delay_exponent: int
    repetition_delay_max: int


class ConfirmationParameters(NamedTuple):
    """From when, and over how many seconds, confirmed data is sent again."""

    confirmation_start_date: CosemDateTime
    confirmation_interval: int


PUSH_OBJECT = structure(PushObject, UINT16, LOGICAL_NAME, INT8, UINT16)
DESTINATION = structure(Destination, ENUM, OCTET_STRING, ENUM)
REPETITION_DELAY = structure(RepetitionDelay, UINT16, UINT16, UINT16)
CONFIRMATION_PARAMETERS = structure(ConfirmationParameters, TAGGED_DATE_TIME, UINT32)


class Pushing(CosemObject):
    """What all versions share."""

    send_destination_and_method: Attribute[Destination] = Attribute(
        3, DESTINATION, default=Destination(TransportService.TCP, b"", MessageType.A_XDR)
    )
    communication_window: Attribute[list[Window]] = Attribute(4, array(WINDOW), factory=list)
    randomisation_start_interval: Attribute[int] = Attribute(5, UINT16, default=0)
    number_of_retries: Attribute[int] = Attribute(6, UINT8, default=0)

    push: Method[int, None] = Method(1, INT8)


class ProtectedPushing(Pushing):
    """What version 1 adds."""

    port_reference: Attribute[OBIS] = Attribute(8, LOGICAL_NAME, default=NO_NAME)
    push_client_sap: Attribute[int] = Attribute(9, INT8, default=0)
    push_protection_parameters: Attribute[list[ProtectionParameters]] = Attribute(
        10, PROTECTION_PARAMETERS, factory=list
    )


@interface_class(40, version=0)
class PushSetup(Pushing):
    """List, destination, windows and repetitions of a push (Blue Book, class 40, version 0)."""

    push_object_list: Attribute[list[PushObject]] = Attribute(2, array(PUSH_OBJECT), factory=list)
    repetition_delay: Attribute[int] = Attribute(7, UINT16, default=0)


@interface_class(40, version=1)
class PushSetupv1(ProtectedPushing):
    """Adds port, client and protection, and rows of a profile (Blue Book, class 40, version 1)."""

    push_object_list: Attribute[list[RestrictedObject]] = Attribute(
        2, array(RESTRICTED_OBJECT), factory=list, verified=False
    )
    repetition_delay: Attribute[int] = Attribute(7, UINT16, default=0)


@interface_class(40, version=2)
class PushSetupv2(ProtectedPushing):
    """Adds columns of a profile, confirmation and a growing delay (Blue Book, class 40, version 2)."""

    push_object_list: Attribute[list[SelectedObject]] = Attribute(
        2, array(SELECTED_OBJECT), factory=list, verified=False
    )
    repetition_delay: Attribute[RepetitionDelay] = Attribute(7, REPETITION_DELAY, default=RepetitionDelay(0, 0, 0))
    push_operation_method: Attribute[PushOperationMethod] = Attribute(
        11, enum(PushOperationMethod), default=PushOperationMethod.UNCONFIRMED_RETRY_ON_FAILURE
    )
    confirmation_parameters: Attribute[ConfirmationParameters] = Attribute(
        12, CONFIRMATION_PARAMETERS, default=ConfirmationParameters(CosemDateTime(), 0), verified=False
    )
    last_confirmation_date_time: Attribute[CosemDateTime] = Attribute(
        13, TAGGED_DATE_TIME, default=CosemDateTime(), verified=False
    )

    reset: Method[int, None] = Method(2, INT8)


@interface_class(40, version=3)
class PushSetupv3(PushSetupv2):
    """The members of version 2 (Blue Book, class 40, version 3)."""
