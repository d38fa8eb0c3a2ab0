"""What a product file writes for a value, as the value its codec takes: the codec says the type, once.

Texts stand for octets, dates (`"*-12-25"`), times (`"07:00:00"`), date-times, names of enums, unit symbols
and logical names; tables for structures; the name of an object or of its attribute for a reference to it.
A date may name its weekday (`"2026-11-02/1"`), a time its hundredths (`"07:00:00.50"`), a date-time the deviation in
minutes and the clock status (`"2026-11-02 07:00:00 -60 0"`); what is left out is not specified, hundredths are 0.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, TypeVar, cast

from openami.core.errors import AmiError, DefinitionError, EncodeError
from openami.core.obis import OBIS
from openami.core.time import ANY, ANY_YEAR, DEVIATION_UNSET, CosemDate, CosemDateTime, CosemTime
from openami.core.units import Unit
from openami.cosem.profile_generic import Buffer, table_of
from openami.dlms import data
from openami.dlms.data import codecs
from openami.dlms.data.codecs import Array, Choice, Mapped, Structure
from openami.dlms.profile import Table

T = TypeVar("T")

SIMPLE_TYPES: dict[str, data.AnyCodec] = {
    codec.name: codec
    for codec in (
        data.NULL, data.BOOLEAN, data.INT8, data.INT16, data.INT32, data.INT64, data.UINT8, data.UINT16,
        data.UINT32, data.UINT64, data.ENUM, data.OCTET_STRING, data.VISIBLE_STRING, data.UTF8_STRING,
        data.BIT_STRING, data.DATE_TIME, data.DATE, data.TIME, data.BCD, data.FLOAT32, data.FLOAT64, data.ANY,
    )
}  # fmt: skip
"""Simple types by their name; `data` is any type, each value with its own."""

HEX = "hex:"


class Encoded(data.Codec[bytes]):
    """A value as its octets in A-XDR, tag and all: for what can be written in no other way."""

    def encode(self, value: bytes) -> bytes:
        """Give the octets as they are."""
        if not value or type(value) is not bytes:
            raise EncodeError(f"{value!r} is no {self.name}")
        return value

    def decode(self, data: bytes, offset: int = 0) -> tuple[bytes, int]:
        """Take all that is left."""
        return data[offset:], len(data)


ENCODED = Encoded("encoded data", range(256))
SIMPLE_TYPES[ENCODED.name] = ENCODED

Kind = Callable[..., tuple[object, ...]]
Resolve = Callable[[str, Kind], tuple[object, ...]]
"""What a name in the file refers to: a capture object, an object definition, ... as a tuple of that kind."""


def codec_named(name: object) -> data.AnyCodec:
    """Codec of a simple type by its name in the standard; a list of names is a structure, `{ array = … }` an array."""
    if isinstance(name, list):
        return codecs.structure(members, *[codec_named(part) for part in cast("list[object]", name)])
    if isinstance(name, dict) and (table := cast("dict[str, object]", name)).keys() == {"array"}:
        return codecs.array(codec_named(table["array"]))
    if isinstance(name, str) and name in SIMPLE_TYPES:
        return SIMPLE_TYPES[name]
    raise DefinitionError(f"no type is called {name!r}")


def members(*parts: object) -> tuple[object, ...]:
    """Make a structure whose members have no names."""
    return parts


def build(codec: data.Codec[T], literal: object, resolve: Resolve) -> T:
    """Make the value a literal stands for, and prove it by encoding it."""
    value = cast("T", convert(codec, literal, resolve))
    try:
        codec.encode(value)
    except AmiError as error:
        raise DefinitionError(f"{literal!r} is no {codec.name}: {error}") from error
    return value


def convert(codec: data.AnyCodec, literal: object, resolve: Resolve) -> object:
    """Value of one literal, unproven."""
    if isinstance(codec, Array):
        if not isinstance(literal, list):
            raise DefinitionError(f"{literal!r} is no {codec.name}: expected a list")
        of = cast("Array[object]", codec).of
        return [convert(of, element, resolve) for element in cast("list[object]", literal)]
    if isinstance(codec, Structure):
        return structure(codec, literal, resolve)
    if isinstance(codec, Choice):
        return chosen(cast("Choice[object]", codec), literal, resolve)
    if codec is data.ANY:
        return tree(literal, resolve)
    if isinstance(codec, Buffer):
        return rows(literal, resolve)
    if isinstance(codec, Mapped) and isinstance(to := cast("Mapped[object, object]", codec).to, type):
        return enumerated(to, literal)
    if isinstance(literal, str) and codec in TEXTS:
        return parsed(TEXTS[codec], literal)
    return literal


def structure(codec: "Structure[Any]", literal: object, resolve: Resolve) -> object:
    """Make a structure from a table, a list, or the name of what it refers to."""
    kind: Callable[..., object] = codec.kind
    if isinstance(literal, str) and isinstance(kind, type):
        return resolve(literal, cast("Kind", kind))
    names = cast("tuple[str, ...]", getattr(kind, "_fields", ()))
    given = literal
    if isinstance(literal, dict) and names:
        table = cast("dict[str, object]", literal)
        if set(table) != set(names):
            wrong = ", ".join(sorted(set(table) ^ set(names)))
            raise DefinitionError(f"{codec.name} is {', '.join(names)}: check {wrong}")
        given = [table[name] for name in names]
    if not isinstance(given, list) or len(parts := cast("list[object]", given)) != len(codec.codecs):
        raise DefinitionError(f"{literal!r} is no {codec.name} of {len(codec.codecs)} members")
    return kind(*(convert(member, part, resolve) for member, part in zip(codec.codecs, parts, strict=True)))


def chosen(codec: "Choice[object]", literal: object, resolve: Resolve) -> object:
    """Take the first of several types that takes the literal."""
    for one in codec.codecs:
        try:
            return build(one, literal, resolve)
        except DefinitionError:
            continue
    raise DefinitionError(f"{literal!r} is no {codec.name}")


def tree(literal: object, resolve: Resolve) -> data.Data:
    """Any data, from `{ type = …, value = … }`."""
    table = cast("dict[str, object]", literal) if isinstance(literal, dict) else {}
    if set(table) != {"type", "value"}:
        raise DefinitionError(f"{literal!r}: write {{ type = …, value = … }} where any type may stand")
    codec = codec_named(table["type"])
    return data.decode(codec.encode(build(codec, table["value"], resolve)))[0]


def rows(literal: object, resolve: Resolve) -> Table:
    """Rows of a profile, from `{ columns = […], rows = […] }`: the types of the columns, and a list for each row."""
    table = cast("dict[str, object]", literal) if isinstance(literal, dict) else {}
    kinds, lines = table.get("columns"), table.get("rows")
    if len(table) != 2 or not isinstance(kinds, list) or not isinstance(lines, list):
        raise DefinitionError("rows are written { columns = […], rows = […] }")
    columns = [codec_named(name) for name in cast("list[object]", kinds)]
    cells = [row_of(columns, row, number, resolve) for number, row in enumerate(cast("list[object]", lines), 1)]
    return table_of(cells, columns)


def row_of(columns: Sequence[data.AnyCodec], row: object, number: int, resolve: Resolve) -> list[object]:
    """One row of a profile, proven."""
    cells = cast("list[object]", row) if isinstance(row, list) else []
    if len(cells) != len(columns):
        raise DefinitionError(f"row {number} has {len(cells)} cells, expected {len(columns)}")
    try:
        return [build(codec, cell, resolve) for codec, cell in zip(columns, cells, strict=True)]
    except DefinitionError as error:
        raise DefinitionError(f"row {number}: {error}") from error


def enumerated(kind: type, literal: object) -> object:
    """Member of an enum by name or number; a logical name by its text."""
    if kind is OBIS and isinstance(literal, str):
        return parsed(OBIS.parse, literal)
    if not issubclass(kind, IntEnum):
        return literal
    if isinstance(literal, str):
        by_name = {member.name.lower().replace("_", "-"): member for member in kind}
        if literal in by_name:
            return by_name[literal]
    elif isinstance(literal, int) and literal in {int(member) for member in kind}:
        return kind(literal)
    raise DefinitionError(f"{literal!r} is no {kind.__name__}")


def parsed(parse: Callable[[str], T], text: str) -> T:
    """Read a text by its own rules; what breaks them is a mistake of the file."""
    try:
        return parse(text)
    except DefinitionError:
        raise
    except (AmiError, KeyError, ValueError) as error:
        raise DefinitionError(f"{text!r}: {error}") from error


def octets(text: str) -> bytes:
    """Octets of an ASCII text, or of `hex:…`."""
    return bytes.fromhex(text[len(HEX) :]) if text.startswith(HEX) else text.encode("ascii")


def fields(text: str, sign: str, count: int, wildcards: tuple[int, ...]) -> list[int]:
    """Numbers between signs; `*` is "not specified"."""
    parts = text.split(sign)
    if len(parts) != count:
        raise DefinitionError(f"{text!r}: expected {count} parts between {sign!r}")
    return [wild if part == "*" else parsed(int, part) for part, wild in zip(parts, wildcards, strict=True)]


def date(text: str) -> CosemDate:
    """Date of `year-month-day`, and behind a slash its weekday, Monday 1."""
    of_month, _, weekday = text.partition("/")
    year, month, day = fields(of_month, "-", 3, (ANY_YEAR, ANY, ANY))
    return CosemDate(year, month, day, parsed(int, weekday) if weekday else ANY)


def time(text: str) -> CosemTime:
    """Time of `hour:minute:second`, and behind a point hundredths."""
    whole, _, hundredths = text.partition(".")
    hour, minute, second = fields(whole, ":", 3, (ANY, ANY, ANY))
    if hundredths:
        return CosemTime(hour, minute, second, ANY if hundredths == "*" else parsed(int, hundredths))
    return CosemTime(hour, minute, second, ANY if "*" in text else 0)


def date_time(text: str) -> CosemDateTime:
    """Date-time of `date time deviation status`, the last two left out as a rule; `*` alone specifies nothing."""
    if text == "*":
        return CosemDateTime()
    day, *rest = text.split(" ")
    of_day, deviation, status = (*rest, "*", "*")[:3] if rest else ("", "", "")
    on, at = date(day), time(of_day)
    if len(rest) > 3:
        raise DefinitionError(f"{text!r}: expected date, time, deviation and status")
    stamp = (on.year, on.month, on.day, on.weekday, at.hour, at.minute, at.second, at.hundredths)
    return CosemDateTime(
        *stamp,
        DEVIATION_UNSET if deviation == "*" else parsed(int, deviation),
        0xFF if status == "*" else parsed(int, status),
    )


TEXTS: dict[data.AnyCodec, Callable[[str], object]] = {
    data.NULL: lambda text: None if text == "null" else text,
    data.OCTET_STRING: octets,
    ENCODED: octets,
    data.BIT_STRING: data.BitString.parse,
    data.UNIT: lambda symbol: Unit.of("" if symbol == "count" else symbol),
    data.DATE: date,
    data.TIME: time,
    data.DATE_TIME: date_time,
}
