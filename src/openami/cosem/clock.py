"""Clock: local time, zone and daylight saving (Blue Book, class 8)."""

from dataclasses import replace
from typing import NamedTuple

from openami.core.errors import ActionError, DecodeError
from openami.core.time import DEVIATION_UNSET, CosemDateTime, DstRule
from openami.cosem.objects import Attribute, CosemObject, Method, computed, interface_class, method
from openami.dlms.data import BOOLEAN, DATE_TIME, ENUM, INT8, INT16, UINT8, structure
from openami.dlms.xdlms import ActionResult

MAX_SHIFT_S = 900
QUARTER_S, MINUTE_S = 900, 60
STATUS_UNSET = 0xFF


class PresetTime(NamedTuple):
    """A time to set later, and when it may still be set."""

    preset_time: CosemDateTime
    validity_interval_start: CosemDateTime
    validity_interval_end: CosemDateTime


PRESET_TIME = structure(PresetTime, DATE_TIME, DATE_TIME, DATE_TIME)


def moved(time: CosemDateTime, seconds: int) -> CosemDateTime:
    """Return the same clock so many seconds later; deviation and status stay."""
    deviation = 0 if time.deviation == DEVIATION_UNSET else time.deviation
    later = CosemDateTime.from_utc(time.to_utc(0) + seconds, deviation, time.status)
    return replace(later, deviation=time.deviation)


@interface_class(8, version=0)
class Clock(CosemObject):
    """Local time with deviation from UTC and daylight saving (Blue Book, class 8).

    The methods set `time`; a running clock gives it as `Live` with a writer.
    """

    time: Attribute[CosemDateTime] = Attribute(2, DATE_TIME, default=CosemDateTime())
    time_zone: Attribute[int] = Attribute(3, INT16, default=0)
    daylight_savings_begin: Attribute[CosemDateTime] = Attribute(5, DATE_TIME, default=CosemDateTime())
    daylight_savings_end: Attribute[CosemDateTime] = Attribute(6, DATE_TIME, default=CosemDateTime())
    daylight_savings_deviation: Attribute[int] = Attribute(7, INT8, default=60)
    daylight_savings_enabled: Attribute[bool] = Attribute(8, BOOLEAN, default=False)
    clock_base: Attribute[int] = Attribute(9, ENUM, default=1)

    preset: PresetTime | None = None

    @computed(4, UINT8)
    def status(self) -> int:
        """Clock status of the current time; 0 where the time does not state it."""
        status = self.time.status
        return 0 if status == STATUS_UNSET else status

    def dst_rule(self) -> DstRule:
        """Return the rule of zone and daylight saving that attributes 3 and 5 to 8 state."""
        return DstRule(
            self.daylight_savings_begin,
            self.daylight_savings_end,
            self.daylight_savings_deviation,
            self.time_zone,
            self.daylight_savings_enabled,
        )

    @method(1, INT8)
    def adjust_to_quarter(self, _data: int) -> None:
        """Set to the nearest quarter of an hour."""
        self.round_to(QUARTER_S)

    adjust_to_measuring_period: Method[int, None] = Method(2, INT8)

    @method(3, INT8)
    def adjust_to_minute(self, _data: int) -> None:
        """Set to the nearest minute."""
        self.round_to(MINUTE_S)

    @method(4, INT8)
    def adjust_to_preset_time(self, _data: int) -> None:
        """Set to the preset time, if it is still valid."""
        preset = self.preset
        if preset is None or not self.is_valid(preset):
            raise ActionError(ActionResult.OTHER_REASON, f"{self!r}: no valid preset time")
        self.time = preset.preset_time
        self.preset = None

    @method(5, PRESET_TIME)
    def preset_adjusting_time(self, preset: PresetTime) -> None:
        """Keep a time for adjust_to_preset_time."""
        try:
            for stamp in preset:
                stamp.local_seconds()
        except DecodeError as error:
            raise ActionError(ActionResult.TYPE_UNMATCHED, f"{self!r}: {error}") from error
        self.preset = preset

    @method(6, INT16)
    def shift_time(self, seconds: int) -> None:
        """Shift by -900 to 900 seconds."""
        if abs(seconds) > MAX_SHIFT_S:
            raise ActionError(ActionResult.SCOPE_OF_ACCESS_VIOLATED, f"{self!r}: shift of {seconds} s")
        self.local_seconds()
        self.time = moved(self.time, seconds)

    def round_to(self, step_s: int) -> None:
        """Set to the nearest multiple of a step of local time."""
        local = self.local_seconds()
        self.time = moved(self.time, (local + step_s // 2) // step_s * step_s - local)

    def local_seconds(self) -> int:
        """Seconds of local time; other-reason while the clock does not know the time."""
        try:
            return self.time.local_seconds()
        except DecodeError as error:
            raise ActionError(ActionResult.OTHER_REASON, f"{self!r}: {error}") from error

    def is_valid(self, preset: PresetTime) -> bool:
        """Whether now lies in the validity interval of a preset time."""
        start, end = preset.validity_interval_start, preset.validity_interval_end
        return start.local_seconds() <= self.local_seconds() <= end.local_seconds()
