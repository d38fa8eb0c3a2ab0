"""Events of N meters by name: which log takes one and with which code is what a face says, never a law.

Events happen in no order of time while a slice is worked off, law after law. They wait for its end and are written
in the order in which they happened, so that how time is cut into slices changes nothing in a log.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from openami.metering.columns import Index, Int64
from openami.metering.profile import AmrStatus

if TYPE_CHECKING:
    from openami.metering.state import State

STANDARD = "standard"
POWER_FAILURE = "power_failure"
TENTHS = 10
"""Tenths of a second in a second: what events are put in order by."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log: how many entries it holds, and what stands beside time stamp and status."""

    entries: int
    columns: Mapping[str, DTypeLike]


class Entry(NamedTuple):
    """Where an event is written, and as what."""

    log: str
    code: int


class Bit(NamedTuple):
    """A bit of an alarm register; registers count from 0."""

    register: int
    bit: int


class Clearing(Enum):
    """How a client clears an alarm register."""

    ONES = "bits written as ones are cleared"
    ZEROS = "bits written as zeros are cleared"
    PRESENT = "zeros, but what is present comes back; the register drops a bit with its cause, the descriptor keeps it"


@dataclass(frozen=True, slots=True)
class Face:
    """What events are called in a market: log and code, bits of alarm and error registers, how alarms are cleared.

    `alarms` gives the bits that an event raises. `errors` gives the bits of the error register. `logs` are the
    logs with the sizes and columns that a product has unless it says otherwise.
    """

    name: str
    events: Mapping[str, Entry]
    logs: Mapping[str, Log]
    cleared: int = 255
    alarms: Mapping[str, tuple[Bit, ...]] = field(default_factory=dict[str, tuple[Bit, ...]])
    errors: Mapping[str, int] = field(default_factory=dict[str, int])
    clearing: Clearing = Clearing.ONES

    def code(self, event: str) -> int:
        """Code of an event."""
        return self.events[event].code

    def named(self, log: str, code: int) -> str:
        """Name of the event that has this code in a log; empty if none has."""
        return next((name for name, entry in self.events.items() if entry == (log, code)), "")

    @property
    def registers(self) -> int:
        """How many alarm registers there are."""
        return 1 + max((bit.register for bits in self.alarms.values() for bit in bits), default=0)


COMMON: Mapping[str, Entry] = {
    "power_down": Entry(STANDARD, 1),
    "power_up": Entry(STANDARD, 2),
    "dst_change": Entry(STANDARD, 3),
    "clock_old": Entry(STANDARD, 4),
    "clock_new": Entry(STANDARD, 5),
    "clock_invalid": Entry(STANDARD, 6),
    "battery_replace": Entry(STANDARD, 7),
    "battery_low": Entry(STANDARD, 8),
    "tariff_activated": Entry(STANDARD, 9),
    "error_cleared": Entry(STANDARD, 10),
    "alarm_cleared": Entry(STANDARD, 11),
    "program_memory_error": Entry(STANDARD, 12),
    "ram_error": Entry(STANDARD, 13),
    "nv_memory_error": Entry(STANDARD, 14),
    "watchdog": Entry(STANDARD, 15),
    "measurement_error": Entry(STANDARD, 16),
    "firmware_ready": Entry(STANDARD, 17),
    "firmware_activated": Entry(STANDARD, 18),
    "tariff_programmed": Entry(STANDARD, 19),
    "terminal_cover_open": Entry("fraud", 40),
    "terminal_cover_closed": Entry("fraud", 41),
    "magnet_on": Entry("fraud", 42),
    "magnet_off": Entry("fraud", 43),
    "meter_cover_open": Entry("fraud", 44),
    "meter_cover_closed": Entry("fraud", 45),
    "login_failed": Entry("fraud", 46),
    "long_outage": Entry(POWER_FAILURE, 0),
}
"""Events that have one code in the Dutch list and in that of IDIS."""

ERRORS: Mapping[str, int] = {
    "clock_invalid": 0,
    "battery_replace": 1,
    "program_memory_error": 8,
    "ram_error": 9,
    "nv_memory_error": 10,
    "measurement_error": 11,
    "watchdog": 12,
}
"""Bits of error register 1: those of alarm register 1 of the same names, as no text at hand states others."""

CODE: Mapping[str, DTypeLike] = {"code": "u1"}

LOGS: Mapping[str, Log] = {
    STANDARD: Log(100, CODE),
    "fraud": Log(30, CODE),
    POWER_FAILURE: Log(10, {"duration": "<u4"}),
    "power_quality": Log(100, CODE),
    "power_quality_extended": Log(100, {"code": "u1", "magnitude": "<u2", "duration": "<u2"}),
    "session": Log(2190, {"code": "u1", "counter": "<u2"}),
}
"""The six logs of an ESMR meter (CompactIQ manual, table 3)."""

