"""What passes on a connection, written down: as text, ciphered APDUs in clear too, or as a file for Wireshark.

    async with openami.connect(url, security=..., trace=openami.TextTrace()) as meter: ...

The text holds no password, no challenge, no reply to one and no key. A file for Wireshark holds the octets as they
passed: a password of low level security stands in it as it does on the line.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO, Final, TextIO, cast

from openami.aio.pcap import Capture, Conversation, Datagrams, End
from openami.aio.pump import Direction, Following, Tracer
from openami.aio.route import Route, Scheme
from openami.aio.tcp import DLMS_PORT, Address
from openami.aio.words import Words
from openami.core.errors import AmiError, DecodeError
from openami.dlms.hdlc import Frame, FrameStream, Kind, Parameters, ServerAddress
from openami.dlms.hdlc.llc import strip
from openami.dlms.wrapper import Stream

ARROWS: Final = {Direction.SENT: "→", Direction.RECEIVED: "←"}
#: Frames that state parameters, and those that carry APDUs.
CONNECTING: Final = frozenset((Kind.SNRM, Kind.UA))
CARRYING: Final = frozenset((Kind.I, Kind.UI))
#: Octets of frames that are gathered before an APDU must be whole.
LONGEST: Final = 1 << 20
#: Our port in a capture of a connection that has none.
NO_PORT: Final = 49_152


class TextTrace:
    """Writes a line for each frame and each APDU: when, which way, what it is, and ciphered ones also in clear."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file

    def follow(self, place: object) -> Following:
        """Begin to follow a connection."""
        is_hdlc = isinstance(place, Route) and place.scheme.is_hdlc
        return Transcript(self._file or sys.stderr, place, is_hdlc=is_hdlc)


