"""Long frames of wired M-Bus that carry DLMS (EN 13757-2; IEC 62056-7-3: CI 00 to 1F, STSAP, DTSAP).

68 L L 68, C, A, CI, source and destination SAP, a segment of the APDU, checksum, 16. Bit 4 of CI marks the
last segment, the four bits below number the segments from 0.
"""

from typing import Final, NamedTuple

from openami.core.errors import DecodeError

START: Final = 0x68
STOP: Final = 0x16
HEAD: Final = 4
TAIL: Final = 2
LEAST: Final = 5
"""C, A, CI and two SAPs."""

MAX_SEGMENT: Final = 255 - LEAST
LAST_SEGMENT: Final = 0x10
SEGMENT_NUMBER: Final = 0x0F
CI_MAX: Final = 0x1F


class LongFrame(NamedTuple):
    """One segment of an APDU."""

    source: int
    destination: int
    number: int
    is_last: bool
    octets: bytes

    def encode(self, control: int = 0x53, address: int = 0xFF) -> bytes:
        """Octets of the frame; SND_UD to the broadcast address unless told otherwise."""
        ci = (self.number & SEGMENT_NUMBER) | (LAST_SEGMENT if self.is_last else 0)
        body = bytes((control, address, ci, self.source, self.destination)) + self.octets
        length = len(body)
        return bytes((START, length, length, START)) + body + bytes((sum(body) & 0xFF, STOP))


def size_of(data: bytes, at: int) -> int | None:
    """Octets of the frame at `at`, 0 where none begins, None while that cannot be told."""
    head = data[at : at + HEAD]
    whole = len(head) == HEAD
    if head[0] != START or (len(head) > 2 and head[1] != head[2]) or (whole and head[3] != START):
        return 0
    if not whole:
        return None
    return HEAD + head[1] + TAIL if head[1] >= LEAST else 0


def decode(frame: bytes) -> LongFrame:
    """Read a frame of the size its head tells."""
    body, checksum, stop = frame[HEAD:-TAIL], frame[-2], frame[-1]
    if stop != STOP:
        raise DecodeError(f"M-Bus frame ends with {stop:02x}, expected {STOP:02x}", offset=len(frame) - 1)
    if sum(body) & 0xFF != checksum:
        raise DecodeError("checksum of the M-Bus frame is wrong", offset=len(frame) - 2)
    ci, source, destination = body[2:LEAST]
    if ci > CI_MAX:
        raise DecodeError(f"CI field {ci:02x}, DLMS uses 00 to {CI_MAX:02x}", offset=HEAD + 2)
    return LongFrame(source, destination, ci & SEGMENT_NUMBER, bool(ci & LAST_SEGMENT), body[LEAST:])
