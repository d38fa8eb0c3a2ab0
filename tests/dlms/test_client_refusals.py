"""The client end alone: what it makes of refusals, and of servers that break the rules."""

from dataclasses import replace

import pytest

from openami.core.errors import (
    AmiError,
    AssociationError,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
)
from openami.dlms.acse import AARE, AssociationResult, Diagnostic, ProviderDiagnostic
from openami.dlms.client import (
    DEFAULT_CONFORMANCE,
    ConfirmedError,
    ExceptionError,
    Failed,
    Got,
    RefusedError,
    State,
    WasSet,
)
from openami.dlms.security import CounterError, Security, SendCounter
from openami.dlms.security.counters import LAST
from openami.dlms.xdlms import (
    AccessRefusal,
    ConfirmedService,
    ConfirmedServiceError,
    Conformance,
    DataAccessResult,
    ErrorClass,
    ExceptionResponse,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    InitiateError,
    ServiceErrorCode,
    SetResponseDataBlock,
    SetResponseNormal,
    StateError,
)
from pair import (
    CLOCK,
    INITIATE,
    REGISTER,
    Pair,
    associated,
    give,
    hls5,
    lone,
    sent,
)


@pytest.mark.parametrize("name", ["aare-wrong-context", "aare-dlms-version-too-low"])
def test_the_book_s_refusals(dlms_vectors, name):
    expected = dlms_vectors[name]["expected"]
    client = lone()
    request = client.associate()
    failed = give(client, bytes.fromhex(dlms_vectors[name]["hex"]))
    assert failed.id == request
    error = failed.error
    assert isinstance(error, RefusedError)
    assert (error.result, error.diagnostic) == (expected["result"], expected["diagnostic"])
    is_initiate = name == "aare-dlms-version-too-low"
    assert error.initiate_error == (InitiateError.DLMS_VERSION_TOO_LOW if is_initiate else None)
    assert error.hint
    assert error.hint in str(error)
    assert client.state is State.IDLE


@pytest.mark.parametrize("diagnostic", Diagnostic)
@pytest.mark.parametrize("ciphered", [True, False])
def test_a_refusal_without_user_information(diagnostic, ciphered):
    client = lone(security=hls5() if ciphered else Security.none())
    client.associate()
    failed = give(client, AARE(result=AssociationResult.REJECTED_TRANSIENT, diagnostic=diagnostic).encode())
    assert isinstance(failed.error, AssociationError)
    assert failed.error.diagnostic is diagnostic


@pytest.mark.parametrize("code", InitiateError)
def test_every_initiate_error_is_told(code):
    client = lone()
    client.associate()
    inside = ConfirmedServiceError(1, 6, code).encode()
    aare = AARE(result=AssociationResult.REJECTED_PERMANENT, user_information=inside)
    assert give(client, aare.encode()).error.initiate_error is code


def test_an_aare_that_accepts_without_a_response_is_refused():
    client = lone()
    client.associate()
    assert isinstance(give(client, AARE().encode()).error, RemoteProtocolError)
    assert client.state is State.IDLE


def test_a_refused_association_fails_what_waits_behind_it():
    pair = Pair(Security.lls("wrong"), client_sap=2)
    ids = [pair.client.associate(), pair.client.get([(CLOCK, None)]), pair.client.release()]
    events = pair.run()
    assert [event.id for event in events] == ids
    assert all(isinstance(event, Failed) for event in events)
    assert isinstance(events[0].error, AssociationError)
    assert pair.client.state is State.IDLE


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (ServiceErrorCode.OPERATION_NOT_POSSIBLE, ExceptionError),
        (ServiceErrorCode.SERVICE_NOT_SUPPORTED, ExceptionError),
        (ServiceErrorCode.OTHER_REASON, ExceptionError),
        (ServiceErrorCode.PDU_TOO_LONG, ExceptionError),
        (ServiceErrorCode.DECIPHERING_ERROR, SecurityError),
        (ServiceErrorCode.INVOCATION_COUNTER_ERROR, CounterError),
    ],
)
def test_an_exception_response_is_a_typed_error(code, kind):
    client = associated()
    client.get([(CLOCK, None)])
    counter = 4711 if kind is CounterError else None
    error = give(client, ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, code, counter).encode()).error
    assert type(error) is kind
    assert getattr(error, "expected", None) == counter
    assert client.state is State.ASSOCIATED


