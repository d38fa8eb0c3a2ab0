"""Every xDLMS APDU: each comes back, each cut and any octets are an APDU or a DecodeError with a place."""

from dataclasses import fields, is_dataclass
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.dlms import xdlms
from openami.dlms.xdlms import (
    APDU,
    AccessService,
    ActionResult,
    AttributeDescriptor,
    ConfirmedService,
    Conformance,
    DataAccessResult,
    DataBlock,
    ErrorClass,
    ExceptionResponse,
    MethodDescriptor,
    Selection,
    ServiceErrorCode,
    StateError,
    short,
)
from openami.dlms.xdlms.apdu import BY_CHOICE, BY_TAG

HEADS = [*BY_CHOICE, *BY_TAG]

octet, u16, u32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
names = st.binary(min_size=6, max_size=6).map(OBIS)
attributes = st.builds(AttributeDescriptor, u16, names, st.integers(-128, 127))
methods = st.builds(MethodDescriptor, u16, names, st.integers(-128, 127))
simple = st.sampled_from(["00", "0301", "1142", "12abcd", "0600000001", "0900", "0903010203", "0a0141", "0409ff80"])
data = st.recursive(
    simple.map(bytes.fromhex),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: bytes((2, len(parts))) + b"".join(parts)),
    max_leaves=8,
)
selections = st.none() | st.builds(Selection, octet, data)
items = st.lists(st.tuples(attributes, selections), max_size=3).map(tuple)
blocks = st.builds(DataBlock, st.booleans(), u32, st.binary(max_size=300))
accesses, actions = st.sampled_from(DataAccessResult), st.sampled_from(ActionResult)
results = data | accesses


def with_list(kind, references):
    return st.integers(0, 3).flatmap(
        lambda count: st.builds(
            kind,
            octet,
            st.lists(references, min_size=count, max_size=count).map(tuple),
            st.lists(data, min_size=count, max_size=count).map(tuple),
        )
    )


