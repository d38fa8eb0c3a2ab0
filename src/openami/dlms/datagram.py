"""The wrapper on datagrams, one APDU each (UDP): nothing is in order, anything may be lost or come twice."""

from collections import deque
from typing import Final

from openami.core.errors import DecodeError
from openami.dlms.wrapper import MAX_LENGTH, SIZE, ServerStream, Stream

AARQ, AARE, RLRQ, RLRE, EXCEPTION_RESPONSE = 0x60, 0x61, 0x62, 0x63, 0xD8
#: Answers that belong to one request and bear no invoke id.
ANSWERS_TO: Final = {AARE: AARQ, RLRE: RLRQ}
#: Tags of data-notification, information-report- and event-notification-request: they answer nothing.
NOTIFICATIONS: Final = frozenset((0x0F, 0x18, 0xC2))
REMEMBERED: Final = 4


class ClientDatagrams(Stream):
    """A client's link: a request is repeated while nothing answers it, an answer counts once.

    A request that is repeated may be carried out twice, so repeating is a setting; by default nothing is.
    """

    __slots__ = ("_due", "_known", "_left", "_out", "_repeated", "_request", "_stale", "interval_s", "retries")
    is_connected: bool = True
    progress: int = 0

    def __init__(
        self, source: int, destination: int, *, retries: int = 0, interval_s: float = 3.0, max_apdu: int = MAX_LENGTH
    ) -> None:
        super().__init__(source, destination, max_apdu=max_apdu)
        self.retries = retries
        self.interval_s = interval_s
        self._known: deque[bytes] = deque(maxlen=REMEMBERED)
        self._out: list[bytes] = []
        self._request = b""
        self._left = self._repeated = self._stale = 0
        self._due = 0.0

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        return self._due if self._left else None

    def connect(self, now: float) -> None:
        """Nothing to do: a datagram needs no connection."""

    def send(self, apdu: bytes, now: float) -> None:
        """Take a request to be sent; answers to those before it are late from here on."""
        if apdu[0] == AARQ:
            self._known.clear()  # a new association may begin with the answer that the last one began with
        self._stale, self._repeated = self._repeated, 0
        self._request = self.wrap(apdu)
        self._left, self._due = self.retries, now + self.interval_s
        self._out.append(self._request)

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take a datagram; nothing is in one that cannot be read, or has been heard already."""
        try:
            apdus = self.feed(data)
        except DecodeError:
            apdus = []
        self.buffer.clear()
        self.needed = SIZE
        return [apdu for apdu in apdus if apdu and self._is_new(apdu)]

    def _is_new(self, apdu: bytes) -> bool:
        asked = self._request[SIZE : SIZE + 1]
        if apdu in self._known or (apdu[0] in ANSWERS_TO and asked and ANSWERS_TO[apdu[0]] != asked[0]):
            return False
        if apdu[0] == EXCEPTION_RESPONSE and self._stale:
            self._stale -= 1  # what a server that counts says to a request it has had already
            return False
        self._known.append(apdu)
        if apdu[0] not in NOTIFICATIONS:
            self._left = 0
        return True

    def expire(self, now: float) -> None:
        """Repeat a request that is not answered; to give up is the association's business."""
        if self._left and now >= self._due:
            self._left -= 1
            self._repeated += 1
            self._due = now + self.interval_s
            self._out.append(self._request)

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent, one item per datagram."""
        out, self._out = self._out, []
        return out

    def disconnect(self, now: float) -> bool:
        """Nothing to do."""
        return True

    def abort(self) -> None:
        """Forget what was sent and heard; a datagram is never half received."""
        self._out.clear()
        self._known.clear()
        self._request = b""
        self._left = self._repeated = self._stale = 0


class ServerDatagrams(ServerStream):
    """A server's link: a datagram that cannot be read is dropped, and spoils none after it."""

    __slots__ = ()

    def receive(self, data: bytes, now: float) -> list[tuple[int, bytes | None]]:
        """Take a datagram: client SAP and APDU, of those that are for us."""
        try:
            arrived = super().receive(data, now)
        except DecodeError:
            arrived = []
        self.buffer.clear()
        self.needed = SIZE
        return arrived
