"""The key pairs of one end, and what it knows of the other's (Green Book, 9.2.6)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from openami.core.errors import SecurityError
from openami.dlms.security.curve import PrivateKey, PublicKey
from openami.dlms.security.keys import Secretive

T = TypeVar("T")
#: Reads the certificate that the bearer of a system title presents, and says which key it vouches for;
#: raises `SecurityError` for one that is not trusted.
Trust: TypeAlias = Callable[[bytes, bytes], PublicKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPairs(Secretive):
    """Digital signature and key agreement key pairs; `repr` shows no private key.

    `certificate` is presented to a peer that may not know our signature key (AE-qualifier of AARQ and
    AARE); `trust` reads the one a peer presents. A peer's key given here needs no certificate.
    """

    signature: PrivateKey | None = field(default=None, repr=False)
    agreement: PrivateKey | None = field(default=None, repr=False)
    peer_signature: PublicKey | None = None
    peer_agreement: PublicKey | None = None
    certificate: bytes | None = field(default=None, repr=False)
    trust: Trust | None = field(default=None, repr=False)

    def peer(self, title: bytes, presented: bytes | None) -> PublicKey | None:
        """Signature key of the peer: the one we know, else the one a trusted certificate vouches for."""
        if self.peer_signature is not None or self.trust is None or not presented:
            return self.peer_signature
        return self.trust(title, presented)


NO_PAIRS = KeyPairs()


def need(key: T | None, what: str) -> T:
    """Give a key that an operation asks for; refuse the operation when nobody gave one."""
    if key is None:
        raise SecurityError(f"there is no {what}")
    return key
