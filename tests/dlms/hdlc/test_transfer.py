"""Numbers and segments of one connection, without any station."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.dlms.hdlc import Frame, Kind, Parameters, information, supervisory
from openami.dlms.hdlc.segments import Segments
from openami.dlms.hdlc.transfer import Transfer

THERE, HERE = b"\x02\x23", b"\x21"


def transfer(info=32, window=1, **facts) -> Transfer:
    return Transfer(THERE, HERE, Parameters(info, info, window, window), **facts)


def numbered(send: int, receive: int = 0, body: bytes = b"x", *, segmented=False, poll=True) -> Frame:
    return Frame(HERE, THERE, information(send, receive, poll=poll), body, segmented)


def ready(number: int, kind: Kind = Kind.RR) -> Frame:
    return Frame(HERE, THERE, supervisory(kind, number, poll=True))


def burst(sender: Transfer) -> list[Frame]:
    return [Frame.decode(data) for data in sender.burst()]


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 7), st.integers(1, 300))
def test_an_apdu_crosses_in_segments_and_windows(apdu, window, info):
    sender, receiver = transfer(info, window), Transfer(HERE, THERE, Parameters(info, info, window, window))
    sender.put(apdu)
    whole = None
    while frames := burst(sender):
        assert len(frames) <= window
        assert [frame.control.is_poll for frame in frames] == [False] * (len(frames) - 1) + [True]
        for frame in frames:
            assert whole is None
            assert len(frame.information) <= info
            assert receiver.is_next(frame)
            whole = receiver.accept(frame)
        assert sender.acknowledge(ready(receiver.expected)) == len(frames)
    assert whole == apdu
    assert sender.outstanding == 0
    assert not receiver.is_partial


def test_what_is_not_acknowledged_is_sent_again_before_what_is_new():
    sender = transfer(32, 3)
    sender.put(bytes(32 * 5))
    assert [frame.control.send_number for frame in burst(sender)] == [0, 1, 2]
    assert sender.acknowledge(ready(1)) == 1
    assert [frame.control.send_number for frame in burst(sender)] == [1, 2, 3]
    assert sender.outstanding == 3
    assert sender.send_number == 4
    assert sender.acknowledge(ready(4)) == 3
    last = burst(sender)
    assert [(frame.control.send_number, frame.is_segmented) for frame in last] == [(4, False)]


def test_numbers_that_cannot_be_right():
    sender = transfer(32, 2)
    sender.put(bytes(64))
    burst(sender)
    assert sender.acknowledge(ready(3)) is None
    assert sender.acknowledge(ready(7)) is None
    assert sender.acknowledge(numbered(0, 5)) is None
    assert sender.outstanding == 2
    assert sender.acknowledge(ready(0)) == 0


def test_what_a_late_duplicate_says_is_old():
    sender = transfer(32, 2)
    sender.put(bytes(64))
    burst(sender)
    sender.accept(numbered(0))
    assert sender.acknowledge(numbered(0, 5)) == 0
    assert sender.acknowledge(numbered(0, 2)) == 0
    assert sender.outstanding == 2
    assert sender.acknowledge(numbered(2, 2)) == 2, "but one that comes too early is new"


def test_rnr_holds_and_rr_lets_go():
    sender = transfer()
    sender.put(b"x")
    assert sender.is_ready
    sender.acknowledge(ready(0, Kind.RNR))
    assert not sender.is_ready
    assert sender.burst() == []
    sender.acknowledge(numbered(0, 0, poll=False))
    assert sender.is_held
    sender.acknowledge(ready(0))
    assert len(sender.burst()) == 1
    sender.acknowledge(ready(1, Kind.RNR))
    assert sender.outstanding == 0
    sender.acknowledge(numbered(0, 1, poll=True))
    assert not sender.is_held


def test_segments_of_more_than_an_apdu_may_have_are_refused():
    receiver = transfer(max_apdu=10)
    receiver.accept(numbered(0, body=bytes(10), segmented=True))
    with pytest.raises(DecodeError, match="more than 10 octets"):
        receiver.accept(numbered(1, body=b"x"))


def ui(body: bytes, *, segmented: bool = False) -> Frame:
    return numbered(0, body=body, segmented=segmented)


def test_ui_frames_are_put_together():
    """As an Iskraemeco meter pushes (push-hdlc-iskra550), and single ones without LLC header as Landis+Gyr does."""
    segments = Segments()
    assert segments.add(ui(b"\xe6\xe7\x00ab", segmented=True)) is None
    assert segments.add(ui(b"cd", segmented=True)) is None
    assert segments.add(ui(b"ef")) == b"abcdef"
    assert segments.add(ui(b"\xe6\xe7\x00ab")) == b"ab"
    assert segments.add(ui(b"cd")) == b"cd"
    assert segments.add(ui(b"")) is None
    assert segments.add(ui(b"\xe6\xe7\x00")) is None


def test_lost_ui_segments_spoil_no_other_push():
    segments = Segments()
    segments.add(ui(b"\xe6\xe7\x00ab", segmented=True))
    assert segments.add(ui(b"\xe6\xe7\x00cd")) == b"cd", "the end was lost"
    assert segments.add(ui(b"ab", segmented=True)) is None, "the beginning was lost"
    assert segments.add(ui(b"cd", segmented=True)) is None
    assert segments.add(ui(b"ef")) is None
    assert segments.add(ui(b"gh")) == b"gh"


def test_ui_segments_do_not_grow_beyond_an_apdu():
    segments = Segments(max_apdu=5)
    assert segments.add(ui(b"\xe6\xe7\x00abc", segmented=True)) is None
    assert segments.add(ui(b"abc", segmented=True)) is None
    assert segments.add(ui(b"abc")) is None
    assert segments.add(ui(b"\xe6\xe7\x00abc")) == b"abc"
