"""Values as a product file writes them: whatever a meter has sent is had back from it, octet by octet."""

import math
import struct
import tomllib
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.core.units import ScalerUnit, Unit
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.elements import CAPTURE_OBJECT, OBJECT_DEFINITION
from openami.cosem.profile_generic import BUFFER, ProfileGeneric
from openami.cosem.registers import Register
from openami.dlms import data
from openami.dlms.data import BitString, Data, Tag
from openami.dlms.profile import Table, encode_profile
from openami.dlms.xdlms import CaptureObject
from openami.meters.cloning import toml
from openami.meters.cloning.skeleton import encoded
from openami.meters.cloning.writing import NO_NAMES, Names, by_codec, rows_written, typed, written
from openami.meters.literals import ENCODED, build, codec_named
from strategies import data_trees, date_times, tables

NAME = OBIS.parse("1.0.1.8.0.255")
NAMES = Names({(3, NAME): ("energy", Register), (7, OBIS.parse("1.0.99.1.0.255")): ("rows", ProfileGeneric)})


def through_toml(value: Any) -> Any:
    """What is left of a value when a file has been written and read."""
    return tomllib.loads(toml.assignment("value", value))["value"]


@given(data_trees)
def test_any_data_comes_back_from_its_type_and_its_text(tree: Data) -> None:
    octets = data.encode(tree)
    spec = through_toml(typed(octets))
    codec = codec_named(spec["type"])
    assert codec.encode(build(codec, spec["value"], NO_NAMES.resolve)) == octets


@given(date_times)
def test_a_date_time_comes_back_with_weekday_hundredths_deviation_and_status(stamp: CosemDateTime) -> None:
    octets = data.DATE_TIME.encode(stamp)
    text = through_toml(by_codec(octets, data.DATE_TIME, NO_NAMES))
    assert isinstance(text, str)
    assert build(data.DATE_TIME, text, NO_NAMES.resolve) == stamp


def test_a_date_time_is_written_as_people_read_it() -> None:
    stamp = CosemDateTime(2026, 11, 2, 1, 7, 30, 0, 0, -60, 0x80)
    assert by_codec(data.DATE_TIME.encode(stamp), data.DATE_TIME, NO_NAMES) == "2026-11-02/1 07:30:00 -60 128"
    assert by_codec(data.DATE_TIME.encode(CosemDateTime()), data.DATE_TIME, NO_NAMES) == "*"
    begin = CosemDateTime(0xFFFF, 3, 0xFE, 7, 2, 0, 0, 0xFF)
    assert by_codec(data.DATE_TIME.encode(begin), data.DATE_TIME, NO_NAMES) == "*-03-254/7 02:00:00.*"


@given(tables())
def test_rows_of_a_profile_come_back(table: Table) -> None:
    full = Table(table.columns, table.tags)
    literal = through_toml(rows_written(full, lambda cell: cell))
    again = build(BUFFER, literal, NO_NAMES.resolve)
    assert encode_profile(again) == encode_profile(full)


def test_rows_name_the_types_of_their_columns_once() -> None:
    stamp = np.frombuffer(CosemDateTime(2026, 11, 2, 1, 0, 15, 0, 0, -60, 0).encode(), np.uint8).reshape(1, 12)
    table = Table([stamp, np.array([7], np.uint32)], [Tag.OCTET_STRING, Tag.DOUBLE_LONG_UNSIGNED])
    assert rows_written(table, lambda cell: cell) == {
        "columns": ["date-time", "double-long-unsigned"],
        "rows": [["2026-11-02/1 00:15:00 -60 0", 7]],
    }
    assert rows_written(Table([], []), lambda cell: cell) == {"columns": [], "rows": []}


def test_a_column_of_several_types_has_a_type_in_each_cell() -> None:
    cells = np.array([None, None], np.object_)
    cells[0], cells[1] = Data(Tag.UNSIGNED, 1), Data(Tag.NULL, None)
    literal = rows_written(Table([cells], [Tag.DONT_CARE]), lambda cell: cell)
    assert literal == {
        "columns": ["data"],
        "rows": [[{"type": "unsigned", "value": 1}], [{"type": "null-data", "value": "null"}]],
    }


