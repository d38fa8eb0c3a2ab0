"""Who one is: wrong keys, wrong replies, reflected challenges and borrowed titles are refused both ways."""

from dataclasses import replace

import pytest

from openami.core.errors import AssociationError, SecurityError
from openami.dlms.acse import AARE, AARQ, ApplicationContext, Diagnostic, Mechanism
from openami.dlms.client import State
from openami.dlms.client.opening import REPLY_TO_HLS_AUTHENTICATION as REPLY
from openami.dlms.security import Form, Policy
from openami.dlms.server import Refused
from openami.dlms.xdlms import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    ConfirmedServiceError,
    DataAccessResult,
    ExceptionResponse,
    InitiateError,
    InitiateRequest,
    get_request_normal,
)
from pair import AK, ASSOCIATIONS, CLIENT_TITLE, CLOCK, EK, SERVER_TITLE, Pair, flip, forger, hls5, wrap

TO_SERVER, TO_CLIENT = 0, 1


@pytest.mark.parametrize("wrong", ["encryption_key", "authentication_key"])
def test_server_rejects_a_client_with_a_wrong_key(wrong):
    pair = Pair(hls5(**{wrong: bytes(16)}), client_sap=1)
    error = pair.failure(pair.client.associate())
    assert isinstance(error, AssociationError)
    assert (error.result, error.diagnostic) == (1, 13)
    assert "keys" in error.hint
    assert pair.server_events == [Refused(1, "authentication failure")]
    assert pair.counters.last == {}


def plain_gmac(encryption_key=EK, authentication_key=AK):
    keys = replace(ASSOCIATIONS[1].keys, encryption=encryption_key, authentication=authentication_key)
    context = ASSOCIATIONS[16].context
    return replace(ASSOCIATIONS[1], keys=keys, policy=Policy.NONE, context=context)


@pytest.mark.parametrize("place", [-1, -17])
def test_server_refuses_a_wrong_reply_to_its_challenge_and_stays_alive(place):
    pair = Pair(hls5(policy=Policy.NONE), client_sap=1, associations={1: plain_gmac()})
    pair.client.associate()
    pair.to_server()
    pair.to_client()
    pair.tamper[TO_SERVER] = flip(place)
    [failed] = pair.run()
    assert isinstance(failed.error, AssociationError)
    assert pair.server_events == [Refused(1, "authentication failure")]
    assert ExceptionResponse.decode(pair.strike(get_request_normal(0xC1, CLOCK, None)))
    pair.tamper[TO_SERVER] = bytes
    assert pair.associate().get(CLOCK) == [pair.store.values[CLOCK]]


@pytest.mark.parametrize("place", [-1, -17])
def test_client_refuses_a_wrong_reply_to_its_challenge(place):
    pair = Pair(hls5(policy=Policy.NONE), client_sap=1, associations={1: plain_gmac()})
    pair.client.associate()
    pair.to_server()
    pair.to_client()
    pair.tamper[TO_CLIENT] = flip(place)
    [failed] = pair.run()
    assert isinstance(failed.error, SecurityError)
    assert pair.client.state is State.IDLE


def test_client_refuses_its_own_challenge():
    def reflect(data: bytes) -> bytes:
        aarq = pair.sent[0][0]
        own = aarq[aarq.index(b"\xac\x12\x80\x10") + 4 :][:16]
        return wrap(replace(AARE.decode(data[8:]), responding_authentication_value=own).encode())

    pair = Pair(hls5(), client_sap=1)
    pair.tamper[TO_CLIENT] = reflect
    error = pair.failure(pair.client.associate())
    assert "own challenge" in str(error)


def test_server_refuses_its_own_title_and_client_its_own():
    pair = Pair(hls5(client_title=SERVER_TITLE), client_sap=1)
    error = pair.failure(pair.client.associate())
    assert (error.result, error.diagnostic) == (1, 3)
    other = Pair(hls5(), client_sap=1)
    other.tamper[TO_CLIENT] = lambda data: data.replace(SERVER_TITLE, CLIENT_TITLE)
    assert isinstance(other.failure(other.client.associate()), SecurityError)


