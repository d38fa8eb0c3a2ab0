"""Every security case can fail: meters that break one rule each are found out, and by the rule they break."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from conforming import HLS5, Meter, Provider, Spoil, judged, over_tcp, same
from openami.conformance.suite import SUITE
from openami.conformance.target import Login
from openami.conformance.verdict import Verdict
from openami.core.obis import OBIS
from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.security_setup import SecuritySetupv1
from openami.dlms.acse import AARE, ApplicationContext, Mechanism
from openami.dlms.data import LOGICAL_NAME
from openami.dlms.security import Keys, Policy, unwrap
from openami.dlms.server import Association
from openami.dlms.xdlms import get_response_normal
from pair import AK, EK, MemoryCounters
from small_meter import HLS5_ASSOCIATION

MASTER, SPARE, BROADCAST = bytes(range(0x50, 0x60)), bytes(range(0x60, 0x70)), bytes(range(0x80, 0x90))
KEYS = Keys(EK, AK, MASTER, BROADCAST)
SETUP = OBIS.parse("0.0.43.0.0.255")
DATA = get_response_normal(0x41, LOGICAL_NAME.encode(OBIS.parse("0.0.40.0.0.255")))
OWNER = Login(1, replace(HLS5, keys=KEYS), spare_key=SPARE)


class Forgetful(MemoryCounters):
    """Counters that remember nothing of what they have received."""

    def received(self, client_sap: int, key: str) -> int:
        return -1


class Standing(MemoryCounters):
    """A counter of one's own that stands still."""

    def next_send(self, client_sap: int, key: str) -> int:
        return 7


def counting(counters: MemoryCounters) -> Meter:
    """A meter with these counters."""
    meter = Meter()
    meter.counters = counters
    return meter


def with_policy(policy: Policy, **settings: Any) -> Meter:
    """A meter whose client 1 must protect as much as this."""
    return Meter(
        Association(1, Mechanism.HIGH_GMAC, policy, keys=Keys(EK, AK), context=ApplicationContext.LN_CIPHERED),
        Association(16),
        **settings,
    )


def with_login(policy: Policy) -> Login:
    """A client that protects as much as this."""
    return Login(1, replace(HLS5, policy=policy))


class Setup(SecuritySetupv1):
    """Security setup that takes keys as it should."""

    class_id, version = 64, 1


class Lax(SecuritySetupv1):
    """Security setup that says yes to every transfer and does nothing."""

    def invoke(self, method_id: int, data: bytes | None = None) -> bytes | None:
        return None


class Deaf(SecuritySetupv1):
    """Security setup that takes no key at all."""


def keeping(kind: type[SecuritySetupv1]) -> Meter:
    """A meter whose keys may be changed, by a setup of this kind."""
    meter = Meter(replace(HLS5_ASSOCIATION, keys=KEYS), Association(16))

    def renew(transfers: list[Any]) -> None:
        named = {0: "encryption", 1: "broadcast", 2: "authentication"}
        held = meter.associations[1]
        keys = replace(held.keys or KEYS, **{named[int(key_id)]: key for key_id, key in transfers})
        meter.associations[1] = replace(held, keys=keys)
        meter.counters.last.clear()

    handlers = {"key_transfer": renew, "unwrap": lambda wrapped: unwrap(MASTER, wrapped)}
    setup = kind(SETUP, handlers={} if kind is Deaf else handlers)
    meter.objects[64, SETUP] = setup
    read, call = {2: AttributeAccess.READ}, {2: MethodAccess.ACCESS}
    rights = {key: Rights(read, call if key[0] == 64 else {}) for key in meter.objects}
    meter.device.access = AccessTable({1: rights, 16: meter.device.access[16]})
    return meter


def nameless(apdu: bytes) -> bytes:
    """An AARE that bears no title, from a meter whose title is known."""
    return replace(AARE.decode(apdu), responding_ap_title=None).encode() if apdu[0] == 0x61 else apdu


def bare(apdu: bytes) -> bytes:
    """Answers to GET in clear."""
    return DATA if apdu[0] == 0xCC else apdu


def served(apdu: bytes) -> bytes:
    """GET served, whatever the request was worth."""
    return DATA if apdu[0] == 0xD8 else apdu


KNOWN = Login(1, replace(HLS5, server_title=b"OAM\x00\x00\x00\x00\x02"))


@dataclass(frozen=True)
class Broken:
    """A meter that breaks a rule, and what the report says of it."""

    told: str
    meter: Callable[[], Any] = Meter
    login: Login = OWNER
    answers: Spoil = same


