"""ACCESS: reading, writing and invoking in one request (Green Book, 9.5, Access-Request and Access-Response)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import NamedTuple, Self, TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.descriptors import (
    DESCRIPTOR,
    AttributeDescriptor,
    MethodDescriptor,
    Selection,
    decode_attribute,
    decode_method,
    decode_values,
    encode_values,
)
from openami.dlms.xdlms.raw import decode_code, decode_list, encode_list, encode_octets, open_apdu, pack, take
from openami.dlms.xdlms.results import ActionResult, DataAccessResult

REQUEST, RESPONSE = b"\xd9", b"\xda"
#: Tag, Long-Invoke-Id-And-Priority.
HEAD = Struct(">sI")
SELECTIVE = 3
"""What a choice with selective access has more than the same without."""


class AccessService(IntEnum):
    """What is asked for one attribute or method (choices of Access-Request-Specification)."""

    GET = 1
    SET = 2
    ACTION = 3


class AccessGet(NamedTuple):
    """Read an attribute, or the selected part of it."""

    attribute: AttributeDescriptor
    selection: Selection | None = None


class AccessSet(NamedTuple):
    """Write an attribute, or the selected part of it."""

    attribute: AttributeDescriptor
    selection: Selection | None = None


class AccessAction(NamedTuple):
    """Invoke a method."""

    method: MethodDescriptor


#: One service of an ACCESS.
AccessSpecification: TypeAlias = AccessGet | AccessSet | AccessAction
#: What is asked, and the value to be written or the parameters of the method.
AccessItem: TypeAlias = tuple[AccessSpecification, bytes | None]
#: How that ended, and the value that was read or what the method returned.
AccessOutcome: TypeAlias = tuple[DataAccessResult | ActionResult, bytes | None]

CHOICES: dict[int, type[AccessGet | AccessSet]] = {1: AccessGet, 2: AccessSet, 4: AccessGet, 5: AccessSet}
"""Choices that name an attribute."""
SERVICES: dict[type[AccessSpecification], AccessService] = {
    AccessGet: AccessService.GET,
    AccessSet: AccessService.SET,
    AccessAction: AccessService.ACTION,
}


class AccessResult(NamedTuple):
    """How one of them ended (Access-Response-Specification)."""

    service: AccessService
    result: DataAccessResult | ActionResult


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Several services at once; `data` holds a value for each, null-data where there is none."""

    long_invoke: int
    date_time: bytes
    specifications: tuple[AccessSpecification, ...]
    data: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = pack(HEAD, REQUEST, self.long_invoke) + encode_octets(self.date_time)
        return head + encode_specifications(self.specifications) + encode_values(self.data)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST)
        long_invoke, date_time = reader.u32(), reader.octets()
        specifications, at = decode_list(reader, decode_specification), reader.offset
        data = decode_values(reader)
        if len(data) != len(specifications):
            raise DecodeError(f"{len(data)} data for {len(specifications)} specifications", offset=at)
        return cls(long_invoke, date_time, specifications, data)


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """How each service ended and what it gave, null-data where it gave nothing; with what was asked, if wanted."""

    long_invoke: int
    date_time: bytes
    data: tuple[bytes, ...]
    results: tuple[AccessResult, ...]
    specifications: tuple[AccessSpecification, ...] | None = None

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = pack(HEAD, RESPONSE, self.long_invoke) + encode_octets(self.date_time)
        asked = b"\x00" if self.specifications is None else b"\x01" + encode_specifications(self.specifications)
        return head + asked + encode_values(self.data) + encode_list([bytes(result) for result in self.results])

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; octets behind it are ignored."""
        reader = open_apdu(apdu, RESPONSE)
        long_invoke, date_time = reader.u32(), reader.octets()
        asked = decode_list(reader, decode_specification) if reader.flag() else None
        data, at = decode_list(reader, take), reader.offset
        results = decode_list(reader, decode_result)
        if len(data) != len(results):
            raise DecodeError(f"{len(results)} results for {len(data)} data", offset=at)
        return cls(long_invoke, date_time, data, results, asked)


def encode_specifications(specifications: tuple[AccessSpecification, ...]) -> bytes:
    """List of specifications."""
    return encode_list([encode_specification(specification) for specification in specifications])


def encode_specification(specification: AccessSpecification) -> bytes:
    """Choice, attribute or method, and the selective access of the choices that have one."""
    choice = SERVICES[type(specification)]
    if isinstance(specification, AccessAction) or specification.selection is None:
        return bytes((choice,)) + pack(DESCRIPTOR, *specification[0])
    selector, parameters = specification.selection
    return bytes((choice + SELECTIVE,)) + pack(DESCRIPTOR, *specification.attribute) + bytes((selector,)) + parameters


def decode_specification(reader: Reader) -> AccessSpecification:
    """Read the specification that stands next."""
    choice, at = reader.u8(), reader.offset - 1
    if choice == AccessService.ACTION:
        return AccessAction(decode_method(reader))
    if choice not in CHOICES:
        raise DecodeError(f"choice {choice} of the access specification is unknown", offset=at)
    attribute = decode_attribute(reader)
    selection = Selection(reader.u8(), take(reader)) if choice > SELECTIVE else None
    return CHOICES[choice](attribute, selection)


def decode_result(reader: Reader) -> AccessResult:
    """Read the Access-Response-Specification that stands next."""
    service = decode_code(reader, AccessService)
    if service is AccessService.ACTION:
        return AccessResult(service, decode_code(reader, ActionResult))
    return AccessResult(service, decode_code(reader, DataAccessResult))


AccessAPDU: TypeAlias = AccessRequest | AccessResponse
DECODERS: dict[bytes, Callable[[bytes], AccessAPDU]] = {
    REQUEST: AccessRequest.decode,
    RESPONSE: AccessResponse.decode,
}
"""Tag to the decoder of each APDU of ACCESS."""
