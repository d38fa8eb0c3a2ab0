"""SAP assignment: the logical devices of a physical one (Blue Book, class 17)."""

from typing import NamedTuple

from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import OCTET_STRING, UINT16, array, structure


class Assignment(NamedTuple):
    """A logical device and its service access point; SAP 0 means not connected."""

    sap: int
    logical_device_name: bytes


ASSIGNMENT = structure(Assignment, UINT16, OCTET_STRING)


@interface_class(17, version=0)
class SAPAssignment(CosemObject):
    """Logical devices by SAP (Blue Book, class 17)."""

    sap_assignment_list: Attribute[list[Assignment]] = Attribute(2, array(ASSIGNMENT), factory=list)

    @method(1, ASSIGNMENT)
    def connect_logical_device(self, assignment: Assignment) -> None:
        """Connect a device to a SAP, which nobody else then has; SAP 0 disconnects it."""
        others = [
            held
            for held in self.sap_assignment_list
            if held.logical_device_name != assignment.logical_device_name
            and (held.sap != assignment.sap or not assignment.sap)
        ]
        self.sap_assignment_list = [*others, assignment] if assignment.sap else others
