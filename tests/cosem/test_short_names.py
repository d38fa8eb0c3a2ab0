"""Short names: where members stand, against gurux-dlms, and base names that never overlap."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.association import AssociationLNv1
from openami.cosem.association_sn import AssociationSNv4, ObjectName
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.clock import Clock
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data, Register
from openami.cosem.sap_assignment import SAPAssignment
from openami.cosem.scripts import ScriptTable
from openami.cosem.security_setup import SecuritySetupv1
from openami.cosem.short_names import METHODS, RESERVED, SPECIAL, ShortNames, layout_of
from openami.dlms.data import UINT8
from openami.dlms.xdlms import AttributeDescriptor, MethodDescriptor
from openami.dlms.xdlms.short import MethodName

PEER = Path(__file__).parent / "gurux_short_names.py"
LN = OBIS.parse("1.0.1.8.0.255")
#: Classes at whose methods the peer writes an attribute, or methods of another class.
DEFECTS = {7: 6, 8: 8, 25: 0}
CLASSES = sorted(CATALOGUE.values(), key=lambda cls: (cls.class_id, cls.version))


@pytest.fixture(scope="module")
def peer() -> dict[str, Any]:
    pytest.importorskip("gurux_dlms")
    done = subprocess.run([sys.executable, str(PEER)], capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.interop(
    "gurux-dlms: where methods stand | SN", "gurux-dlms: where methods of profiles and clocks stand | SN"
)
def test_methods_stand_where_the_peer_sees_them(peer: dict[str, Any]) -> None:
    seen = {int(class_id): first for class_id, (first, _) in peer["first_methods"].items()}
    verified = {class_id: row.first for (class_id, _), row in METHODS.items() if row.verified}
    assert verified == {class_id: first for class_id, first in seen.items() if class_id not in DEFECTS}
    for class_id, attribute_id in DEFECTS.items():
        known = max(max(cls.attributes) for cls in CLASSES if cls.class_id == class_id)
        assert attribute_id <= known
        assert not attribute_id or seen[class_id] == 8 * (attribute_id - 1)


@pytest.mark.interop("gurux-dlms: requests of the client | SN")
def test_requests_of_the_peer_mean_what_we_take_them_for(peer: dict[str, Any]) -> None:
    names = ShortNames([ObjectName(0x1000, 3, 0, LN)])
    assert [names.attribute(AttributeDescriptor(3, LN, n)) for n in (1, 2, 3)] == [0x1000, 0x1008, 0x1010]
    assert peer["read"] == [f"050102{0x1000 + 8 * n:04x}" for n in range(3)]
    assert (
        peer["object_list_request"]
        == f"050102{ShortNames().attribute(AttributeDescriptor(12, OBIS.parse('0.0.40.0.0.255'), 2)):04x}"
    )
    for kind, class_id in (("GXDLMSDisconnectControl", 70), ("GXDLMSImageTransfer", 18)):
        names = ShortNames([ObjectName(0x1000, class_id, 0, LN)])
        methods = [names.method(MethodDescriptor(class_id, LN, n)) for n in (1, 2)]
        assert peer["invocations"][kind] == [f"060102{method.name:04x}010f00" for method in methods if method]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.class_id}v{cls.version}")
def test_no_two_members_stand_at_the_same_place(cls: type[CosemObject]) -> None:
    layout = layout_of(cls)
    places = [layout.attribute(number) for number in cls.attributes] + [layout.method(number) for number in cls.methods]
    assert None not in places
    assert len(set(places)) == len(places)
    assert max(place for place in places if place is not None) == layout.span - 8


def members(cls: type[CosemObject], name: OBIS) -> list[AttributeDescriptor | MethodDescriptor]:
    return [
        *(AttributeDescriptor(cls.class_id, name, number) for number in cls.attributes),
        *(MethodDescriptor(cls.class_id, name, number) for number in cls.methods),
    ]


@given(st.lists(st.sampled_from(CLASSES), max_size=40))
def test_base_names_never_overlap_and_lead_back(classes: list[type[CosemObject]]) -> None:
    objects = [cls(OBIS((0, 0, 96, 7, index, 255))) for index, cls in enumerate(classes)]
    names = ShortNames.allocate(objects)
    found: dict[int, object] = {}
    for thing in objects:
        for member in members(type(thing), thing.logical_name):
            if isinstance(member, AttributeDescriptor):
                place = names.attribute(member)
            else:
                method = names.method(member)
                place = None if method is None else method.name
                assert method is None or method.returns == (type(thing).methods[member[2]].returns is not None)
            assert place is not None
            assert place % 8 == 0
            assert 0x0100 <= place < RESERVED
            assert place not in found
            assert names.find(place) == member
            assert names.find(place + 1) is None
            found[place] = member
    assert [names.find(name) for name in range(0, 0x10000, 8) if name not in found] == [None] * (0x2000 - len(found))


def test_special_objects_have_their_base_names_in_every_device() -> None:
    objects = [
        Register("1.0.1.8.0.255"),
        AssociationSNv4("0.0.40.0.0.255"),
        AssociationLNv1("0.0.40.0.0.255"),
        SAPAssignment("0.0.41.0.0.255"),
        Data("0.0.42.0.0.255"),
        ScriptTable("0.0.10.0.125.255"),
    ]
    names = ShortNames.allocate(objects)
    places = {(element.class_id, str(element.logical_name)): element.base_name for element in names.elements}
    assert places == {
        (3, "1.0.1.8.0.255"): 0x0100,
        (15, "0.0.40.0.0.255"): 0x0130,
        (12, "0.0.40.0.0.255"): 0xFA00,
        (9, "0.0.10.0.125.255"): 0xFB00,
        (17, "0.0.41.0.0.255"): 0xFC00,
        (1, "0.0.42.0.0.255"): 0xFD00,
    }
    for element in SPECIAL:
        assert ShortNames().find(element.base_name) == AttributeDescriptor(element.class_id, element.logical_name, 1)
    reply = MethodDescriptor(12, OBIS.parse("0.0.40.0.0.255"), 8)
    assert ShortNames().method(reply) == names.method(reply) == MethodName(0xFA58, returns=True)


def test_a_register_may_hold_the_device_name() -> None:
    both = [Register("0.0.42.0.0.255"), Data("0.0.42.0.0.255")]
    assert [element.base_name for element in ShortNames.allocate(both).elements] == [0x0100, 0xFD00]


def test_version_decides_where_the_methods_are() -> None:
    for version, first in ((0, 0x28), (1, 0x30)):
        names = ShortNames([ObjectName(0x2000, 64, version, LN)])
        found = names.method(MethodDescriptor(64, LN, 1))
        assert found == MethodName(0x2000 + first, returns=False)
    names = ShortNames([ObjectName(0x2000, 64, 7, LN)])
    assert names.method(MethodDescriptor(64, LN, 1)) is None
    assert names.attribute(AttributeDescriptor(64, LN, 5)) == 0x2020
    assert ShortNames.allocate([SecuritySetupv1(LN)]).method(MethodDescriptor(64, LN, 3)) == MethodName(0x0140, True)


def test_users_stand_where_methods_1_and_2_once_did() -> None:
    name = OBIS.parse("0.0.40.0.0.255")
    old, new = (ShortNames([ObjectName(0xFA00, 12, version, name)]) for version in (2, 3))
    assert old.find(0xFA20) == MethodDescriptor(12, name, 1)
    assert new.find(0xFA20) == AttributeDescriptor(12, name, 5)
    assert old.attribute(AttributeDescriptor(12, name, 5)) is None
    assert new.method(MethodDescriptor(12, name, 1)) is None


def test_a_class_that_is_not_known_shows_its_attributes() -> None:
    names = ShortNames([ObjectName(0x0010, 10006, 3, LN), ObjectName(0x0020, 3, 0, LN)])
    assert names.attribute(AttributeDescriptor(10006, LN, 2)) == 0x0018
    assert names.attribute(AttributeDescriptor(10006, LN, 3)) is None
    assert names.find(0x0018) == AttributeDescriptor(10006, LN, 2)
    assert names.find(0x0028) == AttributeDescriptor(3, LN, 2)
    assert names.method(MethodDescriptor(10006, LN, 1)) is None
    assert names.find(0x0008) is None


def test_what_is_not_there_has_no_name() -> None:
    names = ShortNames.allocate([Clock("0.0.1.0.0.255"), ProfileGeneric("1.0.99.1.0.255")])
    clock = OBIS.parse("0.0.1.0.0.255")
    assert names.attribute(AttributeDescriptor(8, clock, 10)) is None
    assert names.attribute(AttributeDescriptor(8, clock, 0)) is None
    assert names.attribute(AttributeDescriptor(8, clock, -1)) is None
    assert names.attribute(AttributeDescriptor(8, LN, 2)) is None
    assert names.method(MethodDescriptor(8, clock, 7)) is None
    assert names.method(MethodDescriptor(9, clock, 1)) is None


def test_more_objects_than_names_are_refused() -> None:
    with pytest.raises(DefinitionError, match="do not fit below base name FA00"):
        ShortNames.allocate([Clock(OBIS((0, 0, 1, number // 256, number % 256, 255))) for number in range(500)])


@interface_class(8193, version=0)
class Valve(CosemObject):
    """A class of a vendor."""

    position: Attribute[int] = Attribute(2, UINT8, default=0)
    move: Method[int, int] = Method(2, UINT8, UINT8)


def test_methods_of_a_vendor_class_follow_its_attributes() -> None:
    names = ShortNames.allocate([Valve(LN), Register(LN)])
    assert names.attribute(Valve.position.at(LN)) == 0x0108
    assert names.method(Valve.move.at(LN)) == MethodName(0x0118, returns=True)
    assert names.attribute(Register.value.at(LN)) == 0x0128
