"""Long values in blocks: any cut comes together again, anything out of turn is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.dlms.xdlms import DataBlock, GetResponseWithDataBlock
from openami.dlms.xdlms.blocks import Cut, Gathered, payload


@given(value=st.binary(max_size=500), size=st.integers(-3, 600))
def test_what_is_cut_comes_together_again(value, size):
    cut, gathered = Cut(value), Gathered()
    while not cut.is_done:
        block = cut.take(size)
        assert len(block.raw_data) <= max(size, 1)
        assert block.last_block == cut.is_done
        gathered.add(block.block_number, block.raw_data, last=block.last_block)
    assert gathered.value() == value
    assert gathered.number == cut.number


def test_numbers_begin_at_1():
    cut = Cut(b"abc")
    assert [cut.take(2), cut.take(2)] == [DataBlock(False, 1, b"ab"), DataBlock(True, 2, b"c")]


@pytest.mark.parametrize("number", [0, 1, 3, 2**32 - 1])
def test_a_block_out_of_turn_is_refused(number):
    gathered = Gathered()
    gathered.add(1, b"a", last=False)
    with pytest.raises(DecodeError, match="expected 2"):
        gathered.add(number, b"b", last=False)


def test_empty_blocks_only_at_the_end():
    gathered = Gathered()
    with pytest.raises(DecodeError, match="empty"):
        gathered.add(1, b"", last=False)
    gathered.add(1, b"", last=True)
    assert gathered.value() == b""


def test_a_value_past_the_limit_is_refused():
    gathered = Gathered(limit=10)
    gathered.add(1, bytes(10), last=False)
    with pytest.raises(DecodeError, match="more than 10"):
        gathered.add(2, bytes(1), last=True)


@given(room=st.integers(20, 0xFFFF))
def test_a_block_fills_the_room_and_never_more(room):
    empty = GetResponseWithDataBlock(0, False, 1, b"").encode()
    size = payload(room, empty)
    apdu = GetResponseWithDataBlock(0, False, 1, bytes(size)).encode()
    assert room - 2 <= len(apdu) <= room
