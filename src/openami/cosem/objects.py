"""One declaration per interface class, two faces (Blue Book, part 2, clause 4.1).

Read on the class, a member is the key a client sends: class id, attribute id, codec. Read on an object
it is the value a server gives. Access rights are not here: they belong to an association.
"""

from collections.abc import Callable, Mapping, MutableMapping
from copy import copy
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, cast, overload

from openami.core.errors import AccessError, ActionError, DecodeError, DefinitionError
from openami.core.obis import OBIS
from openami.dlms.data import INT8, LOGICAL_NAME, Codec
from openami.dlms.xdlms import (
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")
S = TypeVar("S", bound="CosemObject")
C = TypeVar("C", bound="CosemObject")


class Unset(Enum):
    """Marks an attribute that has no value and no default."""

    UNSET = 0


UNSET: Final = Unset.UNSET

ACTION_RESULTS = {int(result): result for result in ActionResult}
"""Action results by code: up to 14 they are those of data access."""


@dataclass(frozen=True, slots=True)
class Live(Generic[T]):
    """A value looked up at each read; `write` takes what a client or a method sets."""

    read: Callable[[], T]
    write: Callable[[T], object] | None = None


class Attribute(Generic[T]):
    """Attribute of an interface class: the key on the class, the value on an object.

    A default is immutable; a mutable one comes from a factory. `selectors` are the access selectors
    offered; `verified` says whether the type stands in a text at hand or is from general knowledge.
    """

    def __init__(
        self,
        attribute_id: int,
        codec: Codec[T],
        *,
        default: T | Unset = UNSET,
        factory: Callable[[], T] | None = None,
        selectors: tuple[int, ...] = (),
        verified: bool = True,
    ) -> None:
        self.class_id = 0
        self.attribute_id = attribute_id
        self.codec = codec
        self.name = ""
        self.default = default
        self.factory = factory
        self.selectors = selectors
        self.verified = verified
        self.compute: Callable[[CosemObject], T] | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name the class gives."""
        self.name = name

    def __repr__(self) -> str:
        return f"Attribute({self.name}, class {self.class_id}, attribute {self.attribute_id})"

    @overload
    def __get__(self, obj: None, owner: type["CosemObject"]) -> Self: ...
    @overload
    def __get__(self, obj: "CosemObject", owner: type["CosemObject"]) -> T: ...
    def __get__(self, obj: "CosemObject | None", owner: type["CosemObject"]) -> Self | T:
        if obj is None:
            return self
        value = obj.state.get(self.attribute_id, UNSET)
        if value is UNSET:
            return self.initial(obj)
        return cast("Live[T]", value).read() if type(value) is Live else cast("T", value)

    def __set__(self, obj: "CosemObject", value: T) -> None:
        held = obj.state.get(self.attribute_id, UNSET)
        if type(held) is not Live:
            self.keep(obj, value)
            return
        live = cast("Live[T]", held)
        if live.write is None:
            raise AccessError(DataAccessResult.READ_WRITE_DENIED, self.where(obj))
        live.write(value)

    def keep(self, obj: "CosemObject", value: T) -> None:
        """Store the value in the object; a computed attribute takes none."""
        if self.compute is not None:
            raise AccessError(DataAccessResult.READ_WRITE_DENIED, self.where(obj))
        obj.state[self.attribute_id] = value

    def initial(self, obj: "CosemObject") -> T:
        """Return what an object gives that was given nothing."""
        if self.compute is not None:
            return self.compute(obj)
        if self.factory is not None:
            return self.factory()
        if self.default is UNSET:
            raise AccessError(DataAccessResult.OBJECT_UNAVAILABLE, self.where(obj))
        return self.default

    def where(self, obj: "CosemObject") -> str:
        """Return the attribute of this object in words, for error messages."""
        return f"{obj!r} attribute {self.attribute_id} ({self.name})"

    def at(self, logical_name: OBIS | str | bytes) -> AttributeDescriptor:
        """Return the key of this attribute in the object of that logical name."""
        return AttributeDescriptor(self.class_id, OBIS.of(logical_name), self.attribute_id)

    def bound(self, class_id: int) -> Self:
        """Return the same attribute as a member of another class."""
        twin = copy(self)
        twin.class_id = class_id
        return twin


def computed(
    attribute_id: int, codec: Codec[T], *, verified: bool = True
) -> Callable[[Callable[[S], T]], Attribute[T]]:
    """Declare an attribute that an object works out, unless it was given a value."""

    def declare(function: Callable[[S], T]) -> Attribute[T]:
        attribute = Attribute(attribute_id, codec, verified=verified)
        attribute.compute = cast("Callable[[CosemObject], T]", function)
        return attribute

    return declare


class Method(Generic[P, R]):
    """Method of an interface class: the key on the class, something to call on an object.

    A handler given to the object takes the body's place; where `prepares` is set the body runs first
    and hands the handler what it made of the data. Neither body nor handler: object-unavailable.
    """

    def __init__(
        self,
        method_id: int,
        codec: Codec[P],
        returns: Codec[R] | None = None,
        *,
        body: "Callable[[CosemObject, P], R] | None" = None,
        prepares: bool = False,
        verified: bool = True,
    ) -> None:
        self.class_id = 0
        self.method_id = method_id
        self.codec = codec
        self.returns = returns
        self.name = ""
        self.body = body
        self.prepares = prepares
        self.verified = verified

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name the class gives."""
        self.name = name

    def __repr__(self) -> str:
        return f"Method({self.name}, class {self.class_id}, method {self.method_id})"

    @overload
    def __get__(self, obj: None, owner: type["CosemObject"]) -> Self: ...
    @overload
    def __get__(self, obj: "CosemObject", owner: type["CosemObject"]) -> Callable[[P], R]: ...
    def __get__(self, obj: "CosemObject | None", owner: type["CosemObject"]) -> Self | Callable[[P], R]:
        if obj is None:
            return self
        handler = obj.handlers.get(self.name)
        if handler is not None and not self.prepares:
            return cast("Callable[[P], R]", handler)
        if self.body is None:
            return partial(self.refuse, obj)
        return partial(self.body, obj)

    def refuse(self, obj: "CosemObject", _value: P) -> R:
        """Answer of a method that the device does not carry out."""
        raise ActionError(ActionResult.OBJECT_UNAVAILABLE, self.where(obj))

    def where(self, obj: "CosemObject") -> str:
        """Return the method of this object in words, for error messages."""
        return f"{obj!r} method {self.method_id} ({self.name})"

    def parameter(self, obj: "CosemObject", data: bytes | None) -> P:
        """Decode the invocation parameter; an omitted integer is 0, as many clients leave it out."""
        if data is None and self.codec is INT8:
            return cast("P", 0)
        try:
            return decode_whole(self.codec, data or b"")
        except DecodeError as error:
            raise ActionError(ActionResult.TYPE_UNMATCHED, self.where(obj)) from error

    def at(self, logical_name: OBIS | str | bytes) -> MethodDescriptor:
        """Return the key of this method in the object of that logical name."""
        return MethodDescriptor(self.class_id, OBIS.of(logical_name), self.method_id)

    def bound(self, class_id: int) -> Self:
        """Return the same method as a member of another class."""
        twin = copy(self)
        twin.class_id = class_id
        return twin


@overload
def method(
    method_id: int, codec: Codec[P], *, prepares: bool = False, verified: bool = True
) -> Callable[[Callable[[S, P], None]], Method[P, None]]: ...
@overload
def method(
    method_id: int, codec: Codec[P], returns: Codec[R], *, prepares: bool = False, verified: bool = True
) -> Callable[[Callable[[S, P], R]], Method[P, R]]: ...
def method(
    method_id: int,
    codec: Codec[P],
    returns: Codec[R] | None = None,
    *,
    prepares: bool = False,
    verified: bool = True,
) -> Callable[[Callable[[S, P], R]], Method[P, R]]:
    """Declare a method whose logic belongs to the class itself."""

    def declare(function: Callable[[S, P], R]) -> Method[P, R]:
        body = cast("Callable[[CosemObject, P], R]", function)
        return Method(method_id, codec, returns, body=body, prepares=prepares, verified=verified)

    return declare


def decode_whole(codec: Codec[T], data: bytes) -> T:
    """Decode data that must end with the value."""
    value, end = codec.decode(data)
    if end != len(data):
        raise DecodeError(f"{len(data) - end} octets too many", offset=end)
    return value


class CosemObject:
    """An instance of an interface class: a logical name and values.

    `types` fixes the encoding of attributes whose type the class leaves open, by attribute name;
    `handlers` carries out methods (and `hooks`) that belong to the device, by method name.
    """

    class_id: ClassVar[int] = 0
    version: ClassVar[int] = 0
    attributes: ClassVar[Mapping[int, Attribute[object]]] = MappingProxyType({})
    methods: ClassVar[Mapping[int, Method[object, object]]] = MappingProxyType({})
    names: ClassVar[Mapping[str, int]] = MappingProxyType({})
    handled: ClassVar[frozenset[str]] = frozenset()
    hooks: ClassVar[frozenset[str]] = frozenset()

    logical_name: Attribute[OBIS] = Attribute(1, LOGICAL_NAME)

    def __init__(
        self,
        logical_name: OBIS | str | bytes,
        *,
        types: Mapping[str, Codec[Any]] | None = None,
        handlers: Mapping[str, Callable[..., object]] | None = None,
        **values: object,
    ) -> None:
        self.types: Mapping[str, Codec[Any]] = {} if types is None else types
        self.handlers: Mapping[str, Callable[..., object]] = {} if handlers is None else handlers
        if handlers and not self.handled.issuperset(handlers):
            unknown = ", ".join(sorted(handlers.keys() - self.handled))
            raise DefinitionError(f"{type(self).__name__} has nothing to handle by the name of {unknown}")
        self.state: MutableMapping[int, object] = {1: OBIS.of(logical_name)}
        names = self.names
        try:
            for name, value in values.items():
                self.state[names[name]] = value
        except KeyError as error:
            raise DefinitionError(f"{type(self).__name__} has no attribute {error}") from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.logical_name})"

    def read(self, attribute_id: int, selection: Selection | None = None) -> bytes:
        """Return the encoded value of an attribute, or of the selected part of it."""
        attribute = self.member(attribute_id)
        if selection is None:
            return self.codec_of(attribute).encode(attribute.__get__(self, type(self)))
        if selection.selector not in attribute.selectors:
            raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, attribute.where(self))
        return self.select(attribute, selection)

    def write(self, attribute_id: int, data: bytes) -> None:
        """Decode a value and set it."""
        attribute = self.member(attribute_id)
        try:
            value = decode_whole(self.codec_of(attribute), data)
        except DecodeError as error:
            raise AccessError(DataAccessResult.TYPE_UNMATCHED, attribute.where(self)) from error
        attribute.__set__(self, value)

    def invoke(self, method_id: int, data: bytes | None = None) -> bytes | None:
        """Carry out a method; the encoded return parameter, if the method has one."""
        found = self.methods.get(method_id)
        if found is None:
            raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} method {method_id}")
        value = found.parameter(self, data)
        try:
            result = found.__get__(self, type(self))(value)
        except AccessError as error:
            raise ActionError(ACTION_RESULTS.get(error.result, ActionResult.OTHER_REASON), error.where) from error
        return None if found.returns is None else found.returns.encode(result)

    def member(self, attribute_id: int) -> Attribute[object]:
        """Return the attribute of that number; object-undefined if the class has none."""
        attribute = self.attributes.get(attribute_id)
        if attribute is None:
            raise AccessError(DataAccessResult.OBJECT_UNDEFINED, f"{self!r} attribute {attribute_id}")
        return attribute

    def codec_of(self, attribute: Attribute[object]) -> Codec[object]:
        """Return the attribute's codec in this object: its own type, else that of the class."""
        return self.types.get(attribute.name, attribute.codec) if self.types else attribute.codec

    def select(self, attribute: Attribute[object], selection: Selection) -> bytes:
        """Return the part of an attribute that a selector names; classes with selectors say how."""
        raise AccessError(
            DataAccessResult.SCOPE_OF_ACCESS_VIOLATED,
            f"{attribute.where(self)} selector {selection.selector}",
        )

    def delegate(self, name: str, value: object) -> object:
        """Hand prepared data to the device's handler; object-unavailable without one."""
        handler = self.handlers.get(name)
        if handler is None:
            raise ActionError(ActionResult.OBJECT_UNAVAILABLE, f"{self!r} {name}: the device has no handler")
        return handler(value)


