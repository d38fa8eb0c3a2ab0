"""One error for an association that was refused: every code of every layer, each with a hint in its sentence."""

from dataclasses import replace
from itertools import product

import pytest

from openami.core.errors import (
    AssociationError,
    ConnectionLost,
    LinkError,
    LinkTimeout,
    RemoteProtocolError,
    SecurityError,
)
from openami.dlms.acse import AARE, ApplicationContext, AssociationResult, Diagnostic, ProviderDiagnostic
from openami.dlms.client import Failed, OpeningState, RefusedError, State
from openami.dlms.client.hints import FRAMES
from openami.dlms.hdlc import (
    CONTROLS,
    FrameReject,
    Kind,
    PrimaryStation,
    Reason,
    ServerAddress,
    encode,
    encode_client,
    unnumbered,
)
from openami.dlms.security import CounterError, Policy
from openami.dlms.xdlms import (
    AccessRefusal,
    ConfirmedService,
    ConfirmedServiceError,
    ErrorClass,
    ExceptionResponse,
    InitiateError,
    ServiceErrorCode,
    StateError,
)
from pair import ASSOCIATIONS, Pair, give, hls5, lone

METER = ServerAddress.of(1, 17)
REJECTED = AssociationResult.REJECTED_PERMANENT
PLAIN_GMAC = {1: replace(ASSOCIATIONS[1], policy=Policy.NONE, context=ApplicationContext.LN)}


def refused(answer: bytes) -> RefusedError:
    """What the client makes of an answer to its AARQ."""
    client = lone()
    request = client.associate()
    failed = give(client, answer)
    assert (failed.id, client.state) == (request, State.IDLE)
    return checked(failed)


def checked(failed: Failed) -> RefusedError:
    error = failed.error
    assert isinstance(error, RefusedError)
    assert isinstance(error, AssociationError)
    assert error.hint
    assert str(error).count(error.hint) == 1
    assert str(error).endswith(error.hint)
    return error


@pytest.mark.parametrize("diagnostic", [*Diagnostic, *ProviderDiagnostic], ids=lambda code: repr(code)[1:-1])
def test_every_diagnostic_of_an_aare(diagnostic):
    aare = AARE(result=REJECTED, diagnostic=diagnostic, responding_ap_title=b"OAM\0\0\0\0\2")
    error = refused(aare.encode())
    assert (error.state, error.result, error.diagnostic) == (OpeningState.AARE, REJECTED, diagnostic)
    assert error.aare == aare


@pytest.mark.parametrize("code", InitiateError)
@pytest.mark.parametrize("is_bare", [False, True])
def test_every_initiate_error_in_an_aare_or_alone(code, is_bare):
    inside = ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, code).encode()
    error = refused(inside if is_bare else AARE(result=REJECTED, user_information=inside).encode())
    assert error.initiate_error is code
    assert error.state is (OpeningState.SERVICE_ERROR if is_bare else OpeningState.AARE)


def test_an_initiate_error_without_a_name():
    error = refused(ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, 77).encode())
    assert (error.state, error.initiate_error) == (OpeningState.SERVICE_ERROR, None)


def test_an_error_of_another_family():
    said = ConfirmedServiceError(ConfirmedService.READ, ErrorClass.ACCESS, AccessRefusal.OBJECT_UNAVAILABLE)
    error = refused(said.encode())
    assert (error.state, error.diagnostic) == (OpeningState.SERVICE_ERROR, AccessRefusal.OBJECT_UNAVAILABLE)


@pytest.mark.parametrize(("state", "service"), list(product(StateError, ServiceErrorCode)))
def test_every_exception_in_answer_to_an_aarq(state, service):
    said = ExceptionResponse(state, service)
    error = refused(said.encode())
    assert (error.state, error.exception) == (OpeningState.EXCEPTION, said)
    unsafe = service in {ServiceErrorCode.DECIPHERING_ERROR, ServiceErrorCode.INVOCATION_COUNTER_ERROR}
    assert isinstance(error, SecurityError) == unsafe


def test_a_counter_that_is_told_can_be_obeyed():
    client = lone()
    client.associate()
    said = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 4711)
    error = give(client, said.encode()).error
    assert isinstance(error, CounterError)
    assert error.expected == 4711


@pytest.mark.parametrize("service", ServiceErrorCode)
def test_an_exception_in_answer_to_our_proof(service):
    pair = Pair(hls5(policy=Policy.NONE), client_sap=1, associations=PLAIN_GMAC)
    request = pair.client.associate()
    pair.to_server()
    pair.to_client()
    failed = give(pair.client, ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, service).encode())
    assert failed.id == request
    error = checked(failed)
    assert error.state is OpeningState.PROOF
    assert ("keys" in error.hint) == (service.value <= 3)


def test_a_proof_that_the_server_refuses():
    pair = Pair(hls5(policy=Policy.NONE, authentication_key=bytes(16)), client_sap=1, associations=PLAIN_GMAC)
    event = pair.ask(pair.client.associate())
    assert checked(event).state is OpeningState.PROOF


# HDLC


def answered(kind: Kind, information: bytes = b"") -> RefusedError:
    """What the client makes of a frame in answer to SNRM."""
    client = lone(link=PrimaryStation(16, METER))
    client.associate(now=0.0)
    client.outgoing()
    [failed] = client.receive(encode(encode_client(16), METER.encode(), unnumbered(kind), information), 0.0)
    assert client.state is State.IDLE
    return checked(failed)


def test_dm_in_answer_to_snrm():
    error = answered(Kind.DM)
    assert error.state is OpeningState.DM
    assert isinstance(error, ConnectionLost)
    assert isinstance(error, LinkError)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_frmr(reason):
    reject = FrameReject(CONTROLS[0x93], 0, 0, reason)
    error = answered(Kind.FRMR, reject.encode())
    assert error.state is OpeningState.FRMR
    assert isinstance(error, RemoteProtocolError)
    assert (error.reject, error.hint) == (reject, FRAMES[reason])


def test_frmr_without_a_reason():
    assert answered(Kind.FRMR).reject is None
    both = FrameReject(CONTROLS[0x93], 0, 0, Reason.CONTROL_UNDEFINED | Reason.INFORMATION_TOO_LONG)
    assert answered(Kind.FRMR, both.encode()).hint.count("; ") == 1


def test_no_answer_to_snrm():
    client = lone(link=PrimaryStation(16, METER, retries=0, response_timeout_s=1.0))
    client.associate(now=0.0)
    client.outgoing()
    [failed] = client.expire(5.0)
    error = checked(failed)
    assert error.state is OpeningState.NO_UA
    assert isinstance(error, LinkTimeout)


def test_what_breaks_an_open_association_is_no_refusal():
    client = lone(link=PrimaryStation(16, METER))
    client.associate(now=0.0)
    client.outgoing()
    lost = ConnectionLost("the line is gone")
    [failed] = client.abort(lost)
    assert failed.error is lost
