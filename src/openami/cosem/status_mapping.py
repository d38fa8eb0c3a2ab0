"""Status mapping: what the bits of a status word mean (Blue Book, class 63)."""

from typing import NamedTuple

from openami.cosem.objects import Attribute, CosemObject, interface_class
from openami.dlms.data import SIMPLE, UINT8, UINT16, Simple, array, choice, structure


class MappingTable(NamedTuple):
    """A table of references, and the entries in it of the bits of the status word.

    One number is the entry of the first bit, the others follow; a list has an entry for each bit.
    """

    ref_table_id: int
    ref_table_mapping: int | list[int]


MAPPING_TABLE = structure(MappingTable, UINT8, choice(UINT16, array(UINT16)))


@interface_class(63, version=0)
class StatusMapping(CosemObject):
    """A status word, and the entries of a reference table its bits stand for (Blue Book, class 63)."""

    status_word: Attribute[Simple] = Attribute(2, SIMPLE, default=0)
    mapping_table: Attribute[MappingTable] = Attribute(3, MAPPING_TABLE, default=MappingTable(0, 0), verified=False)
