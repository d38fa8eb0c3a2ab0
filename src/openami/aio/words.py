"""APDUs on one line each, in the standard's words, without what must stay secret.

Passwords, challenges and their replies, keys, tokens and what is said of them are told by their length alone; so is
whatever cannot be read, and each block of a long value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import IntEnum
from functools import partial
from typing import Final, cast

from openami.aio.objects import label
from openami.aio.values import in_words
from openami.core.errors import AmiError, DecodeError, result_name
from openami.dlms.acse import AARE, AARQ, RLRE, RLRQ, ApplicationContext, Mechanism
from openami.dlms.data import native
from openami.dlms.gateway import Header
from openami.dlms.security import envelope
from openami.dlms.security.envelope import CIPHERED, DED, GENERAL_DED, GENERAL_GLO, GLO
from openami.dlms.security.general import GENERAL_CIPHERING, GENERAL_SIGNING, GeneralCiphering, GeneralSigning
from openami.dlms.xdlms import (
    APDU,
    AttributeDescriptor,
    ConfirmedServiceError,
    Conformance,
    GetResponseWithDataBlock,
    InitiateRequest,
    InitiateResponse,
    MethodDescriptor,
    decode,
)
from openami.dlms.xdlms.short import ReadRequest, ReadResponse, UnconfirmedWriteRequest, WriteRequest

LONGEST: Final = 160
#: Class -> attributes and methods whose values are secret.
SECRET_ATTRIBUTES: Final[Mapping[int, frozenset[int]]] = {
    15: frozenset({7}),
    19: frozenset({7, 8, 9}),
    44: frozenset({5}),
    45: frozenset({3}),
    46: frozenset({4}),
    91: frozenset({5}),
    100: frozenset({6, 7}),
    115: frozenset({2}),
}
SECRET_METHODS: Final[Mapping[int, frozenset[int]]] = {
    15: frozenset({1, 2}),
    64: frozenset({2, 3}),
    72: frozenset({7, 8}),
    100: frozenset({2}),
    115: frozenset({1}),
}
PLAIN_TAGS: Final[Mapping[int, str]] = {
    1: "initiate-request", 5: "read-request", 6: "write-request", 8: "initiate-response", 12: "read-response",
    13: "write-response", 14: "confirmed-service-error", 22: "unconfirmed-write-request",
    24: "information-report-request", 192: "get-request", 193: "set-request", 194: "event-notification-request",
    195: "action-request", 196: "get-response", 197: "set-response", 199: "action-response",
}  # fmt: skip
CIPHERED_TAGS: Final[Mapping[int, str]] = {
    **{GLO[tag]: f"glo-{name}" for tag, name in PLAIN_TAGS.items()},
    **{DED[tag]: f"ded-{name}" for tag, name in PLAIN_TAGS.items()},
    GENERAL_GLO: "general-glo-ciphering",
    GENERAL_DED: "general-ded-ciphering",
    GENERAL_CIPHERING: "general-ciphering",
    GENERAL_SIGNING: "general-signing",
}
GATEWAY: Final = frozenset({0xE6, 0xE7})
#: APDUs that carry what is ciphered: AARQ and RLRQ inside them, general-block-transfer in blocks.
COVERS: Final = CIPHERED | {0x60, 0x62, 0xE0}
#: By short names it is not known here which object is meant: what could be a secret is hidden.
NAMELESS: Final = (ReadRequest, ReadResponse, WriteRequest, UnconfirmedWriteRequest)
#: Numbers that name a request, and fields that are always told by their length: blocks and keys.
INVOKES: Final = ("invoke", "long_invoke")
HIDDEN: Final = frozenset({"raw_data", "block_data", "dedicated_key"})
#: Tags of numbers: what is no number may be a password.
NUMBERS: Final = frozenset((0, 3, 5, 6, 15, 16, 17, 18, 20, 21, 22, 23, 24))


class Words:
    """Says what passes in one association; remembers which requests were for a secret, to hide the answer."""

    def __init__(self) -> None:
        self._secret: dict[int, bool] = {}
        #: How many ciphered APDUs, or blocks that may hold one, were said.
        self.covers = 0

    def say(self, apdu: bytes) -> str:
        """Say what an APDU is."""
        try:
            return self._say(apdu)
        except AmiError as error:
            return f"{len(apdu)} octets that cannot be read as an APDU: {error}"

    def _say(self, apdu: bytes) -> str:
        if not apdu:
            return "nothing"
        tag = apdu[0]
        self.covers += tag in COVERS
        if tag in GATEWAY:
            header, start = Header.decode(apdu)
            return f"gateway network {header.network} device {header.address.hex()}: {self._say(apdu[start:])}"
        if tag in CIPHERED:
            return ciphered(apdu)
        return ACSE[tag](apdu) if tag in ACSE else self._xdlms(decode(apdu))

    def _xdlms(self, found: APDU) -> str:
        """Say an APDU field by field."""
        number = next((cast("int", getattr(found, name)) for name in INVOKES if hasattr(found, name)), -1)
        key = number & 0xFFFFFF if hasattr(found, "long_invoke") else number & 0x0F
        if names := descriptors(found):
            self._secret[key] = any(map(is_secret, names))
        hides = self._secret.get(key, False) or isinstance(found, InitiateRequest | GetResponseWithDataBlock)
        saying = Saying(hides=hides, numbers_alone=isinstance(found, NAMELESS))
        invoke = "" if number < 0 else f" {number:02x}"
        return f"{kind(found)}{invoke}{saying.members(found)}"


class Saying:
    """Says values inside an APDU, all but what is to be hidden."""

    def __init__(self, *, hides: bool, numbers_alone: bool) -> None:
        self._hides = hides
        self._numbers_alone = numbers_alone

    def members(self, found: object) -> str:
        """Say the fields of an APDU or of a part of one."""
        names = [field.name for field in fields(found)] if is_dataclass(found) else getattr(found, "_fields", ())
        said = [self._member(name, getattr(found, name)) for name in names if name not in INVOKES]
        return "".join(f" {part}" for part in said if part)

    def _member(self, name: str, value: object) -> str:
        if isinstance(value, bytes):
            return length(value) if name in HIDDEN else self._data(value)
        if isinstance(value, int) and not isinstance(value, IntEnum | Conformance):
            return f"{name.replace('_', '-')} {int(value)}"
        return self._value(value)

    def _value(self, value: object) -> str:
        """Say a value that needs no name."""
        if isinstance(value, bytes):
            return self._data(value)
        if isinstance(value, AttributeDescriptor | MethodDescriptor):
            return label(value)
        if isinstance(value, Conformance):
            return "/".join(flag.name.lower().replace("_", "-") for flag in value if flag.name)
        if isinstance(value, IntEnum):
            return result_name(value)
        if value is None:
            return ""
        if type(value) is not tuple:
            return self.members(value).strip()
        members = [said for member in cast("Sequence[object]", value) if (said := self._value(member))]
        return members[0] if len(members) == 1 else f"[{short(', '.join(members))}]"

    def _data(self, value: bytes) -> str:
        """Say encoded Data; what is none, or not to be seen, by its length."""
        if not value:
            return ""
        if self._hides or (self._numbers_alone and value[0] not in NUMBERS):
            return length(value)
        try:
            found, end = native(value)
        except DecodeError:
            return length(value)
        return short(in_words(found)) if end == len(value) else length(value)


def kind(found: APDU) -> str:
    """Name of an APDU, with hyphens."""
    name = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in type(found).__name__)
    return name.removeprefix("-").replace("data-block", "datablock")


def descriptors(value: object) -> list[AttributeDescriptor | MethodDescriptor]:
    """Find what an APDU, or a part of it, names."""
    if isinstance(value, AttributeDescriptor | MethodDescriptor):
        return [value]
    parts = [getattr(value, field.name) for field in fields(value)] if is_dataclass(value) else value
    if not isinstance(parts, list | tuple):
        return []
    return [name for part in cast("Sequence[object]", parts) for name in descriptors(part)]


def is_secret(name: AttributeDescriptor | MethodDescriptor) -> bool:
    """Whether the value of an attribute, or the parameter of a method, is a secret."""
    if isinstance(name, MethodDescriptor):
        return name.method_id in SECRET_METHODS.get(name.class_id, ())
    known = SECRET_ATTRIBUTES.get(name.class_id, frozenset[int]())
    return name.attribute_id in known or (name.attribute_id == 0 and bool(known))


def length(octets: bytes) -> str:
    """Say how long something is, and no more."""
    return f"<{len(octets)} octets>"


def short(text: str) -> str:
    """Keep a line readable."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def ciphered(apdu: bytes) -> str:
    """Say how an APDU is ciphered: its tag, and what of it is in clear."""
    name = CIPHERED_TAGS[apdu[0]]
    if apdu[0] == GENERAL_SIGNING:
        signed = GeneralSigning.decode(apdu)
        return f"{name} by {signed.head.originator.hex()} {length(signed.content)}"
    if apdu[0] == GENERAL_CIPHERING:
        found = GeneralCiphering.decode(apdu)
        return f"{name} from {found.head.originator.hex()} {control(found.ciphered_content)}"
    _, _, title, protected = envelope.decode(apdu)
    return f"{name} {title.hex() + ' ' if title else ''}{control(protected)}"


