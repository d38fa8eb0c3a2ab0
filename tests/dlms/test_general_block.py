"""General block transfer between our two ends: instead of blocks of the services, ciphered too."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levels import LEVELS, carry, octet_string, write_and_read
from openami.core.errors import LocalProtocolError
from openami.dlms.client import DEFAULT_CONFORMANCE
from openami.dlms.server import GetRequest
from openami.dlms.xdlms import (
    ActionResult,
    Conformance,
    DataAccessResult,
    DataNotification,
    ExceptionResponse,
    GeneralBlockTransfer,
    GetRequestNormal,
    GetResponseNormal,
    GetResponseWithDataBlock,
    ServiceErrorCode,
    SetRequestNormal,
    SetResponseNormal,
    StateError,
    decode,
)
from pair import (
    CLOCK,
    CUTS,
    ECHO,
    PROFILE,
    REGISTER,
    RESET,
    Pair,
    Store,
    ask,
    give,
    hls5,
    lone,
    public,
    wrap,
)

SERVICE_BLOCKS = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
ONLY_GBT = DEFAULT_CONFORMANCE & ~SERVICE_BLOCKS
NO_GBT = DEFAULT_CONFORMANCE & ~Conformance.GENERAL_BLOCK_TRANSFER
SUCCESS = DataAccessResult.SUCCESS
levels = pytest.mark.parametrize("level", LEVELS)


def joined(level: str = "public", max_pdu: int = 100, cut: str = "whole", **client) -> Pair:
    security, client_sap = LEVELS[level]
    return Pair(
        security,
        client_sap=client_sap,
        cut=cut,
        client={"max_pdu": max_pdu, "conformance": ONLY_GBT, **client},
        server={"max_pdu": max_pdu},
    ).associate()


def apdus(pair: Pair, direction: int) -> list[bytes]:
    return [data[8:] for data in pair.sent[direction]]


@levels
@pytest.mark.parametrize("max_pdu", [90, 160, 400])
@pytest.mark.parametrize("window", [1, 5, 63])
def test_long_values_both_ways_where_services_have_no_blocks(level, max_pdu, window):
    pair = joined(level, max_pdu, block_window=window)
    value = octet_string(3000)
    write_and_read(pair, value)
    acted = pair.ask(pair.client.action([(ECHO, value), (RESET, None), (ECHO, b"\x12\0\5")]))
    assert acted.results == [
        (ActionResult.SUCCESS, value),
        (ActionResult.SUCCESS, None),
        (ActionResult.SUCCESS, b"\x12\0\5"),
    ]
    for direction in (0, 1):
        sent = apdus(pair, direction)[2:]
        assert max(map(len, sent)) <= max_pdu
        assert any(apdu[0] == 0xE0 for apdu in sent)


@pytest.mark.parametrize("cut", CUTS)
def test_in_every_cut(cut):
    pair = joined("glo", cut=cut)
    pair.store.values[PROFILE] = octet_string(1000)
    assert pair.get(PROFILE) == [octet_string(1000)]


def test_a_client_that_prefers_it_tells_its_window_at_once():
    pair = joined(prefers_gbt=True, block_window=10, conformance=DEFAULT_CONFORMANCE)
    pair.store.values[PROFILE] = octet_string(800)
    assert pair.get(PROFILE) == [octet_string(800)]
    assert len(apdus(pair, 0)) == 2 + 0  # AARQ, and the request with its window: ten blocks come at once
    assert [decode(apdu).streaming for apdu in apdus(pair, 1)[1:]] == [True] * 8 + [False]


def test_a_server_that_prefers_it_uses_it_although_the_service_has_blocks():
    pair = Pair(client={"max_pdu": 100}, server={"prefers_gbt": True}).associate()
    pair.store.values[PROFILE] = octet_string(800)
    assert pair.get(PROFILE) == [octet_string(800)]
    assert all(isinstance(decode(apdu), GeneralBlockTransfer) for apdu in apdus(pair, 1)[1:])


def test_blocks_of_the_service_come_first():
    pair = joined(conformance=DEFAULT_CONFORMANCE)
    pair.store.values[PROFILE] = octet_string(800)
    assert pair.get(PROFILE) == [octet_string(800)]
    assert all(isinstance(decode(apdu), GetResponseWithDataBlock) for apdu in apdus(pair, 1)[1:])


def test_requests_follow_each_other_whatever_their_length():
    pair = joined()
    for size in (3, 500, 3, 90, 500):
        assert pair.ask(pair.client.action([(ECHO, octet_string(size))])).results == [
            (ActionResult.SUCCESS, octet_string(size))
        ]


def test_an_answer_given_later_leaves_in_the_same_exchange():
    pair = joined("glo", prefers_gbt=True)
    request = pair.client.get([(PROFILE, None)])
    events = [event for data in pair.client.outgoing() for event in pair.server.receive(data, pair.now)]
    assert pair.server.outgoing() == []
    pair.server.respond(events[-1].id, [octet_string(300)])
    assert pair.ask(request).results == [octet_string(300)]


def test_an_unconfirmed_request_leaves_whole_or_not_at_all():
    pair = joined(prefers_gbt=True)
    pair.client.set([(REGISTER, None, b"\x06\0\0\0\7")], confirmed=False)
    pair.run()
    assert apdus(pair, 0)[-1][0] == 0xC1
    with pytest.raises(LocalProtocolError, match="no blocks"):
        pair.client.set([(REGISTER, None, octet_string(500))], confirmed=False)


def test_without_leave_it_is_refused():
    pair = public(conformance=NO_GBT)
    block = GeneralBlockTransfer(True, False, 1, 1, 0, GetRequestNormal(0xC1, CLOCK).encode())
    refused = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
    assert ask(pair, block) == refused
    assert decode(Pair().strike(block.encode())) == refused


def test_what_is_no_block_is_answered_as_malformed():
    pair = public()
    malformed = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON)
    assert decode(pair.strike(bytes.fromhex("e0810001"))) == malformed
    assert isinstance(ask(pair, GetRequestNormal(0xC1, CLOCK)), GetResponseNormal)


def test_a_bad_request_in_blocks_is_refused_in_a_block():
    pair = public()
    answer = ask(pair, GeneralBlockTransfer(True, False, 1, 1, 0, bytes.fromhex("c001c1")))
    assert decode(answer.block_data).service_error is ServiceErrorCode.OTHER_REASON


# The same request again


def in_block(request) -> GeneralBlockTransfer:
    return GeneralBlockTransfer(True, False, 1, 1, 0, request.encode())


def test_a_reading_that_comes_again_is_read_again():
    pair = public()
    request = in_block(GetRequestNormal(0xC1, REGISTER))
    first = ask(pair, request)
    pair.store.values[REGISTER] = b"\x11\x07"
    assert first != ask(pair, request)


def test_a_writing_that_comes_again_is_answered_again_and_written_once():
    pair = public()
    request = in_block(SetRequestNormal(0xC1, REGISTER, None, b"\x11\x07"))
    first = ask(pair, request)
    assert decode(first.block_data) == SetResponseNormal(0xC1, SUCCESS)
    assert ask(pair, request) == first
    assert len(pair.server_events) == 2
    pair.now += 31.0  # nobody asks again after so long: it is another request
    assert ask(pair, request) == first
    assert len(pair.server_events) == 3


def test_another_request_begins_another_exchange():
    pair = public()
    for value in (b"\x11\x07", b"\x11\x08"):
        ask(pair, in_block(SetRequestNormal(0xC1, REGISTER, None, value)))
        assert pair.store.values[REGISTER] == value
    long = SetRequestNormal(0xC1, REGISTER, None, octet_string(50)).encode()
    for _ in range(2):
        for number, part in ((1, long[:20]), (2, long[20:])):
            answer = ask(pair, GeneralBlockTransfer(number == 2, False, 1, number, 0, part))
        assert decode(answer.block_data) == SetResponseNormal(0xC1, SUCCESS)
    assert len(pair.server_events) == 5


def test_an_exchange_ends_with_its_association():
    pair = public()
    ask(pair, GeneralBlockTransfer(False, False, 1, 1, 0, b"\xc0"))
    pair.server.close()
    assert pair.server._carrier.is_idle


def test_what_opens_and_releases_an_association_is_whole_however_long():
    pair = Pair(hls5(), client_sap=1, client={"max_pdu": 80}, server={"max_pdu": 80}).associate()
    pair.ask(pair.client.release())
    assert [apdus(pair, direction)[end][0] for direction in (0, 1) for end in (0, -1)] == [0x60, 0x62, 0x61, 0x63]
    assert len(apdus(pair, 1)[0]) > 80


def test_a_client_without_an_association_takes_no_blocks():
    client = lone()
    block = GeneralBlockTransfer(False, False, 1, 1, 0, b"\x0f")
    assert give(client, block.encode()) is None
    assert client.outgoing() == []


# Unasked


@levels
def test_a_long_notification(level):
    pair = joined(level)
    told = DataNotification(0x00000001, b"", octet_string(700))
    pair.server.notify(pair.client_sap, told.encode(), pair.now)
    [event] = pair.run()
    assert (event.notification, event.is_protected) == (told, True)
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]
    pair.server.notify(pair.client_sap, told.encode(), pair.now)
    assert [event.notification for event in pair.run()] == [told]


@given(
    values=st.lists(st.binary(max_size=400), min_size=1, max_size=5),
    level=st.sampled_from(sorted(LEVELS)),
    max_pdus=st.tuples(st.integers(80, 600), st.integers(80, 600)),
    windows=st.tuples(st.integers(1, 63), st.integers(1, 63)),
    prefers=st.booleans(),
)
@settings(max_examples=60)
def test_any_values_arrive_both_ways(values, level, max_pdus, windows, prefers):
    security, client_sap = LEVELS[level]
    client = {"max_pdu": max_pdus[0], "conformance": ONLY_GBT, "block_window": windows[0], "prefers_gbt": prefers}
    server = {"max_pdu": max_pdus[1], "block_window": windows[1]}
    pair = Pair(security, client_sap=client_sap, client=client, server=server, answer=Store({PROFILE: b"\0"}))
    pair.associate()
    carry(pair, values, max_pdus)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_octets_in_blocks_are_answered_or_ignored(tails):
    pair = public()
    for tail in tails:
        pair.serve(pair.server.receive(wrap(b"\xe0" + tail, 16), pair.now))
        pair.server.outgoing()
    assert isinstance(ask(pair, GetRequestNormal(0xC1, CLOCK)), GetResponseNormal)
    events = [event for event in pair.server_events if isinstance(event, GetRequest)]
    assert events[-1].items == ((CLOCK, None),)
    assert replace(events[-1], id=0, client_sap=0) == GetRequest(0, 0, ((CLOCK, None),))
