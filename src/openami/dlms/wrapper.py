"""Wrapper of an APDU on TCP and UDP: version, two wrapper ports, length (IEC 62056-47; Green Book, 7.3)."""

from dataclasses import dataclass
from struct import Struct
from typing import Self

from openami.core.errors import DecodeError, EncodeError

VERSION = 1
MAX_LENGTH = 0xFFFF
LAYOUT = Struct(">4H")
SIZE = LAYOUT.size


@dataclass(frozen=True, slots=True)
class Header:
    """Header of an APDU: source and destination wrapper port, length of the APDU."""

    source: int
    destination: int
    length: int

    def encode(self) -> bytes:
        """Return the eight octets."""
        return LAYOUT.pack(VERSION, self.source, self.destination, self.length)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read the eight octets at the start."""
        if len(data) < SIZE:
            raise DecodeError(f"wrapper header of {len(data)} octets, expected {SIZE}", offset=len(data))
        version, source, destination, length = LAYOUT.unpack_from(data)
        if version != VERSION:
            raise DecodeError(f"wrapper version {version}, expected {VERSION}", offset=0)
        return cls(source, destination, length)


class Stream:
    """Cuts a stream into APDUs and wraps those to be sent; the wrapper ports of the peer are not judged."""

    __slots__ = ("buffer", "destination", "max_apdu", "needed", "source")

    def __init__(self, source: int, destination: int, *, max_apdu: int = MAX_LENGTH) -> None:
        """Wrap from our port to the peer's; refuse APDUs longer than `max_apdu`."""
        self.source = source
        self.destination = destination
        self.max_apdu = max_apdu
        self.buffer = bytearray()
        self.needed = SIZE

    def wrap(self, apdu: bytes) -> bytes:
        """Put an APDU behind its header."""
        if len(apdu) > MAX_LENGTH:
            raise EncodeError(f"APDU of {len(apdu)} octets, the wrapper holds {MAX_LENGTH}")
        return LAYOUT.pack(VERSION, self.source, self.destination, len(apdu)) + apdu

    def feed(self, data: bytes) -> list[bytes]:
        """Return the APDUs that are complete by now, whatever wrapper ports they carry."""
        return [apdu for _, apdu in self.frames(data)]

    def frames(self, data: bytes) -> list[tuple[Header, bytes]]:
        """Return the APDUs that are complete by now, each with its header.

        A wrong header raises DecodeError, but only in a call that has no whole APDU to hand over before it.
        """
        if self.buffer:
            self.buffer += data
            if len(self.buffer) < self.needed:
                return []
            data = bytes(self.buffer)
        found: list[tuple[Header, bytes]] = []
        used = self.cut(data, found)
        self.buffer = bytearray(data[used:])
        return found

    def cut(self, data: bytes, found: list[tuple[Header, bytes]]) -> int:
        """Cut off whole APDUs; return where the rest starts, and note how many octets it needs to go on."""
        start, size, self.needed = 0, len(data), SIZE
        while size - start >= SIZE:
            version, source, destination, length = LAYOUT.unpack_from(data, start)
            end = start + SIZE + length
            if version != VERSION or length > self.max_apdu:
                if found:
                    break
                self.buffer = bytearray(data)
                raise self.refusal(version, length)
            if end > size:
                self.needed = SIZE + length
                break
            found.append((Header(source, destination, length), data[start + SIZE : end]))
            start = end
        return start

    def refusal(self, version: int, length: int) -> DecodeError:
        """Make the error for a header that is none, or for too long an APDU."""
        if version != VERSION:
            return DecodeError(f"wrapper version {version}, expected {VERSION}", offset=0)
        return DecodeError(f"APDU of {length} octets, at most {self.max_apdu} are taken", offset=6)
