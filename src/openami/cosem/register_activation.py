"""Register activation: which rate registers run (Blue Book, class 6)."""

from typing import NamedTuple

from openami.core.errors import ActionError
from openami.cosem.elements import OBJECT_DEFINITION, ObjectDefinition
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import OCTET_STRING, UINT8, array, structure
from openami.dlms.xdlms import ActionResult


class RegisterMask(NamedTuple):
    """A named set of registers: indexes, from 1, into register_assignment."""

    mask_name: bytes
    index_list: list[int]


REGISTER_MASK = structure(RegisterMask, OCTET_STRING, array(UINT8))


@interface_class(6, version=0)
class RegisterActivation(CosemObject):
    """Registers that are active together, by tariff (Blue Book, class 6)."""

    register_assignment: Attribute[list[ObjectDefinition]] = Attribute(2, array(OBJECT_DEFINITION), factory=list)
    mask_list: Attribute[list[RegisterMask]] = Attribute(3, array(REGISTER_MASK), factory=list)
    active_mask: Attribute[bytes] = Attribute(4, OCTET_STRING, default=b"")

    @method(1, OBJECT_DEFINITION)
    def add_register(self, register: ObjectDefinition) -> None:
        """Put one more register at the end of register_assignment."""
        self.register_assignment = [*self.register_assignment, register]

    @method(2, REGISTER_MASK)
    def add_mask(self, mask: RegisterMask) -> None:
        """Add a mask; one of the same name is replaced."""
        assigned = range(1, len(self.register_assignment) + 1)
        if not all(index in assigned for index in mask.index_list):
            raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} add_mask: index without a register")
        others = [held for held in self.mask_list if held.mask_name != mask.mask_name]
        self.mask_list = [*others, mask]

    @method(3, OCTET_STRING)
    def delete_mask(self, mask_name: bytes) -> None:
        """Delete a mask; the active one cannot go."""
        if mask_name == self.active_mask:
            raise ActionError(ActionResult.READ_WRITE_DENIED, f"{self!r} delete_mask: the mask is active")
        others = [held for held in self.mask_list if held.mask_name != mask_name]
        if len(others) == len(self.mask_list):
            raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} delete_mask: no such mask")
        self.mask_list = others
