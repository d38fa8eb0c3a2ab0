"""Classes of media and of behaviour against an outside implementation: numbers, types and octets of gurux-dlms."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openami.core.obis import OBIS
from openami.core.time import CosemTime
from openami.cosem.array_manager import ArrayObject
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.elements import ScriptReference, ValueDefinition
from openami.cosem.g3_adaptation import ContextInformation, Route
from openami.cosem.g3_plc import Modulation, Neighbour
from openami.cosem.internet import NeighbourDiscovery
from openami.cosem.limiter import EmergencyProfile, LimiterActions
from openami.cosem.objects import CosemObject
from openami.cosem.parameter_monitor import ChangedParameter
from openami.cosem.port_protection import ProtectionMode, ProtectionStatus
from openami.cosem.prime import AvailableSwitch, DirectConnection, PhyCommunication
from openami.cosem.push import ConfirmationParameters, PushObject, PushOperationMethod, RepetitionDelay
from openami.cosem.push_elements import (
    UNRESTRICTED,
    AgreedKey,
    IdentifiedKey,
    KeyInfo,
    KeyInfoType,
    ProtectionOptions,
    ProtectionParameters,
    ProtectionType,
    RestrictedObject,
    Restriction,
    RestrictionByDate,
    RestrictionByEntry,
    RestrictionType,
    SelectedObject,
    WrappedKey,
)
from openami.cosem.schedule import ENABLE_DISABLE, INDEX_RANGE, EnableDisable, IndexRange, ScheduleTableEntry
from openami.dlms.data import BitString, Data, Tag
from openami.dlms.xdlms import CaptureObject

LN = "0.0.1.2.3.255"
PEERS = [Path(__file__).parent / name for name in ("gurux_media.py", "gurux_behaviour.py")]
SILENT = {(24, 2), (24, 3), (74, 1)}
"""Attributes the peer fails to write."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the peer says, in a process of its own."""
    pytest.importorskip("gurux_dlms")
    said: dict[str, Any] = {"objects": [], "parameters": []}
    for peer in PEERS:
        done = subprocess.run([sys.executable, str(peer)], capture_output=True, text=True, timeout=60, check=True)
        for kind, found in json.loads(done.stdout).items():
            said[kind] += found
    return said


@pytest.fixture(scope="module")
def objects(told: dict[str, Any]) -> dict[tuple[int, int], dict[str, Any]]:
    """Objects of the peer by class id and version."""
    return {(thing["class_id"], thing["version"]): thing for thing in told["objects"]}


@pytest.mark.interop("gurux-dlms: numbers of attributes and methods of 39 versions of classes")
def test_counts_of_attributes_and_methods_are_those_of_the_peer(
    objects: dict[tuple[int, int], dict[str, Any]],
) -> None:
    assert len(objects) == 39
    for key, thing in objects.items():
        cls = CATALOGUE[key]
        assert (len(cls.attributes), len(cls.methods)) == (thing["attributes"], thing["methods"]), cls.__name__


def test_types_are_those_the_peer_announces(objects: dict[tuple[int, int], dict[str, Any]]) -> None:
    for key, thing in objects.items():
        for number, attribute in CATALOGUE[key].attributes.items():
            assert thing["types"][number - 1] in attribute.codec.tags, attribute


@pytest.mark.interop("gurux-dlms: octets of attributes, more than 350: classes of media, switches, limits, pushes")
def test_every_attribute_the_peer_writes_is_read_and_written_alike(
    objects: dict[tuple[int, int], dict[str, Any]],
) -> None:
    checked = 0
    for key, thing in objects.items():
        for number, text in thing["written"].items():
            if (key[0], int(number)) in SILENT:
                continue
            attribute, octets = CATALOGUE[key].attributes[int(number)], bytes.fromhex(text)
            assert attribute.codec.decode(octets)[1] == len(octets), attribute
            assert attribute.codec.encode(attribute.codec.decode(octets)[0]) == octets, attribute
            checked += 1
    assert checked > 350


def test_structures_mean_the_same(objects: dict[tuple[int, int], dict[str, Any]]) -> None:
    def only(class_id: int, version: int, number: int) -> object:
        octets = bytes.fromhex(objects[class_id, version]["written"][str(number)])
        value, _ = CATALOGUE[class_id, version].attributes[number].codec.decode(octets)
        assert isinstance(value, list)
        assert len(value) == 1
        return value[0]

    bits = BitString.parse
    entry = only(10, 0, 2)
    assert isinstance(entry, ScheduleTableEntry)
    assert (entry.entry_index, entry.enable, entry.script_selector, entry.validity_window) == (1, True, 3, 15)
    assert (entry.switch_time, entry.exec_specdays) == (CosemTime(12, 30, 15, 0), bits("0101"))
    assert only(48, 0, 10) == NeighbourDiscovery(rs_max_retry=3, rs_retry_wait_time=10_000, ra_send_period=0)
    assert only(85, 0, 4) == DirectConnection(1, 2, 3, 4, 5, 6, b"EUI-48")
    assert only(85, 0, 5) == AvailableSwitch(b"EUI-48", 1, 2, 3, 4)
    assert only(85, 0, 6) == PhyCommunication(b"EUI-48", 1, 0, 0, 0, 0, 0, 0, 8)
    assert only(91, 3, 11) == Neighbour(
        1, True, bits("0101"), Modulation.D8PSK, 1, 1, bits("0011"), 5, 6, tmr_valid_time=7, neighbour_valid_time=8
    )
    assert only(92, 3, 8) == Route(1, 2, 3, 4, 5, 6)
    assert only(92, 3, 9) == ContextInformation(bits("0001"), 2, b"12", True, 5)


