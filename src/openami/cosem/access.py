"""Access rights of each client: which attributes and methods an association may use (Blue Book, class 15)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Self, TypeAlias

from openami.core.obis import OBIS

Key: TypeAlias = tuple[int, OBIS]
"""Class id and logical name: what names an object, as one logical name may serve two classes."""


class AttributeAccess(IntFlag):
    """Rights to an attribute, in the bits of class 15 version 3."""

    NONE = 0
    READ = 0x01
    WRITE = 0x02
    READ_WRITE = 0x03
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    SIGNED_RESPONSE = 0x80

    @classmethod
    def of(cls, text: str) -> Self:
        """Rights of `""`, `"r"`, `"w"` or `"rw"`; KeyError otherwise."""
        return cls({"": 0, "r": 1, "w": 2, "rw": 3}[text])


class MethodAccess(IntFlag):
    """Right to a method, in the bits of class 15 version 3."""

    NONE = 0
    ACCESS = 0x01
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    SIGNED_RESPONSE = 0x80


class AttributeMode(IntEnum):
    """Rights to an attribute, in the codes of class 15 versions 0 to 2."""

    NO_ACCESS = 0
    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_AND_WRITE = 3
    AUTHENTICATED_READ_ONLY = 4
    AUTHENTICATED_WRITE_ONLY = 5
    AUTHENTICATED_READ_AND_WRITE = 6


class MethodMode(IntEnum):
    """Right to a method, in the codes of class 15 versions 0 to 2."""

    NO_ACCESS = 0
    ACCESS = 1
    AUTHENTICATED_ACCESS = 2


def attribute_mode(access: AttributeAccess) -> AttributeMode:
    """Return the rights in the older codes; what protects a response has no code there."""
    rights = access & AttributeAccess.READ_WRITE
    if rights and access & AttributeAccess.AUTHENTICATED_REQUEST:
        return AttributeMode(rights + 3)
    return AttributeMode(rights)


def method_mode(access: MethodAccess) -> MethodMode:
    """Return the right in the older codes."""
    if not access & MethodAccess.ACCESS:
        return MethodMode.NO_ACCESS
    authenticated = access & MethodAccess.AUTHENTICATED_REQUEST
    return MethodMode.AUTHENTICATED_ACCESS if authenticated else MethodMode.ACCESS


@dataclass(frozen=True)
class Rights:
    """Rights of one client to one object. The logical name may always be read.

    An object list names every member of the class but those in `unlisted` and `unlisted_methods`, and the access
    selectors that the class has but where `selectors` says others.
    """

    attributes: Mapping[int, AttributeAccess] = field(default_factory=dict[int, AttributeAccess])
    methods: Mapping[int, MethodAccess] = field(default_factory=dict[int, MethodAccess])
    selectors: Mapping[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    unlisted: frozenset[int] = frozenset()
    unlisted_methods: frozenset[int] = frozenset()
    readable: frozenset[int] = field(init=False)
    writable: frozenset[int] = field(init=False)
    callable: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        """Spread the rights into sets: looked up at every request."""
        attributes = {1: AttributeAccess.READ, **self.attributes}
        object.__setattr__(self, "attributes", attributes)
        sets = {
            "readable": {number for number, access in attributes.items() if access & AttributeAccess.READ},
            "writable": {number for number, access in attributes.items() if access & AttributeAccess.WRITE},
            "callable": {number for number, access in self.methods.items() if access & MethodAccess.ACCESS},
        }
        for name, numbers in sets.items():
            object.__setattr__(self, name, frozenset(numbers))

    def attribute(self, attribute_id: int) -> AttributeAccess:
        """Rights to an attribute."""
        return self.attributes.get(attribute_id, AttributeAccess.NONE)

    def method(self, method_id: int) -> MethodAccess:
        """Right to a method."""
        return self.methods.get(method_id, MethodAccess.NONE)


NO_RIGHTS = Rights({1: AttributeAccess.NONE})


class AccessTable(Mapping[int, Mapping[Key, Rights]]):
    """Rights by client SAP and object. What is not listed is not visible to the client."""

    def __init__(self, clients: Mapping[int, Mapping[Key, Rights]]) -> None:
        self.clients = {client_sap: dict(rights) for client_sap, rights in clients.items()}

    def __getitem__(self, client_sap: int) -> Mapping[Key, Rights]:
        return self.clients[client_sap]

    def __iter__(self) -> Iterator[int]:
        return iter(self.clients)

    def __len__(self) -> int:
        return len(self.clients)

    def rights(self, client_sap: int, key: Key) -> Rights:
        """Rights of a client to an object: none if it is not listed."""
        objects = self.clients.get(client_sap)
        return NO_RIGHTS if objects is None else objects.get(key, NO_RIGHTS)
