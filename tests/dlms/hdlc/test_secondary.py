"""The secondary station, frame by frame: what it answers to a client, and what it rejects."""

import pytest

from hdlc_secondary import ADDRESS, CLIENT, DISC, OWN, SNRM, asks, connected, frames, polls, says, sent
from openami.dlms.hdlc import (
    CONTROLS,
    Frame,
    FrameReject,
    Kind,
    Mode,
    Parameters,
    Reason,
    SecondaryStation,
    encode_client,
    information,
    supervisory,
    unnumbered,
)


def test_a_captured_snrm_is_answered_with_the_parameters(dlms_vectors):
    secondary = SecondaryStation(ADDRESS, parameters=Parameters(154, 154))
    assert secondary.receive(bytes.fromhex(dlms_vectors["hdlc-snrm"]["hex"]), 0.0) == []
    [ua] = frames(secondary)
    assert (ua.destination, ua.source, ua.control) == (CLIENT, OWN, unnumbered(Kind.UA))
    assert Parameters.decode(ua.information) == Parameters(128, 128), "an SNRM without information means the defaults"
    assert secondary.mode(16) is Mode.NRM


def test_the_answer_to_larger_offers_is_the_captured_ua(dlms_vectors):
    secondary = SecondaryStation(ADDRESS, parameters=Parameters(154, 154))
    secondary.receive(says(SNRM, Parameters(2030, 2030, 7, 7).encode()), 0.0)
    assert [data.hex() for data in secondary.outgoing()] == [dlms_vectors["hdlc-ua-params"]["hex"]]


def test_a_captured_request_is_handed_over_and_answered(dlms_vectors):
    secondary = connected()
    [(client, apdu)] = secondary.receive(bytes.fromhex(dlms_vectors["hdlc-i-aarq"]["hex"]), 1.0)
    assert client == 16
    assert apdu.startswith(b"\x60")
    assert sent(secondary) == []
    secondary.send(16, b"answer", 1.1)
    [answer] = frames(secondary)
    assert (str(answer.control), answer.information) == ("I N(S)=0 N(R)=1 P/F", b"\xe6\xe7\x00answer")


def test_it_says_nothing_unless_polled():
    secondary = connected(Parameters(128, 128, 3, 3))
    assert secondary.receive(asks(0, 0, poll=False), 0.0) == [(16, b"ask")]
    secondary.send(16, b"answer", 0.0)
    assert sent(secondary) == []
    secondary.receive(says(supervisory(Kind.RR, 0, poll=False)), 0.0)
    assert sent(secondary) == []
    secondary.receive(polls(0), 0.0)
    assert sent(secondary) == ["I N(S)=0 N(R)=1 P/F"]


@pytest.mark.parametrize("kind", [Kind.SNRM, Kind.DISC])
def test_commands_without_poll_bit_are_ignored(kind):
    secondary = SecondaryStation(ADDRESS)
    assert secondary.receive(says(unnumbered(kind, poll=False)), 0.0) == []
    assert sent(secondary) == []
    assert secondary.mode(16) is Mode.NDM


def test_an_answer_in_the_making_is_polled_for():
    secondary = connected(answer_s=1.0, inactivity_s=None)
    secondary.receive(asks(0, 0), 0.0)
    assert sent(secondary) == []
    assert secondary.deadline == 1.0
    secondary.expire(0.9)
    assert sent(secondary) == []
    secondary.expire(1.0)
    assert sent(secondary) == ["RR N(R)=1 P/F"]
    assert secondary.deadline is None
    secondary.receive(polls(0), 1.5)
    assert sent(secondary) == []
    secondary.send(16, b"done", 2.0)
    assert sent(secondary) == ["I N(S)=0 N(R)=1 P/F"]


def test_a_second_poll_does_not_put_the_answer_off():
    secondary = connected(answer_s=1.0, inactivity_s=None)
    secondary.receive(asks(0, 0), 0.0)
    secondary.receive(polls(0), 0.9)
    assert sent(secondary) == []
    assert secondary.deadline == 1.0


def test_the_next_request_may_begin_before_the_answer():
    secondary = connected()
    secondary.receive(asks(0, 0), 0.0)
    secondary.receive(asks(1, 0, segmented=True), 0.0)
    assert sent(secondary) == ["RR N(R)=2 P/F"]


