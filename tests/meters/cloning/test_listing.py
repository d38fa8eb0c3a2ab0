"""Lists of objects: heads in the usual spellings, rows that are refused by sheet and row, and the meters they make."""

import csv
import tomllib
from pathlib import Path

import pytest

from meters.cloning.twins import fleet_of
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess
from openami.dlms import data
from openami.dlms.xdlms import AttributeDescriptor
from openami.meters.cloning.clone import Clone, Wishes
from openami.meters.cloning.listing import Listed, Stated, logical_name, read_listing
from openami.meters.cloning.skeleton import drawn
from openami.meters.fleet import Fleet

ENERGY = OBIS.parse("1.0.1.8.0.255")


def listing(folder: Path, text: str, **facts: int):
    path = folder / "objects.csv"
    path.write_text(text, encoding="utf-8")
    return read_listing(path, **facts)


@pytest.mark.parametrize(
    "text",
    [
        "1.0.1.8.0.255", "1-0:1.8.0.255", "1-0:1.8.0*255", "1-0:1.8.0", "0100010800FF", "0x0100010800ff",
        "01 00 01 08 00 FF", "01-00-01-08-00-FF", "01:00:01:08:00:FF", " 1.0.1.8.0.255 ".strip(), "1-0: 1.8.0.255",
    ],
)  # fmt: skip
def test_a_logical_name_in_its_usual_spellings(text: str) -> None:
    assert logical_name(text) == ENERGY


@pytest.mark.parametrize(
    "head",
    [
        "class,version,logical name,access,name",
        "Class ID;Ver.;OBIS code;Access rights;Object name",
        "IC\tVersion\tLN\tR/W\tDescription",
        "interface class,class version,Instance ID,Rights,Meaning",
        "class_id,version,logical_name,access,designation",
    ],
)
def test_heads_in_their_usual_spellings(head: str, tmp_path: Path) -> None:
    delimiter = next(one for one in ";\t," if one in head)
    found = listing(tmp_path, "\n".join(["Meter X", "", head, delimiter.join(["3", "0", "1-0:1.8.0", "RW", "import"])]))
    assert found.refused == ()
    assert found.objects == (Listed(3, 0, ENERGY, "import", {}, AttributeAccess.READ_WRITE),)


def test_what_a_list_says_of_attributes(tmp_path: Path) -> None:
    cells = '3,0,1.0.1.8.0.255,"2:value:long64-unsigned:RW=5 | 3:scaler_unit:scal_unit_type:R={0,Wh} | see 4.2 | -1"'
    found = listing(tmp_path, f'class,version,obis,attributes\n{cells}\n8,0,0.0.1.0.0.255,"2, 3"\n')
    energy, clock = found.objects
    assert energy.attributes == {
        2: Stated("long64-unsigned", AttributeAccess.READ_WRITE, "5"),
        3: Stated("scal_unit_type", AttributeAccess.READ, "{0,Wh}"),
        -1: Stated(),
    }
    assert clock.attributes.keys() == {2, 3}


def test_a_row_for_each_attribute_is_one_object(tmp_path: Path) -> None:
    head = "class,version,obis,attribute,type,access,default\n"
    text = "1,0,0.0.96.1.0.255,2,visible-string,R,abc\n"
    rows = "3,0,1.0.1.8.0.255,2,double-long-unsigned,RW,7\n3,0,1.0.1.8.0.255,3,,R,\n"
    found = listing(tmp_path, head + text + rows)
    assert [len(one.attributes) for one in found.objects] == [1, 2]
    assert found.objects[1].attributes[2] == Stated("double-long-unsigned", AttributeAccess.READ_WRITE, "7")


def test_classes_by_name_and_number(tmp_path: Path) -> None:
    rows = [
        "Profile generic,1.0.99.1.0.255",
        "3 Register,1.0.1.8.0.255",
        "Clock (8),0.0.1.0.0.255",
        "Association LN,0.0.40.0.0.255",
    ]
    found = listing(tmp_path, "\n".join(["class,obis", *rows]))
    assert [one.class_id for one in found.objects] == [7, 3, 8, 15]
    assert [one.version for one in found.objects] == [1, 0, 0, 3], "the newest that we know"


def test_bad_rows_are_refused_by_sheet_and_row(tmp_path: Path) -> None:
    rows = [
        "3,0,1.0.1.8.0.255,R", "3,0,1.0.1.8.0.256,R", ",0,1.0.2.8.0.255,R", "Gauge,0,1.0.2.8.0.255,R",
        "70000,0,1.0.2.8.0.255,R", "3,one,1.0.2.8.0.255,R", "3,0,,R", "3,0,1.0.2.8.0.255,perhaps",
        "3,1,1.0.1.8.0.255,R", "1,0,0.x.96.1.0.255,R", "", ",,,",
    ]  # fmt: skip
    found = listing(tmp_path, "\n".join(["class,version,obis,access", *rows]))
    assert len(found.objects) == 1
    words = [
        "group F is 256", "class ''", "class 'Gauge'", "class '70000'", "version 'one'", "OBIS code ''",
        "access 'perhaps'", "version 1 here and 0 above", "how many channels",
    ]  # fmt: skip
    assert len(found.refused) == len(words)
    for number, (refusal, word) in enumerate(zip(found.refused, words, strict=True), 3):
        assert refusal.startswith(f"objects.csv: sheet 'objects.csv', row {number}: ")
        assert word in refusal


