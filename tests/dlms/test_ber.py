"""BER: examples of X.690, both ways; any octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError
from openami.dlms import ber

#: X.690, 8.1.3: lengths; 8.3 and 8.1.3.5 give 201 as 81 C9 and 38 as 26.
LENGTHS = {0: "00", 38: "26", 127: "7f", 128: "8180", 201: "81c9", 256: "820100", 70_000: "83011170"}
INTEGERS = {0: "00", 1: "01", 127: "7f", 128: "0080", 256: "0100", -1: "ff", -128: "80", -129: "ff7f"}


@pytest.mark.parametrize(("length", "octets"), LENGTHS.items())
def test_lengths_as_in_the_standard(length, octets):
    data = bytes.fromhex(octets)
    assert ber.encode_length(length) == data
    assert ber.decode_length(data, 0, len(data)) == (length, len(data))
    assert ber.decode_length(data + b"\xff", 0, len(data) + 1) == (length, len(data))


@pytest.mark.parametrize(("value", "octets"), INTEGERS.items())
def test_integers_as_in_the_standard(value, octets):
    data = bytes.fromhex(octets)
    assert ber.encode_integer(value) == data
    assert ber.decode_integer(data, 0, len(data)) == value


def test_a_length_longer_than_it_needs_to_be_is_read():
    assert ber.decode_length(bytes.fromhex("820005"), 0, 3) == (5, 3)


@pytest.mark.parametrize(
    ("octets", "offset", "said"),
    [
        ("", 0, "missing"),
        ("04", 1, "length is missing"),
        ("0402aa", 3, "ends early"),
        ("0481", 2, "ends early"),
        ("0480aa0000", 1, "indefinite"),
        ("1f8101", 0, "more than one octet"),
        ("04feff", 3, "ends early"),
    ],
)
def test_what_is_no_element_is_refused_with_its_place(octets, offset, said):
    data = bytes.fromhex(octets)
    with pytest.raises(DecodeError, match=said) as caught:
        ber.decode(data, 0, len(data))
    assert caught.value.offset == offset


def test_an_element_does_not_reach_past_the_one_round_it():
    with pytest.raises(DecodeError):
        ber.decode(bytes.fromhex("a10404060102aabb"), 2, 6)


def test_an_integer_without_contents_is_refused():
    with pytest.raises(DecodeError):
        ber.decode_integer(b"\x02\x00", 2, 2)


@given(st.integers(0, 0x1E), st.binary(max_size=300), st.binary(max_size=3))
def test_elements_come_back(tag, content, tail):
    data = ber.encode(tag, content)
    found, start, end = ber.decode(data + tail, 0, len(data) + len(tail))
    assert (found, (data + tail)[start:end], end) == (tag, content, len(data))


@given(st.integers())
def test_integers_come_back_in_the_fewest_octets(value):
    octets = ber.encode_integer(value)
    assert ber.decode_integer(octets, 0, len(octets)) == value
    assert len(octets) == 1 or octets[:2] not in (b"\x00\x7f", b"\xff\x80")
    assert len(octets) == 1 or octets[0] not in (0, 0xFF) or (octets[0] ^ octets[1]) & 0x80


@given(st.binary(max_size=20))
def test_any_octets_are_an_element_or_refused(data):
    if (found := decoded_or_refused(lambda octets: ber.decode(octets, 0, len(octets)), data)) is not None:
        assert found[1] <= found[2] <= len(data)