def test_without_patience_rr_comes_at_once():
    secondary = connected(answer_s=0.0)
    secondary.receive(asks(0, 0), 0.0)
    assert sent(secondary) == ["RR N(R)=1 P/F"]
    secondary.send(16, b"done", 0.1)
    assert sent(secondary) == []
    secondary.receive(polls(0), 0.2)
    assert sent(secondary) == ["I N(S)=0 N(R)=1 P/F"]


def test_a_poll_without_anything_to_say_is_answered_by_rr():
    secondary = connected()
    secondary.receive(polls(0), 0.0)
    assert sent(secondary) == ["RR N(R)=0 P/F"]


def test_a_long_answer_goes_in_windows_as_it_is_fetched():
    secondary = connected(Parameters(50, 50, 2, 2))
    secondary.receive(asks(0, 0), 0.0)
    secondary.send(16, bytes(200), 0.0)
    assert sent(secondary) == ["I N(S)=0 N(R)=1", "I N(S)=1 N(R)=1 P/F"]
    secondary.receive(polls(1), 0.0)
    assert sent(secondary) == ["I N(S)=1 N(R)=1", "I N(S)=2 N(R)=1 P/F"]
    secondary.receive(polls(1), 0.0)
    assert sent(secondary) == ["I N(S)=1 N(R)=1", "I N(S)=2 N(R)=1 P/F"], "N(R) did not move: once more"
    secondary.receive(polls(3), 0.0)
    assert sent(secondary) == ["I N(S)=3 N(R)=1", "I N(S)=4 N(R)=1 P/F"]
    secondary.receive(polls(5), 0.0)
    assert sent(secondary) == ["RR N(R)=1 P/F"]


def test_a_long_request_is_put_together():
    secondary = connected()
    secondary.receive(asks(0, 0, b"ab", segmented=True), 0.0)
    assert sent(secondary) == ["RR N(R)=1 P/F"]
    secondary.receive(says(information(1, 0, poll=True), b"cd", segmented=True), 0.0)
    assert sent(secondary) == ["RR N(R)=2 P/F"]
    assert secondary.receive(says(information(2, 0, poll=True), b"ef"), 0.0) == [(16, b"abcdef")]


def test_rnr_of_the_client_is_honoured():
    secondary = connected()
    secondary.receive(asks(0, 0), 0.0)
    secondary.send(16, bytes(200), 0.0)
    secondary.outgoing()
    secondary.receive(polls(1, Kind.RNR), 0.0)
    assert sent(secondary) == ["RR N(R)=1 P/F"]
    secondary.receive(polls(1), 0.0)
    assert sent(secondary) == ["I N(S)=1 N(R)=1 P/F"]


def test_a_wrong_send_number_is_answered_by_what_is_expected():
    secondary = connected()
    assert secondary.receive(asks(3, 0), 0.0) == []
    assert sent(secondary) == ["RR N(R)=0 P/F"]
    assert secondary.receive(asks(0, 0), 0.0) == [(16, b"ask")]
    secondary.send(16, b"answer", 0.0)
    assert sent(secondary) == ["I N(S)=0 N(R)=1 P/F"]
    assert secondary.receive(asks(0, 0), 0.0) == [], "a request repeated is answered once more, not asked once more"
    assert sent(secondary) == ["I N(S)=0 N(R)=1 P/F"]


REJECTS = {
    "wrong N(R)": (asks(0, 3), Reason.INVALID_RECEIVE_NUMBER),
    "wrong N(R) of RR": (polls(1), Reason.INVALID_RECEIVE_NUMBER),
    "too long": (asks(0, 0, bytes(126)), Reason.INFORMATION_TOO_LONG),
    "REJ": (says(CONTROLS[0x19]), Reason.CONTROL_UNDEFINED),
    "SABM": (says(CONTROLS[0x3F]), Reason.CONTROL_UNDEFINED),
    "RR with information": (
        says(supervisory(Kind.RR, 0, poll=True), b"x"),
        Reason.CONTROL_UNDEFINED | Reason.INFORMATION_NOT_PERMITTED,
    ),
}


@pytest.mark.parametrize("name", sorted(REJECTS))
def test_what_no_repetition_can_mend_is_rejected_until_the_client_begins_anew(name):
    data, reason = REJECTS[name]
    secondary = connected()
    assert secondary.receive(data, 0.0) == []
    [frmr] = frames(secondary)
    assert frmr.control == unnumbered(Kind.FRMR)
    assert FrameReject.decode(frmr.information) == FrameReject(Frame.decode(data).control, 0, 0, reason)
    assert secondary.mode(16) is Mode.REJECTING
    assert secondary.receive(asks(0, 0), 0.0) == []
    assert frames(secondary) == [frmr]
    secondary.send(16, b"answer", 0.0)
    assert frames(secondary) == []
    assert secondary.receive(says(SNRM), 0.0) == [(16, None)]
    assert sent(secondary) == ["UA P/F"]
    assert secondary.receive(asks(0, 0), 0.0) == [(16, b"ask")]


