"""What a profile captures, read from its list of objects: each is where a law gives its value."""

from collections.abc import Sequence
from typing import NamedTuple

from openami.core.errors import DefinitionError
from openami.cosem.clock import Clock
from openami.dlms.data import DATE_TIME, AnyCodec, Tag
from openami.dlms.xdlms import CaptureObject
from openami.metering.billing import Column
from openami.metering.cells import cell
from openami.meters.build import Constant, Definition, Product, Source
from openami.meters.rows import CLOCK_STATUS, STAMP, STATUS, TIME, VALUE, Shown

TYPES: dict[Tag, str] = {
    Tag.UNSIGNED: "u1",
    Tag.LONG_UNSIGNED: "<u2",
    Tag.DOUBLE_LONG_UNSIGNED: "<u4",
    Tag.LONG64_UNSIGNED: "<u8",
    Tag.INTEGER: "i1",
    Tag.LONG: "<i2",
    Tag.DOUBLE_LONG: "<i4",
    Tag.LONG64: "<i8",
    Tag.ENUM: "u1",
}
STAMPED, CLOCK_STATUS_ATTRIBUTE = 2, 4
TIMED = "time of the meter's clock"


class Shape(NamedTuple):
    """Columns as they are kept, and as they are shown."""

    columns: tuple[Column, ...]
    shown: tuple[Shown, ...]


def profile_of(definition: Definition) -> str:
    """Name of the profile that an object shows; empty for anything else."""
    source = definition.source("buffer")
    return source.removeprefix("profile.") if source.startswith("profile.") else ""


def default_objects(product: Product, name: str) -> tuple[CaptureObject, ...]:
    """Capture objects that a profile comes with: of its object, or of its section where a client may change them."""
    definition = product.profiles[name]
    content = definition.contents.get("capture_objects")
    if isinstance(content, Constant):
        listed: Sequence[CaptureObject] = content.value  # type: ignore[assignment]
        return tuple(listed)
    section = product.recording.profile.get(name)
    if not isinstance(content, Source) or section is None:
        raise fault(product, f"object {definition.name}.capture_objects", "expected a list of objects")
    return tuple(resolved(product, name, text) for text in section.objects)


def resolved(product: Product, name: str, text: str) -> CaptureObject:
    """Read `object.attribute` of a section."""
    title, _, attribute = text.partition(".")
    held = product.by_name.get(title)
    number = None if held is None else held.interface.names.get(attribute)
    if held is None or number is None:
        raise fault(product, f"profile.{name}.objects", f"{text!r} names no attribute of an object")
    return CaptureObject(held.interface.class_id, held.logical_name, number, 0)


def shape(product: Product, objects: tuple[CaptureObject, ...]) -> Shape:
    """Find the laws behind a list of objects, once; DefinitionError where there is none."""
    known = product.remembered.get(objects)
    if isinstance(known, Shape):
        return known
    product.remembered[objects] = made = shaped(product, objects)
    return made


def shaped(product: Product, objects: tuple[CaptureObject, ...]) -> Shape:
    """Find the law behind each object."""
    columns: dict[str, Column] = {}
    shown: list[Shown] = []
    for entry in objects:
        one = column(product, entry)
        if isinstance(one, Column):
            columns[one.name] = one
            shown.append(Shown(TIME if one.type == TIMED else VALUE, one.name))
        else:
            shown.append(one)
    kept = tuple(Column(name, own.cell, "<u4" if own.type == TIMED else own.type) for name, own in columns.items())
    return Shape(kept, tuple(shown))


def column(product: Product, entry: CaptureObject) -> Column | Shown:
    """One column of a capture list."""
    held = product.by_key.get((entry.class_id, entry.logical_name))
    if held is None:
        raise DefinitionError(f"no object {entry.class_id}, {entry.logical_name}", key="capture_objects")
    if entry.data_index:
        raise DefinitionError(f"{held.name}: only whole attributes are captured", key="capture_objects")
    if held.interface is Clock or held.interface.class_id == Clock.class_id:
        return clock_column(held, entry)
    attribute = held.interface.attributes.get(entry.attribute_id)
    if attribute is None:
        raise DefinitionError(f"{held.name} has no attribute {entry.attribute_id}", key="capture_objects")
    source = held.source(attribute.name)
    if source.startswith("status."):
        return Shown(STATUS)
    try:
        cell(source)
    except DefinitionError as error:
        message = f"{held.name}.{attribute.name} is nothing that a profile keeps"
        raise DefinitionError(message, key="capture_objects") from error
    return Column(source, source, kept_type(held.codec(attribute.name), f"{held.name}.{attribute.name}"))


def clock_column(held: Definition, entry: CaptureObject) -> Shown:
    """Time or status of the clock."""
    kinds = {STAMPED: STAMP, CLOCK_STATUS_ATTRIBUTE: CLOCK_STATUS}
    if entry.attribute_id not in kinds:
        raise DefinitionError(f"{held.name}: time and status of a clock are captured", key="capture_objects")
    return Shown(kinds[entry.attribute_id])


def kept_type(codec: AnyCodec, where: str) -> str:
    """Type in which a column is kept."""
    if codec.name == DATE_TIME.name:
        return TIMED
    kind = integer(codec)
    if not kind:
        raise DefinitionError(f"{where} is of a type that no profile keeps: {codec.name}", key="capture_objects")
    return kind


def integer(codec: AnyCodec) -> str:
    """Array type of whole numbers of a codec; empty for anything else."""
    return TYPES.get(Tag(min(codec.tags)), "") if len(codec.tags) == 1 else ""


def fault(product: Product, key: str, message: str) -> DefinitionError:
    """Name a mistake by file and key."""
    return DefinitionError(message, file=f"{product.slug}.toml", key=key)
