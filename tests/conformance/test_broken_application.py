"""Every application case can fail: meters that break one rule each are found out, and by the rule they break."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from conforming import MANAGEMENT, PUBLIC, Meter, Provider, Spoil, judged, over_tcp, same
from openami.conformance.suite import SUITE
from openami.conformance.target import Login
from openami.conformance.verdict import Verdict
from openami.core.obis import OBIS
from openami.cosem.association import AssociationLNv3, User
from openami.dlms.acse import AARE, AARQ, RLRE, ApplicationContext, AssociationResult, Diagnostic, Mechanism
from openami.dlms.data import LOGICAL_NAME, OCTET_STRING
from openami.dlms.security import Security
from openami.dlms.server import Association
from openami.dlms.xdlms import (
    ActionResponseNormal,
    ActionResult,
    Conformance,
    DataAccessResult,
    InitiateRequest,
    InitiateResponse,
    SetResponseNormal,
    get_response_normal,
)
from openami.dlms.xdlms.short import ReadResponse, WriteResponse
from pair import PASSWORD
from short_meter import ShortMeter

NAME = LOGICAL_NAME.encode(OBIS.parse("0.0.40.0.0.255"))
DATA = get_response_normal(0x41, NAME)
LOW = Login(2, Security.lls(PASSWORD))
SECRET = b"a secret of ours"
HIGH = Login(3, Security.hls(3, secret=SECRET))
SHORT = Login(16, is_short=True)
ALL = Conformance(0xFF_FFFF)


def asked(**changes: Any) -> Spoil:
    """A meter that overlooks something in AARQs."""
    return lambda apdu: replace(AARQ.decode(apdu), **changes).encode() if apdu[0] == 0x60 else apdu


def proposed(**changes: Any) -> Spoil:
    """A meter that overlooks something in initiate-requests in clear."""

    def change(apdu: bytes) -> bytes:
        if apdu[0] != 0x60:
            return apdu
        aarq = AARQ.decode(apdu)
        initiate = replace(InitiateRequest.decode(aarq.user_information or b""), **changes)
        return replace(aarq, user_information=initiate.encode()).encode()

    return change


def agreed(**changes: Any) -> Spoil:
    """A meter that states something else in its initiate-response."""

    def change(apdu: bytes) -> bytes:
        if apdu[0] != 0x61:
            return apdu
        aare = AARE.decode(apdu)
        response = replace(InitiateResponse.decode(aare.user_information or b""), **changes)
        return replace(aare, user_information=response.encode()).encode()

    return change


def instead(tag: int, answer: bytes) -> Spoil:
    """A meter that answers otherwise in place of one kind of APDU."""
    return lambda apdu: answer if apdu[0] == tag else apdu


def served(apdu: bytes) -> bytes:
    """A meter that refuses no GET, SET or unknown request."""
    if apdu[:2] == b"\xc4\x01" and apdu[3]:
        return get_response_normal(apdu[2], NAME)
    if apdu[:2] == b"\xc5\x01":
        return SetResponseNormal(apdu[2], DataAccessResult.SUCCESS).encode()
    return DATA if apdu[0] == 0xD8 else apdu


def careless(apdu: bytes) -> bytes:
    """A meter to whom every password of eight octets is right."""
    if apdu[0] != 0x60:
        return apdu
    aarq = AARQ.decode(apdu)
    is_given = aarq.mechanism is Mechanism.LOW and len(aarq.calling_authentication_value or b"") == len(PASSWORD)
    return replace(aarq, calling_authentication_value=PASSWORD).encode() if is_given else apdu


def strict(apdu: bytes) -> bytes:
    """A meter that takes no called-AP-title."""
    if apdu[0] != 0x60 or AARQ.decode(apdu).called_ap_title is None:
        return apdu
    return replace(AARQ.decode(apdu), application_context=b"\x01").encode()


def particular(apdu: bytes) -> bytes:
    """A meter that takes no quality of service."""
    if apdu[0] != 0x60:
        return apdu
    initiate = InitiateRequest.decode(AARQ.decode(apdu).user_information or b"")
    return apdu if initiate.proposed_quality_of_service is None else proposed(proposed_dlms_version=1)(apdu)


def eager(apdu: bytes) -> bytes:
    """A meter that takes version 5 for 6 and hears nothing of releases."""
    return b"" if apdu[0] == 0x62 else apdu


REJECTED = AARE(result=AssociationResult.REJECTED_PERMANENT, diagnostic=Diagnostic.NO_REASON_GIVEN).encode()
RELEASED = instead(0x62, RLRE().encode())


@dataclass(frozen=True)
class Broken:
    """A meter that breaks a rule, and what the report says of it."""

    told: str
    asks: Spoil = same
    answers: Spoil = same
    logins: tuple[Login, ...] = (PUBLIC,)
    meter: Callable[[], Any] = lambda: Meter(Association(16), Association(2, Mechanism.LOW, secret=PASSWORD))


def with_users() -> Meter:
    """A meter that lists users and asks nobody who he is."""
    meter = Meter(Association(16))
    listing = AssociationLNv3("0.0.40.0.0.255", user_list=[User(5, "reader")])
    meter.objects[15, OBIS.parse("0.0.40.0.0.255")] = listing
    meter.device.associations = {16: listing}
    return reading_all(meter)


def reading_all(meter: Meter) -> Meter:
    """Let the public client read every attribute."""
    from openami.cosem.access import AccessTable, AttributeAccess, Rights

    everything = {k: Rights(dict.fromkeys(o.attributes, AttributeAccess.READ)) for k, o in meter.objects.items()}
    meter.device.access = AccessTable({16: everything})
    return meter


def high() -> Meter:
    """A meter with a client whose challenges are answered in clear."""
    return Meter(Association(3, Mechanism.HIGH_MD5, secret=SECRET))


def trusting(apdu: bytes) -> bytes:
    """A meter to whom every f(StoC) is right."""
    answer = ActionResponseNormal.decode(apdu) if apdu[:2] == b"\xc7\x01" else None
    if answer is None or answer.result is ActionResult.SUCCESS:
        return apdu
    return ActionResponseNormal(answer.invoke, ActionResult.SUCCESS, OCTET_STRING.encode(bytes(16))).encode()


def forgetful(apdu: bytes) -> bytes:
    """A meter that cannot prove itself."""
    return apdu[:-1] + bytes((apdu[-1] ^ 1,)) if apdu[:2] == b"\xc7\x01" else apdu


def unasking(apdu: bytes) -> bytes:
    """A meter that sends no challenge."""
    return replace(AARE.decode(apdu), responding_authentication_value=None).encode() if apdu[0] == 0x61 else apdu


BROKEN: dict[str, list[Broken]] = {
    "APPL_IDLE_N1": [Broken("GET of client 16, lowest level without association", answers=served)],
    "APPL_OPEN_1": [
        Broken("expected no service that was not proposed", answers=agreed(conformance=ALL)),
        Broken("expected DLMS version 6, came 5", answers=agreed(negotiated_dlms_version=5)),
        Broken("expected vaa-name 0007, came FA00", answers=agreed(vaa_name=0xFA00)),
        Broken("came 11", answers=agreed(server_max_receive_pdu_size=11)),
        Broken("expected an AARE that accepts", answers=instead(0x61, REJECTED)),
        Broken("expected a get-response, came nothing within", answers=instead(0xC4, b"")),
    ],
    "APPL_OPEN_2": [Broken("expected current user 5", meter=with_users)],
    "APPL_OPEN_3": [
        Broken("expected an answer protected like it", answers=served, logins=(MANAGEMENT,), meter=Meter),
        Broken("a wrong f(StoC) of client 3, HLS 3: expected a refusal", answers=trusting, logins=(HIGH,), meter=high),
        Broken("expected f(CtoS) that proves the server", answers=forgetful, logins=(HIGH,), meter=high),
        Broken("expected an AARE with the challenge StoC", answers=unasking, logins=(HIGH,), meter=high),
    ],
    "APPL_OPEN_4": [
        Broken(
            "with a protocol-version without version 1: expected an AARE that rejects",
            asks=asked(protocol_version=None),
        ),
        Broken("AARQ of client 16, lowest level with protocol-version", asks=asked(protocol_version=b"\x06\x40")),
    ],
    "APPL_OPEN_5": [
        Broken("with an unknown application context: expected", asks=asked(application_context=ApplicationContext.LN)),
    ],
    "APPL_OPEN_6": [Broken("with all titles and identifiers: expected an AARE that accepts", asks=strict)],
    "APPL_OPEN_7": [
        Broken("with an unknown mechanism: expected an AARE that rejects", asks=asked(mechanism=None)),
        Broken(
            "with a wrong password: expected an AARE that rejects",
            asks=lambda apdu: (
                asked(calling_authentication_value=PASSWORD)(apdu)
                if apdu[0] == 0x60
                and len(AARQ.decode(apdu).calling_authentication_value or b"") == 8
                and AARQ.decode(apdu).mechanism is Mechanism.LOW
                else apdu
            ),
            logins=(LOW,),
        ),
    ],
    "APPL_OPEN_9": [
        Broken("with a dedicated key: expected an AARE, came nothing", answers=instead(0x61, b"")),
        Broken("expected a get-response, came", asks=instead(0xD0, b"\xd0\0"), logins=(MANAGEMENT,), meter=Meter),
    ],
    "APPL_OPEN_11": [Broken("with quality of service 0: expected an AARE that accepts", asks=particular)],
    "APPL_OPEN_12": [
        Broken("with DLMS version 5: expected an AARE that rejects", asks=proposed(proposed_dlms_version=6)),
        Broken("with DLMS version 6: expected version 6, came version 5", answers=agreed(negotiated_dlms_version=5)),
    ],
    "APPL_OPEN_13": [Broken("expected no service that was not proposed", asks=proposed(conformance=ALL))],
    "APPL_OPEN_14": [
        Broken("expected an APDU of at most 128 octets", asks=proposed(client_max_receive_pdu_size=0)),
    ],
    "APPL_DATA_LN_N1": [Broken("GET of an object that is not there", answers=served)],
    "APPL_DATA_LN_N3": [Broken("SET of an object that is not there", answers=served)],
    "APPL_DATA_LN_N4": [
        Broken("a ReadRequest (client 16, lowest level)", answers=instead(0xD8, ReadResponse((NAME,)).encode())),
    ],
    "APPL_DATA_SN_N1": [
        Broken(
            "a ReadRequest of an unknown name",
            answers=instead(0x0C, ReadResponse((NAME,)).encode()),
            logins=(SHORT,),
            meter=ShortMeter,
        ),
    ],
    "APPL_DATA_SN_N2": [
        Broken(
            "a WriteRequest of an unknown name",
            answers=instead(0x0D, WriteResponse((DataAccessResult.SUCCESS,)).encode()),
            logins=(SHORT,),
            meter=ShortMeter,
        ),
    ],
    "APPL_DATA_SN_N3": [
        Broken("a GET (client 16, lowest level, short names)", answers=served, logins=(SHORT,), meter=ShortMeter),
    ],
    "APPL_REL_P1": [
        Broken("expected an RLRE, came nothing", asks=eager, answers=instead(0x62, b"")),
        Broken("GET after RLRQ of client 16, lowest level: expected", asks=eager, answers=RELEASED),
    ],
}


@pytest.mark.parametrize(("name", "number"), [(name, n) for name in sorted(BROKEN) for n in range(len(BROKEN[name]))])
async def test_a_meter_that_breaks_the_rule_fails(name: str, number: int) -> None:
    broken = BROKEN[name][number]
    provider = Provider(broken.meter(), broken.asks, broken.answers)
    found = await judged(over_tcp(provider, *broken.logins, response_s=0.5), name)
    assert (found.verdict, broken.told in found.detail) == (Verdict.FAIL, True), found


def test_every_application_case_has_a_broken_meter() -> None:
    assert sorted(BROKEN) == sorted(case.name for case in SUITE if case.name.startswith("APPL"))
