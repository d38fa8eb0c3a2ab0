"""Logical device: rights, refusals, lists, the current association."""

from collections.abc import Iterator
from typing import Any

import pytest

from openami.core.errors import AccessError, ActionError
from openami.core.obis import OBIS
from openami.core.units import ScalerUnit, Unit
from openami.cosem.access import (
    AccessTable,
    AttributeAccess,
    AttributeMode,
    Key,
    MethodAccess,
    MethodMode,
    Rights,
    attribute_mode,
    method_mode,
)
from openami.cosem.association import (
    AccessRights,
    AssociationLNv1,
    AssociationLNv3,
    AssociationStatus,
    AttributeAccessItem,
    ContextName,
    MethodAccessItem,
)
from openami.cosem.calendars import SpecialDaysTable
from openami.cosem.clock import Clock
from openami.cosem.device import LogicalDevice, element
from openami.cosem.objects import CosemObject, Live
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data, Register
from openami.cosem.scripts import Script, ScriptAction, ScriptTable, ServiceId
from openami.dlms import data
from openami.dlms.data import INT8, UINT16, UINT32, Tag
from openami.dlms.server.events import ActionRequest, GetRequest, SetRequest
from openami.dlms.xdlms import (
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)

R, RW = AttributeAccess.READ, AttributeAccess.READ_WRITE
ENERGY, NAME, CLOCK = "1.0.1.8.0.255", "0.0.42.0.0.255", "0.0.1.0.0.255"
CURRENT, SCRIPTS, BROKEN = "0.0.40.0.0.255", "0.0.10.0.100.255", "0.0.96.1.0.255"
MANAGEMENT, PUBLIC = 1, 16


def key(class_id: int, name: str) -> Key:
    return class_id, OBIS.parse(name)


class Lazy:
    """A provider that makes an object only when it is asked for."""

    def __init__(self) -> None:
        self.made: list[Key] = []
        self.makers: dict[Key, Any] = {
            key(15, CURRENT): lambda: AssociationLNv3(CURRENT),
            key(1, NAME): lambda: Data(NAME, value=b"OAMSIM0000000001"),
            key(3, ENERGY): lambda: Register(
                ENERGY, types={"value": UINT32}, value=5, scaler_unit=ScalerUnit(0, Unit.WATT_HOUR)
            ),
            key(8, CLOCK): lambda: Clock(CLOCK),
            key(9, SCRIPTS): lambda: ScriptTable(SCRIPTS),
            key(1, BROKEN): lambda: Data(BROKEN, value=Live(self.fail)),
        }

    def fail(self) -> object:
        raise ZeroDivisionError("a law went wrong")

    def __getitem__(self, wanted: Key) -> CosemObject:
        made: CosemObject = self.makers[wanted]()
        self.made.append(wanted)
        return made

    def keys(self) -> Iterator[Key]:
        return iter(self.makers)


MANAGER = {
    key(15, CURRENT): Rights(dict.fromkeys((2, 3, 4, 5, 6, 8), R)),
    key(1, NAME): Rights({2: R}),
    key(3, ENERGY): Rights({2: R, 3: R}, {1: MethodAccess.ACCESS}),
    key(8, CLOCK): Rights({2: RW, 3: RW}, {6: MethodAccess.ACCESS}),
    key(1, BROKEN): Rights({2: R}),
}
READER = {key(15, CURRENT): Rights({2: R}), key(1, NAME): Rights({2: R})}
ACCESS = AccessTable({MANAGEMENT: MANAGER, PUBLIC: READER})


@pytest.fixture
def objects() -> Lazy:
    return Lazy()


@pytest.fixture
def device(objects: Lazy) -> LogicalDevice:
    return LogicalDevice(objects, ACCESS)


def refused(result: DataAccessResult, call: Any, *arguments: Any) -> None:
    with pytest.raises(AccessError) as error:
        call(*arguments)
    assert error.value.result is result


def test_only_the_object_asked_for_is_made(device: LogicalDevice, objects: Lazy) -> None:
    assert device.get(MANAGEMENT, Register.value.at(ENERGY)) == bytes.fromhex("0600000005")
    assert objects.made == [key(3, ENERGY)]


def test_a_plain_dict_is_a_provider() -> None:
    device = LogicalDevice({key(1, NAME): Data(NAME, value=b"x")}, ACCESS)
    assert device.get(PUBLIC, Data.value.at(NAME)) == b"\x09\x01x"