def test_a_counter_error_without_a_counter_is_still_told():
    client = associated()
    client.get([(CLOCK, None)])
    assert isinstance(give(client, bytes.fromhex("d80106")).error, SecurityError)


def test_an_exception_that_cannot_be_read_still_ends_the_request():
    client = associated()
    client.get([(CLOCK, None)])
    assert isinstance(give(client, bytes.fromhex("d8")).error, AmiError)


def test_data_access_results_are_results():
    client = associated()
    client.get([(CLOCK, None), (REGISTER, None)])
    invoke = sent(client)[2]
    denied = DataAccessResult.READ_WRITE_DENIED
    assert give(client, GetResponseNormal(invoke, denied).encode()) == Got(2, [denied, denied])


# A server that breaks the rules


@pytest.mark.parametrize(
    "answer",
    [
        GetResponseWithList(0xC1, (b"\x11\x01", b"\x11\x02")).encode(),
        GetResponseWithDataBlock(0xC1, False, 2, b"\x11").encode(),
        GetResponseWithDataBlock(0xC1, False, 1, b"").encode(),
        SetResponseNormal(0xC1, DataAccessResult.SUCCESS).encode(),
        SetResponseDataBlock(0xC1, 1).encode(),
        b"\xc4\x01\xc1",
        b"\xc4\x01\xc1\x00",
        b"\xc4\x07\xc1\x00",
        b"\xc8\x02\x30\x00",
    ],
)
def test_an_answer_that_does_not_fit_fails_the_request(answer):
    client = associated()
    request = client.get([(CLOCK, None)])
    failed = give(client, answer)
    assert failed.id == request
    assert isinstance(failed.error, (RemoteProtocolError, SecurityError))
    assert client.state is State.ASSOCIATED


def test_blocks_out_of_turn_fail_the_request():
    client = associated()
    client.get([(CLOCK, None)])
    assert give(client, GetResponseWithDataBlock(0xC1, False, 1, b"\x11").encode()) is None
    assert isinstance(
        give(client, GetResponseWithDataBlock(0xC1, True, 1, b"\x01").encode()).error, RemoteProtocolError
    )


@pytest.mark.parametrize("number", [0, 2])
def test_a_leave_for_a_block_that_was_not_sent_fails_the_request(number):
    client = lone()
    client.associate()
    small = replace(INITIATE, server_max_receive_pdu_size=100)
    give(client, AARE(user_information=small.encode()).encode())
    client.set([(REGISTER, None, bytes(300))])
    assert isinstance(give(client, SetResponseDataBlock(0xC1, number).encode()).error, RemoteProtocolError)


def test_success_before_everything_was_sent_is_not_believed():
    client = lone()
    client.associate()
    small = replace(INITIATE, server_max_receive_pdu_size=100)
    give(client, AARE(user_information=small.encode()).encode())
    client.set([(REGISTER, None, bytes(300))])
    answer = SetResponseNormal(0xC1, DataAccessResult.SUCCESS).encode()
    assert isinstance(give(client, answer).error, RemoteProtocolError)
    client.set([(REGISTER, None, bytes(300))])
    refused = DataAccessResult.LONG_SET_ABORTED
    assert give(client, SetResponseNormal(0xC2, refused).encode()) == WasSet(3, [refused])


def test_a_refusal_of_one_block_is_the_result_of_all():
    client = associated()
    client.get([(CLOCK, None), (REGISTER, None)])
    assert give(client, GetResponseWithDataBlock(0xC1, False, 1, b"\x02").encode()) is None
    aborted = DataAccessResult.LONG_GET_ABORTED
    assert give(client, GetResponseWithDataBlock(0xC1, True, 2, aborted).encode()) == Got(2, [aborted] * 2)


def test_one_value_for_a_list_is_not_believed():
    client = associated()
    client.get([(CLOCK, None), (REGISTER, None)])
    assert isinstance(give(client, GetResponseNormal(0xC1, b"\x11\x01").encode()).error, RemoteProtocolError)


