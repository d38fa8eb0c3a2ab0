"""Compact data: values of other objects in one octet-string without tags (Blue Book, class 62).

The buffer holds the contents of a compact-array of one structure, the template its type description. Which
template a buffer follows is told by template_id, which is mostly the first attribute captured.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import TypeAlias, cast

from openami.core.errors import AccessError, DecodeError, EncodeError
from openami.cosem.elements import CAPTURE_OBJECT
from openami.cosem.objects import Attribute, CosemObject, computed, interface_class, method
from openami.cosem.push_elements import (
    RESTRICTED_OBJECT,
    SELECTED_OBJECT,
    UNRESTRICTED,
    RestrictedObject,
    SelectedObject,
)
from openami.cosem.references import joined, selected
from openami.dlms.data import (
    INT8,
    OCTET_STRING,
    UINT8,
    AnyCodec,
    Codec,
    CompactArray,
    Data,
    Tag,
    TypeDescription,
    array,
    compact,
    decode,
    enum,
    expand,
    native,
)
from openami.dlms.data.compact import decode_description, encode_description
from openami.dlms.data.types import CONTAINERS
from openami.dlms.xdlms import AttributeDescriptor, CaptureObject, DataAccessResult, Selection

CLASS_ID = 62
BUFFER, TEMPLATE = 2, 5
MAX_ELEMENTS = 0xFFFF
AnyCaptureObject: TypeAlias = CaptureObject | RestrictedObject | SelectedObject


class CaptureMethod(IntEnum):
    """When the values are taken: when told, or whenever the buffer is read."""

    INVOKED = 0
    IMPLICIT = 1


class AnyCapture(Codec[AnyCaptureObject]):
    """An attribute to capture: of four members, five with a restriction, six with columns as well."""

    codecs: Mapping[int, AnyCodec] = MappingProxyType({4: CAPTURE_OBJECT, 5: RESTRICTED_OBJECT, 6: SELECTED_OBJECT})

    def encode(self, value: AnyCaptureObject) -> bytes:
        """Structure of as many members as the value has."""
        codec = self.codecs.get(len(value))
        if codec is None:
            raise EncodeError(f"{value!r} does not fit {self.name}")
        return codec.encode(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[AnyCaptureObject, int]:
        """Read a structure of four, five or six."""
        self.expect(data, offset)
        count = int.from_bytes(data[offset + 1 : offset + 2], "big")
        return self.codecs.get(count, CAPTURE_OBJECT).decode(data, offset)


ANY_CAPTURE = AnyCapture("capture object", (Tag.STRUCTURE,))


class CompactCapture(CosemObject):
    """What both versions share. Hook `fetch` reads an attribute of another object.

    Without a template of its own an object describes what it captures; with one, values of other types are
    refused. Restrictions and columns are refused too: how they count rows is in no text at hand.
    """

    hooks = frozenset({"fetch"})

    compact_buffer: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"")
    template_id: Attribute[int] = Attribute(4, UINT8, default=0)
    capture_method: Attribute[CaptureMethod] = Attribute(6, enum(CaptureMethod), default=CaptureMethod.INVOKED)

    @computed(5, OCTET_STRING, verified=False)
    def template_description(self) -> bytes:
        """Type description of what is captured."""
        return encode_description(self.described(decode(self.row())[0]))

    @method(1, INT8)
    def reset(self, _data: int) -> None:
        """Clear the buffer."""
        self.compact_buffer = b""

    @method(2, INT8)
    def capture(self, _data: int) -> None:
        """Put the values of the capture objects into the buffer."""
        row = self.row()
        template = template_of(self.template_description)
        if self.described(decode(row)[0]) != template:
            raise self.refused(DataAccessResult.TYPE_UNMATCHED, "a value is not of the type in the template")
        self.compact_buffer = compact(template, [native(row)[0]]).contents

    def read(self, attribute_id: int, selection: Selection | None = None) -> bytes:
        """Return the encoded value; the buffer is filled first where that is the capture method."""
        if attribute_id == BUFFER and self.capture_method is CaptureMethod.IMPLICIT:
            self.capture(0)
        return super().read(attribute_id, selection)

    def captured(self) -> list[AnyCaptureObject]:
        """Return what to capture."""
        raise self.refused(DataAccessResult.OBJECT_UNAVAILABLE, "nothing to capture")

    def row(self) -> bytes:
        """Structure of the values of the capture objects, encoded."""
        return joined(Tag.STRUCTURE, [self.fetched(item) for item in self.captured()])

    def fetched(self, item: AnyCaptureObject) -> bytes:
        """Encoded value of a capture object."""
        class_id, logical_name, attribute_id, data_index = item[:4]
        if any(item[5:]) or item[4:5] not in ((), (UNRESTRICTED,)):
            raise self.refused(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, "capture with a restriction or columns")
        if class_id == CLASS_ID and attribute_id in (BUFFER, TEMPLATE):
            raise self.refused(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, "capture of what is itself captured")
        fetch = self.handlers.get("fetch")
        if fetch is None:
            raise self.refused(DataAccessResult.OBJECT_UNAVAILABLE, "the device has no handler to fetch with")
        octets = cast("bytes", fetch(AttributeDescriptor(class_id, logical_name, attribute_id)))
        return selected(octets, data_index)

    def described(self, value: Data) -> TypeDescription:
        """Type description of a value; type-unmatched if it has none."""
        try:
            return describe(value)
        except EncodeError as error:
            raise self.refused(DataAccessResult.TYPE_UNMATCHED, str(error)) from error

    def refused(self, result: DataAccessResult, why: str) -> AccessError:
        """Refusal that names this object."""
        return AccessError(result, f"{self!r}: {why}")


@interface_class(CLASS_ID, version=0)
class CompactData(CompactCapture):
    """Values without tags, and the template they follow (Blue Book, class 62, version 0)."""

    capture_objects: Attribute[list[CaptureObject]] = Attribute(3, array(CAPTURE_OBJECT), factory=list, verified=False)

    def captured(self) -> list[AnyCaptureObject]:
        """Return what to capture."""
        return [*self.capture_objects]


@interface_class(CLASS_ID, version=1)
class CompactDatav1(CompactCapture):
    """Adds rows of a profile to what may be captured (Blue Book, class 62, version 1)."""

    capture_objects: Attribute[list[AnyCaptureObject]] = Attribute(3, array(ANY_CAPTURE), factory=list, verified=False)

    def captured(self) -> list[AnyCaptureObject]:
        """Return what to capture."""
        return self.capture_objects


def describe(value: Data) -> TypeDescription:
    """Type description of a value: what a compact-array says once for all its elements."""
    tag, held = value
    if isinstance(held, CompactArray):
        raise EncodeError("a compact-array has no place in a type description")
    if tag not in CONTAINERS or not isinstance(held, tuple):
        return TypeDescription(tag)
    members = tuple(describe(member) for member in held)
    if tag is Tag.STRUCTURE:
        return TypeDescription(tag, members)
    if len(set(members)) > 1 or len(members) > MAX_ELEMENTS:
        raise EncodeError(f"array of {len(members)} elements and {len(set(members))} types has no type description")
    return TypeDescription(tag, members[:1] or (TypeDescription(Tag.NULL),), len(members))


def template_of(octets: bytes) -> TypeDescription:
    """Read a template description."""
    template, end = decode_description(octets, 0)
    if end != len(octets):
        raise DecodeError(f"{len(octets) - end} octets behind the template", offset=end)
    return template


def unpack(template_description: bytes, compact_buffer: bytes) -> object:
    """Plain values of a buffer, a tuple for the structure of a template; None for an empty buffer."""
    found = expand(CompactArray(template_of(template_description), compact_buffer))
    if len(found) > 1:
        raise DecodeError(f"compact buffer of {len(found)} captures, expected 1")
    return found[0] if found else None
