"""Utility tables: a table of ANSI C12.19 behind a COSEM object (Blue Book, class 26)."""

from openami.cosem.objects import Attribute, CosemObject, computed, interface_class
from openami.dlms.data import OCTET_STRING, UINT16, UINT32


@interface_class(26, version=0)
class UtilityTables(CosemObject):
    """Number, length and octets of one table (Blue Book, class 26)."""

    table_id: Attribute[int] = Attribute(2, UINT16, default=0)
    buffer: Attribute[bytes] = Attribute(4, OCTET_STRING, default=b"")

    @computed(3, UINT32)
    def length(self) -> int:
        """Octets of the buffer."""
        return len(self.buffer)
