"""Rights that a head-end gives to other clients of a meter, and takes away: class 15, add_object and remove_object.

A product offers it by an association object for the client, `association_reader`. What changed is kept as a setting of
that object, so it outlives a restart, and holds from the next request on.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

from openami.core.errors import ActionError
from openami.cosem.access import NO_RIGHTS, AccessTable, AttributeAccess, Key, MethodAccess, Rights
from openami.cosem.association import (
    OBJECT_LIST,
    OBJECT_LIST_ELEMENT,
    AccessRights,
    ObjectListElement,
    attribute_item,
    method_item,
)
from openami.dlms.data import array
from openami.dlms.xdlms import ActionResult
from openami.meters.build import Definition, Product
from openami.meters.view import Law, View

CLIENTS = ("reader", "public")
"""Clients whose rights may be given, by the names of their associations."""
CHANGES = array(OBJECT_LIST_ELEMENT)
READS, WRITES, AUTHENTICATED = {1, 3, 4, 6}, {2, 3, 5, 6}, 4
"""Codes of `AttributeMode` that allow reading, and writing; from which on they ask for authentication."""
CURRENT = "association"

Changed = Mapping[Key, Rights | None]


def title(client: str) -> str:
    """Name of the object that holds the rights of a client."""
    return f"association_{client}"


def sap_of(product: Product, client: str) -> int:
    """Number of a client."""
    return next(row.client for row in product.associations if row.name == client)


def places(product: Product) -> Mapping[int, Definition]:
    """Objects that hold the rights of clients, by the number of the client."""
    named = {client: product.by_name.get(title(client)) for client in CLIENTS}
    return {sap_of(product, client): held for client, held in named.items() if held is not None}


class Granted(AccessTable):
    """Rights as the product states them, with what the head-end has changed of them in one meter."""

    def __init__(self, view: View, held: Mapping[int, Definition]) -> None:
        super().__init__({})
        self.view, self.held, self.stated = view, held, view.holding.product.access
        self.clients = self.stated.clients

    def changed(self, client_sap: int) -> Changed:
        """What was changed for a client; None stands for an object taken out."""
        place = self.held.get(client_sap)
        return NOTHING if place is None else changes(octets(self.view, place))

    def __getitem__(self, client_sap: int) -> Mapping[Key, Rights]:
        whole: dict[Key, Rights | None] = {**self.stated[client_sap], **self.changed(client_sap)}
        return {key: rights for key, rights in whole.items() if rights is not None}

    def rights(self, client_sap: int, key: Key) -> Rights:
        """Rights of a client to an object: none if it is not listed."""
        changed = self.changed(client_sap)
        if key in changed:
            return changed[key] or NO_RIGHTS
        return self.stated.rights(client_sap, key)


NOTHING: Changed = MappingProxyType({})


def access(view: View) -> AccessTable:
    """Rights of all clients of a meter."""
    product = view.holding.product
    held = product.remembered.get(places)
    if held is None:
        held = product.remembered[places] = places(product)
    return Granted(view, held) if held else product.access  # type: ignore[arg-type]


def octets(view: View, place: Definition) -> bytes:
    """What is kept for the client of an association object."""
    return view.holding.settings.get((view.meter, place.number, OBJECT_LIST), b"")


@lru_cache(maxsize=4096)
def changes(kept: bytes) -> Changed:
    """Rights to each object that was changed; None for one that was taken out."""
    elements = CHANGES.decode(kept)[0] if kept else []
    return {key_of(one): None if one.access_rights is None else rights_of(one.access_rights) for one in elements}


def key_of(element: ObjectListElement) -> Key:
    """What names an object."""
    return element.class_id, element.logical_name


def rights_of(given: AccessRights) -> Rights:
    """Rights from the codes of class 15, version 1."""
    return Rights(
        {item.attribute_id: attribute_access(item.access_mode) for item in given.attribute_access},
        {item.method_id: method_access(int(item.access_mode)) for item in given.method_access},
    )


def attribute_access(mode: int) -> AttributeAccess:
    """Rights to an attribute from its code."""
    found = AttributeAccess.READ if mode in READS else AttributeAccess.NONE
    found |= AttributeAccess.WRITE if mode in WRITES else AttributeAccess.NONE
    return found | (AttributeAccess.AUTHENTICATED_REQUEST if mode >= AUTHENTICATED else AttributeAccess.NONE)


def method_access(mode: int) -> MethodAccess:
    """Right to a method from its code."""
    if not mode:
        return MethodAccess.NONE
    return MethodAccess.ACCESS if mode == 1 else MethodAccess.ACCESS | MethodAccess.AUTHENTICATED_REQUEST


# What the association object gives and does


def listed(client: str, view: View) -> list[ObjectListElement]:
    """Objects that a client sees, with its rights."""
    product = view.holding.product
    visible = access(view)[sap_of(product, client)]
    return [element(definition, visible[key]) for key, definition in product.by_key.items() if key in visible]


def element(definition: Definition, rights: Rights) -> ObjectListElement:
    """Say the rights to an object as an association of version 1 does."""
    interface = definition.interface
    attributes = [attribute_item(held, rights.attribute(n), 1) for n, held in interface.attributes.items()]
    methods = [method_item(n, rights.method(n), 1) for n in interface.methods]
    return ObjectListElement(
        interface.class_id, interface.version, definition.logical_name, AccessRights(attributes, methods)
    )


def add(client: str, view: View, given: ObjectListElement) -> None:
    """Give a client these rights to an object, in the place of what it had."""
    definition = known(view, given)
    asked = ActionError(ActionResult.OTHER_REASON, f"{definition.name}: rights that the meter has for nobody")
    if given.access_rights is None:
        raise asked
    rights = rights_of(given.access_rights)
    interface = definition.interface
    writable = {interface.names[name] for name in definition.write}
    callable_ = {n for n, method in interface.methods.items() if method.name in definition.methods}
    is_there = rights.readable <= interface.attributes.keys()
    if not (is_there and rights.writable <= writable and rights.callable <= callable_):
        raise asked
    keep(client, view, given)


def remove(client: str, view: View, given: ObjectListElement) -> None:
    """Take an object from a client."""
    known(view, given)
    keep(client, view, given._replace(access_rights=None))


def known(view: View, given: ObjectListElement) -> Definition:
    """Find the object; the association by which a client asks is always there."""
    definition = view.holding.product.by_key.get(key_of(given))
    if definition is None or definition.name == CURRENT:
        raise ActionError(ActionResult.OBJECT_UNAVAILABLE, f"{given.class_id} {given.logical_name}")
    return definition


def keep(client: str, view: View, given: ObjectListElement) -> None:
    """Keep a change; what was changed of the same object before is past."""
    place = view.holding.product.by_name[title(client)]
    kept = octets(view, place)
    others = [one for one in (CHANGES.decode(kept)[0] if kept else []) if key_of(one) != key_of(given)]
    view.holding.settings[view.meter, place.number, OBJECT_LIST] = CHANGES.encode([*others, given])
    if view.holding.product.monitoring.events.parameters:
        view.holding.event("configuration_changed", view.meter)


LAWS: Mapping[str, Law] = {f"association.{client}.object_list": Law(partial(listed, client)) for client in CLIENTS}
METHODS: Mapping[str, Callable[[View, Any], object]] = {
    **{f"{title(client)}.add_object": partial(add, client) for client in CLIENTS},
    **{f"{title(client)}.remove_object": partial(remove, client) for client in CLIENTS},
}
