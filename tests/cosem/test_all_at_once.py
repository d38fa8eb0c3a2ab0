"""A logical device asked for all attributes of an object, and for several services at once."""

import pytest

from openami.core.errors import AccessError
from openami.core.obis import OBIS
from openami.core.units import ScalerUnit, Unit
from openami.cosem.access import AccessTable, AttributeAccess, Key, MethodAccess, Rights
from openami.cosem.clock import Clock
from openami.cosem.device import LogicalDevice
from openami.cosem.objects import CosemObject, Live
from openami.cosem.registers import Data, Register
from openami.dlms import data
from openami.dlms.client import Accessed, Got, WasSet
from openami.dlms.data import INT16, UINT8, UINT32
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AccessSet,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    Selection,
)
from pair import Pair, hls5

ENERGY, CLOCK, BROKEN, HIDDEN = "1.0.1.8.0.255", "0.0.1.0.0.255", "0.0.96.1.0.255", "0.0.96.1.1.255"
R, RW, W = AttributeAccess.READ, AttributeAccess.READ_WRITE, AttributeAccess.WRITE
SUCCESS, DENIED = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED
UNMATCHED, UNDEFINED = DataAccessResult.TYPE_UNMATCHED, DataAccessResult.OBJECT_UNDEFINED
MANAGER, READER = 1, 2


def everything(class_id: int, name: str) -> AttributeDescriptor:
    return AttributeDescriptor(class_id, OBIS.parse(name), 0)


def fail() -> object:
    raise ZeroDivisionError("a law went wrong")


@pytest.fixture
def reports() -> list[Exception]:
    return []


@pytest.fixture
def device(reports: list[Exception]) -> LogicalDevice:
    made: list[CosemObject] = [
        Register(ENERGY, types={"value": UINT32}, value=5, scaler_unit=ScalerUnit(0, Unit.WATT_HOUR)),
        Clock(CLOCK, time_zone=60),
        Data(BROKEN, value=Live(fail)),
        Data(HIDDEN, types={"value": UINT8}, value=1),
    ]
    objects: dict[Key, CosemObject] = {(thing.class_id, thing.logical_name): thing for thing in made}
    energy, clock, broken, hidden = objects
    manager = {
        energy: Rights({2: RW, 3: R}, {1: MethodAccess.ACCESS}),
        clock: Rights({3: RW, 7: W, 8: RW}),
        broken: Rights({2: R}),
    }
    reader = {energy: Rights({3: R}), hidden: Rights({1: AttributeAccess.NONE})}
    return LogicalDevice(objects, AccessTable({MANAGER: manager, READER: reader}), report=reports.append)


def refused(result: DataAccessResult, call, *arguments) -> None:
    with pytest.raises(AccessError) as error:
        call(*arguments)
    assert error.value.result is result


NAME = "0906" + "0100010800ff"
WATT_HOURS = "02020f00161e"


def test_a_structure_of_all_attributes_null_data_for_what_the_client_must_not_see(device):
    assert device.get(MANAGER, everything(3, ENERGY)).hex() == f"0203{NAME}0600000005{WATT_HOURS}"
    assert device.get(READER, everything(3, ENERGY)).hex() == f"0203{NAME}00{WATT_HOURS}"
    clock = data.native(device.get(MANAGER, everything(8, CLOCK)))[0]
    assert len(clock) == 9
    assert [number for number, value in enumerate(clock, 1) if value is not None] == [1, 3, 8]
    assert clock[2] == 60


def test_an_attribute_that_cannot_be_read_does_not_spoil_the_others(device, reports):
    assert device.get(MANAGER, everything(1, BROKEN)).hex() == "0202090600006001 00ff00".replace(" ", "")
    assert [type(error) for error in reports] == [ZeroDivisionError]


