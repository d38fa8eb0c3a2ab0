"""ACCESS between our two ends: reading, writing and invoking at once, in every association and every length."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import LocalProtocolError, RemoteProtocolError
from openami.dlms.client import DEFAULT_CONFORMANCE, Accessed, ExceptionError, Failed
from openami.dlms.security import Security
from openami.dlms.server import AccessRequest as AccessAsked
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessService,
    AccessSet,
    ActionResult,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    ExceptionResponse,
    Selection,
    ServiceErrorCode,
    StateError,
    decode,
)
from pair import CLOCK, CUTS, ECHO, NOWHERE, PASSWORD, PROFILE, REGISTER, RESET, Pair, ask, associated, give, hls5, sent
from pair import public as public_pair

LEVELS = {
    "public": (Security.none(), 16),
    "password": (Security.lls(PASSWORD), 2),
    "glo": (hls5(), 1),
    "general-glo": (hls5(ciphering="general-glo"), 1),
    "ded": (hls5(dedicated_key="random"), 1),
}
NO_GBT = DEFAULT_CONFORMANCE & ~Conformance.GENERAL_BLOCK_TRANSFER
SUCCESS, UNDEFINED, OTHER = DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OTHER_REASON
DONE = ActionResult.SUCCESS
ENTRY = Selection(2, bytes.fromhex("020406000000010600000001120001120000"))
READ, WRITE, CALL = (AccessGet(REGISTER), None), (AccessSet(REGISTER), b"\x11\x07"), (AccessAction(ECHO), b"\x11\x09")
BAD_READ, BAD_CALL = (AccessGet(NOWHERE), None), (AccessAction(NOWHERE), None)


def joined(level: str = "public", max_pdu: int = 0xFFFF, cut: str = "whole", **client) -> Pair:
    security, client_sap = LEVELS[level]
    facts = {"client": {"max_pdu": max_pdu, **client}, "server": {"max_pdu": max_pdu}}
    return Pair(security, client_sap=client_sap, cut=cut, **facts).associate()


def accessed(pair: Pair, *items, **facts) -> list:
    event = pair.ask(pair.client.access(items, now=pair.now, **facts))
    assert isinstance(event, Accessed), event
    return event.results


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("cut", CUTS)
def test_all_at_once(level, cut):
    pair = joined(level, cut=cut)
    before = pair.store.values[REGISTER]
    found = accessed(pair, READ, WRITE, READ, BAD_READ, CALL, (AccessAction(RESET), None), BAD_CALL)
    assert found == [
        (SUCCESS, before),
        (SUCCESS, None),
        (SUCCESS, b"\x11\x07"),
        (UNDEFINED, None),
        (DONE, b"\x11\x09"),
        (DONE, None),
        (ActionResult.OBJECT_UNDEFINED, None),
    ]
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


def test_what_is_ciphered_is_hidden():
    pair = joined("glo")
    accessed(pair, (AccessSet(REGISTER), b"\x09\x06secret"), READ)
    assert not any(b"secret" in data for sent in pair.sent for data in sent)


def test_the_shell_is_asked_once_and_in_order():
    pair = joined()
    accessed(pair, (AccessGet(PROFILE, ENTRY), None), WRITE, CALL, break_on_error=True)
    [asked] = [event for event in pair.server_events if isinstance(event, AccessAsked)]
    assert asked.items == ((AccessGet(PROFILE, ENTRY), b"\0"), WRITE, CALL)
    assert asked.break_on_error


def test_what_breaks_on_an_error_goes_no_further():
    pair = joined()
    found = accessed(pair, READ, BAD_READ, WRITE, CALL, break_on_error=True)
    assert found == [(SUCCESS, b"\x06\0\0\1\2"), (UNDEFINED, None), (OTHER, None), (ActionResult.OTHER_REASON, None)]
    assert pair.store.values[REGISTER] == b"\x06\0\0\1\2"
    assert pair.store.invoked == []
    assert accessed(pair, BAD_READ, WRITE)[1] == (SUCCESS, None)


def test_what_breaks_on_an_error_goes_no_further_in_further_requests():
    pair = joined(max_pdu=100, conformance=NO_GBT)
    items = [READ, BAD_READ, *[WRITE] * 20]
    found = accessed(pair, *items, break_on_error=True)
    assert found == [(SUCCESS, b"\x06\0\0\1\2"), (UNDEFINED, None), *[(OTHER, None)] * 20]
    assert len([event for event in pair.server_events if isinstance(event, AccessAsked)]) == 1


def test_what_was_asked_comes_back_if_wanted():
    pair = joined()
    accessed(pair, READ, (AccessGet(PROFILE, ENTRY), None), self_descriptive=True, date_time=bytes(12))
    answer = decode(pair.sent[1][-1][8:])
    assert answer.specifications == (READ[0], AccessGet(PROFILE, ENTRY))
    assert decode(pair.sent[0][-1][8:]).date_time == bytes(12)
    accessed(pair, READ)
    assert decode(pair.sent[1][-1][8:]).specifications is None


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("conformance", [DEFAULT_CONFORMANCE, NO_GBT])
def test_many_items_go_into_one_request_in_blocks_or_into_several(level, conformance):
    pair = joined(level, max_pdu=140, conformance=conformance)
    found = accessed(pair, *[READ, WRITE, CALL] * 20)
    assert found == [
        (SUCCESS, b"\x06\0\0\1\2"),
        (SUCCESS, None),
        (DONE, b"\x11\x09"),
        *[(SUCCESS, b"\x11\x07"), (SUCCESS, None), (DONE, b"\x11\x09")] * 19,
    ]
    asked = [event for event in pair.server_events if isinstance(event, AccessAsked)]
    assert (len(asked) == 1) == (conformance is DEFAULT_CONFORMANCE)
    assert max(len(data) for sent in pair.sent for data in sent[2:]) <= 140 + 8


def test_an_answer_too_long_without_blocks_is_none():
    pair = joined(max_pdu=100, conformance=NO_GBT)
    pair.store.values[PROFILE] = b"\x09\x81\x96" + bytes(150)
    error = pair.failure(pair.client.access([(AccessGet(PROFILE), None)], now=pair.now))
    assert isinstance(error, ExceptionError)
    assert error.service_error is ServiceErrorCode.PDU_TOO_LONG
    assert accessed(pair, READ) == [(SUCCESS, b"\x06\0\0\1\2")]


def test_a_request_too_long_without_blocks_is_not_sent():
    pair = joined(max_pdu=100, conformance=NO_GBT)
    with pytest.raises(LocalProtocolError, match="the server takes 100"):
        pair.client.access([(AccessSet(REGISTER), bytes(200))])
    assert accessed(pair, READ)


def test_without_leave_it_is_neither_sent_nor_served():
    none = DEFAULT_CONFORMANCE & ~Conformance.ACCESS
    with pytest.raises(LocalProtocolError, match="ACCESS was not negotiated"):
        joined(conformance=none).client.access([READ])
    request = AccessRequest(0x40000001, b"", (AccessGet(CLOCK),), (b"\0",))
    refused = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
    assert ask(public_pair(conformance=none), request) == refused


@pytest.mark.parametrize("asked", [AccessGet, AccessSet])
def test_all_attributes_at_once_need_leave_too(asked):
    everything = AttributeDescriptor(*REGISTER[:2], 0)
    none = DEFAULT_CONFORMANCE & ~(
        Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET | Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET
    )
    with pytest.raises(LocalProtocolError, match="all attributes at once"):
        joined(conformance=none).client.access([(asked(everything), None)])
    request = AccessRequest(0x40000001, b"", (asked(everything),), (b"\0",))
    refused = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
    assert ask(public_pair(conformance=none), request) == refused


def test_unconfirmed_it_is_done_and_not_answered():
    pair = joined()
    request = pair.client.access([WRITE, CALL], confirmed=False)
    pair.run()
    assert pair.client.expire(pair.now) == [Accessed(request, [])]
    assert pair.store.values[REGISTER] == b"\x11\x07"
    assert len(pair.sent[1]) == 1
    assert accessed(pair, READ) == [(SUCCESS, b"\x11\x07")]


def test_service_class_and_priority_stand_in_the_long_invoke_id():
    client = associated()
    seen = set()
    for facts, high in (({}, 0xC0), ({"high_priority": False}, 0x40), ({"break_on_error": True}, 0xE0)):
        request = client.access([READ], **facts)
        asked = AccessRequest.decode(sent(client))
        assert asked.long_invoke >> 24 == high
        seen.add(asked.long_invoke & 0xFFFFFF)
        done = AccessResult(AccessService.GET, SUCCESS)
        answer = AccessResponse(asked.long_invoke, b"", (b"\x11\1",), (done,))
        assert give(client, answer.encode()) == Accessed(request, [(SUCCESS, b"\x11\1")])
    assert len(seen) == 3


# Answers that do not fit


def response(client, count: int = 1, **changes) -> bytes:
    asked = AccessRequest.decode(sent(client))
    facts = {
        "long_invoke": asked.long_invoke,
        "date_time": b"",
        "data": (b"\x11\1",) * count,
        "results": (AccessResult(AccessService.GET, SUCCESS),) * count,
    }
    return AccessResponse(**facts | changes).encode()


def test_an_answer_that_came_too_late_is_ignored():
    client = associated()
    client.access([READ])
    assert give(client, response(client, long_invoke=0x40000000)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"results": (AccessResult(AccessService.SET, SUCCESS),)},
        {"results": (AccessResult(AccessService.ACTION, DONE),)},
        {"specifications": (AccessGet(CLOCK),)},
        {"specifications": ()},
    ],
)
def test_an_answer_about_something_else_is_refused(changes):
    client = associated()
    request = client.access([READ])
    event = give(client, response(client, **changes))
    assert (event.id, type(event.error)) == (request, RemoteProtocolError)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_answer_with_too_few_or_too_many_results_is_refused(count):
    client = associated()
    request = client.access([READ, READ])
    event = give(client, response(client, count))
    assert (event.id, type(event.error)) == (request, RemoteProtocolError)


def test_an_answer_that_ends_at_the_error_is_taken():
    client = associated()
    request = client.access([READ, READ, WRITE], break_on_error=True)
    failed = response(client, data=(b"\0",), results=(AccessResult(AccessService.GET, UNDEFINED),))
    assert give(client, failed) == Accessed(request, [(UNDEFINED, None), (OTHER, None), (OTHER, None)])


def test_another_answer_is_refused():
    client = associated()
    client.access([READ])
    event = give(client, bytes.fromhex("c401c1001101"))
    assert isinstance(event, Failed)
    assert "unexpected answer c401 to access" in str(event.error)


kinds = st.sampled_from([READ, WRITE, CALL, BAD_READ, BAD_CALL, (AccessAction(RESET), b"\x0f\0")])


@given(
    items=st.lists(kinds, min_size=1, max_size=30),
    level=st.sampled_from(sorted(LEVELS)),
    max_pdu=st.integers(100, 600),
    gbt=st.booleans(),
    break_on_error=st.booleans(),
)
@settings(max_examples=60)
def test_any_items_in_any_number_of_requests(items, level, max_pdu, gbt, break_on_error):
    pair = joined(level, max_pdu, conformance=DEFAULT_CONFORMANCE if gbt else NO_GBT)
    found = accessed(pair, *items, break_on_error=break_on_error)
    assert len(found) == len(items)
    failing = [number for number, item in enumerate(items) if item in (BAD_READ, BAD_CALL)]
    if break_on_error and failing:
        assert all(result != 0 for result, _ in found[failing[0] :])
        assert all(result == 0 for result, _ in found[: failing[0]])
    else:
        assert [number for number, (result, _) in enumerate(found) if result != 0] == failing