@pytest.mark.parametrize("cls", CATALOGUE.values(), ids=lambda cls: cls.__name__)
def test_a_value_of_every_attribute_of_every_class_comes_back(cls: Any) -> None:
    for attribute in cls.attributes.values():
        octets = encoded(attribute.codec, "")
        if octets is not None and attribute.name != "buffer":
            spec = through_toml(written(octets, attribute.codec))
            known = isinstance(spec, dict) and spec.keys() <= {"type", "value"} and "value" in spec
            codec = codec_named(spec["type"]) if known and "type" in spec else attribute.codec
            assert codec.encode(build(codec, spec["value"] if known else spec, NO_NAMES.resolve)) == octets


def test_values_by_their_class_are_written_in_words() -> None:
    scaler = Register.scaler_unit.codec
    assert written(scaler.encode(ScalerUnit(-3, Unit.WATT_HOUR)), scaler) == {"scaler": -3, "unit": "Wh"}
    assert written(scaler.encode(ScalerUnit(0, Unit.COUNT)), scaler) == {"scaler": 0, "unit": "count"}
    assert written(scaler.encode(ScalerUnit(0, 99)), scaler) == {"scaler": 0, "unit": 99}
    assert written(data.LOGICAL_NAME.encode(NAME), data.LOGICAL_NAME) == "1.0.1.8.0.255"
    assert written(data.OCTET_STRING.encode(b"hex:like"), data.OCTET_STRING) == "hex:6865783a6c696b65"
    assert written(data.BIT_STRING.encode(BitString.parse("0110")), data.BIT_STRING) == "0110"


def test_references_are_names_where_the_names_say_as_much() -> None:
    captured = data.array(CAPTURE_OBJECT)
    octets = captured.encode([CaptureObject(3, NAME, 2, 0), CaptureObject(3, NAME, 2, 1), CaptureObject(9, NAME, 2, 0)])
    first, second, third = written(octets, captured, NAMES)  # type: ignore[misc]
    assert first == "energy.value"
    assert second == {"class_id": 3, "logical_name": "1.0.1.8.0.255", "attribute_id": 2, "data_index": 1}
    assert isinstance(third, dict)
    assert written(OBJECT_DEFINITION.encode((3, NAME)), OBJECT_DEFINITION, NAMES) == "energy"


def test_what_the_class_would_write_otherwise_keeps_its_own_type() -> None:
    octets = data.INT32.encode(5)  # a meter that has a double-long where the class says double-long-unsigned
    assert written(octets, data.UINT32) == {"type": "double-long", "value": 5}


def test_octets_that_are_no_data_are_kept_as_they_are() -> None:
    assert typed(b"\xee\x01") == {"type": ENCODED.name, "value": "hex:ee01"}
    assert typed(struct.pack(">Bf", Tag.FLOAT32, math.inf))["value"] == math.inf


@pytest.mark.parametrize(
    ("literal", "word"),
    [
        ({"columns": ["unsigned"], "rows": [[1, 2]]}, "row 1 has 2 cells, expected 1"),
        ({"columns": ["unsigned"], "rows": [[1], [300]]}, "row 2: 300"),
        ({"columns": ["unsinged"], "rows": []}, "'unsinged'"),
        ({"columns": ["unsigned"]}, "columns = […], rows = […]"),
        ([], "columns = […], rows = […]"),
    ],
)
def test_mistakes_in_rows_are_told(literal: Any, word: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        build(BUFFER, literal, NO_NAMES.resolve)
    assert word in str(caught.value)


@pytest.mark.parametrize("text", ["2026-11-02 07:00:00 -60 0 1", "2026-11-02/x 07:00:00", "2026-11-02 07:00:00.x"])
def test_mistakes_in_date_times_are_told(text: str) -> None:
    with pytest.raises(DefinitionError):
        build(data.DATE_TIME, text, NO_NAMES.resolve)
