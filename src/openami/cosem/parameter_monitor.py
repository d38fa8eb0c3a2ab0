"""Parameter monitor: which parameter was changed last, and when (Blue Book, class 65)."""

from typing import NamedTuple

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.elements import NO_NAME, VALUE_DEFINITION, ValueDefinition
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.cosem.registers import NATIVE
from openami.dlms.data import (
    ANY,
    DATE_TIME,
    ENUM,
    INT8,
    LOGICAL_NAME,
    OCTET_STRING,
    UINT16,
    Data,
    Tag,
    array,
    structure,
)
from openami.dlms.xdlms import ActionResult


class ChangedParameter(NamedTuple):
    """A parameter and its new value."""

    class_id: int
    logical_name: OBIS
    attribute_index: int
    attribute_value: Data


CHANGED_PARAMETER = structure(ChangedParameter, UINT16, LOGICAL_NAME, INT8, ANY)
NO_CHANGE = ChangedParameter(0, NO_NAME, 0, Data(Tag.NULL, None))


@interface_class(65, version=0)
class ParameterMonitor(CosemObject):
    """Parameters watched, the last change and its time (Blue Book, class 65, version 0).

    The device tells of every attribute it changes by `notice`.
    """

    changed_parameter: Attribute[ChangedParameter] = Attribute(2, CHANGED_PARAMETER, default=NO_CHANGE)
    capture_time: Attribute[CosemDateTime] = Attribute(3, DATE_TIME, default=CosemDateTime())
    parameter_list: Attribute[list[ValueDefinition]] = Attribute(4, array(VALUE_DEFINITION), factory=list)

    @method(1, VALUE_DEFINITION)
    def add_parameter(self, parameter: ValueDefinition) -> None:
        """Watch one more parameter."""
        if parameter not in self.parameter_list:
            self.parameter_list = [*self.parameter_list, parameter]

    @method(2, VALUE_DEFINITION)
    def delete_parameter(self, parameter: ValueDefinition) -> None:
        """Watch a parameter no longer."""
        others = [held for held in self.parameter_list if held != parameter]
        if len(others) == len(self.parameter_list):
            raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} delete_parameter: no such parameter")
        self.parameter_list = others

    def notice(self, parameter: ValueDefinition, value: Data, at: CosemDateTime) -> bool:
        """Keep a change, if the parameter is watched; whether it is."""
        if parameter not in self.parameter_list:
            return False
        self.changed_parameter = ChangedParameter(*parameter, value)
        self.capture_time = at
        return True


@interface_class(65, version=1)
class ParameterMonitorv1(ParameterMonitor):
    """Adds a name of the list and a digest over its values (Blue Book, class 65, version 1).

    The codes of the hash algorithms are in no text at hand, so the device computes the digest.
    """

    parameter_list_name: Attribute[bytes] = Attribute(5, OCTET_STRING, default=b"", verified=False)
    hash_algorithm_id: Attribute[int] = Attribute(6, ENUM, default=0, verified=False)
    parameter_value_digest: Attribute[bytes] = Attribute(7, OCTET_STRING, default=b"", verified=False)
    parameter_values: Attribute[object] = Attribute(8, NATIVE, default=None, verified=False)
