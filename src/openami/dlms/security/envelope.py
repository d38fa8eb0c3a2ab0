"""The APDUs that carry protected octets: glo-*, ded-*, general-glo- and general-ded-ciphering.

Service-specific tags (Green Book, 9.5) stand for the plain tag; general-glo- and
general-ded-ciphering name the system title of the sender instead.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, Literal, TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.axdr import decode_length, encode_length
from openami.dlms.security.general import GENERAL_CIPHERING, GENERAL_SIGNING

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


class KeyKind(Enum):
    """Which key protects the content of general-ciphering."""

    IDENTIFIED = "identified-key"
    BROADCAST = "broadcast-key"
    WRAPPED = "wrapped-key"
    ONE_PASS = "one-pass"  # noqa: S105 - the name of a key agreement scheme
    STATIC = "static"


#: A signature stands round the ciphered APDU, or inside it round the plain one.
Signing: TypeAlias = Literal["outside", "inside"]


@dataclass(frozen=True, slots=True)
class Route:
    """How an APDU travels that is signed, or ciphered by general-ciphering; the answer goes the same way.

    `form` is None where it is signed alone; without a transaction id a new one is made.
    """

    form: Form | KeyKind | None
    signing: Signing | None = None
    transaction_id: bytes = b""
    date_time: bytes = b""
    other_information: bytes = b""


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
#: general-ciphering and general-signing, which `layers` opens.
LAYERED: Final = frozenset((GENERAL_CIPHERING, GENERAL_SIGNING))
#: Tags of APDUs that are protected as a whole.
CIPHERED: Final = LAYERED.union(_READ)


#: A ciphered APDU taken apart: form, plain tag (-1 where the form does not tell), system title (empty
#: where it does not tell), protected octets. A bare tuple: one is made for every APDU.
Envelope: TypeAlias = tuple[Form, int, bytes, bytes]


def encode(form: Form, plain_tag: int, title: bytes, protected: bytes) -> bytes:
    """Build the ciphered APDU round `protected`; `title` only enters the general forms.

    APDUs that have no tag of their own when ciphered, such as those of ACCESS, take the general form.
    """
    if form & 2 or plain_tag not in GLO:
        head = bytes((GENERAL_GLO + (form & 1), len(title))) + title
        return head + encode_length(len(protected)) + protected
    tag = (DED if form else GLO)[plain_tag]
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
