"""What a server does not take: APDUs too long, attributes nobody agreed to, tags that are no requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.dlms.client import DEFAULT_CONFORMANCE
from openami.dlms.xdlms import (
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    ServiceErrorCode,
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
    StateError,
    decode,
)
from pair import CLOCK, ECHO, REGISTER, Pair, ask, hls5, public, wrap

TOO_LONG = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)
UNKNOWN = ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
UNDEFINED, SUCCESS = DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.SUCCESS
EVERYTHING = AttributeDescriptor(*REGISTER[:2], 0)
ALL = Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET | Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET
NO_ALL = DEFAULT_CONFORMANCE & ~ALL


@pytest.mark.parametrize("size", [60, 61, 1000])
def test_an_apdu_longer_than_we_take_is_refused(size):
    pair = public(server={"max_pdu": 60})
    request = SetRequestNormal(0xC1, REGISTER, None, b"\x09\x2d" + bytes(45)).encode().ljust(size, b"\0")
    answer = decode(pair.strike(request))
    assert answer == (SetResponseNormal(0xC1, SUCCESS) if size == 60 else TOO_LONG)
    assert isinstance(ask(pair, GetRequestNormal(0xC1, CLOCK)), GetResponseNormal)


def test_an_association_may_be_opened_and_released_by_longer_ones():
    pair = Pair(hls5(), client_sap=1, server={"max_pdu": 80}).associate()
    assert len(pair.sent[0][0]) > 80 + 8
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]
    assert pair.ask(pair.client.release())


def test_without_a_limit_anything_is_taken():
    pair = public(server={"max_pdu": 0})
    value = b"\x09\x82\x27\x10" + bytes(10_000)
    assert ask(pair, SetRequestNormal(0xC1, REGISTER, None, value)) == SetResponseNormal(0xC1, SUCCESS)


@given(st.integers(0, 255), st.binary(max_size=30))
def test_any_apdu_is_answered_or_ignored_and_serving_goes_on(tag, tail):
    pair = public()
    pair.serve(pair.server.receive(wrap(bytes((tag,)) + tail, 16), pair.now))
    assert len(pair.server.outgoing()) < 2
    if tag not in (0x60, 0x62):  # those that open and release
        assert isinstance(ask(pair, GetRequestNormal(0xC1, CLOCK)), GetResponseNormal)


@pytest.mark.parametrize("apdu", ["08", "61", "63", "c4", "c5", "c7", "da", "d8", "0e", "c2", "0f", "00", "ff"])
def test_what_is_no_request_is_answered_as_unknown(apdu):
    assert decode(public().strike(bytes.fromhex(apdu))) == UNKNOWN


# All attributes at once


def test_all_attributes_at_once_are_asked_for_where_that_was_agreed():
    pair = public()
    pair.store.values[EVERYTHING] = b"\x02\x01\x11\x01"
    assert ask(pair, GetRequestNormal(0xC1, EVERYTHING)) == GetResponseNormal(0xC1, b"\x02\x01\x11\x01")
    assert ask(pair, SetRequestNormal(0xC1, EVERYTHING, None, b"\x02\0")) == SetResponseNormal(0xC1, SUCCESS)
    assert pair.store.values[EVERYTHING] == b"\x02\0"


def test_else_there_is_no_such_attribute():
    pair = public(conformance=NO_ALL)
    assert ask(pair, GetRequestNormal(0xC1, EVERYTHING)) == GetResponseNormal(0xC1, UNDEFINED)
    assert ask(pair, SetRequestNormal(0xC1, EVERYTHING, None, b"\x02\0")) == SetResponseNormal(0xC1, UNDEFINED)
    assert pair.strike(SetRequestNormal(0x81, EVERYTHING, None, b"\x02\0").encode()) == b""
    assert len(pair.server_events) == 1


@pytest.mark.parametrize("agreed", [Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET, Conformance(0)])
def test_reading_and_writing_are_agreed_on_apart(agreed):
    pair = public(conformance=NO_ALL | agreed)
    pair.store.values[EVERYTHING] = b"\x02\0"
    found = ask(pair, GetRequestNormal(0xC1, EVERYTHING)).result
    assert found == (b"\x02\0" if agreed else UNDEFINED)
    assert ask(pair, SetRequestNormal(0xC1, EVERYTHING, None, b"\x02\0")).result is UNDEFINED


def test_in_a_list_only_that_item_is_refused():
    pair = public(conformance=NO_ALL)
    clock, register = pair.store.values[CLOCK], pair.store.values[REGISTER]
    items = tuple((attribute, None) for attribute in (EVERYTHING, CLOCK, EVERYTHING, REGISTER))
    answer = ask(pair, GetRequestWithList(0xC1, items))
    assert answer == GetResponseWithList(0xC1, (UNDEFINED, clock, UNDEFINED, register))
    assert pair.server_events[-1].items == ((CLOCK, None), (REGISTER, None))
    written = SetRequestWithList(0xC1, items, (b"\x11\1", b"\x11\2", b"\x11\3", b"\x11\4"))
    assert ask(pair, written) == SetResponseWithList(0xC1, (UNDEFINED, SUCCESS, UNDEFINED, SUCCESS))
    assert (pair.store.values[CLOCK], pair.store.values[REGISTER]) == (b"\x11\2", b"\x11\4")
    nothing = ((EVERYTHING, None),) * 2
    assert ask(pair, GetRequestWithList(0xC1, nothing)) == GetResponseWithList(0xC1, (UNDEFINED,) * 2)


def test_a_method_0_is_none_of_it():
    method = ECHO._replace(method_id=0)
    pair = Pair(client={"conformance": NO_ALL}).associate()
    assert pair.ask(pair.client.action([(method, None)])).results[0][0] == 0
