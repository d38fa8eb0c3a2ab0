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
        if not self.buffer and len(data) > SIZE:  # the usual case, without a header for nobody
            version, _, _, length = LAYOUT.unpack_from(data)
            if version == VERSION and length == len(data) - SIZE <= self.max_apdu:
                return [data[SIZE:]]
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


class ClientStream(Stream):
    """The wrapper as a client's link: it needs no setting up, and nothing on it is late but the answer."""

    __slots__ = ("_out",)
    is_connected: bool = True
    progress: int = 0
    deadline: float | None = None

    def __init__(self, source: int, destination: int, *, max_apdu: int = MAX_LENGTH) -> None:
        super().__init__(source, destination, max_apdu=max_apdu)
        self._out: list[bytes] = []

    def connect(self, now: float) -> None:
        """Nothing to do: the stream is connected."""

    def send(self, apdu: bytes, now: float) -> None:
        """Take an APDU to be sent."""
        self._out.append(self.wrap(apdu))

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take what has arrived; the APDUs that are whole by now."""
        return self.feed(data)

    def expire(self, now: float) -> None:
        """Nothing is ever repeated."""

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        out, self._out = self._out, []
        return out

    def disconnect(self, now: float) -> bool:
        """Nothing to do: the stream is closed by its owner."""
        return True

    def abort(self) -> None:
        """Forget what was half received or not yet sent."""
        self.buffer.clear()
        self.needed = SIZE
        self._out.clear()


class ServerStream(Stream):
    """The wrapper as a server's link: one wrapper port of ours, clients told apart by theirs."""

    __slots__ = ("_out",)
    deadline: float | None = None

    def __init__(self, server_sap: int, *, max_apdu: int = MAX_LENGTH) -> None:
        super().__init__(server_sap, 0, max_apdu=max_apdu)
        self._out: list[bytes] = []

    def receive(self, data: bytes, now: float) -> list[tuple[int, bytes | None]]:
        """Take what has arrived: client SAP and APDU, of those that are for us."""
        if not self.buffer and len(data) > SIZE:  # the usual case, without a header for nobody
            version, source, destination, length = LAYOUT.unpack_from(data)
            if version == VERSION and length == len(data) - SIZE <= self.max_apdu:
                return [(source, data[SIZE:])] if destination == self.source else []
        return [(head.source, apdu) for head, apdu in self.frames(data) if apdu and head.destination == self.source]

    def send(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Take an answer to be sent."""
        self._out.append(LAYOUT.pack(VERSION, self.source, client_sap, len(apdu)) + apdu)

    def notify(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Take an APDU that nobody asked for: it leaves like an answer."""
        self.send(client_sap, apdu, now)

    def expire(self, now: float) -> list[tuple[int, bytes | None]]:
        """Nothing is ever repeated, nobody leaves."""
        return []

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        out, self._out = self._out, []
        return out

    def abort(self) -> None:
        """Forget what was half received or not yet sent."""
        self.buffer.clear()
        self.needed = SIZE
        self._out.clear()
