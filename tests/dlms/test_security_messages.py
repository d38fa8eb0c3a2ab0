"""Protected messages between our two ends: changed, replayed or in clear, they are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import AmiError, SecurityError
from openami.dlms.acse import AARE
from openami.dlms.client import Failed
from openami.dlms.security import CounterError
from openami.dlms.xdlms import ExceptionResponse, ServiceErrorCode, get_request_normal
from pair import CLOCK, wrap
from secured import AE, FORMS, Way

every_form = pytest.mark.parametrize("way", FORMS, ids=str)


def sealed_get(joined):
    """The client's next GET, as it leaves, and its id."""
    request = joined.client.get([(CLOCK, None)], now=joined.now)
    [data] = joined.client.outgoing()
    return request, data


@every_form
def test_every_changed_octet_of_a_request_is_refused(way):
    joined = way.pair().associate()
    _, data = sealed_get(joined)
    apdu = data[8:]
    for place in range(len(apdu)):
        answer = joined.strike(apdu[:place] + bytes((apdu[place] ^ 1,)) + apdu[place + 1 :])
        assert answer[:1] in {b"\xd8", b""} or AARE.decode(answer).result, answer.hex()
        if apdu[place] ^ 1 == 0x60:
            return
    assert not [event for event in joined.server_events if type(event).__name__ == "GetRequest"]
    joined.client.receive(wrap(bytes.fromhex("d80202"), 1, 1), joined.now)
    _, data = sealed_get(joined)
    assert joined.strike(data[8:])[:1] != b"\xd8"


@every_form
def test_every_changed_octet_of_an_answer_is_refused(way):
    joined = way.pair().associate()
    _, data = sealed_get(joined)
    answer = joined.strike(data[8:])
    for place in range(1, len(answer)):
        forged = answer[:place] + bytes((answer[place] ^ 1,)) + answer[place + 1 :]
        [event] = joined.client.receive(wrap(forged, 1, 1), joined.now)
        assert isinstance(event, Failed), (place, event)
        assert isinstance(event.error, AmiError)
        joined.client.get([(CLOCK, None)], now=joined.now)
        joined.client.outgoing()


@every_form
def test_a_replayed_request_is_refused(way):
    joined = way.pair().associate()
    _, first = sealed_get(joined)
    assert joined.strike(first[8:])[:1] != b"\xd8"
    again = ExceptionResponse.decode(joined.strike(first[8:]))
    assert again.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR
    assert again.invocation_counter


@every_form
def test_a_replayed_answer_is_refused(way):
    joined = way.pair().associate()
    _, first = sealed_get(joined)
    answer = wrap(joined.strike(first[8:]), 1, 1)
    assert type(joined.client.receive(answer, joined.now)[0]).__name__ == "Got"
    joined.client.get([(CLOCK, None)], now=joined.now)
    joined.client.outgoing()
    [event] = joined.client.receive(answer, joined.now)
    assert isinstance(event, Failed)
    if way.policy is AE:
        assert isinstance(event.error, CounterError)


@every_form
def test_what_comes_in_clear_is_refused_by_either_end(way):
    joined = way.pair().associate()
    refused = ExceptionResponse.decode(joined.strike(get_request_normal(0xC1, CLOCK, None)))
    assert refused.service_error is ServiceErrorCode.OPERATION_NOT_POSSIBLE
    request, _ = sealed_get(joined)
    [event] = joined.client.receive(wrap(b"\xc4\x01\xc1\x00\x00", 1, 1), joined.now)
    assert event.id == request
    assert isinstance(event.error, SecurityError)


def test_a_compressed_apdu_is_refused_as_a_service_that_is_not_there():
    joined = Way(5).pair().associate()
    _, data = sealed_get(joined)
    refused = ExceptionResponse.decode(joined.strike(data[8:10] + bytes((data[10] | 0x80,)) + data[11:]))
    assert refused.service_error is ServiceErrorCode.SERVICE_NOT_SUPPORTED
    assert "V.44" in joined.server_events[-1].reason


@settings(max_examples=60)
@given(way=st.sampled_from(FORMS), tag=st.sampled_from([0xC8, 0xDB, 0xDC, 0xDD, 0xDF]), tail=st.binary(max_size=120))
def test_any_octets_are_answered_or_dropped(way, tag, tail):
    joined = way.pair().associate()
    answer = joined.strike(bytes((tag,)) + tail)
    assert answer[:1] == b"\xd8"
    joined.client.get([(CLOCK, None)])
    joined.client.outgoing()
    [event] = joined.client.receive(wrap(bytes((tag,)) + tail, 1, 1), joined.now)
    assert isinstance(event, Failed)
