"""Two meters side by side: each kind of difference once, and what is left out unless it is asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from meters.cloning.twins import cloned, taken
from odd_meter import OddMeter
from openami.aio.everything import Everything, ObjectReadings
from openami.aio.objects import Reading
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.units import ScalerUnit, Unit
from openami.cosem.access import AccessTable, AttributeAccess, Rights
from openami.cosem.association import AssociationLNv3
from openami.cosem.disconnect_control import DisconnectControl, DisconnectControlv1
from openami.cosem.local_ports import IECLocalPortSetup
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data, Register
from openami.dlms import data
from openami.dlms.xdlms import AttributeDescriptor, CaptureObject
from openami.meters.cloning.difference import Difference, Leave, Side, differences, is_identity, is_volatile
from openami.meters.cloning.sides import of_file, of_product, of_taken
from openami.meters.product import load, load_file
from small_meter import CLOCK, ENERGY, NAME, PROFILE, SECRET, SmallMeter

ALL, USUAL = Leave(volatile=False, identity=False), Leave()


async def side(meter: SmallMeter, title: str = "a") -> Side:
    return of_taken(title, await taken(meter))


async def between(a: SmallMeter, b: SmallMeter, leave: Leave = USUAL) -> list[Difference]:
    return list(differences(await side(a), await side(b, "b"), leave))


async def test_a_meter_is_like_itself() -> None:
    assert await between(SmallMeter(), SmallMeter()) == []
    [counter] = await between(SmallMeter(), SmallMeter(), ALL) or [None]
    assert counter is None or counter.logical_name == OBIS.parse("0.0.43.1.0.255")


async def test_objects_versions_types_values_and_columns() -> None:
    here, there = OddMeter(), OddMeter()
    here.show(
        Data("0.0.96.13.0.255", types={"value": data.UINT8}, value=1),
        Data("0.0.96.13.1.255", types={"value": data.UINT8}, value=1),
        Data("0.0.96.13.2.255", types={"value": data.UINT8}, value=1),
        DisconnectControl("0.0.96.3.10.255"),
        ProfileGeneric("1.0.99.2.0.255", capture_objects=[CaptureObject(8, OBIS.parse(CLOCK), 2, 0)]),
    )
    there.show(
        Data("0.0.96.13.1.255", types={"value": data.UINT16}, value=1),
        Data("0.0.96.13.2.255", types={"value": data.UINT8}, value=2),
        Data("0.0.96.13.9.255", types={"value": data.UINT8}, value=2),
        DisconnectControlv1("0.0.96.3.10.255"),
        ProfileGeneric("1.0.99.2.0.255"),
    )
    found = [(d.kind, str(d.logical_name), d.what, d.a, d.b) for d in await between(here, there)]
    assert found == [
        ("object", "0.0.96.13.0.255", "", "there", "–"),
        ("type", "0.0.96.13.1.255", "attribute 2", "unsigned", "long-unsigned"),
        ("value", "0.0.96.13.2.255", "attribute 2", 1, 2),
        ("version", "0.0.96.3.10.255", "", 0, 1),
        (
            "columns", "1.0.99.2.0.255", "attribute 3",
            [{"class_id": 8, "logical_name": CLOCK, "attribute_id": 2, "data_index": 0}], [],
        ),
        ("object", "0.0.96.13.9.255", "", "–", "there"),
    ]  # fmt: skip


async def test_rights_of_each_client() -> None:
    here, there = SmallMeter(), SmallMeter()
    for meter in (here, there):
        meter.objects[15, OBIS.parse("0.0.40.0.0.255")] = AssociationLNv3("0.0.40.0.0.255")
        meter.device.associations = {}
    rights = {sap: dict(there.device.access[sap]) for sap in (1, 16)}
    rights[1][3, OBIS.parse(ENERGY)] = Rights(
        {1: AttributeAccess.READ, 2: AttributeAccess.READ | AttributeAccess.ENCRYPTED_REQUEST, 3: AttributeAccess.NONE}
    )
    del rights[16][8, OBIS.parse(CLOCK)]
    there.device.access = AccessTable(rights)
    found = [(str(d.logical_name), d.what, d.a, d.b) for d in await between(here, there) if d.kind == "rights"]
    assert found == [
        (ENERGY, "client 1 attribute 1", "rw", "r"),
        (ENERGY, "client 1 attribute 2", "rw", "r encrypted-request"),
        (ENERGY, "client 1 attribute 3", "rw", "–"),
        (ENERGY, "client 1 method 1", "x", "–"),
        (CLOCK, "client 16", "shown", "not shown"),
    ]


async def test_values_that_change_by_themselves_and_names_are_left_out() -> None:
    here, there = SmallMeter(), SmallMeter()
    there.object(3, ENERGY).value = 54_321  # type: ignore[attr-defined]
    there.object(1, NAME).value = b"OAMSIM0000000009"  # type: ignore[attr-defined]
    there.object(1, SECRET).value = b"another"  # type: ignore[attr-defined]
    assert await between(here, there) == []
    volatile = await between(here, there, Leave(volatile=False))
    assert ("value", ENERGY, 12_345, 54_321) in [(d.kind, str(d.logical_name), d.a, d.b) for d in volatile]
    names = await between(here, there, Leave(identity=False))
    assert [str(d.logical_name) for d in names] == [NAME, SECRET]


async def test_another_type_is_told_of_a_register_too() -> None:
    here, there = OddMeter(), OddMeter()
    scale = ScalerUnit(0, Unit.WATT_HOUR)
    here.show(Register("1.0.2.8.0.255", types={"value": data.UINT32}, value=1, scaler_unit=scale))
    there.show(Register("1.0.2.8.0.255", types={"value": data.UINT64}, value=9, scaler_unit=scale))
    [found] = await between(here, there)
    assert (found.kind, found.a, found.b) == ("type", "double-long-unsigned", "long64-unsigned")


async def test_secrets_are_told_to_differ_and_no_more() -> None:
    here, there = OddMeter(), OddMeter()
    here.show(IECLocalPortSetup("0.0.20.0.0.255", pass_p1=b"0123abcd"))
    there.show(IECLocalPortSetup("0.0.20.0.0.255", pass_p1=b"other"))
    assert await between(here, there) == []
    [found] = await between(here, there, Leave(identity=False))
    assert (found.a, found.b) == ("(a secret)", "(a secret)")


@pytest.mark.parametrize(
    ("class_id", "name", "number", "moves"),
    [
        (8, "0.0.1.0.0.255", 2, True), (8, "0.0.1.0.0.255", 3, False), (3, "1.0.1.8.0.255", 2, True),
        (3, "1.0.1.8.0.255", 3, False), (3, "1.0.12.31.0.255", 2, False), (3, "0.0.96.7.20.255", 2, False),
        (7, "1.0.99.1.0.255", 2, True), (7, "1.0.99.1.0.255", 3, False), (1, "0.0.43.1.0.255", 2, True),
        (1, "0.0.97.98.0.255", 2, True), (1, "0.0.97.98.10.255", 2, False), (1, "0.0.96.1.0.255", 2, False),
        (5, "1.0.1.4.0.255", 3, True), (5, "1.0.1.4.0.255", 8, False), (47, "0.0.25.6.0.255", 5, True),
        (1, "0.0.96.7.21.255", 2, True), (4, "1.0.1.6.0.255", 5, True), (1, "1.0.0.2.0.255", 2, False),
    ],
)  # fmt: skip
def test_what_moves(class_id: int, name: str, number: int, moves: bool) -> None:
    key = class_id, OBIS.parse(name)
    assert is_volatile(key, number) is moves


def test_what_names_a_meter() -> None:
    assert is_identity((1, OBIS.parse("0.0.96.1.0.255")), 2)
    assert is_identity((64, OBIS.parse("0.0.43.0.0.255")), 5)
    assert not is_identity((1, OBIS.parse("0.0.96.13.0.255")), 2)


# Products, files, lists


async def test_a_product_and_its_clone(tmp_path: Path) -> None:
    compactiq = of_product(load("compactiq"))
    assert list(differences(compactiq, of_product(load("compactiq")), ALL)) == []
    small = await taken(SmallMeter())
    path = tmp_path / "twin.toml"
    path.write_text(cloned(small).text, encoding="utf-8")
    twin = of_product(load_file(path))
    found = differences(of_taken("meter", small), twin, USUAL)
    assert [d for d in found if d.class_id != 15] == [], "of its association the small meter tells nothing true"
    assert any(d.kind == "object" for d in differences(compactiq, twin, Leave()))


def everything(found: Any) -> Everything:
    """What `read --all` has of what was taken."""
    return Everything(
        tuple(
            ObjectReadings(
                element,
                tuple(
                    Reading(AttributeDescriptor(*key, number), f"attribute {number}", data.native(octets)[0])
                    for number, octets in found.values.get(key, {}).items()
                ),
            )
            for element in found.clients[0].elements
            if (key := (element.class_id, element.logical_name))
        )
    )


async def test_a_saved_list_is_compared_as_far_as_it_tells(tmp_path: Path) -> None:
    small = await taken(SmallMeter())
    elements = [
        {
            "class": e.class_id,
            "version": e.version,
            "logical_name": str(e.logical_name),
            "interface_class": "?",
            "readable": [i.attribute_id for i in e.access_rights.attribute_access],  # type: ignore[union-attr]
        }
        for e in small.clients[0].elements
    ]
    path = tmp_path / "objects.json"
    path.write_text(json.dumps(elements), encoding="utf-8")
    assert list(differences(of_taken("meter", small), of_file(path), Leave())) == []
    elements[4]["version"], elements[5]["readable"] = 7, [1, 2]
    path.write_text(json.dumps(elements[:-1]), encoding="utf-8")
    found = [
        (d.kind, d.class_id, d.what, d.a, d.b) for d in differences(of_taken("meter", small), of_file(path), Leave())
    ]
    assert ("version", 3, "", 0, 7) in found
    assert ("object", 7, "", "there", "–") in found
    assert ("rights", 8, "client 1 attribute 3", "r", "–") in found
    csv = tmp_path / "objects.csv"
    head = "class,version,logical_name,interface_class,readable\n"
    csv.write_text(head + "3,0,1.0.1.8.0.255,Register,1 2 3\n", encoding="utf-8")
    assert of_file(csv).objects[3, OBIS.parse(ENERGY)].rights == {
        None: {"attribute 1": "r", "attribute 2": "r", "attribute 3": "r"}
    }
    assert list(differences(of_file(csv), of_file(csv), ALL)) == []


async def test_saved_values(tmp_path: Path) -> None:
    small = await taken(SmallMeter())
    path = tmp_path / "everything.json"
    path.write_text(json.dumps(everything(small).to_json()), encoding="utf-8")
    values = of_file(path).objects[3, OBIS.parse(ENERGY)].values
    assert values[2].said == 12_345
    rows = tmp_path / "values.csv"
    rows.write_text(
        "logical_name,class,attribute,value,unit\n"
        f"{ENERGY},3,value,12345,Wh\n{PROFILE},7,capture_period,900,\n{PROFILE},7,profile_entries,refused,\n",
        encoding="utf-8",
    )
    listed = of_file(rows)
    found = list(differences(of_taken("meter", small), listed, Leave()))
    assert [(d.kind, d.what, d.a, d.b) for d in found if d.class_id == 7 and d.kind == "value"] == [
        ("value", "attribute 8", 960, "refused")
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"), ("a.json", '{"a": 1}'), ("a.json", "[1]"), ("a.json", '[{"class": "x", "logical_name": "1"}]'),
        ("a.csv", "class,logical_name,attribute\n3,1.0.1.8.0.255,perhaps\n"), ("a.csv", "a,b\n1,2\n"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        of_file(path)
    assert caught.value.file == str(path)
