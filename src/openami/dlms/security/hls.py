"""Authentication: passwords, and mechanisms 2 to 7 by challenge and reply (Green Book, 9.2.7.4).

Each end draws a challenge and proves itself by f(challenge of the other). Both ends use the same
`Proof`, which tells the one from the other by the order of titles and challenges.

With mechanisms 2 to 4 the reply depends on secret and challenge alone: who can make one end answer
challenges can use its answers at the other. Mechanisms 5 to 7 bind the titles of both ends.
"""

import hashlib
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Final, Protocol, TypeAlias

from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.cipher import HEAD_LENGTH, Cipher
from openami.dlms.security.counters import Received
from openami.dlms.security.curve import PrivateKey, PublicKey
from openami.dlms.security.pairs import KeyPairs, need
from openami.dlms.security.suite import AUTHENTICATED, TAG_LENGTH, Suite

REPLY_LENGTH: Final = HEAD_LENGTH + TAG_LENGTH
CHALLENGE_MIN: Final = 8
CHALLENGE_MAX: Final = 64
ECDSA_CHALLENGE_MIN: Final = 32
AES_BLOCK: Final = 16

#: Mechanisms by number, as `acse.Mechanism` names them.
LOWEST, LOW, MANUFACTURER, MD5, SHA1, GMAC, SHA256, ECDSA = range(8)
#: Mechanisms that need a secret both ends know, and those whose replies bind the system titles.
SECRET: Final = frozenset((MANUFACTURER, MD5, SHA1, SHA256))
TITLED: Final = frozenset((GMAC, SHA256, ECDSA))

#: System titles, our own and the peer's.
Ends: TypeAlias = tuple[bytes, bytes]
#: f(challenge) of mechanism 2, by secret and challenge.
Manufacturer: TypeAlias = Callable[[bytes, bytes], bytes]


class Proof(Protocol):
    """How one end proves who it is, and checks the other."""

    def reply(self, theirs: bytes, ours: bytes) -> bytes:
        """Make f of the peer's challenge; ours enters it with some mechanisms."""
        ...

    def check(self, reply: bytes, ours: bytes, theirs: bytes) -> None:
        """Refuse the peer's f of our challenge if it is not right."""
        ...


class Gmac:
    """Mechanism 5: SC || IC || GMAC(SC || AK || challenge), under the title of who replies."""

    __slots__ = ("_cipher", "_own", "_peer", "_received", "_suite", "_take")

    def __init__(self, cipher: Cipher, suite: Suite, ends: Ends, take: Callable[[], int], received: Received) -> None:
        self._cipher = cipher
        self._suite = suite
        self._own, self._peer = ends
        self._take = take
        self._received = received

    def reply(self, theirs: bytes, ours: bytes) -> bytes:
        """Spend a value of our counter."""
        del ours
        return reply_to_challenge(self._cipher, self._own, self._suite, self._take(), theirs)

    def check(self, reply: bytes, ours: bytes, theirs: bytes) -> None:
        """Remember the counter, if it is news: the challenge, not the counter, says that the reply is fresh."""
        del theirs
        counter = verify_reply(self._cipher, self._peer, self._suite, ours, reply)
        if counter > self._received.last:
            self._received.accept(counter)


#: Reply of who replies, by secret, own title and peer's title together, peer's challenge and own challenge.
Digest: TypeAlias = Callable[[bytes, bytes, bytes, bytes], bytes]


class Shared:
    """Mechanisms 2, 3, 4 and 6: both ends can work out either reply."""

    __slots__ = ("_digest", "_own", "_peer", "_secret")

    def __init__(self, digest: Digest, secret: bytes, ends: Ends) -> None:
        self._digest = digest
        self._secret = secret
        self._own, self._peer = ends

    def reply(self, theirs: bytes, ours: bytes) -> bytes:
        """Work out our reply."""
        return self._digest(self._secret, self._own + self._peer, theirs, ours)

    def check(self, reply: bytes, ours: bytes, theirs: bytes) -> None:
        """Work out the peer's reply, and compare in constant time."""
        if not compare_digest(self._digest(self._secret, self._peer + self._own, ours, theirs), reply):
            raise wrong_reply()


class Ecdsa:
    """Mechanism 7: a signature over own title, peer's title, peer's challenge and own challenge."""

    __slots__ = ("_key", "_own", "_peer", "_peer_key")

    def __init__(self, key: PrivateKey, peer_key: PublicKey, ends: Ends) -> None:
        self._key = key
        self._peer_key = peer_key
        self._own, self._peer = ends

    def reply(self, theirs: bytes, ours: bytes) -> bytes:
        """Sign."""
        return self._key.sign(self._own + self._peer + theirs + ours)

    def check(self, reply: bytes, ours: bytes, theirs: bytes) -> None:
        """Verify."""
        self._peer_key.verify(reply, self._peer + self._own + ours + theirs)


