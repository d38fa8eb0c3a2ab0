"""Every case of COSEM objects can fail: meters that break one rule each are found out, and by the rule they break."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from conforming import PUBLIC, Between, Meter, Spoil, judged, over_tcp, same
from openami.conformance.suite import SUITE
from openami.conformance.verdict import Verdict
from openami.core.obis import OBIS
from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.association import AssociationLNv3
from openami.cosem.elements import NO_NAME
from openami.cosem.objects import CosemObject
from openami.cosem.push import PushSetup, PushSetupv1
from openami.cosem.push_elements import (
    IdentifiedKey,
    KeyInfo,
    KeyInfoType,
    ProtectionOptions,
    ProtectionParameters,
    ProtectionType,
)
from openami.cosem.sap_assignment import Assignment, SAPAssignment
from openami.dlms.data import UINT16, UINT32
from openami.dlms.server import Association
from openami.dlms.wrapper import ServerStream
from openami.dlms.xdlms import (
    DataAccessResult,
    DataNotification,
    GetRequestNormal,
    GetResponseWithList,
    SetResponseNormal,
    get_response_normal,
)
from small_meter import ENERGY, NAME, PROFILE

ASSOCIATION = OBIS.parse("0.0.40.0.0.255")
DEVICE = b"OAMSIM0000000001"
PUSH = OBIS.parse("0.0.25.9.0.255")
GLOBAL_KEY = KeyInfo(KeyInfoType.IDENTIFIED, IdentifiedKey(0))
PROTECTION = ProtectionParameters(
    ProtectionType.AUTHENTICATION_AND_ENCRYPTION, ProtectionOptions(b"", b"", b"", b"", GLOBAL_KEY)
)


class Open(Meter):
    """A meter that lets its public client read all, write the energy, and tell it to push."""

    def __init__(self, *more: CosemObject, hidden: frozenset[str] = frozenset(), **settings: Any) -> None:
        super().__init__(Association(16), **settings)
        saps = SAPAssignment("0.0.41.0.0.255", sap_assignment_list=[Assignment(1, DEVICE)])
        listing = AssociationLNv3("0.0.40.0.0.255")
        for item in (listing, saps, *more):
            self.objects[item.class_id, item.logical_name] = item
        self.device.associations = {16: listing}
        shown = {key: item for key, item in self.objects.items() if str(key[1]) not in hidden}
        self.device.access = AccessTable({16: {key: self.rights(key, item) for key, item in shown.items()}})

    def rights(self, key: tuple[int, OBIS], item: CosemObject) -> Rights:
        attributes = dict.fromkeys(item.attributes, AttributeAccess.READ)
        if key == (3, OBIS.parse(ENERGY)):
            attributes[2] = AttributeAccess.READ_WRITE
        return Rights(attributes, dict.fromkeys(item.methods, MethodAccess.ACCESS) if key[0] == 40 else {})


class Pushing(Open):
    """A meter that pushes on the connection on which it is told to, before it answers."""

    def __init__(self, apdu: bytes, *, protected: bool = False) -> None:
        parameters: list[Any] = [PROTECTION] if protected else []
        values = {"push_protection_parameters": parameters} if protected else {}
        kind = PushSetupv1 if protected else PushSetup
        super().__init__(kind(PUSH, handlers={"push": self.push}, **values))
        self.apdu = apdu

    def open(self, local_address: str, link: Any = None) -> Any:
        self.link = link or ServerStream(1)
        return super().open(local_address, self.link)

    def push(self, _data: object) -> None:
        if self.apdu:
            self.link.notify(16, self.apdu, 0.0)


NOTIFICATION = DataNotification(1, b"", UINT16.encode(7)).encode()


def refusing(attribute_id: int) -> Spoil:
    """A meter that does not give one attribute of the register, whatever the list says."""

    def change(apdu: bytes) -> bytes:
        if apdu[:2] != b"\xc0\x01":
            return apdu
        request = GetRequestNormal.decode(apdu)
        if request.attribute[:2] != (3, OBIS.parse(ENERGY)) or request.attribute.attribute_id != attribute_id:
            return apdu
        nowhere = request.attribute._replace(logical_name=NO_NAME)
        return GetRequestNormal(request.invoke, nowhere).encode()

    return change


def unselective(apdu: bytes) -> bytes:
    """A meter that hears nothing of selectors."""
    if apdu[:2] != b"\xc0\x01":
        return apdu
    request = GetRequestNormal.decode(apdu)
    return GetRequestNormal(request.invoke, request.attribute).encode()


def mixing(apdu: bytes) -> bytes:
    """A meter that gives the parts of a list in another order."""
    if apdu[:2] != b"\xc4\x03":
        return apdu
    answer = GetResponseWithList.decode(apdu)
    return GetResponseWithList(answer.invoke, (*answer.results[1:], answer.results[0])).encode()


def losing(apdu: bytes) -> bytes:
    """A meter that forgets the last part of a list."""
    if apdu[:2] != b"\xc4\x03":
        return apdu
    answer = GetResponseWithList.decode(apdu)
    return GetResponseWithList(answer.invoke, answer.results[:-1]).encode()


def denying(apdu: bytes) -> bytes:
    """A meter that writes nothing."""
    if apdu[:2] != b"\xc5\x01":
        return apdu
    return SetResponseNormal(apdu[2], DataAccessResult.READ_WRITE_DENIED).encode()


def obliging(apdu: bytes) -> bytes:
    """A meter that says yes to every SET."""
    return SetResponseNormal(apdu[2], DataAccessResult.SUCCESS).encode() if apdu[:2] == b"\xc5\x01" else apdu


def misnamed(apdu: bytes) -> bytes:
    """A meter whose objects bear another name than is listed."""
    return apdu[:-1] + b"\xfe" if apdu[:2] == b"\xc4\x01" and apdu[4:6] == b"\x09\x06" else apdu


def mistyped(apdu: bytes) -> bytes:
    """A meter whose clock is a number."""
    return get_response_normal(apdu[2], UINT32.encode(7)) if apdu[4:6] == b"\x09\x0c" else apdu


def indiscreet() -> Meter:
    """A meter that lists one attribute as not readable, and gives it."""
    meter = Open()
    listed = meter.device.object_list

    def altered(client_sap: int, version: int = 3) -> Any:
        elements = listed(client_sap, version)
        for element in elements:
            if element.class_id == 3:
                items = element.access_rights.attribute_access
                items[2] = items[2]._replace(access_mode=0)
        return elements

    meter.device.object_list = altered
    return meter


def other_device() -> Meter:
    """A meter that has its SAP under another name."""
    return Open(SAPAssignment("0.0.41.0.0.255", sap_assignment_list=[Assignment(1, b"OAMSIM0000000002")]))


def badly_named() -> Meter:
    """A meter whose device name has no maker."""
    meter = Open()
    meter.object(1, NAME).state[2] = b"0123"
    return meter


def nameless() -> Meter:
    """A meter whose device name nobody with a password may read."""
    return Open(hidden=frozenset({NAME, "0.0.96.1.0.255"}))


@dataclass(frozen=True)
class Broken:
    """A meter that breaks a rule, and what the report says of it."""

    told: str
    meter: Callable[[], Any] = Open
    asks: Spoil = same
    answers: Spoil = same
    verdict: Verdict = Verdict.FAIL


BROKEN: dict[str, list[Broken]] = {
    "COSEM_x_y": [
        Broken("attribute 3 of 1.0.1.8.0.255 (class 3), which is readable: expected data", asks=refusing(3)),
        Broken("attribute 3 of 1.0.1.8.0.255 (class 3), which is not readable: expected a refusal", indiscreet),
        Broken("expected the logical name, came another value", answers=misnamed),
        Broken("GET attribute 2 of 0.0.1.0.0.255 (class 8): expected date-time", answers=mistyped),
    ],
    "COSEM_x_y_WRITE": [
        Broken("to its own value, which is writeable: expected success", answers=denying),
        Broken("which is not writeable: expected a refusal, came success", answers=obliging),
    ],
    "COSEM_MANDATORY": [
        Broken("expected this device under its SAP 1, by its name", other_device),
        Broken("expected at most 16 octets, three letters first", badly_named),
        Broken("is not in the object list of a public association", nameless, verdict=Verdict.INCONCLUSIVE),
    ],
    "COSEM_REPORTED": [Broken("expected one of them, came none that may be read", nameless)],
    "COSEM_RANGE": [Broken("by range, rows 32 to 64: expected 33 rows, came 96", asks=unselective)],
    "COSEM_ENTRY": [Broken("by entry, the first: expected 1 rows, came 96", asks=unselective)],
    "COSEM_MULTIREF_1": [
        Broken("GET with a list of 10 (client 16, lowest level): expected 10 results, came 9", answers=losing),
        Broken("as when read alone", answers=mixing),
    ],
    "COSEM_MULTIREF_2": [Broken("expected 2 results, came 1", answers=losing)],
    "COSEM_MULTIREF_3": [Broken("expected 4 results, came 3", answers=losing)],
    "COSEM_PUSH": [
        Broken("push of 0.0.25.9.0.255: expected a data-notification", lambda: Pushing(b"\x0f\0\0\0\1")),
        Broken("to another destination", lambda: Pushing(b""), verdict=Verdict.INCONCLUSIVE),
        Broken("expected success, came object-unavailable", lambda: Open(PushSetup(PUSH))),
    ],
    "COSEM_PUSH_PROTECTED": [
        Broken("expected a ciphered APDU, came APDU 0f", lambda: Pushing(NOTIFICATION, protected=True)),
    ],
}


class Provider:
    """The meter behind a spoiled link."""

    def __init__(self, meter: Meter, broken: Broken) -> None:
        self.meter, self.broken = meter, broken

    def open(self, local_address: str, link: Any = None) -> Any:
        return self.meter.open(local_address, Between(link or ServerStream(1), self.broken.asks, self.broken.answers))


@pytest.mark.parametrize(("name", "number"), [(name, n) for name in sorted(BROKEN) for n in range(len(BROKEN[name]))])
async def test_a_meter_that_breaks_the_rule_is_found_out(name: str, number: int) -> None:
    broken = BROKEN[name][number]
    way = over_tcp(Provider(broken.meter(), broken), PUBLIC, allows_writes=True, response_s=0.5)
    found = await judged(way, name)
    assert (found.verdict, broken.told in found.detail) == (broken.verdict, True), found


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - {"COSEM_PUSH", "COSEM_PUSH_PROTECTED"}))
async def test_a_meter_that_keeps_the_rule_passes(name: str) -> None:
    found = await judged(over_tcp(Open(), PUBLIC, allows_writes=True), name)
    assert found.verdict is Verdict.PASS, found


async def test_pushes_are_seen_on_the_connection() -> None:
    found = await judged(over_tcp(Pushing(NOTIFICATION), PUBLIC, allows_writes=True), "COSEM_PUSH")
    assert found.verdict is Verdict.PASS, found
    ciphered = b"\xdb\x08OAM\0\0\0\0\2\x03\x30\0\0"
    way = over_tcp(Pushing(ciphered, protected=True), PUBLIC, allows_writes=True)
    found = await judged(way, "COSEM_PUSH_PROTECTED")
    assert found.verdict is Verdict.PASS, found


async def test_what_is_wrong_in_a_walk_is_told_in_part_and_counted() -> None:
    meter = Open()
    way = over_tcp(Provider(meter, Broken("", answers=misnamed)), PUBLIC)
    found = await judged(way, "COSEM_x_y")
    assert sum(remark.startswith("GET") for remark in found.remarks) == len(meter.objects) - 1
    assert any("attributes read or refused as listed" in remark for remark in found.remarks)


async def test_a_profile_with_more_than_a_thousand_rows_is_not_read_whole(monkeypatch) -> None:
    from openami.conformance import objects

    monkeypatch.setattr(objects, "MOST_ROWS", 50)
    found = await judged(over_tcp(Open(), PUBLIC), "COSEM_x_y")
    assert found.verdict is Verdict.PASS
    assert any(f"attribute 2 of {PROFILE} (class 7) has more than 50 rows" in remark for remark in found.remarks)


def test_every_case_of_objects_has_a_broken_meter() -> None:
    assert sorted(BROKEN) == sorted(case.name for case in SUITE if case.name.startswith("COSEM"))
