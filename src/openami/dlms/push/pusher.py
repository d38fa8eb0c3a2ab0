"""The sending end of pushes: one notification at a time, repeated until it has arrived (Blue Book, class 40)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from openami.core.errors import AmiError, LinkTimeout, LocalProtocolError
from openami.dlms import gateway
from openami.dlms.push.blocks import in_blocks
from openami.dlms.push.deframer import MAX_APDU, Deframer
from openami.dlms.push.framing import Origin, enframe
from openami.dlms.push.protection import PLAIN, Opener
from openami.dlms.push.sealing import Sealer
from openami.dlms.push.segments import Unreadable
from openami.dlms.push.understand import Notification
from openami.dlms.security import envelope
from openami.dlms.xdlms import DataNotification, DataNotificationConfirm, decode

CONFIRM_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """The line is needed: open it, if it is not, and call `connected`, or `broken` when that fails."""

    number: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The notification is on its way or, if it asks for that, is confirmed by the receiver."""

    notification: Notification
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The last attempt came to nothing too."""

    notification: Notification
    error: AmiError


Event: TypeAlias = Attempt | Delivered | Failed


class State(Enum):
    """How far the notification is."""

    IDLE = "nothing to send"
    WAITING = "for the time of the next attempt"
    CONNECTING = "for the line"
    SENT = "for the confirmation"


def once(_retry: int) -> None:
    """Never repeat."""


class Pusher:
    """Sends notifications along `origin`, whose source is the meter.

    `repeat` gives the seconds before a retry, counted from 1, or None when they are spent. What is repeated is
    protected anew, since no invocation counter may come twice. What is longer than `max_pdu` goes in blocks of
    general-block-transfer that stream without confirmation.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        sealer: Sealer | None = None,
        opener: Opener | None = None,
        repeat: Callable[[int], float | None] = once,
        confirm_s: float = CONFIRM_S,
        max_pdu: int = MAX_APDU,
        datagrams: bool = False,
    ) -> None:
        self._origin = origin
        self._sealer = sealer
        self._opener = opener
        self._repeat = repeat
        self._confirm_s = confirm_s
        self._max_pdu = max_pdu
        self._datagrams = datagrams
        self._deframer = Deframer(origin.framing)
        self._state = State.IDLE
        self._notification: Notification | None = None
        self._attempt = 0
        self._due = 0.0
        self._out: list[bytes] = []

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        return self._due if self._state in {State.WAITING, State.SENT} else None

    def push(self, notification: Notification, now: float, delay_s: float = 0.0) -> None:
        """Send a notification after a delay (randomisation_start_interval); the one before must be done."""
        if self._state is not State.IDLE:
            raise LocalProtocolError(f"the notification before waits {self._state.value}")
        self._notification, self._attempt = notification, 1
        self._state, self._due = State.WAITING, now + delay_s

    def connected(self, now: float) -> list[Event]:
        """The line is open: send."""
        if self._state is not State.CONNECTING or self._notification is None:
            return []
        self._deframer = Deframer(self._origin.framing)
        try:
            sealed = self._sealed(self._notification.encode())
            for part in in_blocks(sealed, self._max_pdu):
                self._out += enframe(self._origin, part, gateway.RESPONSE)
        except AmiError as error:
            return [Failed(self._done(), error)]
        if not wants_confirmation(self._notification):
            return [Delivered(self._done(), is_confirmed=False)]
        self._state, self._due = State.SENT, now + self._confirm_s
        return []

    def broken(self, error: AmiError, now: float) -> list[Event]:
        """The line cannot be opened, or has gone: try again later."""
        return self._retry(error, now) if self._state in {State.CONNECTING, State.SENT} else []

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what has arrived; only the confirmation of what was sent counts."""
        del now
        found = self._deframer.receive(data)
        if self._datagrams:
            found += self._deframer.give_up()
        confirmed = any(not isinstance(item, Unreadable) and self._is_confirmation(item[1]) for item in found)
        return [Delivered(self._done(), is_confirmed=True)] if confirmed else []

    def expire(self, now: float) -> list[Event]:
        """Begin an attempt whose time has come, or give one up that was not confirmed."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return []
        if self._state is State.SENT:
            return self._retry(LinkTimeout(f"no confirmation within {self._confirm_s:g} s"), now)
        self._state = State.CONNECTING
        return [Attempt(self._attempt)]

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        out, self._out = self._out, []
        return out

    def _sealed(self, apdu: bytes) -> bytes:
        return apdu if self._sealer is None else self._sealer.seal(apdu)

    def _is_confirmation(self, apdu: bytes) -> bool:
        """Whether an APDU confirms what was sent; anything else is left alone."""
        sent = self._notification
        if self._state is not State.SENT or not isinstance(sent, DataNotification):
            return False
        try:
            answer = decode(self._opened(apdu))
        except AmiError:
            return False
        return isinstance(answer, DataNotificationConfirm) and answer.invoke_id == sent.invoke_id

    def _opened(self, apdu: bytes) -> bytes:
        if apdu[0] == gateway.REQUEST:
            _, start = gateway.Header.decode(apdu)
            apdu = apdu[start:]
        if self._opener is None:
            return apdu
        protection = PLAIN
        if apdu[:1] and apdu[0] in envelope.CIPHERED:
            apdu, _, protection = self._opener.open(apdu, b"")
        self._opener.check(protection)
        return apdu

    def _retry(self, error: AmiError, now: float) -> list[Event]:
        delay = self._repeat(self._attempt)
        if delay is None:
            return [Failed(self._done(), error)]
        self._attempt += 1
        self._state, self._due = State.WAITING, now + delay
        return []

    def _done(self) -> Notification:
        notification, self._notification, self._state = self._notification, None, State.IDLE
        assert notification is not None
        return notification


def wants_confirmation(notification: Notification) -> bool:
    """Whether a notification asks for a confirmation."""
    return isinstance(notification, DataNotification) and notification.wants_confirmation
