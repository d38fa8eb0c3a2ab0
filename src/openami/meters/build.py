"""A product put together from its file: every name resolved, every value of the type its attribute has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.access import NO_RIGHTS, AccessTable, AttributeAccess, Key, MethodAccess, Rights
from openami.cosem.objects import Attribute, CosemObject
from openami.cosem.short_names import ShortNames
from openami.dlms.data import AnyCodec
from openami.dlms.xdlms import DataAccessResult
from openami.iec62056.rates import code_of
from openami.meters.definition import AssociationRow, Figure, Head, Metering
from openami.meters.sections.accuracy import Accuracy
from openami.meters.sections.ansi import AnsiRow
from openami.meters.sections.display import Display
from openami.meters.sections.firmware import Firmware
from openami.meters.sections.input import InputRow
from openami.meters.sections.links import Links
from openami.meters.sections.measurement import MeasurementRow
from openami.meters.sections.monitoring import Monitoring
from openami.meters.sections.optical import Optical
from openami.meters.sections.prepayment import PrepaymentRow
from openami.meters.sections.push import PushRow
from openami.meters.sections.radio import RadioRow
from openami.meters.sections.recording import Recording

PRIMARY = "primary."
"""How a source begins that shows a value on the primary side of transformers; a method is that of the value."""


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


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a client gets in place of a value."""

    result: DataAccessResult


Content: TypeAlias = Constant | Setting | Source | Refusal


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
    stated: Mapping[int, Rights] = field(default_factory=dict[int, Rights])
    """Rights by client, where the file states them member by member."""

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
        held = (self.source(name).removeprefix(PRIMARY) for name in ("last_average_value", "value"))
        demand = next((name for name in held if name.startswith("demand.")), "")
        return f"{self.source('buffer') or demand or self.name}.{method}"

    def rights(self, client: int) -> Rights:
        """Say what a client may do with it."""
        if self.stated:
            return self.stated.get(client, NO_RIGHTS)
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
    display: Display | None = None
    input: InputRow | None = None
    firmware: Firmware | None = None
    accuracy: Accuracy | None = None
    measurement: MeasurementRow | None = None
    monitoring: Monitoring = field(default_factory=Monitoring)
    recording: Recording = field(default_factory=Recording)
    links: Links = field(default_factory=Links)
    optical: Optical | None = None
    push: PushRow = field(default_factory=PushRow)
    ansi: AnsiRow | None = None
    radio: RadioRow | None = None
    prepayment: PrepaymentRow | None = None
    remembered: dict[object, object] = field(default_factory=dict[object, object], compare=False, repr=False)
    """What was worked out of it before."""

    @cached_property
    def by_key(self) -> Mapping[Key, Definition]:
        """Objects by class id and logical name."""
        return {definition.key: definition for definition in self.objects}

    @cached_property
    def by_name(self) -> Mapping[str, Definition]:
        """Objects by their name in the file."""
        return {definition.name: definition for definition in self.objects}

    @cached_property
    def profiles(self) -> Mapping[str, Definition]:
        """Objects that show profiles, by the name of the profile."""
        found: dict[str, Definition] = {}
        for definition in self.objects:
            head, _, name = definition.source("buffer").partition(".")
            if head == "profile" and name:
                found.setdefault(name, definition)
        return found

    @cached_property
    def ceilings(self) -> Mapping[tuple[str, str], int]:
        """Highest codes of speeds that clients may set, by object and attribute."""
        found: dict[tuple[str, str], int] = {}
        if self.optical is not None:
            most = code_of(self.optical.most_baud.value)
            found |= {("optical_port_setup", name): most for name in ("default_baud", "prop_baud")}
        for name, way in self.links.way.items():
            if way.most_baud is not None:
                found[f"{name}_hdlc_setup", "comm_speed"] = code_of(way.most_baud.value)
        return found

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


def member(interface: type[CosemObject], name: str) -> Attribute[object]:
    """Attribute of a class by name."""
    number = interface.names.get(name)
    if number is None:
        raise DefinitionError(f"{interface.__name__} has no attribute {name}")
    return interface.attributes[number]
