"""Our client against our server, without mocks: every way to associate, every service, every cut."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levels import WITH_GENERAL_DED, carry, octet_string, write_and_read
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.client import Acted, Associated, Client, Released, State, WasSet
from openami.dlms.security import Keys, Policy, Security, Suite
from openami.dlms.server import Association, Ended, Opened
from openami.dlms.wrapper import Header
from openami.dlms.xdlms import ActionResult, Conformance, DataAccessResult, InitiateResponse, Selection
from pair import (
    AK,
    ASSOCIATIONS,
    CLOCK,
    CUTS,
    DK,
    ECHO,
    EK,
    NOWHERE,
    PASSWORD,
    PROFILE,
    REGISTER,
    RESET,
    SERVER_TITLE,
    Pair,
    Store,
    hls5,
)

LEVELS = WITH_GENERAL_DED | {"ded given": (hls5(dedicated_key=DK), 1)}
SUCCESS, UNDEFINED = DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED
NO_LISTS = {"conformance": Client.__init__.__kwdefaults__["conformance"] & ~Conformance.MULTIPLE_REFERENCES}
levels = pytest.mark.parametrize("level", LEVELS)
cuts = pytest.mark.parametrize("cut", CUTS)


def pair(level: str, **facts) -> Pair:
    security, client_sap = LEVELS[level]
    return Pair(security, client_sap=client_sap, **facts)


@levels
@cuts
def test_a_whole_session(level, cut):
    joined = pair(level, cut=cut)
    client_sap = LEVELS[level][1]
    opened = joined.ask(joined.client.associate(now=joined.now))
    assert isinstance(opened, Associated)
    assert isinstance(opened.response, InitiateResponse)
    assert opened.server_title == (SERVER_TITLE if client_sap == 1 else None)
    assert joined.client.state is State.ASSOCIATED
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    assert joined.get(CLOCK, NOWHERE, REGISTER) == [
        joined.store.values[CLOCK],
        UNDEFINED,
        joined.store.values[REGISTER],
    ]
    written = joined.ask(joined.client.set([(REGISTER, None, b"\x06\0\0\0\7"), (NOWHERE, None, b"\0")]))
    assert written == WasSet(written.id, [SUCCESS, UNDEFINED])
    assert joined.get(REGISTER) == [b"\x06\0\0\0\7"]
    acted = joined.ask(joined.client.action([(RESET, b"\x0f\0"), (NOWHERE, None), (ECHO, b"\x12\0\5")]))
    assert acted.results == [
        (ActionResult.SUCCESS, None),
        (ActionResult.OBJECT_UNDEFINED, None),
        (ActionResult.SUCCESS, b"\x12\0\5"),
    ]
    assert isinstance(joined.ask(joined.client.release()), Released)
    assert joined.client.state is State.IDLE
    assert (joined.server_events[0], joined.server_events[-1]) == (Opened(client_sap), Ended(client_sap))
    assert joined.associate().get(CLOCK) == [joined.store.values[CLOCK]]


@pytest.mark.parametrize("policy", [Policy.A, Policy.E, Policy.AE])
@pytest.mark.parametrize("ciphering", ["glo", "general-glo"])
@pytest.mark.parametrize("dedicated_key", [None, "random"])
def test_every_policy_protects_what_it_says(policy, ciphering, dedicated_key):
    security = hls5(policy=policy, ciphering=ciphering, dedicated_key=dedicated_key)
    associations = {1: replace(ASSOCIATIONS[1], policy=policy)}
    joined = Pair(security, client_sap=1, associations=associations).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    shown = any(joined.store.values[CLOCK] in data for data in joined.sent[1])
    assert shown == (policy is Policy.A)
    assert isinstance(joined.ask(joined.client.release()), Released)


@pytest.mark.parametrize("suite", Suite)
def test_every_suite_ciphers_with_keys_of_its_length(suite):
    ek, ak = bytes(range(suite.key_length)), bytes(range(100, 100 + suite.key_length))
    security = hls5(encryption_key=ek, authentication_key=ak, suite=suite, dedicated_key="random")
    associations = {1: replace(ASSOCIATIONS[1], suite=suite, keys=Keys(ek, ak))}
    joined = Pair(security, client_sap=1, associations=associations).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]


def test_gmac_without_ciphering():
    associations = {1: Association(1, mechanism=Mechanism.HIGH_GMAC, keys=Keys(EK, AK))}
    joined = Pair(hls5(policy=Policy.NONE), client_sap=1, associations=associations).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    assert any(joined.store.values[CLOCK] in data for data in joined.sent[1])


def test_a_password_in_a_ciphered_association():
    security = replace(hls5(), mechanism=1, password=PASSWORD)
    association = Association(
        2,
        mechanism=Mechanism.LOW,
        secret=PASSWORD,
        keys=Keys(EK, AK),
        policy=Policy.AE,
        context=ApplicationContext.LN_CIPHERED,
    )
    joined = Pair(security, client_sap=2, associations={2: association}).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]


@pytest.mark.parametrize("length", [8, 16, 32, 64])
def test_challenges_of_every_length(length):
    security = hls5(challenge_length=length)
    joined = Pair(security, client_sap=1, server={"challenge_length": length}).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]


def test_two_clients_on_one_connection_do_not_disturb_each_other():
    joined = pair("glo").associate()
    other = Client(client_sap=16, security=Security.none(), random=bytes)
    for ask in (other.associate, lambda: other.get([(REGISTER, None)]), other.release):
        ask()
        joined.serve(joined.server.receive(other.outgoing()[0], joined.now))
        [answer] = joined.server.outgoing()
        assert Header.decode(answer).destination == 16
        [event] = other.receive(answer, joined.now)
    assert isinstance(event, Released)
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]


@levels
@pytest.mark.parametrize("max_pdu", [90, 130, 160, 270, 400, 1200])
def test_long_values_in_blocks_both_ways_within_the_negotiated_size(level, max_pdu):
    joined = pair(level, client={"max_pdu": max_pdu}, server={"max_pdu": max_pdu}).associate()
    value = octet_string(3000)
    write_and_read(joined, value)
    acted = joined.ask(joined.client.action([(ECHO, value)]))
    assert acted.results == [(ActionResult.SUCCESS, value)]
    acted = joined.ask(joined.client.action([(ECHO, value), (RESET, None), (ECHO, value)]))
    assert acted.results == [
        (ActionResult.SUCCESS, value),
        (ActionResult.SUCCESS, None),
        (ActionResult.SUCCESS, value),
    ]
    written = joined.ask(joined.client.set([(PROFILE, None, value[:-1] + b"!"), (NOWHERE, None, value)]))
    assert written.results == [SUCCESS, UNDEFINED]
    for direction in joined.sent:
        assert max_pdu < max(map(len, direction[2:])) <= max_pdu + 8


@cuts
def test_blocks_in_every_cut(cut):
    joined = pair("glo", cut=cut, client={"max_pdu": 200}, server={"max_pdu": 200}).associate()
    joined.store.values[PROFILE] = octet_string(1000)
    assert joined.get(PROFILE) == [octet_string(1000)]


def test_a_long_value_is_frozen_at_its_first_block():
    joined = pair("public", client={"max_pdu": 100}).associate()
    joined.store.values[PROFILE] = value = octet_string(500)
    request = joined.client.get([(PROFILE, None)])
    joined.to_server()
    joined.store.values[PROFILE] = b"\0"
    assert joined.ask(request).results == [value]


def test_without_lists_items_go_one_by_one():
    joined = pair("glo", client=NO_LISTS).associate()
    assert joined.get(CLOCK, NOWHERE, REGISTER)[1] is UNDEFINED
    written = joined.ask(joined.client.set([(REGISTER, None, b"\x06\0\0\0\7"), (NOWHERE, None, b"\0")]))
    assert written.results == [SUCCESS, UNDEFINED]
    acted = joined.ask(joined.client.action([(RESET, None), (NOWHERE, None)]))
    assert [result for result, _ in acted.results] == [ActionResult.SUCCESS, ActionResult.OBJECT_UNDEFINED]
    assert all(len(event.items) == 1 for event in joined.server_events if hasattr(event, "items"))


def test_a_list_too_long_for_one_request_becomes_several():
    joined = pair("glo", server={"max_pdu": 120}).associate()
    assert joined.get(*[CLOCK, REGISTER] * 20) == [joined.store.values[CLOCK], joined.store.values[REGISTER]] * 20
    assert 4 < len([event for event in joined.server_events if hasattr(event, "items")]) < 40
    assert max(map(len, joined.sent[0][2:])) <= 120 + 8


def test_selections_arrive_as_they_were_sent():
    joined = pair("glo").associate()
    selection = Selection(2, bytes.fromhex("0204060000000106000000001200011200000"[:-1]))
    joined.ask(joined.client.get([(CLOCK, selection)]))
    joined.ask(joined.client.get([(CLOCK, selection), (REGISTER, None)]))
    joined.ask(joined.client.set([(REGISTER, selection, b"\x06\0\0\0\1")]))
    one, two, three = [event.items for event in joined.server_events if hasattr(event, "items")]
    assert one == ((CLOCK, selection),)
    assert two == ((CLOCK, selection), (REGISTER, None))
    assert three == ((REGISTER, selection, b"\x06\0\0\0\1"),)


def test_requests_queue_and_are_answered_in_their_order():
    joined = pair("glo")
    ids = [
        joined.client.associate(),
        joined.client.get([(CLOCK, None)]),
        joined.client.action([(RESET, None)]),
        joined.client.release(),
        joined.client.associate(),
        joined.client.get([(REGISTER, None)]),
    ]
    events = joined.run()
    assert [event.id for event in events] == ids
    assert isinstance(events[2], Acted)
    assert events[-1].results == [joined.store.values[REGISTER]]


@given(
    values=st.lists(st.binary(max_size=400), min_size=1, max_size=6),
    level=st.sampled_from(sorted(LEVELS)),
    max_pdus=st.tuples(st.integers(80, 600), st.integers(80, 600)),
    cut=st.sampled_from(sorted(CUTS)),
)
@settings(max_examples=60)
def test_any_values_arrive_both_ways(values, level, max_pdus, cut):
    client, server = {"max_pdu": max_pdus[0]}, {"max_pdu": max_pdus[1]}
    joined = pair(level, cut=cut, client=client, server=server, answer=Store({PROFILE: b"\0"})).associate()
    carry(joined, values, max_pdus)
