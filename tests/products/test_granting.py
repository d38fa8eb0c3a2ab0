"""Rights that the head-end assigns: what it gives to another client or takes away holds from the next request on."""

import pytest

from openami.core.errors import AccessError
from openami.cosem.access import AttributeMode
from openami.cosem.association import (
    AccessRights,
    AssociationLNv1,
    AttributeAccessItem,
    MethodAccessItem,
    ObjectListElement,
)
from openami.cosem.disconnect_control import DisconnectControl
from openami.cosem.registers import Data, Register
from openami.dlms.data import UINT8
from openami.dlms.xdlms import ActionResult, DataAccessResult
from products.standing import HOUR_S, MANAGEMENT, PUBLIC, READER, Standing, both

SUCCESS, DENIED = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED
READER_RIGHTS, PUBLIC_RIGHTS = "0.0.40.0.2.255", "0.0.40.0.3.255"
ENERGY, RELAY = "1.0.1.8.0.255", "0.0.96.3.10.255"
READ_ONLY, READ_AND_WRITE = AttributeMode.READ_ONLY, AttributeMode.READ_AND_WRITE


def element(
    meter: Standing, name: str, modes: dict[int, int], methods: dict[int, int] | None = None
) -> ObjectListElement:
    held = meter.product.by_name[name]
    attributes = [AttributeAccessItem(number, mode) for number, mode in modes.items()]
    rights = AccessRights(attributes, [MethodAccessItem(*pair) for pair in (methods or {}).items()])
    return ObjectListElement(held.interface.class_id, held.interface.version, held.logical_name, rights)


def seen(meter: Standing, client: int) -> set[str]:
    """What a client finds in the list of its own association."""
    return {str(entry.logical_name) for entry in meter.read("association.object_list", client)}


@both("105", "106")
def test_what_is_taken_from_a_client_is_gone_for_it_alone_and_comes_back_when_given(slug: str) -> None:
    meter = Standing(slug, amps=5.0).live(HOUR_S)
    reader, head_end = meter.talk(READER), meter.talk()
    before = reader.get(Register.value.at(ENERGY))
    assert before > 0
    assert ENERGY in seen(meter, READER)
    taken = element(meter, "active_energy_import", {1: READ_ONLY, 2: READ_ONLY, 3: READ_ONLY})
    assert head_end.act(AssociationLNv1.remove_object, READER_RIGHTS, taken) is ActionResult.SUCCESS
    assert reader.get(Register.value.at(ENERGY)) is DENIED, "in the association that is open, too"
    assert meter.talk(READER).get(Register.value.at(ENERGY)) is DENIED
    assert ENERGY not in seen(meter, READER)
    assert ENERGY not in {str(one.logical_name) for one in meter.read("association_reader.object_list")}
    assert head_end.get(Register.value.at(ENERGY)) == before
    meter.restart()
    assert meter.talk(READER).get(Register.value.at(ENERGY)) is DENIED
    given = element(meter, "active_energy_import", {1: READ_ONLY, 2: READ_ONLY})
    assert meter.talk().act(AssociationLNv1.add_object, READER_RIGHTS, given) is ActionResult.SUCCESS
    assert meter.talk(READER).get(Register.value.at(ENERGY)) == before
    assert meter.talk(READER).get(Register.scaler_unit.at(ENERGY)) is DENIED, "not given again"
    assert ENERGY in seen(meter, READER)


@both("105", "106")
def test_a_client_is_given_an_object_to_read_one_to_write_and_one_to_act(slug: str) -> None:
    meter = Standing(slug, amps=5.0).live(HOUR_S)
    with pytest.raises(AccessError):
        meter.read("active_energy_import", PUBLIC)
    energy = element(meter, "active_energy_import", {2: READ_ONLY})
    assert meter.act("association_public.add_object", energy) is ActionResult.SUCCESS
    assert meter.talk(PUBLIC).get(Register.value.at(ENERGY)) > 0
    decimals = str(meter.product.by_name["display_decimals"].logical_name)
    assert meter.talk(READER).set(Data.value, decimals, UINT8.encode(1)) is DENIED
    assert meter.act("association_reader.add_object", element(meter, "display_decimals", {2: READ_AND_WRITE})) == 0
    assert meter.talk(READER).set(Data.value, decimals, UINT8.encode(1)) is SUCCESS
    assert meter.read("display_decimals") == 1
    assert meter.talk(READER).act(DisconnectControl.remote_disconnect, RELAY) is ActionResult.READ_WRITE_DENIED
    assert meter.act("association_reader.add_object", element(meter, "disconnect_control", {2: 1}, {1: 1})) == 0
    assert meter.talk(READER).act(DisconnectControl.remote_disconnect, RELAY) is ActionResult.SUCCESS
    assert meter.read("disconnect_control.output_state") is False
    assert meter.talk(READER).act(DisconnectControl.remote_reconnect, RELAY) is ActionResult.READ_WRITE_DENIED


@both("105", "106")
def test_nobody_but_the_head_end_assigns_and_it_cannot_give_what_there_is_not(slug: str) -> None:
    meter = Standing(slug)
    energy = element(meter, "active_energy_import", {2: READ_ONLY})
    assert meter.talk(READER).act(AssociationLNv1.add_object, READER_RIGHTS, energy) is ActionResult.READ_WRITE_DENIED
    assert (
        meter.talk(PUBLIC).act(AssociationLNv1.remove_object, PUBLIC_RIGHTS, energy) is ActionResult.READ_WRITE_DENIED
    )
    refused = {
        "to write a register": element(meter, "active_energy_import", {2: READ_AND_WRITE}),
        "an attribute that there is not": element(meter, "active_energy_import", {2: READ_ONLY, 9: READ_ONLY}),
        "a method that there is not": element(meter, "active_energy_import", {2: READ_ONLY}, {1: 1}),
        "its own association": element(meter, "association", {2: READ_ONLY}),
        "another object": energy._replace(class_id=1),
    }
    for what, asked in refused.items():
        assert meter.act("association_reader.add_object", asked) is not ActionResult.SUCCESS, what
    own = element(meter, "association", {})
    assert meter.act("association_reader.remove_object", own) is not ActionResult.SUCCESS
    assert meter.read("active_energy_import", READER) == 0
    assert meter.read("active_energy_import", MANAGEMENT) == 0
