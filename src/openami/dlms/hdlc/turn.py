"""Whose turn it is at the primary station, and which answer ends the server's (ISO/IEC 13239, use of P/F)."""

from enum import Enum

from openami.dlms.hdlc.control import Kind
from openami.dlms.hdlc.frame import Frame
from openami.dlms.hdlc.transfer import Transfer


class Turn(Enum):
    """Whose turn it is, and so what the deadline means."""

    OURS = "ours"
    """Nothing to say: a poll that keeps the connection alive, if wanted."""
    THEIRS = "theirs"
    """The server was polled and owes an answer."""
    PAUSE = "pause"
    """The server has nothing yet or is busy: the next poll."""


class Turns:
    """The poll that is out, when its answer is overdue, and how often that happened in a row."""

    __slots__ = (
        "due",
        "has_news",
        "is_enquiry",
        "late",
        "octet_s",
        "resent",
        "retries",
        "silences",
        "timeout_s",
        "turn",
    )

    def __init__(self, timeout_s: float, octet_s: float, retries: int) -> None:
        self.timeout_s = timeout_s
        self.octet_s = octet_s
        self.retries = retries
        self.begin()

    def begin(self) -> None:
        """Forget what was before."""
        self.turn = Turn.OURS
        self.due: float | None = None
        #: Whether the answer has acknowledged or brought anything yet; whether the poll asks what has arrived.
        self.has_news = self.is_enquiry = False
        #: Answers overdue that may still come; polls without answer, and bursts without effect, in a row.
        self.late = self.silences = self.resent = 0

    @property
    def is_theirs(self) -> bool:
        """Whether an answer is due."""
        return self.turn is Turn.THEIRS

    def give(self, frames: list[bytes], now: float, *, is_enquiry: bool = False) -> None:
        """Frames leave of which the last polls the server."""
        self.turn = Turn.THEIRS
        self.is_enquiry, self.has_news = is_enquiry, False
        self.due = now + self.timeout_s + self.octet_s * sum(map(len, frames))

    def keep(self, now: float, after_s: float | None, turn: Turn = Turn.OURS) -> None:
        """It is our turn, and nothing is to be sent before that time."""
        self.turn = turn
        self.due = None if after_s is None else now + after_s

    def extend(self, now: float) -> None:
        """An answer has begun: wait for the rest of it."""
        if self.due is not None and self.is_theirs:
            self.due = max(self.due, now + self.timeout_s)

    def is_given_up(self) -> bool:
        """Count an answer that did not come; whether that is enough."""
        self.silences += 1
        self.late += 1
        return self.silences > self.retries

    def news(self) -> None:
        """The server has acknowledged a frame or sent a new one."""
        self.has_news = True
        self.resent = 0

    def ends(self, frame: Frame, transfer: Transfer) -> bool:
        """Whether a frame with F answers the poll that is out, or is a late answer to one before.

        Taking a late answer for the answer would double all traffic from then on. An answer without news
        to a lone I frame cannot be: the server answers because that frame has arrived.
        """
        kind = frame.control.kind
        if self.has_news:
            self.late = self.late if self.is_enquiry else 0
        elif not self.is_enquiry and kind is not Kind.RNR:
            if self.late:
                self.late -= 1
                return False
            if transfer.outstanding == 1 or (kind is Kind.I and not transfer.is_ahead(frame)):
                return False
        self.silences = 0
        return True