def test_pushes_and_thresholds_mean_the_same(objects: dict[tuple[int, int], dict[str, Any]]) -> None:
    def value(class_id: int, version: int, number: int) -> Any:
        octets = bytes.fromhex(objects[class_id, version]["written"][str(number)])
        return CATALOGUE[class_id, version].attributes[number].codec.decode(octets)[0]

    when = value(40, 2, 13)
    assert (when.year, when.month, when.day, when.hour, when.minute) == (2026, 5, 4, 12, 30)
    power, profile = OBIS.parse("1.0.1.7.0.255"), OBIS.parse("1.0.99.1.0.255")
    by_date = Restriction(RestrictionType.DATE, RestrictionByDate(when, when))
    by_entry = Restriction(RestrictionType.ENTRY, RestrictionByEntry(3, 9))
    assert value(40, 0, 2) == [PushObject(3, power, 2), *[PushObject(7, profile, 2)] * 2]
    rows = [(3, power, 2, 0, UNRESTRICTED), (7, profile, 2, 0, by_date), (7, profile, 2, 0, by_entry)]
    assert value(40, 1, 2) == [RestrictedObject(*row) for row in rows]
    columns = [[], [], [], [CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2)]]
    assert value(40, 3, 2) == [
        SelectedObject(*row, columns=wanted) for row, wanted in zip([*rows, rows[2]], columns, strict=True)
    ]
    keys = [IdentifiedKey(1), WrappedKey(0, b"wrapped"), AgreedKey(b"parameters", b"data")]
    assert value(40, 1, 10) == [
        ProtectionParameters(
            ProtectionType.AUTHENTICATION_AND_ENCRYPTION,
            ProtectionOptions(b"t", b"o", b"r", b"i", KeyInfo(kind, key)),
        )
        for kind, key in zip(KeyInfoType, keys, strict=True)
    ]
    assert value(40, 2, 7) == RepetitionDelay(30, 200, 3600)
    assert value(40, 2, 11) is PushOperationMethod.CONFIRMED
    assert value(40, 2, 12) == ConfirmationParameters(when, 86_400)
    assert value(71, 0, 8) == EmergencyProfile(1, when, 3600)
    script = OBIS.parse(LN)
    assert value(71, 0, 11) == LimiterActions(ScriptReference(script, 3), ScriptReference(script, 4))
    assert value(123, 0, 2) == [ArrayObject(1, ValueDefinition(20, OBIS.parse("0.0.13.0.0.255"), 5))]
    assert value(65, 0, 2) == ChangedParameter(3, power, 2, Data(Tag.DOUBLE_LONG, 5))
    assert [value(124, 0, number) for number in (2, 3, 4, 5, 6, 8)] == [
        ProtectionMode.LOCKED_ON_FAILED_ATTEMPTS, 3, 60, 2, 3600, ProtectionStatus.UNLOCKED,
    ]  # fmt: skip


@pytest.mark.interop("gurux-dlms: octets of parameters of methods")
def test_parameters_of_methods_the_peer_sends_are_read_and_written_alike(told: dict[str, Any]) -> None:
    for class_id, method_id, text in told["parameters"]:
        method, octets = newest(class_id).methods[method_id], bytes.fromhex(text)
        value, end = method.codec.decode(octets)
        assert end == len(octets), method
        if method.name != "delete_authentication_key":  # the peer sends an integer, we a double-long-unsigned
            assert method.codec.encode(value) == octets, method


def newest(class_id: int) -> type[CosemObject]:
    """Latest version of a class: it has the methods of all."""
    return CATALOGUE[class_id, max(version for known, version in CATALOGUE if known == class_id)]


@pytest.mark.interop("gurux-dlms: Schedule: enable and disable")
def test_ranges_of_a_schedule_as_the_peer_sends_them(told: dict[str, Any]) -> None:
    """The peer's enable() names its entry as range A, which the Blue Book disables: a defect of the peer."""
    enable, disable, _, delete = (bytes.fromhex(text) for class_id, _, text in told["parameters"] if class_id == 10)
    assert ENABLE_DISABLE.decode(enable)[0] == EnableDisable(1, 1, 0, 0)
    assert ENABLE_DISABLE.decode(disable)[0] == EnableDisable(0, 0, 1, 1)
    assert INDEX_RANGE.decode(delete)[0] == IndexRange(1, 1)
