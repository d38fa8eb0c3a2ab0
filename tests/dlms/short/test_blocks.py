"""Values longer than an APDU by short names: both ways between our two ends, and block by block at the server."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levels import carry, octet_string
from openami.dlms.client import DEFAULT_CONFORMANCE
from openami.dlms.server import GetRequest
from openami.dlms.xdlms import ActionResult, DataAccessResult, ExceptionResponse, Selection
from openami.dlms.xdlms.short import (
    BlockNumber,
    BlockNumberAccess,
    DataBlockResult,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from pair import CLOCK, CUTS, ECHO, PROFILE, REGISTER, Pair, ask
from short_pair import AGREE, AT_CLOCK, FIVE, LEVELS, NO_GBT, SUCCESS, UNDEFINED, Echoing, pair, public


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [100, 1000])
def test_long_values_go_in_blocks_both_ways(level, size):
    value, other = octet_string(size), octet_string(size // 2)
    pdus = {"client": {"max_pdu": 120, "conformance": NO_GBT}, "server": {"max_pdu": 110}}
    joined = pair(level, **pdus).associate()
    assert joined.ask(joined.client.set([(PROFILE, None, value), (CLOCK, None, other)])).results == [UNDEFINED, SUCCESS]
    joined.store.values[PROFILE] = b"\0"
    assert joined.ask(joined.client.set([(PROFILE, None, value)])).results == [SUCCESS]
    assert joined.get(PROFILE) == [value]
    assert joined.get(PROFILE, REGISTER, CLOCK) == [value, joined.store.values[REGISTER], other]
    selection = Selection(2, value)
    got = joined.ask(joined.client.get([(PROFILE, selection), (REGISTER, None)]))
    assert got.results == [value, joined.store.values[REGISTER]]
    asked = [event for event in joined.server_events if isinstance(event, GetRequest)]
    assert any((PROFILE, selection) in event.items for event in asked)
    acted = joined.ask(joined.client.action([(AGREE, value), (ECHO, other)]))
    assert acted.results == [(ActionResult.SUCCESS, value), (ActionResult.SUCCESS, None)]
    assert joined.store.invoked == [(AGREE, value), (ECHO, other)]
    if LEVELS[level][1] != 1:
        assert max(map(len, joined.sent[0][2:])) <= 110 + 8
        assert max(map(len, joined.sent[1][2:])) <= 110 + 8


@given(
    values=st.lists(st.binary(max_size=400), min_size=1, max_size=6),
    level=st.sampled_from(sorted(LEVELS)),
    max_pdus=st.tuples(st.integers(80, 600), st.integers(80, 600)),
    gbt=st.booleans(),
    cut=st.sampled_from(sorted(CUTS)),
)
@settings(max_examples=60)
def test_any_values_arrive_both_ways(values, level, max_pdus, gbt, cut):
    conformance = DEFAULT_CONFORMANCE if gbt else NO_GBT
    client = {"max_pdu": max_pdus[0], "conformance": conformance, "prefers_gbt": gbt}
    server = {"max_pdu": max_pdus[1], "prefers_gbt": gbt}
    joined = pair(level, cut=cut, client=client, server=server, answer=Echoing({PROFILE: b"\0"})).associate()
    carry(joined, values, max_pdus, AGREE)


def test_lost_blocks_are_asked_for_again():
    value = octet_string(700)
    joined = pair(client={"conformance": NO_GBT}, server={"max_pdu": 100}, answer=Echoing({PROFILE: value})).associate()
    request = joined.client.get([(PROFILE, None)], now=joined.now)
    joined.to_server()
    joined.to_client()
    joined.to_server()
    joined.server.outgoing()
    joined.now += 10
    assert joined.client.expire(joined.now) == []
    assert joined.ask(request).results == [value]


def long_read(joined: Pair) -> DataBlockResult:
    joined.store.values[CLOCK] = octet_string(300)
    answer = ask(joined, ReadRequest((VariableName(AT_CLOCK),)))
    return answer.results[0]


def test_a_long_answer_in_blocks():
    joined = public(NO_GBT, max_pdu=100)
    block, value = long_read(joined), b""
    while not block.last_block:
        value += block.raw_data
        again = ask(joined, ReadRequest((BlockNumberAccess(block.block_number),)))
        assert ask(joined, ReadRequest((BlockNumberAccess(block.block_number),))) == again
        block = again.results[0]
    assert value + block.raw_data == octet_string(300)
    done = ask(joined, ReadRequest((BlockNumberAccess(9),)))
    assert done == ReadResponse((DataAccessResult.NO_LONG_GET_IN_PROGRESS,))


def test_a_wrong_block_number_ends_a_long_answer():
    for number in (0, 2, 0xFFFF):
        joined = public(NO_GBT, max_pdu=100)
        long_read(joined)
        refused = ReadResponse((DataAccessResult.DATA_BLOCK_NUMBER_INVALID,))
        assert ask(joined, ReadRequest((BlockNumberAccess(number),))) == refused
        ended = ReadResponse((DataAccessResult.NO_LONG_GET_IN_PROGRESS,))
        assert ask(joined, ReadRequest((BlockNumberAccess(1),))) == ended


def read_block(last, number, raw):
    return ReadRequest((ReadDataBlockAccess(last, number, raw),)), ReadResponse


def write_block(last, number, raw):
    return WriteRequest((WriteDataBlockAccess(last, number),), (bytes((9, len(raw))) + raw,)), WriteResponse


@pytest.mark.parametrize(
    ("block", "missing", "aborted"),
    [
        (read_block, DataAccessResult.NO_LONG_GET_IN_PROGRESS, DataAccessResult.LONG_GET_ABORTED),
        (write_block, DataAccessResult.NO_LONG_SET_IN_PROGRESS, DataAccessResult.LONG_SET_ABORTED),
    ],
)
def test_blocks_of_a_request_come_in_turn(block, missing, aborted):
    joined = public()

    def give(last, number, raw):
        request, response = block(last, number, raw)
        answer = ask(joined, request)
        assert isinstance(answer, response)
        [result] = answer.results
        return result

    assert give(False, 2, b"\1") is missing
    assert give(False, 1, b"\1") == BlockNumber(1)
    assert give(False, 3, b"\1") is DataAccessResult.DATA_BLOCK_NUMBER_INVALID
    assert give(True, 2, b"\1") is missing
    assert give(False, 1, b"") is aborted
    assert give(False, 1, b"\1") == BlockNumber(1)
    assert give(False, 1, b"\2") == BlockNumber(1)
    assert give(True, 2, b"\x02") is aborted


def test_blocks_among_other_variables_are_refused():
    joined = public()
    name = VariableName(AT_CLOCK)
    for request in (
        ReadRequest((name, BlockNumberAccess(1))),
        ReadRequest((WriteDataBlockAccess(True, 1),)),
        WriteRequest((name, WriteDataBlockAccess(True, 1)), (FIVE, FIVE)),
        WriteRequest((BlockNumberAccess(1),), (FIVE,)),
        WriteRequest((WriteDataBlockAccess(True, 1),), (FIVE,)),
        UnconfirmedWriteRequest((WriteDataBlockAccess(True, 1),), (b"\x09\0",)),
    ):
        assert isinstance(ask(joined, request), ExceptionResponse)
