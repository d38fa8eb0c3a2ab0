"""The frame of the cases: names, choice, verdicts, time limits, reports, and the other ways to a meter."""

import asyncio
import json
from pathlib import Path
from typing import ClassVar

import pytest

from cable import Cable
from conforming import (
    MANAGEMENT,
    PUBLIC,
    QUICK,
    STATION,
    Meter,
    Provider,
    Station,
    company,
    judged,
    logins_of,
    over_hdlc,
    over_tcp,
)
from openami.aio.bus import SerialListener
from openami.aio.route import Device, parse
from openami.aio.udp import DatagramListener
from openami.conformance.case import Case
from openami.conformance.report import Report
from openami.conformance.runner import run_case, run_cases
from openami.conformance.suite import SUITE, chosen
from openami.conformance.talk import Wire
from openami.conformance.target import Login, Target, read
from openami.conformance.trial import Memory, Trial
from openami.conformance.verdict import FailedError, Group, NotApplicableError, Outcome, Verdict
from openami.conformance.words import is_refusal, words
from openami.core.errors import AmiError, DefinitionError
from openami.dlms.acse import AARE, RLRE, AssociationResult, Diagnostic, Mechanism
from openami.dlms.hdlc import ServerAddress
from openami.dlms.security import Policy, Security
from openami.dlms.server import Association
from openami.dlms.xdlms import (
    ActionResponseNormal,
    ActionResult,
    ConfirmedService,
    ConfirmedServiceError,
    DataAccessResult,
    ErrorClass,
    ExceptionResponse,
    GetResponseWithList,
    InitiateError,
    ServiceErrorCode,
    SetResponseNormal,
    StateError,
    get_response_normal,
)
from pair import AK, CLIENT_TITLE, EK, PASSWORD
from short_meter import ShortMeter
from small_meter import HLS5_ASSOCIATION

SECRET = b"a secret of ours"
SECRETS = {"encryption_key": EK, "authentication_key": AK, "client_title": CLIENT_TITLE}
COUNTS = {Group.HDLC: 22, Group.APPLICATION: 20, Group.OBJECTS: 11, Group.SECURITY: 15}
#: Names of `facts/dlms.md`, section 4, the numbers of each row written out.
NAMES = """
HDLC_FRAME_P1 HDLC_FRAME_P2 HDLC_FRAME_P3 HDLC_FRAME_N1 HDLC_FRAME_N2 HDLC_FRAME_N3 HDLC_FRAME_N4 HDLC_FRAME_N5
HDLC_FRAME_N7 HDLC_FRAME_N8 HDLC_ADDRESS_P1 HDLC_ADDRESS_N1 HDLC_ADDRESS_N4 HDLC_ADDRESS_N6 HDLC_ADDRESS_N7
HDLC_NDM2NRM_P1 HDLC_NDM2NRM_P2 HDLC_INFO_P1 HDLC_INFO_N1 HDLC_INFO_N2 HDLC_INFO_N3 HDLC_NDMOP_N1 APPL_IDLE_N1
APPL_OPEN_1 APPL_OPEN_2 APPL_OPEN_3 APPL_OPEN_4 APPL_OPEN_5 APPL_OPEN_6 APPL_OPEN_7 APPL_OPEN_9 APPL_OPEN_11
APPL_OPEN_12 APPL_OPEN_13 APPL_OPEN_14 APPL_DATA_LN_N1 APPL_DATA_LN_N3 APPL_DATA_LN_N4 APPL_DATA_SN_N1
APPL_DATA_SN_N2 APPL_DATA_SN_N3 APPL_REL_P1 COSEM_x_y SYMSEC_0_BasicCap_1 SYMSEC_0_FraCount_1 SYMSEC_0_FraCount_3
SYMSEC_0_Key_Tx_P1 SYMSEC_0_Key_Tx_P2 SYMSEC_0_Key_Tx_P3 SYMSEC_0_Key_Tx_N1 SYMSEC_0_Key_Tx_N2 SYMSEC_0_DedKey_N1
SYMSEC_0_SecDataX_P1 SYMSEC_0_SecDataX_N1 SYMSEC_REL_N1 SYMSEC_0_SecPol_1 SYMSEC_0_SecPol_2 SYMSEC_0_SecPol_3
"""


