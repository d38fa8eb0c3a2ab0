"""COSEM values as JSON and as words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum, IntFlag
from typing import cast

import numpy as np

from openami.aio.text import Json, octets
from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemDateTime, CosemTime
from openami.core.units import Unit
from openami.dlms.data import BitString, Data
from openami.dlms.profile import Table

DAYS = {0xFD: "second-last", 0xFE: "last"}
"""Days of a month counted from its end (Blue Book, 4.1.6.1)."""


def to_json(value: object) -> Json:
    """Any value of an attribute as JSON; octets that are no text as hexadecimal."""
    if value is None or isinstance(value, str | bool | float):
        return value
    if isinstance(value, np.generic):
        return to_json(cast("np.generic[object]", value).item())
    if isinstance(value, int):
        return number(value)
    if isinstance(value, bytes | bytearray):
        return str(value) if isinstance(value, OBIS) else octets(bytes(value))
    if isinstance(value, CosemDateTime | CosemDate | CosemTime | datetime):
        return moment(value)
    if isinstance(value, BitString):
        return "".join(f"{octet:08b}" for octet in value.octets)[: value.length]
    return composite(value)


def number(value: int) -> Json:
    """Give a code by its name where it has one."""
    if isinstance(value, Unit):
        return value.symbol
    if isinstance(value, IntFlag):
        return [flag.name.lower().replace("_", "-") for flag in value if flag.name]
    if isinstance(value, IntEnum):
        return value.name.lower().replace("_", "-")
    return int(value)


def composite(value: object) -> Json:
    """Open a list, a structure or a table."""
    if isinstance(value, Data):
        return to_json(value.value)
    if isinstance(value, Table):
        return [to_json(cells) for cells in zip(*map(list, map(rows_of, value.columns)), strict=True)]
    if isinstance(value, tuple) and (names := cast("Sequence[str]", getattr(cast("object", value), "_fields", ()))):
        return {name: to_json(member) for name, member in zip(names, cast("tuple[object, ...]", value), strict=True)}
    if isinstance(value, Iterable):
        return [to_json(member) for member in cast("Iterable[object]", value)]
    return str(value)


def rows_of(column: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Iterable[object]:
    """Cells of a column: octets as `bytes`, date-times as such."""
    if column.ndim == 2:
        return [stamp(row.tobytes()) for row in column]
    return cast("Iterable[object]", column.tolist())


def stamp(cell: bytes) -> object:
    """Twelve octets that are a date-time as one; anything else as it is."""
    if len(cell) != 12:
        return cell
    try:
        time = CosemDateTime.decode(cell)
        time.local_seconds()
    except DecodeError:
        return cell
    return time


def moment(value: CosemDateTime | CosemDate | CosemTime | datetime) -> str:
    """Write a time in ISO 8601 where it is one, with asterisks for wildcards where not."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, CosemDate):
        return f"{wild(value.year, 0xFFFF, 4)}-{wild(value.month)}-{DAYS.get(value.day) or wild(value.day)}"
    if isinstance(value, CosemTime):
        return f"{wild(value.hour)}:{wild(value.minute)}:{wild(value.second)}"
    try:
        return value.to_datetime().isoformat()
    except DecodeError:
        return f"{moment(value.date)}T{moment(value.time)}"


def wild(field: int, wildcard: int = 0xFF, digits: int = 2) -> str:
    """One field of a date or time."""
    return "*" * digits if field == wildcard else f"{field:0{digits}}"


def in_words(value: object) -> str:
    """Any value of an attribute on one line."""
    return phrase(to_json(value))


def phrase(value: Json) -> str:
    """JSON without its quotes and braces."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{name} {phrase(member)}" for name, member in value.items()) + ")"
    if isinstance(value, str | bool | int | float):
        return str(value)
    return "[" + ", ".join(map(phrase, value)) + "]"
