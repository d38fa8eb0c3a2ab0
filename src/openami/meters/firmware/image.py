"""Firmware images as files: a head that says what they are for, content, and the maker's signature.

    octets      what
    4           "OAFW"
    1           version of this format: 1
    1           part of the firmware: 1 legal, 2 non-legal, 3 modem, 4 whole
    1           flags: bit 0: the self-check after activation will fail (a test image)
    1 + n       identifier, as the image transfer is initiated with
    1 + n       model of the meter, as its product file names it
    1 + n       version
    1 + n       least version from which it may be reached; empty: any
    4           octets of content
    32          SHA-256 of the content
    n           content
    64          ECDSA signature r || s on P-256 over SHA-256 of all before the content

Numbers are big-endian, texts UTF-8 with their length before them.
"""

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import Self

from openami.core.errors import DecodeError, DefinitionError, SecurityError
from openami.dlms.axdr import Reader
from openami.dlms.security.curve import P256, PrivateKey, PublicKey
from openami.meters.firmware.version import Version

MAGIC = b"OAFW"
FORMAT = 1
DEFECTIVE = 0x01
HASH_OCTETS = 32
SIGNATURE_OCTETS = 64


class Part(IntEnum):
    """Which part of a meter's firmware: what is under legal control is kept apart (WELMEC 7.2)."""

    LEGAL = 1
    NON_LEGAL = 2
    MODEM = 3
    WHOLE = 4

    @property
    def word(self) -> str:
        """Name in product files and on the command line."""
        return self.name.lower()


PARTS = {part.word: part for part in Part}


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """What an image is for, and its content."""

    identifier: bytes
    model: str
    part: Part
    version: Version
    content: bytes = field(repr=False)
    least: Version | None = None
    is_defective: bool = False

    def head(self) -> bytes:
        """All before the content: what is signed."""
        texts = (self.identifier, self.model.encode(), self.version.text.encode(), self.least_text.encode())
        if any(len(text) > 0xFF for text in texts):
            raise DefinitionError("identifier, model and versions have at most 255 octets each")
        return b"".join(
            (
                MAGIC,
                bytes((FORMAT, self.part, DEFECTIVE if self.is_defective else 0)),
                *(bytes((len(text),)) + text for text in texts),
                len(self.content).to_bytes(4, "big"),
                hashlib.sha256(self.content).digest(),
            )
        )

    @property
    def least_text(self) -> str:
        """Least version from which it may be reached; empty for any."""
        return self.least.text if self.least else ""

    def encode(self, maker: PrivateKey) -> bytes:
        """Sign it and give the whole file."""
        head = self.head()
        return head + self.content + maker.sign(head)


class TruncatedError(DecodeError):
    """An image ends before its head says it does, or goes on behind."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An image as read: nothing of it has been believed yet."""

    image: FirmwareImage
    head: bytes = field(repr=False)
    digest: bytes
    signature: bytes

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `FirmwareImage.encode` wrote; DecodeError if it is no image, TruncatedError if not whole."""
        if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : len(MAGIC) + 1] != bytes((FORMAT,)):
            raise DecodeError("no firmware image of format 1", offset=0)
        reader = Reader(data)
        try:
            reader.take(len(MAGIC) + 1)
            part, flags = reader.u8(), reader.u8()
            identifier, model, version, least = (reader.take(reader.u8()) for _ in range(4))
            size = int.from_bytes(reader.take(4), "big")
            digest = reader.take(HASH_OCTETS)
            head = data[: reader.offset]
            content, signature = reader.take(size), reader.take(SIGNATURE_OCTETS)
            reader.finish()
        except DecodeError as error:
            raise TruncatedError(f"image of {len(data)} octets is not whole: {error}") from error
        image = FirmwareImage(
            identifier, text_of(model), part_of(part), version_of(version), content,
            version_of(least) if least else None, bool(flags & DEFECTIVE),
        )  # fmt: skip
        return cls(image, head, digest, signature)

    @property
    def is_intact(self) -> bool:
        """Whether the content is the one that was signed for."""
        return hashlib.sha256(self.image.content).digest() == self.digest

    def is_signed_by(self, maker: PublicKey) -> bool:
        """Whether the signature is that maker's."""
        try:
            maker.verify(self.signature, self.head)
        except SecurityError:
            return False
        return True


def text_of(octets: bytes) -> str:
    """Read a text."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise DecodeError(f"text {octets.hex()} is no UTF-8") from None


def part_of(number: int) -> Part:
    """Read a part."""
    try:
        return Part(number)
    except ValueError:
        raise DecodeError(f"part {number}, expected 1 to 4") from None


def version_of(octets: bytes) -> Version:
    """Read a version."""
    try:
        return Version.parse(text_of(octets))
    except DefinitionError as error:
        raise DecodeError(str(error)) from error


@cache
def simulated_maker() -> PrivateKey:
    """Key of the maker of the simulated meters: everybody may have it, so that everybody can make test images."""
    return PrivateKey.decode(P256, hashlib.sha256(b"OpenAMI: maker of simulated meters").digest())