def test_a_frame_rejected_without_poll_is_told_at_the_next():
    secondary = connected()
    secondary.receive(says(supervisory(Kind.RR, 5, poll=False)), 0.0)
    assert sent(secondary) == []
    secondary.receive(polls(0), 0.0)
    assert sent(secondary) == ["FRMR P/F"]
    secondary.receive(says(DISC), 0.0)
    assert sent(secondary) == ["UA P/F"]
    assert secondary.mode(16) is Mode.NDM


def test_a_rejection_takes_an_answer_owed_away():
    secondary = connected(answer_s=1.0, inactivity_s=None)
    secondary.receive(asks(0, 0), 0.0)
    secondary.receive(says(CONTROLS[0x09]), 0.5)
    assert secondary.deadline is None
    secondary.expire(2.0)
    assert sent(secondary) == []


@pytest.mark.parametrize("data", [asks(0, 0), polls(0), says(DISC), says(CONTROLS[0x19])])
def test_without_connection_the_answer_is_dm(data):
    secondary = SecondaryStation(ADDRESS)
    assert secondary.receive(data, 0.0) == []
    assert sent(secondary) == ["DM P/F"]
    assert secondary.mode(16) is Mode.NDM


def test_without_connection_nothing_answers_what_does_not_poll():
    secondary = SecondaryStation(ADDRESS)
    assert secondary.receive(asks(0, 0, poll=False), 0.0) == []
    assert sent(secondary) == []


def test_parameters_that_cannot_be_read_are_answered_by_dm():
    secondary = connected()
    assert secondary.receive(says(SNRM, b"\x81\x80\x05"), 0.0) == [(16, None)]
    assert sent(secondary) == ["DM P/F"]
    assert secondary.mode(16) is Mode.NDM


def test_disc_ends_the_connection_and_a_second_one_is_answered_by_dm():
    secondary = connected()
    assert secondary.receive(says(DISC), 0.0) == [(16, None)]
    assert sent(secondary) == ["UA P/F"]
    assert secondary.receive(says(DISC), 0.0) == []
    assert sent(secondary) == ["DM P/F"]
    assert secondary.deadline is None


def test_snrm_begins_anew():
    secondary = connected()
    secondary.receive(asks(0, 0), 0.0)
    secondary.send(16, bytes(300), 0.0)
    secondary.outgoing()
    assert secondary.receive(says(SNRM), 0.0) == [(16, None)]
    assert sent(secondary) == ["UA P/F"]
    assert secondary.receive(asks(0, 0), 0.0) == [(16, b"ask")]


def test_a_silent_client_loses_its_connection():
    secondary = connected(inactivity_s=120.0)
    assert secondary.deadline == 120.0
    secondary.receive(polls(0), 100.0)
    assert secondary.deadline == 220.0
    assert secondary.expire(219.0) == []
    assert secondary.expire(220.0) == [(16, None)]
    assert secondary.mode(16) is Mode.NDM
    assert secondary.deadline is None
    secondary.outgoing()
    secondary.receive(polls(0), 221.0)
    assert sent(secondary) == ["DM P/F"]
    assert SecondaryStation(ADDRESS, inactivity_s=None).deadline is None
    assert connected(inactivity_s=None).deadline is None


def test_clients_are_told_apart():
    secondary = connected()
    secondary.receive(says(SNRM, client=1), 0.0)
    assert secondary.receive(asks(0, 0, b"a") + asks(0, 0, b"b", client=1), 0.0) == [(16, b"a"), (1, b"b")]
    secondary.send(1, b"B", 0.0)
    secondary.send(16, b"A", 0.0)
    assert [frame.destination for frame in frames(secondary)][1:] == [encode_client(1), CLIENT]
    assert secondary.receive(says(DISC, client=1), 0.0) == [(1, None)]
    assert secondary.mode(16) is Mode.NRM


def test_an_answer_to_a_client_that_has_left_goes_nowhere():
    secondary = connected()
    secondary.receive(asks(0, 0), 0.0)
    secondary.receive(says(DISC), 0.0)
    secondary.outgoing()
    secondary.send(16, b"late", 0.0)
    secondary.send(99, b"never here", 0.0)
    assert secondary.outgoing() == []