def test_the_logical_name_of_a_visible_object_is_always_readable(device: LogicalDevice) -> None:
    assert device.get(PUBLIC, Data.logical_name.at(NAME)) == b"\x09\x06" + OBIS.parse(NAME)


def test_access_denied(device: LogicalDevice) -> None:
    denied = DataAccessResult.READ_WRITE_DENIED
    refused(denied, device.get, PUBLIC, Register.value.at(ENERGY))
    refused(denied, device.get, 99, Register.value.at(ENERGY))
    refused(denied, device.set, MANAGEMENT, Register.value.at(ENERGY), None, UINT32.encode(1))
    with pytest.raises(ActionError, match="read-write-denied"):
        device.action(PUBLIC, Register.reset.at(ENERGY))
    with pytest.raises(ActionError, match="read-write-denied"):
        device.action(MANAGEMENT, Clock.adjust_to_minute.at(CLOCK))


def test_unknown_object_attribute_class(device: LogicalDevice) -> None:
    refused(DataAccessResult.OBJECT_UNDEFINED, device.get, MANAGEMENT, Register.value.at("1.0.9.9.9.255"))
    refused(DataAccessResult.OBJECT_CLASS_INCONSISTENT, device.get, MANAGEMENT, Data.value.at(ENERGY))
    nine = AttributeDescriptor(3, OBIS.parse(ENERGY), 9)
    refused(DataAccessResult.OBJECT_UNDEFINED, device.get, MANAGEMENT, nine)
    with pytest.raises(ActionError, match="object-undefined"):
        device.action(MANAGEMENT, MethodDescriptor(3, OBIS.parse(ENERGY), 9))
    with pytest.raises(ActionError, match="object-undefined"):
        device.action(MANAGEMENT, Register.reset.at("1.0.9.9.9.255"))


def test_wrong_type_is_type_unmatched(device: LogicalDevice) -> None:
    zone = Clock.time_zone.at(CLOCK)
    refused(DataAccessResult.TYPE_UNMATCHED, device.set, MANAGEMENT, zone, None, UINT32.encode(1))
    refused(DataAccessResult.TYPE_UNMATCHED, device.set, MANAGEMENT, zone, None, b"\x10\x00")
    selection = Selection(1, b"\x00")
    refused(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, device.set, MANAGEMENT, zone, selection, b"\x10\x00\x00")
    device.set(MANAGEMENT, zone, None, b"\x10\xff\xc4")


def test_one_bad_item_does_not_spoil_the_others(objects: Lazy) -> None:
    reports: list[Exception] = []
    device = LogicalDevice(objects, ACCESS, report=reports.append)
    names = (NAME, "0.0.9.9.9.255", BROKEN, NAME)
    request = GetRequest(7, MANAGEMENT, tuple((Data.value.at(name), None) for name in names))
    good = b"\x09\x10OAMSIM0000000001"
    undefined, other = DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OTHER_REASON
    assert device.answer(request) == [good, undefined, other, good]
    assert [type(error) for error in reports] == [ZeroDivisionError]


def test_set_and_action_lists(device: LogicalDevice) -> None:
    zone = Clock.time_zone.at(CLOCK)
    items = ((zone, None, b"\x10\x00\x00"), (zone, None, b"\x11\x00"))
    success, unmatched = DataAccessResult.SUCCESS, DataAccessResult.TYPE_UNMATCHED
    assert device.answer(SetRequest(1, MANAGEMENT, items)) == [success, unmatched]
    reset = Register.reset.at(ENERGY)
    actions = ((reset, INT8.encode(0)), (reset, None), (reset, b"\x00"), (Clock.shift_time.at(CLOCK), None))
    assert device.answer(ActionRequest(1, MANAGEMENT, actions)) == [
        (ActionResult.SUCCESS, None),
        (ActionResult.SUCCESS, None),
        (ActionResult.TYPE_UNMATCHED, None),
        (ActionResult.TYPE_UNMATCHED, None),
    ]


def test_an_exception_inside_a_method_is_reported() -> None:
    reports: list[Exception] = []

    def fail(_data: int) -> None:
        raise ZeroDivisionError

    objects = {key(3, ENERGY): Register(ENERGY, handlers={"reset": fail})}
    device = LogicalDevice(objects, ACCESS, report=reports.append)
    answer = device.answer(ActionRequest(1, MANAGEMENT, ((Register.reset.at(ENERGY), None),)))
    assert answer == [(ActionResult.OTHER_REASON, None)]
    assert len(reports) == 1


