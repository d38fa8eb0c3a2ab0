"""Frames: captured ones both ways, the check sequences, and each way to be no frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.crc import crc16_x25
from openami.core.errors import DecodeError, EncodeError
from openami.dlms.hdlc import (
    CONTROLS,
    Fault,
    Frame,
    Kind,
    Parameters,
    ServerAddress,
    encode,
    encode_client,
    information,
    unnumbered,
)
from openami.dlms.hdlc.frame import MAX_INFORMATION, SENT, check_sequence, is_hopeless, read

METER, CLIENT = ServerAddress(1, 17, 2).encode(), encode_client(16)
SNRM = bytes.fromhex("7ea00802232193bd647e")
WITH_INFORMATION = encode(METER, CLIENT, information(0, 0, poll=True), bytes(range(40)))

address_fields = st.one_of(
    st.integers(0, 0x7F).map(encode_client),
    st.builds(lambda a, b: ServerAddress(a, b, 2).encode(), st.integers(0, 0x7F), st.integers(0, 0x7F)),
    st.builds(lambda a, b: ServerAddress(a, b, 4).encode(), st.integers(0, 0x3FFF), st.integers(0, 0x3FFF)),
)
frames = st.builds(
    Frame, address_fields, address_fields, st.sampled_from(CONTROLS), st.binary(max_size=300), st.booleans()
)


def test_the_check_value_of_the_catalogue(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["fcs16-check"]["hex"])
    assert crc16_x25(data[:-2]).to_bytes(2, "little") == data[-2:]
    assert check_sequence(data[:-2], 0xFFFF) == data[-2:]


def test_a_captured_snrm(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["hdlc-snrm"]["hex"])
    frame = Frame(METER, CLIENT, unnumbered(Kind.SNRM))
    assert Frame.decode(data) == frame
    assert frame.encode() == data == SNRM


def test_a_captured_ua(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["hdlc-ua-params"]["hex"])
    frame = Frame.decode(data)
    assert (frame.destination, frame.source, frame.control) == (CLIENT, METER, unnumbered(Kind.UA))
    assert Parameters.decode(frame.information) == Parameters(154, 154, 1, 1)
    assert Frame(CLIENT, METER, unnumbered(Kind.UA), Parameters(154, 154, 1, 1).encode()).encode() == data


def test_a_captured_i_frame(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["hdlc-i-aarq"]["hex"])
    frame = Frame.decode(data)
    assert (frame.destination, frame.source, frame.control) == (METER, CLIENT, information(0, 0, poll=True))
    assert frame.information[:4].hex() == "e6e60060"
    assert frame.encode() == data


def test_a_captured_push(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["hdlc-ui-kaifa-list1"]["hex"])
    frame = Frame.decode(data)
    assert frame.source == ServerAddress(1, 0, 2).encode()
    assert frame.encode() == data


@given(frames)
def test_frames_come_back(frame):
    data = frame.encode()
    assert Frame.decode(data) == frame
    assert data[0] == data[-1] == 0x7E
    assert int.from_bytes(data[1:3], "big") & 0x7FF == len(data) - 2
    assert bool(data[1] & 8) == frame.is_segmented
    assert data[-3:-1] == crc16_x25(data[1:-3]).to_bytes(2, "little")
    assert encode(*frame[:4], is_segmented=frame.is_segmented) == data


@given(frames.filter(lambda frame: frame.information))
def test_the_header_has_a_check_sequence_of_its_own(frame):
    data = frame.encode()
    end = 4 + len(frame.destination) + len(frame.source)
    assert data[end : end + 2] == crc16_x25(data[1:end]).to_bytes(2, "little")
    assert data[end + 2 : -3] == frame.information
    for length in range(end + 2):
        assert not is_hopeless(data[1 : 1 + length], len(data) - 2)


@given(st.binary(max_size=60))
def test_any_octets_are_a_frame_or_are_refused(data):
    for octets in (data, SNRM[:5] + data, b"\x7e\xa0" + bytes((len(data) + 2,)) + data + b"\x7e"):
        frame = decoded_or_refused(Frame.decode, octets)
        assert frame is None or frame.encode() == octets
        assert isinstance(read(octets), Frame | Fault)


@given(frames, st.data())
def test_up_to_three_wrong_bits_are_noticed(frame, data):
    octets = bytearray(frame.encode()[3:-1])
    bits = data.draw(st.sets(st.integers(0, len(octets) * 8 - 1), min_size=1, max_size=3))
    for bit in bits:
        octets[bit // 8] ^= 1 << bit % 8
    assert isinstance(read(frame.encode()[1:3] + bytes(octets)), Fault)


def damaged(data: bytes, place: int, octet: int) -> bytes:
    return data[:place] + bytes((octet,)) + data[place + 1 :]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SNRM[1:], "between flags"),
        (SNRM[:-1], "between the flags"),
        (SNRM[:-1] + b"\x00", "between the flags"),
        (b"\x7e\x7e", "between flags"),
        (damaged(SNRM, 1, 0x90), "format type 3"),
        (damaged(SNRM, 2, 0x09), "between the flags"),
        (bytes.fromhex("7ea00602230000007e"), "between the flags"),
        (damaged(SNRM, 6, 0x73), "wrong FCS"),
        (damaged(WITH_INFORMATION, 6, 0x32), "wrong HCS"),
        (damaged(WITH_INFORMATION, 20, 0xFF), "wrong FCS"),
        (bytes.fromhex("7ea0090202032193bd647e"), "address"),
        (bytes.fromhex("7ea00b02020202032193bd647e"), "address"),
    ],
)
def test_what_is_no_frame_is_refused(data, words):
    with pytest.raises(DecodeError, match=words) as caught:
        Frame.decode(data)
    assert caught.value.offset in {0, 1}


@pytest.mark.parametrize("information_length", [1, 2])
def test_a_header_that_leaves_no_room_for_the_fcs_is_refused(information_length):
    """HCS right, but fewer octets behind it than one of information and the FCS."""
    header = bytes((0xA0, 8 + information_length)) + METER + CLIENT + b"\x10"
    header += check_sequence(header, 0xFFFF)
    assert read(header + bytes(information_length)) is Fault.LENGTH


def test_the_longest_information_field_fits_and_a_longer_frame_does_not():
    longest = Frame(ServerAddress(1, 17, 4).encode(), CLIENT, information(0, 0, poll=True), bytes(MAX_INFORMATION))
    assert Frame.decode(longest.encode()) == longest
    with pytest.raises(EncodeError, match="length field holds 2047"):
        encode(METER, CLIENT, information(0, 0, poll=True), bytes(2040))


def test_the_fcs_of_a_frame_depends_on_its_information_alone():
    one = encode(METER, CLIENT, information(0, 0, poll=True), b"same")
    two = encode(CLIENT, METER, information(7, 3, poll=False), b"same")
    assert one[-3:] == two[-3:]
    assert len(SENT) == 256
