"""The protection of a push taken off: whose it is, whether it is genuine, whether it is new (Green Book, 9.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn, TypeAlias

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.push.counting import Counters, Counting
from openami.dlms.push.sealing import joined, no_chance
from openami.dlms.security import Cipher, Form, Keys, Policy, PolicyError, Suite, envelope
from openami.dlms.security.channel import BROADCAST_BIT, PROTECTION, odd_control
from openami.dlms.security.cipher import HEAD_LENGTH
from openami.dlms.security.envelope import CIPHERED, LAYERED, Route
from openami.dlms.security.general import GENERAL_CIPHERING, GeneralCiphering, GeneralSigning, Head
from openami.dlms.security.material import Material
from openami.dlms.security.pairs import NO_PAIRS, KeyPairs, need
from openami.dlms.security.suite import AUTHENTICATED, ENCRYPTED, SIGNED, TAG_LENGTH, TITLE_LENGTH

SUITE: Final = 0x0F
SIGNATURE_SUITE: Final = {64: Suite.ECDH_ECDSA_AES_GCM_128_SHA_256, 96: Suite.ECDH_ECDSA_AES_GCM_256_SHA_384}

#: Keys of the meter with this system title; None for one that is not known.
KeyLookup: TypeAlias = Callable[[bytes], Keys | None]
#: Key pairs between us and the meter with this system title.
PairLookup: TypeAlias = Callable[[bytes], KeyPairs | None]


class Protection(NamedTuple):
    """How a push came: only what is authenticated, by a tag or a signature, is surely from the meter it names."""

    authenticated: bool = False
    encrypted: bool = False
    signed: bool = False
    form: Form | Route | None = None
    control: int = 0
    counter: int | None = None

    @property
    def suite(self) -> Suite:
        """The security suite it came under."""
        return suite_of(self.control)

    def meets(self, least: Policy) -> bool:
        """Whether this is at least what a policy asks of the meter; a tag that nobody could verify is none."""
        found = AUTHENTICATED * self.authenticated | ENCRYPTED * self.encrypted | SIGNED * self.signed
        return not least.response & ~found


PLAIN: Final = Protection()


def no_keys(_title: bytes) -> None:
    """Know no meter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Opens what meters send protected.

    With `unauthenticated`, a push that nothing proves genuine is opened too: one that is only encrypted, or one
    whose authentication key is not known (empty). Its counter is neither checked nor remembered, because
    anybody could have set it. Without a title of our own, what is meant for somebody else is opened as well.
    """

    keys: KeyLookup
    counters: Counters
    least: Policy = Policy.NONE
    unauthenticated: bool = False
    pairs: PairLookup = no_keys
    own_title: bytes | None = None

    def open(self, apdu: bytes, title: bytes) -> tuple[bytes, bytes, Protection]:
        """Plain APDU, system title and protection; `title` is whose it is where the APDU does not tell."""
        if apdu[0] in LAYERED:
            return self._open_layers(apdu)
        form, _, told, protected = envelope.decode(apdu)
        title = told or title
        if not title:
            message = "ciphered push of no known system title"
            raise SecurityError(message)
        if len(protected) <= HEAD_LENGTH:
            raise DecodeError(f"protected APDU of {len(protected)} octets is cut off")
        check_title(title)
        keys, control = self._keys_of(title), protected[0]
        if control & AUTHENTICATED and keys.authentication:
            return self._open_by_keys(apdu, title, keys, control, self.own_title or b"")
        plain = self._open_blindly(keys, title, protected)
        counter = int.from_bytes(protected[1:HEAD_LENGTH], "big")
        protection = Protection(encrypted=bool(control & ENCRYPTED), form=form, control=control, counter=counter)
        self.check(protection)
        return plain, title, protection

    def check(self, protection: Protection) -> None:
        """Refuse a push that is less protected than asked for."""
        if not protection.meets(self.least):
            raise PolicyError(f"push under security control {protection.control:02x} is less protected than asked for")

    def _open_layers(self, apdu: bytes) -> tuple[bytes, bytes, Protection]:
        """Open general-ciphering and general-signing; a signature alone needs no symmetric key."""
        head, control = look_at(apdu)
        title = head.originator
        check_title(title)
        keys = self._keys_of(title) if control & PROTECTION else self.keys(title)
        if keys is not None and control & AUTHENTICATED and not keys.authentication:
            raise unproved(title, control)
        return self._open_by_keys(
            apdu, title, keys, control, head.recipient if self.own_title is None else self.own_title
        )

    def _open_by_keys(
        self, apdu: bytes, title: bytes, keys: Keys | None, control: int, own_title: bytes
    ) -> tuple[bytes, bytes, Protection]:
        counting, suite = Counting(self.counters, title), suite_of(control)
        check_keys(keys, control)
        material = Material(suite, keys, self.pairs(title) or NO_PAIRS, no_chance, no_counter, counting.received)
        plain, form, found = joined(material, own_title, title).open(apdu)
        is_proved = bool(found & (AUTHENTICATED | SIGNED))
        if not is_proved and not self.unauthenticated:
            raise unproved(title, found)
        encrypted, signed = bool(found & ENCRYPTED), bool(found & SIGNED)
        protection = Protection(is_proved, encrypted, signed, form, control | found, counting.value)
        self.check(protection)
        if is_proved:
            counting.keep()
        return plain, title, protection

    def _open_blindly(self, keys: Keys, title: bytes, protected: bytes) -> bytes:
        """Decipher what nothing proves genuine, where that is allowed."""
        control = protected[0]
        if not self.unauthenticated:
            raise unproved(title, control)
        if control & ~(PROTECTION | SUITE | BROADCAST_BIT):
            raise odd_control(control, control)
        check_keys(keys, control)
        if control & AUTHENTICATED:
            protected = bytes((control & ~AUTHENTICATED,)) + protected[1:-TAG_LENGTH]
        plain = Cipher(key_of(keys, control), b"").unprotect(title, protected)
        if not plain:
            raise DecodeError("nothing is ciphered", offset=len(protected))
        return plain

    def _keys_of(self, title: bytes) -> Keys:
        keys = self.keys(title)
        if keys is None:
            raise SecurityError(f"no keys for system title {title.hex()}")
        return keys


def unproved(title: bytes, control: int) -> SecurityError:
    """Error for a push that may be anybody's."""
    reason = "no authentication key is known" if control & AUTHENTICATED else "it bears no authentication tag"
    return SecurityError(f"push of {title.hex()} is not proved genuine: {reason}")