def test_a_listed_object_that_cannot_be_made_is_no_refusal(objects: Lazy) -> None:
    def fail() -> CosemObject:
        return {}["product key"]

    objects.makers[key(1, NAME)] = fail
    reports: list[Exception] = []
    device = LogicalDevice(objects, ACCESS, report=reports.append)
    request = GetRequest(1, PUBLIC, ((Data.value.at(NAME), None),))
    assert device.answer(request) == [DataAccessResult.OTHER_REASON]
    assert "0.0.42.0.0.255" in str(reports[0])


def object_list(device: LogicalDevice, client_sap: int, selection: Selection | None = None) -> Any:
    octets = device.get(client_sap, AssociationLNv3.object_list.at(CURRENT), selection)
    return AssociationLNv3.object_list.codec.decode(octets)[0]


def test_each_client_sees_its_own_object_list(device: LogicalDevice) -> None:
    assert [(entry.class_id, str(entry.logical_name)) for entry in object_list(device, PUBLIC)] == [
        (15, CURRENT),
        (1, NAME),
    ]
    entries = {(entry.class_id, str(entry.logical_name)): entry for entry in object_list(device, MANAGEMENT)}
    assert list(entries) == [(15, CURRENT), (1, NAME), (3, ENERGY), (8, CLOCK), (1, BROKEN)]
    assert entries[15, CURRENT].version == 3
    assert entries[3, ENERGY].access_rights == AccessRights(
        [AttributeAccessItem(1, 1), AttributeAccessItem(2, 1), AttributeAccessItem(3, 1)],
        [MethodAccessItem(1, 1)],
    )
    assert entries[15, CURRENT].access_rights.attribute_access[1] == AttributeAccessItem(2, 1, [1, 2, 3, 4])


def test_the_object_list_by_its_selectors(device: LogicalDevice) -> None:
    one = b"\x02\x02" + UINT16.encode(3) + b"\x09\x06" + OBIS.parse(ENERGY)
    plain = object_list(device, MANAGEMENT, Selection(1, b"\x00"))
    assert len(plain) == 5
    assert all(entry.access_rights is None for entry in plain)
    by_class = object_list(device, MANAGEMENT, Selection(2, b"\x01\x01" + UINT16.encode(1)))
    assert [str(entry.logical_name) for entry in by_class] == [NAME, BROKEN]
    for selection in (Selection(3, b"\x01\x01" + one), Selection(4, one)):
        (entry,) = object_list(device, MANAGEMENT, selection)
        assert entry.class_id == 3
        assert entry.access_rights is not None
    refused(DataAccessResult.TYPE_UNMATCHED, object_list, device, MANAGEMENT, Selection(4, b"\x00"))
    refused(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, object_list, device, MANAGEMENT, Selection(5, b"\x00"))


def test_the_current_association_names_its_client(device: LogicalDevice) -> None:
    def read(member: Any) -> Any:
        return member.codec.decode(device.get(MANAGEMENT, member.at(CURRENT)))[0]

    assert read(AssociationLNv3.associated_partners_id) == (MANAGEMENT, 1)
    assert read(AssociationLNv3.association_status) is AssociationStatus.ASSOCIATED


def test_associations_of_a_client_of_their_own(objects: Lazy) -> None:
    own = AssociationLNv1(CURRENT, application_context_name=ContextName.context(3))
    device = LogicalDevice(objects, ACCESS, associations={MANAGEMENT: own})
    octets = device.get(MANAGEMENT, AssociationLNv1.application_context_name.at(CURRENT))
    assert octets == bytes.fromhex("0207110211101202f41105110811011103")
    entry = object_list(device, MANAGEMENT)[0]
    assert entry.version == 1
    assert entry.access_rights.attribute_access[1].access_mode == AttributeMode.READ_ONLY
    assert 2 not in own.state, "the view of one client leaves no trace"


def test_what_is_written_to_the_current_association_is_kept() -> None:
    association = AssociationLNv3(CURRENT)
    rights = Rights({2: R, 7: RW}, dict.fromkeys((3, 5), MethodAccess.ACCESS))
    device = LogicalDevice({key(15, CURRENT): association}, AccessTable({1: {key(15, CURRENT): rights}}))
    device.set(1, AssociationLNv3.secret.at(CURRENT), None, b"\x09\x03abc")
    assert device.get(1, AssociationLNv3.secret.at(CURRENT)) == b"\x09\x03abc"
    device.action(1, AssociationLNv3.add_user.at(CURRENT), b"\x02\x02\x11\x01\x0a\x03ann")
    assert association.user_list == [(1, "ann")]
    entry = b"\x02\x03\x12\x00\x03\x11\x00\x09\x06" + OBIS.parse(ENERGY)
    with pytest.raises(ActionError, match="read-write-denied"):
        device.action(1, AssociationLNv3.add_object.at(CURRENT), entry)
    assert len(object_list(device, 1)) == 1


