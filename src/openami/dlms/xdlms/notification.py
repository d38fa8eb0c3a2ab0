"""What a meter sends unasked: data-notification with its confirmation, event-notification (Green Book, 9.3.10, 9.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Final, Self, TypeAlias

from openami.dlms.axdr import Reader
from openami.dlms.xdlms.descriptors import DESCRIPTOR, AttributeDescriptor, decode_attribute
from openami.dlms.xdlms.raw import encode_octets, open_apdu, pack, rest

#: Tag and Long-Invoke-Id-And-Priority.
HEAD = Struct(">sI")

#: Long-Invoke-Id-And-Priority: 24 bits of invoke id, and above them these.
INVOKE_ID: Final = 0x00FF_FFFF
SELF_DESCRIPTIVE: Final = 1 << 28
BREAK_ON_ERROR: Final = 1 << 29
CONFIRMED: Final = 1 << 30
HIGH_PRIORITY: Final = 1 << 31

#: Kaifa meters put the tag of an octet-string before the length of the date-time.
TAGGED_DATE_TIME = b"\x09\x0c"


@dataclass(frozen=True, slots=True)
class DataNotification:
    """A meter sends data of its own accord; no octets of date-time means it gave none."""

    long_invoke: int
    date_time: bytes
    body: bytes

    @property
    def invoke_id(self) -> int:
        """Number of the push; its confirmation carries the same."""
        return self.long_invoke & INVOKE_ID

    @property
    def wants_confirmation(self) -> bool:
        """Whether the service class is confirmed; meters that nobody can answer set it too."""
        return bool(self.long_invoke & CONFIRMED)

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return pack(HEAD, b"\x0f", self.long_invoke) + encode_octets(self.date_time) + self.body

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, b"\x0f")
        long_invoke, date_time = reader.u32(), decode_date_time(reader)
        return cls(long_invoke, date_time, rest(apdu, reader.offset))


@dataclass(frozen=True, slots=True)
class DataNotificationConfirm:
    """The receiver of a data-notification has it; the date-time is its own, if it gives one."""

    long_invoke: int
    date_time: bytes = b""

    @property
    def invoke_id(self) -> int:
        """Number of the push that is confirmed."""
        return self.long_invoke & INVOKE_ID

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return pack(HEAD, b"\x10", self.long_invoke) + encode_octets(self.date_time)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; octets behind it are ignored."""
        reader = open_apdu(apdu, b"\x10")
        return cls(reader.u32(), decode_date_time(reader))


@dataclass(frozen=True, slots=True)
class EventNotificationRequest:
    """A meter tells the new value of one attribute, and when it changed if it knows."""

    time: bytes | None
    attribute: AttributeDescriptor
    value: bytes

    def encode(self) -> bytes:
        """Octets of the APDU."""
        time = b"\x00" if self.time is None else b"\x01" + encode_octets(self.time)
        return b"\xc2" + time + pack(DESCRIPTOR, *self.attribute) + self.value

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, b"\xc2")
        time = reader.octets() if reader.flag() else None
        attribute = decode_attribute(reader)
        return cls(time, attribute, rest(apdu, reader.offset))


NotificationAPDU: TypeAlias = DataNotification | DataNotificationConfirm | EventNotificationRequest

DECODERS: dict[bytes, Callable[[bytes], NotificationAPDU]] = {
    b"\x0f": DataNotification.decode,
    b"\x10": DataNotificationConfirm.decode,
    b"\xc2": EventNotificationRequest.decode,
}
"""Tag to the decoder of each APDU of notifications."""


def decode_date_time(reader: Reader) -> bytes:
    """Read a date-time behind its length, or behind its tag and its length."""
    data, at = reader.data, reader.offset
    if data[at : at + 2] == TAGGED_DATE_TIME and reader.remaining >= 2 + 12:
        reader.offset += 1
    return reader.octets()
