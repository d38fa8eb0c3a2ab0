"""Associations by short names: their contexts, passes 3 and 4, and who is let in."""

from dataclasses import replace

import pytest

from openami.core.errors import AssociationError, DefinitionError, SecurityError
from openami.dlms.acse import AARE, AARQ, Mechanism
from openami.dlms.client import DEFAULT_CONFORMANCE, Failed
from openami.dlms.security import Policy, Security
from openami.dlms.server import Association, Refused
from openami.dlms.xdlms import Conformance, DataAccessResult, ExceptionResponse, InitiateResponse, decode
from openami.dlms.xdlms.short import (
    ParameterizedAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteRequest,
    WriteResponse,
)
from pair import ASSOCIATIONS, CLOCK, SERVER_TITLE, Pair, ask, hls5, wrap
from short_pair import AT_CLOCK, CIPHERED, FIVE, NAMES, PLAIN, SHORT, SUCCESS, pair


def test_the_application_context_is_that_of_short_names():
    for level, context in (("public", PLAIN), ("glo", CIPHERED)):
        joined = pair(level).associate()
        assert AARQ.decode(joined.sent[0][0][8:]).application_context is context
        assert AARE.decode(joined.sent[1][0][8:]).application_context is context
    with pytest.raises(DefinitionError, match="client 16 needs short names"):
        Association(16, context=PLAIN)


def test_a_client_by_logical_names_is_refused():
    for server, client in ((SHORT, {}), (ASSOCIATIONS, {"referencing": "SN", "names": NAMES})):
        joined = Pair(associations=server, client=client)
        error = joined.failure(joined.client.associate())
        assert isinstance(error, AssociationError)
        assert "application-context" in str(error)


def test_the_initiate_response_says_where_the_association_is():
    joined = pair().associate()
    inside = AARE.decode(joined.sent[1][0][8:]).user_information
    assert inside is not None
    assert InitiateResponse.decode(inside).vaa_name == 0xFA00
    assert AARE.decode(joined.sent[1][0][8:]).responding_ap_title in {None, SERVER_TITLE}


def test_passes_3_and_4_are_a_read_of_the_association():
    joined = pair("glo").associate()
    assert [data[8] for data in joined.sent[0]] == [0x60, 37]
    clear = replace(SHORT[1], policy=Policy.NONE, context=PLAIN)
    joined = pair((hls5(policy=Policy.NONE), 1), associations={1: clear}).associate()
    request, response = decode(joined.sent[0][1][8:]), decode(joined.sent[1][1][8:])
    [variable] = request.variables
    assert (variable.name, variable.parameter[:2]) == (0xFA58, b"\x09\x11")
    assert response.results[0][:2] == b"\x09\x11"
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]


@pytest.mark.parametrize("mechanism", [Mechanism.HIGH, Mechanism.HIGH_MD5, Mechanism.HIGH_SHA1, Mechanism.HIGH_SHA256])
@pytest.mark.parametrize("conformance", [DEFAULT_CONFORMANCE, Conformance.GET | Conformance.SET])
def test_every_high_mechanism_by_read_and_by_write(mechanism, conformance):
    secret = b"a secret of 16 o"
    title = b"OAM\0\0\0\0\1" if mechanism is Mechanism.HIGH_SHA256 else None
    level = Security(mechanism=mechanism, secret=secret, client_title=title), 7
    association = Association(7, mechanism, secret=secret, context=PLAIN, names=NAMES, conformance=conformance)
    joined = pair(level, associations={7: association}).associate()
    assert joined.sent[0][1][8] == (0x06 if conformance != DEFAULT_CONFORMANCE else 0x05)
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    wrong = pair(level, associations={7: replace(association, secret=b"another secret o")})
    error = wrong.failure(wrong.client.associate())
    assert isinstance(error, AssociationError)
    assert error.diagnostic is DataAccessResult.READ_WRITE_DENIED
    assert isinstance(wrong.server_events[-1], Refused)


def test_nothing_is_served_before_pass_3():
    clear = replace(SHORT[1], policy=Policy.NONE, context=PLAIN)
    joined = Pair(hls5(policy=Policy.NONE), client_sap=1, client={"referencing": "SN"}, associations={1: clear})
    joined.client.associate()
    joined.to_server()
    joined.server.outgoing()
    reply = b"\x09\x11" + bytes(17)
    for request in (
        ReadRequest((VariableName(AT_CLOCK),)),
        ReadRequest((ParameterizedAccess(0xFA40, 0, reply),)),
        ReadRequest((VariableName(0xFA58),)),
        WriteRequest((VariableName(AT_CLOCK),), (FIVE,)),
        UnconfirmedWriteRequest((VariableName(0xFA58),), (reply,)),
    ):
        assert isinstance(ask(joined, request), ExceptionResponse)
    assert ask(joined, ReadRequest((ParameterizedAccess(0xFA58, 0, reply),))) == ReadResponse(
        (DataAccessResult.READ_WRITE_DENIED,)
    )


def test_a_server_that_does_not_prove_who_it_is_is_refused():
    clear = replace(SHORT[1], policy=Policy.NONE, context=PLAIN)
    for answer in (WriteResponse((SUCCESS,)), ReadResponse((b"\x09\x11" + bytes(17),)), ReadResponse((b"\0", b"\0"))):
        joined = Pair(hls5(policy=Policy.NONE), client_sap=1, client={"referencing": "SN"}, associations={1: clear})
        request = joined.client.associate()
        joined.to_server()
        joined.to_client()
        joined.client.outgoing()
        [event] = joined.client.receive(wrap(answer.encode(), 1, 1), joined.now)
        assert isinstance(event, Failed)
        assert event.id == request
        assert isinstance(event.error, SecurityError)
