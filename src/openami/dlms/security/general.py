"""general-ciphering and general-signing: APDUs that name both ends and the key (Green Book, 9.5).

Both begin with the same five octet-strings. These enter the tag of a ciphered content, and with the
content a signature, each with its length (Green Book, 9.2.7.2).
"""

from dataclasses import dataclass, field
from typing import Final, Self, TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader, encode_length

GENERAL_CIPHERING: Final = 221
GENERAL_SIGNING: Final = 223


@dataclass(frozen=True, slots=True)
class Head:
    """Who sends to whom, in which transaction, when, and what else both agree to say."""

    transaction_id: bytes
    originator: bytes
    recipient: bytes
    date_time: bytes = b""
    other_information: bytes = b""

    def encode(self) -> bytes:
        """Write five octet-strings."""
        fields = (self.transaction_id, self.originator, self.recipient, self.date_time, self.other_information)
        return b"".join(map(encode_octets, fields))

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read five octet-strings."""
        return cls(*(reader.octets() for _ in range(5)))


@dataclass(frozen=True, slots=True)
class IdentifiedKey:
    """A global key that both ends hold: 0 unicast, 1 broadcast."""

    key_id: int

    def encode(self) -> bytes:
        """Write choice and enumerated."""
        return bytes((0, self.key_id))

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read what follows the choice."""
        return cls(reader.u8())


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key of this APDU alone, wrapped under a key that both ends hold: 0 the master key."""

    kek_id: int
    key_ciphered_data: bytes

    def encode(self) -> bytes:
        """Write choice, enumerated and wrapped key."""
        return bytes((1, self.kek_id)) + encode_octets(self.key_ciphered_data)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read what follows the choice."""
        return cls(reader.u8(), reader.octets())


@dataclass(frozen=True, slots=True)
class AgreedKey:
    """A key that both ends work out: parameters 01 one-pass, 02 static; data is what the scheme sends."""

    key_parameters: bytes
    key_ciphered_data: bytes = b""

    def encode(self) -> bytes:
        """Write choice and two octet-strings."""
        return b"\x02" + encode_octets(self.key_parameters) + encode_octets(self.key_ciphered_data)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read what follows the choice."""
        return cls(reader.octets(), reader.octets())


KeyInfo: TypeAlias = IdentifiedKey | WrappedKey | AgreedKey
CHOICES: Final[tuple[type[KeyInfo], ...]] = (IdentifiedKey, WrappedKey, AgreedKey)


@dataclass(frozen=True, slots=True)
class GeneralCiphering:
    """A protected content, SC || IC || text || tag, with the way to its key; without one the global key is meant."""

    head: Head
    key_info: KeyInfo | None
    ciphered_content: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Octets of the APDU."""
        info = b"\0" if self.key_info is None else b"\1" + self.key_info.encode()
        return b"\xdd" + self.head.encode() + info + encode_octets(self.ciphered_content)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; nothing may follow it."""
        reader = begin(apdu, GENERAL_CIPHERING)
        head = Head.read(reader)
        found = cls(head, read_key_info(reader), reader.octets())
        reader.finish()
        return found


@dataclass(frozen=True, slots=True)
class GeneralSigning:
    """An APDU, plain or ciphered, with the signature of its originator."""

    head: Head
    content: bytes = field(repr=False)
    signature: bytes

    @property
    def signed(self) -> bytes:
        """What the signature is over: all before it, without the tag."""
        return to_sign(self.head, self.content)

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return b"\xdf" + self.signed + encode_octets(self.signature)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; nothing may follow it."""
        reader = begin(apdu, GENERAL_SIGNING)
        found = cls(Head.read(reader), reader.octets(), reader.octets())
        reader.finish()
        return found


def to_sign(head: Head, content: bytes) -> bytes:
    """Octets that a signature covers."""
    return head.encode() + encode_octets(content)


def begin(apdu: bytes, tag: int) -> Reader:
    """Open an APDU behind its tag."""
    reader = Reader(apdu)
    if reader.u8() != tag:
        raise DecodeError(f"tag {apdu[0]}, expected {tag}", offset=0)
    return reader


def read_key_info(reader: Reader) -> KeyInfo | None:
    """Read the optional way to the key."""
    if not reader.flag():
        return None
    at = reader.offset
    choice = reader.u8()
    if choice >= len(CHOICES):
        raise DecodeError(f"key-info choice {choice}, expected 0 to 2", offset=at)
    return CHOICES[choice].read(reader)


def encode_octets(octets: bytes) -> bytes:
    """Write an octet-string: length and contents."""
    return encode_length(len(octets)) + octets
