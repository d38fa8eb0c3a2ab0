"""Logical device: answers for its objects, each client within its rights (Green Book, 9.3)."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from openami.core.errors import AccessError, ActionError
from openami.cosem.access import AccessTable, Key, Rights
from openami.cosem.association import (
    CURRENT_ASSOCIATION,
    OBJECT_LIST,
    AccessRights,
    AssociatedPartners,
    AssociationStatus,
    ObjectListElement,
    attribute_item,
    method_item,
)
from openami.cosem.objects import CosemObject, Live
from openami.cosem.scripts import ScriptAction, ServiceId
from openami.dlms.data import encode
from openami.dlms.xdlms import (
    ActionOutcome,
    ActionResult,
    AttributeDescriptor,
    AttributeItem,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)

if TYPE_CHECKING:
    from openami.dlms.server.events import ActionItem, Request, Results, SetItem

CURRENT: Key = (15, CURRENT_ASSOCIATION)
ASSOCIATED_PARTNERS, ASSOCIATION_STATUS = 3, 8


class Provider(Protocol):
    """Objects by class id and logical name, made when asked for; a dict of objects is one."""

    def __getitem__(self, key: Key, /) -> CosemObject:
        """Return the object; KeyError if there is none."""
        ...

    def keys(self) -> Iterable[Key]:
        """All objects, in the order of the object list."""
        ...


def ignore(_error: Exception) -> None:
    """Report nothing."""


class LogicalDevice:
    """Attributes and methods of a meter, as each client may use them.

    `associations` holds the objects that answer as the current association (0.0.40.0.0.255) of a client
    SAP; the object list is filled in from the rights. `report` gets every error that is no refusal.
    """

    def __init__(
        self,
        objects: Provider,
        access: AccessTable,
        *,
        associations: Mapping[int, CosemObject] = MappingProxyType({}),
        report: Callable[[Exception], object] = ignore,
    ) -> None:
        self.objects = objects
        self.access = access
        self.associations = associations
        self.report = report

    def get(self, client_sap: int, descriptor: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Return the encoded value of an attribute."""
        class_id, logical_name, attribute_id = descriptor
        key = class_id, logical_name
        if attribute_id not in self.access.rights(client_sap, key).readable:
            raise self.denied(client_sap, descriptor)
        return self.find(client_sap, key).read(attribute_id, selection)

    def set(self, client_sap: int, descriptor: AttributeDescriptor, selection: Selection | None, data: bytes) -> None:
        """Write an attribute."""
        class_id, logical_name, attribute_id = descriptor
        key = class_id, logical_name
        if attribute_id not in self.access.rights(client_sap, key).writable:
            raise self.denied(client_sap, descriptor)
        if selection is not None:
            raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, f"{descriptor}: write with selector")
        self.find(client_sap, key).write(attribute_id, data)

    def action(self, client_sap: int, descriptor: MethodDescriptor, data: bytes | None = None) -> bytes | None:
        """Carry out a method; the encoded return parameter, if it has one."""
        class_id, logical_name, method_id = descriptor
        key = class_id, logical_name
        try:
            if method_id not in self.access.rights(client_sap, key).callable:
                raise self.denied(client_sap, descriptor)
            found = self.find(client_sap, key)
        except AccessError as error:
            raise ActionError(ActionResult(error.result), error.where) from None
        return found.invoke(method_id, data)

    def answer(self, request: "Request") -> "Results":
        """Results for `dlms.server.Server.respond`: a bad item never spoils the others."""
        client_sap = request.client_sap
        if request.kind == "get":
            return [self.got(client_sap, item) for item in request.items]
        if request.kind == "set":
            return [self.was_set(client_sap, item) for item in request.items]
        return [self.acted(client_sap, item) for item in request.items]

    def got(self, client_sap: int, item: AttributeItem) -> bytes | DataAccessResult:
        """Value of one item of a GET, or why there is none."""
        try:
            return self.get(client_sap, *item)
        except Exception as error:  # noqa: BLE001 - one attribute must not take the others with it
            return self.access_result(error)

    def was_set(self, client_sap: int, item: "SetItem") -> DataAccessResult:
        """Return the result of one item of a SET."""
        try:
            self.set(client_sap, *item)
        except Exception as error:  # noqa: BLE001 - as in `got`
            return self.access_result(error)
        return DataAccessResult.SUCCESS

    def acted(self, client_sap: int, item: "ActionItem") -> ActionOutcome:
        """Return the result of one item of an ACTION."""
        try:
            return ActionResult.SUCCESS, self.action(client_sap, *item)
        except ActionError as error:
            return ActionResult(error.result), None
        except Exception as error:  # noqa: BLE001 - as in `got`
            self.report(error)
            return ActionResult.OTHER_REASON, None

    def access_result(self, error: Exception) -> DataAccessResult:
        """Return the result a refusal states; anything else is reported and answered with other-reason."""
        if isinstance(error, AccessError):
            return DataAccessResult(error.result)
        self.report(error)
        return DataAccessResult.OTHER_REASON

    def perform(self, action: ScriptAction) -> None:
        """Carry out an action of a script as the device itself, whatever the rights of a client."""
        found = self.find(None, (action.class_id, action.logical_name))
        if action.service_id is ServiceId.WRITE_ATTRIBUTE:
            found.write(action.member_id, encode(action.parameter))
        else:
            found.invoke(action.member_id, encode(action.parameter))

    def find(self, client_sap: int | None, key: Key) -> CosemObject:
        """Return the object of that name; class-inconsistent if only another class has the name."""
        if key == CURRENT and client_sap is not None:
            return self.association(client_sap)
        try:
            return self.objects[key]
        except KeyError:
            raise self.missing(key) from None

    def missing(self, key: Key) -> Exception:
        """Why an object is not found."""
        names = list(self.objects.keys())
        if key in names:
            return RuntimeError(f"object {key[1]} of class {key[0]} is listed but cannot be made")
        known = any(logical_name == key[1] for _, logical_name in names)
        result = DataAccessResult.OBJECT_CLASS_INCONSISTENT if known else DataAccessResult.OBJECT_UNDEFINED
        return AccessError(result, f"class {key[0]} object {key[1]}")

    def denied(self, client_sap: int, descriptor: AttributeDescriptor | MethodDescriptor) -> AccessError:
        """Refusal of a client without rights: it learns first if there is no such object or attribute."""
        class_id, logical_name, number = descriptor
        found = self.find(client_sap, (class_id, logical_name))
        members = found.attributes if isinstance(descriptor, AttributeDescriptor) else found.methods
        if number not in members:
            return AccessError(DataAccessResult.OBJECT_UNDEFINED, str(descriptor))
        return AccessError(DataAccessResult.READ_WRITE_DENIED, str(descriptor))

    def association(self, client_sap: int) -> CosemObject:
        """Return the current association as this client sees it."""
        try:
            found = self.associations[client_sap] if client_sap in self.associations else self.objects[CURRENT]
        except KeyError:
            raise self.missing(CURRENT) from None
        stated: dict[int, object] = {
            OBJECT_LIST: Live(partial(self.object_list, client_sap, found.version)),
            ASSOCIATED_PARTNERS: AssociatedPartners(client_sap, 1),
            ASSOCIATION_STATUS: AssociationStatus.ASSOCIATED,
        }
        view = copy(found)
        view.state = ChainMap(found.state, stated)  # what is written reaches the object itself
        return view

    def object_list(self, client_sap: int, version: int = 3) -> list[ObjectListElement]:
        """Return the objects a client sees, with its rights as an association of that version states them."""
        visible = self.access.get(client_sap, {})
        return [
            element(self.find(client_sap, key), visible[key], version)
            for key in self.objects.keys()  # noqa: SIM118 - a provider need not be iterable
            if key in visible
        ]


def element(found: CosemObject, rights: Rights, version: int) -> ObjectListElement:
    """Return an object and the rights to it as the object list states them."""
    attributes = [attribute_item(held, rights.attribute(number), version) for number, held in found.attributes.items()]
    methods = [method_item(number, rights.method(number), version) for number in found.methods]
    return ObjectListElement(found.class_id, found.version, found.logical_name, AccessRights(attributes, methods))
