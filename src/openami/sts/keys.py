"""Decoder keys: CONTROL, PANBLOCK, DKGA02 and DKGA04 (IEC 62055-41, 6.5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final

import numpy as np
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from numpy.typing import NDArray

from openami.core.errors import EncodeError, SecurityError
from openami.sts.pan import MeterPAN
from openami.sts.sha256 import Hash, sha256
from openami.sts.tid import NEVER, BaseDate


class EA(IntEnum):
    """Encryption algorithm of tokens."""

    STA = 7
    MISTY1 = 11

    @property
    def key_bits(self) -> int:
        """Length of a decoder key."""
        return 128 if self is EA.MISTY1 else 64


class KeyType(IntEnum):
    """Kind of decoder key: initialisation, default, unique, common."""

    DITK = 0
    DDTK = 1
    DUTK = 2
    DCTK = 3


@dataclass(frozen=True)
class KeyAttributes:
    """What a decoder key is made from besides vending key and meter, and when it expires."""

    sgc: str
    key_type: KeyType = KeyType.DUTK
    krn: int = 1
    ti: int = 1
    ken: int = NEVER
    ea: EA = EA.MISTY1
    base_date: BaseDate = BaseDate.YEAR_2014

    def __post_init__(self) -> None:
        if len(self.sgc) != 6 or not (self.sgc.isascii() and self.sgc.isdigit()):
            raise EncodeError("a supply group code has 6 digits")
        limits = {"krn": (1, 9), "ti": (0, 99), "ken": (0, NEVER)}
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise EncodeError(f"{name.upper()} {getattr(self, name)}: from {least} to {most}")

    @property
    def control_block(self) -> bytes:
        """KT, SGC, TI and KRN as hexadecimal digits, filled up with F (6.5.3.2)."""
        return bytes.fromhex(f"{self.key_type:X}{self.sgc}{self.ti:02d}{self.krn:X}FFFFFF")

    @cached_property
    def message_head(self) -> bytes:
        """What DKGA04 hashes before the MeterPAN: DKGA, BDT, EA, TI; SGC, KT, KRN, each with its length."""
        first = ("04", self.base_date.code, f"{self.ea:02d}", f"{self.ti:02d}")
        second = (self.sgc, f"{self.key_type:d}", f"{self.krn:X}")
        return b"\4" + prefixed(first) + b"\0\4" + prefixed(second) + b"\x12"

    @cached_property
    def message_tail(self) -> bytes:
        """What DKGA04 hashes after the MeterPAN: the length of the key in bits."""
        return self.ea.key_bits.to_bytes(4, "big")


def prefixed(fields: Sequence[str]) -> bytes:
    """ASCII fields, each with its length before it."""
    return b"".join(bytes([len(text)]) + text.encode("ascii") for text in fields)


def pan_block(pan: MeterPAN, key_type: KeyType) -> bytes:
    """Right-most 16 digits of the MeterPAN without its check digit; a common key knows no meter (6.5.3.3)."""
    digits = pan.digits[1:-1]
    if key_type is KeyType.DCTK:
        of_issuer = len(pan.iin) - 1
        digits = digits[:of_issuer].ljust(16, "0")
    return bytes.fromhex(digits)


@dataclass(frozen=True, slots=True)
class DecoderKey:
    """Key of a meter: 64 bits for EA07, 128 for EA11."""

    ea: EA
    octets: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.octets) * 8 != self.ea.key_bits:
            raise SecurityError(f"a decoder key of EA{self.ea:02d} has {self.ea.key_bits} bits")

    @property
    def number(self) -> int:
        """The key as a number, big-endian."""
        return int.from_bytes(self.octets, "big")


class VendingKey:
    """Key of a supply group: 8 octets with DKGA02, 20 with DKGA04; it is never shown."""

    __slots__ = ("_inner", "_octets", "_outer", "dkga")

    LENGTHS: Final = {8: "02", 20: "04"}

    def __init__(self, octets: bytes) -> None:
        if len(octets) not in self.LENGTHS:
            raise SecurityError("a vending key has 8 octets with DKGA02, 20 with DKGA04")
        self._octets = octets
        self.dkga = self.LENGTHS[len(octets)]
        key = np.frombuffer(octets.ljust(64, b"\0"), np.uint8)
        self._inner, self._outer = (sha256((key ^ np.uint8(pad)).tobytes()) for pad in (0x36, 0x5C))

    def __repr__(self) -> str:
        return f"VendingKey(DKGA{self.dkga})"

    @property
    def octets(self) -> bytes:
        """The key itself, for whoever seals it."""
        return self._octets

    def decoder_key(self, pan: MeterPAN, attributes: KeyAttributes) -> DecoderKey:
        """Derive the key of a meter."""
        self._check(attributes)
        if self.dkga == "02":
            return DecoderKey(attributes.ea, self._dkga02(pan, attributes))
        message = attributes.message_head + pan.digits.encode("ascii") + attributes.message_tail
        return DecoderKey(attributes.ea, self._hmac(self._inner, message)[: attributes.ea.key_bits // 8])

    def decoder_keys(self, pans: NDArray[np.bytes_], attributes: KeyAttributes) -> NDArray[np.uint8]:
        """Derive the keys of many meters from their MeterPANs of 18 ASCII digits. [n] -> [n, 8 or 16]."""
        self._check(attributes)
        length = attributes.ea.key_bits // 8
        if self.dkga == "02":
            names = (MeterPAN(pan.decode("ascii")) for pan in pans.tolist())
            keys = b"".join(self._dkga02(pan, attributes) for pan in names)
        else:
            keys = self._dkga04(pans, attributes)
        return np.ascontiguousarray(np.frombuffer(keys, np.uint8).reshape(len(pans), -1)[:, :length])

    def _check(self, attributes: KeyAttributes) -> None:
        """Refuse what no text at hand describes."""
        if self.dkga == "02" and attributes.ea is not EA.STA:
            raise EncodeError("DKGA02 makes keys of 64 bits: EA11 needs a vending key of 20 octets")
        if self.dkga == "04" and attributes.key_type is KeyType.DCTK:
            raise EncodeError("how DKGA04 makes common keys is not verified: key type 3 is left out")

    def _dkga02(self, pan: MeterPAN, attributes: KeyAttributes) -> bytes:
        """DES of PANBLOCK xor CONTROL, xor both (6.5.3.5)."""
        block = xor(pan_block(pan, attributes.key_type), attributes.control_block)
        des = Cipher(TripleDES(self._octets * 3), modes.CBC(bytes(8)))  # thrice the same key is DES; of one block
        return xor(xor(des.encryptor().update(block), block), self._octets)

    def _dkga04(self, pans: NDArray[np.bytes_], attributes: KeyAttributes) -> bytes:
        """HMAC-SHA-256 for each meter, all 32 octets (6.5.3.7); what is the same for all is hashed once."""
        started = self._inner.copy()
        started.update(attributes.message_head)
        tails = np.char.add(pans, attributes.message_tail)
        return b"".join([self._hmac(started, tail) for tail in tails.tolist()])

    def _hmac(self, inner: Hash, message: bytes) -> bytes:
        """HMAC of a message of which `inner` has taken the beginning."""
        inner, outer = inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


def xor(left: bytes, right: bytes) -> bytes:
    """Octets added without carry."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
