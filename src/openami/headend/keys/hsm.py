"""The key-encryption key inside a PKCS#11 token: it seals and opens there, and never leaves (OASIS PKCS #11 v2.40).

Its keys are named by a label and a number, of which the highest is current. Needs `openami[hsm]`.
"""

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cryptography.exceptions import InvalidTag

from openami.core.errors import SecurityError
from openami.headend.kit.key_settings import HsmSettings

if TYPE_CHECKING:
    from pkcs11 import Session

PIN = "OPENAMI_HSM_PIN"
BITS = 256
TAG_BITS = 128


class HsmCipher:
    """AES-256-GCM by one key of the token."""

    def __init__(self, key: Any, lock: threading.Lock) -> None:
        self._key = key
        self._lock = lock

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Seal. -> ciphertext and tag."""
        from pkcs11 import GCMParams, Mechanism  # noqa: PLC0415 - an extra

        given = GCMParams(nonce, associated_data, TAG_BITS)
        with self._lock:
            return bytes(self._key.encrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=given))

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Open; `InvalidTag` where the token says no."""
        from pkcs11 import GCMParams, Mechanism, PKCS11Error  # noqa: PLC0415 - an extra

        given = GCMParams(nonce, associated_data, TAG_BITS)
        try:
            with self._lock:
                return bytes(self._key.decrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=given))
        except PKCS11Error:  # tokens differ in what they call a wrong tag
            raise InvalidTag from None


class HsmKek:
    """Key-encryption keys of a token, by their label; `current` is the one that new seals use."""

    def __init__(self, session: "Session", lock: threading.Lock, place: str, label: str) -> None:
        self.place = place
        self.label = label
        self._session = session
        self._lock = lock
        self._numbers: list[int] = []
        self._ciphers: dict[str, HsmCipher] = {}
        self._look()

    def __repr__(self) -> str:
        return f"HsmKek({self.place!r}, current={self.current!r})"

    @property
    def current(self) -> str:
        """Label of the key that new seals use."""
        return f"{self.label}-{self._numbers[-1]}"

    @classmethod
    def open(cls, settings: HsmSettings, *, may_create: bool) -> Self:
        """Log in to the token; where it has no key of ours yet one is made, if that may be.

        Raises:
            SecurityError: the library, the token, the PIN or the key is not there.
        """
        made = cls(*_logged_in(settings), settings.token, settings.label)
        if not made._numbers:
            if not may_create:
                raise SecurityError(f"token {settings.token!r} holds no key {settings.label}-…, but keys are sealed")
            made.renewed()
        return made

    def cipher(self, name: str) -> HsmCipher:
        """Give the cipher of a key by its label."""
        import pkcs11  # noqa: PLC0415 - an extra

        if name in self._ciphers:
            return self._ciphers[name]
        try:
            key = self._session.get_key(label=name, object_class=pkcs11.ObjectClass.SECRET_KEY)
        except pkcs11.NoSuchKey:
            raise SecurityError(
                f"keys are sealed under key-encryption key {name}, which token {self.place!r} does not hold"
            ) from None
        self._ciphers[name] = HsmCipher(key, self._lock)
        return self._ciphers[name]

    def renewed(self) -> Self:
        """Draw a new current key inside the token."""
        from pkcs11 import Attribute, KeyType  # noqa: PLC0415 - an extra

        number = self._numbers[-1] + 1 if self._numbers else 1
        kept_inside = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        with self._lock:
            self._session.generate_key(
                KeyType.AES, BITS, label=f"{self.label}-{number}", store=True, template=kept_inside
            )
        self._look()
        return self

    def reduced(self) -> Self:
        """Destroy all but the current key."""
        import pkcs11  # noqa: PLC0415 - an extra

        for number in self._numbers[:-1]:
            self._session.get_key(label=f"{self.label}-{number}", object_class=pkcs11.ObjectClass.SECRET_KEY).destroy()
        self._ciphers.clear()
        self._look()
        return self

    def save(self) -> None:
        """Nothing: the token keeps its keys."""

    def _look(self) -> None:
        from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415 - an extra

        with self._lock:
            found = self._session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
            labels = [str(each[Attribute.LABEL]) for each in found]
        ours = (label.removeprefix(f"{self.label}-") for label in labels if label.startswith(f"{self.label}-"))
        self._numbers = sorted(int(number) for number in ours if number.isdigit())


_SESSIONS: "dict[tuple[Path, str], tuple[Session, threading.Lock]]" = {}
"""Tokens take one login of a process; all who work with one share it."""


def _logged_in(settings: HsmSettings) -> "tuple[Session, threading.Lock]":
    try:
        import pkcs11  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise SecurityError("an HSM needs another package: pip install 'openami[hsm]'") from None
    place = settings.module, settings.token
    if place in _SESSIONS:
        return _SESSIONS[place]
    try:
        token = pkcs11.lib(str(settings.module)).get_token(token_label=settings.token)
        session = token.open(rw=True, user_pin=pin_of(settings))
    except pkcs11.NoSuchToken:
        raise SecurityError(f"{settings.module} has no token {settings.token!r}") from None
    except (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinInvalid, pkcs11.PinLenRange):
        raise SecurityError(f"token {settings.token!r} refuses the PIN") from None
    except pkcs11.PKCS11Error as error:
        raise SecurityError(f"token {settings.token!r} does not open: {type(error).__name__}") from None
    return _SESSIONS.setdefault(place, (session, threading.Lock()))


def log_out() -> None:
    """End the logins of this process; whoever still works with a token has to open it anew."""
    while _SESSIONS:
        _SESSIONS.popitem()[1][0].close()


def pin_of(settings: HsmSettings) -> str:
    """Find the PIN: settings, a file that only its owner reads, or the environment."""
    if settings.pin is not None:
        return settings.pin.get_secret_value()
    if settings.pin_file is not None:
        return _pin_in(settings.pin_file)
    if found := os.environ.get(PIN):
        return found
    raise SecurityError(f"token {settings.token!r} needs a PIN: put it in a file (pin_file) or in {PIN}")


def _pin_in(file: Path) -> str:
    try:
        if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise SecurityError(f"PIN file {file} is open to others; run: chmod 600 {file}")
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecurityError(f"PIN file {file} cannot be read: {(error.strerror or '').lower()}") from None
