"""Long frames of M-Bus: a captured one both ways, segments, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError
from openami.dlms.push import Framing, Unreadable
from openami.dlms.push.framing import Origin, enframe
from openami.dlms.push.mbus import LongFrame, decode, size_of
from pushes import M_BUS, hear, listener, notification, one

FRAME = LongFrame(1, 0x67, 0, True, b"\x0f\0\0\0\1\0\0")


def test_a_captured_frame_reads_and_writes(dlms_vectors):
    octets = bytes.fromhex(dlms_vectors["push-mbus-kmswest"]["hex"])
    frame = decode(octets)
    assert (frame.source, frame.destination, frame.number, frame.is_last) == (0x01, 0x67, 0, True)
    assert frame.octets[0] == 0xDB
    assert frame.encode() == octets
    assert size_of(b"\0" + octets, 1) == len(octets)


def test_a_captured_push_without_published_keys_is_read_up_to_its_envelope(dlms_vectors):
    vector = dlms_vectors["push-mbus-kmswest"]
    [event] = hear(listener(), bytes.fromhex(vector["hex"]))
    assert isinstance(event, Unreadable)
    assert event.reason == f"no keys for system title {vector['expected']['system_title']}"


def test_a_long_push_goes_in_segments():
    frames = enframe(M_BUS, notification(size=600).encode())
    assert [decode(frame).number for frame in frames] == [0, 1, 2]
    assert [decode(frame).is_last for frame in frames] == [False, False, True]
    push = one(hear(listener(), *frames))
    assert push.notification == notification(size=600)
    assert push.origin == Origin(Framing.M_BUS, 1, 0x67)


def test_segment_numbers_begin_again_after_fifteen():
    long = notification(size=20 * 250)
    assert one(hear(listener(), *enframe(M_BUS, long.encode()))).notification == long


def test_a_segment_that_is_missing_is_told():
    first, _, third = enframe(M_BUS, notification(size=600).encode())
    reasons = [event.reason for event in hear(listener(), first, third)]
    assert reasons == ["the next APDU begins after 1 segments", "segment 2 without those before it"]


@pytest.mark.parametrize(
    ("place", "value", "said"), [(-1, 0x17, "ends with 17"), (-2, 0, "checksum"), (6, 0x72, "checksum")]
)
def test_damaged_frames_are_refused(place, value, said):
    octets = bytearray(FRAME.encode())
    octets[place] = value
    with pytest.raises(DecodeError, match=said):
        decode(bytes(octets))


def test_meter_bus_data_that_is_no_dlms_is_refused():
    body = bytes.fromhex("08017201020304")
    frame = bytes((0x68, len(body), len(body), 0x68)) + body + bytes((sum(body) & 0xFF, 0x16))
    with pytest.raises(DecodeError, match="CI field 72"):
        decode(frame)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 15), st.booleans(), st.binary(max_size=250))
def test_frames_come_back(source, destination, number, is_last, octets):
    frame = LongFrame(source, destination, number, is_last, octets)
    assert decode(frame.encode()) == frame


@given(st.binary(min_size=9, max_size=40))
def test_any_octets_are_a_frame_or_refused(octets):
    decoded_or_refused(decode, octets)
