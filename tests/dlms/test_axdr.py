import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader, decode_length, encode_length


@pytest.mark.parametrize(
    ("length", "octets"),
    [(0, "00"), (127, "7f"), (128, "8180"), (255, "81ff"), (256, "820100"), (65_536, "83010000")],
)
def test_lengths_are_as_short_as_can_be(length, octets):
    assert encode_length(length).hex() == octets
    assert decode_length(bytes.fromhex(octets)) == (length, len(octets) // 2)


@pytest.mark.parametrize(("octets", "length"), [("8105", 5), ("8200ff", 255), ("84000000ff", 255)])
def test_longer_lengths_of_real_meters_are_read(octets, length):
    assert decode_length(bytes.fromhex("ee" + octets), 1) == (length, 1 + len(octets) // 2)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("", "missing"),
        ("80", "0 octets"),
        ("850000000001", "5 octets"),
        ("8201", "cut off"),
        ("81", "cut off"),
    ],
)
def test_bad_lengths(octets, words):
    with pytest.raises(DecodeError, match=words):
        decode_length(bytes.fromhex(octets))


@given(st.integers(0, (1 << 32) - 1), st.binary(max_size=5))
def test_any_length_in_three_cuts(length, tail):
    octets = encode_length(length)
    assert decode_length(octets + tail) == (length, len(octets))
    for cut in range(len(octets)):
        with pytest.raises(DecodeError):
            decode_length(octets[:cut])


def test_reader_reads_in_turn_and_tells_where_it_stopped():
    reader = Reader(bytes.fromhex("01 0203 04050607 02aabb 01 ccdd"))
    assert (reader.u8(), reader.u16(), reader.u32()) == (1, 0x0203, 0x04050607)
    assert reader.octets() == b"\xaa\xbb"
    assert reader.flag() is True
    assert reader.remaining == 2
    with pytest.raises(DecodeError, match="2 octets too many") as error:
        reader.finish()
    assert error.value.offset == 11
    with pytest.raises(DecodeError, match="3 octets expected, 2 left"):
        reader.take(3)
    assert reader.rest() == b"\xcc\xdd"
    reader.finish()
    with pytest.raises(DecodeError, match="missing"):
        reader.u8()
    with pytest.raises(DecodeError, match="missing"):
        reader.length()
    with pytest.raises(DecodeError, match="4 octets expected"):
        reader.u32()
