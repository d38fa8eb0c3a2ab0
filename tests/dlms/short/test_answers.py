"""What a client makes of answers by short names: those that fit, and all others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levels import octet_string
from openami.core.errors import LinkTimeout, RemoteProtocolError
from openami.dlms.client import ExceptionError, Failed, Notified, State
from openami.dlms.xdlms import DataAccessResult, ExceptionResponse, Selection, ServiceErrorCode
from openami.dlms.xdlms.short import BlockNumber, DataBlockResult, ReadResponse, WriteResponse
from pair import CLOCK, REGISTER, Pair, wrap
from short_pair import FIVE, NO_GBT, SUCCESS, UNDEFINED, pair


def answered(joined: Pair, answer, verb=None):
    """What the client makes of an answer of one's own."""
    request = (verb or (lambda: joined.client.get([(CLOCK, None)])))()
    joined.client.outgoing()
    events = joined.client.receive(wrap(answer.encode(), 1, 16), joined.now)
    return next(event for event in events if event.id == request)


@pytest.mark.parametrize(
    "answer",
    [
        WriteResponse((SUCCESS,)),
        ReadResponse(()),
        ReadResponse((b"\0", b"\0")),
        ReadResponse((BlockNumber(1),)),
        ReadResponse((DataBlockResult(False, 2, b"\1"),)),
        ReadResponse((DataBlockResult(False, 1, b""),)),
        ReadResponse((DataBlockResult(True, 1, b"\2\0\0\0\0"),) * 2),
        ReadResponse((DataBlockResult(True, 1, b"\1\0\0"), b"\0")),
    ],
)
def test_answers_that_do_not_fit_fail_the_request(answer):
    event = answered(pair().associate(), answer)
    assert isinstance(event, Failed)
    assert isinstance(event.error, RemoteProtocolError)


@pytest.mark.parametrize(
    "answer",
    [
        ReadResponse((b"\0",)),
        WriteResponse(()),
        WriteResponse((SUCCESS, SUCCESS)),
        WriteResponse((BlockNumber(1),)),
        WriteResponse((BlockNumber(1), SUCCESS)),
    ],
)
def test_answers_that_do_not_fit_a_write_fail_it(answer):
    joined = pair().associate()
    event = answered(joined, answer, lambda: joined.client.set([(REGISTER, None, FIVE)]))
    assert isinstance(event, Failed)
    assert isinstance(event.error, RemoteProtocolError)


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        ("0903010203", "0903010203"),
        ("01 00 0903010203", "0903010203"),
        ("01 01 04", UNDEFINED),
        ("01 00", "0100"),
        ("01 01 0600000005", "01010600000005"),
        ("02 01 00", "020100"),
    ],
)
def test_a_single_value_in_blocks_may_come_alone_or_in_a_list(raw, result):
    expected = bytes.fromhex(result) if isinstance(result, str) else result
    block = ReadResponse((DataBlockResult(True, 1, bytes.fromhex(raw)),))
    assert answered(pair().associate(), block).results == [expected]


def test_a_list_in_blocks_brings_as_many_results_as_were_asked_for():
    joined = pair().associate()
    both = [(CLOCK, None), (REGISTER, None)]
    block = ReadResponse((DataBlockResult(True, 1, bytes.fromhex("02 00 0903010203 01 04")),))
    assert answered(joined, block, lambda: joined.client.get(both)).results == [bytes.fromhex("0903010203"), UNDEFINED]
    short = ReadResponse((DataBlockResult(True, 1, bytes.fromhex("01 00 0903010203")),))
    assert isinstance(answered(joined, short, lambda: joined.client.get(both)), Failed)


def test_a_server_that_answers_before_it_has_everything_is_refused():
    joined = pair(client={"conformance": NO_GBT}, server={"max_pdu": 100}).associate()
    value = octet_string(500)
    verbs = {
        lambda: joined.client.get([(CLOCK, Selection(1, value))]): ReadResponse((b"\0",)),
        lambda: joined.client.set([(CLOCK, None, value)]): WriteResponse((SUCCESS,)),
    }
    for verb, answer in verbs.items():
        event = answered(joined, answer, verb)
        assert isinstance(event, Failed)
        assert isinstance(event.error, RemoteProtocolError)
    refused = answered(joined, WriteResponse((DataAccessResult.SCOPE_OF_ACCESS_VIOLATED,)), list(verbs)[1])
    assert refused.results == [DataAccessResult.SCOPE_OF_ACCESS_VIOLATED]


def test_an_exception_response_fails_the_request():
    event = answered(pair().associate(), ExceptionResponse(1, ServiceErrorCode.OTHER_REASON))
    assert isinstance(event.error, ExceptionError)


def test_after_an_answer_that_is_overdue_there_is_no_association():
    joined = pair().associate()
    late, queued = joined.client.get([(CLOCK, None)], now=joined.now), joined.client.get([(REGISTER, None)])
    joined.client.outgoing()
    events = joined.client.expire(joined.now + 10)
    assert [event.id for event in events] == [late, queued]
    assert all(isinstance(event.error, LinkTimeout) for event in events)
    assert joined.client.state is State.IDLE
    assert joined.client.receive(wrap(ReadResponse((b"\0",)).encode(), 1, 16), joined.now + 11) == []


@given(st.sampled_from([b"\x0c", b"\x0d", b"\x18", b"\x0c\x01\x02", b"\x0c\x01\x00"]), st.binary(max_size=60))
def test_any_answer_ends_the_request_or_goes_on_with_it(head, noise):
    joined = pair().associate()
    request = joined.client.get([(CLOCK, None)])
    joined.client.outgoing()
    for event in joined.client.receive(wrap(head + noise, 1, 16), joined.now):
        assert isinstance(event, Notified) or event.id == request
