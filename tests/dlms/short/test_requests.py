"""What a server makes of requests by short names: known names and others, services agreed on and others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.dlms.client import DEFAULT_CONFORMANCE
from openami.dlms.server import AccessRequest, SetRequest
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AccessSet,
    ActionResult,
    Conformance,
    DataAccessResult,
    ExceptionResponse,
    Selection,
    ServiceErrorCode,
    decode,
)
from openami.dlms.xdlms.short import (
    BlockNumberAccess,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from pair import CLOCK, REGISTER, RESET, ask
from short_pair import AGREE, AT_AGREE, AT_CLOCK, AT_REGISTER, FIVE, NOTHING, SUCCESS, UNDEFINED, public


def test_names_that_mean_nothing_do_not_spoil_the_others():
    joined = public()
    variables = [VariableName(name) for name in (NOTHING, AT_CLOCK, AT_CLOCK + 1, 0x0128)]
    answer = ask(joined, ReadRequest(tuple(variables)))
    assert answer == ReadResponse((UNDEFINED, joined.store.values[CLOCK], UNDEFINED, UNDEFINED))
    assert joined.server_events[-1].items == ((CLOCK, None),)
    known = len(joined.server_events)
    assert ask(joined, ReadRequest((VariableName(NOTHING),))) == ReadResponse((UNDEFINED,))
    assert ask(joined, WriteRequest((VariableName(NOTHING),), (FIVE,))) == WriteResponse((UNDEFINED,))
    assert joined.strike(UnconfirmedWriteRequest((VariableName(NOTHING),), (FIVE,)).encode()) == b""
    assert len(joined.server_events) == known


def test_attributes_and_methods_in_one_request_are_carried_out_in_turn():
    joined = public()
    parameter = b"\x12\0\5"
    reading = ReadRequest((VariableName(AT_CLOCK), ParameterizedAccess(AT_AGREE, 0, parameter), VariableName(NOTHING)))
    assert ask(joined, reading) == ReadResponse((joined.store.values[CLOCK], parameter, UNDEFINED))
    asked = joined.server_events[-1]
    assert isinstance(asked, AccessRequest)
    assert asked.items == ((AccessGet(CLOCK), None), (AccessAction(AGREE), parameter))
    writing = WriteRequest((VariableName(0x0128), VariableName(AT_REGISTER)), (b"\x0f\0", FIVE))
    assert ask(joined, writing) == WriteResponse((SUCCESS, SUCCESS))
    assert joined.server_events[-1].items == ((AccessAction(RESET), b"\x0f\0"), (AccessSet(REGISTER), FIVE))


def test_a_method_is_never_invoked_by_a_look_at_its_name():
    joined = public()
    assert ask(joined, ReadRequest((VariableName(AT_AGREE),))) == ReadResponse((UNDEFINED,))
    assert joined.store.invoked == []
    with_selector = WriteRequest((ParameterizedAccess(AT_AGREE, 1, b"\0"),), (FIVE,))
    assert ask(joined, with_selector) == WriteResponse((UNDEFINED,))


def test_a_part_of_an_attribute_is_written():
    joined = public()
    selected = WriteRequest((ParameterizedAccess(AT_REGISTER, 2, b"\x11\1"),), (FIVE,))
    assert ask(joined, selected) == WriteResponse((SUCCESS,))
    asked = joined.server_events[-1]
    assert isinstance(asked, SetRequest)
    assert asked.items == ((REGISTER, Selection(2, b"\x11\1"), FIVE),)


def test_a_method_without_data_that_is_read_gives_null_data():
    joined = public()
    reading = ReadRequest((ParameterizedAccess(0x0128, 0, b"\x0f\0"),))
    assert ask(joined, reading) == ReadResponse((b"\0",))
    joined.store.invoke = lambda method, parameters: (ActionResult.HARDWARE_FAULT, None)
    assert ask(joined, reading) == ReadResponse((DataAccessResult.HARDWARE_FAULT,))
    assert ask(joined, WriteRequest((VariableName(0x0128),), (b"\x0f\0",))) == WriteResponse(
        (DataAccessResult.HARDWARE_FAULT,)
    )


REQUESTS = {
    "read": ReadRequest((VariableName(AT_CLOCK),)),
    "write": WriteRequest((VariableName(AT_CLOCK),), (FIVE,)),
    "parameterised-access": ReadRequest((ParameterizedAccess(AT_CLOCK, 1, b"\0"),)),
    "multiple-references": ReadRequest((VariableName(AT_CLOCK),) * 2),
    "next block": ReadRequest((BlockNumberAccess(1),)),
    "block of a read": ReadRequest((ReadDataBlockAccess(True, 1, b"\0"),)),
    "block of a write": WriteRequest((WriteDataBlockAccess(False, 1),), (b"\x09\1\0",)),
    "unconfirmed-write": UnconfirmedWriteRequest((VariableName(AT_CLOCK),), (FIVE,)),
}
NEEDS = {
    "read": Conformance.GET | Conformance.ACTION,
    "write": Conformance.SET | Conformance.ACTION,
    "parameterised-access": Conformance.SELECTIVE_ACCESS | Conformance.ACTION,
    "multiple-references": Conformance.MULTIPLE_REFERENCES,
    "next block": Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ,
    "block of a read": Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ,
    "block of a write": Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
    "unconfirmed-write": Conformance.SET,
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_was_not_negotiated_is_not_served(name):
    known = ask(public(DEFAULT_CONFORMANCE), REQUESTS[name]) if name != "unconfirmed-write" else None
    assert not isinstance(known, ExceptionResponse)
    answer = ask(public(DEFAULT_CONFORMANCE & ~NEEDS[name]), REQUESTS[name])
    assert isinstance(answer, ExceptionResponse)
    assert answer.service_error is ServiceErrorCode.SERVICE_NOT_SUPPORTED


@pytest.mark.parametrize("octets", ["c001c1000800000100 00ff0200", "c101c1", "c301c1", "d9", "0b", "0c0100"])
def test_services_by_logical_names_are_unknown(octets):
    answer = decode(public().strike(bytes.fromhex(octets)))
    assert isinstance(answer, ExceptionResponse)
    assert answer.service_error is ServiceErrorCode.SERVICE_NOT_SUPPORTED


@given(
    st.sampled_from([b"", b"\x05", b"\x06", b"\x16", b"\x05\x01\x06\x01", b"\x06\x01\x07\x01"]), st.binary(max_size=60)
)
def test_any_octets_are_answered_or_ignored(head, noise):
    joined = public()
    answer = joined.strike(head + noise) if head + noise else b""
    assert not answer or decode(answer)
