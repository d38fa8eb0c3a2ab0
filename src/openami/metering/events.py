"""Event logs of N meters, and the codes that the laws themselves write."""

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.typing import DTypeLike


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of one face for the events that happen inside the laws."""

    power_down: int
    power_up: int
    dst_change: int
    clock_old: int
    clock_new: int
    clock_invalid: int
    tariff_activated: int
    tariff_programmed: int
    cleared: int


ESMR = Codes(
    power_down=1,
    power_up=2,
    dst_change=3,
    clock_old=4,
    clock_new=5,
    clock_invalid=6,
    tariff_activated=9,
    tariff_programmed=19,
    cleared=255,
)

STANDARD = "standard"
POWER_FAILURE = "power_failure"


@dataclass(frozen=True, slots=True)
class Log:
    """A log: how many entries it holds, and what stands beside time stamp and status."""

    entries: int
    columns: Mapping[str, DTypeLike]


LOGS: Mapping[str, Log] = {
    STANDARD: Log(100, {"code": "u1"}),
    "fraud": Log(30, {"code": "u1"}),
    POWER_FAILURE: Log(10, {"duration": "<u4"}),
    "power_quality": Log(100, {"code": "u1"}),
    "power_quality_extended": Log(100, {"code": "u1", "magnitude": "<u2", "duration": "<u2"}),
    "session": Log(2190, {"code": "u1", "counter": "<u2"}),
}
"""The six logs of an ESMR meter (CompactIQ manual, table 3)."""
