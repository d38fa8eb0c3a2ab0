"""All of a meter: in bundles, one by one, in slices; stopped by nothing but the end of the line."""

import json
from dataclasses import replace
from typing import Any

import pytest

from odd_meter import Between, OddMeter
from openami import connect
from openami.aio import everything as module
from openami.aio.everything import Everything
from openami.core.errors import AccessError, ConnectionLost, DecodeError, LinkTimeout, ServiceError
from openami.core.units import ScalerUnit, Unit
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.disconnect_control import DisconnectControl
from openami.cosem.objects import Attribute, CosemObject, interface_class
from openami.dlms.data import INT8, OCTET_STRING
from openami.dlms.profile import Table
from openami.dlms.quirks import Quirks
from openami.dlms.server import Association
from openami.dlms.xdlms import Conformance, DataAccessResult, EntryDescriptor
from short_meter import ShortMeter
from small_meter import (
    CLOCK,
    ENERGY,
    HLS5,
    HLS5_ASSOCIATION,
    NAME,
    PROFILE,
    ROWS,
    SmallMeter,
    at_work,
    url_of,
)


@interface_class(9000, version=0)
class VendorClass(CosemObject):
    """A class that only its maker knows."""

    state_of_mind: Attribute[int] = Attribute(2, INT8, default=7)
    diary: Attribute[bytes] = Attribute(5, OCTET_STRING, default=b"dear")


async def read_all(meter: SmallMeter, **facts: Any) -> Everything:
    options = {"client": 1, "security": HLS5, "timeout_s": facts.pop("timeout_s", 5.0)}
    options["quirks"] = facts.pop("quirks", Quirks())
    async with at_work(meter) as listener, connect(url_of(listener), **options) as session:
        return await session.everything(**facts)


async def test_every_attribute_of_every_object() -> None:
    small = SmallMeter()
    found = await read_all(small)
    assert found.ended_by is None
    assert [(o.element.class_id, o.element.logical_name) for o in found.objects] == list(small.objects)
    for one in found.objects:
        known = small.objects[one.element.class_id, one.element.logical_name]
        assert [reading.descriptor.attribute_id for reading in one.readings] == list(known.attributes)
        assert one.interface_class == type(known).__name__
    register = found.find(ENERGY)
    assert register is not None
    assert [(reading.name, reading.value) for reading in register.readings][1:] == [
        ("value", 12_345),
        ("scaler_unit", ScalerUnit(1, Unit.WATT_HOUR)),
    ]
    assert str(register.readings[1].scaled) == "1.2345E+5"
    profile = found.find(PROFILE, 7)
    assert profile is not None
    table = profile.readings[1].value
    assert isinstance(table, Table)
    assert len(table) == ROWS
    assert found.refused == []
    assert found.find("9.9.9.9.9.9") is None


async def test_the_same_as_json() -> None:
    document = json.loads(json.dumps((await read_all(SmallMeter())).to_json()))
    assert document.keys() == {"objects"}
    register = next(one for one in document["objects"] if one["logical_name"] == ENERGY)
    assert register == {
        "class": 3,
        "version": 0,
        "logical_name": ENERGY,
        "interface_class": "Register",
        "attributes": [
            {"attribute": 1, "name": "logical_name", "value": ENERGY},
            {"attribute": 2, "name": "value", "value": 12345, "scaler": 1, "unit": "Wh"},
            {"attribute": 3, "name": "scaler_unit", "value": {"scaler": 1, "unit": "Wh"}},
        ],
    }
    profile = next(one for one in document["objects"] if one["logical_name"] == PROFILE)
    assert len(profile["attributes"][1]["value"]) == ROWS


async def test_bundles_and_progress() -> None:
    meter, seen = OddMeter(), []
    found = await read_all(meter, progress=lambda done, total: seen.append((done, total)))
    total = sum(len(one.readings) for one in found.objects)
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)
    reads = [len(request.items) for request in meter.requests if request.kind == "get" and request.client_sap == 1]
    assert reads == [1, module.BUNDLE, total - 2 - module.BUNDLE, 1], "object list, two bundles, one slice of rows"


