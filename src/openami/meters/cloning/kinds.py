"""What kind of object each is: the class that answers for it, its name in the file, the rights of every client."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from openami.aio.objects import VERSION, known_class
from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess, AttributeMode, Key, MethodAccess, MethodMode
from openami.cosem.association import CURRENT_ASSOCIATION, AttributeAccessItem, ObjectListElement
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.objects import CosemObject, decode_whole
from openami.dlms.data import AnyCodec
from openami.meters.cloning.taking import ASSOCIATION, Client, Taken, key_of
from openami.meters.cloning.writing import Written
from openami.meters.device import ASSOCIATION as ASSOCIATION_NAME
from openami.meters.raw import raw_class

PROFILE: Final = 7
CAPTURE_OBJECTS: Final = 3
BITS_SINCE: Final = 3
"""Version of the Association LN from which rights are bits."""

KNOWN_BY_NAME: Final[Mapping[Key, str]] = {
    (ASSOCIATION, CURRENT_ASSOCIATION): ASSOCIATION_NAME,
    (64, OBIS.of("0.0.43.0.0.255")): "security_setup",
}
WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
A = TypeVar("A", AttributeAccess, MethodAccess)
ATTRIBUTE_MODES: Mapping[int, AttributeAccess] = {
    mode: AttributeAccess(mode) if mode < AttributeMode.AUTHENTICATED_READ_ONLY
    else AttributeAccess(mode - 3) | AttributeAccess.AUTHENTICATED_REQUEST
    for mode in AttributeMode
}  # fmt: skip
METHOD_MODES: Mapping[int, MethodAccess] = {
    MethodMode.NO_ACCESS: MethodAccess.NONE,
    MethodMode.ACCESS: MethodAccess.ACCESS,
    MethodMode.AUTHENTICATED_ACCESS: MethodAccess.ACCESS | MethodAccess.AUTHENTICATED_REQUEST,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """An object as the file will have it: its name, its class, and what the file says of that."""

    key: Key
    name: str
    interface: type[CosemObject]
    head: Mapping[str, Written]
    attributes: frozenset[int]
    """Attributes that somebody may read."""

    writable: frozenset[int]

    def codec(self, number: int) -> AnyCodec:
        """Type that the class gives to an attribute."""
        return self.interface.attributes[number].codec


def kind_of(element: ObjectListElement, taken: Taken) -> Kind:
    """Find the class that can answer for an object, and make one where there is none."""
    shown = [(client, one) for client in taken.clients for one in client.elements if key_of(one) == key_of(element)]
    attributes = {number for client, one in shown for number in attribute_rights(one, client)}
    methods = {number for client, one in shown for number in method_rights(one, client)}
    known = known_class(element.class_id, element.version)
    if known is None or not is_fit(known, element, taken):
        interface, head = by_number(element, attributes, methods)
    else:
        interface, head = derived(known, element, attributes, methods)
    name = name_of(element.class_id, element.logical_name, known)
    rights: dict[str, Written] = {f"rights.{client.name}": rights_of(one, client, interface) for client, one in shown}
    may = [(number, access) for client, one in shown for number, access in attribute_rights(one, client).items()]
    head |= {"logical_name": str(element.logical_name), "name": name, **rights}
    return Kind(
        key_of(element), name, interface, head,
        frozenset(number for number, access in may if access & AttributeAccess.READ),
        frozenset(number for number, access in may if access & AttributeAccess.WRITE),
    )  # fmt: skip


def is_fit(known: type[CosemObject], element: ObjectListElement, taken: Taken) -> bool:
    """Whether a class can work with what the meter holds: a profile needs its columns and its rows."""
    if element.class_id != PROFILE:
        return True
    held = taken.values.get(key_of(element), {})
    if 2 in held:
        return False
    captures = held.get(CAPTURE_OBJECTS)
    try:
        return captures is None or bool(decode_whole(known.attributes[CAPTURE_OBJECTS].codec, captures) or True)
    except DecodeError:
        return False


def by_number(
    element: ObjectListElement, attributes: set[int], methods: set[int]
) -> tuple[type[CosemObject], dict[str, Written]]:
    """Make a raw class with the members that the object list names."""
    numbers, called = sorted(attributes | {1}), sorted(methods)
    interface = raw_class(element.class_id, element.version, CosemObject, tuple(numbers), tuple(called))
    raw = members(numbers, called)
    return interface, {"class": element.class_id, "version": element.version, "raw": raw}


def derived(
    known: type[CosemObject], element: ObjectListElement, attributes: set[int], methods: set[int]
) -> tuple[type[CosemObject], dict[str, Written]]:
    """Take a class of ours, with another version or further members where the meter has those."""
    more = sorted(attributes - known.attributes.keys()), sorted(methods - known.methods.keys())
    head: dict[str, Written] = {"class": known.__name__}
    is_known = (element.class_id, element.version) in CATALOGUE
    if not is_known:
        head["version"] = element.version
    if any(more):
        head["raw"] = members(*more)
    if is_known and not any(more):
        return known, head
    return raw_class(element.class_id, element.version, known, tuple(more[0]), tuple(more[1])), head


def members(attributes: Iterable[int], methods: Iterable[int]) -> dict[str, Written]:
    """Write which members are raw."""
    both: dict[str, Written] = {"attributes": list(attributes), "methods": list(methods)}
    return {name: numbers for name, numbers in both.items() if numbers}


def name_of(class_id: int, logical_name: OBIS, known: type[CosemObject] | None) -> str:
    """Name an object after its class and its logical name, unless the device knows it by another."""
    if (class_id, logical_name) in KNOWN_BY_NAME:
        return KNOWN_BY_NAME[class_id, logical_name]
    title = f"class_{class_id}" if known is None else snake(VERSION.sub("", known.__name__))
    return f"{title}_{str(logical_name).replace('.', '_')}"


def snake(name: str) -> str:
    """Write the name of a class in small letters: `ProfileGeneric` as `profile_generic`."""
    return WORDS.sub("_", name).lower()


# Rights


def attribute_rights(element: ObjectListElement, client: Client) -> dict[int, AttributeAccess]:
    """Rights to the attributes that the object list names; all may be read where it tells no rights."""
    if element.access_rights is None:
        known = known_class(element.class_id, element.version)
        return dict.fromkeys([1] if known is None else known.attributes, AttributeAccess.READ)
    items = element.access_rights.attribute_access
    if client.version >= BITS_SINCE:
        return {item.attribute_id: AttributeAccess(item.access_mode & 0xFF) for item in items}
    return {item.attribute_id: ATTRIBUTE_MODES.get(item.access_mode, AttributeAccess.NONE) for item in items}


def method_rights(element: ObjectListElement, client: Client) -> dict[int, MethodAccess]:
    """Rights to the methods that the object list names."""
    items = () if element.access_rights is None else element.access_rights.method_access
    if client.version >= BITS_SINCE:
        return {item.method_id: MethodAccess(item.access_mode & 0xFF) for item in items}
    return {item.method_id: METHOD_MODES.get(item.access_mode, MethodAccess.NONE) for item in items}


def rights_of(element: ObjectListElement, client: Client, interface: type[CosemObject]) -> dict[str, Written]:
    """Write the rights of a client; only what departs from what goes without saying."""
    attributes, methods = attribute_rights(element, client), method_rights(element, client)
    items = () if element.access_rights is None else element.access_rights.attribute_access
    silent = element.access_rights is None
    unlisted = [number for number in interface.attributes if number not in attributes and not silent]
    uncalled = [number for number in interface.methods if number not in methods and not silent]
    said: dict[str, Written] = {
        "read": [number for number, access in attributes.items() if access & AttributeAccess.READ],
        "write": [number for number, access in attributes.items() if access & AttributeAccess.WRITE],
        "call": [number for number, access in methods.items() if access & MethodAccess.ACCESS],
        "protection": protection(attributes, AttributeAccess.READ_WRITE),
        "method_protection": protection(methods, MethodAccess.ACCESS),
        "selectors": {str(i.attribute_id): list(i.access_selectors or ()) for i in items if is_unusual(i, interface)},
        "unlisted": list(unlisted),
        "unlisted_methods": list(uncalled),
    }
    return {name: value for name, value in said.items() if value}


def is_unusual(item: AttributeAccessItem, interface: type[CosemObject]) -> bool:
    """Whether an attribute has other access selectors than its class."""
    return tuple(item.access_selectors or ()) != interface.attributes[item.attribute_id].selectors


def flags(access: AttributeAccess | MethodAccess) -> list[str]:
    """Name the bits of a right in the standard's spelling."""
    return [flag.name.lower().replace("_", "-") for flag in access if flag.name]


def protection(rights: Mapping[int, A], plain: A) -> dict[str, Written]:
    """Write how requests and answers have to be protected, by the number of the member."""
    return {str(number): list(flags(access & ~plain)) for number, access in rights.items() if access & ~plain}
