"""One client's connection at a secondary station (IEC 62056-46, 6.4.4; Green Book, 8.4.5)."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from openami.core.errors import DecodeError, EncodeError, LocalProtocolError
from openami.dlms.hdlc import llc
from openami.dlms.hdlc.control import Kind, supervisory, unnumbered
from openami.dlms.hdlc.frame import Frame, encode
from openami.dlms.hdlc.parameters import Parameters
from openami.dlms.hdlc.reject import FrameReject, Reason
from openami.dlms.hdlc.transfer import MAX_APDU, Transfer

#: UI frames that may wait for a poll.
MAX_WAITING: Final = 32


class Mode(Enum):
    """Mode of the secondary station towards one client."""

    NDM = "normal disconnected mode"
    NRM = "normal response mode"
    REJECTING = "frame rejected"


#: Mode -> command taken or response sent -> mode after it.
TRANSITIONS: Final[Mapping[Mode, Mapping[Kind, Mode]]] = {
    Mode.NDM: {Kind.SNRM: Mode.NRM},
    Mode.NRM: {Kind.SNRM: Mode.NRM, Kind.DISC: Mode.NDM, Kind.FRMR: Mode.REJECTING},
    Mode.REJECTING: {Kind.SNRM: Mode.NRM, Kind.DISC: Mode.NDM},
}
#: Frames that are never commands: another station's answers, or our own read back.
RESPONSES: Final = frozenset((Kind.UA, Kind.DM, Kind.FRMR))


@dataclass(frozen=True, slots=True)
class Settings:
    """What a secondary station does for each of its clients."""

    parameters: Parameters
    inactivity_s: float | None
    answer_s: float
    is_unsolicited: bool
    max_apdu: int = MAX_APDU


class Connection:
    """The state of one client: the station speaks to it when polled (P), and ends what it says by F.

    `out` is where frames go: the line is shared by all clients.
    """

    __slots__ = (
        "_is_asked",
        "_owed_at",
        "_pushes",
        "_reject",
        "_route",
        "_settings",
        "_silent_at",
        "_transfer",
        "mode",
        "out",
    )

    def __init__(self, route: tuple[bytes, bytes], settings: Settings, out: list[bytes]) -> None:
        self.mode = Mode.NDM
        self.out = out
        self._route = route
        self._settings = settings
        self._pushes: deque[bytes] = deque()
        self._reject = b""
        self._transfer = Transfer(*route, Parameters())
        #: An APDU was handed up and not answered; then, the time to give the turn back without its answer.
        self._is_asked = False
        self._owed_at: float | None = None
        self._silent_at: float | None = None

    @property
    def parameters(self) -> Parameters:
        """What was agreed; without connection, what the station can do."""
        return self._settings.parameters if self.mode is Mode.NDM else self._transfer.parameters

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        return min((at for at in (self._silent_at, self._owed_at) if at is not None), default=None)

    def take(self, frame: Frame, server: bytes, now: float) -> list[bytes | None]:
        """Take a frame sent to this address of ours; whole APDUs, and None where a connection ends."""
        found: list[bytes | None] = []
        kind = frame.control.kind
        if kind in RESPONSES:
            return found
        self._route = frame.source, server
        if kind in {Kind.SNRM, Kind.DISC}:
            if frame.control.is_poll:
                self._set_mode(frame, found)
        elif kind is Kind.UI:
            self._take_push(frame, found)
        elif self.mode is Mode.NRM:
            self._take_numbered(frame, found)
        if self.mode is not Mode.NDM and self._settings.inactivity_s is not None:
            self._silent_at = now + self._settings.inactivity_s
        if frame.control.is_poll and kind not in {Kind.SNRM, Kind.DISC}:
            self._use_turn(now)
        return found

    def send(self, apdu: bytes, now: float) -> None:
        """Take an answer; it leaves at once if the client waits for it."""
        if self.mode is not Mode.NRM:
            return
        self._transfer.put(llc.RESPONSE + apdu)
        self._is_asked = False
        if self._owed_at is not None:
            self._use_turn(now)

    def notify(self, apdu: bytes) -> None:
        """Take an APDU for a UI frame: it leaves at once where that is allowed, else with the next answer to a poll."""
        push, size = llc.RESPONSE + apdu, self.parameters.max_info_tx
        if len(push) > size:
            raise EncodeError(f"UI frame of {len(push)} octets of information, at most {size} may be sent")
        if self._settings.is_unsolicited:
            self._respond(Kind.UI, push)
        elif len(self._pushes) == MAX_WAITING:
            raise LocalProtocolError(f"{MAX_WAITING} UI frames wait already for this client to poll")
        else:
            self._pushes.append(push)

    def expire(self, now: float) -> list[bytes | None]:
        """Give the turn back where an answer takes too long; None if the client was silent for too long."""
        if self._silent_at is not None and now >= self._silent_at:
            self._end()
            return [None]
        if self._owed_at is not None and now >= self._owed_at:
            self._owed_at = None
            self.out += [*self._waiting_pushes(), self._ready()]
        return []

    def _begin(self, theirs: Parameters) -> None:
        agreed = self._settings.parameters.agree(theirs)
        self._transfer = Transfer(*self._route, agreed, self._settings.max_apdu)
        self._respond(Kind.UA, agreed.encode())

    def _end(self) -> None:
        """Forget what was under way."""
        self.mode = Mode.NDM
        self._transfer = Transfer(*self._route, Parameters())
        self._is_asked = False
        self._owed_at = self._silent_at = None

    def _set_mode(self, frame: Frame, found: list[bytes | None]) -> None:
        """SNRM or DISC: what was under way ends. DM where there is no connection to end, or none to begin like this."""
        kind, before = frame.control.kind, self.mode
        if before is not Mode.NDM:
            found.append(None)
            self._end()
        try:
            theirs = Parameters.decode(frame.information if kind is Kind.SNRM else b"")
        except DecodeError:
            self._respond(Kind.DM)
            return
        self.mode = TRANSITIONS[before].get(kind, before)
        if kind is Kind.SNRM:
            self._begin(theirs)
        else:
            self._respond(Kind.DM if before is Mode.NDM else Kind.UA)

    def _take_push(self, frame: Frame, found: list[bytes | None]) -> None:
        apdu = b"" if frame.is_segmented else llc.strip(frame.information)
        if apdu:
            found.append(apdu)

    def _take_numbered(self, frame: Frame, found: list[bytes | None]) -> None:
        reason = self._check(frame)
        if not reason and self._transfer.is_next(frame):
            reason = self._accept(frame, found)
        if reason:
            transfer = self._transfer
            reject = FrameReject(frame.control, transfer.send_number, transfer.expected, reason)
            self._reject, self._owed_at = reject.encode(), None
            self.mode = TRANSITIONS[self.mode][Kind.FRMR]

    def _check(self, frame: Frame) -> Reason:
        """What is wrong with a frame beyond repair, if anything; takes what it acknowledges."""
        kind = frame.control.kind
        if kind is Kind.UNDEFINED:
            return Reason.CONTROL_UNDEFINED
        if kind is not Kind.I and frame.information:
            return Reason.CONTROL_UNDEFINED | Reason.INFORMATION_NOT_PERMITTED
        if len(frame.information) > self._transfer.parameters.max_info_rx:
            return Reason.INFORMATION_TOO_LONG
        return Reason(0) if self._transfer.acknowledge(frame) is not None else Reason.INVALID_RECEIVE_NUMBER

    def _accept(self, frame: Frame, found: list[bytes | None]) -> Reason:
        """Take the next I frame; an APDU without LLC header is dropped, as the LLC sublayer has it."""
        try:
            whole = self._transfer.accept(frame)
        except DecodeError:
            return Reason.INFORMATION_TOO_LONG
        if whole and len(whole) > llc.SIZE and llc.has_header(whole):
            found.append(llc.strip(whole))
            self._is_asked = True
        return Reason(0)

    def _use_turn(self, now: float) -> None:
        """Answer a poll: with what there is, later if an answer is being made, else with RR."""
        if self.mode is Mode.REJECTING:
            self._respond(Kind.FRMR, self._reject)
        elif self.mode is Mode.NDM:
            self.out += self._waiting_pushes(is_last=True) or [self._unnumbered(Kind.DM)]
        elif burst := self._transfer.burst():
            self._owed_at = None
            self.out += [*self._waiting_pushes(), *burst]
        elif self._is_asked and not self._transfer.is_partial and self._settings.answer_s:
            self._owed_at = self._owed_at or now + self._settings.answer_s
        else:
            self._owed_at = None
            self.out += [*self._waiting_pushes(), self._ready()]

    def _ready(self) -> bytes:
        return encode(*self._route, supervisory(Kind.RR, self._transfer.expected, poll=True))

    def _unnumbered(self, kind: Kind, information: bytes = b"", *, poll: bool = True) -> bytes:
        return encode(*self._route, unnumbered(kind, poll=poll), information)

    def _respond(self, kind: Kind, information: bytes = b"") -> None:
        self.out.append(self._unnumbered(kind, information))

    def _waiting_pushes(self, *, is_last: bool = False) -> list[bytes]:
        """UI frames that waited for a poll; the last of them may be the last of the answer."""
        frames = [
            self._unnumbered(Kind.UI, push, poll=is_last and index == len(self._pushes))
            for index, push in enumerate(self._pushes, 1)
        ]
        self._pushes.clear()
        return frames
