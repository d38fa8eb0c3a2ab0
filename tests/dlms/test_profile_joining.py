"""Rows read in several goes are those of one go; of an answer that was cut off, the whole rows are kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.dlms.axdr import encode_length
from openami.dlms.profile import Table, decode_profile
from openami.dlms.profile.joining import complete_rows, joined

ROW = b"\x02\x03\x09\x0c" + bytes(12) + b"\x11\x05\x06\x00\x01\x02\x03"
SHAPES = [
    ROW,
    b"\x02\x03\x00\x11\x06\x06\x00\x00\x00\x07",
    b"\x02\x03\x09\x02ab\x16\x01\x12\x00\x09",
    b"\x02\x03\x00\x00\x00",
]
rows = st.lists(st.sampled_from(SHAPES), max_size=12)


def buffer(some: list[bytes]) -> bytes:
    return b"\x01" + encode_length(len(some)) + b"".join(some)


def same(one: Table, other: Table) -> bool:
    return one.tags == other.tags and all(
        np.array_equal(mine[~null], theirs[~null]) and np.array_equal(null, its)
        for mine, theirs, null, its in zip(one.columns, other.columns, one.nulls, other.nulls, strict=True)
    )


@given(st.lists(rows, max_size=4))
def test_rows_in_several_goes_are_those_of_one(goes):
    tables = [decode_profile(buffer(some)) for some in goes]
    assert same(joined(tables), decode_profile(buffer([row for some in goes for row in some])))


def test_rows_of_another_width_do_not_fit():
    with pytest.raises(DecodeError, match="rows of 2 and of 3 cells"):
        joined([decode_profile(buffer([ROW])), decode_profile(buffer([b"\x02\x02\x11\x01\x11\x02"]))])


@given(rows, st.integers(0, 400))
def test_an_answer_that_was_cut_off(some, cut):
    whole = buffer(some)
    partial, left, end = whole[:cut], 0, len(whole) - len(b"".join(some))
    for row in some:
        end += len(row)
        left += end <= cut
    assert same(complete_rows(partial), decode_profile(buffer(some[:left])))


@given(st.binary(max_size=64))
def test_any_octets_give_rows_or_none(octets):
    try:
        assert len(complete_rows(octets)) >= 0
    except DecodeError:
        assert octets[:1] == b"\x01"


def test_nothing_of_a_compact_array():
    assert len(complete_rows(b"\x13\x02\x01\x11\x01\x05")) == 0
