"""Register table: cells of objects whose names differ in group E."""

import pytest

from openami.core.errors import ActionError, DecodeError
from openami.core.obis import OBIS
from openami.cosem.register_table import TABLE_CELL_VALUES, RegisterTable, TableCellDefinition
from openami.dlms.data import UINT16, UINT32, array
from openami.dlms.xdlms import AttributeDescriptor

LN = "0.0.61.0.0.255"
VOLTAGE = TableCellDefinition(3, OBIS.parse("1.0.99.7.0.255"), [1, 5, 9], 2)


def table(**values: object) -> RegisterTable:
    def fetch(at: AttributeDescriptor) -> bytes:
        assert (at.class_id, at.logical_name[:4], at.logical_name[5], at.attribute_id) == (3, b"\1\0\x63\7", 255, 2)
        return UINT32.encode(at.logical_name.e)

    return RegisterTable(LN, table_cell_definition=VOLTAGE, handlers={"fetch": fetch}, **values)


def test_capture_takes_a_cell_for_each_group_e_and_reset_clears_them() -> None:
    held = table()
    held.invoke(2)
    assert held.table_cell_values == [1, 5, 9]
    held.invoke(1)
    assert held.read(2) == b"\x01\x00"


def test_cells_go_out_in_the_width_the_device_names() -> None:
    held = table(types={"table_cell_values": array(UINT16)}, table_cell_values=[1, 5])
    assert held.read(2).hex() == "0102" + "120001" + "120005"


def test_a_compact_array_of_cells_is_read() -> None:
    assert TABLE_CELL_VALUES.decode(bytes.fromhex("1312" + "04" + "00010005")) == ([1, 5], 7)
    with pytest.raises(DecodeError, match="expected simple type"):
        TABLE_CELL_VALUES.decode(bytes.fromhex("13" + "020112" + "02" + "0001"))


def test_without_a_device_nothing_is_captured() -> None:
    with pytest.raises(ActionError, match="object-unavailable"):
        RegisterTable(LN, table_cell_definition=VOLTAGE).invoke(2)
