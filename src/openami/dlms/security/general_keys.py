"""Keys of general-ciphering: the global ones, wrapped for one APDU, or agreed upon (Green Book, 9.2.2.5, 9.2.3.4.6).

Every key of a kind shares one counter of what is received, which only rises: a key that is new with
each APDU would otherwise let an old APDU be sent again.
"""

from collections.abc import Callable, Mapping
from typing import Final

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.agreement import agree
from openami.dlms.security.channel import Channel
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.curve import PrivateKey, PublicKey, curve_of
from openami.dlms.security.envelope import KeyKind
from openami.dlms.security.general import AgreedKey, Head, IdentifiedKey, KeyInfo, WrappedKey, encode_octets
from openami.dlms.security.keys import Keys, check_length, unwrap, wrap
from openami.dlms.security.material import AGREED, BROADCAST, GLOBAL, WRAPPED, Material
from openami.dlms.security.pairs import need
from openami.dlms.security.suite import Suite

UNICAST_ID: Final = 0
BROADCAST_ID: Final = 1
MASTER_ID: Final = 0
ONE_PASS: Final = b"\x01"
#: Octets by which a wrapped key is longer (RFC 3394).
WRAPPING: Final = 8
STATIC: Final = b"\x02"
KINDS: Final = {ONE_PASS: KeyKind.ONE_PASS, STATIC: KeyKind.STATIC}