class Transcript:
    """One connection as text."""

    def __init__(self, file: TextIO, place: object, *, is_hdlc: bool) -> None:
        self._file = file
        self._place = place
        self._words = Words()
        self._readers: dict[Direction, Frames | Wrapped] = {
            direction: Frames(self._words) if is_hdlc else Wrapped(self._words) for direction in Direction
        }
        self._at = 0.0
        self._unsent: list[str] = []

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Say who speaks with whom."""
        ours = address_of(transport, "sockname")
        self._at = time.time()
        self._write(f"connected to {self._place}" + ("" if ours is None else f" from {ours}"))

    def octets(self, direction: Direction, at: float, data: bytes) -> None:
        """Say what the octets are."""
        self._at = at
        covers = self._words.covers
        for line in self._readers[direction].read(data, at):
            self._write(f"{ARROWS[direction]} {line}")
        if direction is Direction.SENT and self._words.covers > covers:
            for line in self._unsent:
                self._write(line)
            self._unsent.clear()

    def plain(self, is_sent: bool, apdu: bytes) -> None:
        """Say an APDU in clear, below the frame that carries it."""
        arrow = ARROWS[Direction.SENT if is_sent else Direction.RECEIVED]
        line = f"{arrow}   in clear: {self._words.say(apdu)}"
        if is_sent:
            self._unsent.append(line)
        else:
            self._write(line)

    def closed(self) -> None:
        """Say that it is over."""
        self._at = time.time()
        self._write("disconnected")

    def _write(self, line: str) -> None:
        when = datetime.fromtimestamp(self._at, UTC).isoformat(timespec="milliseconds")[11:23]
        self._file.write(f"{when}Z {line}\n")


class Wrapped:
    """Wrapper headers and APDUs of one direction."""

    def __init__(self, words: Words) -> None:
        self._stream = Stream(0, 0)
        self._words = words

    def read(self, data: bytes, at: float) -> list[str]:
        """Say what has become whole."""
        del at
        try:
            frames = self._stream.frames(data)
        except DecodeError as error:
            self._stream.buffer.clear()
            return [f"{len(data)} octets that are no wrapper: {error}"]
        return [
            f"wrapper {header.source} to {header.destination}, {header.length} octets: {self._words.say(apdu)}"
            for header, apdu in frames
        ]


class Frames:
    """HDLC frames and APDUs of one direction."""

    def __init__(self, words: Words) -> None:
        self._stream = FrameStream()
        self._words = words
        self._gathered = bytearray()
        self._last: Frame | None = None

    def read(self, data: bytes, at: float) -> list[str]:
        """Say what has become whole, and what is no frame."""
        stream = self._stream
        before, noise = dict(stream.faults), stream.noise
        lines = [self._say(frame) for frame in stream.feed(data, at)]
        lines += [f"a frame: {fault.value}" for fault, count in stream.faults.items() if count > before[fault]]
        return lines + ([f"{stream.noise - noise} octets outside frames"] if stream.noise > noise else [])

    def _say(self, frame: Frame) -> str:
        control, information = frame.control, frame.information
        head = f"HDLC {ends(frame)} {control}"
        if control.kind in CONNECTING:
            return head + parameters(information)
        if not information:
            return head
        head += f"{' segmented' if frame.is_segmented else ''}, {len(information)} octets"
        apdu = self._gather(frame) if control.kind in CARRYING else None
        return head if apdu is None else f"{head}: {self._words.say(apdu)}"

    def _gather(self, frame: Frame) -> bytes | None:
        """Put segments together; one that is sent again counts once."""
        if frame == self._last:
            return None
        self._last = frame
        if len(self._gathered) < LONGEST:
            self._gathered += frame.information
        if frame.is_segmented:
            return None
        whole, self._gathered = bytes(self._gathered), bytearray()
        return strip(whole)


def ends(frame: Frame) -> str:
    """Say who sends a frame to whom."""
    return f"{address(frame.source)} to {address(frame.destination)}"


def address(octets: bytes) -> str:
    """Say an address: that of a client has one octet, as that of a server may have."""
    try:
        return str(ServerAddress.decode(octets))
    except DecodeError:
        return octets.hex()


def parameters(information: bytes) -> str:
    """Say what a station states when it connects."""
    if not information:
        return ""
    try:
        found = Parameters.decode(information)
    except AmiError as error:
        return f": {error}"
    return f": max info {found.max_info_tx}/{found.max_info_rx}, window {found.window_tx}/{found.window_rx}"


class PcapTrace:
    """Writes what passes as a pcap file, which Wireshark opens."""

    def __init__(self, file: BinaryIO) -> None:
        self._capture = Capture(file)

    def follow(self, place: object) -> Following:
        """Begin to follow a connection."""
        return Captured(self._capture, place)


class Captured:
    """One connection in a capture."""

    def __init__(self, capture: Capture, place: object) -> None:
        self._capture = capture
        self._is_datagrams = isinstance(place, Route) and place.scheme is Scheme.UDP
        self._theirs = end_of(place)
        self._ours = End.of("", NO_PORT)
        self._at = 0.0
        self._talk: Conversation | Datagrams | None = None

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Note the addresses; a serial line has none."""
        ours, theirs = address_of(transport, "sockname"), address_of(transport, "peername")
        if ours is not None and theirs is not None:
            self._ours, self._theirs = End.of(*ours), End.of(*theirs)

    def octets(self, direction: Direction, at: float, data: bytes) -> None:
        """Write octets, with the hand-shake of the connection before the first."""
        self._at = at
        if self._talk is None:
            begin = self._capture.datagrams if self._is_datagrams else self._capture.connection
            self._talk = begin(self._ours, self._theirs, lambda: self._at)
        if direction is Direction.SENT:
            self._talk.sent(data)
        else:
            self._talk.received(data)

    def plain(self, is_sent: bool, apdu: bytes) -> None:
        """Leave ciphered APDUs as they passed."""

    def closed(self) -> None:
        """Write the end of the connection."""
        if self._talk is not None:
            self._talk.closed()


def address_of(transport: asyncio.BaseTransport, name: str) -> Address | None:
    """Ask a transport for one of its two addresses; a serial line has none."""
    found: object = transport.get_extra_info(name)
    if not isinstance(found, tuple):
        return None
    host, port, *_ = cast("tuple[str, int]", found)
    return Address(host, port)


def end_of(place: object) -> End:
    """Give the other end as far as the place tells it."""
    address = place.place if isinstance(place, Route) else place
    return End.of(address.host, address.port) if isinstance(address, Address) else End.of("", DLMS_PORT)


class Traces:
    """Several traces of the same connections."""

    def __init__(self, *tracers: Tracer) -> None:
        self._tracers = tracers

    def follow(self, place: object) -> Following:
        """Begin to follow a connection."""
        return Together([tracer.follow(place) for tracer in self._tracers])


class Together:
    """Several who follow one connection."""

    def __init__(self, followings: Sequence[Following]) -> None:
        self._followings = followings

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Tell all."""
        for following in self._followings:
            following.opened(transport)

    def octets(self, direction: Direction, at: float, data: bytes) -> None:
        """Tell all."""
        for following in self._followings:
            following.octets(direction, at, data)

    def plain(self, is_sent: bool, apdu: bytes) -> None:
        """Tell all."""
        for following in self._followings:
            following.plain(is_sent, apdu)

    def closed(self) -> None:
        """Tell all."""
        for following in self._followings:
            following.closed()
