"""The forms that cloned meters need in a product file: each loads, and a mistake in it is told by file and key."""

from pathlib import Path
from typing import Any

import pytest

from meters.cloning.twins import fleet_of
from openami.core.errors import AccessError, DefinitionError
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess, MethodAccess
from openami.dlms import data
from openami.dlms.xdlms import DataAccessResult
from openami.meters.build import Refusal
from openami.meters.product import Product, load, load_file
from openami.meters.raw import raw_class

FILE = """
extends = "base/twin"

[product]
model = "T1"
title = "Twin"

[[association]]
name = "reader"
client = 2
mechanism = "low"
policy = "none"
password = "simulation"

[[object]]
class = "Data"
logical_name = "0.0.96.13.0.255"
name = "text"
rights.reader = { read = [1, 2] }
value = { type = { array = ["unsigned", { array = "data" }] }, value = [[1, [{ type = "float32", value = 0.5 }]]] }

[[object]]
class = "Register"
version = 7
logical_name = "1.0.1.8.0.255"
name = "energy"
raw = { attributes = [-1], methods = [9] }
rights.reader = { read = [1, 2, 3, -1], write = [2], call = [9], protection = { 2 = [
    "signed-response",
] }, selectors = { 2 = [3] } }
value = { type = "encoded data", setting = "hex:0600000005" }
scaler_unit = { refused = "hardware-fault" }
attribute_-1 = { type = "bcd", value = 7 }

[[object]]
class = 9000
version = 2
logical_name = "0.0.94.39.1.255"
name = "own"
rights.reader = { read = [1, 4], unlisted = [6], unlisted_methods = [] }
attribute_4 = { type = "integer", value = -4 }
attribute_6 = { type = "integer", value = -6 }

[[object]]
class = "ProfileGeneric"
logical_name = "1.0.99.1.0.255"
name = "rows"
rights.reader = { read = [1, 2, 3, 7], unlisted = [8] }
buffer = { columns = ["date-time", "unsigned"], rows = [
    ["2026-11-02/1 00:15:00 -60 0", 1],
    ["2026-11-02/1 00:30:00 -60 0", 2],
] }
"""


def loaded(folder: Path, old: str = "", new: str = "") -> Product:
    assert FILE.count(old) >= 1
    path = folder / "twin.toml"
    path.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    return load_file(path)


def test_all_forms_together(tmp_path: Path) -> None:
    product = loaded(tmp_path)
    energy, own = product.by_name["energy"], product.by_name["own"]
    assert (energy.interface.class_id, energy.interface.version) == (3, 7)
    assert energy.interface.names["attribute_-1"] == -1
    assert energy.contents["scaler_unit"] == Refusal(DataAccessResult.HARDWARE_FAULT)
    assert (own.interface.class_id, own.interface.version, [*own.interface.attributes]) == (9000, 2, [1, 4, 6])
    rights = energy.rights(2)
    assert rights.attribute(2) == AttributeAccess.READ_WRITE | AttributeAccess.SIGNED_RESPONSE
    assert rights.method(9) == MethodAccess.ACCESS
    assert rights.method(1) == MethodAccess.NONE
    assert energy.rights(1).readable == frozenset(), "no other client has any"
    assert load(str(tmp_path / "twin.toml")).slug == "twin"


def test_they_are_served(tmp_path: Path) -> None:
    device = fleet_of(FILE, tmp_path).device(0)

    def read(class_id: int, name: str, number: int) -> bytes:
        from openami.dlms.xdlms import AttributeDescriptor

        return device.get(2, AttributeDescriptor(class_id, OBIS.parse(name), number))

    assert read(1, "0.0.96.13.0.255", 2).hex() == "0101020211010101" + "173f000000"
    assert read(3, "1.0.1.8.0.255", 2) == data.UINT32.encode(5)
    assert read(3, "1.0.1.8.0.255", -1) == bytes((13, 7))
    assert read(9000, "0.0.94.39.1.255", 4) == data.INT8.encode(-4)
    assert read(7, "1.0.99.1.0.255", 7) == data.UINT32.encode(2)
    assert len(read(7, "1.0.99.1.0.255", 2)) == 2 + 2 * 18
    with pytest.raises(AccessError, match="hardware-fault"):
        read(3, "1.0.1.8.0.255", 3)
    elements = {str(e.logical_name): e for e in device.object_list(2, 3)}
    listed: Any = elements["1.0.1.8.0.255"].access_rights
    assert [(i.attribute_id, i.access_mode, i.access_selectors) for i in listed.attribute_access] == [
        (-1, 1, None), (1, 1, None), (2, 0x83, [3]), (3, 1, None),
    ]  # fmt: skip
    own: Any = elements["0.0.94.39.1.255"].access_rights
    assert [item.attribute_id for item in own.attribute_access] == [1, 4]


