"""What an association shows of a meter: its object list, and the rights stated there (Blue Book, class 15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from openami.conformance.dialogue import Dialogue
from openami.conformance.handshake import CURRENT_ASSOCIATION
from openami.conformance.verdict import FailedError
from openami.core.errors import AmiError, result_name
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess, AttributeMode, MethodAccess
from openami.cosem.association import (
    OBJECT_LIST_ELEMENT,
    AccessRights,
    AttributeAccessItem,
    ObjectListElement,
)
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.objects import Attribute, CosemObject, decode_whole
from openami.dlms.data import array
from openami.dlms.xdlms import AttributeDescriptor

OBJECT_LIST: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 2)
ELEMENTS: Final = array(OBJECT_LIST_ELEMENT)
#: From this version of class 15 on, rights are bits.
BITS: Final = 3
READING: Final = frozenset(
    {
        AttributeMode.READ_ONLY,
        AttributeMode.READ_AND_WRITE,
        AttributeMode.AUTHENTICATED_READ_ONLY,
        AttributeMode.AUTHENTICATED_READ_AND_WRITE,
    }
)
WRITING: Final = frozenset(
    {
        AttributeMode.WRITE_ONLY,
        AttributeMode.READ_AND_WRITE,
        AttributeMode.AUTHENTICATED_WRITE_ONLY,
        AttributeMode.AUTHENTICATED_READ_AND_WRITE,
    }
)


@dataclass(frozen=True, slots=True)
class Listed:
    """An attribute, with the right to it that the object list states."""

    element: ObjectListElement
    item: AttributeAccessItem
    version: int

    @property
    def descriptor(self) -> AttributeDescriptor:
        """What a request names."""
        return AttributeDescriptor(self.element.class_id, self.element.logical_name, self.item.attribute_id)

    @property
    def may_be_read(self) -> bool:
        """Whether the list says that it is readable."""
        mode = self.item.access_mode
        return bool(mode & AttributeAccess.READ) if self.version >= BITS else mode in READING

    @property
    def may_be_written(self) -> bool:
        """Whether the list says that it is writeable."""
        mode = self.item.access_mode
        return bool(mode & AttributeAccess.WRITE) if self.version >= BITS else mode in WRITING

    def declared(self) -> Attribute[object] | None:
        """The attribute as the Blue Book has it, if class and attribute are known."""
        cls = interface_class(self.element)
        return None if cls is None else cls.attributes.get(self.item.attribute_id)


def interface_class(element: ObjectListElement) -> type[CosemObject] | None:
    """Interface class of an object, if it is known."""
    return CATALOGUE.get((element.class_id, element.version))


@dataclass(frozen=True, slots=True)
class Inventory:
    """Object list of one association."""

    elements: list[ObjectListElement]

    @property
    def version(self) -> int:
        """Version of the association object, which says how rights are written; the oldest if it is not listed."""
        found = self.find(15, CURRENT_ASSOCIATION)
        return 0 if found is None else found.version

    def find(self, class_id: int, logical_name: OBIS) -> ObjectListElement | None:
        """Find an object."""
        wanted = class_id, logical_name
        return next((e for e in self.elements if (e.class_id, e.logical_name) == wanted), None)

    def of_class(self, class_id: int) -> list[ObjectListElement]:
        """List the objects of a class."""
        return [element for element in self.elements if element.class_id == class_id]

    def attributes(self, *elements: ObjectListElement) -> Iterator[Listed]:
        """List the attributes of some objects, or of all."""
        for element in elements or self.elements:
            for item in rights(element).attribute_access:
                yield Listed(element, item, self.version)

    def attribute(self, element: ObjectListElement, attribute_id: int) -> Listed | None:
        """Find an attribute of an object."""
        return next((a for a in self.attributes(element) if a.item.attribute_id == attribute_id), None)

    def can_read(self, element: ObjectListElement, *attribute_ids: int) -> bool:
        """Whether all these attributes are readable."""
        found = [self.attribute(element, attribute_id) for attribute_id in attribute_ids]
        return all(attribute is not None and attribute.may_be_read for attribute in found)

    def can_call(self, element: ObjectListElement, method_id: int) -> bool:
        """Whether a method may be invoked."""
        modes = {item.method_id: item.access_mode for item in rights(element).method_access}
        return bool(modes.get(method_id, 0) & (MethodAccess.ACCESS | 2))


def rights(element: ObjectListElement) -> AccessRights:
    """Rights to an object; none where the list leaves them out."""
    return element.access_rights or AccessRights([], [])


async def inventory(dialogue: Dialogue) -> Inventory:
    """Read the object list."""
    value = await dialogue.get(OBJECT_LIST)
    sent = f"GET {OBJECT_LIST}"
    if not isinstance(value, bytes):
        raise FailedError(sent, "the object list", result_name(value))
    try:
        return Inventory(decode_whole(ELEMENTS, value))
    except AmiError as error:
        raise FailedError(sent, "the object list", f"what cannot be read: {error}") from error
