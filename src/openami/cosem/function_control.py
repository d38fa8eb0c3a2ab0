"""Function control: functions of the meter switched on and off (Blue Book, class 122)."""

from typing import NamedTuple

from openami.core.errors import ActionError
from openami.cosem.elements import OBJECT_DEFINITION, ObjectDefinition
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import BOOLEAN, OCTET_STRING, array, structure
from openami.dlms.xdlms import ActionResult


class FunctionStatus(NamedTuple):
    """A function, and whether it is enabled."""

    function_name: bytes
    function_status: bool


class FunctionDefinition(NamedTuple):
    """A function, and the objects that make it up."""

    function_name: bytes
    function_specifications: list[ObjectDefinition]


FUNCTION_STATUS = structure(FunctionStatus, OCTET_STRING, BOOLEAN)
FUNCTION_DEFINITION = structure(FunctionDefinition, OCTET_STRING, array(OBJECT_DEFINITION))


@interface_class(122, version=0)
class FunctionControl(CosemObject):
    """Functions by name, what they are and which are enabled (Blue Book, class 122)."""

    activation_status: Attribute[list[FunctionStatus]] = Attribute(2, array(FUNCTION_STATUS), factory=list)
    function_list: Attribute[list[FunctionDefinition]] = Attribute(3, array(FUNCTION_DEFINITION), factory=list)

    @method(1, array(FUNCTION_STATUS))
    def set_function_status(self, wanted: list[FunctionStatus]) -> None:
        """Enable and disable functions: all that are named, or none if one of them is unknown."""
        changes = dict(wanted)
        held = {status.function_name for status in self.activation_status}
        for name in changes:
            if name not in held:
                raise self.undefined("set_function_status", name)
        self.activation_status = [
            FunctionStatus(name, changes.get(name, status)) for name, status in self.activation_status
        ]

    @method(2, FUNCTION_DEFINITION)
    def add_function(self, added: FunctionDefinition) -> None:
        """Add a function, disabled; one of the same name is replaced and keeps its status."""
        name = added.function_name
        self.function_list = [held for held in self.function_list if held.function_name != name] + [added]
        if all(held.function_name != name for held in self.activation_status):
            self.activation_status = [*self.activation_status, FunctionStatus(name, function_status=False)]

    @method(3, OCTET_STRING)
    def remove_function(self, name: bytes) -> None:
        """Remove a function and its status."""
        others = [held for held in self.function_list if held.function_name != name]
        statuses = [held for held in self.activation_status if held.function_name != name]
        if len(others) == len(self.function_list) and len(statuses) == len(self.activation_status):
            raise self.undefined("remove_function", name)
        self.function_list = others
        self.activation_status = statuses

    def undefined(self, where: str, name: bytes) -> ActionError:
        """Refusal of a function that is not there."""
        return ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} {where}: no function {name!r}")