async def test_an_unknown_class_and_an_unknown_version() -> None:
    meter = OddMeter()
    newer = type("DisconnectControl9", (DisconnectControl,), {"version": 9})("0.0.96.3.10.255")
    meter.show(VendorClass("0.0.94.39.1.255"), newer)
    found = await read_all(meter)
    vendor = found.find("0.0.94.39.1.255")
    assert vendor is not None
    assert vendor.interface_class == ""
    assert [(r.name, r.value) for r in vendor.readings][1:] == [("attribute 2", 7), ("attribute 5", b"dear")]
    assert (70, 9) not in CATALOGUE
    control = found.find("0.0.96.3.10.255")
    assert control is not None
    assert control.interface_class.startswith("DisconnectControl")
    assert found.refused == []


async def test_refusals_stand_in_their_places() -> None:
    def habit(request: Any, answer: Any) -> Any:
        if request.kind != "get":
            return answer(request)
        return [
            DataAccessResult.TEMPORARY_FAILURE if item[0][2] == 3 else result
            for item, result in zip(request.items, answer(request), strict=True)
        ]

    found = await read_all(OddMeter(habit))
    assert {reading.descriptor.attribute_id for reading in found.refused} == {3}
    assert all(isinstance(reading.value, AccessError) for reading in found.refused)
    assert "temporary-failure" in json.dumps(found.to_json())
    profile = found.find(PROFILE)
    assert profile is not None
    assert isinstance(profile.readings[1].value, Table), "its capture objects may be refused"


async def test_what_cannot_be_read_stands_as_an_error() -> None:
    def habit(request: Any, answer: Any) -> Any:
        names = [str(item[0].logical_name) for item in request.items]
        if names == [NAME]:
            return [b"\x09\x05ab"]
        return [DataAccessResult.OTHER_REASON] * len(names) if NAME in names and len(names) > 1 else answer(request)

    found = await read_all(OddMeter(habit))
    assert {type(reading.value) for reading in found.refused} == {DecodeError}
    assert {str(reading.descriptor.logical_name) for reading in found.refused} == {NAME}


async def test_a_meter_that_breaks_its_promise_of_lists_is_read_one_by_one() -> None:
    def habit(request: Any, answer: Any) -> Any:
        if request.kind == "get" and len(request.items) > 1:
            return [DataAccessResult.OTHER_REASON] * len(request.items)
        return answer(request)

    found = await read_all(OddMeter(habit))
    assert found.refused == []
    assert found.find(ENERGY) is not None


async def test_a_meter_that_answers_lists_by_an_exception() -> None:
    lists: list[int] = []

    def judge(data: bytes) -> bytes:
        if data[8:10] == b"\xc0\x03":
            lists.append(len(data))
        return data[:7] + b"\x03\xd8\x01\x02" if data[8:10] == b"\xc4\x03" else data

    async with (
        at_work(SmallMeter()) as listener,
        Between(listener, judge) as url,
        connect(url, client=16) as session,
    ):
        found = await session.everything()
    assert found.ended_by is None
    assert found.refused == []
    assert len(lists) == 1
    assert found.find(CLOCK) is not None


async def test_rows_that_cannot_be_read_in_slices() -> None:
    def habit(request: Any, answer: Any) -> Any:
        if request.kind == "get" and request.items[0][1] is not None:
            return [b"\x01\x02\x02\x01\x11\x05"]
        return answer(request)

    assert len(await rows_of(OddMeter(habit))) == ROWS


async def test_no_lists_where_none_were_negotiated_or_the_meter_has_a_quirk() -> None:
    meter = OddMeter()
    found = await read_all(meter, quirks=Quirks(list_limit=1))
    assert found.refused == []
    assert {len(request.items) for request in meter.requests} == {1}


# Profiles


async def rows_of(meter: SmallMeter, **facts: Any) -> Table:
    profile = (await read_all(meter, **facts)).find(PROFILE)
    assert profile is not None
    table = profile.readings[1].value
    assert isinstance(table, Table)
    return table


