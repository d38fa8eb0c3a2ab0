"""COSEM values as what a product file writes for them: the way back from `meters.literals`, each one proven.

What is written is read again and encoded before it is believed; where a class has a type for the value but the
meter's own octets are others, the type is written beside it, and at the last the octets themselves.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeAlias, cast

from openami.core.errors import AmiError, DefinitionError
from openami.core.obis import OBIS
from openami.core.time import ANY, DEVIATION_UNSET, CosemDate, CosemDateTime, CosemTime
from openami.core.units import Unit
from openami.cosem.access import Key
from openami.cosem.objects import CosemObject, decode_whole
from openami.dlms import data
from openami.dlms.data import AnyCodec, BitString, CompactArray, Data, Tag
from openami.dlms.data.codecs import Array, Choice, Mapped, Structure
from openami.dlms.data.primitives import type_name
from openami.dlms.data.types import CONTAINERS
from openami.dlms.profile import Table
from openami.meters.builder import SPEC_KEYS
from openami.meters.literals import ENCODED, HEX, Kind, build, codec_named

#: A value of a product file.
Written: TypeAlias = "bool | int | float | str | list[Written] | dict[str, Written]"
ANY_TYPE: Final = data.ANY.name
STAMP_OCTETS: Final = 12
NO_CELL: Final = Data(Tag.NULL, None)


@dataclass(frozen=True, slots=True)
class Names:
    """What the objects of the file are called, for references to them."""

    of: Mapping[Key, tuple[str, type[CosemObject]]]

    def reference(self, kind: object, parts: tuple[object, ...]) -> str | None:
        """Name an object or its attribute, as `clock` or `clock.time`; None where that would say less."""
        fields = cast("tuple[str, ...]", getattr(kind, "_fields", ()))
        if fields[:2] != ("class_id", "logical_name"):
            return None
        class_id, logical_name, *rest = parts
        name, interface = self.of.get(cast("Key", (class_id, logical_name)), ("", CosemObject))
        if not name or len(fields) == 2:
            return name or None
        known = interface.attributes.get(cast("int", rest[0])) if fields[2] == "attribute_id" else None
        return None if known is None or rest[1:] not in ([], [0]) else f"{name}.{known.name}"

    def resolve(self, text: str, kind: Kind) -> tuple[object, ...]:
        """Find what a name means, as the file that has it will."""
        title, _, attribute = text.partition(".")
        found = [(key, interface) for key, (name, interface) in self.of.items() if name == title]
        if not found:
            raise DefinitionError(f"no object is called {title}")
        key, interface = found[0]
        rest = (interface.names[attribute], 0) if attribute else ()
        return kind(*key, *rest[: len(cast("tuple[str, ...]", getattr(kind, "_fields", ()))) - 2])


NO_NAMES: Final = Names({})


def written(octets: bytes, codec: AnyCodec, names: Names = NO_NAMES) -> Written:
    """Write an encoded value for an attribute of that type: as it is, with its own type, or as octets."""
    literal = by_codec(octets, codec, names)
    if literal is not None:
        return {"value": literal} if is_ambiguous(literal) else literal
    return typed(octets)


def is_ambiguous(literal: Written) -> bool:
    """Whether a table would be taken for one that says where a value comes from."""
    return isinstance(literal, dict) and bool(literal.keys() & SPEC_KEYS)


def typed(octets: bytes) -> dict[str, Written]:
    """Write an encoded value with its type, else its octets."""
    try:
        tree = decode_whole(data.ANY, octets)
        kind, literal = type_of(tree), plain(tree)
        if codec_named(kind).encode(build(codec_named(kind), literal, NO_NAMES.resolve)) == octets:
            return {"type": kind, "value": literal}
    except AmiError:
        pass
    return {"type": ENCODED.name, "value": HEX + octets.hex()}


def by_codec(octets: bytes, codec: AnyCodec, names: Names) -> "Written | None":
    """Write an encoded value by the type that the class gives it; None where it cannot be had back from that."""
    if codec is data.ANY:
        return None
    try:
        literal = literal_of(codec, decode_whole(codec, octets), names)
        again = codec.encode(build(codec, literal, names.resolve))
    except AmiError:
        return None
    return literal if again == octets else None


def literal_of(codec: AnyCodec, value: object, names: Names) -> Written:
    """Write a value of a type; `DefinitionError` for one that has no form."""
    if isinstance(codec, Array):
        of = cast("Array[object]", codec).of
        return [literal_of(of, element, names) for element in cast("list[object]", value)]
    if isinstance(codec, Structure):
        return structure(codec, cast("tuple[object, ...]", value), names)
    if isinstance(codec, Choice):
        return chosen(cast("Choice[object]", codec), value, names)
    if codec is data.ANY:
        tree = cast("Data", value)
        return {"type": type_of(tree), "value": plain(tree)}
    if codec in TEXTS:
        return TEXTS[codec](value)
    if isinstance(codec, Mapped):
        return code(value)
    if isinstance(value, bool | int | float | str):
        return value
    raise DefinitionError(f"{codec.name} has no form in a product file")


def structure(codec: Structure[Any], value: tuple[object, ...], names: Names) -> Written:
    """Write a structure: the name of what it refers to, a table, or a list where its members have no names."""
    reference = names.reference(codec.kind, value)
    if reference is not None:
        return reference
    members = [literal_of(member, part, names) for member, part in zip(codec.codecs, value, strict=True)]
    fields = cast("tuple[str, ...]", getattr(codec.kind, "_fields", ()))
    return dict(zip(fields, members, strict=True)) if fields else members


def chosen(codec: Choice[object], value: object, names: Names) -> Written:
    """Write a value by the type among several that encodes it."""
    octets = codec.encode(value)
    for one in codec.codecs:
        try:
            if one.encode(value) == octets:
                return literal_of(one, value, names)
        except AmiError:
            continue
    raise DefinitionError(f"{codec.name} has no form in a product file")


def code(value: object) -> Written:
    """Write a code by its name, a logical name by its groups."""
    if isinstance(value, OBIS):
        return str(value)
    if isinstance(value, IntEnum):
        return value.name.lower().replace("_", "-")
    if isinstance(value, int):
        return int(value)
    raise DefinitionError(f"{value!r} has no form in a product file")


def octet_text(value: object) -> str:
    """Write octets as the text they are, or as hexadecimal."""
    octets = cast("bytes", value)
    text = octets.decode("latin-1")
    if text.isascii() and text.isprintable() and not text.startswith(HEX):
        return text
    return HEX + octets.hex()


def unit_text(value: object) -> Written:
    """Write a unit as printed; one without a sign by its number."""
    if value is Unit.COUNT:
        return "count"
    return value.symbol if isinstance(value, Unit) else cast("int", value)


def date_text(value: object) -> str:
    """Write a date as `year-month-day`, and its weekday if it names one."""
    date = cast("CosemDate", value)
    year = "*" if date.year == 0xFFFF else f"{date.year:04}"
    day = "-".join((year, wild(date.month), wild(date.day)))
    return day if date.weekday == ANY else f"{day}/{date.weekday}"


def time_text(value: object) -> str:
    """Write a time as `hour:minute:second`, and hundredths if there are any."""
    time = cast("CosemTime", value)
    text = ":".join((wild(time.hour), wild(time.minute), wild(time.second)))
    usual = ANY if "*" in text else 0
    return text if time.hundredths == usual else f"{text}.{wild(time.hundredths)}"


def date_time_text(value: object) -> str:
    """Write a date-time with as much behind it as it specifies."""
    stamp = cast("CosemDateTime", value)
    if stamp == CosemDateTime():
        return "*"
    deviation = "*" if stamp.deviation == DEVIATION_UNSET else str(stamp.deviation)
    status = "*" if stamp.status == 0xFF else str(stamp.status)
    text = f"{date_text(stamp.date)} {time_text(stamp.time)} {deviation} {status}"
    return text.removesuffix(" *").removesuffix(" *")


def wild(field: int) -> str:
    """Write one field of a date or time."""
    return "*" if field == ANY else f"{field:02}"


TEXTS: Mapping[AnyCodec, Callable[[object], Written]] = {
    data.NULL: lambda _value: "null",
    data.OCTET_STRING: octet_text,
    data.BIT_STRING: str,
    data.UNIT: unit_text,
    data.DATE: date_text,
    data.TIME: time_text,
    data.DATE_TIME: date_time_text,
}


# Trees


def type_of(tree: Data) -> Written:
    """Write the type of a value; elements of an array that differ each have their own."""
    if tree.tag not in CONTAINERS:
        return data.NULL.name if tree.tag is Tag.NULL else type_name(tree.tag)
    parts = cast("tuple[Data, ...]", tree.value)
    if tree.tag is Tag.STRUCTURE:
        return [type_of(part) for part in parts]
    kinds = [type_of(part) for part in parts]
    is_one = bool(kinds) and all(kind == kinds[0] for kind in kinds)
    return {"array": kinds[0] if is_one else ANY_TYPE}


def plain(tree: Data) -> Written:
    """Write a value whose type stands beside it."""
    value = tree.value
    if isinstance(value, bytes):
        return octet_text(value)
    if value is None:
        return "null"
    if isinstance(value, CompactArray) or (isinstance(value, float) and math.isnan(value)):  # whose sign text loses
        raise DefinitionError(f"{type_name(tree.tag)} has no form in a product file")
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, BitString):
        return str(value)
    parts = value
    if tree.tag is Tag.ARRAY and type_of(tree) == {"array": ANY_TYPE}:
        return [{"type": type_of(part), "value": plain(part)} for part in parts]
    return [plain(part) for part in parts]


# Rows of profiles


def rows_written(table: Table, change: Callable[[Data], Data]) -> dict[str, Written]:
    """Write the rows of a profile, each cell changed first: the types of the columns, and a list for each row."""
    numbers = range(len(table.columns) if len(table) else 0)
    columns = [column(list(map(change, cells_of(table, number)))) for number in numbers]
    cells = [literals for _, literals in columns]
    return {"columns": [kind for kind, _ in columns], "rows": [list(row) for row in zip(*cells, strict=True)]}


def column(cells: list[Data]) -> tuple[Written, list[Written]]:
    """Write one column: its type, and its cells; date-times as such where they can be had back."""
    specs = [typed(data.encode(one)) for one in cells]
    if any(spec["type"] != specs[0]["type"] for spec in specs):
        return ANY_TYPE, list(specs)
    if all(one.tag is Tag.OCTET_STRING and len(cast("bytes", one.value)) == STAMP_OCTETS for one in cells):
        stamps = [by_codec(data.encode(one), data.DATE_TIME, NO_NAMES) for one in cells]
        if None not in stamps:
            return data.DATE_TIME.name, cast("list[Written]", stamps)
    return specs[0]["type"], [spec["value"] for spec in specs]


def cells_of(table: Table, number: int) -> list[Data]:
    """Give the cells of a column, each with its type."""
    cells, tag, nulls = table.columns[number], table.tags[number], table.nulls[number]
    values = [row.tobytes() for row in cells] if cells.ndim == 2 else cast("list[object]", cells.tolist())
    given = [value if isinstance(value, Data) else Data(tag, cast("Any", value)) for value in values]
    return [NO_CELL if is_null else one for one, is_null in zip(given, nulls, strict=True)]