def test_the_suite_has_the_cases_of_the_plan() -> None:
    names = [case.name for case in SUITE]
    assert len(set(names)) == len(names)
    assert set(NAMES.split()) <= set(names)
    assert {group: sum(case.group is group for case in SUITE) for group in Group} == COUNTS
    assert all(case.title and case.story.endswith(".") for case in SUITE)
    assert {case.name for case in SUITE if case.writes} == {
        "COSEM_x_y_WRITE",
        "COSEM_PUSH",
        "COSEM_PUSH_PROTECTED",
        *(name for name in names if "Key_Tx" in name),
    }


def test_cases_are_chosen_by_group_and_name() -> None:
    assert chosen() == SUITE
    assert {case.group for case in chosen([Group.HDLC, Group.SECURITY])} == {Group.HDLC, Group.SECURITY}
    assert [case.name for case in chosen((), ["appl_rel_p1", "HDLC_FRAME_N8"])] == ["HDLC_FRAME_N8", "APPL_REL_P1"]
    assert len(chosen([Group.HDLC], ["APPL_REL_P1"])) == COUNTS[Group.HDLC] + 1
    with pytest.raises(DefinitionError, match="no case NO_SUCH"):
        chosen((), ["no_such"])


# What else a meter may be


@pytest.mark.parametrize("name", [case.name for case in SUITE if case.group is Group.APPLICATION])
async def test_a_meter_by_short_names_passes(name: str) -> None:
    short = (Login(16, is_short=True), Login(2, Security.lls(PASSWORD), is_short=True))
    found = await judged(over_tcp(ShortMeter(), *short), name)
    known = {"APPL_OPEN_2", "APPL_OPEN_3", "APPL_DATA_LN_N1", "APPL_DATA_LN_N3", "APPL_DATA_LN_N4"}
    assert found.verdict is (Verdict.NOT_APPLICABLE if name in known else Verdict.PASS), found


@pytest.mark.parametrize("mechanism", [Mechanism.LOW, Mechanism.HIGH_MD5, Mechanism.HIGH_SHA1, Mechanism.HIGH_SHA256])
async def test_every_mechanism_passes(mechanism: Mechanism) -> None:
    title = b"TST\0\0\0\0\1"
    security = Security.lls(SECRET)
    if mechanism > Mechanism.LOW:
        security = Security.hls(mechanism, secret=SECRET, client_title=title)
    async with over_tcp(Meter(Association(3, mechanism, secret=SECRET)), Login(3, security)) as target:
        found = await run_cases(target, chosen([Group.APPLICATION]))
    assert {o.verdict for o in found} == {Verdict.PASS, Verdict.NOT_APPLICABLE}, found
    assert ("APPL_OPEN_3", Verdict.PASS) in [(o.name, o.verdict) for o in found] or mechanism is Mechanism.LOW


async def test_general_ciphering_of_requests_passes() -> None:
    login = Login(1, Security.hls5(**SECRETS, ciphering="general-glo"))
    async with over_tcp(Meter(HLS5_ASSOCIATION), login) as target:
        found = await run_cases(target, chosen([Group.APPLICATION, Group.SECURITY]))
    assert [o for o in found if o.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}] == []


async def test_datagrams_pass() -> None:
    async with DatagramListener(Meter(), port=0, host="127.0.0.1", stand_ins=["me"], login_delay_s=0) as listener:
        place = parse(f"udp://{listener.addresses[0]}")
        target = Target(place=place, logins=(PUBLIC, MANAGEMENT), **{**QUICK, "response_s": 1.0})
        found = await run_cases(target, chosen([Group.APPLICATION, Group.SECURITY]))
    assert [o for o in found if o.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}] == []


@pytest.mark.parametrize("echo", [False, True])
async def test_a_serial_line_passes(echo: bool) -> None:
    async with Cable(echo=echo) as cable:
        listener = SerialListener(Meter(), [Station("me", STATION)], Device(cable.server), login_delay_s=0)
        async with listener:
            place = parse(f"serial://{cable.client}?server=1/17{'&echo=yes' * echo}")
            target = Target(place=place, server=STATION, logins=(PUBLIC, MANAGEMENT), **{**QUICK, "gap_s": 0.3})
            names = ["HDLC_FRAME_P1", "HDLC_FRAME_N7", "HDLC_NDM2NRM_P2", "HDLC_INFO_P1", "APPL_OPEN_3", "APPL_REL_P1"]
            found = await run_cases(target, chosen((), names))
    assert [o for o in found if o.verdict is not Verdict.PASS] == []


async def test_a_counter_that_the_meter_does_not_tell_is_learnt_from_its_refusal() -> None:
    meter = Meter(HLS5_ASSOCIATION)
    meter.counters.accept(1, "global", 5000)
    found = await judged(over_tcp(meter, MANAGEMENT), "APPL_OPEN_1")
    assert found.verdict is Verdict.PASS, found
    assert meter.counters.received(1, "global") > 5000


