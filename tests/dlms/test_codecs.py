from enum import IntEnum
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemDateTime, CosemTime
from openami.core.units import ScalerUnit, Unit
from openami.dlms.data import (
    ANY,
    BCD,
    BIT_STRING,
    BOOLEAN,
    DATE,
    DATE_TIME,
    ENUM,
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    INT64,
    LOGICAL_NAME,
    NULL,
    OCTET_STRING,
    SCALER_UNIT,
    SIMPLE,
    TIME,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    UTF8_STRING,
    VISIBLE_STRING,
    BitString,
    Codec,
    Data,
    Tag,
    array,
    choice,
    encode,
    enum,
    optional,
    structure,
)
from strategies import bit_strings, data_trees, date_times, obis_codes


class SortMethod(IntEnum):
    FIFO = 1
    LIFO = 2


class CaptureObject(NamedTuple):
    class_id: int
    logical_name: OBIS
    attribute_index: int
    data_index: int


CAPTURE_OBJECT = structure(CaptureObject, UINT16, LOGICAL_NAME, INT8, UINT16)

CODECS: list[tuple[Codec, st.SearchStrategy]] = [
    (NULL, st.none()),
    (BOOLEAN, st.booleans()),
    (INT8, st.integers(-(1 << 7), (1 << 7) - 1)),
    (INT16, st.integers(-(1 << 15), (1 << 15) - 1)),
    (INT32, st.integers(-(1 << 31), (1 << 31) - 1)),
    (INT64, st.integers(-(1 << 63), (1 << 63) - 1)),
    (UINT8, st.integers(0, (1 << 8) - 1)),
    (UINT16, st.integers(0, (1 << 16) - 1)),
    (UINT32, st.integers(0, (1 << 32) - 1)),
    (UINT64, st.integers(0, (1 << 64) - 1)),
    (ENUM, st.integers(0, 255)),
    (BCD, st.integers(0, 255)),
    (FLOAT32, st.floats(width=32, allow_nan=False)),
    (FLOAT64, st.floats(allow_nan=False)),
    (OCTET_STRING, st.binary(max_size=300)),
    (VISIBLE_STRING, st.text(st.characters(max_codepoint=255), max_size=300)),
    (UTF8_STRING, st.text(max_size=100)),
    (BIT_STRING, bit_strings()),
    (DATE_TIME, date_times),
    (DATE, date_times.map(lambda stamp: stamp.date)),
    (TIME, date_times.map(lambda stamp: stamp.time)),
    (LOGICAL_NAME, obis_codes),
    (SCALER_UNIT, st.builds(ScalerUnit, st.integers(-128, 127), st.integers(0, 255))),
    (ANY, data_trees),
    (
        SIMPLE,
        st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.binary(max_size=9) | st.text(),
    ),
    (array(UINT16), st.lists(st.integers(0, 65535), max_size=300)),
    (optional(UINT8), st.none() | st.integers(0, 255)),
    (choice(UINT8, OCTET_STRING), st.integers(0, 255) | st.binary(max_size=5)),
    (choice(UINT8, INT8, BOOLEAN), st.integers(-128, 255)),
    (enum(SortMethod), st.sampled_from(SortMethod)),
    (
        array(CAPTURE_OBJECT),
        st.lists(
            st.builds(
                CaptureObject,
                st.integers(0, 65535),
                obis_codes,
                st.integers(-128, 127),
                st.integers(0, 65535),
            )
        ),
    ),
]


@pytest.mark.parametrize(("codec", "values"), CODECS, ids=lambda part: getattr(part, "name", ""))
def test_codec_both_ways_in_three_cuts(codec, values):
    @given(values, st.binary(max_size=3))
    def check(value, tail):
        data = codec.encode(value)
        assert codec.decode(data + tail) == (value, len(data))
        assert codec.decode(tail + data, len(tail)) == (value, len(tail) + len(data))
        assert data[0] in codec.tags
        for cut in range(len(data)):
            with pytest.raises(DecodeError):
                codec.decode(data[:cut])

    check()


@pytest.mark.parametrize(("codec", "values"), CODECS, ids=lambda part: getattr(part, "name", ""))
def test_any_octets_give_a_value_or_a_decode_error(codec, values):
    @given(st.binary(max_size=40), st.sampled_from(sorted(codec.tags)), st.booleans())
    def check(octets, tag, ours):
        data = bytes((tag,)) + octets if ours else octets
        try:
            _, end = codec.decode(data)
        except DecodeError:
            return
        assert end <= len(data)
        assert data[0] in codec.tags

    check()


