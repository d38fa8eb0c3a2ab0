"""A meter is read and written to a file; the file is loaded and served; both are read and show the same."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meters.cloning.twins import cloned, read_twin, shown, taken, twin
from odd_meter import OddMeter
from openami import connect
from openami.core.errors import AccessError, LinkTimeout
from openami.core.obis import OBIS
from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.association import AssociationLNv1, AssociationLNv3
from openami.cosem.disconnect_control import DisconnectControl
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Register
from openami.dlms import data
from openami.dlms.data import ANY, UINT8, Tag
from openami.dlms.security import Security
from openami.dlms.server import GetRequest
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult
from openami.meters.cloning.taking import Taken
from openami.meters.product import load_file
from small_meter import CLOCK, ENERGY, NAME, PROFILE, ROWS, SECRET, SmallMeter, load_profile

PLAIN_DATA = {(1, OBIS.parse(name)) for name in (NAME, SECRET, "0.0.43.1.0.255")}
"""Who the meter is, and its counter: what a twin has of its own."""


@interface_class(9001, version=3)
class Oven(CosemObject):
    """A class that only its maker knows, with types that only its maker would use."""

    dish: Attribute[data.Data] = Attribute(2, ANY)
    heat: Attribute[data.Data] = Attribute(-3, ANY)
    bake: Method[data.Data, None] = Method(1, ANY)
    clean: Method[data.Data, None] = Method(4, ANY)


DISH = data.Data(
    Tag.STRUCTURE,
    (
        data.Data(Tag.VISIBLE_STRING, "pie"),
        data.Data(Tag.ARRAY, (data.Data(Tag.LONG, -3), data.Data(Tag.NULL, None))),
        data.Data(Tag.DATE, bytes.fromhex("07ea0b02ff")),
    ),
)


def instead(request: Any, answer: Any, wanted: AttributeDescriptor, result: Any) -> Any:
    """Answer as the meter does, but for one attribute."""
    results = answer(request)
    if not isinstance(request, GetRequest):
        return results
    return [result if item[0] == wanted else given for item, given in zip(request.items, results, strict=True)]


def of_meter(found: Taken) -> dict[Any, Any]:
    """Values but those that are the meter's own, and of the association."""
    return {key: held for key, held in found.values.items() if key not in PLAIN_DATA and key[0] != 15}


async def test_a_twin_has_the_same_objects_rights_and_values(tmp_path: Path) -> None:
    found = await taken(SmallMeter())
    again = await read_twin(cloned(found).text, tmp_path)
    assert shown(again) == shown(found)
    assert of_meter(again) == of_meter(found)
    key = 7, OBIS.parse(PROFILE)
    assert [column.tolist() for column in again.tables[key].columns] == [c.tolist() for c in found.tables[key].columns]
    assert again.tables[key].tags == found.tables[key].tags
    assert again.errors == {key: {} for key in again.errors}


async def test_the_public_sees_of_a_twin_what_it_saw_of_the_meter(tmp_path: Path) -> None:
    meter = SmallMeter()
    as_public = await taken(meter, sap=16, security=Security.none())
    again = await read_twin(cloned(await taken(meter)).text, tmp_path, sap=16)
    assert shown(again) == shown(as_public)
    assert of_meter(again) == of_meter(as_public)
    assert again.clients[0].elements != ()


async def test_rows_can_be_picked_from_a_twin(tmp_path: Path) -> None:
    text = cloned(await taken(SmallMeter())).text
    async with twin(text, tmp_path) as (url, security), connect(url, client=1, security=security) as meter:
        rows = await meter.entries(PROFILE, 3, 5)
        assert rows.table.columns[2].tolist() == [14, 21, 28]
        first, last = (datetime.fromtimestamp(int(utc), UTC) for utc in rows.stamps()[[0, -1]])
        assert (await meter.profile(PROFILE, first, last)).table.columns[2].tolist() == [14, 21, 28]
        assert await meter.get(ProfileGeneric.entries_in_use, PROFILE) == ROWS


async def test_of_each_profile_no_more_rows_than_wanted(tmp_path: Path) -> None:
    found = await taken(SmallMeter(), rows=4)
    again = await read_twin(cloned(found).text, tmp_path)
    assert len(again.tables[7, OBIS.parse(PROFILE)]) == 4
    assert again.values[7, OBIS.parse(PROFILE)][7] == data.UINT32.encode(4)


