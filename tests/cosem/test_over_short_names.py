"""A logical device read by our own client by short names: `Pair`, no mocks."""

from typing import Any

import pytest

from openami.core.obis import OBIS
from openami.core.time import CET, CosemDateTime
from openami.cosem.association_sn import AssociationSNv2, ObjectName
from openami.cosem.clock import Clock
from openami.cosem.objects import decode_whole
from openami.cosem.profile_generic import BUFFER, ProfileGeneric
from openami.cosem.registers import Register
from openami.cosem.short_names import ShortNames
from openami.dlms.client import DEFAULT_CONFORMANCE, Acted, Got, WasSet
from openami.dlms.data import DATE_TIME, INT8, INT16, UINT32
from openami.dlms.xdlms import (
    ActionResult,
    CaptureObject,
    Conformance,
    DataAccessResult,
    EntryDescriptor,
    RangeDescriptor,
)
from openami.dlms.xdlms.short import VariableName
from pair import CUTS, Pair, hls5
from short_meter import ShortMeter
from small_meter import CLOCK, ENERGY, MIDNIGHT, NAME, PROFILE

NO_GBT = DEFAULT_CONFORMANCE & ~Conformance.GENERAL_BLOCK_TRANSFER
STAMPS = CaptureObject(8, OBIS.parse(CLOCK), 2)


def joined(client_sap: int = 1, **facts: Any) -> Pair:
    meter = ShortMeter()
    security = hls5() if client_sap == 1 else None
    client = {"referencing": "SN", "conformance": NO_GBT}
    pair = Pair(
        security,
        client_sap=client_sap,
        client=client,
        associations=meter.associations,
        answer=meter.device.answer,
        **facts,
    )
    return pair.associate()


def read(pair: Pair, name: int) -> Any:
    event = pair.ask(pair.client.read([VariableName(name)]))
    assert isinstance(event, Got)
    return event.results[0]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("max_pdu", [0xFFFF, 200])
def test_a_device_is_read_written_and_told(cut: str, max_pdu: int) -> None:
    pair = joined(cut=cut, server={"max_pdu": max_pdu})
    elements = decode_whole(AssociationSNv2.object_list.codec, read(pair, 0xFA08))
    assert {e.base_name for e in elements} >= {0xFA00, 0xFD00}
    pair.client.names = ShortNames(elements)

    ends = [DATE_TIME.encode(CET.stamp(MIDNIGHT + 900 * number)) for number in (10, 59)]
    selections = [RangeDescriptor(STAMPS, *ends).encode(), EntryDescriptor(1, 5).encode(), None]
    items = [(ProfileGeneric.buffer.at(PROFILE), selection) for selection in selections]
    event = pair.ask(pair.client.get([*items, (ProfileGeneric.entries_in_use.at(PROFILE), None)]))
    assert isinstance(event, Got)
    *tables, count = event.results
    found = [list(decode_whole(BUFFER, table).columns[2]) for table in tables if isinstance(table, bytes)]
    assert found == [[7 * n for n in range(9, 59)], [7 * n for n in range(5)], [7 * n for n in range(96)]]
    assert count == UINT32.encode(96)

    later = DATE_TIME.encode(CET.stamp(MIDNIGHT + 5))
    event = pair.ask(pair.client.set([(Clock.time.at(CLOCK), None, later)]))
    assert isinstance(event, WasSet)
    assert event.results == [DataAccessResult.SUCCESS]
    shift, reset = Clock.shift_time.at(CLOCK), Register.reset.at(ENERGY)
    event = pair.ask(pair.client.action([(shift, INT16.encode(10)), (shift, INT16.encode(901)), (reset, None)]))
    assert isinstance(event, Acted)
    assert [result for result, _ in event.results] == [
        ActionResult.SUCCESS,
        ActionResult.SCOPE_OF_ACCESS_VIOLATED,
        ActionResult.SUCCESS,
    ]
    [octets, energy] = pair.get(Clock.time.at(CLOCK), Register.value.at(ENERGY))
    assert isinstance(octets, bytes)
    stamp, _ = Clock.time.codec.decode(octets)
    assert isinstance(stamp, CosemDateTime)
    assert stamp.to_utc() == MIDNIGHT + 15
    assert energy == UINT32.encode(0)


def test_every_attribute_stands_where_the_object_list_says() -> None:
    pair, meter = joined(), ShortMeter()
    elements: list[ObjectName] = decode_whole(AssociationSNv2.object_list.codec, read(pair, 0xFA08))
    assert len(elements) == len(meter.objects)
    for element in elements:
        held = meter.objects[element.class_id, element.logical_name]
        for number in held.attributes:
            assert read(pair, element.base_name + 8 * (number - 1)) == meter.device.find(
                1, (element.class_id, element.logical_name)
            ).read(number)


def test_each_client_has_its_rights() -> None:
    pair = joined(16)
    elements = decode_whole(AssociationSNv2.object_list.codec, read(pair, 0xFA08))
    names = {str(element.logical_name): element.base_name for element in elements}
    assert set(names) == {"0.0.40.0.0.255", NAME, CLOCK, "0.0.43.1.0.255"}
    assert read(pair, names[NAME] + 8)[2:] == b"OAMSIM0000000001"
    assert read(pair, names[CLOCK] + 16) is DataAccessResult.READ_WRITE_DENIED
    pair.client.names = ShortMeter().names
    assert pair.get(Register.value.at(ENERGY)) == [DataAccessResult.READ_WRITE_DENIED]
    event = pair.ask(pair.client.action([(Register.reset.at(ENERGY), INT8.encode(0))]))
    assert isinstance(event, Acted)
    assert event.results == [(ActionResult.READ_WRITE_DENIED, None)]