# Verdicts


def one(run) -> Case:
    """A case made of a function."""
    return Case("TEST", "a rule", Group.APPLICATION, run)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (FailedError("a", "b", "c"), Verdict.FAIL),
        (NotApplicableError("nothing"), Verdict.NOT_APPLICABLE),
        (AmiError("what came makes no sense"), Verdict.FAIL),
        (None, Verdict.PASS),
    ],
)
async def test_errors_become_verdicts(error, verdict) -> None:
    async def run(trial: Trial) -> None:
        trial.note("seen")
        trial.note("seen")
        if error is not None:
            raise error

    async with over_tcp(Meter()) as target:
        found = await run_case(one(run), target, Memory())
    assert (found.verdict, found.remarks, found.detail) == (verdict, ("seen",), "" if error is None else str(error))


async def test_a_case_that_takes_too_long_is_ended() -> None:
    async def run(trial: Trial) -> None:
        await trial.associate(PUBLIC)
        await asyncio.Event().wait()

    async with over_tcp(Meter(), limit_s=0.1) as target:
        found = await run_case(one(run), target, Memory())
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "not done within 0.1 s")


async def test_a_meter_that_is_not_there_is_no_verdict_but_an_error() -> None:
    async with over_tcp(Meter()) as target:
        pass
    with pytest.raises(AmiError, match="nothing listens there"):
        await run_cases(target, SUITE)


async def test_a_meter_that_hangs_up_on_everything_fails() -> None:
    provider = Provider(Meter())
    provider.open = lambda *_: None
    found = await judged(over_tcp(provider, PUBLIC), "APPL_OPEN_1")
    assert found.verdict is Verdict.FAIL
    assert "came the connection was closed" in found.detail


class Counted(Wire):
    """A wire of which there must be one at a time."""

    there: ClassVar[int] = 0
    most: ClassVar[int] = 0

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        Counted.there += 1
        Counted.most = max(Counted.most, Counted.there)

    def connection_lost(self, exc) -> None:
        super().connection_lost(exc)
        Counted.there -= 1


@pytest.mark.parametrize("over", [over_tcp, over_hdlc])
async def test_there_is_one_connection_at_a_time(over, monkeypatch) -> None:
    monkeypatch.setattr("openami.conformance.trial.Wire", Counted)
    found = company()
    async with over(found.fleet, *logins_of(found), inactivity_s=None) as target:
        outcomes = await run_cases(target, chosen((Group.APPLICATION, Group.OBJECTS, Group.SECURITY)))
    assert Counted.most == 1
    assert [o for o in outcomes if o.verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}] == []


# Words and reports


@pytest.mark.parametrize(
    ("apdu", "said", "refused"),
    [
        (b"", "nothing", True),
        (AARE().encode(), "AARE accepted (null)", False),
        (
            AARE(
                result=AssociationResult.REJECTED_PERMANENT,
                diagnostic=Diagnostic.NO_REASON_GIVEN,
                user_information=ConfirmedServiceError(
                    ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, InitiateError.PDU_SIZE_TOO_SHORT
                ).encode(),
            ).encode(),
            "AARE rejected-permanent (no-reason-given, initiate pdu-size-too-short)",
            False,
        ),
        (RLRE().encode(), "RLRE (normal)", False),
        (get_response_normal(1, b"\x11\x07"), "get-response-normal (data)", False),
        (get_response_normal(1, DataAccessResult.OBJECT_UNDEFINED), "get-response-normal (object-undefined)", True),
        (SetResponseNormal(1, DataAccessResult.SUCCESS).encode(), "set-response-normal (success)", False),
        (SetResponseNormal(1, DataAccessResult.TYPE_UNMATCHED).encode(), "set-response-normal (type-unmatched)", True),
        (
            ActionResponseNormal(1, ActionResult.OTHER_REASON).encode(),
            "action-response-normal (other-reason)",
            True,
        ),
        (
            GetResponseWithList(1, (b"\x00", DataAccessResult.OBJECT_UNDEFINED)).encode(),
            "get-response-with-list (data, object-undefined)",
            False,
        ),
        (
            ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED).encode(),
            "exception-response (service-unknown, service-not-supported)",
            True,
        ),
        (b"\xcc\x00", "ciphered APDU cc", False),
        (b"\xc4\x01\x01", "3 octets that begin c40101 and cannot be read", False),
    ],
)
def test_apdus_in_words(apdu: bytes, said: str, refused: bool) -> None:
    assert words(apdu).startswith(said)
    assert is_refusal(apdu) is refused


