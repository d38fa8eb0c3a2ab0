"""Object lists with classes nobody told us of: they never stop a client, and a wider catalogue names them."""

import pytest

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.access import AccessTable, AttributeAccess, Key, Rights
from openami.cosem.association import CURRENT_ASSOCIATION, AssociationLNv1, AssociationLNv3, AttributeAccessItem
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.device import LogicalDevice
from openami.cosem.objects import Attribute, CosemObject, Method, decode_whole, interface_class
from openami.cosem.registers import Data, Register
from openami.dlms.data import BOOLEAN, DATE_TIME, INT8, OCTET_STRING, UINT32, native
from openami.dlms.xdlms import AttributeDescriptor
from pair import CUTS, Pair, hls5

TARIFF, UNKNOWN, ENERGY = "0.0.94.39.21.255", "0.0.96.99.1.255", "1.0.1.8.0.255"
LATER = CosemDateTime(2027, 1, 1)


@interface_class(8192, version=0)
class TariffPlan(CosemObject):
    """A tariff in waiting, as a vendor's class."""

    calendar_name: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"")
    enabled: Attribute[bool] = Attribute(3, BOOLEAN, default=False)
    activation_date_time: Attribute[CosemDateTime] = Attribute(4, DATE_TIME, default=CosemDateTime())

    activate: Method[int, None] = Method(1, INT8)


@interface_class(700, version=9)
class Nobody(Data):
    """A class of the standard to come."""


@interface_class(3, version=7)
class RegisterToCome(Register):
    """A later version of a class that we know."""


def device() -> LogicalDevice:
    made: list[CosemObject] = [
        AssociationLNv3(CURRENT_ASSOCIATION),
        TariffPlan(TARIFF, calendar_name=b"winter", enabled=True, activation_date_time=LATER),
        Nobody(UNKNOWN, value=b"?"),
        RegisterToCome(ENERGY, types={"value": UINT32}, value=5),
    ]
    objects: dict[Key, CosemObject] = {(thing.class_id, thing.logical_name): thing for thing in made}
    rights = {key: Rights(dict.fromkeys(thing.attributes, AttributeAccess.READ)) for key, thing in objects.items()}
    return LogicalDevice(objects, AccessTable({1: rights}))


@pytest.mark.parametrize("cut", CUTS)
def test_a_client_lists_and_reads_objects_of_classes_it_does_not_know(cut: str) -> None:
    pair = Pair(hls5(), client_sap=1, cut=cut, answer=device().answer).associate()
    (octets,) = pair.get(AssociationLNv1.object_list.at(CURRENT_ASSOCIATION))
    assert isinstance(octets, bytes)
    entries = decode_whole(AssociationLNv1.object_list.codec, octets)
    assert [(entry.class_id, entry.version) for entry in entries] == [(15, 3), (8192, 0), (700, 9), (3, 7)]
    assert [(e.class_id, e.version) in CATALOGUE for e in entries] == [True, False, False, False]

    wider = CATALOGUE.extended(TariffPlan)
    for entry in entries[1:3]:
        assert entry.access_rights is not None
        for item in entry.access_rights.attribute_access:
            (octets,) = pair.get(AttributeDescriptor(entry.class_id, entry.logical_name, item.attribute_id))
            assert isinstance(octets, bytes)
            assert native(octets)[1] == len(octets)  # the tags alone tell enough
            if cls := wider.get((entry.class_id, entry.version)):
                assert cls.attributes[item.attribute_id].codec.decode(octets)[1] == len(octets)


def test_a_vendors_class_is_read_with_its_own_types() -> None:
    pair = Pair(hls5(), client_sap=1, answer=device().answer).associate()
    wider = CATALOGUE.extended(TariffPlan)
    assert wider[8192, 0] is TariffPlan
    assert wider.named("TariffPlan") is TariffPlan
    name, enabled, later = pair.get(*(attribute.at(TARIFF) for attribute in list(TariffPlan.attributes.values())[1:]))
    assert isinstance(name, bytes)
    assert isinstance(enabled, bytes)
    assert isinstance(later, bytes)
    assert decode_whole(TariffPlan.calendar_name.codec, name) == b"winter"
    assert decode_whole(TariffPlan.enabled.codec, enabled) is True
    assert decode_whole(TariffPlan.activation_date_time.codec, later) == LATER


@pytest.mark.parametrize(
    ("element", "read"),
    [
        # class 65535 version 255, no rights at all
        ("0204 12ffff 11ff 090600000101ffff 0202 0100 0100", (65535, 255, [])),
        # a vendor's attribute -1 with access selectors; mode 200
        (
            "0204 122000 1100 090600000101ffff 0202 0101 0203 0fff 16c8 0101 0f01 0100",
            (8192, 0, [AttributeAccessItem(-1, 200, [1])]),
        ),
        # methods as boolean, as class version 0 has them
        (
            "0204 120007 11fe 090600000101ffff 0202 0101 0203 0f01 1601 00 0101 0202 0f01 0301",
            (7, 254, [AttributeAccessItem(1, 1)]),
        ),
        # without rights, as a selector gives it
        ("0203 12fffe 1101 090600000101ffff", (65534, 1, None)),
    ],
)
def test_elements_of_any_class_and_version_are_read(
    element: str, read: tuple[int, int, list[AttributeAccessItem] | None]
) -> None:
    octets = b"\x01\x02" + 2 * bytes.fromhex(element)
    first, second = decode_whole(AssociationLNv1.object_list.codec, octets)
    assert first == second
    class_id, version, items = read
    assert (first.class_id, first.version, first.logical_name) == (class_id, version, OBIS.parse("0.0.1.1.255.255"))
    assert (first.access_rights and first.access_rights.attribute_access) == items


def test_a_list_that_ends_early_is_refused() -> None:
    with pytest.raises(DecodeError, match="missing"):
        decode_whole(AssociationLNv1.object_list.codec, bytes.fromhex("0102 0203 12fffe 1101 090600000101ffff"))
