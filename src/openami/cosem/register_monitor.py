"""Register monitor: scripts that run when a value crosses a threshold (Blue Book, class 21)."""

from typing import NamedTuple

from openami.cosem.elements import (
    NO_NAME,
    SCRIPT_REFERENCE,
    VALUE_DEFINITION,
    ScriptReference,
    ValueDefinition,
)
from openami.cosem.objects import Attribute, CosemObject, interface_class
from openami.dlms.data import SIMPLE, Simple, array, structure


class ActionSet(NamedTuple):
    """Scripts to run when a threshold is crossed upwards and downwards."""

    action_up: ScriptReference
    action_down: ScriptReference


ACTION_SET = structure(ActionSet, SCRIPT_REFERENCE, SCRIPT_REFERENCE)


@interface_class(21, version=0)
class RegisterMonitor(CosemObject):
    """Thresholds of one attribute, and the actions of each (Blue Book, class 21)."""

    thresholds: Attribute[list[Simple]] = Attribute(2, array(SIMPLE), factory=list)
    monitored_value: Attribute[ValueDefinition] = Attribute(3, VALUE_DEFINITION, default=ValueDefinition(0, NO_NAME, 0))
    actions: Attribute[list[ActionSet]] = Attribute(4, array(ACTION_SET), factory=list)

    def crossings(self, before: int, after: int) -> list[ScriptReference]:
        """Scripts to run when the monitored value goes from `before` to `after`."""
        pairs = zip(self.thresholds, self.actions, strict=False)
        moves = [(threshold, scripts) for threshold, scripts in pairs if isinstance(threshold, int)]
        up = [scripts.action_up for threshold, scripts in moves if before <= threshold < after]
        return up + [scripts.action_down for threshold, scripts in moves if after < threshold <= before]
