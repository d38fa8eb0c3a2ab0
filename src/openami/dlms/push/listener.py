"""The receiving end of pushes: octets of one connection in, notifications out (Green Book, 9.3.10; no association)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal, TypeAlias

from openami.core.errors import AmiError, DecodeError, LocalProtocolError, SecurityError
from openami.dlms import gateway
from openami.dlms.push import blocks
from openami.dlms.push.blocks import Blocks
from openami.dlms.push.counting import Counters, MemoryCounters
from openami.dlms.push.deframer import MAX_APDU, Deframer
from openami.dlms.push.framing import Framing, Origin, enframe
from openami.dlms.push.protection import PLAIN, KeyLookup, Opener, PairLookup, Protection, no_keys
from openami.dlms.push.sealing import Sealer, no_chance
from openami.dlms.push.segments import Found, Unreadable, unreadable
from openami.dlms.push.understand import Column, Notification, Understood, understand
from openami.dlms.security import Form, Policy, envelope
from openami.dlms.security.envelope import Route
from openami.dlms.security.pairs import NO_PAIRS
from openami.dlms.security.suite import AUTHENTICATED, ENCRYPTED, SIGNED
from openami.dlms.xdlms import DataNotification, DataNotificationConfirm, decode

GAP_S: Final = 10.0
MAX_WRAPS: Final = 4
"""Protections and block transfers round one another."""

GATEWAY: Final = (gateway.REQUEST, gateway.RESPONSE)
Confirm: TypeAlias = Literal["at once", "later", "never"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """A meter pushed; `title` is its system title, empty where nothing tells it, `octets` the length of the APDU.

    `unconfirmed` says why it was not confirmed at once although it asks for that.
    """

    title: bytes
    notification: Notification
    protection: Protection
    origin: Origin
    understood: Understood
    octets: int
    unconfirmed: str = ""

    @property
    def wants_confirmation(self) -> bool:
        """Whether the meter asks for a confirmation."""
        return isinstance(self.notification, DataNotification) and self.notification.wants_confirmation


Event: TypeAlias = Pushed | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What a listener accepts and how it answers; one for all its connections.

    `send_counter` gives the next invocation counter for what we send a meter under `own_title`: where a client
    with this title uses the same keys, it must be the client's own counter. `pairs` and `random` are for signatures
    and keys that are agreed upon. `columns` name the values of bodies
    without names, by their number of elements. Who asks for it is confirmed at once unless `confirm` says otherwise.
    """

    keys: KeyLookup = no_keys
    counters: Counters = field(default_factory=MemoryCounters)
    least: Policy = Policy.NONE
    unauthenticated: bool = False
    framing: Framing | None = None
    confirm: Confirm | None = None
    pairs: PairLookup = no_keys
    random: Callable[[int], bytes] = no_chance
    own_title: bytes | None = None
    send_counter: Callable[[bytes], int] | None = None
    columns: Mapping[int, Sequence[Column]] = field(default_factory=dict[int, Sequence[Column]])
    max_apdu: int = MAX_APDU
    gap_s: float = GAP_S

    def opener(self) -> Opener:
        """What opens protected pushes."""
        return Opener(
            keys=self.keys,
            counters=self.counters,
            least=self.least,
            unauthenticated=self.unauthenticated,
            pairs=self.pairs,
            own_title=self.own_title,
        )

    def seal(self, apdu: bytes, pushed: Pushed) -> bytes:
        """Protect an answer as the push was protected."""
        protection, title = pushed.protection, pushed.title
        if protection.form is None:
            return apdu
        keys = self.keys(title)
        if keys is None or self.own_title is None or self.send_counter is None:
            message = "a protected confirmation needs keys, a system title and a counter of our own"
            raise SecurityError(message)
        sealer = Sealer(
            keys,
            self.own_title,
            partial(self.send_counter, title),
            protection.control & (AUTHENTICATED | ENCRYPTED | SIGNED),
            protection.suite,
            protection.form if isinstance(protection.form, Route) else Form.GENERAL_GLO,
            title,
            self.pairs(title) or NO_PAIRS,
            self.random,
        )
        return sealer.seal(apdu)


