"""Segments put together to APDUs: frames of HDLC with the segmentation bit, numbered frames of M-Bus."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from openami.dlms.push.framing import LLC, Origin, Piece

SHOWN: Final = 256
"""Octets of what could not be read that are shown."""

MAX_OPEN: Final = 4
"""Senders on one line whose APDUs may arrive at the same time."""

NUMBERS: Final = 16
"""Segment numbers of M-Bus begin again after these."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Octets that are no push, and why; of long ones the first are shown."""

    reason: str
    octets: bytes


def unreadable(reason: str, octets: bytes) -> Unreadable:
    """Tell of octets that are no push."""
    return Unreadable(reason, octets[:SHOWN])


#: An APDU and which way it came.
Framed: TypeAlias = tuple[Origin, bytes]
Found: TypeAlias = Framed | Unreadable


@dataclass(slots=True)
class Open:
    """An APDU whose last segment is still to come."""

    parts: list[bytes] = field(default_factory=list[bytes])
    size: int = 0

    def lost(self, reason: str) -> Unreadable:
        """Tell that it does not come to its end."""
        return unreadable(f"{reason} after {len(self.parts)} segments", b"".join(self.parts))


class Segments:
    """Takes the pieces of one line in turn, gives the APDUs that are whole; holds no more than one may have."""

    __slots__ = ("_limit", "_open")

    def __init__(self, limit: int) -> None:
        """Refuse APDUs of more than `limit` octets."""
        self._limit = limit
        self._open: dict[Origin, Open] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether segments are still to come."""
        return bool(self._open)

    def add(self, piece: Piece) -> list[Found]:
        """Take the next piece; an APDU that cannot be completed any more is told as unreadable."""
        found: list[Found] = []
        apdu = self._open.pop(piece.origin, None)
        if apdu is not None and not follows(piece, apdu):
            found.append(apdu.lost("the next APDU begins"))
            apdu = None
        if apdu is None:
            if piece.number:
                return [*found, unreadable(f"segment {piece.number} without those before it", piece.octets)]
            apdu = Open()
        apdu.parts.append(piece.octets)
        apdu.size += len(piece.octets)
        return found + self._kept(piece, apdu)

    def give_up(self) -> list[Found]:
        """What cannot be completed any more, because the line is silent."""
        lost: list[Found] = [apdu.lost("the line is silent") for apdu in self._open.values()]
        self._open.clear()
        return lost

    def _kept(self, piece: Piece, apdu: Open) -> list[Found]:
        if apdu.size > self._limit:
            return [apdu.lost(f"APDU of more than {self._limit} octets")]
        if piece.is_last:
            octets = without_llc(b"".join(apdu.parts))
            return [(piece.origin, octets)] if octets else []
        self._open[piece.origin] = apdu
        if len(self._open) <= MAX_OPEN and sum(each.size for each in self._open.values()) <= self._limit:
            return []
        oldest = next(iter(self._open))
        return [self._open.pop(oldest).lost("too many senders at once")]


def follows(piece: Piece, apdu: Open) -> bool:
    """Whether a piece goes on with an APDU, and does not begin the next."""
    if piece.number is None:
        return not piece.octets.startswith(LLC)
    return piece.number == len(apdu.parts) % NUMBERS


def without_llc(octets: bytes) -> bytes:
    """An APDU without the LLC header in front of it, if there is one."""
    return octets[len(LLC[0]) :] if octets.startswith(LLC) else octets
