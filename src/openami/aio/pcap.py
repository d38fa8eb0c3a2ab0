"""What passes on a connection as a pcap file, for Wireshark: the octets are real, the headers round them made up.

Link type 101 (raw IP). A stream becomes a TCP connection with its hand-shake, sequence numbers and end; a
serial line is written as one too, because that is how the dissectors of DLMS expect HDLC. Datagrams stay datagrams.
"""

import struct
from collections.abc import Callable
from enum import IntFlag
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import BinaryIO, Final, NamedTuple, Self

MAGIC: Final = 0xA1B2C3D4
LINKTYPE_RAW: Final = 101
SNAPLEN: Final = 0x40000
MSS: Final = 1400
WINDOW: Final = 0xFFFF
TCP: Final = 6
UDP: Final = 17
#: Where the checksum stands in the header of each protocol.
CHECKSUM_AT: Final = {TCP: 16, UDP: 6}
FILE_HEAD = struct.Struct("<IHHiIII")
RECORD_HEAD = struct.Struct("<IIII")
SEGMENT = struct.Struct(">HHIIBBHHH")
DATAGRAM = struct.Struct(">HHHH")
IPV4 = struct.Struct(">BBHHHBBH4s4s")
IPV6 = struct.Struct(">IHBB16s16s")


class Flag(IntFlag):
    """Flags of a TCP segment."""

    FIN = 0x01
    SYN = 0x02
    PSH = 0x08
    ACK = 0x10


class End(NamedTuple):
    """One end of a connection."""

    host: IPv4Address | IPv6Address
    port: int

    @classmethod
    def of(cls, host: str, port: int) -> Self:
        """Take a numeric address; a name, or a serial line, stands as 127.0.0.1."""
        try:
            return cls(ip_address(host.partition("%")[0]), port)
        except ValueError:
            return cls(IPv4Address("127.0.0.1"), port)


class Capture:
    """A pcap file that is being written; records are flushed as they come, so that a crash leaves them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(FILE_HEAD.pack(MAGIC, 2, 4, 0, 0, SNAPLEN, LINKTYPE_RAW))

    def packet(self, at: float, octets: bytes) -> None:
        """Write one packet, seen at `at` (seconds since 1970, UTC)."""
        seconds, micros = divmod(round(at * 1_000_000), 1_000_000)
        self._file.write(RECORD_HEAD.pack(seconds, micros, len(octets), len(octets)) + octets)
        self._file.flush()

    def connection(self, ours: End, theirs: End, clock: Callable[[], float]) -> "Conversation":
        """Begin a connection that we have opened."""
        return Conversation(self, ours, theirs, clock)

    def datagrams(self, ours: End, theirs: End, clock: Callable[[], float]) -> "Datagrams":
        """Begin an exchange of datagrams."""
        return Datagrams(self, ours, theirs, clock)


class Conversation:
    """One connection in a capture."""

    def __init__(self, capture: Capture, ours: End, theirs: End, clock: Callable[[], float]) -> None:
        self._capture = capture
        self._clock = clock
        self._ends = End(mapped(theirs.host, ours.host), ours.port), theirs
        #: Next sequence number of each end.
        self._next = [0, 0]
        self._segment(0, Flag.SYN)
        self._segment(1, Flag.SYN | Flag.ACK)
        self._segment(0, Flag.ACK)

    def sent(self, data: bytes) -> None:
        """Write octets that we sent."""
        self._carry(0, data)

    def received(self, data: bytes) -> None:
        """Write octets that the other end sent."""
        self._carry(1, data)

    def closed(self) -> None:
        """Write that both ends have closed."""
        self._segment(0, Flag.FIN | Flag.ACK)
        self._segment(1, Flag.FIN | Flag.ACK)
        self._segment(0, Flag.ACK)

    def _carry(self, end: int, data: bytes) -> None:
        for start in range(0, len(data), MSS):
            self._segment(end, Flag.PSH | Flag.ACK, data[start : start + MSS])

    def _segment(self, end: int, flags: Flag, data: bytes = b"") -> None:
        source, destination = self._ends[end], self._ends[1 - end]
        acknowledged = self._next[1 - end] if flags & Flag.ACK else 0
        numbers = self._next[end] & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF
        head = SEGMENT.pack(source.port, destination.port, *numbers, 5 << 4, flags, WINDOW, 0, 0)
        self._capture.packet(self._clock(), in_ip(source, destination, TCP, head + data))
        self._next[end] += len(data) + bool(flags & (Flag.SYN | Flag.FIN))


class Datagrams:
    """Datagrams between two ends in a capture."""

    def __init__(self, capture: Capture, ours: End, theirs: End, clock: Callable[[], float]) -> None:
        self._capture = capture
        self._clock = clock
        self._ends = End(mapped(theirs.host, ours.host), ours.port), theirs

    def sent(self, data: bytes) -> None:
        """Write a datagram that we sent."""
        self._carry(*self._ends, data)

    def received(self, data: bytes) -> None:
        """Write a datagram that the other end sent."""
        ours, theirs = self._ends
        self._carry(theirs, ours, data)

    def closed(self) -> None:
        """Datagrams have no end."""

    def _carry(self, source: End, destination: End, data: bytes) -> None:
        head = DATAGRAM.pack(source.port, destination.port, DATAGRAM.size + len(data), 0)
        self._capture.packet(self._clock(), in_ip(source, destination, UDP, head + data))


def mapped(like: IPv4Address | IPv6Address, host: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the loopback address of the other end's version, where the versions differ."""
    if like.version == host.version:
        return host
    return IPv4Address("127.0.0.1") if like.version == 4 else IPv6Address("::1")


def checksum(octets: bytes) -> int:
    """Return the ones' complement sum of RFC 1071."""
    padded = octets + bytes(len(octets) % 2)
    total = sum(padded[::2]) * 0x100 + sum(padded[1::2])
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_checksum(source: End, destination: End, protocol: int, segment: bytes) -> bytes:
    """Put in the checksum over the pseudo-header (RFC 9293, 3.1, and RFC 768; in IPv4's the sum is the same)."""
    pseudo = source.host.packed + destination.host.packed + struct.pack(">II", len(segment), protocol)
    at = CHECKSUM_AT[protocol]
    total = checksum(pseudo + segment) or (0xFFFF if protocol == UDP else 0)
    return segment[:at] + total.to_bytes(2, "big") + segment[at + 2 :]


def in_ip(source: End, destination: End, protocol: int, segment: bytes) -> bytes:
    """Put a segment or datagram, with its checksum, behind the IP header of its version."""
    segment = with_checksum(source, destination, protocol, segment)
    ends = source.host.packed, destination.host.packed
    if source.host.version == 6:
        return IPV6.pack(6 << 28, len(segment), protocol, 64, *ends) + segment
    head = IPV4.pack(0x45, 0, IPV4.size + len(segment), 0, 0x4000, 64, protocol, 0, *ends)
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + segment
