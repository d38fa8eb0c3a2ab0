"""Logical device: answers for its objects, each client within its rights (Green Book, 9.3)."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from openami.core.errors import AccessError, ActionError, DecodeError
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
from openami.cosem.association_sn import ObjectName
from openami.cosem.objects import CosemObject, Live
from openami.cosem.scripts import ScriptAction, ServiceId
from openami.cosem.short_view import ShortView
from openami.dlms.axdr import Reader, encode_length
from openami.dlms.data import Tag, encode, skip
from openami.dlms.xdlms import (
    AccessGet,
    AccessOutcome,
    AccessSet,
    ActionOutcome,
    ActionResult,
    AttributeDescriptor,
    AttributeItem,
    DataAccessResult,
    GetDataResult,
    MethodDescriptor,
    Selection,
)

if TYPE_CHECKING:
    from openami.dlms.server.events import AccessRequest, ActionItem, Request, Results, SetItem

CURRENT: Key = (15, CURRENT_ASSOCIATION)
CURRENT_SN: Key = (12, CURRENT_ASSOCIATION)
ASSOCIATED_PARTNERS, ASSOCIATION_STATUS = 3, 8
ALL = 0
"""As an attribute: all attributes of the object at once (Green Book, attribute 0 referencing)."""
NULL = b"\x00"


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
    SAP; the object list is filled in from the rights. `base_names` tells where the objects stand for clients
    that use short names. `report` gets every error that is no refusal.
    """

    def __init__(
        self,
        objects: Provider,
        access: AccessTable,
        *,
        associations: Mapping[int, CosemObject] = MappingProxyType({}),
        base_names: Sequence[ObjectName] = (),
        report: Callable[[Exception], object] = ignore,
    ) -> None:
        self.objects = objects
        self.access = access
        self.associations = associations
        self.base_names = base_names
        self.report = report

    def get(self, client_sap: int, descriptor: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Return the encoded value of an attribute."""
        class_id, logical_name, attribute_id = descriptor
        key = class_id, logical_name
        if attribute_id == ALL:
            return self.get_all(client_sap, descriptor, selection)
        if attribute_id not in self.access.rights(client_sap, key).readable:
            raise self.denied(client_sap, descriptor)
        return self.find(client_sap, key).read(attribute_id, selection)

    def set(self, client_sap: int, descriptor: AttributeDescriptor, selection: Selection | None, data: bytes) -> None:
        """Write an attribute."""
        class_id, logical_name, attribute_id = descriptor
        key = class_id, logical_name
        if attribute_id == ALL:
            self.set_all(client_sap, descriptor, selection, data)
            return
        if attribute_id not in self.access.rights(client_sap, key).writable:
            raise self.denied(client_sap, descriptor)
        if selection is not None:
            raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, f"{descriptor}: write with selector")
        self.find(client_sap, key).write(attribute_id, data)

    def get_all(self, client_sap: int, descriptor: AttributeDescriptor, selection: Selection | None) -> bytes:
        """Return a structure of all attributes; null-data for those that this client cannot read."""
        found, rights = self.whole(client_sap, descriptor, selection)
        parts: list[bytes] = []
        for number in range(1, max(found.attributes) + 1):
            one = descriptor._replace(attribute_id=number)
            value = self.got(client_sap, (one, None)) if number in rights.readable else NULL
            parts.append(value if isinstance(value, bytes) else NULL)
        return b"\x02" + encode_length(len(parts)) + b"".join(parts)

    def set_all(
        self, client_sap: int, descriptor: AttributeDescriptor, selection: Selection | None, data: bytes
    ) -> None:
        """Write all attributes from a structure, but those for which it holds null-data."""
        found, rights = self.whole(client_sap, descriptor, selection)
        try:
            values = split_structure(data)
        except DecodeError as error:
            raise AccessError(DataAccessResult.TYPE_UNMATCHED, str(descriptor)) from error
        if len(values) != max(found.attributes):
            raise AccessError(DataAccessResult.TYPE_UNMATCHED, str(descriptor))
        given = {number: value for number, value in enumerate(values, 1) if value != NULL}
        if not rights.writable.issuperset(given):
            raise AccessError(DataAccessResult.READ_WRITE_DENIED, str(descriptor))
        for number, value in given.items():
            found.write(number, value)

    def whole(
        self, client_sap: int, descriptor: AttributeDescriptor, selection: Selection | None
    ) -> tuple[CosemObject, Rights]:
        """Object and rights for a request that means all attributes."""
        key = descriptor.class_id, descriptor.logical_name
        found, rights = self.find(client_sap, key), self.access.rights(client_sap, key)
        if not rights.readable and not rights.writable:
            raise AccessError(DataAccessResult.READ_WRITE_DENIED, str(descriptor))
        if selection is not None:
            raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, f"{descriptor}: with selector")
        return found, rights

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
        if request.kind == "access":
            steps = partial(self.got, client_sap), partial(self.was_set, client_sap), partial(self.acted, client_sap)
            return access_outcomes(request, *steps)
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
            found = self.objects[key]
        except KeyError:
            raise self.missing(key) from None
        if key == CURRENT_SN and client_sap is not None:
            return ShortView(self, client_sap, self.base_names).of(found)
        return found

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
    attributes = [
        attribute_item(held, rights.attribute(number), version, rights.selectors.get(number))
        for number, held in found.attributes.items()
        if number not in rights.unlisted
    ]
    methods = [
        method_item(number, rights.method(number), version)
        for number in found.methods
        if number not in rights.unlisted_methods
    ]
    return ObjectListElement(found.class_id, found.version, found.logical_name, AccessRights(attributes, methods))


def split_structure(data: bytes) -> list[bytes]:
    """Encoded members of an encoded structure."""
    reader = Reader(data)
    if reader.u8() != Tag.STRUCTURE:
        raise DecodeError("all attributes are no structure", offset=0)
    members = [reader.take(skip(data, reader.offset) - reader.offset) for _ in range(reader.length())]
    reader.finish()
    return members


def access_outcomes(
    request: "AccessRequest",
    got: "Callable[[AttributeItem], GetDataResult]",
    was_set: "Callable[[SetItem], DataAccessResult]",
    acted: "Callable[[ActionItem], ActionOutcome]",
) -> list[AccessOutcome]:
    """Carry out the services of an ACCESS in turn, up to the first that fails where the client wants that."""
    outcomes: list[AccessOutcome] = []
    for asked, data in request.items:
        if isinstance(asked, AccessGet):
            found = got((asked.attribute, asked.selection))
            outcomes.append((DataAccessResult.SUCCESS, found) if isinstance(found, bytes) else (found, None))
        elif isinstance(asked, AccessSet):
            outcomes.append((was_set((asked.attribute, asked.selection, data or NULL)), None))
        else:
            result, returned = acted((asked.method, None if data == NULL else data))
            outcomes.append((result, returned if isinstance(returned, bytes) else None))
        if request.break_on_error and outcomes[-1][0] != 0:
            break
    return outcomes