def test_client_refuses_another_server_than_it_expects():
    pair = Pair(hls5(server_title=b"OAM\x00\x00\x00\x00\x09"), client_sap=1)
    assert isinstance(pair.failure(pair.client.associate()), SecurityError)
    expected = Pair(hls5(server_title=SERVER_TITLE), client_sap=1)
    assert expected.associate().get(CLOCK)


@pytest.mark.parametrize("title", [None, b"", b"OAM"])
def test_client_refuses_a_server_without_a_title(title):
    pair = Pair(hls5(), client_sap=1)
    pair.tamper[TO_CLIENT] = lambda data: wrap(replace(AARE.decode(data[8:]), responding_ap_title=title).encode())
    assert isinstance(pair.failure(pair.client.associate()), SecurityError)


def test_client_refuses_a_server_without_a_challenge():
    pair = Pair(hls5(), client_sap=1)
    pair.tamper[TO_CLIENT] = lambda data: wrap(
        replace(AARE.decode(data[8:]), responding_authentication_value=None).encode()
    )
    assert "no challenge" in str(pair.failure(pair.client.associate()))


@pytest.mark.parametrize("data", [None, b"\x00", b"\x09\x10" + bytes(16), DataAccessResult.OTHER_REASON])
def test_client_refuses_a_server_that_does_not_reply_to_its_challenge(data):
    pair = Pair(hls5(policy=Policy.NONE), client_sap=1, associations={1: plain_gmac()})
    pair.client.associate()
    pair.to_server()
    pair.to_client()
    pair.tamper[TO_CLIENT] = lambda _: wrap(ActionResponseNormal(0xC1, ActionResult.SUCCESS, data).encode())
    [failed] = pair.run()
    assert "did not prove" in str(failed.error)


@pytest.mark.parametrize("parameters", [None, b"\x00", b"\x09\x10" + bytes(16)])
def test_server_refuses_a_client_that_does_not_reply_to_its_challenge(parameters):
    pair = Pair(hls5(policy=Policy.NONE), client_sap=1, associations={1: plain_gmac()})
    pair.client.associate()
    pair.to_server()
    pair.server.outgoing()
    answer = pair.strike(ActionRequestNormal(0xC1, REPLY, parameters).encode())
    assert ActionResponseNormal.decode(answer).result is ActionResult.READ_WRITE_DENIED
    assert pair.server_events == [Refused(1, "authentication failure")]


@pytest.mark.parametrize("length", [0, 7, 65])
def test_server_refuses_challenges_of_a_wrong_length(length):
    pair = Pair(client_sap=1, associations={1: plain_gmac()})
    aarq = AARQ(
        mechanism=Mechanism.HIGH_GMAC,
        calling_authentication_value=bytes(length),
        calling_ap_title=CLIENT_TITLE,
        user_information=InitiateRequest(pair.client.conformance).encode(),
    )
    assert AARE.decode(pair.strike(aarq.encode())).diagnostic is Diagnostic.AUTHENTICATION_FAILURE


def test_server_refuses_a_dedicated_key_of_a_wrong_length():
    initiate = InitiateRequest(ASSOCIATIONS[1].conformance, dedicated_key=bytes(15)).encode()
    aarq = AARQ(
        application_context=ApplicationContext.LN_CIPHERED,
        mechanism=Mechanism.HIGH_GMAC,
        calling_authentication_value=bytes(16),
        calling_ap_title=CLIENT_TITLE,
        user_information=forger().seal(initiate, Form.GLO, 0x30),
    )
    answer = AARE.decode(Pair(client_sap=1).strike(aarq.encode()))
    error = ConfirmedServiceError.decode(answer.user_information).initiate_error
    assert error is InitiateError.REFUSED_BY_THE_VDE_HANDLER


def test_what_a_ciphered_association_never_sees_in_clear():
    pair = Pair(hls5(), client_sap=1).associate()
    pair.get(CLOCK)
    pair.ask(pair.client.release())
    seen = b"".join(pair.sent[0] + pair.sent[1])
    for secret in (EK, AK, pair.store.values[CLOCK], bytes(CLOCK.logical_name)):
        assert secret not in seen