def test_who_has_no_rights_sees_nothing_of_the_object(device):
    refused(DENIED, device.get, READER, everything(1, HIDDEN))
    refused(DENIED, device.get, READER, everything(8, CLOCK))
    refused(DENIED, device.set, READER, everything(8, CLOCK), None, b"\x02\0")
    refused(UNDEFINED, device.get, MANAGER, everything(3, "1.0.9.9.9.255"))
    refused(DataAccessResult.OBJECT_CLASS_INCONSISTENT, device.get, MANAGER, everything(1, ENERGY))


def test_all_attributes_at_once_are_not_selected_from(device):
    violated = DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
    refused(violated, device.get, MANAGER, everything(3, ENERGY), Selection(1, b"\0"))
    refused(violated, device.set, MANAGER, everything(3, ENERGY), Selection(1, b"\0"), b"\x02\0")


def test_what_is_not_null_data_is_written(device):
    device.set(MANAGER, everything(3, ENERGY), None, bytes.fromhex("020300060000000900"))
    assert device.get(MANAGER, Register.value.at(ENERGY)) == UINT32.encode(9)
    device.set(MANAGER, everything(3, ENERGY), None, bytes.fromhex("0203000000"))
    assert device.get(MANAGER, Register.value.at(ENERGY)) == UINT32.encode(9)


@pytest.mark.parametrize(
    ("structure", "result"),
    [
        (f"0203 00 0600000009 {WATT_HOURS}", DENIED),
        (f"0203 {NAME} 0600000009 00", DENIED),
        ("0203 00 1109 00", UNMATCHED),
        ("0202 00 0600000009", UNMATCHED),
        ("0204 00 0600000009 00 00", UNMATCHED),
        ("0103 00 0600000009 00", UNMATCHED),
        ("0203 00 0600000009", UNMATCHED),
        ("0203 00 0600000009 00 00", UNMATCHED),
        ("00", UNMATCHED),
        ("", UNMATCHED),
    ],
)
def test_what_does_not_fit_or_must_not_be_written_changes_nothing(device, structure, result):
    refused(result, device.set, MANAGER, everything(3, ENERGY), None, bytes.fromhex(structure.replace(" ", "")))
    assert device.get(MANAGER, Register.value.at(ENERGY)) == UINT32.encode(5)


@pytest.mark.parametrize("ciphered", [False, True])
def test_over_dlms(device, ciphered):
    security, client_sap = (hls5(), MANAGER) if ciphered else (None, 16)
    if not ciphered:
        device.access = AccessTable({16: device.access[MANAGER]})
    pair = Pair(security, client_sap=client_sap, answer=device.answer).associate()
    event = pair.ask(pair.client.get([(everything(3, ENERGY), None), (Register.value.at(ENERGY), None)]))
    assert event == Got(event.id, [bytes.fromhex(f"0203{NAME}0600000005{WATT_HOURS}"), UINT32.encode(5)])
    event = pair.ask(pair.client.set([(everything(3, ENERGY), None, bytes.fromhex("020300060000000900"))]))
    assert event == WasSet(event.id, [SUCCESS])
    zone = Clock.time_zone.at(CLOCK)
    items = [
        (AccessGet(Register.value.at(ENERGY)), None),
        (AccessSet(zone), INT16.encode(120)),
        (AccessGet(zone), None),
        (AccessGet(everything(3, ENERGY)), None),
        (AccessAction(Register.reset.at(ENERGY)), None),
        (AccessAction(Clock.shift_time.at(CLOCK)), INT16.encode(10)),
        (AccessGet(Clock.time.at(CLOCK)), None),
    ]
    event = pair.ask(pair.client.access(items))
    assert isinstance(event, Accessed)
    assert event.results == [
        (SUCCESS, UINT32.encode(9)),
        (SUCCESS, None),
        (SUCCESS, INT16.encode(120)),
        (SUCCESS, bytes.fromhex(f"0203{NAME}0600000009{WATT_HOURS}")),
        (ActionResult.SUCCESS, None),
        (ActionResult.READ_WRITE_DENIED, None),
        (DENIED, None),
    ]
    event = pair.ask(pair.client.access(items, break_on_error=True))
    assert [result == 0 for result, _ in event.results] == [True] * 5 + [False] * 2
