"""Ciphering of one association: keys, titles and counters of both directions joined."""

from collections.abc import Callable
from typing import Final, TypeAlias

from openami.core.errors import SecurityError
from openami.dlms.security import envelope
from openami.dlms.security.cipher import HEAD_LENGTH, Cipher
from openami.dlms.security.counters import CounterError, Received
from openami.dlms.security.envelope import Form
from openami.dlms.security.suite import TAG_LENGTH, SecurityControl, Suite

PROTECTION: Final = int(SecurityControl.AUTHENTICATED | SecurityControl.ENCRYPTED)


class PolicyError(SecurityError):
    """An APDU that is less protected than the policy of the association asks for."""


class Channel:
    """One key with the counters of both its directions: protects what leaves, opens what arrives."""

    __slots__ = ("_cipher", "_received", "_suite", "_take")

    def __init__(self, cipher: Cipher, suite: Suite, take: Callable[[], int], received: Received) -> None:
        self._cipher = cipher
        self._suite = int(suite)
        self._take = take
        self._received = received

    def protect(self, title: bytes, control: int, apdu: bytes) -> bytes:
        """`apdu` protected under our title and the next value of our counter."""
        return self._cipher.protect(title, control | self._suite, self._take(), apdu)

    def unprotect(self, title: bytes, least: int, protected: bytes) -> bytes:
        """Open what the peer sent; refused when less protected than `least`, forged, or replayed."""
        control = protected[0] if protected else 0
        if control & ~PROTECTION != self._suite:
            raise SecurityError(f"security control {control:02x}, the association uses suite {self._suite}")
        if control & least != least:
            raise PolicyError(f"security control {control:02x} protects less than the policy asks for")
        apdu = self._cipher.unprotect(title, protected)
        counter = int.from_bytes(protected[1:HEAD_LENGTH], "big")
        last = self._received.last
        if counter <= last:
            raise CounterError(f"invocation counter {counter} is not above {last}", expected=last + 1)
        self._received.accept(counter)
        return apdu


#: A plain APDU and how it came, form and security control: the answer goes the same way.
Opened: TypeAlias = tuple[bytes, Form, int]


class Ciphering:
    """Ciphering between two system titles: by the global key, or by the dedicated one once it is agreed."""

    __slots__ = ("_channel", "dedicated", "least", "own_title", "peer_title")

    def __init__(self, channel: Channel, own_title: bytes, peer_title: bytes, least: int) -> None:
        self._channel = channel
        self.own_title = own_title
        self.peer_title = peer_title
        self.least = least
        self.dedicated: Channel | None = None

    def seal(self, apdu: bytes, form: Form, control: int) -> bytes:
        """Wrap `apdu` in a ciphered APDU, protected as `control` says."""
        protected = self._channel_of(form).protect(self.own_title, control, apdu)
        return envelope.encode(form, apdu[0], self.own_title, protected)

    def open(self, apdu: bytes) -> Opened:
        """Open a ciphered APDU; a title or a service tag that does not fit is refused like a wrong key."""
        form, plain_tag, title, protected = envelope.decode(apdu)
        if title and title != self.peer_title:
            raise SecurityError(f"ciphered under title {title.hex()}, expected {self.peer_title.hex()}")
        plain = self._channel_of(form).unprotect(self.peer_title, self.least, protected)
        if not plain or (plain_tag >= 0 and plain[0] != plain_tag):
            message = "the tag of the ciphered APDU does not fit what is inside"
            raise SecurityError(message)
        return plain, form, protected[0] & PROTECTION

    def room(self, form: Form, control: int, limit: int) -> int:
        """Octets of a plain APDU that fit a ciphered one of `limit` octets."""
        growth = HEAD_LENGTH + (TAG_LENGTH if control & SecurityControl.AUTHENTICATED.value else 0)
        return limit - growth - envelope.overhead(form, self.own_title, limit)

    def _channel_of(self, form: Form) -> Channel:
        channel = self.dedicated if form & 1 else self._channel
        if channel is None:
            message = "no dedicated key was agreed in this association"
            raise SecurityError(message)
        return channel
