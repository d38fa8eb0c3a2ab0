"""What a client tells its shell. `id` is what the verb returned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from openami.core.errors import AmiError, DecodeError
from openami.dlms.xdlms import (
    AccessOutcome,
    ActionOutcome,
    DataAccessResult,
    DataNotification,
    EventNotificationRequest,
    GetDataResult,
    InitiateResponse,
)
from openami.dlms.xdlms.short import InformationReportRequest

#: What a meter tells of its own accord.
Notification: TypeAlias = DataNotification | EventNotificationRequest | InformationReportRequest
#: Tag -> decoder.
NOTIFICATIONS: Final[Mapping[int, Callable[[bytes], Notification]]] = {
    0x0F: DataNotification.decode,
    0x18: InformationReportRequest.decode,
    0xC2: EventNotificationRequest.decode,
}


@dataclass(frozen=True, slots=True)
class Associated:
    """The association is open, both ends have proved who they are."""

    id: int
    response: InitiateResponse
    server_title: bytes | None = None


@dataclass(frozen=True, slots=True)
class Got:
    """Values that were read, encoded, or why one was not; in the order asked."""

    id: int
    results: list[GetDataResult]


@dataclass(frozen=True, slots=True)
class WasSet:
    """Whether each value was written, in the order asked; nothing of an unconfirmed request, which has left."""

    id: int
    results: list[DataAccessResult]


@dataclass(frozen=True, slots=True)
class Acted:
    """How each method ended and what it returned, in the order asked; nothing of an unconfirmed request."""

    id: int
    results: list[ActionOutcome]


@dataclass(frozen=True, slots=True)
class Accessed:
    """How each service of an ACCESS ended, with the value read or returned; nothing of an unconfirmed request."""

    id: int
    results: list[AccessOutcome]


@dataclass(frozen=True, slots=True)
class Released:
    """The association was released."""

    id: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A request came to nothing; after a failed `associate` or `release` there is no association.

    `partial` is the beginning of the value of one attribute, as far as its blocks had come.
    """

    id: int
    error: AmiError
    partial: bytes = b""


@dataclass(frozen=True, slots=True)
class Notified:
    """The server sent something of its own accord: the APDU, opened if it was ciphered.

    `is_protected` tells whether it came as protected as the association asks for.
    """

    apdu: bytes
    is_protected: bool = True

    @property
    def notification(self) -> Notification | None:
        """What the APDU says; None where it cannot be read."""
        try:
            return NOTIFICATIONS[self.apdu[0]](self.apdu)
        except DecodeError:
            return None


#: All that a client tells.
Event: TypeAlias = Associated | Got | WasSet | Acted | Accessed | Released | Failed | Notified
