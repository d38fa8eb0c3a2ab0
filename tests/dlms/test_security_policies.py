"""Security policies between our two ends: what they ask for is protected, and what is protected less is refused."""

from dataclasses import replace

import pytest

from openami.core.errors import AssociationError
from openami.dlms.acse import AARQ
from openami.dlms.client import Released
from openami.dlms.security import Form, Policy, PolicyError
from openami.dlms.security.suite import SIGNED
from openami.dlms.server.opening import Opening
from openami.dlms.xdlms import ExceptionResponse, ServiceErrorCode, get_request_normal
from pair import CLIENT_TITLE, CLOCK, SERVER_TITLE, TO_CLIENT, TO_SERVER, Pair, forger, hls5, wrap
from secured import AE, NONE, SUITE_1, Way, keys_of


def test_a_client_that_protects_less_than_the_policy_is_rejected():
    for policy, less in ((AE, Policy.A), (AE, Policy.E), (AE, NONE), (Policy.A, Policy.E)):
        joined = Way(5, policy=policy).pair(client={"policy": less})
        error = joined.failure(joined.client.associate())
        assert isinstance(error, AssociationError)


@pytest.mark.parametrize(("form", "control"), [(Form.GLO, 0x10), (Form.GLO, 0x20), (Form.GENERAL_GLO, 0)])
def test_an_answer_that_is_protected_less_is_refused(form, control):
    joined = Pair(hls5(), client_sap=1).associate()
    joined.tamper[TO_CLIENT] = lambda _: wrap(
        forger(SERVER_TITLE, CLIENT_TITLE).seal(b"\xc4\x01\xc3\0\0", form, control)
    )
    assert isinstance(joined.failure(joined.client.get([(CLOCK, None)])), PolicyError)


@pytest.mark.parametrize("signing", ["outside", "inside"])
def test_an_answer_without_its_signature_is_refused(signing):
    joined = Way(7, SUITE_1, ciphering="general-glo", signing=signing).pair().associate()
    way_back = Opening._way_back
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Opening, "_way_back", lambda self, way: (Form.GENERAL_GLO, way_back(self, way)[1] & 0x30))
        error = joined.failure(joined.client.get([(CLOCK, None)]))
    assert isinstance(error, PolicyError)
    assert "not signed" in str(error)


@pytest.mark.parametrize("bits", range(64))
def test_every_policy_of_version_1_protects_what_it_says(bits):
    way = Way(7, SUITE_1, Policy(bits << 2))
    joined = way.pair(client={"keys": keys_of(SUITE_1)}, server={"keys": keys_of(SUITE_1)}).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    request, answer = joined.sent[0][-1][8:], joined.sent[1][-1][8:]
    for apdu, plain, least in ((request, 0xC0, way.policy.request), (answer, 0xC4, way.policy.response)):
        assert (apdu[0] == 0xDF) == bool(least & SIGNED or (apdu is answer and request[0] == 0xDF))
        assert least == 0 or apdu[0] != plain
    assert isinstance(joined.ask(joined.client.release()), Released)


@pytest.mark.parametrize("bits", [0x04, 0x08, 0x10, 0x0C, 0x1C])
def test_a_server_refuses_requests_below_its_policy_of_version_1(bits):
    joined = Way(7, SUITE_1, Policy(bits)).pair(
        client={"policy": NONE, "ciphering": "glo"}, server={"keys": keys_of(SUITE_1)}
    )
    joined.tamper[TO_SERVER] = lambda data: wrap(replace(AARQ.decode(data[8:]), application_context=3).encode())
    assert isinstance(joined.failure(joined.client.associate()), AssociationError)
    mild = (
        Way(7, SUITE_1, Policy(bits))
        .pair(server={"keys": keys_of(SUITE_1)}, client={"keys": keys_of(SUITE_1)})
        .associate()
    )
    refused = ExceptionResponse.decode(mild.strike(get_request_normal(0xC1, CLOCK, None)))
    assert refused.service_error is ServiceErrorCode.OPERATION_NOT_POSSIBLE