class GeneralKeys:
    """Finds the key of an APDU that arrives, and makes that of one that leaves."""

    __slots__ = ("_material",)

    def __init__(self, material: Material) -> None:
        self._material = material

    def outgoing(self, kind: KeyKind, head: Head) -> tuple[KeyInfo, Channel]:
        """Make the key of an APDU that leaves, and say how the peer gets it."""
        info, key, name = MAKERS[kind](self, head)
        return info, self._channel(key, head, name)

    def arriving(self, head: Head, info: KeyInfo | None) -> tuple[KeyKind, Channel]:
        """Find the key of an APDU that arrives; without key-info it is the global one.

        What arrives under the broadcast key counts as identified: it is answered under the unicast one.
        """
        if isinstance(info, WrappedKey):
            kind, key, name = KeyKind.WRAPPED, self._unwrapped(info), WRAPPED
        elif isinstance(info, AgreedKey):
            kind, key, name = self._kind(info), self._agreed(info, head), AGREED
        elif info is None or info.key_id == UNICAST_ID:
            kind, key, name = KeyKind.IDENTIFIED, self.keys.encryption, GLOBAL
        elif info.key_id == BROADCAST_ID:
            kind, key, name = KeyKind.IDENTIFIED, need(self.keys.broadcast, "broadcast key"), BROADCAST
        else:
            raise DecodeError(f"identified-key {info.key_id}, expected 0 or 1", offset=0)
        return kind, self._channel(key, head, name)

    @property
    def keys(self) -> Keys:
        """The global keys."""
        return need(self._material.keys, "global key")

    def _channel(self, key: bytes, head: Head, name: str) -> Channel:
        """Join key and counters; the five fields of the head follow the authentication key in what is authenticated."""
        material = self._material
        cipher = Cipher(key, self.keys.authentication + head.encode())
        return Channel(cipher, material.suite, material.take, material.received(name))

    def identified(self, _head: Head) -> tuple[KeyInfo, bytes, str]:
        """Use the global unicast key."""
        return IdentifiedKey(UNICAST_ID), self.keys.encryption, GLOBAL

    def broadcast(self, _head: Head) -> tuple[KeyInfo, bytes, str]:
        """Use the global broadcast key."""
        return IdentifiedKey(BROADCAST_ID), need(self.keys.broadcast, "broadcast key"), BROADCAST

    def wrapped(self, _head: Head) -> tuple[KeyInfo, bytes, str]:
        """Draw a key and wrap it under the master key."""
        key = self._material.random(self._material.suite.key_length)
        return WrappedKey(MASTER_ID, wrap(need(self.keys.master, "master key"), key)), key, WRAPPED

    def one_pass(self, head: Head) -> tuple[KeyInfo, bytes, str]:
        """Draw an ephemeral key pair, sign its public half, agree with the recipient's static key."""
        material = self._material
        peer = need(material.pairs.peer_agreement, "key agreement key of the peer")
        own = PrivateKey.draw(curve_of(material.suite), material.random)
        public = own.public.octets
        signature = need(material.pairs.signature, "digital signature key of our own").sign(public)
        key = agree(material.suite, own, peer, head.originator, head.recipient)
        return AgreedKey(ONE_PASS, public + signature), key, AGREED

    def static(self, head: Head) -> tuple[KeyInfo, bytes, str]:
        """Agree by the static keys of both; the transaction makes the key another one each time."""
        return AgreedKey(STATIC), self._static(head), AGREED

    def _unwrapped(self, info: WrappedKey) -> bytes:
        if info.kek_id != MASTER_ID:
            raise DecodeError(f"kek-id {info.kek_id}, expected 0", offset=0)
        key = unwrap(need(self.keys.master, "master key"), info.key_ciphered_data)
        check_length("wrapped", key, self._material.suite)
        return key

    def _kind(self, info: AgreedKey) -> KeyKind:
        kind = KINDS.get(info.key_parameters)
        if kind is None:
            raise SecurityError(f"key agreement of parameters {info.key_parameters[:2].hex()}, expected 01 or 02")
        return kind

    def _agreed(self, info: AgreedKey, head: Head) -> bytes:
        if info.key_parameters == ONE_PASS:
            return self._one_passed(info.key_ciphered_data, head)
        if info.key_ciphered_data:
            raise DecodeError("static key agreement sends no data, and some came", offset=0)
        return self._static(head)

    def _one_passed(self, data: bytes, head: Head) -> bytes:
        suite, pairs = self._material.suite, self._material.pairs
        curve = curve_of(suite)
        half = 2 * curve.size
        if len(data) != 2 * half:
            raise DecodeError(f"one-pass data of {len(data)} octets, {curve.name} has {2 * half}", offset=0)
        need(pairs.peer_signature, "digital signature key of the peer").verify(data[half:], data[:half])
        own = need(pairs.agreement, "key agreement key of our own")
        return agree(suite, own, PublicKey.decode(curve, data[:half]), head.originator, head.recipient)

    def _static(self, head: Head) -> bytes:
        pairs = self._material.pairs
        own = need(pairs.agreement, "key agreement key of our own")
        peer = need(pairs.peer_agreement, "key agreement key of the peer")
        party_u = head.originator + encode_octets(head.transaction_id)
        return agree(self._material.suite, own, peer, party_u, head.recipient)


def info_length(kind: KeyKind, suite: Suite) -> int:
    """Octets of the key-info of a kind."""
    if kind in {KeyKind.IDENTIFIED, KeyKind.BROADCAST}:
        return len(IdentifiedKey(0).encode())
    if kind is KeyKind.WRAPPED:
        return len(WrappedKey(0, bytes(suite.key_length + WRAPPING)).encode())
    sent = 4 * curve_of(suite).size if kind is KeyKind.ONE_PASS else 0
    return len(AgreedKey(ONE_PASS, bytes(sent)).encode())


Maker = Callable[[GeneralKeys, Head], tuple[KeyInfo, bytes, str]]
MAKERS: Final[Mapping[KeyKind, Maker]] = {
    KeyKind.IDENTIFIED: GeneralKeys.identified,
    KeyKind.BROADCAST: GeneralKeys.broadcast,
    KeyKind.WRAPPED: GeneralKeys.wrapped,
    KeyKind.ONE_PASS: GeneralKeys.one_pass,
    KeyKind.STATIC: GeneralKeys.static,
}
