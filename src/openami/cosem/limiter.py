"""Limiter: a threshold, a higher or lower one for emergencies, and what crossing it does (Blue Book, class 71)."""

from typing import NamedTuple

from openami.core.errors import DecodeError
from openami.core.time import DEVIATION_UNSET, CosemDateTime
from openami.cosem.elements import (
    NO_NAME,
    NO_SCRIPT,
    SCRIPT_REFERENCE,
    VALUE_DEFINITION,
    ScriptReference,
    ValueDefinition,
)
from openami.cosem.objects import Attribute, CosemObject, computed, interface_class
from openami.dlms.data import BOOLEAN, DATE_TIME, SIMPLE, UINT16, UINT32, Simple, array, structure


class EmergencyProfile(NamedTuple):
    """From when, and for how many seconds, the emergency threshold holds."""

    emergency_profile_id: int
    emergency_activation_time: CosemDateTime
    emergency_duration: int


class LimiterActions(NamedTuple):
    """Scripts to run when the value has been over, and under, the threshold for long enough."""

    action_over_threshold: ScriptReference
    action_under_threshold: ScriptReference


EMERGENCY_PROFILE = structure(EmergencyProfile, UINT16, DATE_TIME, UINT32)
LIMITER_ACTIONS = structure(LimiterActions, SCRIPT_REFERENCE, SCRIPT_REFERENCE)
NO_EMERGENCY = EmergencyProfile(0, CosemDateTime(), 0)


@interface_class(71, version=0)
class Limiter(CosemObject):
    """Thresholds for one attribute, and the scripts of crossing them (Blue Book, class 71).

    The device keeps emergency_profile_active up to date, by `is_emergency` of its clock.
    """

    monitored_value: Attribute[ValueDefinition] = Attribute(2, VALUE_DEFINITION, default=ValueDefinition(0, NO_NAME, 0))
    threshold_normal: Attribute[Simple] = Attribute(4, SIMPLE, default=0)
    threshold_emergency: Attribute[Simple] = Attribute(5, SIMPLE, default=0)
    min_over_threshold_duration: Attribute[int] = Attribute(6, UINT32, default=0)
    min_under_threshold_duration: Attribute[int] = Attribute(7, UINT32, default=0)
    emergency_profile: Attribute[EmergencyProfile] = Attribute(8, EMERGENCY_PROFILE, default=NO_EMERGENCY)
    emergency_profile_group_id_list: Attribute[list[int]] = Attribute(9, array(UINT16), factory=list)
    emergency_profile_active: Attribute[bool] = Attribute(10, BOOLEAN, default=False)
    actions: Attribute[LimiterActions] = Attribute(11, LIMITER_ACTIONS, default=LimiterActions(NO_SCRIPT, NO_SCRIPT))

    @computed(3, SIMPLE)
    def threshold_active(self) -> Simple:
        """Return the threshold that holds now."""
        return self.threshold_emergency if self.emergency_profile_active else self.threshold_normal

    def is_emergency(self, now: CosemDateTime) -> bool:
        """Whether the emergency profile holds at that time of the meter's clock: begun, not over, and for us."""
        profile = self.emergency_profile
        if profile.emergency_profile_id not in self.emergency_profile_group_id_list:
            return False
        elapsed = seconds_between(profile.emergency_activation_time, now)
        return elapsed is not None and 0 <= elapsed < profile.emergency_duration

    def threshold_at(self, now: CosemDateTime) -> Simple:
        """Return the threshold that holds at that time of the meter's clock."""
        return self.threshold_emergency if self.is_emergency(now) else self.threshold_normal


def seconds_between(since: CosemDateTime, now: CosemDateTime) -> int | None:
    """Seconds from one time to another, with the deviation of the second where the first states none.

    None if one of them names no single second, as "not specified" does not.
    """
    deviation = 0 if now.deviation == DEVIATION_UNSET else now.deviation
    try:
        return now.to_utc(0) - since.to_utc(deviation)
    except DecodeError:
        return None
