"""Association SN: octets against gurux-dlms, selectors, and what one client sees of a device."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openami.core.errors import AccessError, ActionError
from openami.core.obis import OBIS
from openami.cosem.access import AccessTable, AttributeAccess, Key, MethodAccess, Rights
from openami.cosem.association import AttributeAccessItem, User
from openami.cosem.association_sn import (
    ACCESS_DESCRIPTION,
    ATTRIBUTE_IDENTIFICATION,
    OBJECT_NAME,
    SHORT_ACCESS_RIGHTS,
    AssociationSNv0,
    AssociationSNv1,
    AssociationSNv2,
    AssociationSNv3,
    AssociationSNv4,
    AttributeIdentification,
    ObjectName,
    ShortAccessRights,
)
from openami.cosem.clock import Clock
from openami.cosem.device import LogicalDevice
from openami.cosem.elements import OBJECT_DEFINITION, ObjectDefinition
from openami.cosem.objects import CosemObject, decode_whole
from openami.cosem.registers import Data, Register
from openami.cosem.short_names import ShortNames
from openami.dlms.data import ANY, OCTET_STRING, UINT16, UINT32, BitString, Tag, array
from openami.dlms.data import Data as Tree
from openami.dlms.xdlms import ActionResult, DataAccessResult, Selection

PEER = Path(__file__).parent / "gurux_short_names.py"
CURRENT, ENERGY, CLOCK, NAME = map(OBIS.parse, ("0.0.40.0.0.255", "1.0.1.8.0.255", "0.0.1.0.0.255", "0.0.42.0.0.255"))
READ, WRITE, CALL = AttributeAccess.READ, AttributeAccess.WRITE, MethodAccess.ACCESS
VERSIONS = (AssociationSNv0, AssociationSNv1, AssociationSNv2, AssociationSNv3, AssociationSNv4)


@pytest.fixture(scope="module")
def peer() -> dict[str, Any]:
    pytest.importorskip("gurux_dlms")
    done = subprocess.run([sys.executable, str(PEER)], capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_object_list_of_the_peer_is_read_and_written_alike(peer: dict[str, Any]) -> None:
    octets = bytes.fromhex(peer["association"]["2"])
    codec = AssociationSNv2.object_list.codec
    assert decode_whole(codec, octets) == [ObjectName(0x1000, 3, 0, ENERGY)]
    assert codec.encode([ObjectName(0x1000, 3, 0, ENERGY)]) == octets


def test_the_access_rights_of_the_peer_are_read(peer: dict[str, Any]) -> None:
    of_register, of_association = decode_whole(
        AssociationSNv2.access_rights_list.codec, bytes.fromhex(peer["association"]["3"])
    )
    assert of_register == ShortAccessRights(0x1000, [AttributeAccessItem(2, 3)], [])
    assert of_association.base_name == 0xFA00


def test_methods_are_those_the_peer_names(peer: dict[str, Any]) -> None:
    names = [name.replace(" ", "_").replace("&", "_and_").lower() for name in peer["method_names"]]
    assert names[7] == "reply_to_hls_challenge"
    names[7] = "reply_to_hls_authentication"
    methods = AssociationSNv0.methods | AssociationSNv4.methods
    assert {number: methods[number].name for number in sorted(methods)} == dict(enumerate(names, 1))


@pytest.mark.parametrize("base_name", [0, 0x1000, 0x7FF8, 0x8000, 0xFA00, 0xFFF8])
def test_base_names_are_longs_on_the_wire(base_name: int) -> None:
    name = ObjectName(base_name, 3, 0, ENERGY)
    octets = OBJECT_NAME.encode(name)
    assert octets[2:5] == b"\x10" + base_name.to_bytes(2, "big")
    assert decode_whole(OBJECT_NAME, octets) == decode_whole(OBJECT_NAME, octets.replace(b"\x10", b"\x12", 1)) == name


def device(version: type[CosemObject] = AssociationSNv2) -> LogicalDevice:
    made: list[CosemObject] = [
        version(CURRENT),
        Register(ENERGY, types={"value": UINT32}, value=7),
        Clock(CLOCK),
        Data(NAME, types={"value": OCTET_STRING}, value=b"OAMSIM"),
    ]
    objects: dict[Key, CosemObject] = {(thing.class_id, thing.logical_name): thing for thing in made}
    everything = {
        key: Rights(dict.fromkeys(thing.attributes, READ), dict.fromkeys(thing.methods, CALL))
        for key, thing in objects.items()
    }
    everything[3, ENERGY] = Rights({2: READ | WRITE, 3: AttributeAccess.NONE}, {1: CALL})
    little = {(12, CURRENT): everything[12, CURRENT], (1, NAME): everything[1, NAME]}
    names = ShortNames.allocate(made)
    return LogicalDevice(objects, AccessTable({1: everything, 16: little}), base_names=names.elements)


def read(meter: LogicalDevice, client_sap: int, number: int, selection: Selection | None = None) -> Any:
    association = meter.find(client_sap, (12, CURRENT))
    return decode_whole(association.attributes[number].codec, association.read(number, selection))


def invoke(meter: LogicalDevice, name: str, data: bytes) -> bytes:
    association = meter.find(1, (12, CURRENT))
    number = next(number for number, held in association.methods.items() if held.name == name)
    answer = association.invoke(number, data)
    assert answer is not None
    return answer


@pytest.mark.parametrize("version", VERSIONS)
def test_each_client_sees_what_it_has_rights_to(version: type[CosemObject]) -> None:
    meter = device(version)
    number = version.version
    assert read(meter, 1, 2) == [
        ObjectName(0x0100, 3, 0, ENERGY),
        ObjectName(0x0130, 8, 0, CLOCK),
        ObjectName(0xFA00, 12, number, CURRENT),
        ObjectName(0xFD00, 1, 0, NAME),
    ]
    assert [name.base_name for name in read(meter, 16, 2)] == [0xFA00, 0xFD00]
    assert read(meter, 7, 2) == []


def test_access_rights_stand_beside_their_base_names() -> None:
    rights: list[ShortAccessRights] = read(device(), 1, 3)
    assert [right.base_name for right in rights] == [0x0100, 0x0130, 0xFA00, 0xFD00]
    assert [(item.attribute_id, item.access_mode) for item in rights[0].attribute_access] == [(1, 1), (2, 3), (3, 0)]
    assert [(item.method_id, item.access_mode) for item in rights[0].method_access] == [(1, 1)]
    assert rights[2].attribute_access[1].access_selectors == [1, 2]
    assert SHORT_ACCESS_RIGHTS.decode(SHORT_ACCESS_RIGHTS.encode(rights[2]))[0] == rights[2]


def test_access_rights_are_bits_from_version_4_on() -> None:
    protected = AttributeAccess.READ | AttributeAccess.AUTHENTICATED_REQUEST
    for version, mode in ((AssociationSNv3, 4), (AssociationSNv4, 5)):
        meter = device(version)
        meter.access.clients[1][1, NAME] = Rights({2: protected})
        assert read(meter, 1, 3)[3].attribute_access[1].access_mode == mode


def test_the_object_list_has_selectors() -> None:
    meter = device()
    one, several = UINT16.encode(8), array(UINT16).encode([1, 3])
    assert [name.class_id for name in read(meter, 1, 2, Selection(1, one))] == [8]
    assert [name.class_id for name in read(meter, 1, 2, Selection(1, several))] == [3, 1]
    clock = OBJECT_DEFINITION.encode(ObjectDefinition(8, CLOCK))
    assert [name.base_name for name in read(meter, 1, 2, Selection(2, clock))] == [0x0130]
    assert read(meter, 1, 2, Selection(2, b"\x01\x00")) == []
    for selection in (Selection(1, b"\x11\x01"), Selection(2, b"\x00"), Selection(1, b"")):
        with pytest.raises(AccessError) as caught:
            read(meter, 1, 2, selection)
        assert caught.value.result is DataAccessResult.TYPE_UNMATCHED


def test_attributes_are_read_by_logical_name() -> None:
    wanted = [AttributeIdentification(3, ENERGY, 2), AttributeIdentification(1, NAME, 0)]
    octets = invoke(device(), "read_by_logicalname", array(ATTRIBUTE_IDENTIFICATION).encode(wanted))
    energy, name = decode_whole(array(ANY), octets)
    assert energy == Tree(Tag.DOUBLE_LONG_UNSIGNED, 7)
    assert name == Tree(Tag.STRUCTURE, (Tree(Tag.OCTET_STRING, bytes(NAME)), Tree(Tag.OCTET_STRING, b"OAMSIM")))


@pytest.mark.parametrize(
    ("wanted", "result"),
    [
        (AttributeIdentification(3, ENERGY, 0), ActionResult.SCOPE_OF_ACCESS_VIOLATED),
        (AttributeIdentification(3, ENERGY, 3), ActionResult.READ_WRITE_DENIED),
        (AttributeIdentification(3, ENERGY, 9), ActionResult.OBJECT_UNDEFINED),
        (AttributeIdentification(4, ENERGY, 0), ActionResult.OBJECT_UNDEFINED),
    ],
)
def test_what_may_not_be_read_is_not_read_by_logical_name_either(
    wanted: AttributeIdentification, result: ActionResult
) -> None:
    with pytest.raises(ActionError) as caught:
        invoke(device(), "read_by_logicalname", array(ATTRIBUTE_IDENTIFICATION).encode([wanted]))
    assert caught.value.result is result


def test_what_may_be_done_is_told_bit_by_bit() -> None:
    wanted = array(OBJECT_DEFINITION).encode([ObjectDefinition(3, ENERGY), ObjectDefinition(1, NAME)])
    octets = invoke(device(), "get_attributes_and_services", wanted)
    energy, name = decode_whole(array(ACCESS_DESCRIPTION), octets)
    assert energy == tuple(map(BitString.parse, ("110", "010", "1")))
    assert name == tuple(map(BitString.parse, ("11", "00", "")))


def test_version_0_finds_objects_by_methods() -> None:
    meter = device(AssociationSNv0)
    assert decode_whole(array(OBJECT_NAME), invoke(meter, "getlist_by_classid", UINT16.encode(8))) == [
        ObjectName(0x0130, 8, 0, CLOCK)
    ]
    wanted = OBJECT_DEFINITION.encode(ObjectDefinition(3, ENERGY))
    assert decode_whole(OBJECT_NAME, invoke(meter, "getobj_by_logicalname", wanted)).base_name == 0x0100
    with pytest.raises(ActionError) as caught:
        invoke(meter, "getobj_by_logicalname", OBJECT_DEFINITION.encode(ObjectDefinition(4, ENERGY)))
    assert caught.value.result is ActionResult.OBJECT_UNDEFINED


def test_secrets_are_changed_by_the_device() -> None:
    changed: list[bytes] = []
    association = AssociationSNv2(CURRENT, handlers={"change_lls_secret": changed.append})
    assert association.invoke(5, OCTET_STRING.encode(b"87654321")) is None
    assert changed == [b"87654321"]
    with pytest.raises(ActionError) as caught:
        association.invoke(6, OCTET_STRING.encode(b"87654321"))
    assert caught.value.result is ActionResult.OBJECT_UNAVAILABLE


def test_users_come_and_go() -> None:
    association = AssociationSNv3(CURRENT)
    for user in (User(1, "one"), User(2, "two"), User(1, "uno")):
        association.add_user(user)
    association.remove_user(User(2, ""))
    assert association.user_list == [User(1, "uno")]


def test_a_device_may_answer_in_its_own_way() -> None:
    meter = device()
    meter.objects[12, CURRENT].handlers = {"read_by_logicalname": lambda _: []}
    assert invoke(meter, "read_by_logicalname", array(ATTRIBUTE_IDENTIFICATION).encode([])) == b"\x01\x00"
