"""What commands that talk to a meter have in common: the address, who we are, and what is read."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import typer

from openami.aio.meter import Meter
from openami.aio.tcp import Address
from openami.core.errors import AccessError, DecodeError, DefinitionError
from openami.core.units import ScalerUnit, Unit
from openami.cosem.association import ObjectListElement
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.objects import CosemObject, decode_whole
from openami.dlms.data import native
from openami.dlms.xdlms import AttributeDescriptor

ASSOCIATION = 15
SCALER_UNIT = {3: 3, 4: 3, 5: 4}
"""Attribute that scales the values of a class: registers, extended and demand registers."""

SCALED = {3: (2,), 4: (2,), 5: (2, 3)}
READING_MODES = frozenset({1, 3, 4, 6})
"""Access modes up to class 15 version 2 under which an attribute may be read; later ones are bits."""


class Reading(NamedTuple):
    """One attribute and what the meter said to it."""

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


def meter_address(url: str) -> Address:
    """Read an address; a wrong one is an error of usage."""
    try:
        return Address.parse(url)
    except DefinitionError as error:
        raise typer.BadParameter(str(error)) from error


def known_class(class_id: int, version: int | None) -> type[CosemObject] | None:
    """Give the interface class, of the newest version we know if the meter did not say."""
    if version is not None and (class_id, version) in CATALOGUE:
        return CATALOGUE[class_id, version]
    return max((c for c in CATALOGUE.values() if c.class_id == class_id), key=lambda c: c.version, default=None)


def attribute_name(cls: type[CosemObject] | None, attribute_id: int) -> str:
    """Name an attribute."""
    known = cls is not None and cls.attributes.get(attribute_id)
    return known.name if known else f"attribute {attribute_id}"


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


async def read_object(meter: Meter, element: ObjectListElement, attributes: Sequence[int]) -> list[Reading]:
    """Read attributes of one object; one that is refused has its `AccessError` as value."""
    cls = known_class(element.class_id, element.version)
    wanted = [AttributeDescriptor(element.class_id, element.logical_name, number) for number in attributes]
    results = await meter.get_raw_many([(descriptor, None) for descriptor in wanted])
    values = {
        descriptor.attribute_id: decoded(cls, descriptor.attribute_id, result)
        if isinstance(result, bytes)
        else AccessError(result, str(descriptor))
        for descriptor, result in zip(wanted, results, strict=True)
    }
    scale = values.get(SCALER_UNIT.get(element.class_id, 0))
    return [
        Reading(
            descriptor,
            attribute_name(cls, descriptor.attribute_id),
            values[descriptor.attribute_id],
            scale if isinstance(scale, ScalerUnit) and descriptor.attribute_id in SCALED[element.class_id] else None,
        )
        for descriptor in wanted
    ]
