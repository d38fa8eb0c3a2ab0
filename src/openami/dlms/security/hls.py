"""Authentication: passwords and mechanism 5, GMAC (Green Book, 9.2.7)."""

from hmac import compare_digest
from typing import Final

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.cipher import HEAD_LENGTH, Cipher
from openami.dlms.security.suite import TAG_LENGTH, SecurityControl, Suite

REPLY_LENGTH: Final = HEAD_LENGTH + TAG_LENGTH
CHALLENGE_MIN: Final = 8
CHALLENGE_MAX: Final = 64


def reply_to_challenge(cipher: Cipher, title: bytes, suite: Suite, counter: int, challenge: bytes) -> bytes:
    """f(challenge) of mechanism 5: SC || IC || GMAC(SC || AK || challenge), under our own title."""
    protected = cipher.protect(title, SecurityControl.AUTHENTICATED.value | suite, counter, challenge)
    return protected[:HEAD_LENGTH] + protected[-TAG_LENGTH:]


def verify_reply(cipher: Cipher, title: bytes, suite: Suite, challenge: bytes, reply: bytes) -> int:
    """Check the peer's f(challenge) and return the invocation counter in it."""
    if len(reply) != REPLY_LENGTH:
        raise DecodeError(f"reply to HLS authentication has {len(reply)} octets, expected {REPLY_LENGTH}")
    if reply[0] != SecurityControl.AUTHENTICATED.value | suite:
        raise SecurityError(f"reply to HLS authentication under security control {reply[0]:02x}")
    cipher.unprotect(title, reply[:HEAD_LENGTH] + challenge + reply[HEAD_LENGTH:])
    return int.from_bytes(reply[1:HEAD_LENGTH], "big")


def check_challenge(challenge: bytes, own: bytes) -> None:
    """Refuse a challenge of a wrong length, or our own one sent back to us."""
    if not CHALLENGE_MIN <= len(challenge) <= CHALLENGE_MAX:
        raise SecurityError(f"challenge of {len(challenge)} octets, allowed are 8 to 64")
    if compare_digest(challenge, own):
        message = "the peer sent our own challenge back"
        raise SecurityError(message)


def is_password(expected: bytes, given: bytes) -> bool:
    """Whether a low-level-security password is the right one, compared in constant time."""
    return compare_digest(expected, given)
