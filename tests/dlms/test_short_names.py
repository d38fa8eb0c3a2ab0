"""Our two ends by short names, without mocks: every service, every way to associate, every cut."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import (
    AssociationError,
    DefinitionError,
    LinkTimeout,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
)
from openami.core.obis import OBIS
from openami.cosem.association_sn import ObjectName
from openami.cosem.short_names import ShortNames
from openami.dlms.acse import AARE, AARQ, ApplicationContext, AssociationResult, Mechanism
from openami.dlms.client import (
    DEFAULT_CONFORMANCE,
    Acted,
    Associated,
    ExceptionError,
    Failed,
    Got,
    Notified,
    Released,
    State,
    WasSet,
)
from openami.dlms.hdlc import PrimaryStation, SecondaryStation, ServerAddress
from openami.dlms.security import Policy, Security
from openami.dlms.server import AccessRequest, Association, Ended, GetRequest, Opened, Refused, SetRequest
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AccessSet,
    ActionResult,
    Conformance,
    DataAccessResult,
    ExceptionResponse,
    InitiateRequest,
    InitiateResponse,
    MethodDescriptor,
    Selection,
    ServiceErrorCode,
    decode,
)
from openami.dlms.xdlms.short import (
    BlockNumber,
    BlockNumberAccess,
    DataBlockResult,
    InformationReportRequest,
    MethodName,
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
from pair import (
    ASSOCIATIONS,
    CLOCK,
    CUTS,
    ECHO,
    NOWHERE,
    PASSWORD,
    PROFILE,
    REGISTER,
    RESET,
    SERVER_TITLE,
    Pair,
    Store,
    flip,
    hls5,
    wrap,
)

#: A method that returns data: Security setup, key_agreement.
AGREE = MethodDescriptor(64, OBIS.parse("0.0.43.0.0.255"), 3)
NAMES = ShortNames(
    [
        ObjectName(0x0100, 3, 0, REGISTER.logical_name),
        ObjectName(0x0200, 8, 0, CLOCK.logical_name),
        ObjectName(0x0300, 7, 1, PROFILE.logical_name),
        ObjectName(0x0400, 9, 0, ECHO.logical_name),
        ObjectName(0x0500, 64, 1, AGREE.logical_name),
        ObjectName(0xFA00, 12, 2, OBIS.parse("0.0.40.0.0.255")),
    ]
)
AT_REGISTER, AT_CLOCK, AT_PROFILE, AT_AGREE = 0x0108, 0x0208, 0x0308, 0x0540
NOTHING = 0x7000
PLAIN, CIPHERED = ApplicationContext.SN, ApplicationContext.SN_CIPHERED
SHORT = {
    sap: replace(held, context=CIPHERED if held.is_ciphered else PLAIN, names=NAMES)
    for sap, held in ASSOCIATIONS.items()
}
LEVELS = {
    "public": (Security.none(), 16),
    "password": (Security.lls(PASSWORD), 2),
    "glo": (hls5(), 1),
    "general-glo": (hls5(ciphering="general-glo"), 1),
    "ded": (hls5(dedicated_key="random"), 1),
    "general-ded": (hls5(dedicated_key="random", ciphering="general-glo"), 1),
}
SUCCESS, UNDEFINED = DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED
FIVE = b"\x06\0\0\0\5"
BLOCKS = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
NO_GBT = DEFAULT_CONFORMANCE & ~Conformance.GENERAL_BLOCK_TRANSFER
levels = pytest.mark.parametrize("level", LEVELS)
cuts = pytest.mark.parametrize("cut", CUTS)


class Echoing(Store):
    """A store whose AGREE returns its parameters."""

    def invoke(self, method, parameters):
        result, returned = super().invoke(method, parameters)
        return result, parameters if method == AGREE else returned


def pair(level: str | tuple[Security, int] = "public", *, client=None, associations=None, **facts) -> Pair:
    security, client_sap = LEVELS[level] if isinstance(level, str) else level
    return Pair(
        security,
        client_sap=client_sap,
        client={"referencing": "SN", "names": NAMES, **(client or {})},
        associations=associations or SHORT,
        **{"answer": Echoing(), **facts},
    )


def public(conformance: Conformance = DEFAULT_CONFORMANCE, max_pdu: int = 0xFFFF, **facts) -> Pair:
    """A public association whose APDUs the test makes itself."""
    joined = pair(associations={16: replace(SHORT[16], conformance=conformance)}, **facts)
    initiate = InitiateRequest(Conformance(0xFFFFFF), max_pdu).encode()
    answer = AARE.decode(joined.strike(AARQ(application_context=PLAIN, user_information=initiate).encode()))
    assert answer.result is AssociationResult.ACCEPTED
    return joined


def ask(joined: Pair, apdu):
    """Send the server an APDU; its answer, decoded."""
    return decode(joined.strike(apdu.encode()))


def octet_string(size: int) -> bytes:
    return b"\x09\x82" + size.to_bytes(2, "big") + bytes(n * 7 % 251 for n in range(size))


@levels
@cuts
def test_a_whole_session(level, cut):
    joined = pair(level, cut=cut)
    client_sap = LEVELS[level][1]
    opened = joined.ask(joined.client.associate(now=joined.now))
    assert isinstance(opened, Associated)
    assert opened.response.vaa_name == 0xFA00
    assert joined.client.state is State.ASSOCIATED
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    assert joined.get(CLOCK, REGISTER) == [joined.store.values[CLOCK], joined.store.values[REGISTER]]
    written = joined.ask(joined.client.set([(REGISTER, None, FIVE)]))
    assert written == WasSet(written.id, [SUCCESS])
    assert joined.get(REGISTER) == [FIVE]
    acted = joined.ask(joined.client.action([(RESET, b"\x0f\0"), (AGREE, b"\x12\0\5"), (AGREE, None), (ECHO, None)]))
    assert acted == Acted(
        acted.id,
        [
            (ActionResult.SUCCESS, None),
            (ActionResult.SUCCESS, b"\x12\0\5"),
            (ActionResult.SUCCESS, b"\x0f\0"),
            (ActionResult.SUCCESS, None),
        ],
    )
    assert [method for method, _ in joined.store.invoked] == [RESET, AGREE, AGREE, ECHO]
    assert isinstance(joined.ask(joined.client.release()), Released)
    assert (joined.server_events[0], joined.server_events[-1]) == (Opened(client_sap), Ended(client_sap))
    assert joined.associate().get(CLOCK) == [joined.store.values[CLOCK]]


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


@pytest.mark.parametrize(
    ("dedicated_key", "tags"), [(None, (37, 44, 38, 45, 54, 56)), ("random", (69, 76, 70, 77, 86))]
)
def test_each_service_has_its_own_ciphered_tag(dedicated_key, tags):
    joined = pair((hls5(dedicated_key=dedicated_key), 1)).associate()
    before = len(joined.sent[0]), len(joined.sent[1])
    joined.get(REGISTER)
    joined.ask(joined.client.set([(REGISTER, None, FIVE)]))
    joined.client.set([(REGISTER, None, FIVE)], confirmed=False)
    joined.run()
    seen = [*joined.sent[0][before[0] :], *joined.sent[1][before[1] :]]
    assert {data[8] for data in seen} == {*tags} - {56}
    if dedicated_key is None:
        joined.server.report(1, [(REGISTER, FIVE)], joined.now)
        joined.run()
        assert joined.sent[1][-1][8] == 56


@pytest.mark.parametrize("policy", [Policy.A, Policy.E, Policy.AE])
def test_every_policy_protects_what_it_says(policy):
    joined = pair((hls5(policy=policy), 1), associations={1: replace(SHORT[1], policy=policy)}).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    assert any(joined.store.values[CLOCK] in data for data in joined.sent[1]) == (policy is Policy.A)


@pytest.mark.parametrize("place", [8, 12, 20, -1])
def test_a_changed_bit_of_a_ciphered_answer_is_refused(place):
    joined = pair("glo").associate()
    joined.tamper[1] = flip(place)
    error = joined.failure(joined.client.get([(CLOCK, None)]))
    assert isinstance(error, SecurityError | RemoteProtocolError)


@levels
@pytest.mark.parametrize("size", [100, 1000])
def test_long_values_go_in_blocks_both_ways(level, size):
    value, other = octet_string(size), octet_string(size // 2)
    pdus = {"client": {"max_pdu": 120, "conformance": NO_GBT}, "server": {"max_pdu": 110}}
    joined = pair(level, **pdus).associate()
    assert joined.ask(joined.client.set([(PROFILE, None, value), (CLOCK, None, other)])).results == [UNDEFINED, SUCCESS]
    joined.store.values[PROFILE] = b"\0"
    assert joined.ask(joined.client.set([(PROFILE, None, value)])).results == [SUCCESS]
    assert joined.get(PROFILE) == [value]
    assert joined.get(PROFILE, REGISTER, CLOCK) == [value, joined.store.values[REGISTER], other]
    selection = Selection(2, value)
    got = joined.ask(joined.client.get([(PROFILE, selection), (REGISTER, None)]))
    assert got.results == [value, joined.store.values[REGISTER]]
    asked = [event for event in joined.server_events if isinstance(event, GetRequest)]
    assert any((PROFILE, selection) in event.items for event in asked)
    acted = joined.ask(joined.client.action([(AGREE, value), (ECHO, other)]))
    assert acted.results == [(ActionResult.SUCCESS, value), (ActionResult.SUCCESS, None)]
    assert joined.store.invoked == [(AGREE, value), (ECHO, other)]
    if LEVELS[level][1] != 1:
        assert max(map(len, joined.sent[0][2:])) <= 110 + 8
        assert max(map(len, joined.sent[1][2:])) <= 110 + 8


@given(
    values=st.lists(st.binary(max_size=400), min_size=1, max_size=6),
    level=st.sampled_from(sorted(LEVELS)),
    max_pdus=st.tuples(st.integers(80, 600), st.integers(80, 600)),
    gbt=st.booleans(),
    cut=st.sampled_from(sorted(CUTS)),
)
@settings(max_examples=60)
def test_any_values_arrive_both_ways(values, level, max_pdus, gbt, cut):
    conformance = DEFAULT_CONFORMANCE if gbt else NO_GBT
    client = {"max_pdu": max_pdus[0], "conformance": conformance, "prefers_gbt": gbt}
    server = {"max_pdu": max_pdus[1], "prefers_gbt": gbt}
    joined = pair(level, cut=cut, client=client, server=server, answer=Echoing({PROFILE: b"\0"})).associate()
    encoded = [b"\x09\x82" + len(value).to_bytes(2, "big") + value for value in values]
    assert joined.ask(joined.client.action([(AGREE, value) for value in encoded])).results == [
        (ActionResult.SUCCESS, value) for value in encoded
    ]
    for value in encoded:
        assert joined.ask(joined.client.set([(PROFILE, None, value)])).results == [SUCCESS]
        assert joined.get(PROFILE, PROFILE) == [value, value]
    assert max(map(len, joined.sent[0][2:])) <= max_pdus[1] + 8
    assert max(map(len, joined.sent[1][2:])) <= min(max_pdus) + 8


@levels
def test_an_unconfirmed_write_is_not_answered(level):
    joined = pair(level).associate()
    answered = len(joined.sent[1])
    written = joined.client.set([(REGISTER, None, FIVE), (CLOCK, None, FIVE)], confirmed=False)
    acted = joined.client.action([(AGREE, FIVE), (RESET, None)], confirmed=False)
    joined.run()
    joined.events += joined.client.expire(joined.now)
    assert joined.events[-2:] == [WasSet(written, []), Acted(acted, [])]
    assert len(joined.sent[1]) == answered
    assert (joined.store.values[REGISTER], joined.store.values[CLOCK]) == (FIVE, FIVE)
    assert joined.store.invoked == [(AGREE, FIVE), (RESET, b"\x0f\0")]


@pytest.mark.parametrize("time", [None, b"20261120080000Z"])
@levels
def test_an_information_report_arrives(level, time):
    joined = pair(level).associate()
    client_sap = LEVELS[level][1]
    joined.server.report(client_sap, [(REGISTER, FIVE), (CLOCK, b"\0")], joined.now, current_time=time)
    [event] = joined.run()
    assert isinstance(event, Notified)
    variables = VariableName(AT_REGISTER), VariableName(AT_CLOCK)
    assert event.notification == InformationReportRequest(variables, (FIVE, b"\0"), time)
    assert joined.client.reported(event.notification) == [(REGISTER, FIVE), (CLOCK, b"\0")]
    joined.client.names = ShortNames()
    assert joined.client.reported(event.notification) == [(AT_REGISTER, FIVE), (AT_CLOCK, b"\0")]
    assert joined.client.state is State.ASSOCIATED


def test_a_report_needs_names_leave_and_an_association():
    joined = pair()
    with pytest.raises(LocalProtocolError, match="not associated"):
        joined.server.report(16, [(REGISTER, FIVE)], joined.now)
    joined.associate()
    with pytest.raises(LocalProtocolError, match="has no short name"):
        joined.server.report(16, [(NOWHERE, FIVE)], joined.now)
    with pytest.raises(LocalProtocolError, match="has no short name"):
        joined.server.report(99, [(REGISTER, FIVE)], joined.now)
    some = replace(SHORT[16], conformance=Conformance.SET)
    joined = pair(associations={16: some}).associate()
    with pytest.raises(LocalProtocolError, match="has not agreed"):
        joined.server.report(16, [(REGISTER, FIVE)], joined.now)


def test_variables_are_read_and_written_by_their_names_alone():
    joined = pair(client={"names": None}).associate()
    read = joined.client.read([VariableName(AT_CLOCK), VariableName(NOTHING), VariableName(AT_REGISTER)])
    values = joined.store.values
    assert joined.ask(read) == Got(read, [values[CLOCK], UNDEFINED, values[REGISTER]])
    written = joined.client.write([(VariableName(AT_REGISTER), FIVE), (VariableName(NOTHING), FIVE)])
    assert joined.ask(written) == WasSet(written, [SUCCESS, UNDEFINED])
    with pytest.raises(LocalProtocolError, match=r"attribute 2 of 0\.0\.1\.0\.0\.255 \(class 8\) has no short name"):
        joined.client.get([(CLOCK, None)])
    with pytest.raises(LocalProtocolError, match=r"method 1 of .* has no short name"):
        joined.client.action([(RESET, None)])
    with pytest.raises(LocalProtocolError, match="at least one item"):
        joined.client.read([])
    joined.client.names = NAMES
    assert joined.get(CLOCK) == [values[CLOCK]]


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


def test_what_was_not_negotiated_is_asked_for_one_by_one_or_not_at_all():
    lists = DEFAULT_CONFORMANCE & ~Conformance.MULTIPLE_REFERENCES
    joined = pair(associations={16: replace(SHORT[16], conformance=lists)}).associate()
    known = len(joined.sent[0])
    assert joined.get(CLOCK, REGISTER) == [joined.store.values[CLOCK], joined.store.values[REGISTER]]
    assert len(joined.sent[0]) == known + 2
    few = NO_GBT & ~BLOCKS
    joined = pair(associations={16: replace(SHORT[16], conformance=few)}, server={"max_pdu": 100}).associate()
    with pytest.raises(LocalProtocolError, match="the server takes 100 and no blocks"):
        joined.client.set([(CLOCK, None, octet_string(200))])
    joined.store.values[CLOCK] = octet_string(200)
    assert joined.get(CLOCK, REGISTER) == [DataAccessResult.DATA_BLOCK_UNAVAILABLE] * 2
    with pytest.raises(LocalProtocolError, match="ACCESS was not negotiated"):
        joined.client.access([(AccessGet(CLOCK), None)])


def test_a_request_for_very_many_variables_is_refused_and_never_made():
    joined = public()
    answer = ask(joined, ReadRequest((VariableName(AT_CLOCK),) * 1001))
    assert isinstance(answer, ExceptionResponse)
    assert answer.service_error is ServiceErrorCode.PDU_TOO_LONG
    joined = pair().associate()
    read = joined.client.read([VariableName(AT_REGISTER)] * 2500)
    assert joined.ask(read).results == [joined.store.values[REGISTER]] * 2500
    assert [len(event.items) for event in joined.server_events if isinstance(event, GetRequest)] == [1000, 1000, 500]
    written = joined.client.write([(VariableName(AT_REGISTER), FIVE)] * 1500)
    assert joined.ask(written).results == [SUCCESS] * 1500


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


def test_after_an_answer_that_is_overdue_there_is_no_association():
    joined = pair().associate()
    late, queued = joined.client.get([(CLOCK, None)], now=joined.now), joined.client.get([(REGISTER, None)])
    joined.client.outgoing()
    events = joined.client.expire(joined.now + 10)
    assert [event.id for event in events] == [late, queued]
    assert all(isinstance(event.error, LinkTimeout) for event in events)
    assert joined.client.state is State.IDLE
    assert joined.client.receive(wrap(ReadResponse((b"\0",)).encode(), 1, 16), joined.now + 11) == []


def long_read(joined: Pair) -> DataBlockResult:
    joined.store.values[CLOCK] = octet_string(300)
    answer = ask(joined, ReadRequest((VariableName(AT_CLOCK),)))
    return answer.results[0]


def test_a_long_answer_in_blocks():
    joined = public(NO_GBT, max_pdu=100)
    block, value = long_read(joined), b""
    while not block.last_block:
        value += block.raw_data
        again = ask(joined, ReadRequest((BlockNumberAccess(block.block_number),)))
        assert ask(joined, ReadRequest((BlockNumberAccess(block.block_number),))) == again
        block = again.results[0]
    assert value + block.raw_data == octet_string(300)
    done = ask(joined, ReadRequest((BlockNumberAccess(9),)))
    assert done == ReadResponse((DataAccessResult.NO_LONG_GET_IN_PROGRESS,))


def test_a_wrong_block_number_ends_a_long_answer():
    for number in (0, 2, 0xFFFF):
        joined = public(NO_GBT, max_pdu=100)
        long_read(joined)
        refused = ReadResponse((DataAccessResult.DATA_BLOCK_NUMBER_INVALID,))
        assert ask(joined, ReadRequest((BlockNumberAccess(number),))) == refused
        ended = ReadResponse((DataAccessResult.NO_LONG_GET_IN_PROGRESS,))
        assert ask(joined, ReadRequest((BlockNumberAccess(1),))) == ended


def read_block(last, number, raw):
    return ReadRequest((ReadDataBlockAccess(last, number, raw),)), ReadResponse


def write_block(last, number, raw):
    return WriteRequest((WriteDataBlockAccess(last, number),), (bytes((9, len(raw))) + raw,)), WriteResponse


@pytest.mark.parametrize(
    ("block", "missing", "aborted"),
    [
        (read_block, DataAccessResult.NO_LONG_GET_IN_PROGRESS, DataAccessResult.LONG_GET_ABORTED),
        (write_block, DataAccessResult.NO_LONG_SET_IN_PROGRESS, DataAccessResult.LONG_SET_ABORTED),
    ],
)
def test_blocks_of_a_request_come_in_turn(block, missing, aborted):
    joined = public()

    def give(last, number, raw):
        request, response = block(last, number, raw)
        answer = ask(joined, request)
        assert isinstance(answer, response)
        [result] = answer.results
        return result

    assert give(False, 2, b"\1") is missing
    assert give(False, 1, b"\1") == BlockNumber(1)
    assert give(False, 3, b"\1") is DataAccessResult.DATA_BLOCK_NUMBER_INVALID
    assert give(True, 2, b"\1") is missing
    assert give(False, 1, b"") is aborted
    assert give(False, 1, b"\1") == BlockNumber(1)
    assert give(False, 1, b"\2") == BlockNumber(1)
    assert give(True, 2, b"\x02") is aborted


def test_blocks_among_other_variables_are_refused():
    joined = public()
    name = VariableName(AT_CLOCK)
    for request in (
        ReadRequest((name, BlockNumberAccess(1))),
        ReadRequest((WriteDataBlockAccess(True, 1),)),
        WriteRequest((name, WriteDataBlockAccess(True, 1)), (FIVE, FIVE)),
        WriteRequest((BlockNumberAccess(1),), (FIVE,)),
        WriteRequest((WriteDataBlockAccess(True, 1),), (FIVE,)),
        UnconfirmedWriteRequest((WriteDataBlockAccess(True, 1),), (b"\x09\0",)),
    ):
        assert isinstance(ask(joined, request), ExceptionResponse)


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


def test_lost_blocks_are_asked_for_again():
    value = octet_string(700)
    joined = pair(client={"conformance": NO_GBT}, server={"max_pdu": 100}, answer=Echoing({PROFILE: value})).associate()
    request = joined.client.get([(PROFILE, None)], now=joined.now)
    joined.to_server()
    joined.to_client()
    joined.to_server()
    joined.server.outgoing()
    joined.now += 10
    assert joined.client.expire(joined.now) == []
    assert joined.ask(request).results == [value]


@given(
    st.sampled_from([b"", b"\x05", b"\x06", b"\x16", b"\x05\x01\x06\x01", b"\x06\x01\x07\x01"]), st.binary(max_size=60)
)
def test_any_octets_are_answered_or_ignored(head, noise):
    joined = public()
    answer = joined.strike(head + noise) if head + noise else b""
    assert not answer or decode(answer)


@given(st.sampled_from([b"\x0c", b"\x0d", b"\x18", b"\x0c\x01\x02", b"\x0c\x01\x00"]), st.binary(max_size=60))
def test_any_answer_ends_the_request_or_goes_on_with_it(head, noise):
    joined = pair().associate()
    request = joined.client.get([(CLOCK, None)])
    joined.client.outgoing()
    for event in joined.client.receive(wrap(head + noise, 1, 16), joined.now):
        assert isinstance(event, Notified) or event.id == request


def test_the_names_of_a_server_are_what_tells_attributes_from_methods():
    class Every:
        def attribute(self, descriptor):
            return 8 * descriptor.attribute_id

        def method(self, descriptor):
            return MethodName(0x800 + 8 * descriptor.method_id, returns=True)

        def find(self, name):
            return CLOCK if name < 0x800 else RESET

    joined = pair(associations={16: replace(SHORT[16], names=Every())}, client={"names": Every()}).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    acted = joined.ask(joined.client.action([(RESET, b"\x0f\0")]))
    assert acted.results == [(ActionResult.SUCCESS, b"\0")]


def test_the_initiate_response_says_where_the_association_is():
    joined = pair().associate()
    inside = AARE.decode(joined.sent[1][0][8:]).user_information
    assert inside is not None
    assert InitiateResponse.decode(inside).vaa_name == 0xFA00
    assert AARE.decode(joined.sent[1][0][8:]).responding_ap_title in {None, SERVER_TITLE}


@pytest.mark.parametrize("cut", ["whole", "byte by byte"])
def test_a_session_over_hdlc(cut):
    address = ServerAddress(1, 17, 2)
    joined = pair(
        "password",
        cut=cut,
        client={"link": PrimaryStation(2, address)},
        server={"link": SecondaryStation(address)},
    ).associate()
    value = octet_string(900)
    assert joined.ask(joined.client.set([(REGISTER, None, value)])).results == [SUCCESS]
    assert joined.get(REGISTER, CLOCK) == [value, joined.store.values[CLOCK]]
    assert isinstance(joined.ask(joined.client.release()), Released)
