"""Profiles sent as differences to the row before, and rows whose shapes change all the time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from openami.core.errors import DecodeError, EncodeError
from openami.core.stamps import encode_stamps
from openami.core.time import CET
from openami.dlms.data import Tag, native
from openami.dlms.profile import Table, decode_profile, encode_profile
from openami.dlms.profile import read as reading
from openami.dlms.profile.scan import MAX_OCTETS, scan
from openami.dlms.profile.table import NUMBERS
from strategies import tables

WHOLE = sorted(tag for tag, kind in NUMBERS.items() if kind.kind in "iu" and not tag.name.startswith("DELTA"))
START = 1_774_742_400


def one(cells, tag: Tag, nulls=()) -> Table:
    """A table of one column."""
    column = np.array(cells, NUMBERS[tag])
    return Table([column], [tag], [np.isin(np.arange(len(column)), nulls)])


def same(left: Table, right: Table) -> bool:
    """Equal tags, nulls, and cells wherever they are not null."""
    return left.tags == right.tags and all(
        np.array_equal(a, b) and x.dtype == y.dtype and repr(x[~a].tolist()) == repr(y[~b].tolist())
        for a, b, x, y in zip(left.nulls, right.nulls, left.columns, right.columns, strict=True)
    )


def test_each_difference_goes_in_the_shortest_type():
    steps = [0, 255, -1, -128, 256, 65_535, -129, -32_768, 65_536, -32_769]
    cells = np.cumsum([100_000, *steps]).tolist()
    buffer = encode_profile(one(cells, Tag.DOUBLE_LONG_UNSIGNED), deltas=(0,))
    by_hand = "0600 0186a0, 1f00, 1fff, 1cff, 1c80, 200100, 20ffff, 1dff7f, 1d8000"
    rows = by_hand.replace(" ", "").split(",") + [f"06{cell:08x}" for cell in cells[9:]]
    assert buffer.hex() == "010b" + "".join("0201" + row for row in rows)
    values = [value for (value,) in native(buffer)[0]]
    assert values == [cells[0], *steps[:-2], *cells[9:]]
    assert same(decode_profile(buffer), one(cells, Tag.DOUBLE_LONG_UNSIGNED))


def test_differences_go_on_from_the_last_cell_that_is_not_null():
    table = one([1000, 0, 0, 1007, 1009], Tag.LONG_UNSIGNED, nulls=(1, 2))
    buffer = encode_profile(table, deltas=(0,))
    assert buffer.hex() == "0105" + "020112" + "03e8" + "020100" * 2 + "02011f07" + "02011f02"
    assert same(decode_profile(buffer), table)
    assert decode_profile(buffer).fill_null(0).columns[0].tolist() == [1000, 1000, 1000, 1007, 1009]


def test_a_first_cell_of_null_data_is_not_a_number_to_go_on_from():
    table = one([0, 5, 6], Tag.LONG_UNSIGNED, nulls=(0,))
    buffer = encode_profile(table, deltas=(0,))
    assert buffer.hex() == "0103" + "020100" + "0201120005" + "02011f01"
    with pytest.raises(DecodeError, match="does not begin with a whole number"):
        decode_profile(buffer)


@pytest.mark.parametrize("tag", [Tag.INTEGER, Tag.UNSIGNED, Tag.ENUM, Tag.BCD])
def test_what_is_no_longer_than_a_difference_is_sent_as_it_is(tag):
    table = one([1, 2, 3], tag)
    assert encode_profile(table, deltas=(0,)) == encode_profile(table)


@pytest.mark.parametrize("ends", [(-(1 << 63), (1 << 63) - 1), ((1 << 63) - 1, -(1 << 63))])
def test_a_difference_of_more_than_64_bits_is_none(ends):
    table = one(ends, Tag.LONG64)
    assert encode_profile(table, deltas=(0,)) == encode_profile(table)


def test_columns_that_have_no_differences_are_refused():
    for tag in (Tag.FLOAT32, Tag.FLOAT64, Tag.BOOLEAN):
        with pytest.raises(EncodeError, match="no differences"):
            encode_profile(one([1, 2], tag), deltas=(0,))
    stamps = Table([np.zeros((2, 12), np.uint8)], [Tag.OCTET_STRING])
    with pytest.raises(EncodeError, match="octet-string has no differences"):
        encode_profile(stamps, deltas=(0,))


@given(st.data())
def test_any_columns_both_ways(data):
    rows = data.draw(st.integers(1, 60))
    tags = data.draw(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=4))
    columns = [data.draw(npst.arrays(NUMBERS[tag], rows)) for tag in tags]
    nulls = [data.draw(npst.arrays(np.bool_, rows)) & (np.arange(rows) > 0) for _ in tags]
    table = Table(columns, tags, nulls)
    deltas = data.draw(st.sets(st.integers(0, len(tags) - 1)))
    assert same(decode_profile(encode_profile(table, deltas=sorted(deltas))), table)


@given(
    steps=st.lists(st.integers(-(1 << 33), 1 << 33), min_size=1, max_size=200),
    tag=st.sampled_from([Tag.LONG64, Tag.LONG64_UNSIGNED]),
)
def test_counters_of_64_bits_both_ways(steps, tag):
    cells = [(1 << 62) + total for total in np.cumsum(steps).tolist()]
    assert same(decode_profile(encode_profile(one(cells, tag), deltas=(0,))), one(cells, tag))


def test_together_with_strings_of_any_length():
    names = np.array(["a", "bcd", "", "e"], np.object_)
    table = Table([names, np.array([500, 501, 499, 9000], np.uint16)], [Tag.VISIBLE_STRING, Tag.LONG_UNSIGNED])
    buffer = encode_profile(table, deltas=(1,))
    assert [row[1] for row in native(buffer)[0]] == [500, 1, -2, 9000]  # a longer step is no shorter than the value
    assert same(decode_profile(buffer), table)


def mixed(count: int) -> Table:
    """Rows of a clock that goes on or not, a counter and a status, each now and then null."""
    dice = np.random.default_rng(1)
    stamps = encode_stamps(START + 900 * np.arange(count, dtype=np.int64), *CET.offsets(START + 900 * np.arange(count)))
    counter = np.cumsum(dice.integers(0, 400, count)).astype(np.uint32)
    status = dice.integers(0, 2, count).astype(np.uint8)
    nulls = [dice.random(count) < share for share in (0.9, 0.1, 0.5)]
    for column in nulls:
        column[0] = False
    tags = [Tag.OCTET_STRING, Tag.DOUBLE_LONG_UNSIGNED, Tag.UNSIGNED]
    return Table([stamps, counter, status], tags, nulls)


def test_rows_that_change_their_shape_all_the_time_are_found_at_once(monkeypatch):
    table = mixed(960)
    buffer = encode_profile(table, deltas=(1,))
    walked = []
    walk = reading.split
    monkeypatch.setattr(reading, "split", lambda *facts: walked.append(facts[3]) or walk(*facts))
    assert same(decode_profile(buffer), table)
    assert walked == [reading.FEW_RUNS]


@given(tables(), st.integers(1, 4))
def test_looking_for_all_cells_at_once_finds_what_walking_finds(table, few):
    buffer = encode_profile(table)
    assert same(decode_with(few, buffer), decode_with(1 << 30, buffer))


def decode_with(few: int, buffer: bytes) -> Table:
    before, reading.FEW_RUNS = reading.FEW_RUNS, few
    try:
        return decode_profile(buffer)
    finally:
        reading.FEW_RUNS = before


@given(st.data())
def test_changed_or_cut_octets_are_read_alike_both_ways(data):
    buffer = bytearray(encode_profile(mixed(40), deltas=(1,)))
    buffer[data.draw(st.integers(0, len(buffer) - 1))] ^= data.draw(st.integers(0, 255))
    octets = bytes(buffer[: data.draw(st.integers(0, len(buffer)))])
    outcomes = []
    for few in (3, 1 << 30):
        try:
            outcomes.append(decode_with(few, octets))
        except DecodeError:
            outcomes.append(None)
    left, right = outcomes
    assert (left is None and right is None) or same(left, right)


def test_what_cannot_be_found_at_once_is_left_to_walking():
    buffer = encode_profile(mixed(40))
    start = 2
    assert scan(buffer, start, 40) is not None
    assert scan(buffer, start, 41) is None
    assert scan(buffer[:-1], start, 40) is None
    assert scan(buffer + b"\0", start, 40) is None
    assert scan(buffer[:2], start, 40) is None
    assert scan(buffer + bytes(MAX_OCTETS), start, 40) is None
    assert scan(bytes.fromhex("0102 0200 0200".replace(" ", "")), 2, 2) is None
    assert scan(bytes.fromhex("0102 02010a0141 02010a0141".replace(" ", "")), 2, 2) is None
    assert scan(bytes.fromhex("0102 020100 020200 00".replace(" ", "")), 2, 2) is None
    assert scan(bytes.fromhex("0102 020100 010100".replace(" ", "")), 2, 2) is None