def no_counter() -> NoReturn:
    """Count nothing: what opens sends nothing."""
    message = "nothing is sent here"
    raise SecurityError(message)


def look_at(apdu: bytes) -> tuple[Head, int]:
    """Head and security control of general-ciphering or general-signing, as far as they can be seen from outside."""
    if apdu[0] == GENERAL_CIPHERING:
        found = GeneralCiphering.decode(apdu)
        return found.head, int.from_bytes(found.ciphered_content[:1], "big")
    signed = GeneralSigning.decode(apdu)
    inside = signed.content
    if inside[:1] and inside[0] == GENERAL_CIPHERING:
        return signed.head, look_at(inside)[1] | SIGNED
    if inside[:1] and inside[0] in CIPHERED - LAYERED:
        return signed.head, int.from_bytes(envelope.decode(inside)[3][:1], "big") | SIGNED
    return signed.head, SIGNATURE_SUITE.get(len(signed.signature), Suite.ECDH_ECDSA_AES_GCM_128_SHA_256) | SIGNED


def check_title(title: bytes) -> None:
    """Refuse a system title of another length than all have."""
    if len(title) != TITLE_LENGTH:
        raise DecodeError(f"system title of {len(title)} octets, expected {TITLE_LENGTH}")


def suite_of(control: int) -> Suite:
    """The security suite that a security control octet names."""
    try:
        return Suite(control & SUITE)
    except ValueError:
        raise DecodeError(f"security suite {control & SUITE}, expected 0 to 2") from None


def check_keys(keys: Keys | None, control: int) -> None:
    """Refuse keys of another length than the suite asks for."""
    suite = suite_of(control)
    if keys is not None and len(key_of(keys, control)) != suite.key_length:
        raise SecurityError(f"security control {control:02x} does not fit a key of {len(key_of(keys, control))} octets")


def key_of(keys: Keys, control: int) -> bytes:
    """The encryption key that a security control octet names."""
    return need(keys.broadcast, "broadcast key") if control & BROADCAST_BIT else keys.encryption
