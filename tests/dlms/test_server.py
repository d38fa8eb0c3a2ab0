"""The server end alone: what it answers to each AARQ, request and block, right or wrong."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import LocalProtocolError, RemoteProtocolError, SecurityError
from openami.dlms.acse import (
    AARE,
    AARQ,
    RLRE,
    RLRQ,
    ApplicationContext,
    Diagnostic,
    Mechanism,
    ProviderDiagnostic,
)
from openami.dlms.client import DEFAULT_CONFORMANCE, Released
from openami.dlms.security import Cipher, Form, Keys, Policy
from openami.dlms.server import TRANSITIONS, Association, Ended, Opened, Refused, Request, State, Step
from openami.dlms.xdlms import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ConfirmedServiceError,
    Conformance,
    DataBlock,
    ExceptionResponse,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    InitiateError,
    InitiateRequest,
    InitiateResponse,
    SetRequestFirstBlock,
    SetRequestNormal,
    StateError,
    decode,
)
from pair import (
    AK,
    ASSOCIATIONS,
    CLOCK,
    ECHO,
    EK,
    NOWHERE,
    PASSWORD,
    REGISTER,
    SERVER_TITLE,
    Pair,
    ask,
    forger,
    hls5,
    public,
    wrap,
)

INITIATE = InitiateRequest(DEFAULT_CONFORMANCE)
PUBLIC = AARQ(user_information=INITIATE.encode())
GET = GetRequestNormal(0xC1, CLOCK).encode()
LONG = b"\x09\x82\x01\xf4" + bytes(range(250)) * 2
NOT_POSSIBLE = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, 1)
MALFORMED = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, 3)
UNKNOWN = ExceptionResponse(StateError.SERVICE_UNKNOWN, 2)
UNNEGOTIATED = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, 2)


# Opening


def test_states_are_a_table():
    assert set(TRANSITIONS) == set(State)
    assert TRANSITIONS[State.PENDING] == {Step.AUTHENTICATE: State.ASSOCIATED, Step.END: State.IDLE}


def test_the_book_s_aarq_gets_the_book_s_kind_of_aare(dlms_vectors):
    pair = Pair(server={"max_pdu": 500})
    answer = pair.strike(bytes.fromhex(dlms_vectors["aarq-none"]["hex"]))
    expected = bytes.fromhex(dlms_vectors["aare-ok"]["hex"])
    assert answer[:27] == expected[:27]
    opened = InitiateResponse.decode(AARE.decode(answer).user_information)
    assert opened.server_max_receive_pdu_size == 500
    assert opened.conformance == Conformance(0x007E1F) & ASSOCIATIONS[16].conformance
    assert pair.server_events == [Opened(16)]


def test_the_book_s_password(dlms_vectors):
    pair = Pair(client_sap=2)
    assert AARE.decode(pair.strike(bytes.fromhex(dlms_vectors["aarq-lls"]["hex"]))).result == 0
    assert pair.server_events == [Opened(2)]


def test_the_book_s_ciphered_aarq_and_rlrq(dlms_vectors):
    vector = dlms_vectors["glo-initiate-request"]
    ek, ak = (bytes.fromhex(vector["keys"][name]) for name in ("ek", "ak"))
    association = Association(
        2,
        mechanism=Mechanism.LOW,
        secret=PASSWORD,
        keys=Keys(ek, ak),
        policy=Policy.AE,
        context=ApplicationContext.LN_CIPHERED,
    )
    pair = Pair(client_sap=2, associations={2: association})
    answer = AARE.decode(pair.strike(bytes.fromhex(dlms_vectors["aarq-lls-ciphered"]["hex"])))
    assert (answer.result, answer.responding_ap_title) == (0, SERVER_TITLE)
    inside = Cipher(ek, ak).unprotect(SERVER_TITLE, answer.user_information[2:])
    assert InitiateResponse.decode(inside).conformance
    again = ExceptionResponse.decode(pair.strike(bytes.fromhex(dlms_vectors["rlrq-ciphered"]["hex"])))
    assert again.invocation_counter == vector["expected"]["invocation_counter"] + 1


@pytest.mark.parametrize(
    ("client_sap", "changes", "diagnostic"),
    [
        (16, {"application_context": ApplicationContext.LN_CIPHERED}, 2),
        (16, {"application_context": ApplicationContext.SN}, 2),
        (16, {"application_context": b"\x60\x85\x74\x05\x08\x01\x09"}, 2),
        (16, {"mechanism": Mechanism.LOW, "calling_authentication_value": PASSWORD}, 11),
        (2, {}, 12),
        (2, {"mechanism": Mechanism.HIGH_SHA1}, 11),
        (2, {"mechanism": b"\x60\x85\x74\x05\x08\x02\x63"}, 11),
        (2, {"mechanism": Mechanism.LOW}, 13),
        (2, {"mechanism": Mechanism.LOW, "calling_authentication_value": b"12345679"}, 13),
        (1, {}, 2),
        (99, {}, 1),
    ],
)
def test_wrong_names_and_passwords_are_rejected_by_diagnostic(client_sap, changes, diagnostic):
    pair = Pair(client_sap=client_sap)
    answer = AARE.decode(pair.strike(replace(PUBLIC, **changes).encode()))
    assert (answer.result, answer.diagnostic) == (1, diagnostic)
    assert pair.server_events == ([Refused(client_sap, "authentication failure")] if diagnostic == 13 else [])
    assert ask(pair, GetRequestNormal(0xC1, CLOCK)) == NOT_POSSIBLE


def test_another_version_of_acse_is_rejected():
    answer = AARE.decode(Pair().strike(replace(PUBLIC, protocol_version=b"\x02\x40").encode()))
    assert answer.diagnostic is ProviderDiagnostic.NO_COMMON_ACSE_VERSION


@pytest.mark.parametrize(
    ("initiate", "error"),
    [
        (replace(INITIATE, proposed_dlms_version=5), InitiateError.DLMS_VERSION_TOO_LOW),
        (replace(INITIATE, conformance=Conformance.READ), InitiateError.INCOMPATIBLE_CONFORMANCE),
        (replace(INITIATE, client_max_receive_pdu_size=11), InitiateError.PDU_SIZE_TOO_SHORT),
    ],
)
def test_wrong_proposals_are_rejected_by_initiate_error(initiate, error):
    answer = AARE.decode(Pair().strike(AARQ(user_information=initiate.encode()).encode()))
    assert answer.result == 1
    assert ConfirmedServiceError.decode(answer.user_information).initiate_error is error


@pytest.mark.parametrize("inside", [None, b"", b"\x01", b"\xc0\x01"])
def test_an_aarq_without_a_proposal_is_rejected(inside):
    assert AARE.decode(Pair().strike(AARQ(user_information=inside).encode())).result == 1


def test_a_ciphered_proposal_in_an_association_without_ciphering_is_rejected():
    inside = forger().seal(INITIATE.encode(), Form.GLO, 0x30)
    answer = AARE.decode(Pair().strike(AARQ(user_information=inside).encode()))
    assert (answer.result, answer.diagnostic) == (1, 2)


def test_a_dedicated_key_in_clear_is_not_used():
    inside = replace(INITIATE, dedicated_key=bytes(16)).encode()
    assert AARE.decode(Pair().strike(AARQ(user_information=inside).encode())).result == 0


def test_an_aarq_that_cannot_be_read_is_rejected():
    assert AARE.decode(Pair().strike(b"\x60\x03\xa1\x09\x06")).result == 1
    assert AARE.decode(Pair(client_sap=99).strike(b"\x60\x03\xa1\x09\x06")).result == 1


def test_a_new_aarq_ends_the_association_that_is_open():
    pair = public()
    assert AARE.decode(pair.strike(PUBLIC.encode())).result == 0
    assert pair.server_events == [Opened(16), Ended(16), Opened(16)]


def test_a_new_aarq_meets_the_association_as_it_is_set_up_now():
    associations = dict(ASSOCIATIONS)
    pair = Pair(hls5(), client_sap=1, associations=associations).associate()
    associations[1] = replace(associations[1], keys=Keys(AK, EK))
    assert isinstance(pair.ask(pair.client.release()), Released)
    assert pair.failure(pair.client.associate()).diagnostic is Diagnostic.AUTHENTICATION_FAILURE
    del associations[1]
    assert pair.failure(pair.client.associate()).diagnostic is Diagnostic.NO_REASON_GIVEN


@pytest.mark.parametrize("client_sap", [16, 1, 99])
def test_nothing_is_served_before_an_association(client_sap):
    pair = Pair(client_sap=client_sap)
    for apdu in (GetRequestNormal(0xC1, CLOCK), SetRequestNormal(0xC1, REGISTER, None, b"\0"), RLRQ()):
        assert ask(pair, apdu) == NOT_POSSIBLE
    assert pair.server_events == []


def test_nothing_is_served_before_the_client_has_proved_who_it_is():
    keys = ASSOCIATIONS[1].keys
    association = Association(1, mechanism=Mechanism.HIGH_GMAC, keys=keys)
    pair = Pair(hls5(policy=Policy.NONE), client_sap=1, associations={1: association})
    pair.client.associate()
    pair.to_server()
    pair.server.outgoing()
    for apdu in (GetRequestNormal(0xC1, CLOCK), ActionRequestNormal(0xC1, ECHO, b"\0")):
        assert ask(pair, apdu) == NOT_POSSIBLE
    assert pair.server_events == []


def test_other_logical_devices_are_not_spoken_for():
    pair = Pair()
    assert pair.server.receive(wrap(PUBLIC.encode(), 16, 2), 0.0) == []
    assert pair.server.outgoing() == []


def test_release_in_clear():
    pair = public()
    assert pair.strike(RLRQ().encode()) == RLRE().encode()
    assert AARE.decode(pair.strike(PUBLIC.encode())).result == 0
    assert pair.strike(bytes.fromhex("6200")) == RLRE().encode()
    assert pair.server_events == [Opened(16), Ended(16), Opened(16), Ended(16)]


def test_wrong_settings_of_an_association_are_refused():
    keys = ASSOCIATIONS[1].keys
    for facts in (
        {"mechanism": Mechanism.HIGH_GMAC},
        {"context": ApplicationContext.LN_CIPHERED},
        {"policy": Policy.A, "keys": keys},
        {"mechanism": Mechanism.LOW},
        {"keys": Keys(bytes(15), bytes(16))},
    ):
        with pytest.raises(SecurityError):
            Association(1, **facts)
    with pytest.raises(SecurityError):
        Pair(server={"system_title": b"short"})
    with pytest.raises(SecurityError):
        Pair(server={"challenge_length": 7})
    shown = repr(ASSOCIATIONS[1]) + repr(ASSOCIATIONS[2])
    assert all(repr(secret)[2:-1] not in shown for secret in (EK, AK, PASSWORD))


# Requests


@pytest.mark.parametrize("apdu", ["da", "05", "de", "c0", "c004", "c2", "c401c10000", "0e010600", "ff", "08"])
def test_unknown_services_are_answered_as_such(apdu):
    pair = public()
    assert decode(pair.strike(bytes.fromhex(apdu))) == UNKNOWN
    assert isinstance(ask(pair, GetRequestNormal(0xC1, CLOCK)), GetResponseNormal)


@pytest.mark.parametrize("cut", range(2, len(GET)))
def test_a_request_that_ends_early_is_answered_by_an_exception(cut):
    pair = public()
    assert decode(pair.strike(GET[:cut])) == MALFORMED
    assert pair.server_events == [Opened(16)]


@pytest.mark.parametrize(
    ("missing", "apdu"),
    [
        (Conformance.GET, GetRequestNormal(0xC1, CLOCK)),
        (Conformance.MULTIPLE_REFERENCES, GetRequestWithList(0xC1, ((CLOCK, None),))),
        (Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ, GetRequestNext(0xC1, 1)),
        (Conformance.SET, SetRequestNormal(0xC1, REGISTER, None, b"\0")),
        (
            Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
            SetRequestFirstBlock(0xC1, REGISTER, None, DataBlock(True, 1, b"\0")),
        ),
        (Conformance.ACTION, ActionRequestNormal(0xC1, ECHO)),
        (Conformance.BLOCK_TRANSFER_WITH_ACTION, ActionRequestNextPblock(0xC1, 1)),
    ],
)
def test_services_that_were_not_negotiated_are_refused(missing, apdu):
    pair = public(conformance=DEFAULT_CONFORMANCE & ~missing)
    assert ask(pair, apdu) == UNNEGOTIATED


def test_unconfirmed_set_and_action_are_done_without_an_answer():
    pair = public()
    assert pair.strike(SetRequestNormal(0x81, REGISTER, None, b"\x11\x07").encode()) == b""
    assert pair.strike(ActionRequestNormal(0x81, ECHO, b"\0").encode()) == b""
    assert pair.store.values[REGISTER] == b"\x11\x07"
    assert pair.store.invoked == [(ECHO, b"\0")]


def test_an_answer_may_come_later_and_not_in_turn():
    pair = public()
    waiting = []
    for invoke, attribute in ((0xC1, CLOCK), (0xC2, REGISTER)):
        waiting += pair.server.receive(wrap(GetRequestNormal(invoke, attribute).encode(), 16), 0.0)
    assert pair.server.outgoing() == []
    pair.server.respond(waiting[1].id, [b"\x11\x02"])
    pair.server.respond(waiting[0].id, [b"\x11\x01"])
    answers = [GetResponseNormal.decode(data[8:]) for data in pair.server.outgoing()]
    assert answers == [GetResponseNormal(0xC2, b"\x11\x02"), GetResponseNormal(0xC1, b"\x11\x01")]


def test_an_answer_after_the_association_has_ended_goes_nowhere():
    pair = public()
    [request] = pair.server.receive(wrap(GET, 16), 0.0)
    pair.server.receive(wrap(PUBLIC.encode(), 16), 0.0)
    pair.server.outgoing()
    pair.server.respond(request.id, [b"\x11\x01"])
    assert pair.server.outgoing() == []
    with pytest.raises(LocalProtocolError):
        pair.server.respond(10**6, [])


def test_a_wrong_number_of_results_is_our_own_fault():
    pair = public()
    [request] = pair.server.receive(wrap(GET, 16), 0.0)
    with pytest.raises(LocalProtocolError, match="2 results for 1"):
        pair.server.respond(request.id, [b"\0", b"\0"])


def test_a_client_that_does_not_wait_is_held_back():
    pair = public()
    asked = pair.server.receive(wrap(GET, 16) * 10, 0.0)
    assert len(asked) == 4
    answers = [decode(data[8:]) for data in pair.server.outgoing()]
    assert answers == [MALFORMED] * 6


# The stream, time, and anything at all


@pytest.mark.parametrize("data", [b"\x00\x02" + bytes(6), b"GET / HTTP/1.1\r\n", bytes(8)])
def test_what_is_no_wrapper_ends_the_connection(data):
    with pytest.raises(RemoteProtocolError):
        Pair().server.receive(data, 0.0)


def test_an_empty_apdu_is_ignored():
    pair = public()
    assert pair.strike(b"") == b""


def test_silence_ends_associations_where_that_is_set():
    pair = public(server={"inactivity_s": 120.0})
    assert pair.server.deadline == pair.now + 120
    assert pair.server.expire(pair.now + 119.9) == []
    assert pair.server.expire(pair.now + 120) == [Ended(16)]
    assert pair.server.deadline is None
    assert ask(pair, GetRequestNormal(0xC1, NOWHERE)) == NOT_POSSIBLE
    assert public().server.deadline is None


def test_close_ends_all_associations():
    pair = public()
    pair.strike(replace(PUBLIC, mechanism=Mechanism.LOW, calling_authentication_value=PASSWORD).encode(), 2)
    assert pair.server.close() == [Ended(16), Ended(2)]


TAGS = [*b"\x60\x62\x01\x08\x0e\xc0\xc1\xc3\xc4\xc5\xc7\xc8\xc9\xcb\xd0\xd1\xd3\xd8\xdb\xdc\x21\x41"]


@given(
    heads=st.lists(st.sampled_from(TAGS), min_size=1, max_size=4),
    tails=st.lists(st.binary(max_size=60), min_size=4, max_size=4),
    client_sap=st.sampled_from([1, 2, 16, 99]),
    associated=st.booleans(),
)
@settings(max_examples=400)
def test_any_apdu_is_answered_and_the_server_lives_on(heads, tails, client_sap, associated):
    pair = Pair(hls5() if client_sap == 1 else None, client_sap=client_sap)
    if associated and client_sap in {1, 16}:
        pair.associate()
    for head, tail in zip(heads, tails, strict=False):
        pair.strike(bytes((head,)) + tail)
    other = Pair(client_sap=16)
    other.server = pair.server
    assert isinstance(other.associate().get(CLOCK)[0], bytes)


@given(data=st.lists(st.binary(max_size=40), max_size=5))
def test_any_octets_give_events_or_the_end_of_the_connection(data):
    pair = public()
    try:
        for piece in data:
            events = pair.server.receive(piece, 0.0)
            assert not any(isinstance(event, Request) for event in events)
    except RemoteProtocolError:
        return
