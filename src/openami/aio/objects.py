"""What a client knows of a meter's objects: names, which attributes may be read, and what was read of one."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from openami.core.errors import AccessError, AmiError, DecodeError
from openami.core.units import ScalerUnit, Unit
from openami.cosem.association import ObjectListElement
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.objects import CosemObject, decode_whole
from openami.dlms.data import native
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult, MethodDescriptor

ASSOCIATION: Final = 15
SCALER_UNIT: Final = {3: 3, 4: 3, 5: 4}
"""Attribute that scales the values of a class: registers, extended and demand registers."""

SCALED: Final[Mapping[int, tuple[int, ...]]] = {3: (2,), 4: (2,), 5: (2, 3)}
VERSION: Final = re.compile(r"v\d+$")
"""What the name of a class ends with where several versions are known."""

READING_MODES: Final = frozenset({1, 3, 4, 6})
"""Access modes up to class 15 version 2 under which an attribute may be read; later ones are bits."""


#: What became of reading one attribute: encoded Data, a refusal, or what went wrong.
Result: TypeAlias = bytes | DataAccessResult | AmiError


class Reading(NamedTuple):
    """One attribute and what the meter said to it: the value, or the error that stands in its place."""

    descriptor: AttributeDescriptor
    name: str
    value: object
    scale: ScalerUnit | None = None

    @property
    def unit(self) -> str:
        """The unit, if the value has one."""
        if self.scale is None:
            return ""
        return self.scale.unit.symbol if isinstance(self.scale.unit, Unit) else f"unit {self.scale.unit}"

    @property
    def scaled(self) -> object:
        """The value in its unit, exact."""
        if self.scale is None or not isinstance(self.value, int):
            return self.value
        return Decimal(self.value).scaleb(self.scale.scaler)


def known_class(class_id: int, version: int | None) -> type[CosemObject] | None:
    """Give the interface class, of the newest version we know if the meter did not say."""
    if version is not None and (class_id, version) in CATALOGUE:
        return CATALOGUE[class_id, version]
    return newest(class_id)


@lru_cache(maxsize=256)
def newest(class_id: int) -> type[CosemObject] | None:
    """Give the newest version of an interface class."""
    return max((c for c in CATALOGUE.values() if c.class_id == class_id), key=lambda c: c.version, default=None)


def attribute_name(cls: type[CosemObject] | None, attribute_id: int) -> str:
    """Name an attribute."""
    known = cls is not None and cls.attributes.get(attribute_id)
    return known.name if known else f"attribute {attribute_id}"


def method_name(cls: type[CosemObject] | None, method_id: int) -> str:
    """Name a method."""
    known = cls is not None and cls.methods.get(method_id)
    return known.name if known else f"method {method_id}"


def label(descriptor: AttributeDescriptor | MethodDescriptor) -> str:
    """Name what a request is about: `Register 1.0.1.8.0.255 value`."""
    cls = newest(descriptor.class_id)
    known = f"class {descriptor.class_id}" if cls is None else VERSION.sub("", cls.__name__)
    if isinstance(descriptor, AttributeDescriptor):
        member = attribute_name(cls, descriptor.attribute_id)
    else:
        member = method_name(cls, descriptor.method_id)
    return f"{known} {descriptor.logical_name} {member}"


def decoded(cls: type[CosemObject] | None, attribute_id: int, data: bytes) -> object:
    """Decode by the class, or by the tags alone where the class is unknown or the meter has its own way."""
    known = cls is not None and cls.attributes.get(attribute_id)
    if known:
        try:
            return decode_whole(known.codec, data)
        except DecodeError:
            pass
    value, _ = native(data)
    return value


def readable(element: ObjectListElement, version: int) -> list[int]:
    """List the attributes this client may read; without rights in the list, all that the class has."""
    if element.access_rights is None:
        cls = known_class(element.class_id, element.version)
        return list(cls.attributes) if cls else [1]
    items = element.access_rights.attribute_access
    if version >= 3:
        return [item.attribute_id for item in items if item.access_mode & 1]
    return [item.attribute_id for item in items if item.access_mode in READING_MODES]


def association_version(elements: Sequence[ObjectListElement]) -> int:
    """Give the version by which the rights in an object list are to be read."""
    return max((element.version for element in elements if element.class_id == ASSOCIATION), default=1)


def wanted(element: ObjectListElement, attributes: Sequence[int]) -> list[AttributeDescriptor]:
    """Name attributes of an object."""
    return [AttributeDescriptor(element.class_id, element.logical_name, number) for number in attributes]


def readings(element: ObjectListElement, values: Mapping[int, object]) -> list[Reading]:
    """Put the values of one object together with their names and, of registers, the scale."""
    cls = known_class(element.class_id, element.version)
    scale, scaled = values.get(SCALER_UNIT.get(element.class_id, 0)), SCALED.get(element.class_id, ())
    return [
        Reading(
            AttributeDescriptor(element.class_id, element.logical_name, number),
            attribute_name(cls, number),
            value,
            scale if isinstance(scale, ScalerUnit) and number in scaled else None,
        )
        for number, value in values.items()
    ]


def value_of(element: ObjectListElement, descriptor: AttributeDescriptor, result: Result) -> object:
    """Decode what a meter said to one attribute; a refusal or what cannot be read is the error itself."""
    if isinstance(result, AmiError):
        return result
    if isinstance(result, DataAccessResult):
        return AccessError(result, str(descriptor))
    try:
        return decoded(known_class(element.class_id, element.version), descriptor.attribute_id, result)
    except DecodeError as error:
        return error
