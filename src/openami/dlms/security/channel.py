"""Ciphering of one association: keys, titles and counters of both directions joined."""

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from openami.core.errors import SecurityError
from openami.dlms.security import envelope
from openami.dlms.security.cipher import HEAD_LENGTH, Cipher
from openami.dlms.security.counters import CounterError, Received
from openami.dlms.security.envelope import LAYERED, Form, Route
from openami.dlms.security.general import GENERAL_SIGNING
from openami.dlms.security.suite import AUTHENTICATED, ENCRYPTED, TAG_LENGTH, SecurityControl

PROTECTION: Final = AUTHENTICATED | ENCRYPTED
BROADCAST_BIT: Final = int(SecurityControl.BROADCAST)


class PolicyError(SecurityError):
    """An APDU that is less protected than the policy of the association asks for."""


class CompressionError(SecurityError):
    """A compressed APDU: V.44 is refused, because no well-kept library of it exists."""


class Channel:
    """One key with the counters of both its directions: protects what leaves, opens what arrives."""

    __slots__ = ("_cipher", "_received", "_suite", "_take")

    def __init__(self, cipher: Cipher, suite: int, take: Callable[[], int], received: Received) -> None:
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
            raise odd_control(control, self._suite)
        if control & least != least:
            raise PolicyError(f"security control {control:02x} protects less than the policy asks for")
        apdu = self._cipher.unprotect(title, protected)
        counter = int.from_bytes(protected[1:HEAD_LENGTH], "big")
        last = self._received.last
        if counter <= last:
            raise CounterError(f"invocation counter {counter} is not above {last}", expected=last + 1)
        self._received.accept(counter)
        return apdu


def odd_control(control: int, suite: int) -> SecurityError:
    """Error for a security control octet that asks for what is not here."""
    if control & SecurityControl.COMPRESSED:
        return CompressionError("a compressed APDU arrived: compression (V.44) is not supported")
    if control & BROADCAST_BIT:
        return SecurityError("an APDU under the broadcast key arrived, and there is no such key")
    return SecurityError(f"security control {control:02x}, the association uses suite {suite & 0x0F}")


#: A plain APDU and how it came, form and protection: the answer goes the same way.
Opened: TypeAlias = tuple[bytes, Form | Route, int]
#: How a request came, and its answer goes: form and protection; None is in clear.
Way: TypeAlias = tuple[Form | Route, int] | None


class Layers(Protocol):
    """What goes beyond the plain forms: general-ciphering, signatures, the broadcast key."""

    def seal(self, apdu: bytes, route: Route, control: int) -> bytes:
        """Protect an APDU."""
        ...

    def open(self, apdu: bytes) -> Opened:
        """Open general-ciphering or general-signing."""
        ...

    def look_inside(self, apdu: bytes, form: Form, control: int) -> Opened:
        """Open what was found inside a plain form."""
        ...

    def broadcast(self) -> Channel | None:
        """The channel of the broadcast key, if there is one."""
        ...

    def room(self, route: Route, control: int, limit: int) -> int:
        """Octets of a plain APDU that fit a protected one."""
        ...


class Ciphering:
    """Ciphering between two system titles: by the global key, or by the dedicated one once it is agreed.

    The protection that `seal` takes and `open` gives is in the bits of the security control octet, and
    `SIGNED`. What arrived under the broadcast key is answered under the unicast one, which no other
    meter holds. `extend` is there where more than the plain forms may be used; it is called when they are.
    """

    __slots__ = ("_channel", "dedicated", "extend", "extension", "least", "own_title", "peer_title", "shown_title")

    def __init__(self, channel: Channel | None, own_title: bytes, peer_title: bytes, least: int) -> None:
        self._channel = channel
        #: Our title, as the general forms name it; some meters want it left out there.
        self.own_title = self.shown_title = own_title
        self.peer_title = peer_title
        self.least = least
        self.dedicated: Channel | None = None
        self.extend: Callable[[Ciphering], Layers] | None = None
        self.extension: Layers | None = None

    def seal(self, apdu: bytes, form: Form | Route, control: int) -> bytes:
        """Wrap `apdu` in a ciphered APDU, protected as `control` says."""
        if isinstance(form, Route):
            return self.layers.seal(apdu, form, control)
        channel = self._channel
        if channel is None or form & 1 or control & BROADCAST_BIT:
            channel = self._channel_of(form, control)
        protected = channel.protect(self.own_title, control & PROTECTION, apdu)
        return envelope.encode(form, apdu[0], self.shown_title, protected)

    def open(self, apdu: bytes) -> Opened:
        """Open a protected APDU, and check that it is protected as the policy asks."""
        if apdu and apdu[0] in LAYERED:
            return self.layers.open(apdu)
        opened = self.decipher(apdu)
        if self.least > PROTECTION or opened[0][0] == GENERAL_SIGNING:
            return self.layers.look_inside(*opened)
        return opened

    def decipher(self, apdu: bytes) -> tuple[bytes, Form, int]:
        """Open an APDU that is ciphered in one of the plain forms.

        A title or a service tag that does not fit is refused like a wrong key.
        """
        form, plain_tag, title, protected = envelope.decode(apdu)
        if title and title != self.peer_title:
            raise SecurityError(f"ciphered under title {title.hex()}, expected {self.peer_title.hex()}")
        control = protected[0] if protected else 0
        channel = self._channel
        if channel is None or form & 1 or control & BROADCAST_BIT:
            channel = self._channel_of(form, control)
        plain = channel.unprotect(self.peer_title, self.least & PROTECTION, protected)
        if not plain or (plain_tag >= 0 and plain[0] != plain_tag):
            message = "the tag of the ciphered APDU does not fit what is inside"
            raise SecurityError(message)
        return plain, form, control & PROTECTION

    def room(self, form: Form | Route, control: int, limit: int) -> int:
        """Octets of a plain APDU that fit a ciphered one of `limit` octets."""
        if isinstance(form, Route):
            return self.layers.room(form, control, limit)
        growth = HEAD_LENGTH + (TAG_LENGTH if control & AUTHENTICATED else 0)
        return limit - growth - envelope.overhead(form, self.own_title, limit)

    @property
    def layers(self) -> Layers:
        """general-ciphering and general-signing, where the association knows them."""
        if self.extension is None:
            if self.extend is None:
                message = "this association knows neither general-ciphering nor signatures nor a broadcast key"
                raise SecurityError(message)
            self.extension = self.extend(self)
        return self.extension

    def _channel_of(self, form: Form, control: int) -> Channel:
        if form & 1:
            channel, name = self.dedicated, "dedicated key was agreed in this association"
        elif control & BROADCAST_BIT and (self.extension is not None or self.extend is not None):
            channel, name = self.layers.broadcast(), "broadcast key in this association"
        else:
            channel, name = self._channel, "encryption key in this association"
        if channel is None:
            raise SecurityError(f"no {name}")
        return channel
