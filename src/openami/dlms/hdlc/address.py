"""Addresses of HDLC frames: client of one octet, server of 1, 2 or 4 (IEC 62056-46, 6.4.2; Green Book, 8.4.2)."""

from dataclasses import dataclass
from typing import Final, Self

from openami.core.errors import DecodeError, EncodeError

NO_STATION: Final = 0
#: All stations, in a part of one octet and in a part of two.
ALL_STATIONS: Final = {1: 0x7F, 2: 0x7F, 4: 0x3FFF}
#: Lower address of whichever physical device has made the call.
CALLING_DEVICE: Final = {2: 0x7E, 4: 0x3FFE}
LENGTHS: Final = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Upper address (SAP of the logical device) and lower address (physical device), in 1, 2 or 4 octets.

    The length is part of the address: a meter set to two octets does not answer to one. One octet holds
    the upper address alone. `ServerAddress.of(1, 17)` takes the shortest form that holds both.
    """

    upper: int
    lower: int = 0
    length: int = 1

    def __post_init__(self) -> None:
        if self.length not in LENGTHS:
            raise EncodeError(f"server address of {self.length} octets, expected 1, 2 or 4")
        last = ALL_STATIONS[self.length]
        for name, part in (("upper", self.upper), ("lower", self.lower)):
            if not 0 <= part <= last:
                raise EncodeError(f"{name} address {part}, {self.length} octets hold up to {last}")
        if self.length == 1 and self.lower:
            raise EncodeError(f"lower address {self.lower} needs a server address of 2 or 4 octets")

    def __str__(self) -> str:
        """Upper and lower address, and the length where the shortest would be another."""
        text = str(self.upper) if self.length == 1 else f"{self.upper}/{self.lower}"
        return f"{text}/4" if self.length == 4 and max(self.upper, self.lower) < 0x80 else text

    @classmethod
    def of(cls, upper: int, lower: int | None = None) -> Self:
        """The shortest address of a logical device, alone or in a physical device."""
        if lower is None:
            return cls(upper)
        return cls(upper, lower, 2 if max(upper, lower) < 0x80 else 4)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1`, `1/17` or, with the length, `1/17/4`."""
        try:
            numbers = [int(part, 0) for part in text.split("/")]
        except ValueError:
            raise DecodeError(f"{text!r} is no server address, expected such as 1, 1/17 or 1/17/4") from None
        if len(numbers) > 3:
            raise DecodeError(f"{text!r} is no server address, expected upper/lower/length")
        return cls(*numbers) if len(numbers) == 3 else cls.of(*numbers)

    @property
    def is_broadcast(self) -> bool:
        """Whether it means all logical or all physical devices: then nobody answers."""
        return self.upper == ALL_STATIONS[self.length] or (self.length > 1 and self.lower == ALL_STATIONS[self.length])

    @property
    def is_calling(self) -> bool:
        """Whether it means the physical device that has made the call."""
        return self.length > 1 and self.lower == CALLING_DEVICE[self.length]

    def resized(self, length: int) -> Self:
        """The same station in another length; one octet leaves the lower address out."""
        if length not in LENGTHS:
            raise EncodeError(f"server address of {length} octets, expected 1, 2 or 4")
        old, new = ALL_STATIONS[self.length], ALL_STATIONS[length]
        upper, lower = (part if part < old - 1 else new - old + part for part in (self.upper, self.lower))
        return type(self)(upper, lower if length > 1 else 0, length)

    def encode(self) -> bytes:
        """Octets of the address field: seven bits each, the last marked by its lowest bit."""
        if self.length == 4:
            return encode_pair(self.upper)[:2] + mark(encode_pair(self.lower))
        parts = (self.upper, self.lower)[: self.length]
        return mark(bytes(part << 1 for part in parts))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read an address field."""
        length = len(octets)
        if length not in LENGTHS:
            raise DecodeError(f"server address of {length} octets, expected 1, 2 or 4", offset=0)
        if address_end(octets, 0) != length:
            raise DecodeError(f"server address {octets.hex()} does not end with its last octet", offset=0)
        parts = [octet >> 1 for octet in octets]
        if length == 4:
            return cls(parts[0] << 7 | parts[1], parts[2] << 7 | parts[3], 4)
        return cls(parts[0], parts[1] if length == 2 else 0, length)


def encode_pair(part: int) -> bytes:
    """A part of the address as two octets."""
    return bytes((part >> 7 << 1, (part & 0x7F) << 1))


def mark(octets: bytes) -> bytes:
    """Mark the last octet as the last."""
    return octets[:-1] + bytes((octets[-1] | 1,))


def address_end(octets: bytes, start: int) -> int:
    """Where the address field that begins at `start` ends; 0 if it is not of 1, 2 or 4 octets."""
    try:
        if octets[start] & 1:
            return start + 1
        if octets[start + 1] & 1:
            return start + 2
        return start + 4 if octets[start + 3] & 1 and not octets[start + 2] & 1 else 0
    except IndexError:
        return 0


def encode_client(address: int) -> bytes:
    """Address field of a client."""
    if not 0 <= address < 0x80:
        raise EncodeError(f"client address {address}, one octet holds up to 127")
    return bytes((address << 1 | 1,))


def decode_client(octets: bytes) -> int:
    """Read the address field of a client."""
    if len(octets) != 1 or not octets[0] & 1:
        raise DecodeError(f"client address {octets.hex()}, expected one octet", offset=0)
    return octets[0] >> 1