def test_reports_tell_everything_and_claim_nothing() -> None:
    outcomes = [
        Outcome("A", "rule a", Group.HDLC, Verdict.PASS, "", ("seen",), 0.12345),
        Outcome("B", "rule b", Group.OBJECTS, Verdict.FAIL, "x | y"),
    ]
    target = Target(place=parse("tcp://127.0.0.1"), logins=(PUBLIC, MANAGEMENT))
    report = Report.of("tcp://127.0.0.1", target, outcomes)
    assert report.is_failed
    assert report.summary == "1 pass, 1 fail"
    document = json.loads(json.dumps(report.document()))
    assert document["counts"] == {"pass": 1, "fail": 1, "inconclusive": 0, "not applicable": 0}
    assert document["cases"][0]["remarks"] == ["seen"]
    page = report.markdown()
    assert "| B | fail | x \\| y |" in page
    assert "- A: seen" in page
    assert "- client 1, HLS 5, ciphered" in page
    assert "named after" in page
    assert "No certificate follows" in page
    assert not Report.of("", target, outcomes[:1]).is_failed


# Target files

KEY = "00112233445566778899aabbccddeeff"
SECRETS = {
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
    "client_title": b"OAMJ\0\0\0\1",
}
FILE = f"""
server = "1/17"
response_s = 3
inactivity_s = 120
addresses = ["1"]

[[association]]
client = 16

[[association]]
client = 2
mechanism = "lls"
password = "secret"

[[association]]
client = 1
mechanism = "hls5"
encryption_key = "{KEY}"
master_key = "{KEY}"
spare_key = "{KEY}"
client_title = "4F414D0000000001"
policy = "authenticated"
ciphering = "general-glo"

[[association]]
client = 3
mechanism = "lls"
password = "another"
referencing = "short"
"""


def test_a_target_file_says_what_is_tested(tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    path.write_text(FILE)
    target = read(path, parse("hdlc://localhost:4001"), {"authentication_key": KEY}, allows_writes=True)
    assert target.station == ServerAddress.of(1, 17)
    assert target.server_sap == 1
    assert target.is_hdlc
    assert (target.response_s, target.inactivity_s, target.allows_writes) == (3.0, 120.0, True)
    assert target.addresses == (ServerAddress(1),)
    public, low, high, short = target.logins
    assert str(public) == "client 16, lowest level"
    assert (str(low), low.security.password) == ("client 2, low level", b"secret")
    assert str(high) == "client 1, HLS 5, ciphered"
    assert high.security.policy is Policy.A
    assert high.security.keys is not None
    assert high.security.keys.authentication.hex() == KEY
    assert high.spare_key == bytes.fromhex(KEY)
    assert KEY not in repr(high)
    assert bytes.fromhex(KEY).hex() not in repr(target)
    assert str(short) == "client 3, low level, short names"
    over_tcp_it_is_one = read(path, parse("hdlc://localhost:4001?server=2"), {"authentication_key": KEY})
    assert over_tcp_it_is_one.station == ServerAddress.of(2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected at least one table"),
        ("association = 7", "expected at least one table"),
        ("nonsense", "Expected"),
        ("speed = 7\n[[association]]\nclient = 16", "speed: expected one of"),
        ("[[association]]\nclient = 16\nkey = 7", "key: expected one of"),
        ("[[association]]\nclient = 16\nmechanism = 'hls7'", "'hls7', expected one of lowest, lls, hls2"),
        ("[[association]]\nmechanism = 'lowest'", "a value of a wrong kind"),
        ("response_s = 'long'\n[[association]]\nclient = 16", "a value of a wrong kind"),
        ("[[association]]\nclient = 1\nmechanism = 'hls5'", "needs"),
        ("[[association]]\nclient = 1\nmechanism = 'hls3'", "mechanism 3 needs a secret"),
        ("[[association]]\nclient = 1\nmechanism = 'hls5'\nreferencing = 'short'", "high levels by short names"),
        ("[[association]]\nclient = 1\nmechanism = 'hls3'\npolicy = 'much'\nsecret = 's'", "a value of a wrong kind"),
    ],
)
def test_a_wrong_target_file_is_refused_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "target.toml"
    path.write_text(text)
    with pytest.raises(DefinitionError) as error:
        read(path, parse("tcp://127.0.0.1"), {})
    assert str(path) in str(error.value)
    assert message in str(error.value)
