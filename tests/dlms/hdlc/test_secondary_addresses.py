"""The secondary station, frame by frame: whom it answers, what it pushes, and what it lets pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdlc_secondary import ADDRESS, DISC, OWN, SNRM, asks, connected, frames, polls, says, sent
from openami.core.errors import EncodeError, LocalProtocolError
from openami.dlms.hdlc import (
    CONTROLS,
    Frame,
    Kind,
    Mode,
    Parameters,
    SecondaryStation,
    ServerAddress,
    encode,
    encode_client,
    information,
    unnumbered,
)

OTHERS = [
    ServerAddress(1, 18, 2), ServerAddress(2, 17, 2), ServerAddress(1), ServerAddress(1, 17, 4), ServerAddress(0, 0, 2),
    ServerAddress(0x7F, 0x7F, 2), ServerAddress(1, 0x7F, 2), ServerAddress(0x7F, 17, 2), ServerAddress(1, 0x7E, 2),
]  # fmt: skip


@pytest.mark.parametrize("to", OTHERS, ids=str)
def test_other_addresses_and_other_lengths_are_not_answered(to):
    secondary = SecondaryStation(ADDRESS)
    assert secondary.receive(says(SNRM, to=to.encode()), 0.0) == []
    assert secondary.outgoing() == []


@pytest.mark.parametrize("source", ["01", "ff", "0221", "00020021"])
def test_sources_that_are_no_client_are_not_answered(source):
    secondary = SecondaryStation(ADDRESS)
    assert secondary.receive(encode(OWN, bytes.fromhex(source), SNRM), 0.0) == []
    assert secondary.outgoing() == []


def test_other_lengths_are_answered_where_that_is_set():
    secondary = SecondaryStation(ADDRESS, lengths=(1, 4))
    for length in (1, 2, 4):
        form = ADDRESS.resized(length).encode()
        secondary.receive(says(SNRM, to=form, client=length), 0.0)
        assert [(frame.source, frame.control.kind) for frame in frames(secondary)] == [(form, Kind.UA)]


def test_the_calling_device_is_answered_with_ones_own_address():
    calling = ServerAddress(1, 0x7E, 2).encode()
    secondary = SecondaryStation(ADDRESS, is_calling=True)
    secondary.receive(says(SNRM, to=calling), 0.0)
    assert [frame.source for frame in frames(secondary)] == [OWN]
    assert secondary.receive(asks(0, 0), 0.0) == [(16, b"ask")]


@pytest.mark.parametrize("to", OTHERS[5:8], ids=str)
def test_a_broadcast_is_heard_and_never_answered(to):
    secondary = connected()
    for poll in (False, True):
        push = says(unnumbered(Kind.UI, poll=poll), b"\xe6\xe6\x00set", to=to.encode())
        assert secondary.receive(push, 0.0) == [(16, b"set")]
    assert secondary.receive(says(DISC, to=to.encode()), 0.0) == []
    assert secondary.outgoing() == []


@pytest.mark.parametrize("address", OTHERS[4:], ids=str)
def test_a_station_has_an_address_of_its_own(address):
    with pytest.raises(EncodeError, match="no station's own address"):
        SecondaryStation(address)


def test_ui_frames_of_a_client_are_handed_over():
    secondary = SecondaryStation(ADDRESS)
    assert secondary.receive(says(unnumbered(Kind.UI, poll=False), b"\xe6\xe6\x00set"), 0.0) == [(16, b"set")]
    assert secondary.receive(says(unnumbered(Kind.UI, poll=False), b"\xe6\xe6\x00set", segmented=True), 0.0) == []
    assert secondary.outgoing() == []


def test_what_nobody_asked_for_waits_for_a_poll():
    secondary = connected()
    secondary.notify(16, b"alarm", 0.0)
    secondary.notify(16, b"fire", 0.0)
    assert secondary.outgoing() == []
    secondary.receive(polls(0), 1.0)
    assert sent(secondary) == ["UI", "UI", "RR N(R)=0 P/F"]
    secondary.notify(16, b"alarm", 0.0)
    secondary.receive(asks(0, 0), 1.0)
    assert secondary.outgoing() == []
    secondary.send(16, b"answer", 1.0)
    push, answer = frames(secondary)
    assert (str(push.control), push.information) == ("UI", b"\xe6\xe7\x00alarm")
    assert str(answer.control) == "I N(S)=0 N(R)=1 P/F"


def test_without_connection_an_empty_ui_frame_fetches_it():
    secondary = SecondaryStation(ADDRESS, is_calling=True)
    secondary.notify(16, b"alarm", 0.0)
    secondary.notify(16, b"fire", 0.0)
    solicit = says(unnumbered(Kind.UI), to=ServerAddress(1, 0x7E, 2).encode())
    assert secondary.receive(solicit, 0.0) == []
    assert sent(secondary) == ["UI", "UI P/F"]
    assert secondary.receive(solicit, 0.0) == []
    assert sent(secondary) == ["DM P/F"]


def test_where_that_is_allowed_it_leaves_at_once():
    secondary = SecondaryStation(ADDRESS, is_unsolicited=True)
    secondary.notify(103, b"alarm", 0.0)
    [push] = frames(secondary)
    assert (push.destination, push.source) == (encode_client(103), OWN)
    assert (push.control, push.information) == (unnumbered(Kind.UI), b"\xe6\xe7\x00alarm")


def test_a_notification_must_fit_one_frame():
    secondary = SecondaryStation(ADDRESS, parameters=Parameters(max_info_tx=500))
    secondary.notify(16, bytes(497), 0.0)
    with pytest.raises(EncodeError, match="501 octets of information, at most 500"):
        secondary.notify(16, bytes(498), 0.0)
    small = connected(Parameters(64, 64))
    with pytest.raises(EncodeError, match="at most 64"):
        small.notify(16, bytes(62), 0.0)


def test_notifications_that_nobody_fetches_do_not_pile_up():
    secondary = SecondaryStation(ADDRESS)
    for _ in range(32):
        secondary.notify(16, b"alarm", 0.0)
    with pytest.raises(LocalProtocolError, match="32 UI frames wait"):
        secondary.notify(16, b"alarm", 0.0)


def test_its_own_answers_read_back_are_no_commands():
    """Addresses of one octet may be the same number for client and server."""
    for has_echo in (False, True):
        secondary = SecondaryStation(ServerAddress(16), has_echo=has_echo)
        snrm = encode(b"\x21", b"\x21", SNRM)
        secondary.receive(snrm, 0.0)
        [ua] = secondary.outgoing()
        assert secondary.receive(ua, 0.0) == []
        assert secondary.outgoing() == []
        assert secondary.mode(16) is Mode.NRM


def test_an_apdu_without_llc_header_is_dropped():
    secondary = connected()
    assert secondary.receive(says(information(0, 0, poll=True), b"\x60\x00"), 0.0) == []
    assert sent(secondary) == ["RR N(R)=1 P/F"]


def test_more_segments_than_an_apdu_may_have_are_rejected():
    secondary = connected(max_apdu=100)
    secondary.receive(asks(0, 0, bytes(90), segmented=True), 0.0)
    secondary.receive(says(information(1, 0, poll=True), bytes(90), segmented=True), 0.0)
    assert sent(secondary) == ["RR N(R)=1 P/F", "FRMR P/F"]


def test_aborting_forgets_everything():
    secondary = connected()
    secondary.receive(asks(0, 0), 0.0)
    secondary.send(16, b"answer", 0.0)
    secondary.abort()
    assert secondary.outgoing() == []
    assert secondary.deadline is None
    assert secondary.mode(16) is Mode.NDM


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=30),
            st.builds(
                lambda control, body, client, segmented: says(control, body, client=client, segmented=segmented),
                st.sampled_from(CONTROLS),
                st.one_of(st.just(b""), st.just(b"\xe6\xe6\x00x"), st.binary(max_size=20)),
                st.integers(1, 3),
                st.booleans(),
            ),
        ),
        max_size=25,
    )
)
def test_whatever_clients_say_is_answered_or_let_pass(pieces):
    secondary = SecondaryStation(ADDRESS, max_apdu=60, answer_s=0.5)
    for now, piece in enumerate(pieces):
        for client, apdu in secondary.receive(piece, float(now)):
            assert apdu is None or apdu
            if apdu:
                secondary.send(client, apdu, float(now))
        secondary.expire(now + 0.9)
        for data in secondary.outgoing():
            assert Frame.decode(data).source == OWN
    assert len(secondary._connections) <= 3