def test_a_server_whose_apdus_are_too_short_for_a_block_is_told_of():
    client = lone()
    client.associate()
    small = replace(INITIATE, server_max_receive_pdu_size=19)
    give(client, AARE(user_information=small.encode()).encode())
    with pytest.raises(LocalProtocolError, match="too short"):
        client.set([(REGISTER, None, bytes(300))])


def test_another_version_of_acse_is_told():
    client = lone()
    client.associate()
    no_version = ProviderDiagnostic.NO_COMMON_ACSE_VERSION
    aare = AARE(result=AssociationResult.REJECTED_PERMANENT, diagnostic=no_version)
    assert "version of ACSE" in str(give(client, aare.encode()).error)


def test_an_exception_says_its_codes():
    error = ExceptionError(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
    assert str(error) == "exception-response: service-unknown, service-not-supported"


def test_a_release_that_cannot_be_sent_gives_up_what_waits_behind_it():
    client_counter = SendCounter(LAST - 3)
    pair = Pair(hls5(), client_sap=1, client={"send_counter": client_counter})
    ids = [pair.client.associate(), pair.client.get([(CLOCK, None)])]
    ids += [pair.client.release(), pair.client.associate()]
    events = pair.run()
    assert [event.id for event in events] == ids
    assert isinstance(events[1], Got)
    assert isinstance(events[2].error, SecurityError)
    assert isinstance(events[3].error, LocalProtocolError)
    assert pair.client.state is State.IDLE


def test_what_is_no_wrapper_fails_everything():
    client = associated()
    ids = [client.get([(CLOCK, None)]), client.release()]
    events = client.receive(b"HTTP/1.1 400 Bad Request", 0.0)
    assert [event.id for event in events] == ids
    assert all(isinstance(event.error, RemoteProtocolError) for event in events)
    assert client.state is State.IDLE


@pytest.mark.parametrize("ciphered", [False, True])
def test_a_confirmed_service_error_fails_the_request(ciphered):
    pair = Pair(hls5() if ciphered else None, client_sap=1 if ciphered else 16).associate()
    request = pair.client.get([(CLOCK, None)])
    pair.to_server()
    pair.server.outgoing()
    error = ConfirmedServiceError(ConfirmedService.READ, ErrorClass.ACCESS, AccessRefusal.OBJECT_UNAVAILABLE)
    failed = give(pair.client, error.encode())
    assert (failed.id, failed.error.error) == (request, error)
    assert isinstance(failed.error, ConfirmedError)
    assert str(failed.error) == "confirmed-service-error to read: access object-unavailable"
    assert pair.get(REGISTER) == [pair.store.values[REGISTER]]


@pytest.mark.parametrize("code", InitiateError)
def test_a_confirmed_service_error_to_an_aarq_is_a_refused_association(code):
    client = lone()
    request = client.associate()
    error = ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, code)
    failed = give(client, error.encode())
    assert (failed.id, type(failed.error), failed.error.diagnostic) == (request, RefusedError, code)
    assert client.state is State.IDLE
    assert failed.error.initiate_error is code


@pytest.mark.parametrize("octets", ["0e", "0e14", "0e010b00"])
def test_a_confirmed_service_error_that_cannot_be_read_still_ends_the_request(octets):
    client = associated()
    request = client.get([(CLOCK, None)])
    failed = give(client, bytes.fromhex(octets))
    assert (failed.id, type(failed)) == (request, Failed)


@pytest.mark.parametrize("verb", ["get", "set"])
def test_all_attributes_at_once_are_asked_for_only_where_that_was_negotiated(verb):
    everything = REGISTER._replace(attribute_id=0)
    items = [(CLOCK, None), (everything, None)] if verb == "get" else [(everything, None, b"\x02\0")]
    agreed = Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET | Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET
    pair = Pair(client={"conformance": DEFAULT_CONFORMANCE & ~agreed}).associate()
    with pytest.raises(LocalProtocolError, match="all attributes at once were not negotiated"):
        getattr(pair.client, verb)(items)
    pair = Pair().associate()
    assert pair.ask(getattr(pair.client, verb)(items)).results[-1] is DataAccessResult.OBJECT_UNDEFINED
