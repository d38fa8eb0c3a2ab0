"""Security suites, the security control octet and the security policy (Green Book, 9.2)."""

from enum import IntEnum, IntFlag
from typing import Final

TAG_LENGTH: Final = 12
TITLE_LENGTH: Final = 8


class Suite(IntEnum):
    """Which algorithms protect; the low four bits of the security control octet."""

    AES_GCM_128 = 0
    ECDH_ECDSA_AES_GCM_128_SHA_256 = 1
    ECDH_ECDSA_AES_GCM_256_SHA_384 = 2

    @property
    def key_length(self) -> int:
        """Octets of an encryption, authentication or master key."""
        return 32 if self is Suite.ECDH_ECDSA_AES_GCM_256_SHA_384 else 16


class SecurityControl(IntFlag):
    """How one APDU is protected; the suite stands in the low four bits."""

    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    BROADCAST = 0x40
    COMPRESSED = 0x80


class Policy(IntEnum):
    """Least protection of every APDU of an association (Security setup version 0)."""

    NONE = 0
    A = 1
    E = 2
    AE = 3

    @property
    def control(self) -> int:
        """The policy as bits of the security control octet, without the suite."""
        return self << 4
