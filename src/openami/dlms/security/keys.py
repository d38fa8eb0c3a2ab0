"""The symmetric keys of a meter, and the AES key wrap that transports them (RFC 3394)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final, NoReturn, Self

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from openami.core.errors import SecurityError
from openami.dlms.security.suite import Suite


class KeyId(IntEnum):
    """Names of the keys in Security setup, method key_transfer (Blue Book, class 64)."""

    GLOBAL_UNICAST_ENCRYPTION = 0
    GLOBAL_BROADCAST_ENCRYPTION = 1
    AUTHENTICATION = 2
    MASTER = 3


class Secretive:
    """A frozen value with keys in it: it is shared, not copied, and never leaves the process by pickle."""

    __slots__ = ()

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        message = f"{type(self).__name__} holds keys and cannot be pickled"
        raise TypeError(message)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self


@dataclass(frozen=True, slots=True)
class Keys(Secretive):
    """Global keys of one client with one meter; `repr` shows none of them."""

    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    master: bytes | None = field(default=None, repr=False)
    broadcast: bytes | None = field(default=None, repr=False)

    def replaced(self, keys: Mapping[int, bytes]) -> Self:
        """The same with other keys, by key id."""
        return replace(self, **{FIELDS[key_id]: key for key_id, key in keys.items()})

    def check(self, suite: Suite) -> None:
        """Refuse keys that are not as long as a suite asks for."""
        for name in ("encryption", "authentication", "master", "broadcast"):
            check_length(name, getattr(self, name), suite)


#: Key id -> the field of `Keys` it means.
FIELDS: Final[Mapping[int, str]] = {
    KeyId.GLOBAL_UNICAST_ENCRYPTION: "encryption",
    KeyId.GLOBAL_BROADCAST_ENCRYPTION: "broadcast",
    KeyId.AUTHENTICATION: "authentication",
    KeyId.MASTER: "master",
}


def check_length(name: str, key: bytes | None, suite: Suite) -> None:
    """Refuse a key that is not as long as its suite asks for."""
    if key is not None and len(key) != suite.key_length:
        message = f"{name} key of {len(key)} octets, suite {suite.value} asks for {suite.key_length}"
        raise SecurityError(message)


def octets(name: str, secret: bytes | str) -> bytes:
    """Read a key or title given as octets or as hexadecimal text."""
    if isinstance(secret, bytes):
        return secret
    try:
        return bytes.fromhex(secret)
    except ValueError:
        message = f"{name} is not hexadecimal text"
        raise SecurityError(message) from None


def wrap(master: bytes, key: bytes) -> bytes:
    """`key` wrapped under the master key, as key_transfer carries it."""
    return aes_key_wrap(master, key)


def unwrap(master: bytes, wrapped: bytes) -> bytes:
    """Unwrap a key; refused when it was not wrapped under `master`."""
    try:
        return aes_key_unwrap(master, wrapped)
    except (InvalidUnwrap, ValueError):
        message = "wrapped key does not open under the master key"
        raise SecurityError(message) from None
