"""Profiles as compact-arrays, and any array as one: both ways, quick and slow, whatever a row holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError
from openami.core.stamps import encode_stamps
from openami.core.time import CET
from openami.dlms.data import BitString, Data, Tag, TypeDescription, as_compact, as_tree, compact, encode, native
from openami.dlms.data.compact import describe
from openami.dlms.profile import Table, decode_profile, encode_compact_profile, encode_profile
from openami.dlms.profile.compact import unpacked
from strategies import compact_arrays, tables

START = 1_774_742_400


def load_profile(count: int) -> Table:
    """Quarter-hour rows of clock, status, a register and a column of nothing."""
    utc = START + 900 * np.arange(count, dtype=np.int64)
    nothing = np.full(count, None, np.object_)
    columns = [encode_stamps(utc, *CET.offsets(utc)), np.zeros(count, np.uint8), np.arange(count, dtype=np.uint32)]
    tags = [Tag.OCTET_STRING, Tag.UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.NULL]
    return Table([*columns, nothing], tags, [*[np.zeros(count, np.bool_)] * 3, np.ones(count, np.bool_)])


def same(left: Table, right: Table) -> bool:
    """Equal tags, nulls, and cells wherever they are not null."""
    return left.tags == right.tags and all(
        np.array_equal(a, b) and x.dtype == y.dtype and repr(x[~a].tolist()) == repr(y[~b].tolist())
        for a, b, x, y in zip(left.nulls, right.nulls, left.columns, right.columns, strict=True)
    )


def test_two_rows_by_hand():
    table = load_profile(2)
    first, second = (row.tobytes().hex() for row in table.columns[0])
    buffer = encode_compact_profile(table)
    assert buffer.hex() == f"130204 09 11 06 00 24 0c{first} 00 00000000 0c{second} 00 00000001".replace(" ", "")
    assert same(decode_profile(buffer), table)


def test_a_load_profile_takes_no_tags_and_is_one_view():
    table = load_profile(960)
    buffer = encode_compact_profile(table)
    assert len(buffer) == 960 * (13 + 1 + 4) + 10
    decoded = decode_profile(buffer)
    assert same(decoded, table)
    assert decoded.stamps().tolist() == (START + 900 * np.arange(960)).tolist()
    assert len(encode_profile(table)) > len(buffer) + 4 * 960


@given(tables())
def test_any_profile_without_single_nulls_both_ways(table):
    nulls = [np.full(len(table), bool(mask.all())) for mask in table.nulls]
    tags = [Tag.NULL if mask.all() else tag for mask, tag in zip(nulls, table.tags, strict=True)]
    columns = [
        np.full(len(table), None, np.object_) if mask.all() else column
        for mask, column in zip(nulls, table.columns, strict=True)
    ]
    if all(tag is Tag.NULL for tag in tags):
        return  # rows without any octet: their number cannot be told
    table = Table(columns, tags, nulls)
    assert same(decode_profile(encode_compact_profile(table)), decode_profile(encode_profile(table)))


@given(compact_arrays)
def test_the_quick_way_finds_what_the_slow_one_finds(array):
    quick, slow = outcome(lambda: unpacked(array)), outcome(lambda: decode_profile(encode(as_tree(array))))
    assert quick is None or quick == slow or same(quick, slow)


def outcome(read):
    """What was read, or the words of the refusal."""
    try:
        return read()
    except DecodeError as error:
        return str(error)


def test_octet_strings_of_different_length_go_the_slow_way():
    rows = TypeDescription(Tag.STRUCTURE, (TypeDescription(Tag.OCTET_STRING), TypeDescription(Tag.UNSIGNED)))
    array = compact(rows, [(b"ab", 1), (b"abc", 2)])
    assert unpacked(array) is None
    table = decode_profile(encode(Data(Tag.COMPACT_ARRAY, array)))
    assert table.columns[0].tolist() == [b"ab", b"abc"]
    longer = compact(rows, [(bytes(200), 1)])
    assert unpacked(longer) is None
    assert unpacked(compact(TypeDescription(Tag.UNSIGNED), [1, 2])) is None
    assert unpacked(compact(rows, [])) is None


def test_rows_of_strings_bits_structures_and_arrays():
    rows = [
        [Data(Tag.VISIBLE_STRING, "a"), Data(Tag.BIT_STRING, BitString.parse("101")), nested(1)],
        [Data(Tag.VISIBLE_STRING, "bcd"), Data(Tag.BIT_STRING, BitString.parse("0" * 20)), nested(2)],
    ]
    plain = encode(Data(Tag.ARRAY, tuple(Data(Tag.STRUCTURE, tuple(row)) for row in rows)))
    buffer = encode_compact_profile(decode_profile(plain))
    assert native(buffer)[0] == native(plain)[0]
    assert encode_profile(decode_profile(buffer)) == plain


def nested(number: int) -> Data:
    pair = Data(Tag.ARRAY, (Data(Tag.LONG, number), Data(Tag.LONG, -number)))
    return Data(Tag.STRUCTURE, (pair, Data(Tag.NULL, None), Data(Tag.UTF8_STRING, "é")))


def test_what_has_no_place_in_a_compact_array_is_refused():
    table = load_profile(4)
    single = Table(table.columns, table.tags, [np.arange(4) == 1, *table.nulls[1:]])
    with pytest.raises(EncodeError, match="no place for single cells of null-data"):
        encode_compact_profile(single)
    with pytest.raises(EncodeError, match="without rows"):
        encode_compact_profile(table.select(slice(0, 0)))
    with pytest.raises(EncodeError, match="does not fit unsigned"):
        encode_compact_profile(Table([np.array([256])], [Tag.UNSIGNED]))


@given(compact_arrays)
def test_an_array_is_the_compact_array_that_it_stands_for(array):
    elements = as_tree(array)
    if not elements.value or has_empty_array(array.description):
        return
    again = as_compact(elements)
    assert as_tree(again) == elements
    assert again == array


def has_empty_array(description: TypeDescription) -> bool:
    empty = description.tag is Tag.ARRAY and not description.number_of_elements
    return empty or any(map(has_empty_array, description.members))


ONE, TWO = Data(Tag.UNSIGNED, 1), Data(Tag.LONG_UNSIGNED, 2)


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (ONE, "no array with elements"),
        (Data(Tag.ARRAY, ()), "no array with elements"),
        (Data(Tag.STRUCTURE, (ONE,)), "no array with elements"),
        (Data(Tag.COMPACT_ARRAY, compact(TypeDescription(Tag.UNSIGNED), [1])), "no array with elements"),
        (Data(Tag.ARRAY, (ONE, TWO)), "elements of different types"),
        (Data(Tag.ARRAY, (Data(Tag.ARRAY, (ONE, TWO)),)), "of different types"),
        (Data(Tag.ARRAY, (Data(Tag.ARRAY, ()),)), "without elements"),
        (Data(Tag.ARRAY, (Data(Tag.ARRAY, (ONE,)), Data(Tag.ARRAY, (ONE, ONE)))), "elements of different types"),
        (
            Data(Tag.ARRAY, (Data(Tag.COMPACT_ARRAY, compact(TypeDescription(Tag.UNSIGNED), [1])),)),
            "does not fit another",
        ),
    ],
)
def test_arrays_that_are_no_compact_arrays_are_refused(tree, said):
    with pytest.raises(EncodeError, match=said):
        as_compact(tree)


def test_the_type_of_a_value():
    assert describe(nested(1)) == TypeDescription(
        Tag.STRUCTURE,
        (
            TypeDescription(Tag.ARRAY, (TypeDescription(Tag.LONG),), 2),
            TypeDescription(Tag.NULL),
            TypeDescription(Tag.UTF8_STRING),
        ),
    )


@given(st.binary(max_size=80))
def test_any_octets_are_a_profile_or_refused(octets):
    for head in (b"\x13\x02\x02\x09\x11", b"\x13\x02\x03\x00\x06\x19"):
        try:
            table = decode_profile(head + bytes((len(octets),)) + octets)
        except DecodeError:
            continue
        assert len({len(column) for column in table.columns}) <= 1
