"""Wrapper: captured datagrams, three cuts of a stream, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError, EncodeError
from openami.dlms.wrapper import Header, Stream

PUSHES = [f"udp-wrapper-push-0{number}" for number in range(4)]
FRAME = bytes.fromhex("0001 0001 0010 0003 c0c1c2".replace(" ", ""))
APDU = bytes.fromhex("c0c1c2")


@pytest.mark.parametrize("name", PUSHES)
def test_captured_datagrams_read_and_write(dlms_vectors, name):
    vector = dlms_vectors[name]
    data, stated = bytes.fromhex(vector["hex"]), vector["expected"]["wrapper"]
    header = Header.decode(data)
    assert header == Header(stated["src"], stated["dst"], stated["length"])
    assert header.encode() == data[:8]
    assert Stream(1, 1).feed(data) == [data[8:]]
    assert Stream(1, 1).wrap(data[8:]) == data


def test_three_cuts_give_the_same_apdus(dlms_vectors):
    data = b"".join(bytes.fromhex(dlms_vectors[name]["hex"]) for name in PUSHES)
    whole = Stream(16, 1).feed(data)
    byte_by_byte, with_tail = Stream(16, 1), Stream(16, 1)
    assert len(whole) == 4
    assert [apdu for at in range(len(data)) for apdu in byte_by_byte.feed(data[at : at + 1])] == whole
    assert with_tail.feed(data + data[:9]) == whole
    assert with_tail.feed(data[9:]) == whole


@given(st.lists(st.binary(max_size=300), max_size=4), st.lists(st.integers(1, 50), min_size=1))
def test_any_cut_gives_the_same_apdus(apdus, cuts):
    sender, receiver = Stream(16, 1), Stream(1, 16)
    data, found = b"".join(map(sender.wrap, apdus)), []
    while data:
        for cut in cuts:
            found += receiver.feed(data[:cut])
            data = data[cut:]
    assert found == apdus


def test_foreign_wrapper_ports_of_a_meter_are_tolerated():
    """An open server answers from 4059 to 1000 whoever asked."""
    answer = Header(4059, 1000, len(APDU)).encode() + APDU
    assert Stream(16, 1).feed(answer) == [APDU]
    assert Stream(16, 1).frames(answer) == [(Header(4059, 1000, 3), APDU)]


def test_a_header_tells_who_asked():
    assert Stream(1, 16).frames(FRAME + FRAME) == [(Header(1, 16, 3), APDU), (Header(1, 16, 3), APDU)]


@pytest.mark.parametrize("version", ["0000", "0002", "7e00", "0100"])
def test_another_version_is_refused(version):
    stream = Stream(16, 1)
    with pytest.raises(DecodeError, match="version") as caught:
        stream.feed(bytes.fromhex(version) + FRAME[2:])
    assert caught.value.offset == 0
    with pytest.raises(DecodeError, match="version"):
        stream.feed(FRAME)


def test_what_came_before_a_wrong_header_is_handed_over_first():
    stream = Stream(16, 1)
    assert stream.feed(FRAME + b"\x00\x02" + FRAME[2:]) == [APDU]
    with pytest.raises(DecodeError):
        stream.feed(b"")


def test_an_apdu_longer_than_agreed_is_refused_by_its_header():
    stream = Stream(16, 1, max_apdu=2)
    with pytest.raises(DecodeError, match="3 octets, at most 2") as caught:
        stream.feed(FRAME[:8])
    assert caught.value.offset == 6
    assert Stream(16, 1, max_apdu=3).feed(FRAME) == [APDU]


def test_an_apdu_that_does_not_fit_is_not_sent():
    assert len(Stream(16, 1).wrap(bytes(0xFFFF))) == 0xFFFF + 8
    with pytest.raises(EncodeError):
        Stream(16, 1).wrap(bytes(0x10000))


def test_a_short_header_is_refused():
    with pytest.raises(DecodeError) as caught:
        Header.decode(FRAME[:7])
    assert caught.value.offset == 7
    with pytest.raises(DecodeError):
        Header.decode(b"\x00\x02" + FRAME[2:])


@given(st.builds(Header, *[st.integers(0, 0xFFFF)] * 3), st.binary(max_size=4))
def test_headers_come_back(header, tail):
    assert Header.decode(header.encode() + tail) == header


@given(st.binary(max_size=30))
def test_any_octets_give_apdus_or_are_refused(noise):
    for data in (noise, FRAME + noise, b"\x00\x01" + noise):
        apdus = decoded_or_refused(Stream(16, 1).feed, data)
        assert apdus is None or sum(map(len, apdus)) <= len(data)
