"""Classes with behaviour, told and read by our own client over ciphered DLMS: `Pair`, no mocks."""

from functools import partial

import pytest

from openami.core.obis import OBIS
from openami.core.time import CosemDate
from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.array_manager import ENTRIES_OF, ENTRY_OF, ArrayManager, ArrayObject, EntriesOf, EntryOf, EntryRange
from openami.cosem.calendars import SPECIAL_DAY, SpecialDay, SpecialDaysTable
from openami.cosem.compact_data import CompactDatav1, unpack
from openami.cosem.device import LogicalDevice
from openami.cosem.disconnect_control import ControlMode, ControlState, DisconnectControl, Event
from openami.cosem.elements import ValueDefinition
from openami.cosem.objects import CosemObject
from openami.cosem.references import fetch, store
from openami.cosem.registers import Register
from openami.dlms.client import Acted
from openami.dlms.data import INT8, OCTET_STRING, UINT32, Data, array, decode
from openami.dlms.xdlms import ActionOutcome, ActionResult, CaptureObject, MethodDescriptor
from pair import CUTS, Pair, hls5

SWITCH, COMPACT, DAYS, ARRAYS = "0.0.96.3.10.255", "0.0.66.0.1.255", "0.0.11.0.0.255", "0.0.18.0.0.255"
ENERGY = OBIS.parse("1.0.1.8.0.255")


def device() -> LogicalDevice:
    """A device whose objects reach each other through it."""
    captures = [CaptureObject(62, OBIS.parse(COMPACT), 4), CaptureObject(3, ENERGY, 2)]
    managed = [ArrayObject(1, ValueDefinition(11, OBIS.parse(DAYS), 2))]
    made: list[CosemObject] = [
        DisconnectControl(SWITCH, control_mode=ControlMode.MODE_4),
        Register(ENERGY, types={"value": UINT32}, value=12345),
        SpecialDaysTable(DAYS),
        CompactDatav1(COMPACT, template_id=47, capture_objects=captures),
        ArrayManager(ARRAYS, array_object_list=managed),
    ]
    objects = {(thing.class_id, thing.logical_name): thing for thing in made}
    rights = {
        key: Rights(
            dict.fromkeys(thing.attributes, AttributeAccess.READ),
            dict.fromkeys(thing.methods, MethodAccess.ACCESS),
        )
        for key, thing in objects.items()
    }
    found = LogicalDevice(objects, AccessTable({1: rights}))
    handlers = {"fetch": partial(fetch, found), "store": partial(store, found)}
    for thing in made:
        thing.handlers = {name: handlers[name] for name in thing.hooks}
    return found


def day(number: int) -> Data:
    return decode(SPECIAL_DAY.encode(SpecialDay(number, CosemDate(month=1, day=number), 1)))[0]


@pytest.mark.parametrize("cut", CUTS)
def test_a_meter_is_switched_captured_and_edited(cut: str) -> None:
    meter = device()
    pair = Pair(hls5(), client_sap=1, cut=cut, answer=meter.answer).associate()

    def act(method: MethodDescriptor, parameter: bytes) -> ActionOutcome:
        event = pair.ask(pair.client.action([(method, parameter)], now=pair.now))
        assert isinstance(event, Acted)
        [outcome] = event.results
        return outcome

    def read(cls: type[CosemObject], number: int, name: str) -> object:
        octets = pair.get(cls.attributes[number].at(name))[0]
        assert isinstance(octets, bytes)
        return cls.attributes[number].codec.decode(octets)[0]

    done = (ActionResult.SUCCESS, None)
    assert act(DisconnectControl.remote_disconnect.at(SWITCH), INT8.encode(0)) == done
    assert read(DisconnectControl, 3, SWITCH) is ControlState.DISCONNECTED
    assert act(DisconnectControl.remote_reconnect.at(SWITCH), INT8.encode(0)) == done
    assert read(DisconnectControl, 2, SWITCH) is True
    switch = meter.find(None, (70, OBIS.parse(SWITCH)))
    assert isinstance(switch, DisconnectControl)
    switch.transition(Event.LOCAL_DISCONNECT)
    assert read(DisconnectControl, 3, SWITCH) is ControlState.READY_FOR_RECONNECTION

    assert act(CompactDatav1.capture.at(COMPACT), INT8.encode(0)) == done
    template, buffer = (read(CompactDatav1, number, COMPACT) for number in (5, 2))
    assert isinstance(template, bytes)
    assert isinstance(buffer, bytes)
    assert unpack(template, buffer) == (47, 12345)

    for number in (2, 1):
        parameter = ENTRY_OF.encode(EntryOf(1, 1, day(number)))
        assert act(ArrayManager.insert_entry.at(ARRAYS), parameter) == done
    result, octets = act(ArrayManager.retrieve_entries.at(ARRAYS), ENTRIES_OF.encode(EntriesOf(1, EntryRange(1, 0))))
    assert result is ActionResult.SUCCESS
    assert octets is not None
    assert [held.specialday_index for held in array(SPECIAL_DAY).decode(octets)[0]] == [1, 2]
    wrong = ENTRY_OF.encode(EntryOf(1, 1, decode(OCTET_STRING.encode(b"x"))[0]))
    assert act(ArrayManager.insert_entry.at(ARRAYS), wrong) == (ActionResult.TYPE_UNMATCHED, None)
