"""Puts products together from their files: every name resolved, every value of the type its attribute has."""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from openami.core.errors import AmiError, DefinitionError, result_name
from openami.core.obis import OBIS
from openami.cosem.access import Rights
from openami.cosem.objects import UNSET, CosemObject
from openami.dlms.data import AnyCodec
from openami.dlms.xdlms import DataAccessResult
from openami.meters.build import Constant, Content, Definition, Product, Refusal, Setting, Source, member
from openami.meters.definition import Document, ObjectRow, is_table
from openami.meters.literals import Kind, build, codec_named
from openami.meters.raw import interface_of
from openami.meters.sections.row import Row

KINDS = {"value", "setting", "source", "refused"}
SPEC_KEYS = {"type", *KINDS}
REFUSALS = {result_name(result): result for result in DataAccessResult if result}
"""Why a meter does not tell a value, by name."""


def compiled(slug: str, document: Document) -> Product:
    """Put a product together from its document."""
    return Product(
        slug,
        document.product,
        document.metering,
        document.association,
        document.figure,
        Builder(slug, document).definitions(),
        frozenset(identity for row in rows_of(document) for identity in row.feature),
        display=document.display,
        input=document.input,
        firmware=document.firmware,
        accuracy=document.accuracy,
        measurement=document.measurement,
        monitoring=document,
        recording=document,
        links=document.links,
        optical=document.optical,
        push=document.push,
        ansi=document.ansi,
        radio=document.radio,
        prepayment=document.prepayment,
    )


def rows_of(value: object) -> Iterator[Row]:
    """Find all that may cite a stated function: the document itself, and every row at any depth."""
    if isinstance(value, Row):
        yield value
        for name in type(value).model_fields:
            yield from rows_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for part in cast("Mapping[object, object]", value).values():
            yield from rows_of(part)
    elif isinstance(value, tuple):
        for part in cast("tuple[object, ...]", value):
            yield from rows_of(part)


def refusal(name: object) -> DataAccessResult:
    """Result of reading by its name."""
    if not isinstance(name, str) or name not in REFUSALS:
        raise DefinitionError(f"{name!r} is no result of reading: expected one of {', '.join(REFUSALS)}")
    return REFUSALS[name]


def rights_by_name(interface: type[CosemObject], stated: Mapping[int, Rights]) -> tuple[set[str], set[str]]:
    """Names of what somebody may write, and of what somebody may call."""
    write = {interface.attributes[number].name for rights in stated.values() for number in rights.writable}
    call = {interface.methods[number].name for rights in stated.values() for number in rights.callable}
    return write, call


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
            interface = interface_of(row)
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
        stated = self.stated(row, interface)
        write, methods = rights_by_name(interface, stated) if stated else (row.write, row.methods)
        self.check_complete(row, interface, contents, stated)
        self.check_rights(row, interface, contents, write, methods)
        return Definition(
            row.name, number, interface, logical_name, contents, types, self.readers(row), self.managers,
            frozenset(write), frozenset(methods), row.feature, stated,
        )  # fmt: skip

    def content(self, interface: type[CosemObject], name: str, written: object, types: dict[str, AnyCodec]) -> Content:
        """Tell what an attribute holds: a literal, or a table that says where the value comes from."""
        codec = member(interface, name).codec
        spec = written if is_table(written) else {}
        kinds = spec.keys() & KINDS
        if not kinds or not spec.keys() <= SPEC_KEYS:
            return Constant(build(codec, written, self.resolve))
        if len(kinds) != 1:
            raise DefinitionError("one of value, setting, source and refused")
        if "type" in spec:
            codec = types[name] = codec_named(spec["type"])
        if "source" in spec:
            return Source(str(spec["source"]))
        if "refused" in spec:
            return Refusal(refusal(spec["refused"]))
        kind = Setting if "setting" in spec else Constant
        return kind(build(codec, spec[kinds.pop()], self.resolve))

    def check_complete(
        self,
        row: ObjectRow,
        interface: type[CosemObject],
        contents: Mapping[str, Content],
        stated: Mapping[int, Rights],
    ) -> None:
        """Every attribute has a value; where rights are stated, every one that somebody may read."""
        read = frozenset[int]().union(*(rights.readable for rights in stated.values()))
        for name, number in interface.names.items():
            attribute = interface.attributes[number]
            bare = attribute.default is UNSET and attribute.factory is None and attribute.compute is None
            if bare and name not in contents and name != "logical_name" and (not stated or number in read):
                raise self.fault(row, name, "is missing, and its class has no default")

    def check_rights(
        self,
        row: ObjectRow,
        interface: type[CosemObject],
        contents: Mapping[str, Content],
        write: Iterable[str],
        methods: Iterable[str],
    ) -> None:
        """Every right has a member it is for, and what is written somewhere to stay."""
        key = "rights" if row.rights else "write"
        for name in write:
            held = contents.get(name)
            is_apart = bool(row.rights) and isinstance(held, Refusal | None)  # never read: there is nothing to keep
            if name not in interface.names or not (isinstance(held, Setting | Source) or is_apart):
                raise self.fault(row, key, f"{name} is no setting or source of this object")
        known = {method.name for method in interface.methods.values()}
        for name in methods:
            if name not in known:
                raise self.fault(row, "methods", f"{interface.__name__} has no method {name}")

    def stated(self, row: ObjectRow, interface: type[CosemObject]) -> Mapping[int, Rights]:
        """Rights by client, where the row states them."""
        if row.rights and (row.clients or row.write or row.methods):
            raise self.fault(row, "rights", "stand in the place of clients, write and methods")
        self.known_clients(row, "rights", row.rights)
        stated: dict[int, Rights] = {}
        for name, rights in row.rights.items():
            try:
                stated[self.clients[name]] = rights.of(interface)
            except DefinitionError as error:
                raise self.fault(row, f"rights.{name}", error) from error
        return stated

    def readers(self, row: ObjectRow) -> frozenset[int]:
        """Clients that see the object: the managers, and those named; or those whose rights are stated."""
        self.known_clients(row, "clients", row.clients)
        if row.rights:
            return frozenset(self.clients[name] for name in row.rights)
        return self.managers | {self.clients[name] for name in row.clients}

    def known_clients(self, row: ObjectRow, key: str, names: Iterable[str]) -> None:
        """Refuse names of clients that there are not."""
        if unknown := set(names) - self.clients.keys():
            raise self.fault(row, key, f"no association is called {min(unknown)}")

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
