"""The key-encryption key: a file of mode 0600, apart from the database and its backup.

Keys of before stay in the file behind the current one, so that a re-wrap may be broken off, and backups and escrow
of any age can be opened; `openami headend keys rewrap --forget` takes them away.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Protocol, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openami.core.errors import SecurityError

KEY_OCTETS = 32


class Cipher(Protocol):
    """AES-256-GCM under one key-encryption key; `cryptography.exceptions.InvalidTag` where something does not open."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Seal. -> ciphertext and tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Open."""
        ...


class Kek(Protocol):
    """Where key-encryption keys are: a file, or an HSM (`keys.hsm`)."""

    @property
    def current(self) -> str:
        """Name of the key that new seals use."""
        ...

    def cipher(self, name: str) -> Cipher:
        """Give the cipher of a key; `SecurityError` where it is not held."""
        ...

    def renewed(self) -> "Kek":
        """Give it a new current key beside those it holds."""
        ...

    def reduced(self) -> "Kek":
        """Take all but the current key away."""
        ...

    def save(self) -> None:
        """Make it durable, before anything relies on it."""
        ...


class KeyFile:
    """Key-encryption keys by their check value; `current` is the one that new seals use."""

    def __init__(self, path: Path, keys: dict[str, bytes], current: str) -> None:
        self.path = path
        self.current = current
        self._keys = keys
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}

    def __repr__(self) -> str:
        return f"KeyFile({str(self.path)!r}, current={self.current!r})"

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new key; `FileExistsError` when the file is there already."""
        key = os.urandom(KEY_OCTETS)
        store = cls(path, {check_value(key): key}, check_value(key))
        path.parent.mkdir(parents=True, exist_ok=True)
        store.save(is_new=True)
        return store

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; refused when others could read it too."""
        try:
            if os.name == "posix" and path.stat().st_mode & 0o077:
                raise SecurityError(f"key-encryption key file {path} is open to others; run: chmod 600 {path}")
            fields = json.loads(path.read_text(encoding="ascii"))
            keys = [bytes.fromhex(key) for key in fields["keys"]]
        except FileNotFoundError:
            raise SecurityError(
                f"key-encryption key file {path} is missing; restore it from where you keep it"
            ) from None
        except (OSError, ValueError, TypeError, KeyError):
            raise SecurityError(f"key-encryption key file {path} cannot be read") from None
        if not keys or any(len(key) != KEY_OCTETS for key in keys):
            raise SecurityError(f"key-encryption key file {path} holds no key of {KEY_OCTETS} octets")
        return cls(path, {check_value(key): key for key in keys}, check_value(keys[0]))

    def cipher(self, name: str) -> AESGCM:
        """Give the cipher of a key by its check value."""
        if name not in self._ciphers and self.path.exists():
            self._adopt(self.load(self.path))  # another process may have renewed it
        try:
            return self._ciphers[name]
        except KeyError:
            raise SecurityError(
                f"keys are sealed under key-encryption key {name}, which {self.path} does not hold;"
                " restore the file that belongs to this database"
            ) from None

    def _adopt(self, other: Self) -> None:
        self.current, self._keys, self._ciphers = other.current, other._keys, other._ciphers

    def renewed(self) -> Self:
        """Make a file with a new current key in front of those it holds."""
        key = os.urandom(KEY_OCTETS)
        return type(self)(self.path, {check_value(key): key, **self._keys}, check_value(key))

    def reduced(self) -> Self:
        """Make a file with the current key alone."""
        return type(self)(self.path, {self.current: self._keys[self.current]}, self.current)

    def save(self, *, is_new: bool = False) -> None:
        """Write the file whole, synced, before anything relies on it."""
        ordered = sorted(self._keys, key=lambda name: name != self.current)
        text = json.dumps({"keys": [self._keys[name].hex() for name in ordered]})
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _link(part, self.path)
        else:
            part.replace(self.path)


def _link(part: Path, path: Path) -> None:
    """Put a finished file in its place unless one is there."""
    try:
        os.link(part, path)
    finally:
        part.unlink()


def check_value(key: bytes) -> str:
    """Name of a key that tells nothing about it."""
    return hashlib.sha256(b"openami key check value" + key).hexdigest()[:8]
