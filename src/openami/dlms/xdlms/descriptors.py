"""Which attribute or method a request means, and which part of the attribute (Green Book, 9.5)."""

from struct import Struct
from typing import NamedTuple, TypeAlias

from openami.core.obis import OBIS
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.raw import decode_list, encode_list, pack, take

DESCRIPTOR = Struct(">H6sb")


class AttributeDescriptor(NamedTuple):
    """Class, logical name and attribute (Cosem-Attribute-Descriptor)."""

    class_id: int
    logical_name: OBIS
    attribute_id: int

    def __str__(self) -> str:
        return f"attribute {self.attribute_id} of {self.logical_name} (class {self.class_id})"


class MethodDescriptor(NamedTuple):
    """Class, logical name and method (Cosem-Method-Descriptor)."""

    class_id: int
    logical_name: OBIS
    method_id: int

    def __str__(self) -> str:
        return f"method {self.method_id} of {self.logical_name} (class {self.class_id})"


class Selection(NamedTuple):
    """Part of an attribute (Selective-Access-Descriptor): selector and its parameters, an encoded Data."""

    selector: int
    parameters: bytes


#: An attribute, and which part of it.
AttributeItem: TypeAlias = tuple[AttributeDescriptor, Selection | None]


def encode_selection(selection: Selection | None) -> bytes:
    """Write the selective access, or that there is none."""
    return b"\x00" if selection is None else bytes((1, selection.selector)) + selection.parameters


def encode_items(items: tuple[AttributeItem, ...]) -> bytes:
    """List of attributes with their selective access."""
    return encode_list([pack(DESCRIPTOR, *attribute) + encode_selection(selection) for attribute, selection in items])


def decode_items(reader: Reader) -> tuple[AttributeItem, ...]:
    """List of attributes with their selective access."""
    return decode_list(reader, decode_item)


def decode_item(reader: Reader) -> AttributeItem:
    """One attribute with its selective access."""
    return decode_attribute(reader), decode_selection(reader)


def decode_selection(reader: Reader) -> Selection | None:
    """Read the selective access, if any; its parameters end where their Data ends."""
    return Selection(reader.u8(), take(reader)) if reader.flag() else None


def decode_attribute(reader: Reader) -> AttributeDescriptor:
    """Read the attribute that stands next."""
    class_id, name, attribute_id = DESCRIPTOR.unpack(reader.take(DESCRIPTOR.size))
    return AttributeDescriptor(class_id, OBIS(name), attribute_id)


def encode_methods(methods: tuple[MethodDescriptor, ...]) -> bytes:
    """List of methods."""
    return encode_list([pack(DESCRIPTOR, *method) for method in methods])


def decode_methods(reader: Reader) -> tuple[MethodDescriptor, ...]:
    """List of methods."""
    return decode_list(reader, decode_method)


def decode_method(reader: Reader) -> MethodDescriptor:
    """Read the method that stands next."""
    class_id, name, method_id = DESCRIPTOR.unpack(reader.take(DESCRIPTOR.size))
    return MethodDescriptor(class_id, OBIS(name), method_id)


def encode_values(values: tuple[bytes, ...]) -> bytes:
    """List of encoded Data."""
    return encode_list(values)


def decode_values(reader: Reader) -> tuple[bytes, ...]:
    """List of encoded Data."""
    return decode_list(reader, take)
