"""Our two ends by short names, without mocks: every service, every way to associate, every cut."""

from dataclasses import replace

import pytest

from levels import octet_string
from openami.core.errors import LocalProtocolError, RemoteProtocolError, SecurityError
from openami.cosem.short_names import ShortNames
from openami.dlms.client import DEFAULT_CONFORMANCE, Acted, Associated, Got, Notified, Released, State, WasSet
from openami.dlms.hdlc import PrimaryStation, SecondaryStation, ServerAddress
from openami.dlms.security import Policy
from openami.dlms.server import Ended, GetRequest, Opened
from openami.dlms.xdlms import (
    AccessGet,
    ActionResult,
    Conformance,
    DataAccessResult,
    ExceptionResponse,
    ServiceErrorCode,
)
from openami.dlms.xdlms.short import InformationReportRequest, MethodName, ReadRequest, VariableName
from pair import CLOCK, CUTS, ECHO, NOWHERE, REGISTER, RESET, ask, flip, hls5
from short_pair import (
    AGREE,
    AT_CLOCK,
    AT_REGISTER,
    FIVE,
    LEVELS,
    NAMES,
    NO_GBT,
    NOTHING,
    SHORT,
    SUCCESS,
    UNDEFINED,
    pair,
    public,
)

BLOCKS = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
levels = pytest.mark.parametrize("level", LEVELS)


@levels
@pytest.mark.parametrize("cut", CUTS)
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