def test_a_device_without_association_object_refuses_it() -> None:
    device = LogicalDevice({}, ACCESS)
    refused(DataAccessResult.OBJECT_UNDEFINED, device.get, PUBLIC, AssociationLNv3.object_list.at(CURRENT))


def test_rights_in_the_codes_of_both_generations() -> None:
    authenticated = AttributeAccess.AUTHENTICATED_REQUEST
    assert [attribute_mode(AttributeAccess(bits)) for bits in range(4)] == [
        AttributeMode.NO_ACCESS,
        AttributeMode.READ_ONLY,
        AttributeMode.WRITE_ONLY,
        AttributeMode.READ_AND_WRITE,
    ]
    assert attribute_mode(RW | authenticated) is AttributeMode.AUTHENTICATED_READ_AND_WRITE
    assert attribute_mode(authenticated) is AttributeMode.NO_ACCESS
    assert method_mode(MethodAccess.ACCESS) is MethodMode.ACCESS
    assert method_mode(MethodAccess.ACCESS | MethodAccess.AUTHENTICATED_REQUEST) is MethodMode.AUTHENTICATED_ACCESS
    assert method_mode(MethodAccess.AUTHENTICATED_REQUEST) is MethodMode.NO_ACCESS
    assert AttributeAccess.of("rw") is RW
    assert AttributeAccess.of("") is AttributeAccess.NONE


def test_a_script_acts_as_the_device_itself() -> None:
    register = Register(ENERGY, value=5)
    clock = Clock(CLOCK)
    device = LogicalDevice({key(3, ENERGY): register, key(8, CLOCK): clock}, AccessTable({}))
    zone = data.Data(Tag.LONG, -60)
    actions = [
        ScriptAction(ServiceId.EXECUTE_METHOD, 3, OBIS.parse(ENERGY), 1, data.Data(Tag.INTEGER, 0)),
        ScriptAction(ServiceId.WRITE_ATTRIBUTE, 8, OBIS.parse(CLOCK), 3, zone),
    ]
    table = ScriptTable(SCRIPTS, scripts=[Script(1, actions)], handlers={"perform": device.perform})
    table.execute(1)
    assert (register.value, clock.time_zone) == (0, -60)
    table.execute(0)
    with pytest.raises(ActionError, match="object-undefined"):
        table.execute(2)
    with pytest.raises(ActionError, match="object-unavailable"):
        ScriptTable(SCRIPTS, scripts=[Script(1, actions)]).execute(1)


def test_method_return_values_are_answered() -> None:
    days = SpecialDaysTable("0.0.11.0.0.255")
    own = AssociationLNv3(CURRENT, handlers={"reply_to_hls_authentication": lambda challenge: challenge[::-1]})
    rights = {key(15, CURRENT): Rights({}, {1: MethodAccess.ACCESS})}
    device = LogicalDevice({(11, days.logical_name): days}, AccessTable({1: rights}), associations={1: own})
    answer = device.action(1, AssociationLNv3.reply_to_hls_authentication.at(CURRENT), b"\x09\x02ab")
    assert answer == b"\x09\x02ba"


def test_the_object_list_says_other_selectors_and_leaves_out_what_the_rights_say() -> None:
    rights = Rights(
        {2: AttributeAccess.READ}, selectors={2: (1,)}, unlisted=frozenset({1, 4}), unlisted_methods=frozenset({2})
    )
    days = SpecialDaysTable("0.0.11.0.0.255")
    profile = ProfileGeneric("1.0.99.1.0.255")
    [of_days, of_rows] = [element(one, rights, 3).access_rights for one in (days, profile)]
    assert of_days is not None
    assert of_rows is not None
    assert of_days.attribute_access == [AttributeAccessItem(2, 1, [1])]
    assert of_days.method_access == [MethodAccessItem(1, 0)]
    assert [item.attribute_id for item in of_rows.attribute_access] == [2, 3, 5, 6, 7, 8]
    assert element(profile, Rights(), 3).access_rights.attribute_access[1].access_selectors == [1, 2]  # type: ignore[union-attr]
