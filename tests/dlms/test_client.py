"""The client end alone: what it sends, what it tolerates of real meters, how it counts time."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import (
    ConnectionLost,
    LinkTimeout,
    LocalProtocolError,
    SecurityError,
)
from openami.dlms.client import (
    TRANSITIONS,
    Associated,
    Failed,
    Got,
    Notified,
    Released,
    State,
    WasSet,
)
from openami.dlms.security import Policy, Security, SendCounter
from openami.dlms.security.counters import LAST
from openami.dlms.xdlms import (
    ActionResult,
    Conformance,
    DataAccessResult,
    GetResponseNormal,
)
from pair import (
    ACCEPTED,
    CLOCK,
    ECHO,
    INITIATE,
    PASSWORD,
    REGISTER,
    RESET,
    Pair,
    associated,
    give,
    hls5,
    lone,
    sent,
    wrap,
)

BOOK_CONFORMANCE = Conformance(0x007E1F)


# What it sends


@pytest.mark.parametrize(("name", "security"), [("aarq-none", Security.none()), ("aarq-lls", Security.lls(PASSWORD))])
def test_the_aarq_of_the_book(dlms_vectors, name, security):
    client = lone(security=security, conformance=BOOK_CONFORMANCE, max_pdu=1200)
    client.associate()
    assert sent(client).hex() == dlms_vectors[name]["hex"]


def test_the_ciphered_aarq_of_the_book(dlms_vectors):
    vector, initiate = dlms_vectors["glo-initiate-request"], dlms_vectors["initiate-request-dedicated-key"]
    security = replace(
        hls5(
            encryption_key=vector["keys"]["ek"],
            authentication_key=vector["keys"]["ak"],
            client_title=vector["keys"]["system_title"],
            invocation_counter=vector["expected"]["invocation_counter"],
            dedicated_key=initiate["expected"]["dedicated_key"],
        ),
        mechanism=1,
        password=b"12345678",
    )
    client = lone(security=security, conformance=BOOK_CONFORMANCE, max_pdu=1200)
    client.associate()
    assert sent(client).hex() == dlms_vectors["aarq-lls-ciphered"]["hex"]


def test_states_are_a_table():
    assert set(TRANSITIONS) == set(State)
    assert {state for row in TRANSITIONS.values() for state in row.values()} == set(State)


def test_what_the_state_forbids_is_our_own_error():
    client = lone()
    for verb in (lambda: client.get([(CLOCK, None)]), client.release, lambda: client.action([(RESET, None)])):
        with pytest.raises(LocalProtocolError, match="not possible while idle"):
            verb()
    client.associate()
    with pytest.raises(LocalProtocolError, match="not possible while associated"):
        client.associate()
    with pytest.raises(LocalProtocolError, match="at least one"):
        client.get([])


def test_a_request_too_long_for_the_server_and_no_blocks_fails():
    pair = Pair(server={"max_pdu": 100}, client={"conformance": Conformance.SET | Conformance.ACTION}).associate()
    for verb in (
        lambda: pair.client.set([(REGISTER, None, bytes(200))]),
        lambda: pair.client.action([(ECHO, bytes(200))]),
    ):
        with pytest.raises(LocalProtocolError, match="no blocks"):
            verb()
    assert isinstance(pair.ask(pair.client.set([(REGISTER, None, b"\0")])), WasSet)


def test_a_counter_at_its_end_fails_before_anything_is_sent():
    client = lone(security=hls5(), send_counter=SendCounter(LAST + 1))
    with pytest.raises(SecurityError, match="end of its range"):
        client.associate()
    assert client.outgoing() == []
    assert client.state is State.IDLE


def test_a_queued_request_that_cannot_be_sent_fails_alone():
    pair = Pair(server={"max_pdu": 100}, client={"conformance": Conformance.SET})
    pair.client.associate()
    bad, good = pair.client.set([(REGISTER, None, bytes(200))]), pair.client.set([(REGISTER, None, b"\0")])
    events = pair.run()
    assert [event.id for event in events] == [1, bad, good]
    assert isinstance(events[1].error, LocalProtocolError)
    assert isinstance(events[2], WasSet)


def test_a_drawn_dedicated_key_is_a_new_one_for_each_association():
    pair = Pair(hls5(dedicated_key="random", policy=Policy.A), client_sap=1, associations=policy_a())
    keys = []
    for _ in range(2):
        pair.associate()
        aarq = pair.sent[0][0 if not keys else -2][8:]
        keys.append(aarq[aarq.index(b"\x01\x01\x10") + 3 :][:16])
        pair.ask(pair.client.release())
    assert keys[0] != keys[1]


def policy_a():
    association = Pair(hls5(), client_sap=1).server._associations[1]
    return {1: replace(association, policy=Policy.A)}


# What it tolerates


@pytest.mark.parametrize("rlre", ["6300", "6303800100", "6303800101"])
def test_every_rlre_that_meters_send(rlre):
    client = associated()
    client.release()
    assert isinstance(give(client, bytes.fromhex(rlre)), Released)


@pytest.mark.parametrize("name", ["rlre-plain", "rlre-initiate"])
def test_the_book_s_rlre(dlms_vectors, name):
    client = associated()
    client.release()
    assert isinstance(give(client, bytes.fromhex(dlms_vectors[name]["hex"])), Released)


def test_an_empty_rlre_ends_a_ciphered_association():
    pair = Pair(hls5(), client_sap=1).associate()
    pair.tamper[1] = lambda _: wrap(bytes.fromhex("6300"), 1, 1)
    assert isinstance(pair.ask(pair.client.release()), Released)


def test_an_aare_with_protocol_version():
    client = lone()
    client.associate()
    assert isinstance(give(client, replace(ACCEPTED, protocol_version=b"\x07\x80").encode()), Associated)


def test_an_aare_with_extra_octets_and_foreign_wrapper_ports(dlms_vectors):
    client = lone()
    client.associate()
    aare = replace(ACCEPTED, user_information=INITIATE.encode() + b"\x00\x01").encode() + b"\x00\x00\x00\x00"
    [event] = client.receive(wrap(aare, 4059, 1000), 0.0)
    assert isinstance(event, Associated)


def test_the_book_s_aare(dlms_vectors):
    client = lone(conformance=BOOK_CONFORMANCE)
    client.associate()
    opened = give(client, bytes.fromhex(dlms_vectors["aare-ok"]["hex"]))
    assert opened.response.server_max_receive_pdu_size == 500
    assert client.conformance == Conformance(0x00501F)


def test_the_book_s_aare_with_a_challenge(dlms_vectors):
    client = lone(security=hls5(policy=Policy.NONE, server_title=b"MMM\x00\x00\x00\x00\x01"))
    client.associate()
    assert give(client, bytes.fromhex(dlms_vectors["aare-hls5-pending"]["hex"])) is None
    assert sent(client)[:13].hex() == "c301c1000f0000280000ff0101"


@pytest.mark.parametrize("high_bits", [0x00, 0x40, 0x80, 0xC0, 0x30])
def test_the_high_bits_of_an_invoke_id_do_not_matter(high_bits):
    client = associated()
    client.get([(CLOCK, None)])
    invoke = sent(client)[2] & 0x0F | high_bits
    assert isinstance(give(client, GetResponseNormal(invoke, b"\x11\x01").encode()), Got)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one():
    client = associated()
    first = client.get([(CLOCK, None)], now=0.0)
    late = GetResponseNormal(sent(client)[2], b"\x11\x01").encode()
    [failed] = client.expire(10.0)
    assert (failed.id, type(failed.error)) == (first, LinkTimeout)
    second = client.get([(CLOCK, None)], now=10.0)
    answer = GetResponseNormal(sent(client)[2], b"\x11\x02").encode()
    assert give(client, late) is None
    assert give(client, answer) == Got(second, [b"\x11\x02"])
    assert give(client, answer) is None


def test_notifications_are_told_and_disturb_nothing():
    client = associated()
    request = client.get([(CLOCK, None)])
    answer = GetResponseNormal(sent(client)[2], b"\x11\x01").encode()
    push = bytes.fromhex("0f0000000100090101")
    assert give(client, push) == Notified(push)
    assert give(client, answer) == Got(request, [b"\x11\x01"])
    assert give(client, push) == Notified(push)


def test_a_plain_notification_in_a_ciphered_association_is_not_believed():
    pair = Pair(hls5(), client_sap=1).associate()
    assert pair.client.receive(wrap(bytes.fromhex("0f0000000100090101")), pair.now) == []
    assert pair.get(CLOCK)


def test_an_empty_apdu_is_ignored():
    assert give(associated(), b"") is None


# Time, and the end of the line


def test_a_time_out_counts_from_the_request():
    client = associated()
    client.get([(CLOCK, None)], now=100.0)
    assert client.deadline == 110.0
    assert client.expire(109.9) == []
    [failed] = client.expire(110.0)
    assert isinstance(failed.error, LinkTimeout)
    assert client.deadline is None
    assert client.state is State.ASSOCIATED


def test_without_now_the_time_out_counts_from_the_first_expire():
    client = lone()
    request = client.associate()
    assert client.deadline <= 500.0
    assert client.expire(500.0) == []
    assert client.deadline == 510.0
    [failed] = client.expire(510.0)
    assert failed.id == request
    assert client.state is State.IDLE


def test_every_block_has_the_full_time():
    pair = Pair(client={"max_pdu": 100}).associate()
    pair.store.values[CLOCK] = b"\x09\x82\x01\x90" + bytes(400)
    pair.client.get([(CLOCK, None)], now=pair.now)
    for _ in range(3):
        pair.now += 9
        pair.to_server()
        pair.to_client()
        assert pair.client.deadline == pair.now + 10


@pytest.mark.parametrize("verb", ["associate", "release"])
def test_a_time_out_of_associate_or_release_leaves_no_association(verb):
    client = lone() if verb == "associate" else associated()
    getattr(client, verb)(now=0.0)
    [failed] = client.expire(10.0)
    assert isinstance(failed.error, LinkTimeout)
    assert client.state is State.IDLE
    client.associate(now=20.0)
    assert isinstance(give(client, ACCEPTED.encode()), Associated)


def test_abort_fails_all_that_is_under_way():
    client = associated()
    ids = [client.get([(CLOCK, None)]), client.get([(CLOCK, None)]), client.release()]
    lost = ConnectionLost("gone")
    assert client.abort(lost) == [Failed(request, lost) for request in ids]
    assert (client.outgoing(), client.deadline, client.state) == ([], None, State.IDLE)


TAGS = [*b"\x61\x63\x08\x0e\x0f\xc2\xc4\xc5\xc7\xc8\xcc\xcd\xcf\xd4\xd8\xdb\xdc\x28\x48"]


@given(
    heads=st.lists(st.sampled_from(TAGS), min_size=1, max_size=4),
    tails=st.lists(st.binary(max_size=60), min_size=4, max_size=4),
    verb=st.sampled_from(["associate", "get", "set", "action", "release"]),
    ciphered=st.booleans(),
)
@settings(max_examples=400)
def test_any_apdu_ends_in_events_and_the_client_lives_on(heads, tails, verb, ciphered):
    pair = Pair(hls5() if ciphered else None, client_sap=1 if ciphered else 16)
    if verb != "associate":
        pair.associate()
    request = {
        "associate": pair.client.associate,
        "get": lambda: pair.client.get([(CLOCK, None)]),
        "set": lambda: pair.client.set([(REGISTER, None, b"\0")]),
        "action": lambda: pair.client.action([(RESET, None)]),
        "release": pair.client.release,
    }[verb]()
    for head, tail in zip(heads, tails, strict=False):
        for event in pair.client.receive(wrap(bytes((head,)) + tail), pair.now):
            assert isinstance(event, Notified) or event.id == request
    pair.client.abort(ConnectionLost("over"))
    pair.client.outgoing()
    assert isinstance(pair.associate().get(CLOCK)[0], bytes)


@given(data=st.lists(st.binary(max_size=40), max_size=5))
def test_any_octets_give_events(data):
    client = associated()
    client.action([(ECHO, b"\x0f\0")])
    for piece in data:
        for event in client.receive(piece, 0.0):
            assert isinstance(event, Failed)


def test_an_outcome_with_a_refused_return_value():
    client = associated()
    request = client.action([(ECHO, b"\0")])
    event = give(client, bytes.fromhex("c701c100010104"))
    assert event.id == request
    assert event.results == [(ActionResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED)]
