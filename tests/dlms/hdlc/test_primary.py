"""The primary station, frame by frame: how it connects, asks and fetches answers."""

import pytest

from hdlc_primary import answer, brings, connected, ready, says, sent, station
from openami.core.errors import AmiError, ConnectionLost, LinkTimeout
from openami.dlms.hdlc import (
    Frame,
    FrameRejectedError,
    Kind,
    Parameters,
    State,
    unnumbered,
)


def test_it_connects_as_captured(dlms_vectors):
    primary = station()
    primary.connect(0.0)
    assert [data.hex() for data in primary.outgoing()] == [dlms_vectors["hdlc-snrm"]["hex"]]
    assert not primary.is_connected
    assert primary.receive(bytes.fromhex(dlms_vectors["hdlc-ua-params"]["hex"]), 0.1) == []
    assert primary.is_connected
    assert primary.parameters == Parameters(128, 128), "the smaller of 128 and the meter's 154"
    assert primary.deadline is None


def test_its_first_request_is_as_captured(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["hdlc-i-aarq"]["hex"])
    primary = connected()
    primary.send(Frame.decode(data).information[3:], 0.0)
    assert primary.outgoing() == [data]


def test_it_offers_what_it_is_set_to_and_agrees_with_the_answer():
    offered = Parameters(200, 1000, 3, 5)
    primary = station(parameters=offered)
    primary.connect(0.0)
    [snrm] = primary.outgoing()
    assert Parameters.decode(Frame.decode(snrm).information) == offered
    primary.receive(says(unnumbered(Kind.UA), Parameters(239, 154, 1, 7).encode()), 0.0)
    assert primary.parameters == Parameters(154, 239, 3, 1)


def test_a_ua_without_information_means_the_defaults():
    primary = station(parameters=Parameters(2000, 2000, 7, 7))
    primary.connect(0.0)
    primary.receive(says(unnumbered(Kind.UA)), 0.0)
    assert primary.parameters == Parameters()


def test_requests_wait_for_the_connection():
    primary = station()
    primary.send(b"early", 0.0)
    assert primary.outgoing() == []
    primary.connect(0.0)
    primary.send(b"later", 0.0)
    assert sent(primary) == ["SNRM P/F"]
    primary.receive(says(unnumbered(Kind.UA)), 0.0)
    assert sent(primary) == ["I N(S)=0 N(R)=0 P/F"]
    assert primary.receive(brings(0, 1, answer(b"one")), 0.1) == [b"one"]
    assert sent(primary) == ["I N(S)=1 N(R)=1 P/F"]


def test_snrm_is_repeated_and_then_given_up():
    primary = station(response_timeout_s=2.0, retries=2)
    primary.connect(10.0)
    for now in (12.0, 14.0):
        assert sent(primary) == ["SNRM P/F"]
        assert primary.deadline == now
        primary.expire(now - 0.1)
        assert sent(primary) == []
        primary.expire(now)
    with pytest.raises(LinkTimeout) as caught:
        primary.expire(16.0)
    assert str(caught.value) == (
        "no answer to SNRM from server 1/17 (address of 2 octets) to client 16, asked 3 times and waited 2 s each; "
        "are addresses, address length and speed as the meter is set to?"
    )
    assert primary.state is State.DISCONNECTED
    assert primary.deadline is None
    primary.connect(17.0)


@pytest.mark.parametrize(
    ("kind", "words"), [(Kind.DM, "answered SNRM by DM"), (Kind.FRMR, "answered FRMR without saying why")]
)
def test_a_connection_refused(kind, words):
    primary = station()
    primary.connect(0.0)
    with pytest.raises((ConnectionLost, FrameRejectedError), match=words):
        primary.receive(says(unnumbered(kind)), 0.0)
    assert primary.state is State.DISCONNECTED
    assert primary.deadline is None


def test_a_ua_that_cannot_be_read_ends_the_attempt():
    primary = station()
    primary.connect(0.0)
    with pytest.raises(AmiError, match="8180"):
        primary.receive(says(unnumbered(Kind.UA), b"\x00\x01"), 0.0)
    assert primary.state is State.DISCONNECTED


def test_a_long_answer_is_fetched_segment_by_segment():
    primary = connected()
    before = primary.progress
    primary.send(b"question", 0.0)
    primary.outgoing()
    assert primary.receive(brings(0, 1, answer(b"ab"), segmented=True), 0.1) == []
    assert sent(primary) == ["RR N(R)=1 P/F"]
    assert primary.receive(brings(1, 1, b"cd", segmented=True), 0.2) == []
    assert sent(primary) == ["RR N(R)=2 P/F"]
    assert primary.receive(brings(2, 1, b"ef"), 0.3) == [b"abcdef"]
    assert sent(primary) == []
    assert primary.deadline is None
    assert primary.progress == before + 3


