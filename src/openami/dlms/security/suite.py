"""Security suites, the security control octet and the security policy (Green Book, 9.2)."""

from enum import IntEnum, IntFlag
from typing import Final

TAG_LENGTH: Final = 12
TITLE_LENGTH: Final = 8
#: How an APDU is protected, in the bits of the security control octet; one more for a signature round or in it.
AUTHENTICATED: Final = 0x10
ENCRYPTED: Final = 0x20
SIGNED: Final = 0x100


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


class Policy(IntFlag):
    """Least protection of every APDU of an association (Security setup, attribute 2).

    Version 0 states 0 to 3 for both directions; version 1 has a bit for each kind of protection of
    requests and of responses. The two never use the same bits, so one number says either.
    """

    NONE = 0
    A = 1
    E = 2
    AE = 3
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    SIGNED_RESPONSE = 0x80

    @property
    def request(self) -> int:
        """Least protection of a request: bits of the security control octet, and `SIGNED`."""
        bits = int(self)
        return (bits & 3) << 4 | protection(bits >> 2)

    @property
    def response(self) -> int:
        """Least protection of a response: bits of the security control octet, and `SIGNED`."""
        bits = int(self)
        return (bits & 3) << 4 | protection(bits >> 5)

    @property
    def control(self) -> int:
        """What the policy asks of either direction, in the bits of the security control octet."""
        return (self.request | self.response) & (AUTHENTICATED | ENCRYPTED)


def protection(bits: int) -> int:
    """Protection that the three bits of one direction ask for."""
    return (bits & 3) << 4 | (SIGNED if bits & 4 else 0)
