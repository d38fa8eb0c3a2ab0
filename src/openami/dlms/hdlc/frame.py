"""HDLC frames of format type 3: length, addresses, control field, two check sequences (IEC 62056-46, 6.4.1)."""

from binascii import crc_hqx
from enum import Enum
from typing import Final, NamedTuple, Self

from openami.core.crc import REVERSED
from openami.core.errors import DecodeError, EncodeError
from openami.dlms.hdlc.address import address_end
from openami.dlms.hdlc.control import CONTROLS, Control

FLAG: Final = 0x7E
FLAGS: Final = b"\x7e"
#: Format type 3, and the bit that says that more segments follow.
FORMAT: Final = 0xA0
SEGMENTED: Final = 0x08
#: Octets between the flags: the least, the most (11 bits), and the longest header with its HCS.
SHORTEST: Final = 7
LONGEST: Final = 0x7FF
LONGEST_HEADER: Final = 13
#: The longest information field two stations may agree on.
MAX_INFORMATION: Final = 2030

INITIAL: Final = 0xFFFF
#: Register of the check sequence, mirrored as in `core.crc`, after octets and their right check sequence. The HCS
#: leaves this behind, so the FCS of a frame depends on its information field alone and no octet is summed twice.
RIGHT: Final = 0x1D0F
#: Mirrors and inverts the octets of a register.
SENT: Final = bytes(octet ^ 0xFF for octet in REVERSED)


class Fault(Enum):
    """Why octets are no frame."""

    FLAG = "no flag behind it"
    FORMAT = "not of format type 3"
    LENGTH = "length that no such frame has"
    ADDRESS = "address that is not of 1, 2 or 4 octets"
    HCS = "wrong HCS"
    FCS = "wrong FCS"


class Frame(NamedTuple):
    """A frame: address fields as they are sent, control field, information, whether more segments follow."""

    destination: bytes
    source: bytes
    control: Control
    information: bytes = b""
    is_segmented: bool = False

    def encode(self) -> bytes:
        """Octets from flag to flag."""
        return encode(self.destination, self.source, self.control, self.information, is_segmented=self.is_segmented)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read one frame from flag to flag."""
        if len(data) < SHORTEST + 2 or data[0] != FLAG:
            raise DecodeError(f"{len(data)} octets are no HDLC frame between flags", offset=0)
        end = 1 + frame_length(data, 0)
        if data[1] & 0xF0 != FORMAT:
            raise DecodeError(f"frame format {data[1]:02X}, {Fault.FORMAT.value}", offset=1)
        if end != len(data) - 1 or data[end] != FLAG:
            raise DecodeError(f"frame of {end - 1} octets with {len(data) - 2} between the flags", offset=1)
        frame = read(data[1:end])
        if isinstance(frame, Fault):
            raise DecodeError(f"frame with {frame.value}", offset=1)
        return cls(*frame)


def frame_length(data: bytes, start: int) -> int:
    """Length that the format field behind the flag at `start` states."""
    return (data[start + 1] & 7) << 8 | data[start + 2]


def check_sequence(octets: bytes, register: int) -> bytes:
    """HCS or FCS of the octets, as it is sent."""
    return crc_hqx(octets.translate(REVERSED), register).to_bytes(2, "big").translate(SENT)


def encode(
    destination: bytes, source: bytes, control: Control, information: bytes = b"", *, is_segmented: bool = False
) -> bytes:
    """Octets of a frame from flag to flag; without information there is no HCS."""
    addresses = destination + source
    length = len(addresses) + len(information) + (7 if information else 5)
    if length > LONGEST:
        raise EncodeError(f"HDLC frame of {length} octets, its length field holds {LONGEST}")
    first = FORMAT | SEGMENTED if is_segmented else FORMAT
    header = bytes((first | length >> 8, length & 0xFF)) + addresses + bytes((control.octet,))
    header += check_sequence(header, INITIAL)
    if not information:
        return FLAGS + header + FLAGS
    return b"".join((FLAGS, header, information, check_sequence(information, RIGHT), FLAGS))


def read(octets: bytes) -> Frame | Fault:
    """Read what stands between two flags."""
    length = len(octets)
    if length < SHORTEST:
        return Fault.LENGTH
    source = 3 if octets[2] & 1 else address_end(octets, 2)
    place = address_end(octets, source)
    if not source or not place:
        return Fault.ADDRESS
    end = place + 3
    mirrored = octets.translate(REVERSED)
    if length == end:
        if crc_hqx(mirrored, INITIAL) != RIGHT:
            return Fault.FCS
        information = b""
    else:
        if length < end + 3:
            return Fault.LENGTH
        if crc_hqx(mirrored[:end], INITIAL) != RIGHT:
            return Fault.HCS
        if crc_hqx(mirrored[end:], RIGHT) != RIGHT:
            return Fault.FCS
        information = octets[end:-2]
    return Frame(octets[2:source], octets[source:place], CONTROLS[octets[place]], information, bool(octets[0] & 8))


def is_hopeless(octets: bytes, length: int) -> bool:
    """Whether no frame of this length can begin with these octets: the header is there and wrong."""
    source = address_end(octets, 2)
    end = address_end(octets, source) + 3 if source else 0
    if end <= 3:
        return len(octets) >= LONGEST_HEADER
    if end >= length or end > len(octets):
        return end > length
    return crc_hqx(octets[:end].translate(REVERSED), INITIAL) != RIGHT
