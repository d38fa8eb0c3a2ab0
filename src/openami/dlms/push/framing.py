"""How an APDU travels: framing and addresses, and what one frame of each kind brings."""

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple, Self

from openami.core.errors import EncodeError
from openami.dlms import wrapper
from openami.dlms.gateway import REQUEST, Header
from openami.dlms.hdlc import frame
from openami.dlms.hdlc.control import Kind, unnumbered
from openami.dlms.push import mbus

LLC: Final = (b"\xe6\xe7\x00", b"\xe6\xe6\x00")
"""LLC header of what servers and clients send over HDLC (Green Book, 8.3)."""


class Framing(Enum):
    """What stands round an APDU on the line."""

    WRAPPER = "wrapper"
    HDLC = "hdlc"
    M_BUS = "m-bus"
    RAW = "raw"


class Origin(NamedTuple):
    """Which way an APDU came: the framing, and both ends: ports, or for HDLC address fields as they are sent."""

    framing: Framing
    source: int | bytes = 0
    destination: int | bytes = 0
    #: The device behind a gateway that it came from, if there is one.
    gateway: Header | None = None

    @property
    def back(self) -> Self:
        """The way back."""
        return self._replace(source=self.destination, destination=self.source)


class Piece(NamedTuple):
    """What one frame brought: an APDU or a segment of one, numbered or not."""

    origin: Origin
    octets: bytes
    is_last: bool = True
    number: int | None = None


class Rule(NamedTuple):
    """A framing whose frames tell their own size."""

    #: Octets of the frame at an offset: None while its head is not whole, 0 where none begins.
    size_of: Callable[[bytes, int], int | None]
    #: What a frame of that size brings.
    read: Callable[[bytes], Piece]


def size_of_wrapped(data: bytes, at: int) -> int | None:
    """Octets of header and APDU."""
    head = data[at : at + wrapper.SIZE]
    if not WRAPPER_VERSION.startswith(head[:2]):
        return 0
    if len(head) < wrapper.SIZE:
        return None
    length = wrapper.Header.decode(head).length
    return wrapper.SIZE + length if length else 0


def read_wrapped(octets: bytes) -> Piece:
    """An APDU behind its header."""
    header = wrapper.Header.decode(octets)
    return Piece(Origin(Framing.WRAPPER, header.source, header.destination), octets[wrapper.SIZE :])


def read_mbus(octets: bytes) -> Piece:
    """A segment in a long frame."""
    source, destination, number, is_last, segment = mbus.decode(octets)
    return Piece(Origin(Framing.M_BUS, source, destination), segment, is_last, number)


def size_of_hdlc(data: bytes, at: int) -> int | None:
    """Octets of a frame with both its flags."""
    if data[at + 1 : at + 2] and data[at + 1] & 0xF0 != frame.FORMAT:
        return 0
    if len(data) - at < 3:
        return None
    length = frame.frame_length(data, at)
    return length + 2 if length >= frame.SHORTEST else 0


def read_hdlc(octets: bytes) -> Piece:
    """What a UI or I frame carries, a segment or the whole; nothing of other frames."""
    destination, source, control, information, is_segmented = frame.Frame.decode(octets)
    origin = Origin(Framing.HDLC, source, destination)
    if control.kind not in (Kind.UI, Kind.I):
        return Piece(origin, b"")
    return Piece(origin, information, not is_segmented)


WRAPPER_VERSION: Final = wrapper.VERSION.to_bytes(2, "big")
RULES: Final = {
    Framing.WRAPPER: Rule(size_of_wrapped, read_wrapped),
    Framing.HDLC: Rule(size_of_hdlc, read_hdlc),
    Framing.M_BUS: Rule(mbus.size_of, read_mbus),
}


def enframe(origin: Origin, apdu: bytes, gateway_tag: int = REQUEST) -> list[bytes]:
    """Frames of an APDU that goes from the source of `origin` to its destination; to a device unless told."""
    if origin.gateway is not None:
        apdu = origin.gateway.encode(gateway_tag) + apdu
    return ENFRAMERS[origin.framing](origin, apdu)


def enframe_wrapped(origin: Origin, apdu: bytes) -> list[bytes]:
    """One header and the APDU."""
    source, destination = ports(origin)
    return [wrapper.Stream(source, destination).wrap(apdu)]


def enframe_mbus(origin: Origin, apdu: bytes) -> list[bytes]:
    """As many long frames as it takes."""
    source, destination = ports(origin)
    parts = cut(apdu, mbus.MAX_SEGMENT)
    return [
        mbus.LongFrame(source, destination, number, number + 1 == len(parts), part).encode()
        for number, part in enumerate(parts)
    ]


def enframe_hdlc(origin: Origin, apdu: bytes) -> list[bytes]:
    """UI frames: one, or segments of what no frame holds."""
    source, destination = fields(origin)
    parts = cut(LLC[0] + apdu, frame.MAX_INFORMATION)
    control = unnumbered(Kind.UI)
    return [
        frame.encode(destination, source, control, part, is_segmented=number + 1 < len(parts))
        for number, part in enumerate(parts)
    ]


def cut(octets: bytes, size: int) -> list[bytes]:
    """Octets in parts of at most this size."""
    return [octets[at : at + size] for at in range(0, len(octets), size)]


def ports(origin: Origin) -> tuple[int, int]:
    """Source and destination of a framing that numbers them."""
    source, destination = origin.source, origin.destination
    if not isinstance(source, int) or not isinstance(destination, int):
        raise EncodeError(f"{origin.framing.value} has ports, not address fields")
    return source, destination


def fields(origin: Origin) -> tuple[bytes, bytes]:
    """Source and destination as address fields of HDLC."""
    source, destination = origin.source, origin.destination
    if not isinstance(source, bytes) or not isinstance(destination, bytes):
        raise EncodeError(f"{origin.framing.value} has address fields, not ports")
    return source, destination


def enframe_raw(_origin: Origin, apdu: bytes) -> list[bytes]:
    """Nothing but the APDU."""
    return [apdu]


ENFRAMERS: Final[dict[Framing, Callable[[Origin, bytes], list[bytes]]]] = {
    Framing.WRAPPER: enframe_wrapped,
    Framing.HDLC: enframe_hdlc,
    Framing.M_BUS: enframe_mbus,
    Framing.RAW: enframe_raw,
}
