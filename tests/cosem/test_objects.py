"""One declaration, two faces."""

import pytest

from openami.core.errors import AccessError, ActionError, DefinitionError
from openami.core.obis import OBIS
from openami.core.units import ScalerUnit, Unit
from openami.cosem.objects import Attribute, CosemObject, Live, computed, interface_class, method
from openami.cosem.registers import Data, DemandRegister, ExtendedRegister, Register
from openami.dlms.data import INT8, UINT16, UINT32
from openami.dlms.xdlms import (
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)

ENERGY = "1.0.1.8.0.255"


def energy(**values: object) -> Register:
    return Register(ENERGY, types={"value": UINT32}, scaler_unit=ScalerUnit(0, Unit.WATT_HOUR), **values)


def test_on_the_class_a_member_is_the_key() -> None:
    assert Register.value.at(ENERGY) == AttributeDescriptor(3, OBIS.parse(ENERGY), 2)
    assert Register.reset.at(ENERGY) == MethodDescriptor(3, OBIS.parse(ENERGY), 1)
    assert (Register.value.class_id, Register.value.attribute_id, Register.value.name) == (3, 2, "value")


def test_inherited_members_belong_to_the_subclass() -> None:
    assert ExtendedRegister.value.class_id == 4
    assert ExtendedRegister.reset.class_id == 4
    assert ExtendedRegister.logical_name.class_id == 4
    assert Register.value.class_id == 3


def test_on_an_object_a_member_is_the_value() -> None:
    register = energy(value=12345)
    assert register.value == 12345
    register.value = 12346
    assert register.read(2) == bytes.fromhex("060000303a")
    assert register.read(1) == bytes.fromhex("09060100010800ff")
    assert register.read(3) == bytes.fromhex("02020f00161e")


def test_types_fix_the_encoding_at_the_server() -> None:
    assert Register(ENERGY, types={"value": UINT16}, value=7).read(2) == b"\x12\x00\x07"
    with pytest.raises(AccessError, match="type-unmatched"):
        energy().write(2, b"\x12\x00\x07")
    any_width = Register(ENERGY, value=0)
    any_width.write(2, b"\x12\x00\x07")
    assert any_width.value == 7


def test_a_client_decodes_any_simple_type_natively() -> None:
    decode = Register.value.codec.decode
    assert decode(bytes.fromhex("060000303a")) == (12346, 5)
    assert decode(bytes.fromhex("12ffff")) == (65535, 3)
    assert decode(bytes.fromhex("173f800000")) == (1.0, 5)
    assert decode(bytes.fromhex("0903414243")) == (b"ABC", 5)


def test_a_live_value_is_looked_up_at_each_read_and_written_through() -> None:
    cell = [5]
    register = energy(value=Live(lambda: cell[0], lambda value: cell.__setitem__(0, value)))
    assert register.read(2)[1:] == b"\x00\x00\x00\x05"
    cell[0] = 6
    assert register.value == 6
    register.write(2, bytes.fromhex("0600000009"))
    assert cell == [9]
    register.invoke(1, INT8.encode(0))
    assert cell == [0]


def test_a_live_value_without_writer_cannot_be_set() -> None:
    register = energy(value=Live(lambda: 5))
    with pytest.raises(AccessError, match="read-write-denied"):
        register.write(2, bytes.fromhex("0600000009"))
    with pytest.raises(ActionError, match="read-write-denied") as refused:
        register.invoke(1, INT8.encode(0))
    assert refused.value.result is ActionResult.READ_WRITE_DENIED


def test_unknown_names_and_members_are_refused() -> None:
    with pytest.raises(DefinitionError, match="Register has no attribute 'scalar'"):
        Register(ENERGY, scalar=1)
    with pytest.raises(DefinitionError, match="nothing to handle by the name of rest"):
        Register(ENERGY, handlers={"rest": print})
    with pytest.raises(AccessError) as refused:
        energy().read(4)
    assert refused.value.result is DataAccessResult.OBJECT_UNDEFINED
    with pytest.raises(ActionError, match="object-undefined"):
        energy().invoke(2)


def test_octets_behind_a_value_are_refused() -> None:
    with pytest.raises(AccessError, match="type-unmatched"):
        energy().write(2, bytes.fromhex("060000000900"))


def test_a_selector_where_there_is_none_is_refused() -> None:
    with pytest.raises(AccessError, match="scope-of-access-violated"):
        energy().read(2, Selection(1, b"\x00"))


def test_reset_takes_an_omitted_parameter() -> None:
    register = energy(value=7)
    assert register.invoke(1) is None
    assert register.value == 0


def test_a_handler_takes_the_place_of_a_method() -> None:
    calls: list[object] = []
    register = Register(ENERGY, value=7, handlers={"reset": calls.append})
    register.reset(0)
    assert (calls, register.value) == ([0], 7)


def test_demand_register_closes_its_period() -> None:
    demand = DemandRegister("1.0.1.4.0.255", current_average_value=9)
    demand.next_period(0)
    assert (demand.last_average_value, demand.current_average_value) == (9, 0)
    demand.reset(0)
    assert demand.last_average_value == 0


def test_data_takes_what_it_is_given() -> None:
    assert Data(ENERGY).read(2) == b"\x00"
    assert Data(ENERGY, value=b"OAM").read(2) == b"\x09\x03OAM"
    nested = bytes.fromhex("02020301" + "0101120007")
    assert Data.value.codec.decode(nested) == ((True, [7]), len(nested))


def test_two_members_of_one_number_are_a_mistake() -> None:
    with pytest.raises(DefinitionError, match="both have number 2"):

        @interface_class(9000, version=0)
        class _Wrong(CosemObject):
            one: Attribute[int] = Attribute(2, UINT16, default=0)
            two: Attribute[int] = Attribute(2, UINT16, default=0)


def test_a_computed_attribute_gives_way_to_a_value_and_cannot_be_set() -> None:
    @interface_class(9001, version=0)
    class Sum(CosemObject):
        """A vendor's class (not in the Blue Book)."""

        one: Attribute[int] = Attribute(2, UINT16)

        @computed(3, UINT16)
        def twice(self) -> int:
            return 2 * self.one

        @method(1, INT8, UINT16)
        def ask(self, plus: int) -> int:
            return self.one + plus

    thing = Sum(ENERGY, one=4)
    assert thing.read(3) == b"\x12\x00\x08"
    assert thing.invoke(1, INT8.encode(3)) == b"\x12\x00\x07"
    assert Sum(ENERGY, twice=1).twice == 1
    with pytest.raises(AccessError, match="read-write-denied"):
        thing.twice = 3
    with pytest.raises(AccessError, match="object-unavailable"):
        Sum(ENERGY).read(2)