MISTAKES = {
    "class by number": ("class = 9000", "class = 70000", "object own.class", "1 to 65535"),
    "class of no kind": ("class = 9000", "class = 1.5", "object own.class", "valid"),
    "version": ("version = 2", "version = 256", "object own.class", "0 to 255"),
    "version of another class": (
        'class = "ProfileGeneric"', 'class = "AssociationLNv1"\nversion = 3', "object rows.class", "AssociationLNv3",
    ),
    "name of a raw attribute": ("attribute_6 = {", "attribut_6 = {", "object own.class", "attribute_N"),
    "member that the class has": (
        "raw = { attributes = [-1]", "raw = { attributes = [2]", "energy.class", "attribute 2",
    ),
    "method that the class has": ("methods = [9] }", "methods = [1] }", "object energy.class", "method 1 already"),
    "number out of range": (
        "raw = { attributes = [-1]", "raw = { attributes = [-129]", "energy.raw.attributes", "-128",
    ),
    "unknown key of rights": ("call = [9]", "cal = [9]", "object energy.rights.reader.cal", "not permitted"),
    "client": (
        "rights.reader = { read = [1, 2] }", "rights.writer = { read = [1, 2] }", "object text.rights", "writer",
    ),
    "right to nothing": ("read = [1, 2, 3, -1]", "read = [1, 2, 3, 5]", "energy.rights.reader", "read names 5"),
    "call of nothing": ("call = [9]", "call = [8]", "energy.rights.reader", "call names 8"),
    "protection": ('"signed-response"', '"sealed-response"', "energy.rights.reader.protection.2 1", "signed-response"),
    "selectors of nothing": ("selectors = { 2", "selectors = { 8", "energy.rights.reader", "selectors names 8"),
    "unlisted and read": ("unlisted = [6]", "unlisted = [4]", "own.rights.reader", "unlisted names attribute 4"),
    "two ways to say rights": (
        "rights.reader = { read = [1, 2] }", 'rights.reader = { read = [1, 2] }\nclients = ["reader"]',
        "object text.rights", "stand in the place",
    ),
    "written but kept nowhere": ('setting = "hex:06', 'value = "hex:06', "object energy.rights", "value is no setting"),
    "read but without a value": (
        'attribute_4 = { type = "integer", value = -4 }\n', "raw = { attributes = [4, 6] }\n",
        "object own.attribute_4", "is missing",
    ),
    "refusal": ("hardware-fault", "hardware-fold", "object energy.scaler_unit", "expected one of"),
    "refusal and value": ('{ refused = "hardware-fault" }', '{ refused = "hardware-fault", value = 1 }',
                          "object energy.scaler_unit", "one of value, setting, source and refused"),
    "type of an array": ('{ array = "data" }', '{ arrays = "data" }', "object text.value", "no type"),
    "element of an array": ("value = 0.5", "value = \"half\"", "object text.value", "half"),
    "octets": ("hex:0600000005", "hex:06000000ZZ", "object energy.value", "hex:06000000ZZ"),
    "raw value": ('type = "bcd", value = 7', 'type = "bcd", value = 700', "object energy.attribute_-1", "700"),
    "rows": ('00:30:00 -60 0", 2]', '00:30:00 -60 0"]', "object rows.buffer", "row 2 has 1 cells, expected 2"),
    "cell": ("00:15:00 -60 0\", 1]", "00:15:00 -60 0\", 256]", "object rows.buffer", "row 1: 256"),
    "columns": (
        'columns = ["date-time", "unsigned"]', 'column = ["date-time", "unsigned"]', "object rows.buffer", "columns",
    ),
    "password": ('password = "simulation"\n', "", "association reader", "password"),
    "password of nobody": ('mechanism = "low"', 'mechanism = "lowest"', "association reader", "password"),
    "mechanism": ('mechanism = "low"', 'mechanism = "lls"', "association reader.mechanism", "lowest"),
    "base": ('extends = "base/twin"', 'extends = "base/twins"', "", "no such product file"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_by_file_and_key(name: str, tmp_path: Path) -> None:
    old, new, key, word = MISTAKES[name]
    with pytest.raises(DefinitionError) as caught:
        loaded(tmp_path, old, new)
    assert caught.value.file.endswith(".toml")
    assert key in caught.value.key
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_extends_what_stands_beside_it_before_ours(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "twin.toml").write_text('extends = "base/esmr"\n', encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"product\.vendor"):
        loaded(tmp_path)


def test_equal_raw_classes_are_one() -> None:
    from openami.cosem.objects import CosemObject

    assert raw_class(9000, 1, CosemObject, (2,), ()) is raw_class(9000, 1, CosemObject, (2,), ())
    assert raw_class(9000, 1, CosemObject, (2,), ()) is not raw_class(9000, 2, CosemObject, (2,), ())