def interface_class(class_id: int, *, version: int) -> Callable[[type[C]], type[C]]:
    """Stamp class id and version; bind every member, inherited ones too, to this class."""

    def stamp(cls: type[C]) -> type[C]:
        cls.class_id, cls.version = class_id, version
        members = {name: member for base in reversed(cls.__mro__) for name, member in vars(base).items()}
        attributes: dict[int, Attribute[object]] = {}
        methods: dict[int, Method[object, object]] = {}
        for name, member in members.items():
            if isinstance(member, Attribute):
                claim(cls, attributes, cast("Attribute[object]", member).bound(class_id), name)
            elif isinstance(member, Method):
                claim(cls, methods, cast("Method[object, object]", member).bound(class_id), name)
        cls.attributes = MappingProxyType(dict(sorted(attributes.items())))
        cls.methods = MappingProxyType(dict(sorted(methods.items())))
        cls.names = MappingProxyType({member.name: number for number, member in cls.attributes.items()})
        cls.handled = cls.hooks.union(member.name for member in cls.methods.values())
        return cls

    return stamp


M = TypeVar("M", Attribute[object], Method[object, object])


def claim(cls: type[CosemObject], members: dict[int, M], member: M, name: str) -> None:
    """Give a member its number in the class; two of one number are a mistake of the declaration."""
    number = member.attribute_id if isinstance(member, Attribute) else member.method_id
    if number in members:
        raise DefinitionError(f"{cls.__name__}: {name} and {members[number].name} both have number {number}")
    members[number] = member
    setattr(cls, name, member)
