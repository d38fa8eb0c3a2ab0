"""What one client sees of a device by short names: the current Association SN (Blue Book, class 12)."""

from collections import ChainMap
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import Protocol, TypeVar

from openami.core.errors import AccessError
from openami.core.obis import OBIS
from openami.cosem.access import AccessTable, Key, Rights
from openami.cosem.association_sn import (
    ACCESS_RIGHTS_LIST,
    OBJECT_LIST,
    AccessDescription,
    AttributeIdentification,
    ObjectName,
    ShortAccessRights,
    access_description,
    short_access_rights,
)
from openami.cosem.elements import ObjectDefinition
from openami.cosem.objects import CosemObject, Live
from openami.dlms.data import Data, Tag, decode
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult, Selection

C = TypeVar("C", bound=CosemObject)


class Device(Protocol):
    """What is needed of a logical device."""

    access: AccessTable

    def find(self, client_sap: int | None, key: Key) -> CosemObject:
        """Return the object of that name."""
        ...

    def get(self, client_sap: int, descriptor: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Return the encoded value of an attribute."""
        ...


class ShortView:
    """A device with base names, within the rights of one client."""

    def __init__(self, device: Device, client_sap: int, base_names: Sequence[ObjectName]) -> None:
        self.device = device
        self.client_sap = client_sap
        self.visible = device.access.get(client_sap, {})
        self.base_names = [name for name in base_names if (name.class_id, name.logical_name) in self.visible]

    def of(self, found: C) -> C:
        """Return an Association SN as the client sees it; what is written reaches the object itself."""
        stated: dict[int, object] = {
            OBJECT_LIST: self.base_names,
            ACCESS_RIGHTS_LIST: Live(partial(self.access_rights_list, found.version)),
        }
        own: dict[str, Callable[..., object]] = {
            "read_by_logicalname": self.read_by_logicalname,
            "get_attributes_and_services": self.get_attributes_and_services,
        }
        view = copy(found)
        view.state = ChainMap(found.state, stated)
        view.handlers = own | dict(found.handlers)
        return view

    def access_rights_list(self, version: int) -> list[ShortAccessRights]:
        """Return the rights to all objects as an association of that version states them."""
        return [
            short_access_rights(name.base_name, *self.held(name.class_id, name.logical_name), version)
            for name in self.base_names
        ]

    def get_attributes_and_services(self, wanted: list[ObjectDefinition]) -> list[AccessDescription]:
        """Return what may be done with objects."""
        return [access_description(*self.held(*definition)) for definition in wanted]

    def read_by_logicalname(self, wanted: list[AttributeIdentification]) -> list[Data]:
        """Return attributes; of an object asked for as a whole, all of them in a structure."""
        return [self.read(*identification) for identification in wanted]

    def read(self, class_id: int, logical_name: OBIS, attribute_index: int) -> Data:
        """Return an attribute; an object with one that may not be read is not read as a whole."""
        if attribute_index:
            return self.value(class_id, logical_name, attribute_index)
        found, rights = self.held(class_id, logical_name)
        if not rights.readable.issuperset(found.attributes):
            where = f"all attributes of {logical_name} (class {class_id})"
            raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, where)
        return Data(Tag.STRUCTURE, tuple(self.value(class_id, logical_name, number) for number in found.attributes))

    def value(self, class_id: int, logical_name: OBIS, attribute_id: int) -> Data:
        """Return one attribute."""
        descriptor = AttributeDescriptor(class_id, logical_name, attribute_id)
        return decode(self.device.get(self.client_sap, descriptor))[0]

    def held(self, class_id: int, logical_name: OBIS) -> tuple[CosemObject, Rights]:
        """Return an object and the rights to it; object-undefined if the client does not see it."""
        rights = self.visible.get((class_id, logical_name))
        if rights is None:
            raise AccessError(DataAccessResult.OBJECT_UNDEFINED, f"class {class_id} object {logical_name}")
        return self.device.find(self.client_sap, (class_id, logical_name)), rights
