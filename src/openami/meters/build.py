"""A product put together from its file: every name resolved, every value of the type its attribute has."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, cast

from openami.core.errors import AmiError, DefinitionError
from openami.core.obis import OBIS
from openami.cosem.access import AccessTable, AttributeAccess, Key, MethodAccess, Rights
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.objects import UNSET, Attribute, CosemObject
from openami.cosem.short_names import ShortNames
from openami.dlms.data import AnyCodec
from openami.meters.definition import AssociationRow, Document, Figure, Head, Metering, ObjectRow, is_table
from openami.meters.literals import Kind, build, codec_named

SPEC_KEYS = {"type", "value", "setting", "source"}


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that every meter of the product has for ever."""

    value: object


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that a client may change, each meter on its own; `default` until then."""

    default: object


@dataclass(frozen=True, slots=True)
class Source:
    """The name of a law that gives the value."""

    name: str


Content: TypeAlias = Constant | Setting | Source


@dataclass(frozen=True, eq=False)
class Definition:
    """One object of the product; no two are the same."""

    name: str
    number: int
    interface: type[CosemObject]
    logical_name: OBIS
    contents: Mapping[str, Content]
    types: Mapping[str, AnyCodec]
    clients: frozenset[int]
    managers: frozenset[int]
    write: frozenset[str]
    methods: frozenset[str]
    features: tuple[str, ...]

    @property
    def key(self) -> Key:
        """Class id and logical name."""
        return self.interface.class_id, self.logical_name

    def codec(self, attribute: str) -> AnyCodec:
        """Type of an attribute in this object."""
        return self.types.get(attribute) or member(self.interface, attribute).codec

    def source(self, attribute: str) -> str:
        """Name of the law that gives an attribute; empty where none does."""
        content = self.contents.get(attribute)
        return content.name if isinstance(content, Source) else ""

    def handler(self, method: str) -> str:
        """Name under which the device carries out a method."""
        return f"{self.source('buffer') or self.name}.{method}"

    def rights(self, client: int) -> Rights:
        """Say what a client may do with it."""
        manages = client in self.managers
        reads = dict.fromkeys(self.interface.attributes, AttributeAccess.READ)
        writes = {member(self.interface, name).attribute_id for name in self.write if manages}
        return Rights(
            reads | dict.fromkeys(writes, AttributeAccess.READ_WRITE),
            {
                number: MethodAccess.ACCESS if manages and method.name in self.methods else MethodAccess.NONE
                for number, method in self.interface.methods.items()
            },
        )


@dataclass(frozen=True)
class Product:
    """A meter as its maker sells it."""

    slug: str
    head: Head
    metering: Metering
    associations: tuple[AssociationRow, ...]
    figures: Mapping[str, Figure]
    objects: tuple[Definition, ...]
    features: frozenset[str]

    @cached_property
    def by_key(self) -> Mapping[Key, Definition]:
        """Objects by class id and logical name."""
        return {definition.key: definition for definition in self.objects}

    @cached_property
    def by_name(self) -> Mapping[str, Definition]:
        """Objects by their name in the file."""
        return {definition.name: definition for definition in self.objects}

    @cached_property
    def access(self) -> AccessTable:
        """Rights of all clients."""
        return AccessTable(
            {
                row.client: {d.key: d.rights(row.client) for d in self.objects if row.client in d.clients}
                for row in self.associations
            }
        )

    @cached_property
    def short_names(self) -> ShortNames | None:
        """Where the objects stand for clients that use short names; none if no client does."""
        if all(row.referencing == "LN" for row in self.associations):
            return None
        return ShortNames.allocate(d.interface(d.logical_name) for d in self.objects)

    def constant(self, name: str, attribute: str) -> object:
        """Look up a constant of an object, e.g. the size of a log."""
        content = self.by_name[name].contents.get(attribute)
        if not isinstance(content, Constant):
            raise DefinitionError("expected a constant", file=f"{self.slug}.toml", key=f"object {name}.{attribute}")
        return content.value


def compiled(slug: str, document: Document) -> Product:
    """Put a product together from its document."""
    builder = Builder(slug, document)
    cited = (document, document.product, document.metering, *document.association, *document.figure.values())
    numbers = (getattr(document.metering, name) for name in type(document.metering).model_fields if name != "feature")
    rows = (*cited, *numbers, *document.object)
    return Product(
        slug,
        document.product,
        document.metering,
        document.association,
        document.figure,
        builder.definitions(),
        frozenset(identity for row in rows for identity in row.feature),
    )


def member(interface: type[CosemObject], name: str) -> Attribute[object]:
    """Attribute of a class by name."""
    number = interface.names.get(name)
    if number is None:
        raise DefinitionError(f"{interface.__name__} has no attribute {name}")
    return interface.attributes[number]


class Builder:
    """Puts objects together; the names of all are known before the first value is read."""

    def __init__(self, slug: str, document: Document) -> None:
        self.file = f"{slug}.toml"
        self.rows = document.object
        self.clients = {row.name: row.client for row in document.association}
        self.managers = frozenset(row.client for row in document.association if row.manages)
        self.keys: dict[str, tuple[type[CosemObject], OBIS]] = {}

    def definitions(self) -> tuple[Definition, ...]:
        """All objects in the order of the file."""
        for row in self.rows:
            self.name(row)
        return tuple(self.definition(number, row) for number, row in enumerate(self.rows))

    def fault(self, row: ObjectRow, key: str, error: Exception | str) -> DefinitionError:
        """Name a mistake of a row by file and key."""
        return DefinitionError(str(error), file=self.file, key=f"object {row.name}.{key}")

    def name(self, row: ObjectRow) -> None:
        """Learn class and logical name of a row; both together are unique, and so is its name."""
        try:
            interface = CATALOGUE.named(row.class_name)
        except DefinitionError as error:
            raise self.fault(row, "class", error) from error
        try:
            logical_name = OBIS.parse(row.logical_name)
        except AmiError as error:
            raise self.fault(row, "logical_name", error) from error
        if row.name in self.keys:
            raise self.fault(row, "name", "stands twice")
        taken = {(held.class_id, name): title for title, (held, name) in self.keys.items()}
        if title := taken.get((interface.class_id, logical_name)):
            raise self.fault(row, "logical_name", f"is that of {title} already")
        self.keys[row.name] = (interface, logical_name)

    def definition(self, number: int, row: ObjectRow) -> Definition:
        """One object."""
        interface, logical_name = self.keys[row.name]
        contents: dict[str, Content] = {}
        types: dict[str, AnyCodec] = {}
        for name, written in row.attributes.items():
            try:
                contents[name] = self.content(interface, name, written, types)
            except DefinitionError as error:
                raise self.fault(row, name, error) from error
        self.check_complete(row, interface, contents)
        return Definition(
            row.name, number, interface, logical_name, contents, types, self.readers(row), self.managers,
            frozenset(row.write), frozenset(row.methods), row.feature,
        )  # fmt: skip

    def content(self, interface: type[CosemObject], name: str, written: object, types: dict[str, AnyCodec]) -> Content:
        """Tell what an attribute holds: a literal, or a table that says where the value comes from."""
        codec = member(interface, name).codec
        spec = written if is_table(written) else {}
        kinds = spec.keys() & {"value", "setting", "source"}
        if not kinds or not spec.keys() <= SPEC_KEYS:
            return Constant(build(codec, written, self.resolve))
        if len(kinds) != 1:
            raise DefinitionError("one of value, setting and source")
        if "type" in spec:
            codec = types[name] = codec_named(spec["type"])
        if "source" in spec:
            return Source(str(spec["source"]))
        kind = Setting if "setting" in spec else Constant
        return kind(build(codec, spec[kinds.pop()], self.resolve))

    def check_complete(self, row: ObjectRow, interface: type[CosemObject], contents: Mapping[str, Content]) -> None:
        """Every attribute has a value, every right a member it is for."""
        for name, number in interface.names.items():
            attribute = interface.attributes[number]
            bare = attribute.default is UNSET and attribute.factory is None and attribute.compute is None
            if bare and name not in contents and name != "logical_name":
                raise self.fault(row, name, "is missing, and its class has no default")
        for name in row.write:
            if name not in interface.names or isinstance(contents.get(name), Constant | None):
                raise self.fault(row, "write", f"{name} is no setting or source of this object")
        known = {method.name for method in interface.methods.values()}
        for name in row.methods:
            if name not in known:
                raise self.fault(row, "methods", f"{interface.__name__} has no method {name}")

    def readers(self, row: ObjectRow) -> frozenset[int]:
        """Clients that see the object: the managers, and those named."""
        unknown = set(row.clients) - self.clients.keys()
        if unknown:
            raise self.fault(row, "clients", f"no association is called {min(unknown)}")
        return self.managers | {self.clients[name] for name in row.clients}

    def resolve(self, text: str, kind: Kind) -> tuple[object, ...]:
        """Resolve a name: `clock.time` for an attribute, `clock` for an object."""
        title, _, attribute = text.partition(".")
        if title not in self.keys:
            raise DefinitionError(f"no object is called {title}")
        interface, logical_name = self.keys[title]
        names = cast("tuple[str, ...]", getattr(kind, "_fields", ()))
        if attribute:
            number = member(interface, attribute).attribute_id
            rest = (0,) if len(names) == 4 else ()
            return kind(interface.class_id, logical_name, number, *rest)
        if len(names) != 2:
            raise DefinitionError(f"{text!r}: name an attribute too")
        return kind(interface.class_id, logical_name)
