"""The cutter of octets: three cuts, flags inside frames, noise, gaps, echoes, and whatever may come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.dlms.hdlc import (
    Fault,
    Frame,
    FrameStream,
    Kind,
    ServerAddress,
    encode,
    encode_client,
    information,
    unnumbered,
)
from openami.dlms.hdlc.frame import LONGEST

METER, CLIENT = ServerAddress(1, 17, 2).encode(), encode_client(16)
SNRM = bytes.fromhex("7ea00802232193bd647e")
PUSHES = [
    "push-hdlc-iskra550",
    "push-hdlc-kamstrup-omnipower",
    "push-hdlc-landis-gyr-e450",
    "push-hdlc-norway-han-1phase",
    "hdlc-ui-kaifa-list1",
]

frames = st.builds(
    Frame,
    st.just(METER),
    st.just(CLIENT),
    st.builds(lambda s, r, p: information(s, r, poll=p), st.integers(0, 7), st.integers(0, 7), st.booleans()),
    st.one_of(st.binary(max_size=60), st.lists(st.just(0x7E), max_size=60).map(bytes)),
    st.booleans(),
)


def feed(data: bytes, sizes=None, **settings) -> list[Frame]:
    """Frames of a stream handed over in pieces."""
    stream, found = FrameStream(**settings), []
    for size in sizes or [len(data)]:
        found += stream.feed(data[:size], 0.0)
        data = data[size:]
    return found + stream.feed(data, 0.0)


def with_flag_in_fcs() -> bytes:
    """A frame whose FCS holds the octet of a flag."""
    for number in range(0x10000):
        data = encode(METER, CLIENT, information(0, 0, poll=True), number.to_bytes(2, "big"))
        if 0x7E in data[-3:-1]:
            return data
    raise AssertionError


@pytest.mark.parametrize("name", PUSHES)
def test_captured_streams_in_three_cuts(dlms_vectors, name):
    data = bytes.fromhex(dlms_vectors[name]["hex"])
    whole = feed(data)
    assert b"".join(frame.encode() for frame in whole) == data
    assert feed(data, [1] * len(data)) == whole
    stream = FrameStream()
    assert stream.feed(data + data[:10], 0.0) == whole
    assert stream.feed(data[10:], 0.0) == whole


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 40), min_size=1, max_size=20), st.booleans())
def test_any_cut_gives_the_same_frames(sent, sizes, shares_flags):
    data = b"".join(frame.encode()[: -1 if shares_flags else None] for frame in sent) + b"\x7e" * shares_flags
    assert feed(data, sizes * 20) == sent


def test_a_flag_octet_inside_the_fcs_ends_nothing():
    """u9n/dlms-cosem 97."""
    data = with_flag_in_fcs()
    [frame] = feed(data)
    assert frame.encode() == data
    assert feed(data + data, [1] * (2 * len(data))) == [frame, frame]


def test_frames_may_share_flags_and_be_filled_with_them():
    assert len(feed(SNRM[:-1] + SNRM[:-1] + SNRM)) == 3
    assert len(feed(b"\x7e" * 20 + SNRM + b"\x7e" * 5 + SNRM[1:])) == 2
    stream = FrameStream(inter_octet_s=0.1)
    assert len(stream.feed(SNRM, 0.0)) == 1
    assert not stream.is_partial
    assert len(stream.feed(SNRM[1:], 0.05)) == 1, "the flag that ended one frame begins the next"
    assert stream.feed(SNRM[1:], 60.0) == [], "unless there was a pause between them"
    assert stream.feed(SNRM, 120.0) == [Frame.decode(SNRM)]


@pytest.mark.parametrize("noise", ["00", "a0", "7ea0", "7ea008", "7ea008022321", "7ea7ff", "7e7e00ff", "ff" * 3000])
def test_noise_before_a_frame_costs_nothing_but_itself(noise):
    stream = FrameStream()
    found = stream.feed(bytes.fromhex(noise) + SNRM, 0.0)
    found += stream.feed(b"", 0.0)
    if noise == "7ea7ff":  # looks like a long frame until its header is there
        found += stream.feed(SNRM, 0.0)
    assert found[0] == Frame.decode(SNRM)
    assert stream.noise or any(stream.faults.values())


def test_a_wrong_length_does_not_swallow_what_follows():
    """The header has a check sequence of its own, so a wrong length is known long before its end."""
    data = bytearray(encode(METER, CLIENT, information(0, 0, poll=True), bytes(100)))
    data[2] ^= 0x40
    stream = FrameStream()
    assert stream.feed(bytes(data[:14]), 0.0) == []
    assert not stream.is_partial
    assert stream.faults[Fault.HCS] == 1
    assert stream.feed(bytes(data[14:]) + SNRM, 0.0) == [Frame.decode(SNRM)]


@pytest.mark.parametrize("place", [9, 40, -2])
def test_a_damaged_frame_is_dropped_and_counted(place):
    data = bytearray(encode(METER, CLIENT, information(0, 0, poll=True), bytes(100)))
    data[place] ^= 1
    stream = FrameStream()
    assert stream.feed(bytes(data) + SNRM, 0.0) == [Frame.decode(SNRM)]
    assert stream.faults[Fault.HCS] + stream.faults[Fault.FCS] == 1


def test_octets_without_flags_are_no_frame():
    stream = FrameStream()
    assert stream.feed(SNRM[1:-1] + b"\x00", 0.0) == []
    assert stream.noise == 9
    assert stream.feed(SNRM[:-1] + b"\x00" + SNRM, 0.0) == [Frame.decode(SNRM)]
    assert stream.faults[Fault.FLAG] == 1


def test_a_pause_inside_a_frame_ends_it():
    stream = FrameStream(inter_octet_s=0.025)
    assert stream.feed(SNRM[:5], 0.0) == []
    assert stream.feed(SNRM[5:7], 0.02) == []
    assert stream.feed(SNRM[7:], 0.04) == [Frame.decode(SNRM)]
    assert stream.feed(SNRM[:5], 1.0) == []
    assert stream.is_partial
    assert stream.feed(SNRM[5:], 1.03) == []
    assert stream.feed(SNRM, 2.0) == [Frame.decode(SNRM)]


def test_what_a_cut_off_frame_has_swallowed_comes_out_after_a_pause():
    long = encode(METER, CLIENT, information(0, 0, poll=True), bytes(100))
    stream = FrameStream(inter_octet_s=1.0)
    assert stream.feed(long[:50], 0.0) == []
    assert stream.feed(SNRM, 0.5) == []
    assert stream.feed(long, 5.0) == [Frame.decode(SNRM), Frame.decode(long)]


def test_without_a_limit_a_pause_may_last():
    stream = FrameStream()
    assert stream.feed(SNRM[:5], 0.0) == []
    assert stream.feed(SNRM[5:], 1e6) == [Frame.decode(SNRM)]


def test_our_own_frames_read_back_are_dropped_once():
    """u9n/dlms-cosem 62."""
    answer = encode(CLIENT, METER, unnumbered(Kind.UA))
    stream = FrameStream(has_echo=True)
    stream.sent([SNRM])
    assert stream.feed(SNRM + answer, 0.0) == [Frame.decode(answer)]
    assert stream.feed(SNRM, 0.0) == [Frame.decode(SNRM)], "sent once, heard twice: not ours"
    stream.sent([SNRM, answer])
    assert stream.feed(answer, 0.0) == [], "the first echo was lost"
    assert stream.feed(SNRM, 0.0) == [Frame.decode(SNRM)]
    stream.sent([SNRM])
    assert stream.feed(answer + SNRM, 0.0) == [Frame.decode(answer), Frame.decode(SNRM)], "an echo comes first"


def test_an_echo_is_kept_unless_it_is_expected():
    stream = FrameStream()
    stream.sent([SNRM])
    assert stream.feed(SNRM, 0.0) == [Frame.decode(SNRM)]


@given(
    st.lists(st.one_of(st.binary(max_size=50), st.sampled_from([SNRM, b"\x7e\xa7\xff", b"\x7e\xa0\x40"])), max_size=30)
)
def test_whatever_comes_nothing_grows_and_nothing_breaks(pieces):
    stream = FrameStream(inter_octet_s=5.0, has_echo=True)
    for now, piece in enumerate(pieces):
        for frame in stream.feed(piece, float(now)):
            assert Frame.decode(frame.encode()) == frame
            stream.sent([frame.encode()])
        assert len(stream._buffer) <= LONGEST + 2
    stream.feed(b"", 1e9)
    stream.feed(b"\x00" * 5000, 2e9)
    assert stream.feed(SNRM, 3e9) in ([Frame.decode(SNRM)], [])


def test_a_hostile_stream_of_beginnings_takes_time_in_proportion():
    """Headers with right check sequences that claim the greatest length, one behind the other."""
    header = encode(METER, CLIENT, information(0, 0, poll=True), bytes(2030))[:10]
    stream = FrameStream()
    for _ in range(200):
        assert stream.feed(header * 100, 0.0) == []
        assert len(stream._buffer) <= LONGEST + 2
    assert stream.faults[Fault.FLAG] > 10_000