async def test_what_may_be_written_stays_written(tmp_path: Path) -> None:
    text = cloned(await taken(SmallMeter())).text
    async with twin(text, tmp_path) as (url, security), connect(url, client=1, security=security) as meter:
        assert await meter.get(Register.value, ENERGY) == 12_345
        await meter.set_raw(Register.value.at(ENERGY), data.UINT32.encode(7))
        assert await meter.get(Register.value, ENERGY) == 7


async def test_a_class_we_lack_is_kept_with_its_version_types_and_members(tmp_path: Path) -> None:
    meter = OddMeter()
    meter.show(Oven("0.0.94.39.1.255", dish=DISH, heat=data.Data(Tag.FLOAT32, 180.5)))
    found = await taken(meter)
    text = cloned(found).text
    assert "class = 9001\nversion = 3" in text
    assert 'attribute_2 = { type = ["visible-string", { array = "data" }, "date"]' not in text, "dates have no own tag"
    again = await read_twin(text, tmp_path)
    assert shown(again) == shown(found)
    assert of_meter(again) == of_meter(found)
    assert again.values[9001, OBIS.parse("0.0.94.39.1.255")][2] == data.encode(DISH)


async def test_another_version_and_members_of_a_makers_own(tmp_path: Path) -> None:
    members = {"odd": Attribute(-1, UINT8, default=9), "shake": Method(9, ANY)}
    newer = interface_class(70, version=9)(type("DisconnectControl9", (DisconnectControl,), members))
    meter = OddMeter()
    meter.show(newer("0.0.96.3.10.255"))
    found = await taken(meter)
    text = cloned(found).text
    assert 'class = "DisconnectControlv1"\nversion = 9' in text
    assert "raw = { attributes = [-1], methods = [9] }" in text
    again = await read_twin(text, tmp_path)
    assert shown(again) == shown(found)
    assert of_meter(again) == of_meter(found)


async def test_values_of_other_types_than_the_class_has_keep_theirs(tmp_path: Path) -> None:
    meter = OddMeter()
    scale = data.Data(Tag.STRUCTURE, (data.Data(Tag.UNSIGNED, 1), data.Data(Tag.ENUM, 30)))
    value = data.Data(Tag.LONG64, -5)
    meter.show(Register("1.0.2.8.0.255", types={"scaler_unit": ANY, "value": ANY}, value=value, scaler_unit=scale))
    found = await taken(meter)
    again = await read_twin(cloned(found).text, tmp_path)
    assert of_meter(again) == of_meter(found)


async def test_a_profile_whose_columns_we_cannot_read_is_kept_as_octets(tmp_path: Path) -> None:
    meter = OddMeter()
    name = "1.0.99.9.0.255"
    meter.show(ProfileGeneric(name, buffer=load_profile()))
    ragged = bytes.fromhex("0102 0202 1101 1102 0201 120002")

    def habit(request: Any, answer: Any) -> Any:
        return instead(request, answer, AttributeDescriptor(7, OBIS.parse(name), 2), ragged)

    meter.habit = habit
    found = await taken(meter)
    assert found.values[7, OBIS.parse(name)][2] == ragged
    again = await read_twin(cloned(found).text, tmp_path)
    assert again.values[7, OBIS.parse(name)][2] == ragged
    assert shown(again) == shown(found)


# Rights


async def test_rights_bit_by_bit_selectors_and_what_the_list_leaves_out(tmp_path: Path) -> None:
    meter = SmallMeter()
    meter.objects[15, OBIS.parse("0.0.40.0.0.255")] = AssociationLNv3("0.0.40.0.0.255")
    rights = dict(meter.device.access[1])
    rights[3, OBIS.parse(ENERGY)] = Rights(
        {
            1: AttributeAccess.READ,
            2: AttributeAccess.READ | AttributeAccess.AUTHENTICATED_REQUEST | AttributeAccess.ENCRYPTED_RESPONSE,
            3: AttributeAccess.WRITE,
        },
        {1: MethodAccess.ACCESS | MethodAccess.SIGNED_REQUEST},
    )
    rights[7, OBIS.parse(PROFILE)] = Rights(
        dict.fromkeys(range(1, 9), AttributeAccess.READ), {}, selectors={2: (1,)}, unlisted_methods=frozenset({2})
    )
    rights[8, OBIS.parse(CLOCK)] = Rights(
        {1: AttributeAccess.READ, 2: AttributeAccess.READ_WRITE}, {}, {}, frozenset({4, 9})
    )
    meter.device.access = AccessTable({1: rights, 16: meter.device.access[16]})
    meter.device.associations = {}
    found = await taken(meter)
    text = cloned(found).text
    assert 'protection = { 2 = ["authenticated-request", "encrypted-response"] }' in text
    assert "selectors = { 2 = [1] }" in text
    assert "unlisted = [4, 9]" in text
    again = await read_twin(text, tmp_path)
    assert shown(again) == shown(found)
    assert 3 not in again.values[3, OBIS.parse(ENERGY)], "it may be written and not read"