def test_a_long_request_leaves_in_windows():
    primary = connected(Parameters(100, 100, 3, 3))
    primary.send(bytes(450), 0.0)
    assert sent(primary) == ["I N(S)=0 N(R)=0", "I N(S)=1 N(R)=0", "I N(S)=2 N(R)=0 P/F"]
    primary.receive(ready(3), 0.1)
    frames = [Frame.decode(data) for data in primary.outgoing()]
    assert [len(frame.information) for frame in frames] == [100, 53]
    assert [frame.is_segmented for frame in frames] == [True, False]


def test_frames_lost_in_a_window_are_sent_again():
    primary = connected(Parameters(100, 100, 3, 3))
    primary.send(bytes(250), 0.0)
    primary.outgoing()
    primary.receive(ready(1), 0.1)
    assert sent(primary) == ["I N(S)=1 N(R)=0", "I N(S)=2 N(R)=0 P/F"]


def test_an_answer_overdue_is_enquired_and_what_did_not_arrive_is_sent_again():
    primary = connected(response_timeout_s=1.0)
    primary.send(b"question", 0.0)
    primary.outgoing()
    primary.expire(1.0)
    assert sent(primary) == ["RR N(R)=0 P/F"]
    primary.receive(ready(0), 1.1)
    assert sent(primary) == ["I N(S)=0 N(R)=0 P/F"]
    assert primary.receive(brings(0, 1, answer(b"late")), 1.2) == [b"late"]


def test_a_late_answer_is_taken_once_and_does_not_double_the_traffic():
    primary = connected(response_timeout_s=1.0)
    primary.send(b"one", 0.0)
    primary.expire(1.0)
    primary.outgoing()
    assert primary.receive(brings(0, 1, answer(b"one")), 1.1) == [b"one"]
    primary.send(b"two", 1.1)
    assert sent(primary) == ["I N(S)=1 N(R)=1 P/F"]
    assert primary.receive(brings(0, 1, answer(b"one")), 1.2) == [], "the answer to the enquiry"
    assert sent(primary) == []
    assert primary.receive(brings(1, 2, answer(b"two")), 1.3) == [b"two"]


def test_a_server_that_has_fallen_silent_is_given_up():
    primary = connected(response_timeout_s=1.0, retries=2)
    primary.send(b"question", 0.0)
    primary.expire(1.0)
    primary.expire(2.0)
    with pytest.raises(LinkTimeout, match="no answer to RR from server 1/17"):
        primary.expire(3.0)
    assert primary.state is State.DISCONNECTED
    assert not primary.is_connected


def test_a_server_that_never_takes_a_frame_is_given_up():
    primary = connected(response_timeout_s=1.0, retries=2)
    primary.send(b"question", 0.0)
    for now in (1.0, 2.0):
        primary.expire(now)
        primary.receive(ready(0), now)
    primary.expire(3.0)
    with pytest.raises(LinkTimeout, match=r"did not take frame N\(S\)=0, sent 3 times"):
        primary.receive(ready(0), 3.0)
    assert primary.state is State.DISCONNECTED


def test_a_server_without_answer_yet_is_polled():
    primary = connected(poll_s=0.2, answer_s=60.0)
    primary.send(b"question", 0.0)
    primary.outgoing()
    primary.receive(ready(1), 1.0)
    assert primary.deadline == 1.2
    primary.expire(1.2)
    assert sent(primary) == ["RR N(R)=0 P/F"]
    primary.receive(ready(1), 1.3)
    primary.expire(1.5)
    assert sent(primary) == ["RR N(R)=0 P/F"]
    assert primary.receive(brings(0, 1, answer(b"at last")), 1.6) == [b"at last"]
    assert primary.deadline is None


def test_polling_for_an_answer_ends():
    """A request that needs no answer must not keep the line busy for ever."""
    primary = connected(poll_s=1.0, answer_s=3.0)
    primary.send(b"unconfirmed", 0.0)
    for now in range(1, 20):
        primary.receive(ready(1), float(now))
        if primary.deadline is None:
            break
        primary.expire(now + 1.0)
    assert now < 6


def test_a_busy_server_is_waited_for():
    primary = connected(busy_s=0.5)
    primary.send(b"question", 0.0)
    primary.outgoing()
    primary.receive(ready(0, Kind.RNR), 0.1)
    assert sent(primary) == []
    assert primary.deadline == 0.6
    primary.expire(0.6)
    assert sent(primary) == ["RR N(R)=0 P/F"]
    primary.receive(ready(0, Kind.RNR), 0.7)
    primary.expire(1.2)
    assert sent(primary) == ["RR N(R)=0 P/F"]
    primary.receive(ready(0), 1.3)
    assert sent(primary) == ["I N(S)=0 N(R)=0 P/F"]


