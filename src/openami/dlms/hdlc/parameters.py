"""What two stations agree on when they connect: sizes and windows (IEC 62056-46, 6.4.4; Green Book, 8.4.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.hdlc.frame import MAX_INFORMATION

FORMAT_IDENTIFIER, GROUP_IDENTIFIER = 0x81, 0x80
MAX_INFO_TX, MAX_INFO_RX, WINDOW_TX, WINDOW_RX = 0x05, 0x06, 0x07, 0x08
DEFAULT_INFO: Final = 128
DEFAULT_WINDOW: Final = 1
MAX_WINDOW: Final = 7


@dataclass(frozen=True, slots=True)
class Parameters:
    """Longest information field and window, each way, as the station that states them sends and receives."""

    max_info_tx: int = DEFAULT_INFO
    max_info_rx: int = DEFAULT_INFO
    window_tx: int = DEFAULT_WINDOW
    window_rx: int = DEFAULT_WINDOW

    def __post_init__(self) -> None:
        for size in (self.max_info_tx, self.max_info_rx):
            if not 1 <= size <= MAX_INFORMATION:
                raise EncodeError(f"information field of {size} octets, allowed are 1 to {MAX_INFORMATION}")
        for window in (self.window_tx, self.window_rx):
            if not 1 <= window <= MAX_WINDOW:
                raise EncodeError(f"window of {window} frames, allowed are 1 to {MAX_WINDOW}")

    def agree(self, theirs: "Parameters") -> Self:
        """What holds for us when the peer states these: the smaller of what one sends and the other takes."""
        return type(self)(
            min(self.max_info_tx, theirs.max_info_rx),
            min(self.max_info_rx, theirs.max_info_tx),
            min(self.window_tx, theirs.window_rx),
            min(self.window_rx, theirs.window_tx),
        )

    def encode(self) -> bytes:
        """Octets of the information field of SNRM or UA."""
        body = b"".join(
            (
                encode_size(MAX_INFO_TX, self.max_info_tx),
                encode_size(MAX_INFO_RX, self.max_info_rx),
                bytes((WINDOW_TX, 4)) + self.window_tx.to_bytes(4, "big"),
                bytes((WINDOW_RX, 4)) + self.window_rx.to_bytes(4, "big"),
            )
        )
        return bytes((FORMAT_IDENTIFIER, GROUP_IDENTIFIER, len(body))) + body

    @classmethod
    def decode(cls, information: bytes) -> Self:
        """Read the information field: nothing is the defaults, values have any length, others are ignored.

        What is more than the standard allows is taken as what it allows.
        """
        found = dict(decode_values(information)) if information else {}
        for parameter, value in found.items():
            if not value and parameter in (MAX_INFO_TX, MAX_INFO_RX, WINDOW_TX, WINDOW_RX):
                raise DecodeError(f"HDLC parameter {parameter:02X} is 0", offset=information.index(parameter, 3))
        return cls(
            min(found.get(MAX_INFO_TX, DEFAULT_INFO), MAX_INFORMATION),
            min(found.get(MAX_INFO_RX, DEFAULT_INFO), MAX_INFORMATION),
            min(found.get(WINDOW_TX, DEFAULT_WINDOW), MAX_WINDOW),
            min(found.get(WINDOW_RX, DEFAULT_WINDOW), MAX_WINDOW),
        )


def encode_size(parameter: int, size: int) -> bytes:
    """A maximum information field length, in one octet where that holds it."""
    width = 1 if size < 0x100 else 2
    return bytes((parameter, width)) + size.to_bytes(width, "big")


def decode_values(information: bytes) -> Iterator[tuple[int, int]]:
    """Parameters of the group: identifier and value."""
    if information[:2] != bytes((FORMAT_IDENTIFIER, GROUP_IDENTIFIER)):
        raise DecodeError(f"HDLC parameters begin with {information[:2].hex()}, expected 8180", offset=0)
    if len(information) < 3 or len(information) < 3 + information[2]:
        raise DecodeError("group of HDLC parameters is cut off", offset=len(information))
    at, end = 3, 3 + information[2]
    while at < end:
        start = at + 2
        if start > end or (at := start + information[start - 1]) > end:
            raise DecodeError("HDLC parameter is cut off", offset=min(start, end))
        yield information[start - 2], int.from_bytes(information[start:at], "big")