async def test_rights_in_the_older_codes(tmp_path: Path) -> None:
    meter = SmallMeter()
    older = interface_class(15, version=0)(type("AssociationLNv0", (AssociationLNv1,), {}))
    meter.objects[15, OBIS.parse("0.0.40.0.0.255")] = older("0.0.40.0.0.255")
    rights = dict(meter.device.access[1])
    authenticated = AttributeAccess.READ_WRITE | AttributeAccess.AUTHENTICATED_REQUEST
    rights[3, OBIS.parse(ENERGY)] = Rights(
        dict.fromkeys((1, 2, 3), authenticated), {1: MethodAccess.ACCESS | MethodAccess.AUTHENTICATED_REQUEST}
    )
    meter.device.access = AccessTable({1: rights, 16: meter.device.access[16]})
    meter.device.associations = {}
    found = await taken(meter)
    modes = shown(found)[3, OBIS.parse(ENERGY)].access_rights
    assert [item.access_mode for item in (*modes.attribute_access, *modes.method_access)] == [6, 6, 6, 2]
    again = await read_twin(cloned(found).text, tmp_path)
    assert shown(again) == shown(found)


# What was not told


async def test_refusals_stand_in_the_file_with_their_reason_and_the_twin_gives_them(tmp_path: Path) -> None:
    refused = AttributeDescriptor(3, OBIS.parse(ENERGY), 3)
    meter = OddMeter(lambda request, answer: instead(request, answer, refused, DataAccessResult.HARDWARE_FAULT))
    clone = cloned(await taken(meter))
    assert clone.refused == 1
    [row] = [row for row in clone.text.split("\n\n") if f'"{ENERGY}"' in row]
    assert row.startswith("# scaler_unit: not told, ")
    assert "hardware-fault" in row.partition("\n")[0]
    assert 'scaler_unit = { refused = "hardware-fault" }' in row
    again = await read_twin(clone.text, tmp_path)
    error = again.errors[3, OBIS.parse(ENERGY)][3]
    assert isinstance(error, AccessError)
    assert error.result is DataAccessResult.HARDWARE_FAULT


async def test_a_silence_is_a_temporary_failure_of_the_twin(tmp_path: Path) -> None:
    silent = AttributeDescriptor(3, OBIS.parse(ENERGY), 3)
    meter = OddMeter(
        lambda request, answer: (
            None
            if isinstance(request, GetRequest) and any(item[0] == silent for item in request.items)
            else answer(request)
        )
    )
    found = await taken(meter, timeout_s=0.3)
    assert isinstance(found.errors[3, OBIS.parse(ENERGY)][3], LinkTimeout)
    text = cloned(found).text
    assert "# scaler_unit: not told, " in text
    assert "no answer within" in text
    assert 'scaler_unit = { refused = "temporary-failure" }' in text
    again = await read_twin(text, tmp_path)
    assert again.errors[3, OBIS.parse(ENERGY)][3].result is DataAccessResult.TEMPORARY_FAILURE  # type: ignore[attr-defined]


async def test_what_was_not_read_when_the_line_ended_is_said(tmp_path: Path) -> None:
    meter = OddMeter(lambda request, answer: None if is_of_clock(request) else answer(request))
    found = await taken(meter, timeout_s=0.2)
    text = cloned(found).text
    load_file_of(text, tmp_path)
    assert found.ended_by is not None
    assert "# Not all was read: " in text
    assert "the line ended before this was read" in text


def is_of_clock(request: Any) -> bool:
    return isinstance(request, GetRequest) and any(descriptor.class_id == 8 for descriptor, _ in request.items)


def load_file_of(text: str, folder: Path) -> Any:
    path = folder / "file.toml"
    path.write_text(text, encoding="utf-8")
    return load_file(path)
