"""A logical device read by our own client over ciphered DLMS: `Pair`, no mocks."""

import pytest

from openami.core.obis import OBIS
from openami.core.time import CET, CosemDateTime
from openami.cosem.access import AccessTable, AttributeAccess, Key, MethodAccess, Rights
from openami.cosem.association import CURRENT_ASSOCIATION, AssociationLNv3
from openami.cosem.clock import Clock
from openami.cosem.device import LogicalDevice
from openami.cosem.objects import CosemObject
from openami.cosem.profile_generic import BUFFER, ProfileGeneric, table_of
from openami.cosem.registers import Register
from openami.dlms.client import Acted, Got, WasSet
from openami.dlms.data import DATE_TIME, INT16, UINT32
from openami.dlms.xdlms import ActionResult, CaptureObject, DataAccessResult, RangeDescriptor
from pair import CUTS, Pair, hls5

DAY = 1_777_845_600
CLOCK, ENERGY, LP1 = "0.0.1.0.0.255", "1.0.1.8.0.255", "1.0.99.1.0.255"
COLUMNS = [CaptureObject(8, OBIS.parse(CLOCK), 2), CaptureObject(3, OBIS.parse(ENERGY), 2)]


def device() -> LogicalDevice:
    rows = [(CET.stamp(DAY + 900 * number), number) for number in range(96)]
    made: list[CosemObject] = [
        AssociationLNv3(CURRENT_ASSOCIATION),
        Clock(CLOCK, time=CET.stamp(DAY)),
        Register(ENERGY, types={"value": UINT32}, value=12345),
        ProfileGeneric(LP1, buffer=table_of(rows, [DATE_TIME, UINT32]), capture_objects=COLUMNS),
    ]
    objects: dict[Key, CosemObject] = {(thing.class_id, thing.logical_name): thing for thing in made}
    rights = {
        key: Rights(
            dict.fromkeys(thing.attributes, AttributeAccess.READ_WRITE),
            dict.fromkeys(thing.methods, MethodAccess.ACCESS),
        )
        for key, thing in objects.items()
    }
    return LogicalDevice(objects, AccessTable({1: rights}))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("max_pdu", [0xFFFF, 200])
def test_a_device_is_read_written_and_told(cut: str, max_pdu: int) -> None:
    pair = Pair(hls5(), client_sap=1, cut=cut, server={"max_pdu": max_pdu}, answer=device().answer).associate()

    octets = pair.get(AssociationLNv3.object_list.at(CURRENT_ASSOCIATION))[0]
    assert isinstance(octets, bytes)
    entries, end = AssociationLNv3.object_list.codec.decode(octets)
    assert end == len(octets)
    assert [entry.class_id for entry in entries] == [15, 8, 3, 7]

    ends = [DATE_TIME.encode(CET.stamp(DAY + 900 * number)) for number in (10, 59)]
    selection = RangeDescriptor(COLUMNS[0], *ends).encode()
    event = pair.ask(pair.client.get([(ProfileGeneric.buffer.at(LP1), selection)], now=pair.now))
    assert isinstance(event, Got)
    assert isinstance(event.results[0], bytes)
    assert list(BUFFER.decode(event.results[0])[0].columns[1]) == list(range(10, 60))

    good, bad = Register.value.at(ENERGY), Register.value.at("1.0.9.9.9.255")
    assert pair.get(good, bad, good) == [
        UINT32.encode(12345),
        DataAccessResult.OBJECT_UNDEFINED,
        UINT32.encode(12345),
    ]

    later = DATE_TIME.encode(CET.stamp(DAY + 5))
    event = pair.ask(pair.client.set([(Clock.time.at(CLOCK), None, later)], now=pair.now))
    assert isinstance(event, WasSet)
    assert event.results == [DataAccessResult.SUCCESS]
    event = pair.ask(pair.client.action([(Clock.shift_time.at(CLOCK), INT16.encode(10))], now=pair.now))
    assert isinstance(event, Acted)
    assert event.results[0][0] is ActionResult.SUCCESS
    octets = pair.get(Clock.time.at(CLOCK))[0]
    assert isinstance(octets, bytes)
    stamp, _ = Clock.time.codec.decode(octets)
    assert isinstance(stamp, CosemDateTime)
    assert stamp.to_utc() == DAY + 15