@pytest.mark.parametrize(
    ("codec", "value", "octets"),
    [
        (UINT32, 12345, "0600003039"),
        (SCALER_UNIT, ScalerUnit(-3, Unit.WATT_HOUR), "02020ffd161e"),
        (LOGICAL_NAME, OBIS.parse("1-0:1.8.0"), "09060100010800ff"),
        (DATE_TIME, CosemDateTime(2026, 11, 20, 5, 5, 12, 7, 0, -60, 0), "090c07ea0b1405050c0700ffc400"),
        (DATE, CosemDate(2026, 11, 20, 5), "090507ea0b1405"),
        (TIME, CosemTime(5, 12, 7, 0), "0904050c0700"),
        (BIT_STRING, BitString.parse("101"), "0403a0"),
        (optional(UINT8), None, "00"),
        (enum(SortMethod), SortMethod.FIFO, "1601"),
        (
            CAPTURE_OBJECT,
            CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2, 0),
            "020412000809060000010000ff0f02120000",
        ),
        (SIMPLE, 7, "0600000007"),
        (SIMPLE, -7, "05fffffff9"),
        (SIMPLE, 1 << 40, "150000010000000000"),
        (SIMPLE, -(1 << 40), "14ffffff0000000000"),
        (SIMPLE, True, "0301"),
        (SIMPLE, 1.5, "183ff8000000000000"),
        (SIMPLE, "a", "0a0161"),
        (SIMPLE, "€", "0c03e282ac"),
        (SIMPLE, BitString.parse("1"), "040180"),
        (SIMPLE, None, "00"),
    ],
)
def test_octets_as_in_the_book(codec, value, octets):
    assert codec.encode(value).hex() == octets
    decoded, end = codec.decode(bytes.fromhex(octets))
    assert (decoded, type(decoded), end) == (value, type(value), len(octets) // 2)


def test_scaler_unit_of_a_real_push(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["push-raw-salzburg-netz"]["hex"])
    at = data.index(bytes.fromhex("02020fff1623"))
    assert SCALER_UNIT.decode(data, at) == (ScalerUnit(-1, Unit.VOLT), at + 6)


def test_dates_are_read_with_their_own_tags_too():
    octets = bytes.fromhex("07ea0b1405050c0700ffc400")
    assert DATE_TIME.decode(b"\x19" + octets) == (CosemDateTime.decode(octets), 13)
    assert DATE.decode(b"\x1a" + octets[:5]) == (CosemDate.decode(octets[:5]), 6)
    assert TIME.decode(b"\x1b" + octets[5:9]) == (CosemTime.decode(octets[5:9]), 5)


@pytest.mark.parametrize(
    ("codec", "octets", "words"),
    [
        (UINT32, "05000000", "tag 5, expected double-long-unsigned"),
        (UINT32, "060000", "cut off"),
        (UINT32, "", "missing"),
        (LOGICAL_NAME, "09050100010800", "logical-name: OBIS code of 5 octets"),
        (DATE_TIME, "0900", "date-time of 0 octets, expected 12"),
        (enum(SortMethod), "1607", "SortMethod"),
        (SCALER_UNIT, "02010f00", "ScalerUnit of 1 members, expected 2"),
        (SCALER_UNIT, "02020f001100", "tag 17, expected unit"),
        (choice(UINT8, INT8), "0300", "tag 3, expected unsigned or integer"),
        (array(UINT8), "0102110112", "cut off|tag 18"),
        (array(UINT8), "0184ffffffff11", "4294967295 elements"),
        (SIMPLE, "0100", "tag 1, expected simple type"),
        (UTF8_STRING, "0c01ff", "not UTF-8"),
    ],
)
def test_refusals_name_what_was_expected(codec, octets, words):
    with pytest.raises(DecodeError, match=words):
        codec.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (UINT8, 256),
        (UINT8, "1"),
        (UINT8, None),
        (INT8, 1.5),
        (BOOLEAN, 1),
        (FLOAT32, 1e300),
        (NULL, 0),
        (OCTET_STRING, "text"),
        (VISIBLE_STRING, "€"),
        (BIT_STRING, "101"),
        (LOGICAL_NAME, b"\x01"),
        (LOGICAL_NAME, None),
        (DATE_TIME, "2026-11-20"),
        (DATE_TIME, CosemDateTime(year=70_000)),
        (array(UINT8), [1, 256]),
        (array(UINT8), 5),
        (SCALER_UNIT, (1,)),
        (SCALER_UNIT, 5),
        (SCALER_UNIT, (0, "Wh")),
        (choice(UINT8, BOOLEAN), "x"),
        (enum(SortMethod), "FIFO"),
        (optional(UINT8), 256),
        (ANY, 5),
        (ANY, Data(Tag.UNSIGNED, 256)),
        (SIMPLE, 1 << 64),
    ],
)
def test_values_that_do_not_fit_are_encode_errors(codec, value):
    with pytest.raises(EncodeError):
        codec.encode(value)


def test_octets_that_are_no_logical_name_are_not_sent():
    with pytest.raises(EncodeError):
        LOGICAL_NAME.encode(b"12345")


def test_unknown_units_stay_numbers_and_names_read_well():
    assert SCALER_UNIT.decode(bytes.fromhex("02020f001680"))[0].unit == 128
    assert repr(array(UINT8)) == "<codec array of unsigned>"
    assert SCALER_UNIT.name == "ScalerUnit"
    assert ANY.decode(encode(Data(Tag.NULL, None))) == (Data(Tag.NULL, None), 1)
