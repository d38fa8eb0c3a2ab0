"""What a meter notices, as clients see it: logs, alarms, errors, thresholds and counts of what is watched."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from openami.core.errors import DefinitionError
from openami.metering import commands
from openami.metering.events import TENTHS
from openami.metering.monitors import Monitors
from openami.metering.selftest import SelfTest
from openami.metering.tamper import Tamper
from openami.meters.rows import RingRows
from openami.meters.view import Law, View

MILLI = 1_000
CENTI = 10
"""Inner units in a hundredth of the unit shown."""
U16 = 0xFFFF
REGISTERS = 3
PHASES = (1, 2, 3)
THIRD = 1_200
"""A third of a turn in tenths of a degree."""

# Logs

LOGS = {
    "standard": "standard",
    "fraud_detection": "fraud",
    "communication_session": "session",
    "power_quality": "power_quality",
    "power_quality_extended": "power_quality_extended",
    "disconnector": "disconnector",
    "communication": "communication",
    "m_bus": "m_bus",
}
"""Logs by what their event objects are called."""
EXTRA = (
    ("communication_session", "counter"),
    ("power_quality_extended", "magnitude"),
    ("power_quality_extended", "duration"),
    ("disconnector", "reason"),
)
"""What stands in an entry beside its code."""


def log(name: str, view: View) -> RingRows:
    """Rows of a log."""
    return RingRows(view.log(name), view.meter, with_status=False)


def latest(name: str, column: str, view: View) -> int:
    """Read the newest entry of a log; 0 without any."""
    ring = view.log(name)
    count = int(ring.count[view.meter])
    return int(ring.rows[view.meter, (count - 1) % ring.capacity][column]) if count else 0


def harmonics(name: str, view: View) -> int:
    """Total harmonic distortion in thousandths; without supply there is none."""
    return int(view.laws.part("tamper", Tamper).row(name)[view.meter]) * bool(view.laws.supply.powered[view.meter])


def voltage_angle(phase: int, view: View) -> int:
    """Angle of a phase voltage behind that of L1 in tenths of a degree; 0 where one of both is not there."""
    volts = view.laws.live.voltage_mv[view.meter]
    if not volts[0] or not volts[phase - 1]:
        return 0
    turned = bool(view.laws.part("tamper", Tamper).row("phase_sequence")[view.meter])
    return THIRD * ((3 - phase + 1) if turned else (phase - 1))


def clear_log(name: str, view: View, _data: object) -> None:
    """Empty a log; the clearing is its first entry."""
    view.log(name)
    commands.clear_log(view.laws, name, view.meter)


LOG_LAWS: Mapping[str, Law] = {
    **{f"log.{name}": Law(partial(log, name)) for name in (*LOGS.values(), "power_failure")},
    **{f"event.{title}.code": Law(partial(latest, name, "code")) for title, name in LOGS.items()},
    **{f"event.{title}.{column}": Law(partial(latest, LOGS[title], column)) for title, column in EXTRA},
}


# Alarms and errors


def read_alarms(kind: str, register: int, view: View) -> int:
    """Read a register, filter or descriptor."""
    return int(getattr(view.holding.alarms, kind)[register, view.meter])


def clear_alarms(register: int, view: View, bits: int) -> None:
    """Clear bits of a register as the face has it; the clearing is an event."""
    view.holding.alarms.write(register, view.meter, bits)
    view.holding.event("alarm_cleared", view.meter)


def write_filter(register: int, view: View, bits: int) -> None:
    """Let only these alarms through."""
    view.holding.alarms.filter[register, view.meter] = bits


def clear_descriptor(register: int, view: View, bits: int) -> None:
    """Clear the bits of a descriptor that are written as zeros."""
    view.holding.alarms.write_descriptor(register, view.meter, bits)


def self_test(view: View) -> SelfTest:
    """Self-test of the fleet."""
    return view.laws.part("self_test", SelfTest)


def clear_errors(view: View, _bits: int) -> None:
    """Clear the error register; the clearing is an event."""
    self_test(view).clear(view.laws, np.array([view.meter]))


def alarm_laws() -> dict[str, Law]:
    """Name registers; the first has no number."""
    laws: dict[str, Law] = {"error.register": Law(lambda view: int(self_test(view).errors[view.meter]), clear_errors)}
    writers = {"register": clear_alarms, "filter": write_filter, "descriptor": clear_descriptor}
    for kind, write in writers.items():
        for register in range(REGISTERS):
            name = f"alarm.{kind}" if register == 0 else f"alarm.{kind}.{register}"
            laws[name] = Law(partial(read_alarms, kind, register), partial(write, register))
    return laws


# What is watched

WATCHED = (
    "under_voltage", "over_voltage", "phase_outage", "over_current", "unbalance", "limiter", "fuse", "monitor_1",
    "monitor_2", "monitor_3", "over_voltage_disconnect", "current_reversed", "differential_current", "bypass", "magnet",
    "neutral_missing", "frequency", "thd", "thd_current", "sitescan_1", "sitescan_1_polarity", "sitescan_2",
    "sitescan_3", "sitescan_4", "sitescan_5", "sitescan_6", "battery", "reverse_power", "full_scale",
)  # fmt: skip
"""Watches whose settings and counts have sources of a name."""


def monitors(view: View) -> Monitors:
    """What is watched in the fleet."""
    return view.laws.part("monitors", Monitors)


def read_limit(name: str, scale: int, view: View) -> int:
    """Read a limit in units of the signal, or in thousands of them."""
    held = monitors(view)
    return int(held.limit[held.number(name), view.meter]) // scale


def write_limit(name: str, scale: int, view: View, value: int) -> None:
    """Set a limit; whatever lets go of it moves along."""
    monitors(view).set_limit(name, np.array([view.meter]), value * scale)


def read_release(name: str, view: View) -> int:
    """Read the value at which a state may end."""
    held = monitors(view)
    return int(held.release[held.number(name), view.meter]) // MILLI


def write_release(name: str, view: View, value: int) -> None:
    """Set it; it lies on the good side of the limit."""
    held = monitors(view)
    number = held.number(name)
    apart = held.limit[number, view.meter] - value * MILLI
    if apart < 0 if held.watches[number].above else apart > 0:
        raise DefinitionError(f"{value} lies beyond the limit")
    held.release[number, view.meter] = value * MILLI


def read_time(name: str, which: str, scale: int, view: View) -> int:
    """Read a time threshold in tenths, or in seconds."""
    held = monitors(view)
    return int(getattr(held, which)[held.number(name), view.meter]) // scale


def write_time(name: str, which: str, scale: int, view: View, value: int) -> None:
    """Set a time threshold."""
    monitors(view).set_times(name, np.array([view.meter]), **{f"{which}_ds": value * scale})


def row_of(name: str, phase: int, view: View) -> int:
    """Row of a phase of a watch."""
    held = monitors(view)
    rows = held.rows(held.number(name))
    if phase >= rows.stop - rows.start:
        raise DefinitionError(f"{name} has no phase {phase + 1}")
    return int(rows.start) + phase


def read_row(name: str, what: str, phase: int, view: View) -> int:
    """Read a count, magnitude or duration of a phase."""
    return min(int(getattr(monitors(view), what)[row_of(name, phase, view), view.meter]), U16)


def read_total(name: str, view: View) -> int:
    """Count over all phases."""
    held = monitors(view)
    return min(int(held.count[held.rows(held.number(name)), view.meter].sum()), U16)


def read_limits(name: str, scale: int, view: View) -> list[int]:
    """Read a limit as the thresholds of a register monitor."""
    return [read_limit(name, scale, view)]


def write_limits(name: str, scale: int, view: View, values: list[int]) -> None:
    """Set it; there is one."""
    if len(values) != 1:
        raise DefinitionError("this monitor has one threshold")
    write_limit(name, scale, view, values[0])


def watch_laws(name: str) -> dict[str, Law]:
    """Name what clients may know and set of a watch."""
    laws = {
        "limit": Law(partial(read_limit, name, MILLI), partial(write_limit, name, MILLI)),
        "limit_milli": Law(partial(read_limit, name, 1), partial(write_limit, name, 1)),
        "thresholds": Law(partial(read_limits, name, MILLI), partial(write_limits, name, MILLI)),
        "thresholds_milli": Law(partial(read_limits, name, 1), partial(write_limits, name, 1)),
        "thresholds_centi": Law(partial(read_limits, name, CENTI), partial(write_limits, name, CENTI)),
        "release": Law(partial(read_release, name), partial(write_release, name)),
        "count": Law(partial(read_total, name)),
    }
    for which, word in (("after", ""), ("back", "back_")):
        for unit, scale in (("seconds", TENTHS), ("tenths", 1)):
            read, write = partial(read_time, name, which, scale), partial(write_time, name, which, scale)
            laws[word + unit] = Law(read, write)
    for what in ("count", "magnitude", "duration"):
        for phase in PHASES:
            laws[f"{what}.l{phase}"] = Law(partial(read_row, name, what, phase - 1))
    return {f"watch.{name}.{key}": law for key, law in laws.items()}


LAWS: Mapping[str, Law] = {
    **{f"angle.voltage.l{phase}": Law(partial(voltage_angle, phase)) for phase in (2, 3)},
    "harmonics.voltage": Law(partial(harmonics, "thd_permille")),
    "harmonics.current": Law(partial(harmonics, "thd_current_permille")),
    **LOG_LAWS,
    **alarm_laws(),
    **{key: law for name in WATCHED for key, law in watch_laws(name).items()},
}
METHODS: Mapping[str, Callable[[View, Any], object]] = {
    f"log.{name}.reset": partial(clear_log, name) for name in (*LOGS.values(), "power_failure")
}
"""Methods by the source of the object's buffer."""
