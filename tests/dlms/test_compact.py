import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.data import (
    BitString,
    Data,
    Delta,
    Tag,
    TypeDescription,
    as_tree,
    compact,
    decode,
    encode,
    expand,
    native,
    skip,
)
from openami.dlms.data.compact import decode_description
from strategies import compact_arrays, described

U8 = TypeDescription(Tag.UNSIGNED)
TEXT = TypeDescription(Tag.OCTET_STRING)
ROW = TypeDescription(Tag.STRUCTURE, (TEXT, U8, TypeDescription(Tag.ARRAY, (TypeDescription(Tag.LONG_UNSIGNED),), 2)))
ROWS = bytes.fromhex("13 0203 09 11 010002 12 0f 02aabb 07 00010002 01cc 08 00030004".replace(" ", ""))


def test_structure_of_string_number_and_nested_array():
    rows = [(b"\xaa\xbb", 7, [1, 2]), (b"\xcc", 8, [3, 4])]
    tree, end = decode(ROWS)
    assert end == len(ROWS)
    assert native(ROWS) == (rows, end)
    assert tree.value == compact(ROW, rows)
    assert encode(tree) == ROWS
    assert encode(as_tree(tree.value)).hex() == (
        "010202030902aabb11070102120001120002"  # one array of two structures, every value with its tag
        "02030901cc11080102120003120004"
    )


@given(described())
def test_elements_both_ways(pair):
    description, elements = pair
    array = compact(description, elements)
    assert expand(array) == elements
    data = encode(Data(Tag.COMPACT_ARRAY, array))
    assert native(data) == (elements, len(data))
    assert native(encode(as_tree(array))) == (elements, skip(encode(as_tree(array))))


@given(compact_arrays, st.binary(max_size=3))
def test_three_cuts(array, tail):
    data = encode(Data(Tag.COMPACT_ARRAY, array))
    assert decode(data + tail) == (Data(Tag.COMPACT_ARRAY, array), len(data))
    assert skip(data + tail) == len(data)
    for cut in range(len(data)):
        with pytest.raises(DecodeError):
            decode(data[:cut])


@given(st.binary(max_size=60))
def test_any_octets_give_elements_or_a_decode_error(octets):
    try:
        native(b"\x13" + octets)
    except DecodeError:
        return


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("13 01ffff 01ffff 01ffff 11 02 0102", "cut off"),
        ("13 01ffff 00 02 0102", "without octets"),
        ("13 00 02 0102", "without octets"),
        ("13 0200 02 0102", "without octets"),
        ("13 0202 11 01ffff00 02 0102", "without octets"),
        ("13 12 03 000102", "cut off"),
        ("13 13 11 00", "inside a type description"),
        ("13 027f 11", "127 members"),
        ("13 0281ff 11", "255 members"),
        ("13 01ff", "cut off"),
        ("13 63 00", "no data type"),
        ("13", "missing"),
        ("13 11 05 0102", "5 octets"),
    ],
)
def test_hostile_descriptions_end_at_once(octets, words):
    with pytest.raises(DecodeError, match=words):
        native(bytes.fromhex(octets.replace(" ", "")))


def test_deep_description_is_refused():
    with pytest.raises(DecodeError, match="deeper"):
        decode(b"\x13" + b"\x02\x01" * 5000 + b"\x11\x00")


@pytest.mark.parametrize("elements", [[(b"", 1)], [(b"", 1, [1])], [(b"", 256, [1, 2])], [7], [("x", 1, [1, 2])]])
def test_elements_that_do_not_fit_are_refused(elements):
    with pytest.raises(EncodeError):
        compact(ROW, elements)


def test_a_few_values_without_octets_are_allowed():
    array = compact(TypeDescription(Tag.STRUCTURE, (TypeDescription(Tag.NULL), U8)), [(None, 1), (None, 2)])
    assert expand(array) == [(None, 1), (None, 2)]


@pytest.mark.parametrize(
    ("description", "element", "octets"),
    [
        ("0202 00 11", (None, 7), "07"),
        ("0202 ff 11", (None, 7), "07"),
        ("0202 11 0202 00 0c", (7, (None, "é")), "07 02c3a9"),
        ("0202 11 010002 0201 0a", (7, [("a",), ("",)]), "07 0161 00"),
        ("0202 04 04", (BitString.parse("101"), BitString.parse("")), "03a0 00"),
        ("0202 0d 16", (0x12, 5), "12 05"),
        ("0201 19", (bytes(range(12)),), "000102030405060708090a0b"),
        ("0202 1a 1b", (b"12345", b"6789"), "3132333435 36373839"),
        ("0202 17 18", (1.5, -2.0), "3fc00000 c000000000000000"),
        ("0202 14 15", (-1, 1), "ffffffffffffffff 0000000000000001"),
        ("0202 1c 21", (Delta(-1), Delta(1)), "ff 00000001"),
        ("0202 03 010000 11", (True, []), "01"),
        ("0200", (), ""),
    ],
)
def test_elements_of_every_kind_by_hand(description, element, octets):
    described, end = decode_description(bytes.fromhex(description.replace(" ", "")), 0)
    assert end == len(bytes.fromhex(description.replace(" ", "")))
    array = compact(described, [element, element])
    assert array.contents.hex() == 2 * octets.replace(" ", "")
    data = encode(Data(Tag.COMPACT_ARRAY, array))
    assert data.hex() == f"13{description}{len(array.contents):02x}{2 * octets}".replace(" ", "")
    found = native(data)[0]
    assert found == [element, element][: 2 if octets else 0]
    assert repr(found) == repr([element, element][: len(found)])