def prove(mechanism: int, ends: Ends, secret: bytes | None, manufacturer: Manufacturer, pairs: KeyPairs) -> Proof:
    """How an end proves itself by secret or signature: mechanisms 2, 3, 4, 6 and 7."""
    if mechanism == ECDSA:
        key = need(pairs.signature, "digital signature key of our own")
        return Ecdsa(key, need(pairs.peer_signature, "digital signature key of the peer"), ends)
    digest = by_manufacturer(manufacturer) if mechanism == MANUFACTURER else DIGESTS[mechanism]
    return Shared(digest, need(secret, f"secret for mechanism {mechanism}"), ends)


def aes_ecb(secret: bytes, challenge: bytes) -> bytes:
    """Mechanism 2 as many makers have it: the challenge in AES-128-ECB under the secret, both filled up with zeros."""
    key = secret.ljust(AES_BLOCK, b"\0")
    if len(key) != AES_BLOCK:
        raise SecurityError(f"secret of {len(secret)} octets, AES-128 takes up to {AES_BLOCK}")
    encryptor = BlockCipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - the mechanism is so
    return encryptor.update(challenge + bytes(-len(challenge) % AES_BLOCK)) + encryptor.finalize()


def by_hash(name: str) -> Digest:
    """Mechanisms 3 and 4: hash(challenge || secret)."""

    def digest(secret: bytes, titles: bytes, theirs: bytes, ours: bytes) -> bytes:
        del titles, ours
        return hashlib.new(name, theirs + secret, usedforsecurity=False).digest()

    return digest


def by_sha256(secret: bytes, titles: bytes, theirs: bytes, ours: bytes) -> bytes:
    """Mechanism 6: SHA-256(secret || own title || peer's title || peer's challenge || own challenge)."""
    return hashlib.sha256(secret + titles + theirs + ours).digest()


def by_manufacturer(function: Manufacturer) -> Digest:
    """Mechanism 2: whatever the maker chose."""

    def digest(secret: bytes, titles: bytes, theirs: bytes, ours: bytes) -> bytes:
        del titles, ours
        return function(secret, theirs)

    return digest


DIGESTS: Final[Mapping[int, Digest]] = {MD5: by_hash("md5"), SHA1: by_hash("sha1"), SHA256: by_sha256}


def reply_to_challenge(cipher: Cipher, title: bytes, suite: Suite, counter: int, challenge: bytes) -> bytes:
    """f(challenge) of mechanism 5: SC || IC || GMAC(SC || AK || challenge), under our own title."""
    protected = cipher.protect(title, AUTHENTICATED | suite, counter, challenge)
    return protected[:HEAD_LENGTH] + protected[-TAG_LENGTH:]


def verify_reply(cipher: Cipher, title: bytes, suite: Suite, challenge: bytes, reply: bytes) -> int:
    """Check the peer's f(challenge) and return the invocation counter in it."""
    if len(reply) != REPLY_LENGTH:
        raise DecodeError(f"reply to HLS authentication has {len(reply)} octets, expected {REPLY_LENGTH}")
    if reply[0] != AUTHENTICATED | suite:
        raise SecurityError(f"reply to HLS authentication under security control {reply[0]:02x}")
    cipher.unprotect(title, reply[:HEAD_LENGTH] + challenge + reply[HEAD_LENGTH:])
    return int.from_bytes(reply[1:HEAD_LENGTH], "big")


def wrong_reply() -> SecurityError:
    """Error for a reply that does not fit our challenge."""
    return SecurityError("the reply to our challenge is wrong: another secret, or another system title")


def least_challenge(mechanism: int) -> int:
    """Octets that a challenge of a mechanism has at least."""
    return ECDSA_CHALLENGE_MIN if mechanism == ECDSA else CHALLENGE_MIN


def check_challenge(challenge: bytes, own: bytes, mechanism: int = GMAC) -> None:
    """Refuse a challenge of a wrong length, or our own one sent back to us."""
    check_challenge_length(len(challenge), mechanism)
    if compare_digest(challenge, own):
        message = "the peer sent our own challenge back"
        raise SecurityError(message)


def check_challenge_length(length: int, mechanism: int = GMAC) -> None:
    """Refuse a challenge that is too short or too long."""
    least = least_challenge(mechanism)
    if not least <= length <= CHALLENGE_MAX:
        raise SecurityError(f"challenge of {length} octets, allowed are {least} to {CHALLENGE_MAX}")


def is_password(expected: bytes, given: bytes) -> bool:
    """Whether a low-level-security password is the right one, compared in constant time."""
    return compare_digest(expected, given)