def test_a_table_without_heads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="no row names the columns"):
        listing(tmp_path, "3,0,1.0.1.8.0.255\n")


def test_channels(tmp_path: Path) -> None:
    found = listing(tmp_path, "class,obis\n72,0.x.24.1.0.255\n72,0-b:24.1.1.255\n", channels=2)
    assert [str(one.logical_name) for one in found.objects] == [
        "0.1.24.1.0.255", "0.2.24.1.0.255", "0.1.24.1.1.255", "0.2.24.1.1.255",
    ]  # fmt: skip


# Meters made of lists


def made(folder: Path, path: Path, **facts: int) -> tuple[Fleet, int]:
    """A meter after a list: that it loads is half of the test."""
    clone = Clone.of(drawn(read_listing(path, **facts)), Wishes("made"))
    return fleet_of(clone.text, folder), len(clone.kinds)


def test_values_rights_and_types_of_a_list(tmp_path: Path) -> None:
    text = (
        "class,version,obis,name,attributes\n"
        "3,0,1.0.1.8.0.255,import,2:value:long64-unsigned:RW=5\n"
        "1,0,0.0.96.13.0.255,text,2:value:visible-string:R=hello\n"
        "8,0,0.0.1.0.0.255,clock,3:time_zone:long:RW=-60\n"
        "9999,2,0.0.94.39.0.255,own,2:thing:unsigned:R=3 | 3\n"
        "7,1,1.0.99.1.0.255,rows,\n"
    )
    path = tmp_path / "objects.csv"
    path.write_text(text, encoding="utf-8")
    fleet, count = made(tmp_path, path)
    device = fleet.device(0)
    assert count == 5 + 3, "association, device name and counter are there besides"

    def read(class_id: int, name: str, number: int) -> bytes:
        return device.get(1, AttributeDescriptor(class_id, OBIS.parse(name), number))

    assert read(3, "1.0.1.8.0.255", 2) == data.UINT64.encode(5)
    assert read(1, "0.0.96.13.0.255", 2) == data.VISIBLE_STRING.encode("hello")
    assert read(8, "0.0.1.0.0.255", 3) == data.INT16.encode(-60)
    assert read(9999, "0.0.94.39.0.255", 2) == data.UINT8.encode(3)
    assert read(9999, "0.0.94.39.0.255", 3) == b"\x00"
    assert read(7, "1.0.99.1.0.255", 2) == b"\x01\x00"
    elements = {str(e.logical_name): e for e in device.object_list(1)}
    assert elements["0.0.94.39.0.255"].version == 2
    rights = elements["1.0.1.8.0.255"].access_rights
    assert rights is not None
    assert [item.access_mode for item in rights.attribute_access] == [1, 3, 1]
    public = {str(e.logical_name) for e in device.object_list(16)}
    assert public == {"0.0.40.0.0.255", "0.0.42.0.0.255", "0.0.43.1.0.255", "0.0.1.0.0.255"}


@pytest.mark.parametrize(("name", "refused"), [("smr5_objects.csv", 0), ("idis_objects.csv", 1)])
def test_the_object_lists_of_two_markets_become_meters(name: str, refused: int, shared: Path, tmp_path: Path) -> None:
    path = shared / "facts/data" / name
    found = read_listing(path, channels=4)
    assert len(found.refused) == refused, "version 1/2 is two"
    fleet, count = made(tmp_path, path, channels=4)
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    stated = {(int(row["class_id"]), OBIS.parse(row["obis"])) for row in rows if "x" not in row["obis"]}
    keys = fleet.product.by_key.keys()
    assert stated <= keys, "the association, whose row is refused, is added"
    assert count > len(rows) / 2
    failed = [
        (element.class_id, str(element.logical_name), number)
        for element in fleet.device(0).object_list(1)
        for number in fleet.product.access.rights(1, (element.class_id, element.logical_name)).readable
        if not isinstance(
            fleet.device(0).got(1, (AttributeDescriptor(element.class_id, element.logical_name, number), None)), bytes
        )
    ]
    assert failed == [], "every attribute has a value of its type"


def test_names_of_the_list_stand_above_their_objects(shared: Path) -> None:
    text = Clone.of(drawn(read_listing(shared / "facts/data/smr5_objects.csv", channels=1)), Wishes("smr5")).text
    assert '# CLOCK\n[[object]]\nclass = "Clock"' in text
    document = tomllib.loads(text)
    clock = next(row for row in document["object"] if row["class"] == "Clock")
    assert clock["time_zone"] == {"setting": -60}
    assert clock["rights"]["management"]["write"] == [2, 3, 5, 6, 8]
