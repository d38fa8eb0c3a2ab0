"""The APDUs that carry protected octets: glo-*, ded-*, general-glo- and general-ded-ciphering.

Service-specific tags (Green Book, 9.5) stand for the plain tag; general-glo- and
general-ded-ciphering name the system title of the sender instead.
"""

from enum import IntEnum
from typing import Final, TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.axdr import decode_length, encode_length

GENERAL_GLO: Final = 219
GENERAL_DED: Final = 220
#: Service-specific APDUs below this size have a length of one octet.
_SHORT: Final = 2 + 0x80


class Form(IntEnum):
    """Which key, and which kind of tag: bit 0 says dedicated, bit 1 general."""

    GLO = 0
    DED = 1
    GENERAL_GLO = 2
    GENERAL_DED = 3

    @property
    def is_general(self) -> bool:
        """Whether the APDU names the system title of its sender, not the service inside."""
        return bool(self & 2)


_INITIATE: Final = (1, 5, 6, 8, 12, 13, 14, 22, 24)
_SERVICES: Final = (192, 193, 194, 195, 196, 197, 199)
GLO: Final = {tag: tag + 32 for tag in _INITIATE} | {tag: tag + 8 for tag in _SERVICES}
DED: Final = {tag: tag + 64 for tag in _INITIATE} | {tag: tag + 16 for tag in _SERVICES}
_READ: Final = {
    **{tag: (Form.GLO, plain) for plain, tag in GLO.items()},
    **{tag: (Form.DED, plain) for plain, tag in DED.items()},
    GENERAL_GLO: (Form.GENERAL_GLO, -1),
    GENERAL_DED: (Form.GENERAL_DED, -1),
}
CIPHERED: Final = frozenset(_READ)


#: A ciphered APDU taken apart: form, plain tag (-1 where the form does not tell), system title (empty
#: where it does not tell), protected octets. A bare tuple: one is made for every APDU.
Envelope: TypeAlias = tuple[Form, int, bytes, bytes]


def encode(form: Form, plain_tag: int, title: bytes, protected: bytes) -> bytes:
    """Build the ciphered APDU round `protected`; `title` only enters the general forms."""
    if form & 2:
        head = bytes((GENERAL_GLO + (form & 1), len(title))) + title
        return head + encode_length(len(protected)) + protected
    tag = (DED if form else GLO).get(plain_tag)
    if tag is None:
        raise DecodeError(f"APDU with tag {plain_tag} has no {form.name.lower()} form")
    return tag.to_bytes(1, "big") + encode_length(len(protected)) + protected


def decode(apdu: bytes) -> Envelope:
    """Take a ciphered APDU apart without opening it."""
    if not apdu or (known := _READ.get(apdu[0])) is None:
        raise DecodeError(f"APDU {apdu[:1].hex()} is not ciphered", offset=0)
    form, plain_tag = known
    size = len(apdu)
    if 2 < size < _SHORT and plain_tag >= 0 and apdu[1] == size - 2:
        return form, plain_tag, b"", apdu[2:]
    start, title = 1, b""
    if plain_tag < 0:
        length, start = decode_length(apdu, 1)
        title = apdu[start : start + length]
        start += length
    length, start = decode_length(apdu, start)
    if size != start + length:
        raise DecodeError(f"{size - start} octets follow a length of {length}", offset=start)
    return form, plain_tag, title, apdu[start:]


def overhead(form: Form, title: bytes, protected: int) -> int:
    """Octets that the tag, title and length add to `protected` octets."""
    start = 2 + len(title) if form.is_general else 1
    return start + len(encode_length(protected))
