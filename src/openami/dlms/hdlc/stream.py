"""Cuts a stream of octets into HDLC frames by their length (IEC 62056-46, 6.4.1)."""

from collections import deque
from collections.abc import Iterable

from openami.dlms.hdlc.frame import FLAG, FLAGS, FORMAT, LONGEST_HEADER, Fault, Frame, frame_length, is_hopeless, read

#: Flag and format field: what it takes to know the length.
START = 3
#: Frames of ours that may be on their way back to us.
ECHOES = 32


class FrameStream:
    """What is no whole frame is dropped without a word and counted; at most one frame is kept half read.

    A frame ends where its length says: a flag octet inside it means nothing. After a wrong frame reading
    goes on at the next flag octet behind its first. A pause of more than `inter_octet_s` inside a frame
    ends it. With `has_echo`, frames that we sent and read back (an RS-485 adapter does that) are dropped.
    """

    __slots__ = ("_buffer", "_echoes", "_heard", "_is_open", "_needed", "faults", "has_echo", "inter_octet_s", "noise")

    def __init__(self, *, inter_octet_s: float | None = None, has_echo: bool = False) -> None:
        self.inter_octet_s = inter_octet_s
        self.has_echo = has_echo
        #: How often octets looked like a frame and were none.
        self.faults = dict.fromkeys(Fault, 0)
        #: Octets outside frames.
        self.noise = 0
        self._echoes: deque[bytes] = deque(maxlen=ECHOES)
        self.clear()

    @property
    def is_partial(self) -> bool:
        """Whether a frame has begun."""
        return bool(self._buffer)

    def clear(self) -> None:
        """Forget what is half read, and what was sent."""
        self._buffer = bytearray()
        self._echoes.clear()
        self._heard = 0.0
        self._needed = START
        self._is_open = False

    def sent(self, frames: Iterable[bytes]) -> None:
        """Note what leaves, so that it is known when it comes back."""
        if self.has_echo:
            self._echoes.extend(frame[1:-1] for frame in frames)

    def feed(self, data: bytes, now: float) -> list[Frame]:
        """Return the frames that are complete by now."""
        found: list[Frame] = []
        if self._buffer:
            if self._is_late(now):
                self._break_off(found)
            self._buffer += data
            self._heard = now
            if len(self._buffer) < self._needed:
                return found
            data = bytes(self._buffer)
        elif self._is_open and not data.startswith(FLAGS) and not self._is_late(now):
            data = FLAGS + data
        self._keep(data, self._cut(data, found), now)
        return found

    def _is_late(self, now: float) -> bool:
        """Whether the pause since what was heard last ends a frame."""
        return self.inter_octet_s is not None and now - self._heard > self.inter_octet_s

    def _keep(self, data: bytes, used: int, now: float) -> None:
        """Keep what a frame may begin with; a lone flag may open the next frame too."""
        rest = data[used:]
        self._is_open = rest == FLAGS
        self._buffer = bytearray() if self._is_open else bytearray(rest)
        self._heard = now

    def _break_off(self, found: list[Frame]) -> None:
        """End the frame that has begun: another may stand complete behind its first flag."""
        rest = bytes(self._buffer[1:])
        used = self._cut(rest, found)
        self.noise += 1 + len(rest) - used
        self._buffer = bytearray()
        self._needed = START

    def _cut(self, data: bytes, found: list[Frame]) -> int:
        """Cut whole frames off; return where the rest starts, and note how many octets it needs to go on."""
        start, size, self._needed = self._next_flag(data, 0), len(data), START
        while size - start >= START:
            end = start + 1 + frame_length(data, start)
            if data[start + 1] & 0xF0 != FORMAT:
                start = self._next_flag(data, start + 1)
            elif end < size:
                taken = self._take(data[start + 1 : end], data[end], found)
                start = end if taken else self._next_flag(data, start + 1)
            elif is_hopeless(data[start + 1 : start + 1 + LONGEST_HEADER], end - start - 1):
                self.faults[Fault.HCS] += 1
                start = self._next_flag(data, start + 1)
            else:
                is_judged = size - start > LONGEST_HEADER
                self._needed = end + 1 - start if is_judged else min(end - start, LONGEST_HEADER) + 1
                break
        return start

    def _take(self, octets: bytes, last: int, found: list[Frame]) -> bool:
        """Whether the octets are a frame; it is found unless it is our own."""
        frame = read(octets) if last == FLAG else Fault.FLAG
        if isinstance(frame, Fault):
            self.faults[frame] += 1
            return False
        if not (self._echoes and self._is_echo(octets)):
            found.append(frame)
        return True

    def _is_echo(self, octets: bytes) -> bool:
        """Whether we have sent this; what we sent before it was not heard and will not be."""
        while self._echoes:
            if self._echoes.popleft() == octets:
                return True
        return False

    def _next_flag(self, data: bytes, start: int) -> int:
        """Where the next flag is; all before it is noise."""
        place = data.find(FLAG, start)
        if place < 0:
            place = len(data)
        self.noise += place - start
        return place
