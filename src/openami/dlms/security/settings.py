"""What a client must know to associate: `Security`, the public face of this folder."""

from dataclasses import dataclass, field
from typing import Literal, Self

from openami.core.errors import SecurityError
from openami.dlms.security.counters import LAST
from openami.dlms.security.hls import CHALLENGE_MAX, CHALLENGE_MIN
from openami.dlms.security.keys import Keys, Secretive, check_length, octets
from openami.dlms.security.suite import TITLE_LENGTH, Policy, Suite

LOWEST, LOW, HIGH_GMAC = 0, 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Security(Secretive):
    """Authentication and ciphering of a client; `repr` shows no key and no password."""

    mechanism: int = LOWEST
    password: bytes | None = field(default=None, repr=False)
    keys: Keys | None = None
    client_title: bytes | None = None
    server_title: bytes | None = None
    policy: Policy = Policy.NONE
    ciphering: Literal["glo", "general-glo"] = "glo"
    dedicated_key: bytes | Literal["random"] | None = field(default=None, repr=False)
    invocation_counter: int | None = None
    challenge_length: int = 16
    suite: Suite = Suite.AES_GCM_128

    def __post_init__(self) -> None:
        self._check_titles()
        if self.keys is not None:
            self.keys.check(self.suite)
        if isinstance(self.dedicated_key, bytes):
            check_length("dedicated", self.dedicated_key, self.suite)
        if self.dedicated_key is not None and self.policy is Policy.NONE:
            message = "a dedicated key is of use only where a policy asks for ciphering"
            raise SecurityError(message)
        if self.policy is not Policy.NONE and self.keys is None:
            message = "a ciphered association needs keys"
            raise SecurityError(message)
        if not 0 <= (self.invocation_counter or 0) <= LAST:
            raise SecurityError(f"invocation counter {self.invocation_counter} is out of range")
        if not CHALLENGE_MIN <= self.challenge_length <= CHALLENGE_MAX:
            raise SecurityError(f"challenge of {self.challenge_length} octets, allowed are 8 to 64")

    @property
    def is_ciphered(self) -> bool:
        """Whether APDUs are protected: the application context is then the ciphered one."""
        return self.policy is not Policy.NONE

    @classmethod
    def none(cls) -> Self:
        """Lowest level: no password, no ciphering (the public client 16)."""
        return cls()

    @classmethod
    def lls(cls, password: str | bytes) -> Self:
        """Low level: a password sent in clear."""
        return cls(mechanism=LOW, password=password.encode() if isinstance(password, str) else password)

    @classmethod
    def hls5(
        cls,
        *,
        encryption_key: bytes | str,
        authentication_key: bytes | str,
        client_title: bytes | str,
        policy: Policy = Policy.AE,
        ciphering: Literal["glo", "general-glo"] = "glo",
        dedicated_key: bytes | str | None = None,
        server_title: bytes | str | None = None,
        invocation_counter: int | None = None,
        suite: Suite = Suite.AES_GCM_128,
        challenge_length: int = 16,
    ) -> Self:
        """High level, mechanism 5 (GMAC). Keys and titles as octets or hexadecimal text.

        `dedicated_key="random"` draws one for each association, as it is meant to be; a key given here
        must not be given to a second client, because its counters start at 0.
        """
        return cls(
            mechanism=HIGH_GMAC,
            keys=Keys(octets("encryption key", encryption_key), octets("authentication key", authentication_key)),
            client_title=octets("client title", client_title),
            server_title=None if server_title is None else octets("server title", server_title),
            policy=policy,
            ciphering=ciphering,
            dedicated_key=read_dedicated_key(dedicated_key),
            invocation_counter=invocation_counter,
            challenge_length=challenge_length,
            suite=suite,
        )

    def _check_titles(self) -> None:
        titles = {"client": self.client_title, "server": self.server_title}
        for name, title in titles.items():
            if title is not None and len(title) != TITLE_LENGTH:
                raise SecurityError(f"{name} title of {len(title)} octets, expected {TITLE_LENGTH}")
        if self.client_title is not None and self.client_title == self.server_title:
            message = "client and server must not have the same system title"
            raise SecurityError(message)
        if self.client_title is None and (self.keys is not None or self.mechanism == HIGH_GMAC):
            message = "a client with keys needs a system title"
            raise SecurityError(message)


def read_dedicated_key(key: bytes | str | None) -> bytes | Literal["random"] | None:
    """Octets of a dedicated key, or the wish to have one drawn."""
    if key is None:
        return None
    return "random" if key == "random" else octets("dedicated key", key)