BROKEN: dict[str, list[Broken]] = {
    "SYMSEC_0_BasicCap_1": [
        Broken("expected a system title of 8 octets", answers=nameless, login=KNOWN),
        Broken("expected an answer authenticated and encrypted, came one in clear", answers=bare),
    ],
    "SYMSEC_0_FraCount_1": [Broken("again: expected an exception-response", meter=lambda: counting(Forgetful()))],
    "SYMSEC_0_FraCount_3": [Broken("invocation counter 7 is not above 7", meter=lambda: counting(Standing()))],
    "SYMSEC_0_DedKey_N1": [Broken("without a dedicated key: expected an exception-response", answers=served)],
    "SYMSEC_0_SecDataX_P1": [Broken("expected an answer protected like it", answers=bare)],
    "SYMSEC_0_SecDataX_N1": [Broken("with one bit of its tag changed: expected", answers=served)],
    "SYMSEC_REL_N1": [
        Broken("RLRQ in clear of client 1", meter=lambda: Meter(accepts_plain_release=True)),
    ],
    "SYMSEC_0_SecPol_1": [
        Broken("in clear: expected an exception-response", lambda: with_policy(Policy.NONE), with_login(Policy.A)),
    ],
    "SYMSEC_0_SecPol_2": [
        Broken("in clear: expected an exception-response", lambda: with_policy(Policy.NONE), with_login(Policy.E)),
    ],
    "SYMSEC_0_SecPol_3": [
        Broken("in clear: expected an exception-response", lambda: with_policy(Policy.NONE), with_login(Policy.AE)),
        Broken("authenticated: expected an exception-response", lambda: with_policy(Policy.A), with_login(Policy.AE)),
        Broken("encrypted: expected an exception-response", lambda: with_policy(Policy.E), with_login(Policy.AE)),
    ],
    "SYMSEC_0_Key_Tx_P1": [
        Broken("expected an AARE that accepts", lambda: keeping(Lax)),
        Broken("transfer of key 0: expected success", lambda: keeping(Deaf)),
    ],
    "SYMSEC_0_Key_Tx_P2": [Broken("transfer of key 1: expected success", lambda: keeping(Deaf))],
    "SYMSEC_0_Key_Tx_P3": [Broken("expected an AARE that accepts", lambda: keeping(Lax))],
    "SYMSEC_0_Key_Tx_N1": [Broken("transfer of a key of id 9: expected a refusal", lambda: keeping(Lax))],
    "SYMSEC_0_Key_Tx_N2": [Broken("that is wrongly wrapped: expected a refusal", lambda: keeping(Lax))],
}


@pytest.mark.parametrize(("name", "number"), [(name, n) for name in sorted(BROKEN) for n in range(len(BROKEN[name]))])
async def test_a_meter_that_breaks_the_rule_fails(name: str, number: int) -> None:
    broken = BROKEN[name][number]
    provider = Provider(broken.meter(), same, broken.answers)
    found = await judged(over_tcp(provider, broken.login, allows_writes=True, response_s=0.5), name)
    assert (found.verdict, broken.told in found.detail) == (Verdict.FAIL, True), found


@pytest.mark.parametrize("name", sorted(name for name in BROKEN if "Key_Tx" in name))
async def test_keys_are_changed_where_that_is_allowed(name: str) -> None:
    meter = keeping(Setup)
    found = await judged(over_tcp(meter, OWNER, allows_writes=True), name)
    assert found.verdict is Verdict.PASS, found
    held = meter.associations[1].keys
    assert held is not None
    assert held.encryption == (SPARE if name.endswith("P1") else EK)
    assert held.authentication == AK
    found = await judged(over_tcp(keeping(Setup), OWNER), name)
    assert (found.verdict, found.detail) == (
        Verdict.NOT_APPLICABLE,
        "it writes to the meter, and that was not allowed",
    )


@pytest.mark.parametrize(
    ("policy", "passing"),
    [(Policy.A, "SYMSEC_0_SecPol_1"), (Policy.E, "SYMSEC_0_SecPol_2"), (Policy.AE, "SYMSEC_0_SecPol_3")],
)
async def test_a_policy_that_is_held_to_passes(policy: Policy, passing: str) -> None:
    for name in ("SYMSEC_0_SecPol_1", "SYMSEC_0_SecPol_2", "SYMSEC_0_SecPol_3"):
        found = await judged(over_tcp(with_policy(policy), with_login(policy)), name)
        assert found.verdict is (Verdict.PASS if name == passing else Verdict.NOT_APPLICABLE), found


def test_every_security_case_has_a_broken_meter() -> None:
    assert sorted(BROKEN) == sorted(case.name for case in SUITE if case.name.startswith("SYMSEC"))