def test_a_server_busy_with_the_answer_is_polled_for_it():
    primary = connected(busy_s=0.5)
    primary.send(b"question", 0.0)
    primary.receive(ready(1, Kind.RNR), 0.1)
    primary.outgoing()
    primary.expire(0.6)
    assert sent(primary) == ["RR N(R)=0 P/F"]
    assert primary.receive(brings(0, 1, answer(b"done")), 0.7) == [b"done"]


def test_an_answer_that_nobody_polled_for_is_taken():
    """Some meters answer RR first, and the APDU as soon as they have it."""
    primary = connected()
    primary.send(b"question", 0.0)
    primary.receive(ready(1), 0.1)
    primary.outgoing()
    assert primary.receive(brings(0, 1, answer(b"on my own"), segmented=False), 0.15) == [b"on my own"]
    assert primary.deadline is None


def test_an_answer_heard_twice_does_not_double_the_traffic():
    """A lone frame cannot be answered before it has arrived, so an answer that does not acknowledge it is old."""
    primary = connected()
    primary.send(bytes(300), 0.0)
    primary.outgoing()
    primary.receive(ready(1), 0.1)
    assert sent(primary) == ["I N(S)=1 N(R)=0 P/F"]
    primary.receive(ready(1), 0.1)
    assert sent(primary) == []
    primary.receive(ready(2), 0.2)
    assert sent(primary) == ["I N(S)=2 N(R)=0 P/F"]


def test_a_segment_heard_twice_is_fetched_once():
    primary = connected()
    primary.send(b"question", 0.0)
    segment = brings(0, 1, answer(b"ab"), segmented=True)
    primary.receive(segment, 0.1)
    primary.outgoing()
    due = primary.deadline
    primary.receive(segment, 0.1)
    assert sent(primary) == []
    assert primary.deadline == due
    assert primary.receive(brings(1, 1, b"cd"), 0.2) == [b"abcd"]


def test_late_answers_to_a_window_are_let_pass():
    """Two answers are due, to the burst and to the enquiry; the second must not be taken for that to the next burst."""
    primary = connected(Parameters(50, 50, 2, 2), response_timeout_s=1.0)
    primary.send(bytes(200), 0.0)
    primary.expire(1.0)
    primary.outgoing()
    primary.receive(ready(2), 1.1)
    assert sent(primary) == ["I N(S)=2 N(R)=0", "I N(S)=3 N(R)=0 P/F"]
    primary.receive(ready(2), 1.2)
    assert sent(primary) == []
    primary.receive(ready(4), 1.3)
    assert sent(primary) == ["I N(S)=4 N(R)=0 P/F"]


def test_losses_in_a_row_are_borne_while_something_arrives():
    primary = connected(Parameters(50, 50, 7, 7), retries=1)
    primary.send(bytes(50 * 20), 0.0)
    for number in range(1, 20):
        primary.receive(ready(number % 8), 0.1)
    assert primary.is_connected


def test_after_a_silence_the_first_answer_counts():
    primary = connected(response_timeout_s=1.0)
    primary.idle(0.0)
    primary.expire(1.0)
    primary.outgoing()
    primary.receive(ready(0), 1.1)
    assert primary.deadline is None


def test_a_request_waits_for_the_rest_of_an_answer():
    primary = connected(poll_s=0.2, answer_s=10.0)
    primary.send(b"one", 0.0)
    primary.receive(brings(0, 1, answer(b"ab"), segmented=True), 0.1)
    primary.send(b"two", 0.1)
    primary.outgoing()
    primary.receive(ready(1), 0.2)
    assert sent(primary) == []
    primary.expire(0.4)
    assert sent(primary) == ["RR N(R)=1 P/F"]
    assert primary.receive(brings(1, 1, b"cd"), 0.5) == [b"abcd"]
    assert sent(primary) == ["I N(S)=1 N(R)=2 P/F"]


def test_a_request_waits_no_longer_than_for_an_answer():
    primary = connected(poll_s=1.0, answer_s=2.0)
    primary.send(b"one", 0.0)
    primary.receive(brings(0, 1, answer(b"ab"), segmented=True), 0.1)
    primary.send(b"two", 0.1)
    primary.outgoing()
    primary.receive(ready(1), 5.0)
    assert sent(primary) == ["I N(S)=1 N(R)=1 P/F"]
