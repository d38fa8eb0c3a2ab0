"""Tokens on an NFC card: a Text record in an NDEF message (NFC Forum: NDEF 1.0, Text Record Type Definition 1.0).

A record begins with an octet of flags - MB first of the message, ME last, CF chunk, SR short payload length, IL with an
identifier - and three bits of type name format; then the lengths of type, payload and identifier, then these three.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, Self

from openami.core.errors import DecodeError, EncodeError


class Flag(IntFlag):
    """Flags of a record (NDEF 1.0, 3.2)."""

    MESSAGE_BEGIN = 0x80
    MESSAGE_END = 0x40
    CHUNK = 0x20
    SHORT = 0x10
    IDENTIFIER = 0x08


FORMAT: Final = 0x07
WELL_KNOWN: Final = 1
TEXT: Final = b"T"
UTF16: Final = 0x80
RESERVED: Final = 0x40
LANGUAGE: Final = 0x3F
ORDER_MARKS: Final = (b"\xfe\xff", b"\xff\xfe")
"""What UTF-16 may begin with; without it the most significant octet is first."""
SHORT_MOST: Final = 255


@dataclass(frozen=True, slots=True)
class Record:
    """One record: type name format, type, payload, identifier."""

    name_format: int
    type: bytes
    payload: bytes
    identifier: bytes = b""

    def encode(self, *, is_first: bool = True, is_last: bool = True) -> bytes:
        """Octets of the record at its place in a message."""
        is_short, has_identifier = len(self.payload) <= SHORT_MOST, bool(self.identifier)
        if max(len(self.type), len(self.identifier)) > SHORT_MOST:
            raise EncodeError("type and identifier of a record have 255 octets at most")
        flags = Flag.MESSAGE_BEGIN * is_first | Flag.MESSAGE_END * is_last
        flags |= Flag.SHORT * is_short | Flag.IDENTIFIER * has_identifier
        head = bytes([flags | self.name_format, len(self.type)]) + len(self.payload).to_bytes(1 if is_short else 4)
        return head + bytes([len(self.identifier)] * has_identifier) + self.type + self.identifier + self.payload

    @classmethod
    def decode(cls, data: bytes, at: int = 0) -> tuple[Self, Flag, int]:
        """Read the record at a place: it, its flags, and where the next one begins."""
        flags, type_length = octets(data, at, 2)
        size = 1 if flags & Flag.SHORT else 4
        payload_length = int.from_bytes(octets(data, at + 2, size))
        at += 2 + size
        identifier_length = octets(data, at, 1)[0] if flags & Flag.IDENTIFIER else 0
        at += bool(flags & Flag.IDENTIFIER)
        parts: list[bytes] = []
        for length in (type_length, identifier_length, payload_length):
            parts.append(octets(data, at, length))
            at += length
        return cls(flags & FORMAT, parts[0], parts[2], parts[1]), Flag(flags & ~FORMAT), at


def octets(data: bytes, at: int, count: int) -> bytes:
    """Octets of a message; DecodeError where it ends before."""
    if at + count > len(data):
        raise DecodeError(f"the message ends after {len(data)} octets, expected {at + count}", offset=at)
    return data[at : at + count]


def records(message: bytes) -> Iterator[Record]:
    """Records of a whole message; DecodeError for a broken one, or one in chunks."""
    at, is_first, is_last = 0, True, False
    while not is_last:
        record, flags, then = Record.decode(message, at)
        if bool(flags & Flag.MESSAGE_BEGIN) != is_first:
            raise DecodeError("the first record of a message, and no other, begins it", offset=at)
        if flags & Flag.CHUNK:
            raise DecodeError("a record in chunks: expected whole ones", offset=at)
        yield record
        at, is_first, is_last = then, False, bool(flags & Flag.MESSAGE_END)
    if at != len(message):
        raise DecodeError(f"{len(message) - at} octets behind the last record", offset=at)


def text_of(record: Record) -> str | None:
    """Text of a Text record; None for a record of another type."""
    if (record.name_format, record.type) != (WELL_KNOWN, TEXT):
        return None
    status = octets(record.payload, 0, 1)[0]
    if status & RESERVED:
        raise DecodeError("bit 6 of a text's status is reserved", offset=0)
    octets(record.payload, 1, status & LANGUAGE)
    words = record.payload[1 + (status & LANGUAGE) :]
    wide = "utf-16" if words[:2] in ORDER_MARKS else "utf-16-be"
    try:
        return words.decode(wide if status & UTF16 else "utf-8")
    except UnicodeDecodeError as error:
        raise DecodeError("not the text that its status says", offset=1 + (status & LANGUAGE)) from error


def text(words: str, language: str = "en") -> bytes:
    """A message of one Text record, as a phone or a till writes it to a card."""
    code = language.encode("ascii")
    if not 1 <= len(code) <= LANGUAGE:
        raise EncodeError(f"a language code has 1 to {LANGUAGE} letters")
    return Record(WELL_KNOWN, TEXT, bytes([len(code)]) + code + words.encode()).encode()


def token_of(message: bytes) -> str:
    """Digits of the token on a card: the first Text record, without what groups them.

    Raises DecodeError for a message that cannot be read, has no text, or whose text is no number.
    """
    for record in [*records(message)]:
        words = text_of(record)
        if words is not None:
            digits = words.replace(" ", "").replace("-", "").strip()
            if not (digits.isascii() and digits.isdecimal()):
                raise DecodeError("the text of the card is no number", offset=0)
            return digits
    raise DecodeError("there is no text on the card", offset=0)