def some(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


conformances = st.integers(0, 0xFFFFFF).map(Conformance)
dedicated_keys = st.none() | st.binary(max_size=140)
date_times = st.just(b"") | st.binary(min_size=12, max_size=12)
quality = st.none() | st.integers(-128, 127)
variables = st.one_of(
    st.builds(short.VariableName, u16),
    st.builds(short.ParameterizedAccess, u16, octet, data),
    st.builds(short.BlockNumberAccess, u16),
    st.builds(short.ReadDataBlockAccess, st.booleans(), u16, st.binary(max_size=300)),
    st.builds(short.WriteDataBlockAccess, st.booleans(), u16),
)
read_results = results | st.one_of(
    st.builds(short.DataBlockResult, st.booleans(), u16, st.binary(max_size=300)),
    st.builds(short.BlockNumber, u16),
)

specifications = st.one_of(
    st.builds(xdlms.AccessGet, attributes, selections),
    st.builds(xdlms.AccessSet, attributes, selections),
    st.builds(xdlms.AccessAction, methods),
)
access_results = st.one_of(
    st.builds(xdlms.AccessResult, st.sampled_from([AccessService.GET, AccessService.SET]), accesses),
    st.builds(xdlms.AccessResult, st.just(AccessService.ACTION), actions),
)


def written(kind, *more):
    return st.lists(st.tuples(variables, data), max_size=3).flatmap(
        lambda pairs: st.builds(
            kind, *(st.just(tuple(part)) for part in (zip(*pairs, strict=True) if pairs else ((), ()))), *more
        )
    )


KINDS = {
    xdlms.InitiateRequest: st.builds(
        xdlms.InitiateRequest,
        conformances,
        u16,
        st.none() | st.binary(max_size=40),
        st.booleans(),
        quality,
        octet,
    ),
    xdlms.InitiateResponse: st.builds(xdlms.InitiateResponse, conformances, u16, u16, quality, octet),
    xdlms.ConfirmedServiceError: st.builds(
        xdlms.ConfirmedServiceError, st.sampled_from(ConfirmedService), st.sampled_from(ErrorClass), octet
    ),
    xdlms.ExceptionResponse: st.builds(
        ExceptionResponse, st.sampled_from(StateError), st.sampled_from(list(ServiceErrorCode)[:5])
    )
    | st.builds(
        ExceptionResponse,
        st.sampled_from(StateError),
        st.just(ServiceErrorCode.INVOCATION_COUNTER_ERROR),
        u32,
    ),
    xdlms.GetRequestNormal: st.builds(xdlms.GetRequestNormal, octet, attributes, selections),
    xdlms.GetRequestNext: st.builds(xdlms.GetRequestNext, octet, u32),
    xdlms.GetRequestWithList: st.builds(xdlms.GetRequestWithList, octet, items),
    xdlms.GetResponseNormal: st.builds(xdlms.GetResponseNormal, octet, results),
    xdlms.GetResponseWithDataBlock: st.builds(
        xdlms.GetResponseWithDataBlock, octet, st.booleans(), u32, accesses | st.binary(max_size=300)
    ),
    xdlms.GetResponseWithList: st.builds(xdlms.GetResponseWithList, octet, some(results)),
    xdlms.SetRequestNormal: st.builds(xdlms.SetRequestNormal, octet, attributes, selections, data),
    xdlms.SetRequestFirstBlock: st.builds(xdlms.SetRequestFirstBlock, octet, attributes, selections, blocks),
    xdlms.SetRequestWithBlock: st.builds(xdlms.SetRequestWithBlock, octet, blocks),
    xdlms.SetRequestWithList: with_list(xdlms.SetRequestWithList, st.tuples(attributes, selections)),
    xdlms.SetRequestFirstBlockWithList: st.builds(xdlms.SetRequestFirstBlockWithList, octet, items, blocks),
    xdlms.SetResponseNormal: st.builds(xdlms.SetResponseNormal, octet, accesses),
    xdlms.SetResponseDataBlock: st.builds(xdlms.SetResponseDataBlock, octet, u32),
    xdlms.SetResponseLastDataBlock: st.builds(xdlms.SetResponseLastDataBlock, octet, accesses, u32),
    xdlms.SetResponseLastDataBlockWithList: st.builds(
        xdlms.SetResponseLastDataBlockWithList, octet, some(accesses), u32
    ),
    xdlms.SetResponseWithList: st.builds(xdlms.SetResponseWithList, octet, some(accesses)),
    xdlms.ActionRequestNormal: st.builds(xdlms.ActionRequestNormal, octet, methods, st.none() | data),
    xdlms.ActionRequestNextPblock: st.builds(xdlms.ActionRequestNextPblock, octet, u32),
    xdlms.ActionRequestWithList: with_list(xdlms.ActionRequestWithList, methods),
    xdlms.ActionRequestFirstPblock: st.builds(xdlms.ActionRequestFirstPblock, octet, methods, blocks),
    xdlms.ActionRequestWithListFirstPblock: st.builds(
        xdlms.ActionRequestWithListFirstPblock, octet, some(methods), blocks
    ),
    xdlms.ActionRequestWithPblock: st.builds(xdlms.ActionRequestWithPblock, octet, blocks),
    xdlms.ActionResponseNormal: st.builds(xdlms.ActionResponseNormal, octet, actions, st.none() | results),
    xdlms.ActionResponseWithPblock: st.builds(xdlms.ActionResponseWithPblock, octet, blocks),
    xdlms.ActionResponseWithList: st.builds(
        xdlms.ActionResponseWithList, octet, some(st.tuples(actions, st.none() | results))
    ),
    xdlms.ActionResponseNextPblock: st.builds(xdlms.ActionResponseNextPblock, octet, u32),
    xdlms.AccessRequest: st.lists(specifications, max_size=3).flatmap(
        lambda asked: st.builds(
            xdlms.AccessRequest,
            u32,
            date_times,
            st.just(tuple(asked)),
            st.lists(data, min_size=len(asked), max_size=len(asked)).map(tuple),
        )
    ),
    xdlms.AccessResponse: st.lists(st.tuples(data, access_results), max_size=3).flatmap(
        lambda answers: st.builds(
            xdlms.AccessResponse,
            u32,
            date_times,
            st.just(tuple(value for value, _ in answers)),
            st.just(tuple(result for _, result in answers)),
            st.none() | some(specifications),
        )
    ),
    xdlms.GeneralBlockTransfer: st.builds(
        xdlms.GeneralBlockTransfer,
        st.booleans(),
        st.booleans(),
        st.integers(0, 63),
        u16,
        u16,
        st.binary(max_size=300),
    ),
    xdlms.DataNotification: st.builds(xdlms.DataNotification, u32, date_times, data),
    xdlms.DataNotificationConfirm: st.builds(xdlms.DataNotificationConfirm, u32, date_times),
    xdlms.EventNotificationRequest: st.builds(xdlms.EventNotificationRequest, st.none() | date_times, attributes, data),
    short.ReadRequest: st.builds(short.ReadRequest, some(variables)),
    short.ReadResponse: st.builds(short.ReadResponse, some(read_results)),
    short.WriteRequest: written(short.WriteRequest),
    short.WriteResponse: st.builds(short.WriteResponse, some(accesses | st.builds(short.BlockNumber, u16))),
    short.UnconfirmedWriteRequest: written(short.UnconfirmedWriteRequest),
    short.InformationReportRequest: written(
        short.InformationReportRequest, st.none() | st.binary(min_size=10, max_size=19)
    ),
}
apdus = st.one_of(list(KINDS.values()))
#: Their last part is an encoded Data or an optional counter: what follows cannot be told from it.
OPEN = {
    xdlms.GetRequestNormal: "selection",
    xdlms.GetResponseNormal: "result",
    xdlms.SetRequestNormal: "value",
    xdlms.ActionRequestNormal: "parameters",
    xdlms.ActionResponseNormal: "data",
    xdlms.ExceptionResponse: "invocation_counter",
    xdlms.DataNotification: "body",
    xdlms.EventNotificationRequest: "value",
    short.ReadResponse: "results",
}


def test_every_apdu_is_here_and_in_the_table():
    assert set(get_args(APDU)) == set(KINDS)
    assert len(HEADS) == len(KINDS)


@given(apdus)
def test_apdus_come_back(apdu):
    found = xdlms.decode(apdu.encode())
    assert found == apdu
    assert type(found) is type(apdu)


@given(apdus, st.binary(min_size=1, max_size=4))
def test_octets_behind_a_known_structure_are_ignored(apdu, tail):
    found = xdlms.decode(apdu.encode() + tail)
    open_part = OPEN.get(type(apdu))
    for field in fields(apdu):
        if field.name != open_part:
            assert getattr(found, field.name) == getattr(apdu, field.name)


@given(apdus, st.data())
def test_each_cut_is_refused_or_shorter(apdu, draw):
    octets = apdu.encode()
    cut = octets[: draw.draw(st.integers(0, len(octets) - 1))]
    found = decoded_or_refused(xdlms.decode, cut)
    assert found is None or type(found) in OPEN


@given(st.sampled_from(HEADS) | st.just(b""), st.binary(max_size=60))
def test_any_octets_are_an_apdu_or_refused(head, noise):
    found = decoded_or_refused(xdlms.decode, head + noise)
    if found is not None:
        assert is_dataclass(found)
        assert xdlms.decode(found.encode()) == found


@given(apdus, st.integers(0, 400), octet)
def test_a_changed_octet_is_an_apdu_or_refused(apdu, at, value):
    octets = bytearray(apdu.encode())
    octets[at % len(octets)] = value
    found = decoded_or_refused(xdlms.decode, bytes(octets))
    assert found is None or xdlms.decode(found.encode()) == found


@pytest.mark.parametrize("octets", ["", "c0", "c004c1", "60", "ff", "df00", "c700"])
def test_tags_and_choices_that_are_not_ours_are_refused(octets):
    with pytest.raises(DecodeError, match="no known tag") as caught:
        xdlms.decode(bytes.fromhex(octets))
    assert caught.value.offset == 0


@pytest.mark.parametrize("head", ["c003c1", "c104c1", "c303c1", "c403c1", "c504c1", "c703c1"])
def test_a_count_without_its_items_is_refused_at_once(head):
    with pytest.raises(DecodeError):
        xdlms.decode(bytes.fromhex(head + "84ffffffff"))


def test_descriptors_say_what_they_mean():
    name = OBIS.parse("1.0.1.8.0.255")
    assert str(AttributeDescriptor(3, name, 2)) == "attribute 2 of 1.0.1.8.0.255 (class 3)"
    assert str(MethodDescriptor(3, name, 1)) == "method 1 of 1.0.1.8.0.255 (class 3)"
