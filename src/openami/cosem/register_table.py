"""Register table: one attribute of many objects whose names differ in value group E (Blue Book, class 61)."""

from typing import NamedTuple, cast

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.core.units import ScalerUnit
from openami.cosem.elements import NO_NAME
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.cosem.registers import COUNT
from openami.dlms.data import (
    INT8,
    LOGICAL_NAME,
    SCALER_UNIT,
    SIMPLE,
    UINT8,
    UINT16,
    Codec,
    CompactArray,
    Simple,
    Tag,
    array,
    as_tree,
    decode,
    encode,
    structure,
)
from openami.dlms.xdlms import AttributeDescriptor


class TableCellDefinition(NamedTuple):
    """The attribute in the cells, and the value groups E of the objects that have it, in order."""

    class_id: int
    logical_name: OBIS
    group_e_values: list[int]
    attribute_index: int


class Cells(Codec[list[Simple]]):
    """Array of simple values; a compact-array is read too."""

    def encode(self, value: list[Simple]) -> bytes:
        """Array."""
        return CELLS.encode(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[list[Simple], int]:
        """Read an array or a compact-array."""
        if self.expect(data, offset) == Tag.ARRAY:
            return CELLS.decode(data, offset)
        held, end = decode(data, offset)
        try:
            return CELLS.decode(encode(as_tree(cast("CompactArray", held.value))))[0], end
        except DecodeError as error:
            raise DecodeError(f"{self.name}: {error}", offset=offset) from None


CELLS = array(SIMPLE)
TABLE_CELL_VALUES = Cells("table cell values", (Tag.ARRAY, Tag.COMPACT_ARRAY))
TABLE_CELL_DEFINITION = structure(TableCellDefinition, UINT16, LOGICAL_NAME, array(UINT8), INT8)


@interface_class(61, version=0)
class RegisterTable(CosemObject):
    """Values of one attribute of many objects, taken together (Blue Book, class 61).

    Hook `fetch` reads an attribute of another object. A device whose cells are of another width than
    `SIMPLE` gives them names their codec in `types`.
    """

    hooks = frozenset({"fetch"})

    table_cell_values: Attribute[list[Simple]] = Attribute(2, TABLE_CELL_VALUES, factory=list)
    table_cell_definition: Attribute[TableCellDefinition] = Attribute(
        3, TABLE_CELL_DEFINITION, default=TableCellDefinition(0, NO_NAME, [], 0), verified=False
    )
    scaler_unit: Attribute[ScalerUnit] = Attribute(4, SCALER_UNIT, default=COUNT)

    @method(1, INT8, verified=False)
    def reset(self, _data: int) -> None:
        """Clear the cells."""
        self.table_cell_values = []

    @method(2, INT8, verified=False)
    def capture(self, _data: int) -> None:
        """Take the values of the objects into the cells."""
        self.table_cell_values = [self.fetched(group_e) for group_e in self.table_cell_definition.group_e_values]

    def fetched(self, group_e: int) -> Simple:
        """Return the value of the object with that value group E."""
        class_id, name, _, attribute_index = self.table_cell_definition
        descriptor = AttributeDescriptor(class_id, OBIS(name[:4] + bytes((group_e,)) + name[5:]), attribute_index)
        return SIMPLE.decode(cast("bytes", self.delegate("fetch", descriptor)))[0]
