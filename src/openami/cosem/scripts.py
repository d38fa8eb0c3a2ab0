"""Script table and single action schedule: what runs and when (Blue Book, classes 9 and 22)."""

from enum import IntEnum
from typing import NamedTuple

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemTime
from openami.cosem.elements import NO_SCRIPT, SCRIPT_REFERENCE, ScriptReference
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import ANY, DATE, INT8, LOGICAL_NAME, TIME, UINT16, Data, array, enum, structure
from openami.dlms.xdlms import ActionResult


class ServiceId(IntEnum):
    """What a script action does."""

    WRITE_ATTRIBUTE = 1
    EXECUTE_METHOD = 2


class ScriptAction(NamedTuple):
    """One action of a script: an attribute to write or a method to execute, and the data."""

    service_id: ServiceId
    class_id: int
    logical_name: OBIS
    member_id: int
    parameter: Data


class Script(NamedTuple):
    """Actions under one number."""

    script_identifier: int
    actions: list[ScriptAction]


class ScheduleType(IntEnum):
    """How many execution times there are, and what in them may be a wildcard."""

    ONE_TIME_DATE_WILDCARD = 1
    SAME_TIME_NO_WILDCARD = 2
    SAME_TIME_DATE_WILDCARD = 3
    ANY_TIME_NO_WILDCARD = 4
    ANY_TIME_DATE_WILDCARD = 5


class ExecutionTime(NamedTuple):
    """Time of day and day on which a script runs."""

    time: CosemTime
    date: CosemDate


SCRIPT_ACTION = structure(ScriptAction, enum(ServiceId), UINT16, LOGICAL_NAME, INT8, ANY)
SCRIPT = structure(Script, UINT16, array(SCRIPT_ACTION))
EXECUTION_TIME = structure(ExecutionTime, TIME, DATE)


@interface_class(9, version=0)
class ScriptTable(CosemObject):
    """Scripts by number. The hook `perform` carries out one action (Blue Book, class 9)."""

    hooks = frozenset({"perform"})

    scripts: Attribute[list[Script]] = Attribute(2, array(SCRIPT), factory=list)

    @method(1, UINT16)
    def execute(self, script_identifier: int) -> None:
        """Carry out the actions of a script in order; 0 is the null script."""
        if script_identifier == 0:
            return
        for action in self.script(script_identifier).actions:
            self.delegate("perform", action)

    def script(self, script_identifier: int) -> Script:
        """Return the script of that number."""
        for script in self.scripts:
            if script.script_identifier == script_identifier:
                return script
        raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} script {script_identifier}")


@interface_class(22, version=0)
class SingleActionSchedule(CosemObject):
    """A script and the times it runs at (Blue Book, class 22)."""

    executed_script: Attribute[ScriptReference] = Attribute(2, SCRIPT_REFERENCE, default=NO_SCRIPT)
    type: Attribute[ScheduleType] = Attribute(3, enum(ScheduleType), default=ScheduleType.ONE_TIME_DATE_WILDCARD)
    execution_time: Attribute[list[ExecutionTime]] = Attribute(4, array(EXECUTION_TIME), factory=list)