def control(protected: bytes) -> str:
    """Say security control octet and invocation counter."""
    return f"SC {protected[:1].hex()} IC {int.from_bytes(protected[1:5], 'big')} {length(protected)}"


def of_aarq(apdu: bytes) -> str:
    """Say how an association is asked for; of password or challenge no more than the length."""
    aarq = AARQ.decode(apdu)
    names = aarq.application_context, aarq.mechanism, aarq.calling_ap_title
    return f"AARQ {acse(*names, aarq.calling_authentication_value, aarq.user_information)}"


def of_aare(apdu: bytes) -> str:
    """Say how an association was answered."""
    aare = AARE.decode(apdu)
    names = aare.application_context, aare.mechanism, aare.responding_ap_title
    said = acse(*names, aare.responding_authentication_value, aare.user_information)
    return f"AARE {result_name(aare.result)} {result_name(aare.diagnostic)} {said}"


def acse(
    context: ApplicationContext | bytes,
    mechanism: Mechanism | bytes | None,
    title: bytes | None,
    secret: bytes | None,
    inside: bytes | None,
) -> str:
    """Say what AARQ and AARE have in common."""
    parts = [f"context {name_of(context)}"]
    parts += [] if mechanism is None else [f"mechanism {name_of(mechanism)}"]
    parts += [] if title is None else [f"title {title.hex()}"]
    parts += [] if secret is None else [f"secret {length(secret)}"]
    parts += [] if inside is None else [f"({initiate(inside)})"]
    return " ".join(parts)


def name_of(name: IntEnum | bytes) -> str:
    """Say an object identifier: its number and name, or its octets."""
    return name.hex() if isinstance(name, bytes) else f"{int(name)} {result_name(name)}"


def initiate(inside: bytes) -> str:
    """Say user-information: an initiate APDU, or that it is ciphered; all else by its length."""
    try:
        if inside[:1] and inside[0] in CIPHERED:
            return ciphered(inside)
        found = decode(inside)
    except DecodeError:
        return length(inside)
    is_known = isinstance(found, InitiateRequest | InitiateResponse | ConfirmedServiceError)
    return Words().say(inside) if is_known else length(inside)


def of_release(name: str, apdu: bytes) -> str:
    """Say how an association is released."""
    release = (RLRQ if name == "RLRQ" else RLRE).decode(apdu)
    reason = "" if release.reason is None else f" {result_name(release.reason)}"
    return name + reason + (f" ({initiate(release.user_information)})" if release.user_information else "")


#: Tag -> who knows the words.
ACSE: Final[Mapping[int, Callable[[bytes], str]]] = {
    0x60: of_aarq,
    0x61: of_aare,
    0x62: partial(of_release, "RLRQ"),
    0x63: partial(of_release, "RLRE"),
}
