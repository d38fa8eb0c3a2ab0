"""Passwords: what is good enough, hashed with argon2id; and secrets of our own making, which need no slow hash."""

import hashlib
import hmac
import secrets
import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from openami.core.errors import AmiError

MOST_CHARACTERS = 512
FEWEST_DIFFERENT = 6
TOKEN_OCTETS = 32
COMMON: Final = frozenset({
    "password", "passwort", "passw0rd", "wachtwoord", "motdepasse", "12345", "123456", "qwerty", "qwertz", "azerty",
    "letmein", "welcome", "admin", "administrator", "openami", "headend", "smartmeter", "iloveyou", "monkey",
    "dragon", "sunshine", "football", "master", "secret",
})  # fmt: skip
"""Words that may not be most of a password."""

HASHER: Final = PasswordHasher()
"""The parameters of RFC 9106, section 4, second choice: 64 MiB, three passes."""
AT_A_TIME: Final = threading.BoundedSemaphore(4)
"""Hashes made at a time: each takes 64 MiB, and anybody may ask for one."""
DUMMY: Final = HASHER.hash(secrets.token_hex(16))
"""Checked where there is no such account, so that the answer takes as long."""


class WeakPasswordError(AmiError):
    """A password that is too easy to guess."""


def check_policy(password: str, least: int, *known: str) -> None:
    """Refuse a password that is short, long, of few characters, a common word, or made of what is known of one."""
    if not least <= len(password) <= MOST_CHARACTERS:
        raise WeakPasswordError(f"a password has {least} to {MOST_CHARACTERS} characters")
    small = password.lower()
    if len(set(small)) < FEWEST_DIFFERENT:
        raise WeakPasswordError(f"a password has at least {FEWEST_DIFFERENT} different characters")
    for word in sorted(COMMON | {part.lower() for part in known if len(part) > 2}, key=len, reverse=True):
        if word in small and len(small.replace(word, "")) < least // 2:
            raise WeakPasswordError("a password is not a common word, nor your name, with something added")


def hashed(password: str) -> str:
    """Hash a password."""
    with AT_A_TIME:
        return HASHER.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether it is the password; takes as long when there is none."""
    try:
        with AT_A_TIME:
            HASHER.verify(stored or DUMMY, password[: MOST_CHARACTERS + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_renewal(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return HASHER.check_needs_rehash(stored)


def token() -> str:
    """Make a secret of 256 bits."""
    return secrets.token_urlsafe(TOKEN_OCTETS)


def fingerprint(secret: str) -> str:
    """Hash a secret of our own making."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Compare without telling by time how far they agree."""
    return hmac.compare_digest(one.encode(), other.encode())
