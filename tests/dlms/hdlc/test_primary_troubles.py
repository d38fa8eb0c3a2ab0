"""The primary station, frame by frame: what goes wrong, who else speaks, and how it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdlc_primary import CLIENT, METER, OWN, SERVER, answer, brings, connected, ready, says, sent, station
from openami.core.errors import AmiError, ConnectionLost, LinkTimeout, LocalProtocolError, RemoteProtocolError
from openami.dlms.hdlc import (
    Frame,
    FrameReject,
    FrameRejectedError,
    Kind,
    PrimaryStation,
    Reason,
    ServerAddress,
    State,
    encode,
    encode_client,
    information,
    supervisory,
    unnumbered,
)


def test_dm_at_any_time_is_a_lost_connection():
    primary = connected()
    primary.send(b"question", 0.0)
    with pytest.raises(ConnectionLost, match="server 1/17 answered DM: it has disconnected"):
        primary.receive(says(unnumbered(Kind.DM)), 0.1)
    assert not primary.is_connected
    primary.outgoing()
    primary.connect(1.0)
    assert sent(primary) == ["SNRM P/F"]


def test_frmr_is_an_error_that_tells_the_reason():
    """u9n/dlms-cosem 95: control field 0x97."""
    reject = FrameReject(information(0, 0, poll=True), 0, 0, Reason.INFORMATION_TOO_LONG)
    primary = connected()
    primary.send(b"question", 0.0)
    frame = says(unnumbered(Kind.FRMR), reject.encode())
    assert 0x97 in frame
    with pytest.raises(FrameRejectedError, match="information too long") as caught:
        primary.receive(frame, 0.1)
    assert caught.value.reject == reject
    assert isinstance(caught.value, RemoteProtocolError)
    assert primary.state is State.DISCONNECTED


def test_an_answer_is_handed_over_before_the_error_behind_it():
    primary = connected()
    primary.send(b"question", 0.0)
    data = brings(0, 1, answer(b"last words")) + says(unnumbered(Kind.DM))
    assert primary.receive(data, 5.0) == [b"last words"]
    assert primary.deadline == 5.0
    with pytest.raises(ConnectionLost):
        primary.expire(5.0)
    assert primary.deadline is None
    primary.expire(6.0)


def test_a_server_that_begins_anew_is_noticed():
    primary = connected()
    assert primary.receive(says(unnumbered(Kind.UA)), 0.0) == [], "the answer to an SNRM repeated too early"
    primary.send(b"question", 0.0)
    primary.receive(brings(0, 1, answer(b"fine")), 0.1)
    with pytest.raises(RemoteProtocolError, match="begun the HDLC connection anew"):
        primary.receive(says(unnumbered(Kind.UA)), 0.2)


def test_an_impossible_acknowledgement_is_believed_only_as_answer_to_an_enquiry():
    primary = connected(response_timeout_s=1.0)
    primary.send(b"question", 0.0)
    primary.receive(ready(5), 0.1)
    assert primary.is_connected
    primary.expire(1.0)
    with pytest.raises(RemoteProtocolError, match=r"sent RR N\(R\)=5 P/F, expected N\(R\) 0 to 1"):
        primary.receive(ready(5), 1.1)
    assert primary.state is State.DISCONNECTED


def test_an_answer_without_llc_header_is_no_answer():
    primary = connected()
    primary.send(b"question", 0.0)
    with pytest.raises(RemoteProtocolError, match="LLC header 010203 from server 1/17, expected e6e700"):
        primary.receive(brings(0, 1, bytes((1, 2, 3, 4))), 0.1)


def test_pushes_are_handed_over_whenever_they_come(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["push-hdlc-iskra550"]["hex"])
    primary = PrimaryStation(103, ServerAddress.of(1, 17))
    [push] = primary.receive(data, 0.0)
    assert push[:6].hex() == "0f000026eb0c"
    assert len(push) > 250
    assert [apdu for at in range(len(data)) for apdu in primary.receive(data[at : at + 1], 0.0)] == [push]


def test_a_push_amid_an_answer_disturbs_neither():
    primary = connected()
    primary.send(b"question", 0.0)
    primary.outgoing()
    first = brings(0, 1, answer(b"ab"), segmented=True, final=False)
    push = says(unnumbered(Kind.UI), answer(b"push"))
    assert primary.receive(first + push, 0.1) == [b"push"]
    assert sent(primary) == []
    assert primary.receive(brings(1, 1, b"cd"), 0.2) == [b"abcd"]


def test_frames_of_and_for_others_are_ignored():
    primary = connected()
    primary.send(b"question", 0.0)
    primary.outgoing()
    for data in (
        says(unnumbered(Kind.DM), source=ServerAddress.of(1, 18).encode()),
        says(unnumbered(Kind.DM), source=ServerAddress(1).encode()),
        encode(encode_client(1), METER, unnumbered(Kind.DM)),
        encode(METER, OWN, information(0, 0, poll=True), b"our own words"),
        says(supervisory(Kind.RR, 0, poll=False)),
        encode(OWN, METER, information(0, 0, poll=True)._replace(octet=0x19, kind=Kind.UNDEFINED)),
    ):
        assert primary.receive(data, 0.1) == []
        assert sent(primary) == []
    assert primary.is_connected


def test_disconnecting_is_asked_for_and_confirmed():
    primary = connected(response_timeout_s=1.0, retries=1)
    assert primary.disconnect(0.0) is False
    assert sent(primary) == ["DISC P/F"]
    assert primary.disconnect(0.1) is False
    assert sent(primary) == []
    with pytest.raises(LocalProtocolError):
        primary.send(b"too late", 0.2)
    primary.expire(1.0)
    assert sent(primary) == ["DISC P/F"]
    assert primary.is_connected
    primary.receive(says(unnumbered(Kind.UA)), 1.1)
    assert not primary.is_connected
    assert primary.disconnect(1.2) is True
    assert primary.deadline is None


@pytest.mark.parametrize("connect_first", [True, False])
def test_dm_ends_the_disconnecting_too(connect_first):
    primary = connected() if connect_first else station()
    if not connect_first:
        primary.connect(0.0)
    primary.disconnect(0.0)
    primary.receive(says(unnumbered(Kind.DM)), 0.1)
    assert primary.state is State.DISCONNECTED


def test_a_disconnecting_without_answer_is_given_up():
    primary = connected(response_timeout_s=1.0, retries=0)
    primary.disconnect(0.0)
    with pytest.raises(LinkTimeout, match="no answer to DISC"):
        primary.expire(1.0)
    assert not primary.is_connected


def test_connecting_twice_is_our_mistake():
    primary = connected()
    with pytest.raises(LocalProtocolError, match="SNRM is not possible while connected"):
        primary.connect(0.0)


def test_a_connection_is_kept_alive_if_wanted():
    primary = connected(keep_alive_s=60.0)
    assert primary.deadline == 60.0
    primary.expire(60.0)
    assert sent(primary) == ["RR N(R)=0 P/F"]
    primary.receive(ready(0), 60.1)
    assert primary.deadline == pytest.approx(120.1)
    primary.idle(70.0)
    assert sent(primary) == ["RR N(R)=0 P/F"]
    primary.idle(70.0)
    assert sent(primary) == []
    station().idle(0.0)


def test_the_calling_device_is_known_by_its_answer():
    """The client does not know who called: it asks the calling device, and then talks to who answers."""
    calling = ServerAddress(1, 0x7E, 2)
    primary = PrimaryStation(CLIENT, calling)
    primary.solicit()
    assert [Frame.decode(data).destination for data in primary.outgoing()] == [calling.encode()]
    assert primary.receive(says(unnumbered(Kind.UI), answer(b"it was me")), 0.0) == [b"it was me"]
    primary.connect(0.0)
    primary.outgoing()
    primary.receive(says(unnumbered(Kind.UA)), 0.0)
    primary.send(b"question", 0.0)
    assert [Frame.decode(data).destination for data in primary.outgoing()] == [METER]
    assert primary.server == SERVER


def test_an_echo_is_not_an_answer():
    """u9n/dlms-cosem 62. With equal addresses of one octet only the echo setting tells them apart."""
    primary = PrimaryStation(16, ServerAddress(16), has_echo=True, response_timeout_s=1.0)
    primary.connect(0.0)
    [snrm] = primary.outgoing()
    assert primary.receive(snrm, 0.0) == []
    ua = encode(b"\x21", b"\x21", unnumbered(Kind.UA))
    primary.receive(ua, 0.1)
    primary.send(b"question", 0.1)
    [request] = primary.outgoing()
    reply = encode(b"\x21", b"\x21", information(0, 1, poll=True), answer(b"answer"))
    assert primary.receive(request + reply, 0.2) == [b"answer"]


def test_an_answer_on_its_way_in_is_waited_for():
    primary = connected(response_timeout_s=1.0)
    primary.send(b"question", 0.0)
    data = brings(0, 1, answer(bytes(100)))
    primary.receive(data[:20], 0.9)
    assert primary.deadline == 1.9
    assert primary.receive(data[20:], 1.8) == [bytes(100)]


def test_a_slow_line_takes_its_time():
    primary = connected(response_timeout_s=1.0, octet_s=10 / 300)
    primary.send(bytes(100), 0.0)
    [data] = primary.outgoing()
    assert primary.deadline == pytest.approx(1.0 + len(data) / 30)


def test_aborting_forgets_everything():
    primary = connected()
    primary.send(b"question", 0.0)
    primary.receive(brings(0, 1, answer(b"half"), segmented=True)[:-3], 0.0)
    primary.abort()
    assert primary.outgoing() == []
    assert primary.deadline is None
    assert not primary.is_connected
    primary.connect(1.0)
    assert sent(primary) == ["SNRM P/F"]


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=30),
            st.builds(
                lambda octet, body, segmented: says(
                    information(0, 0, poll=True)._replace(octet=octet), body, segmented=segmented
                ),
                st.integers(0, 255),
                st.one_of(st.just(b""), st.just(b"\xe6\xe7\x00x"), st.binary(max_size=20)),
                st.booleans(),
            ),
        ),
        max_size=25,
    ),
    st.sampled_from(["connect", "send", "disconnect", None]),
)
def test_whatever_a_server_says_is_taken_or_is_an_error(pieces, verb):
    primary = connected(max_apdu=60)
    if verb in {"send", "connect"}:
        primary.send(b"question", 0.0)
    elif verb:
        primary.disconnect(0.0)
    for now, piece in enumerate(pieces):
        try:
            assert all(primary.receive(piece, float(now)))
            primary.expire(float(now))
        except AmiError:
            assert primary.state is State.DISCONNECTED
            primary.abort()
            primary.connect(float(now))
        assert len(primary.outgoing()) <= 3