class Listener:
    """One connection, or with `datagrams` the datagrams of one sender. Bad input is an event, and it goes on."""

    def __init__(self, acceptance: Acceptance, *, datagrams: bool = False, title: bytes = b"") -> None:
        """Expect pushes; `title` is the sender's where its APDUs do not tell, until one of them does."""
        self.acceptance = acceptance
        self.title = title
        self._opener = acceptance.opener()
        self._deframer = Deframer(acceptance.framing, max_apdu=acceptance.max_apdu)
        self._blocks = Blocks(acceptance.max_apdu)
        self._datagrams = datagrams
        self._heard_at = 0.0
        self._out: list[bytes] = []

    @property
    def deadline(self) -> float | None:
        """When to call `expire`: something has begun whose end is missing."""
        is_waiting = self._deframer.is_waiting or self._blocks.is_waiting
        return self._heard_at + self.acceptance.gap_s if is_waiting else None

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take octets as they arrived, or one datagram."""
        self._heard_at = now
        found = self._deframer.receive(data)
        if self._datagrams:
            found += self._deframer.give_up()
        return self._events(found)

    def expire(self, now: float) -> list[Event]:
        """Give up what has begun when the line is silent for too long."""
        deadline = self.deadline
        return self.finish() if deadline is not None and now >= deadline else []

    def finish(self) -> list[Event]:
        """Give up what has begun: the connection has ended."""
        return [*self._events(self._deframer.give_up()), *self._blocks.give_up()]

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        out, self._out = self._out, []
        return out

    def confirm(self, pushed: Pushed, date_time: bytes = b"") -> None:
        """Tell the meter that its push has arrived and is kept; it need not send it again."""
        notification = pushed.notification
        if not isinstance(notification, DataNotification) or not notification.wants_confirmation:
            message = "the push does not ask for a confirmation"
            raise LocalProtocolError(message)
        answer = DataNotificationConfirm(notification.long_invoke, date_time).encode()
        self._out += enframe(pushed.origin.back, self.acceptance.seal(answer, pushed))

    def _events(self, found: list[Found]) -> list[Event]:
        return [
            event
            for item in found
            if (event := item if isinstance(item, Unreadable) else self._event(*item)) is not None
        ]

    def _event(self, origin: Origin, octets: bytes) -> Event | None:
        try:
            pushed = self._pushed(origin, octets)
        except AmiError as error:
            return unreadable(str(error), octets)
        if pushed is None or self.acceptance.confirm in {"later", "never"} or not pushed.wants_confirmation:
            return pushed
        try:
            self.confirm(pushed)
        except AmiError as error:
            return replace(pushed, unconfirmed=str(error))
        return pushed

    def _pushed(self, origin: Origin, apdu: bytes) -> Pushed | None:
        """What is inside of all that is wrapped round a push; None while blocks of it are missing."""
        title, protection = b"", PLAIN
        for _ in range(MAX_WRAPS):
            if apdu[:1] and apdu[0] in GATEWAY:
                header, start = gateway.Header.decode(apdu)
                origin, apdu = origin._replace(gateway=header), apdu[start:]
            elif apdu[:1] and apdu[0] == blocks.TAG:
                whole, answers = self._blocks.add(origin, apdu)
                self._out += [octets for answer in answers for octets in enframe(origin.back, answer)]
                if whole is None:
                    return None
                apdu = whole
            elif apdu[:1] and apdu[0] in envelope.CIPHERED:
                apdu, title, protection = self._opener.open(apdu, self.title)
            else:
                break
        self._opener.check(protection)
        notification = decode(apdu)
        if not isinstance(notification, Notification):
            raise DecodeError(f"{type(notification).__name__} is no push", offset=0)
        understood = understand(notification, self.acceptance.columns)
        if protection.authenticated:
            self.title = title
        return Pushed(title, notification, protection, origin, understood, len(apdu))
