"""Rights stated client by client, and members beyond those of a known class: what a cloned meter needs."""

from collections.abc import Collection
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from openami.core.errors import DefinitionError
from openami.cosem.access import AttributeAccess, MethodAccess, Rights
from openami.cosem.objects import CosemObject
from openami.meters.sections.row import Row

Protection: TypeAlias = Literal[
    "authenticated-request",
    "encrypted-request",
    "signed-request",
    "authenticated-response",
    "encrypted-response",
    "signed-response",
]
AttributeId: TypeAlias = Annotated[int, Field(ge=-128, le=127)]
MethodId: TypeAlias = Annotated[int, Field(ge=-128, le=127)]


class ClientRights(Row):
    """What a client may do with an object, by the numbers of its members; a member not named is listed without access.

    `protection` says what a request or an answer has to be, `selectors` which access selectors are offered where
    they are others than those of the class, `unlisted` which members the object list does not name.
    """

    read: tuple[AttributeId, ...] = ()
    write: tuple[AttributeId, ...] = ()
    call: tuple[MethodId, ...] = ()
    protection: dict[AttributeId, tuple[Protection, ...]] = Field(default_factory=dict[int, tuple[Protection, ...]])
    method_protection: dict[MethodId, tuple[Protection, ...]] = Field(default_factory=dict[int, tuple[Protection, ...]])
    selectors: dict[AttributeId, tuple[int, ...]] = Field(default_factory=dict[int, tuple[int, ...]])
    unlisted: tuple[AttributeId, ...] = ()
    unlisted_methods: tuple[MethodId, ...] = ()

    def of(self, interface: type[CosemObject]) -> Rights:
        """Say the same as the object list does; a number that the class does not have is a `DefinitionError`."""
        for name, numbers, known in self.named(interface):
            if strange := set(numbers) - set(known):
                raise DefinitionError(f"{name} names {min(strange)}, which {interface.__name__} does not have")
        if hidden := {*self.read, *self.write} & set(self.unlisted):
            raise DefinitionError(f"unlisted names attribute {min(hidden)}, to which there is a right")
        return Rights(
            {number: self.attribute(number) for number in interface.attributes if number not in self.unlisted},
            {number: self.method(number) for number in interface.methods},
            self.selectors,
            frozenset(self.unlisted),
            frozenset(self.unlisted_methods),
        )

    def named(self, interface: type[CosemObject]) -> list[tuple[str, Collection[int], Collection[int]]]:
        """List each key with the numbers it names, and those that there are."""
        of_attributes = ("read", "write", "protection", "selectors", "unlisted")
        of_methods = ("call", "method_protection", "unlisted_methods")
        return [
            *((name, getattr(self, name), interface.attributes) for name in of_attributes),
            *((name, getattr(self, name), interface.methods) for name in of_methods),
        ]

    def attribute(self, number: int) -> AttributeAccess:
        """Right to an attribute."""
        access = AttributeAccess.READ if number in self.read else AttributeAccess.NONE
        if number in self.write:
            access |= AttributeAccess.WRITE
        for name in self.protection.get(number, ()):
            access |= AttributeAccess[name.upper().replace("-", "_")]
        return access

    def method(self, number: int) -> MethodAccess:
        """Right to a method."""
        access = MethodAccess.ACCESS if number in self.call else MethodAccess.NONE
        for name in self.method_protection.get(number, ()):
            access |= MethodAccess[name.upper().replace("-", "_")]
        return access


class RawMembers(Row):
    """Members by number that no class of ours declares: attributes are called attribute_N, methods method_N."""

    attributes: tuple[AttributeId, ...] = ()
    methods: tuple[MethodId, ...] = ()
