"""APDUs out of the octets of one line, whatever frames them; what cannot be read is told once, and left behind.

The framing is found by the first octets: 00 01 is the wrapper, 7E HDLC, 68 L L 68 M-Bus, the tag of a push
or an LLC header no framing at all. Once a framing has brought a good frame, the line keeps to it.
"""

import re
from typing import Final, NoReturn

from openami.core.errors import DecodeError
from openami.dlms import wrapper
from openami.dlms.push.extent import SHAPES, Extent
from openami.dlms.push.framing import LLC, RULES, Framing, Origin, Piece
from openami.dlms.push.segments import Found, Segments, unreadable

MAX_APDU: Final = 0xFFFF
FLAG: Final = b"\x7e"
FORMAT_TYPE: Final = 0xA
"""Upper half of the octet behind the opening flag (ISO/IEC 13239, format type 3)."""

BEGINNINGS: Final = {0x00: Framing.WRAPPER, 0x7E: Framing.HDLC, 0x68: Framing.M_BUS}
BEGINNING: Final = re.compile(rb"[\x00\x7e\x68]")
LLC_FIRST: Final = LLC[0][0]
PUSH_TAGS: Final = frozenset(SHAPES) - {16}
"""What an APDU without framing may begin with; a confirmation only where the framing is pinned."""


class Deframer:
    """Cuts the octets of one line into APDUs; it holds no more than one of them, and segments."""

    __slots__ = (
        "_buffer",
        "_extent",
        "_framing",
        "_is_fresh",
        "_is_lost",
        "_is_pinned",
        "_limit",
        "_needed",
        "_segments",
    )

    def __init__(self, framing: Framing | None = None, *, max_apdu: int = MAX_APDU) -> None:
        """Take this framing alone, or find it out; refuse APDUs of more than `max_apdu` octets."""
        self._framing = framing
        self._is_pinned = framing is not None
        self._limit = max_apdu
        self._segments = Segments(max_apdu)
        self._buffer = bytearray()
        self._needed = 1
        self._extent: Extent | None = None
        self._is_lost = False
        #: Whether an APDU without framing may begin here: nothing was missed before it.
        self._is_fresh = True

    @property
    def is_waiting(self) -> bool:
        """Whether something has begun whose end is missing."""
        return self._segments.is_waiting or bool(self._buffer.strip(FLAG))

    def receive(self, data: bytes) -> list[Found]:
        """Take octets; the APDUs that are whole by now, and what is none."""
        self._buffer += data
        return self._cut() if len(self._buffer) >= self._needed else []

    def give_up(self) -> list[Found]:
        """What is left is not going to be completed: the line is silent, or the datagram has ended."""
        found = self._cut(is_final=True) + self._segments.give_up()
        self._is_lost, self._is_fresh = False, True
        return found

    def _cut(self, *, is_final: bool = False) -> list[Found]:
        data, at = bytes(self._buffer), 0
        found: list[Found] = []
        self._needed = 1
        while (at := self._behind_flags(data, at, is_final=is_final)) < len(data):
            try:
                end = self._end(data, at)
                if end is None or end > len(data):
                    if not is_final:
                        self._needed = (end or len(data) + 1) - at
                        break
                    end = cut_off(len(data) - at)
                at = self._take(data, at, end, found)
            except DecodeError as error:
                at = self._lose(data, at, str(error), found)
        self._buffer = bytearray(data[at:])
        return found

    def _behind_flags(self, data: bytes, at: int, *, is_final: bool) -> int:
        """Leave out flags that only fill the time between frames."""
        if self._framing in (None, Framing.HDLC):
            while data[at : at + 1] == FLAG:
                following = data[at + 1 : at + 2]
                if following[0] >> 4 == FORMAT_TYPE if following else not is_final:
                    return at
                at += 1
        return at

    def _end(self, data: bytes, at: int) -> int | None:
        """Offset behind the frame that begins here, as far as its head tells; refused where none begins."""
        framing = BEGINNINGS.get(data[at])
        if framing is None and self._is_fresh and self._framing in (None, Framing.RAW):
            return self._raw_end(data, at)
        if framing is None or self._framing not in (None, framing):
            raise DecodeError(f"no frame begins with {data[at : at + 4].hex()}")
        size = RULES[framing].size_of(data, at)
        if size == 0 or (size and self._is_lost and not self._is_likely(data, at, framing)):
            raise DecodeError(f"no {framing.value} frame begins with {data[at : at + 8].hex()}")
        if size and size > self._limit + wrapper.SIZE:
            raise DecodeError(f"APDU of {size - wrapper.SIZE} octets, at most {self._limit} are taken")
        return None if size is None else at + size

    def _is_likely(self, data: bytes, at: int, framing: Framing) -> bool:
        """Whether a frame found by searching is one: 00 01 is common, the tag of a push behind it is not."""
        tag = data[at + wrapper.SIZE : at + wrapper.SIZE + 1]
        return framing is not Framing.WRAPPER or not tag or tag[0] in SHAPES

    def _raw_end(self, data: bytes, at: int) -> int | None:
        if self._extent is None:
            start = at + len(LLC[0]) if data[at] == LLC_FIRST else at
            if start >= len(data):
                return None
            tag = data[start]
            if tag not in (SHAPES if self._is_pinned else PUSH_TAGS) or (start > at and data[at:start] not in LLC):
                raise DecodeError(f"no APDU of a push begins with {data[at : at + 4].hex()}")
            self._extent = Extent(tag, start - at, self._limit)
        size = self._extent.reach(data[at:])
        return None if size is None else at + size

    def _take(self, data: bytes, at: int, end: int, found: list[Found]) -> int:
        """Read the whole frame; the offset where the next may begin."""
        frame, framing = data[at:end], BEGINNINGS.get(data[at], Framing.RAW)
        piece = Piece(Origin(framing), frame) if framing is Framing.RAW else RULES[framing].read(frame)
        self._framing, self._extent = framing, None
        self._is_lost, self._is_fresh = False, True
        found += self._segments.add(piece)
        return end - 1 if framing is Framing.HDLC else end

    def _lose(self, data: bytes, at: int, reason: str, found: list[Found]) -> int:
        """Give up what begins here; the offset where a frame may begin again."""
        candidate = BEGINNING.search(data, at + 1)
        end = candidate.start() if candidate else len(data)
        if not self._is_lost:
            found.append(unreadable(reason, data[at:]))
        if self._framing is Framing.RAW and not self._is_pinned:
            self._framing = None
        self._is_lost, self._is_fresh, self._extent = True, False, None
        return end


def cut_off(octets: int) -> NoReturn:
    """Refuse a frame whose end does not come."""
    raise DecodeError(f"cut off after {octets} octets")
