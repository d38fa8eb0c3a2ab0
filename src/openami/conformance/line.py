"""HDLC frame by frame, right or wrong: what a case of the data link layer says, and what it hears (Green Book, 8.4)."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from openami.conformance.talk import Wire
from openami.conformance.target import Target
from openami.conformance.verdict import FailedError, InconclusiveError
from openami.core.crc import crc16_x25
from openami.core.errors import AmiError
from openami.dlms.hdlc import (
    Control,
    Frame,
    FrameReject,
    FrameStream,
    Kind,
    Parameters,
    encode_client,
    information,
    supervisory,
    unnumbered,
)

FLAG: Final = b"\x7e"
FORMAT: Final = 0xA
NOTHING: Final = "no frame"
SNRM: Final = unnumbered(Kind.SNRM)
DISC: Final = unnumbered(Kind.DISC)


@dataclass(frozen=True, slots=True)
class Draft:
    """A frame before it is closed: each part may be made wrong, the rest is worked out round it."""

    destination: bytes
    source: bytes
    control: int
    information: bytes = b""
    format: int = FORMAT
    is_segmented: bool = False
    #: Added to the length; turned round in the check sequences.
    length_off: int = 0
    hcs_off: int = 0
    fcs_off: int = 0
    opens: bool = True
    closes: bool = True

    def encode(self) -> bytes:
        """Octets, flags and all; check sequences are right unless they were asked to be wrong."""
        size = 5 + len(self.destination + self.source) + (len(self.information) + 2 if self.information else 0)
        field = self.format << 12 | self.is_segmented << 11 | (size + self.length_off) & 0x7FF
        header = field.to_bytes(2, "big") + self.destination + self.source + bytes((self.control,))
        if self.information:
            header += check(header, self.hcs_off) + self.information
        frame = header + check(header, self.fcs_off)
        return FLAG * self.opens + frame + FLAG * self.closes


def check(octets: bytes, off: int = 0) -> bytes:
    """Check sequence of octets, low octet first, made wrong by `off`."""
    return (crc16_x25(octets) ^ off).to_bytes(2, "little")


def words(frame: Frame | None) -> str:
    """Say what came."""
    if frame is None:
        return NOTHING
    if frame.control.kind is Kind.FRMR:
        try:
            return f"FRMR: {FrameReject.decode(frame.information)}"
        except AmiError:
            return "FRMR without a reason"
    segmented = ", segmented" if frame.is_segmented else ""
    return f"{frame.control}{segmented}"


class Line:
    """One client on a line: frames made by hand out, frames in."""

    def __init__(self, wire: Wire, client: int, target: Target) -> None:
        self.wire = wire
        self.own = encode_client(client)
        self.peer = target.station.encode()
        self.target = target
        self.stream = FrameStream()
        self._frames: deque[Frame] = deque()

    def draft(self, control: Control | int, information: bytes = b"") -> Draft:
        """Begin a frame to the meter."""
        return Draft(self.peer, self.own, control if isinstance(control, int) else control.octet, information)

    def say(self, octets: bytes) -> None:
        """Send octets; what is heard of them, as on RS-485, is for another station and passed over."""
        self.wire.say(octets)

    async def hear(self, wait_s: float | None = None) -> Frame | None:
        """Give the next frame for us; None when none comes in time."""
        until = self.wire.loop.time() + (self.target.response_s if wait_s is None else wait_s)
        while not self._frames and await self._listen(until):
            pass
        return self._frames.popleft() if self._frames else None

    async def _listen(self, until: float) -> bool:
        """Take what comes next; whether anything came in time."""
        heard = await self.wire.hear(until)
        frames = self.stream.feed(heard, self.wire.loop.time()) if heard else []
        self._frames += [frame for frame in frames if frame.destination == self.own]
        return bool(heard)

    async def ask(self, draft: Draft, wait_s: float | None = None) -> Frame | None:
        """Send a frame and give the one that comes."""
        self.say(draft.encode())
        return await self.hear(wait_s)

    async def expect(self, draft: Draft, sent: str, *kinds: Kind) -> Frame:
        """Send a frame that must be answered by one of these."""
        frame = await self.ask(draft)
        if frame is None or frame.control.kind not in kinds:
            raise FailedError(sent, " or ".join(kind.value for kind in kinds), words(frame))
        return frame

    async def expect_silence(self, octets: bytes, sent: str) -> None:
        """Send octets that nothing must answer."""
        self.say(octets)
        frame = await self.hear(self.target.silence_s)
        if frame is not None:
            raise FailedError(sent, NOTHING, words(frame))

    async def expect_none_but(self, draft: Draft, sent: str, *kinds: Kind) -> Frame | None:
        """Send a frame to which silence is an answer, and so are these."""
        frame = await self.ask(draft, self.target.silence_s)
        if frame is not None and frame.control.kind not in kinds:
            allowed = " or ".join(kind.value for kind in kinds)
            raise FailedError(sent, f"{allowed} or {NOTHING}", words(frame))
        return frame

    async def rest(self) -> None:
        """Bring the meter to normal disconnected mode, whatever was before."""
        frame = await self.ask(self.draft(DISC))
        if frame is None or frame.control.kind not in {Kind.UA, Kind.DM}:
            raise InconclusiveError(f"DISC: expected UA or DM before the rule is put to the test, came {words(frame)}")

    async def connect(self, offered: Parameters | None = None) -> Parameters:
        """Bring the meter to normal response mode; what it states in its UA."""
        information_field = b"" if offered is None else offered.encode()
        frame = await self.expect(self.draft(SNRM, information_field), "SNRM", Kind.UA)
        try:
            return Parameters.decode(frame.information)
        except AmiError as error:
            raise FailedError("SNRM", "UA with HDLC parameters", str(error)) from error

    async def is_connected(self) -> bool:
        """Ask by RR whether the meter is in normal response mode."""
        frame = await self.ask(self.draft(supervisory(Kind.RR, 0, poll=True)), self.target.silence_s)
        return frame is not None and frame.control.kind in {Kind.RR, Kind.RNR}

    async def stays_disconnected(self, sent: str) -> None:
        """Hold that a frame had no effect: the meter is disconnected still, and takes a proper SNRM."""
        frame = await self.expect(self.draft(DISC), f"DISC after {sent}", Kind.UA, Kind.DM)
        if frame.control.kind is Kind.UA:
            raise FailedError(
                f"DISC after {sent}", "DM, for the frame counts for nothing", "UA: there was a connection"
            )
        await self.connect()
        await self.rest()

    async def pause(self) -> None:
        """Let so much time pass that a frame which has begun is over; what comes meanwhile stays."""
        until = self.wire.loop.time() + self.target.gap_s
        while await self._listen(until):
            pass

    async def close(self) -> None:
        """Disconnect and hang up."""
        if not self.wire.is_closed:
            self.say(self.draft(DISC).encode())
            await self.hear(self.target.silence_s)
        await self.wire.close()


def i_frame(send: int, receive: int, *, poll: bool = True) -> Control:
    """Control field of an I frame."""
    return information(send, receive, poll=poll)
