"""Keys that two ends agree on: the derivation that all schemes share (Green Book, 9.2.3.4.6; SP 800-56A).

Ephemeral unified C(2e,0s): Z of two ephemeral keys. One-pass C(1e,1s): Z of the originator's ephemeral
key and the recipient's static one. Static C(0e,2s): Z of two static keys, and a nonce.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from openami.core.errors import DecodeError
from openami.dlms.security.curve import PrivateKey, PublicKey, curve_of
from openami.dlms.security.keys import KeyId, Secretive
from openami.dlms.security.suite import Suite

#: Contents of the object identifier 2.16.756.5.8.3.x without its last arc; no tag and no length.
ALGORITHM_PREFIX: Final = bytes.fromhex("608574050803")


class Algorithm(IntEnum):
    """What the derived key is for: the last arc of AlgorithmID."""

    AES_GCM_128 = 0
    AES_GCM_256 = 1
    AES_WRAP_128 = 2
    AES_WRAP_256 = 3


def algorithm(suite: Suite, *, wraps: bool = False) -> Algorithm:
    """Algorithm of a suite for a key that encrypts, or one that wraps other keys."""
    return Algorithm(2 * wraps + (suite.key_length == 32))


def derive(suite: Suite, z: bytes, purpose: Algorithm, party_u: bytes, party_v: bytes) -> bytes:
    """Key from a shared secret: leftmost octets of SHA(00000001 || Z || AlgorithmID || party U || party V)."""
    other = ALGORITHM_PREFIX + bytes((purpose,)) + party_u + party_v
    return ConcatKDFHash(curve_of(suite).hash, suite.key_length, other).derive(z)


def agree(
    suite: Suite, own: PrivateKey, peer: PublicKey, party_u: bytes, party_v: bytes, *, wraps: bool = False
) -> bytes:
    """Key of a suite that our private and the peer's public key give; U is who began."""
    return derive(suite, own.agree(peer), algorithm(suite, wraps=wraps), party_u, party_v)


@dataclass(frozen=True, slots=True)
class Offer(Secretive):
    """One end's half of the method key_agreement, C(2e,0s), for one key (Blue Book, class 64).

    What travels is an ephemeral public key and the signature of key id and public key.
    """

    suite: Suite
    key_id: KeyId
    ephemeral: PrivateKey

    @classmethod
    def draw(cls, suite: Suite, key_id: KeyId, random: Callable[[int], bytes]) -> Self:
        """Make an ephemeral key pair."""
        return cls(suite, key_id, PrivateKey.draw(curve_of(suite), random))

    def data(self, signature: PrivateKey) -> bytes:
        """What the other end is sent, signed by our digital signature key."""
        public = self.ephemeral.public.octets
        return public + signature.sign(bytes((self.key_id,)) + public)

    def accept(self, data: bytes, signer: PublicKey, client: bytes, server: bytes) -> bytes:
        """The key, from what the other end sent and the system titles of both; refused unless `signer` signed it."""
        curve = curve_of(self.suite)
        half = 2 * curve.size
        if len(data) != 2 * half:
            raise DecodeError(f"key agreement data of {len(data)} octets, {curve.name} has {2 * half}", offset=0)
        public = data[:half]
        signer.verify(data[half:], bytes((self.key_id,)) + public)
        wraps = self.key_id is KeyId.MASTER
        return agree(self.suite, self.ephemeral, PublicKey.decode(curve, public), client, server, wraps=wraps)
