"""Numbers, windows and segments of one connection, at either end (IEC 62056-46, 6.4.4; Green Book, 8.4.5)."""

from collections import deque
from typing import Final

from openami.core.errors import DecodeError
from openami.dlms.hdlc import llc
from openami.dlms.hdlc.control import MODULUS, Kind, information
from openami.dlms.hdlc.frame import Frame, encode
from openami.dlms.hdlc.parameters import Parameters

#: Longest APDU put together from segments, with its LLC header.
MAX_APDU: Final = 0xFFFF + llc.SIZE


class Transfer:
    """Both directions of I frames between two stations that have agreed on `parameters`.

    Frames count modulo 8: a line that delivers a frame after eight others is beyond what HDLC can bear.
    """

    __slots__ = (
        "_partial",
        "_queue",
        "_unacknowledged",
        "acknowledged",
        "expected",
        "is_held",
        "max_apdu",
        "parameters",
        "route",
    )

    def __init__(self, destination: bytes, source: bytes, parameters: Parameters, max_apdu: int = MAX_APDU) -> None:
        self.route = destination, source
        self.parameters = parameters
        self.max_apdu = max_apdu
        #: N(S) of the first frame not acknowledged, and V(R), the N(S) expected next.
        self.acknowledged = self.expected = 0
        #: Whether the peer has said RNR.
        self.is_held = False
        self._queue: deque[tuple[bytes, bool]] = deque()
        self._unacknowledged: deque[tuple[bytes, bool]] = deque()
        self._partial = bytearray()

    @property
    def send_number(self) -> int:
        """V(S): number of the next new frame."""
        return (self.acknowledged + len(self._unacknowledged)) % MODULUS

    @property
    def outstanding(self) -> int:
        """How many frames sent are not acknowledged."""
        return len(self._unacknowledged)

    @property
    def is_partial(self) -> bool:
        """Whether segments were received and more are to follow."""
        return bool(self._partial)

    @property
    def is_ready(self) -> bool:
        """Whether there is anything that may be sent now."""
        return not self.is_held and bool(self._unacknowledged or self._queue)

    def put(self, data: bytes) -> None:
        """Queue an APDU with its LLC header, cut into segments."""
        size, last = self.parameters.max_info_tx, len(data)
        for start in range(0, last, size):
            self._queue.append((data[start : start + size], start + size < last))

    def burst(self) -> list[bytes]:
        """Frames to be sent now: all not acknowledged once more, then new ones; the last gives the turn away."""
        if self.is_held:
            return []
        sent, queue = self._unacknowledged, self._queue
        while queue and len(sent) < self.parameters.window_tx:
            sent.append(queue.popleft())
        destination, source = self.route
        number, last = self.acknowledged, len(sent) - 1
        return [
            encode(
                destination,
                source,
                information((number + index) % MODULUS, self.expected, poll=index == last),
                segment,
                is_segmented=is_segmented,
            )
            for index, (segment, is_segmented) in enumerate(sent)
        ]

    def acknowledge(self, frame: Frame) -> int | None:
        """Take N(R), and whether the peer can go on; how many frames it acknowledges, None if it cannot be right.

        What a late duplicate of an I frame says is old and means nothing.
        """
        control = frame.control
        is_next = control.kind is not Kind.I or self.is_next(frame)
        count = (control.receive_number - self.acknowledged) % MODULUS
        if count > len(self._unacknowledged):
            return None if is_next else 0
        if not is_next and not self.is_ahead(frame):
            return 0
        for _ in range(count):
            self._unacknowledged.popleft()
        self.acknowledged = control.receive_number
        if control.kind is Kind.RNR:
            self.is_held = True
        elif control.kind is Kind.RR or control.is_poll:
            self.is_held = False
        return count

    def is_next(self, frame: Frame) -> bool:
        """Whether the frame is an I frame in sequence."""
        return frame.control.kind is Kind.I and frame.control.send_number == self.expected

    def is_ahead(self, frame: Frame) -> bool:
        """Whether the I frame belongs to the window but comes too early: one before it was lost."""
        return 0 < (frame.control.send_number - self.expected) % MODULUS < self.parameters.window_rx

    def accept(self, frame: Frame) -> bytes | None:
        """Take the next I frame; the APDU with its LLC header, once it is whole."""
        self.expected = (self.expected + 1) % MODULUS
        partial = self._partial
        if len(partial) + len(frame.information) > self.max_apdu:
            raise DecodeError(f"segments of more than {self.max_apdu} octets", offset=self.max_apdu)
        if frame.is_segmented:
            partial += frame.information
            return None
        if not partial:
            return frame.information
        whole = bytes(partial) + frame.information
        partial.clear()
        return whole