PLAIN = Face("plain", COMMON, LOGS)
"""Codes that all these markets share, and no alarms."""

PHASED_ENDS = {
    "under_voltage": "voltage_normal",
    "over_voltage": "voltage_normal",
    "phase_outage": "phase_back",
    "over_current": "over_current_end",
    "current_reversed": "current_reversed_end",
    "thd": "thd_end",
}
ENDS: Mapping[str, str] = {
    "power_down": "power_up",
    "clock_invalid": "clock_new",
    "program_memory_error": "error_cleared",
    "ram_error": "error_cleared",
    "nv_memory_error": "error_cleared",
    "measurement_error": "error_cleared",
    "watchdog": "error_cleared",
    "terminal_cover_open": "terminal_cover_closed",
    "meter_cover_open": "meter_cover_closed",
    "module_cover_open": "module_cover_closed",
    "magnet_on": "magnet_off",
    "unbalance": "unbalance_end",
    "phase_sequence_wrong": "phase_sequence_ok",
    "neutral_missing": "neutral_back",
    "bypass": "bypass_end",
    "differential_current": "differential_current_end",
    "frequency_bad": "frequency_ok",
    "limiter_exceeded": "limiter_normal",
    **{f"{name}_error": f"{name}_error_end" for name in ("battery", "phase_loss", "reverse_power", "full_scale")},
    **{f"sitescan_{number}": f"sitescan_{number}_end" for number in range(1, 7)},
    "sitescan_1_polarity": "sitescan_1_polarity_end",
    **{f"monitor_{number}": f"monitor_{number}_end" for number in (1, 2, 3)},
    **{f"{begin}_l{phase}": f"{end}_l{phase}" for begin, end in PHASED_ENDS.items() for phase in (1, 2, 3)},
}
"""What ends the state that an event begins; other events are over as soon as they have happened."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of some meters, stamped by their clocks as it happened. [n]."""

    name: str
    columns: Index
    tenths: Int64
    stamp: Int64
    deviation: NDArray[np.int16]
    status: NDArray[np.uint8]
    values: Mapping[str, NDArray[np.generic]]

    def pick(self, which: NDArray[np.intp]) -> "Happened":
        """Some of the meters."""
        return Happened(
            self.name, self.columns[which], self.tenths[which], self.stamp[which], self.deviation[which],
            self.status[which], {name: value[which] for name, value in self.values.items()},
        )  # fmt: skip


def in_order(waiting: list[Happened]) -> Iterator[Happened]:
    """Give events out so that each meter has its own in order of time, those of one moment as they came."""
    if len(waiting) < 2:
        yield from waiting
        return
    meter = np.concatenate([event.columns for event in waiting])
    source = np.repeat(np.arange(len(waiting)), [len(event.columns) for event in waiting])
    place = np.concatenate([np.arange(len(event.columns)) for event in waiting])
    order = np.lexsort((source, np.concatenate([event.tenths for event in waiting]), meter))
    first = np.searchsorted(meter[order], meter[order], side="left")
    rank = np.arange(len(order)) - first
    for turn in range(int(rank.max(initial=-1)) + 1):
        now = order[rank == turn]
        for number in np.unique(source[now]):
            yield waiting[int(number)].pick(place[now[source[now] == number]])


def happening(
    state: "State", name: str, columns: Index, at: ArrayLike, *, tenths: ArrayLike | None = None, **values: ArrayLike
) -> Happened:
    """Stamp an event by the clocks as they are now; `at` is true UTC, `tenths` the same to a tenth of a second."""
    seconds = np.asarray(at, np.int64)
    offset, condition = state.clock.at(columns, np.broadcast_to(seconds, columns.shape))
    stamp = offset + seconds
    deviation, dst = state.clock.deviation(columns, stamp)
    status = condition | np.where(dst, np.uint8(AmrStatus.DAYLIGHT_SAVING), np.uint8(0))
    order = seconds * TENTHS if tenths is None else np.asarray(tenths, np.int64)
    spread = {key: np.broadcast_to(np.asarray(value), columns.shape) for key, value in values.items()}
    return Happened(name, columns, np.broadcast_to(order, columns.shape), stamp, deviation, status, spread)


def write(state: "State", happened: Happened) -> None:
    """Write an event to the log that the face has for it, if any; alarms follow."""
    entry = state.rules.face.events.get(happened.name)
    ring = None if entry is None else state.logs.get(entry.log)
    if entry is not None and ring is not None:
        given: dict[str, ArrayLike] = {**happened.values, "code": entry.code}
        row = {column: given.get(column, 0) for column in ring.columns}
        ring.append(happened.columns, happened.stamp, happened.deviation, happened.status, **row)
    for taker in (state.alarms, state.self_test):
        if taker is not None:
            taker.take(happened.name, happened.columns)
