"""What a product file may write, and what is refused."""

from enum import IntEnum
from typing import Any, NamedTuple

import pytest

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.time import ANY, ANY_YEAR, CosemDate, CosemDateTime, CosemTime
from openami.core.units import ScalerUnit, Unit
from openami.dlms import data
from openami.meters.literals import build, codec_named


class Colour(IntEnum):
    LIGHT_RED = 3


class Part(NamedTuple):
    number: int
    colour: Colour


PART = data.structure(Part, data.UINT8, data.enum(Colour))

GOOD: list[tuple[Any, Any, Any]] = [
    (data.UINT8, 7, 7),
    (data.OCTET_STRING, "ab", b"ab"),
    (data.OCTET_STRING, "hex:00ff", b"\x00\xff"),
    (data.VISIBLE_STRING, "ab", "ab"),
    (data.BIT_STRING, "101", data.BitString.parse("101")),
    (data.LOGICAL_NAME, "1.0.1.8.0.255", OBIS.parse("1.0.1.8.0.255")),
    (data.SCALER_UNIT, {"scaler": -1, "unit": "V"}, ScalerUnit(-1, Unit.VOLT)),
    (data.SCALER_UNIT, {"scaler": 0, "unit": "count"}, ScalerUnit(0, Unit.COUNT)),
    (data.DATE, "*-12-25", CosemDate(ANY_YEAR, 12, 25, ANY)),
    (data.TIME, "07:30:00", CosemTime(7, 30, 0, 0)),
    (data.TIME, "*:30:00", CosemTime(ANY, 30, 0, ANY)),
    (data.DATE_TIME, "*", CosemDateTime()),
    (data.DATE_TIME, "2026-11-20 07:30:00", CosemDateTime(2026, 11, 20, ANY, 7, 30, 0, 0, status=0xFF)),
    (data.enum(Colour), "light-red", Colour.LIGHT_RED),
    (data.enum(Colour), 3, Colour.LIGHT_RED),
    (data.array(data.UINT8), [1, 2], [1, 2]),
    (PART, {"number": 1, "colour": "light-red"}, Part(1, Colour.LIGHT_RED)),
    (PART, [1, 3], Part(1, Colour.LIGHT_RED)),
    (data.optional(data.UINT8), "null", None),
    (data.optional(data.UINT8), 4, 4),
    (data.ANY, {"type": "integer", "value": -1}, data.Data(data.Tag.INTEGER, -1)),
    (codec_named(["unsigned", "long"]), [1, -2], (1, -2)),
]

BAD: list[tuple[Any, Any]] = [
    (data.UINT8, 256),
    (data.UINT8, "1"),
    (data.OCTET_STRING, "hex:0"),
    (data.BIT_STRING, "12"),
    (data.LOGICAL_NAME, "1.0.1.8.0"),
    (data.SCALER_UNIT, {"scaler": -1, "unit": "Volt"}),
    (data.SCALER_UNIT, {"scaler": -1}),
    (data.SCALER_UNIT, {"scaler": -1, "unit": "V", "more": 1}),
    (data.DATE, "12-25"),
    (data.DATE, "2026-x-25"),
    (data.TIME, "07:30"),
    (data.DATE_TIME, "2026-11-20"),
    (data.enum(Colour), "red"),
    (data.enum(Colour), 4),
    (data.array(data.UINT8), 1),
    (PART, [1]),
    (PART, 1),
    (data.optional(data.UINT8), "none"),
    (data.ANY, 5),
    (data.ANY, {"type": "integer"}),
]


def nothing(text: str, kind: object) -> Any:
    raise DefinitionError(f"{text} {kind}")


@pytest.mark.parametrize(("codec", "literal", "value"), GOOD)
def test_a_literal_stands_for_a_value(codec: Any, literal: Any, value: Any) -> None:
    assert build(codec, literal, nothing) == value


@pytest.mark.parametrize(("codec", "literal"), BAD)
def test_a_literal_of_another_type_is_refused(codec: Any, literal: Any) -> None:
    with pytest.raises(DefinitionError):
        build(codec, literal, nothing)


def test_a_name_is_resolved_to_what_it_refers_to() -> None:
    assert build(PART, "it", lambda text, kind: kind(len(text), Colour.LIGHT_RED)) == Part(2, Colour.LIGHT_RED)


def test_types_have_the_names_of_the_standard() -> None:
    assert codec_named("double-long-unsigned") is data.UINT32
    with pytest.raises(DefinitionError, match="'uint32'"):
        codec_named("uint32")
