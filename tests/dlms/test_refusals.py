"""A man in the middle: each forgery, replay, downgrade and reset is refused, at both ends.

Each attack is made on the client's side and on the server's, in every ciphered form, and after it
the end that was attacked still serves whoever is honest.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import AmiError, SecurityError
from openami.dlms.acse import AARE, RLRE, RLRQ
from openami.dlms.client import Got, Released, State
from openami.dlms.security import (
    CounterError,
    Form,
    PolicyError,
    ReceiveCounter,
    SendCounter,
)
from openami.dlms.server import GetRequest, Opened, Refused
from openami.dlms.xdlms import (
    ExceptionResponse,
    GetResponseNormal,
    InitiateRequest,
    InitiateResponse,
    ServiceErrorCode,
    get_request_normal,
)
from pair import ASSOCIATIONS, CLIENT_TITLE, CLOCK, SERVER_TITLE, Pair, flip, forger, hls5, wrap

FORMS = {
    "glo": hls5(),
    "general-glo": hls5(ciphering="general-glo"),
    "ded": hls5(dedicated_key="random"),
    "general-ded": hls5(ciphering="general-glo", dedicated_key="random"),
}
forms = pytest.mark.parametrize("form", FORMS)
TO_SERVER, TO_CLIENT = 0, 1


def joined(form: str = "glo", **facts) -> Pair:
    return Pair(FORMS[form], client_sap=1, **facts).associate()


def exception(pair: Pair) -> ExceptionResponse:
    """The exception-response the server sent last."""
    return ExceptionResponse.decode(pair.sent[1][-1][8:])


def requests(pair: Pair) -> int:
    """How many requests reached the logical device."""
    return sum(isinstance(event, GetRequest) for event in pair.server_events)


# Changed octets


@forms
@pytest.mark.parametrize("place", [-1, -12, -13], ids=["end of tag", "start of tag", "ciphertext"])
def test_server_refuses_a_changed_request(form, place):
    pair = joined(form)
    pair.tamper[TO_SERVER] = flip(place)
    error = pair.failure(pair.client.get([(CLOCK, None)]))
    assert isinstance(error, SecurityError)
    assert exception(pair).service_error is ServiceErrorCode.DECIPHERING_ERROR
    assert isinstance(pair.server_events[-1], Refused)
    assert requests(pair) == 0
    pair.tamper[TO_SERVER] = bytes
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


@forms
@pytest.mark.parametrize("place", [-1, -12, -13], ids=["end of tag", "start of tag", "ciphertext"])
def test_client_refuses_a_changed_answer(form, place):
    pair = joined(form)
    pair.tamper[TO_CLIENT] = flip(place)
    error = pair.failure(pair.client.get([(CLOCK, None)]))
    assert isinstance(error, SecurityError)
    pair.tamper[TO_CLIENT] = bytes
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


@given(place=st.integers(8, 60), bit=st.integers(0, 7), direction=st.sampled_from([TO_SERVER, TO_CLIENT]))
def test_no_changed_bit_of_an_apdu_is_ever_taken(place, bit, direction):
    pair = joined("glo")
    pair.tamper[direction] = lambda data: flip(place % (len(data) - 8) + 8, bit)(data)
    request = pair.client.get([(CLOCK, None)])
    events = [event for event in pair.run() if not isinstance(event, Got)]
    assert [event.id for event in events] == [request]
    assert isinstance(events[0].error, AmiError)
    if direction == TO_SERVER:
        assert requests(pair) == 0


# Replays, lower counters, resets


@forms
def test_server_refuses_a_replayed_request(form):
    pair = joined(form)
    pair.get(CLOCK)
    recorded = pair.sent[0][-1]
    pair.get(CLOCK)
    for again in (recorded, pair.sent[0][-1]):
        answer = ExceptionResponse.decode(pair.strike(again[8:]))
        assert answer.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR
        assert answer.invocation_counter is not None
    assert requests(pair) == 2
    assert isinstance(pair.server_events[-1], Refused)
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


@forms
def test_client_refuses_a_replayed_answer(form):
    pair = joined(form)
    pair.get(CLOCK)
    recorded = pair.sent[1][-1]
    pair.tamper[TO_CLIENT] = lambda _: recorded
    error = pair.failure(pair.client.get([(CLOCK, None)]))
    assert isinstance(error, CounterError)
    pair.tamper[TO_CLIENT] = bytes
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


def test_server_tells_a_client_that_was_reset_which_counter_it_expects():
    pair = joined()
    pair.get(CLOCK)
    last = pair.counters.received(1, "global")
    again = Pair(hls5(), client_sap=1, server={"counters": pair.counters})
    error = again.failure(again.client.associate())
    assert isinstance(error, CounterError)
    assert error.expected == last + 1
    assert again.client.state is State.IDLE
    resynchronised = Pair(
        hls5(),
        client_sap=1,
        server={"counters": pair.counters},
        client={"send_counter": SendCounter(error.expected)},
    )
    assert resynchronised.associate().get(CLOCK)


def test_server_refuses_a_replayed_aarq():
    pair = joined()
    recorded = pair.sent[0][0]
    assert isinstance(pair.ask(pair.client.release()), Released)
    opened = sum(isinstance(event, Opened) for event in pair.server_events)
    answer = ExceptionResponse.decode(pair.strike(recorded[8:]))
    assert answer.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR
    assert sum(isinstance(event, Opened) for event in pair.server_events) == opened


def test_client_refuses_a_server_whose_counter_was_reset():
    kept = ReceiveCounter()
    Pair(hls5(), client_sap=1, client={"receive_counter": kept}).associate().get(CLOCK)
    assert kept.last > 0
    again = Pair(hls5(), client_sap=1, client={"receive_counter": kept, "send_counter": SendCounter(1000)})
    assert isinstance(again.failure(again.client.associate()), CounterError)


def test_client_refuses_a_replayed_aare():
    pair = joined()
    recorded = pair.sent[1][0]
    pair.ask(pair.client.release())
    pair.tamper[TO_CLIENT] = lambda _: recorded
    assert isinstance(pair.failure(pair.client.associate()), CounterError)


def test_a_replayed_session_does_not_authenticate_the_client():
    recorded = joined().sent[0]
    forgetful = Pair(hls5(), client_sap=1, server={"random": lambda size: bytes(range(size))})
    assert AARE.decode(forgetful.strike(recorded[0][8:])).result == 0
    forgetful.strike(recorded[1][8:])
    assert forgetful.server_events == [Refused(1, "authentication failure")]


# Downgrades


@pytest.mark.parametrize("control", [0x00, 0x10, 0x20])
@pytest.mark.parametrize("form", [Form.GLO, Form.GENERAL_GLO])
def test_server_refuses_less_protection_than_its_policy(control, form):
    pair = joined()
    request = forger().seal(get_request_normal(0xC1, CLOCK, None), form, control)
    answer = ExceptionResponse.decode(pair.strike(request))
    assert answer.service_error is ServiceErrorCode.OPERATION_NOT_POSSIBLE
    assert requests(pair) == 0


def test_server_refuses_a_plain_request_where_the_policy_asks_for_ciphering():
    pair = joined()
    answer = ExceptionResponse.decode(pair.strike(get_request_normal(0xC1, CLOCK, None)))
    assert answer.service_error is ServiceErrorCode.OPERATION_NOT_POSSIBLE
    assert requests(pair) == 0


@pytest.mark.parametrize("control", [0x00, 0x10, 0x20])
def test_client_refuses_less_protection_than_it_asked_for(control):
    pair = joined()
    answer = forger(SERVER_TITLE, CLIENT_TITLE).seal(GetResponseNormal(0xC1, b"\x00").encode(), Form.GLO, control)
    pair.tamper[TO_CLIENT] = lambda _: wrap(answer)
    assert isinstance(pair.failure(pair.client.get([(CLOCK, None)])), PolicyError)


def test_client_refuses_a_plain_answer_to_a_ciphered_request():
    pair = joined()
    pair.tamper[TO_CLIENT] = lambda _: wrap(GetResponseNormal(0xC2, b"\x11\x05").encode())
    error = pair.failure(pair.client.get([(CLOCK, None)]))
    assert isinstance(error, SecurityError)
    assert "plain" in str(error)


@pytest.mark.parametrize("control", [0x00, 0x10, 0x20, None])
def test_server_refuses_an_initiate_request_less_protected_than_its_policy(control):
    pair = Pair(hls5(), client_sap=1)
    initiate = InitiateRequest(pair.client.conformance).encode()
    inside = initiate if control is None else forger().seal(initiate, Form.GLO, control)
    pair.client.associate()
    [aarq] = pair.client.outgoing()
    before, _, _ = aarq.partition(b"\xbe")
    body = before[10:] + b"\xbe" + bytes((len(inside) + 2, 4, len(inside))) + inside
    answer = AARE.decode(pair.strike(b"\x60" + bytes((len(body),)) + body))
    assert (answer.result, answer.diagnostic) == (1, 13)
    assert isinstance(pair.server_events[-1], Refused)


@pytest.mark.parametrize("control", [0x00, 0x10, 0x20, None])
def test_client_refuses_an_initiate_response_less_protected_than_it_asked(control):
    def weaken(data: bytes) -> bytes:
        initiate = InitiateResponse(pair.client.conformance).encode()
        inside = initiate if control is None else forger(SERVER_TITLE, CLIENT_TITLE).seal(initiate, Form.GLO, control)
        return wrap(replace(AARE.decode(data[8:]), user_information=inside).encode())

    pair = Pair(hls5(), client_sap=1)
    pair.tamper[TO_CLIENT] = weaken
    assert isinstance(pair.failure(pair.client.associate()), SecurityError)
    assert pair.client.state is State.IDLE


def test_client_refuses_another_context_than_it_asked_for():
    pair = Pair(hls5(), client_sap=1)
    pair.tamper[TO_CLIENT] = lambda data: wrap(
        replace(AARE.decode(data[8:]), application_context=ASSOCIATIONS[16].context).encode()
    )
    assert isinstance(pair.failure(pair.client.associate()), SecurityError)


# Release


def test_server_takes_a_plain_release_by_setting_only():
    pair = joined()
    assert pair.strike(RLRQ().encode()) == RLRE().encode()
    strict = joined(server={"accepts_plain_release": False})
    answer = ExceptionResponse.decode(strict.strike(RLRQ().encode()))
    assert answer.service_error is ServiceErrorCode.OPERATION_NOT_POSSIBLE
    assert strict.get(CLOCK)
    assert isinstance(strict.ask(strict.client.release()), Released)


@pytest.mark.parametrize("control", [0x00, 0x10, 0x20])
def test_server_refuses_a_release_that_is_less_protected_than_its_policy(control):
    pair = joined()
    inside = forger().seal(InitiateRequest(pair.client.conformance).encode(), Form.GLO, control)
    answer = ExceptionResponse.decode(pair.strike(RLRQ(user_information=inside).encode()))
    assert answer.service_error is ServiceErrorCode.OPERATION_NOT_POSSIBLE
    assert pair.get(CLOCK)


def test_server_refuses_a_replayed_release():
    pair = joined()
    pair.ask(pair.client.release())
    recorded = pair.sent[0][-1]
    pair.associate()
    answer = ExceptionResponse.decode(pair.strike(recorded[8:]))
    assert answer.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR
    assert pair.get(CLOCK)


def test_client_refuses_a_forged_release_answer():
    pair = joined()
    pair.tamper[TO_CLIENT] = flip(-1)
    assert isinstance(pair.failure(pair.client.release()), SecurityError)
    assert pair.client.state is State.IDLE