def slices(meter: OddMeter) -> list[tuple[int, int] | None]:
    """Entries that were asked for."""
    asked = [item for request in meter.requests if request.kind == "get" for item in request.items]
    buffers = [selection for descriptor, selection in asked if (descriptor.class_id, descriptor.attribute_id) == (7, 2)]
    entries = [None if selection is None else EntryDescriptor.decode(selection) for selection in buffers]
    return [None if entry is None else (entry.from_entry, entry.to_entry) for entry in entries]


async def test_profiles_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 40)
    meter = OddMeter()
    table = await rows_of(meter)
    assert slices(meter) == [(1, 40), (41, 80), (81, 96)]
    assert table.columns[2].tolist() == [7 * n for n in range(ROWS)]


async def test_the_newest_rows_of_a_profile() -> None:
    meter = OddMeter()
    assert (await rows_of(meter, rows=10)).columns[2].tolist() == [7 * n for n in range(ROWS - 10, ROWS)]
    assert slices(meter) == [(87, 96)]
    assert len(await rows_of(OddMeter(), rows=0)) == 0


@pytest.mark.parametrize("rows", [None, 10])
async def test_a_meter_that_selects_no_entries(rows: int | None) -> None:
    def habit(request: Any, answer: Any) -> Any:
        if request.kind == "get" and request.items[0][1] is not None:
            return [DataAccessResult.OTHER_REASON]
        return answer(request)

    meter = OddMeter(habit)
    table = await rows_of(meter, rows=rows)
    assert table.columns[2].tolist() == [7 * n for n in range(ROWS)][-(rows or ROWS) :]
    assert slices(meter) == [(1 if rows is None else 87, 96), None]


async def test_a_meter_without_selective_access() -> None:
    offered = HLS5_ASSOCIATION.conformance & ~Conformance.SELECTIVE_ACCESS
    meter = OddMeter(associations=(replace(HLS5_ASSOCIATION, conformance=offered), Association(16)))
    assert len(await rows_of(meter)) == ROWS
    assert slices(meter) == [None]


# The end of the line


async def test_a_line_that_ends_leaves_what_was_read() -> None:
    meter = OddMeter()
    count = 0

    def habit(request: Any, answer: Any) -> Any:
        nonlocal count
        count += request.client_sap == 1
        if count == 3:
            for connection in list(listener.connections):
                connection.drop()
            return None
        return answer(request)

    meter.habit = habit
    async with at_work(meter) as listener, connect(url_of(listener), security=HLS5) as session:
        found = await session.everything()
    assert isinstance(found.ended_by, ConnectionLost)
    assert sum(len(one.readings) for one in found.objects) == 1 + module.BUNDLE
    assert "closed the connection" in str(found.to_json())


async def test_one_silent_attribute_does_not_end_the_reading() -> None:
    def habit(request: Any, answer: Any) -> Any:
        silent = any(str(item[0].logical_name) == ENERGY and item[0].attribute_id == 2 for item in request.items)
        return None if request.kind == "get" and silent else answer(request)

    found = await read_all(OddMeter(habit), timeout_s=0.2)
    assert found.ended_by is None
    [missing] = found.refused
    assert isinstance(missing.value, LinkTimeout)
    assert str(missing.descriptor.logical_name) == ENERGY


async def test_a_meter_that_has_fallen_silent_ends_it() -> None:
    asked = 0

    def habit(request: Any, answer: Any) -> Any:
        nonlocal asked
        asked += request.client_sap == 1
        return answer(request) if asked <= 1 else None

    found = await read_all(OddMeter(habit), timeout_s=0.05)
    assert isinstance(found.ended_by, LinkTimeout)
    assert asked == 1 + 1 + module.SILENCES - 1


async def test_by_short_names_too() -> None:
    meter = ShortMeter()
    async with at_work(meter) as listener, connect(url_of(listener), security=HLS5, referencing="SN") as session:
        found = await session.everything()
    assert found.ended_by is None
    assert found.find(ENERGY) is not None
    assert found.find(CLOCK) is not None
    assert not [r for r in found.refused if not isinstance(r.value, ServiceError)]
