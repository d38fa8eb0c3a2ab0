"""Key pairs on the curves of suites 1 and 2: ECDSA and ECDH (Green Book, 9.2.3.4; FIPS 186, SP 800-56A).

Numbers travel plain: a public key is x || y, a signature r || s, each half as long as the field.
Signatures are deterministic (RFC 6979), and a key pair is drawn from octets that the caller gives.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.keys import Secretive
from openami.dlms.security.suite import Suite

#: Octets drawn beyond the length of a private key, so that none is likelier than another (FIPS 186-5, A.2.1).
EXTRA: Final = 8
UNCOMPRESSED: Final = b"\x04"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve with the hash that goes with it; `size` is the octets of a coordinate."""

    name: str
    size: int
    group: ec.EllipticCurve = field(repr=False, compare=False)
    hash: SHA256 | SHA384 = field(repr=False, compare=False)
    scheme: ec.ECDSA = field(repr=False, compare=False)


#: Curve of suite 1.
P256: Final = Curve("P-256", 32, ec.SECP256R1(), SHA256(), ec.ECDSA(SHA256(), deterministic_signing=True))
#: Curve of suite 2.
P384: Final = Curve("P-384", 48, ec.SECP384R1(), SHA384(), ec.ECDSA(SHA384(), deterministic_signing=True))
CURVES: Final[Mapping[Suite, Curve]] = {
    Suite.ECDH_ECDSA_AES_GCM_128_SHA_256: P256,
    Suite.ECDH_ECDSA_AES_GCM_256_SHA_384: P384,
}
BY_NAME: Final = {curve.group.name: curve for curve in CURVES.values()}


def curve_of(suite: Suite) -> Curve:
    """Curve of a suite; suite 0 has none."""
    curve = CURVES.get(suite)
    if curve is None:
        raise SecurityError(f"suite {suite.value} has no key pairs: signatures and key agreement begin with suite 1")
    return curve


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, as x || y."""

    curve: Curve
    octets: bytes
    _key: ec.EllipticCurvePublicKey = field(repr=False, compare=False)

    @classmethod
    def decode(cls, curve: Curve, octets: bytes) -> Self:
        """Read x || y, or the same behind the octet 04; a point that is not on the curve is refused."""
        if len(octets) == 2 * curve.size + 1 and octets[:1] == UNCOMPRESSED:
            octets = octets[1:]
        if len(octets) != 2 * curve.size:
            raise DecodeError(f"public key of {len(octets)} octets, {curve.name} has {2 * curve.size}", offset=0)
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(curve.group, UNCOMPRESSED + octets)
        except ValueError:
            raise DecodeError(f"public key is no point of {curve.name}", offset=0) from None
        return cls(curve, octets, key)

    @classmethod
    def of(cls, key: object) -> Self:
        """Take a key as cryptography holds it, from a certificate for example."""
        if not isinstance(key, ec.EllipticCurvePublicKey) or (curve := BY_NAME.get(key.curve.name)) is None:
            message = "public key is on neither P-256 nor P-384"
            raise SecurityError(message)
        numbers = key.public_numbers()
        octets = b"".join(n.to_bytes(curve.size, "big") for n in (numbers.x, numbers.y))
        return cls(curve, octets, key)

    @property
    def key(self) -> ec.EllipticCurvePublicKey:
        """The key as cryptography holds it."""
        return self._key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Refuse a signature r || s that is not of this message and key."""
        size = self.curve.size
        if len(signature) != 2 * size:
            raise SecurityError(f"signature of {len(signature)} octets, {self.curve.name} has {2 * size}")
        numbers = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        try:
            self._key.verify(encode_dss_signature(*numbers), message, self.curve.scheme)
        except InvalidSignature:
            text = "signature is wrong: another key, or what was signed has changed"
            raise SecurityError(text) from None


@dataclass(frozen=True, slots=True)
class PrivateKey(Secretive):
    """A private key; `repr` shows its curve alone."""

    curve: Curve
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def decode(cls, curve: Curve, octets: bytes) -> Self:
        """Read the number of a private key."""
        if len(octets) != curve.size:
            raise DecodeError(f"private key of {len(octets)} octets, {curve.name} has {curve.size}", offset=0)
        try:
            return cls(curve, ec.derive_private_key(int.from_bytes(octets, "big"), curve.group))
        except ValueError:
            raise DecodeError(f"private key is out of range for {curve.name}", offset=0) from None

    @classmethod
    def draw(cls, curve: Curve, random: Callable[[int], bytes]) -> Self:
        """Make a key pair from octets of chance."""
        number = int.from_bytes(random(curve.size + EXTRA), "big")
        return cls(curve, ec.derive_private_key(number % (curve.group.group_order - 1) + 1, curve.group))

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The key as cryptography holds it."""
        return self._key

    @property
    def octets(self) -> bytes:
        """The number, for who stores it."""
        return self._key.private_numbers().private_value.to_bytes(self.curve.size, "big")

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey.of(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Signature r || s of a message."""
        size = self.curve.size
        numbers = decode_dss_signature(self._key.sign(message, self.curve.scheme))
        return b"".join(n.to_bytes(size, "big") for n in numbers)

    def agree(self, peer: PublicKey) -> bytes:
        """Shared secret Z with a peer's public key (ECC CDH)."""
        if peer.curve is not self.curve:
            raise SecurityError(f"public key on {peer.curve.name}, ours is on {self.curve.name}")
        return self._key.exchange(ec.ECDH(), peer.key)
