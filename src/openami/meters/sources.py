"""Named sources: which law gives the value of an attribute, and what writing it does."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from typing import Any

import numpy as np

from openami.core.errors import ActionError
from openami.core.time import ClockStatus, CosemDateTime
from openami.cosem.association import ContextName, XDLMSContextInfo
from openami.cosem.cellular import Cell, Signal
from openami.cosem.sap_assignment import Assignment
from openami.cosem.security_setup import KeyTransfer
from openami.dlms.data import BitString
from openami.dlms.server import DEFAULT_CONFORMANCE
from openami.dlms.xdlms import ActionResult
from openami.metering import commands
from openami.metering.profile import AmrStatus
from openami.metering.registers import TOTAL, Energy
from openami.meters import draws
from openami.meters.faces import esmr
from openami.meters.holding import Custody
from openami.meters.identity import CLIENT_TITLE, address
from openami.meters.rows import RingRows
from openami.meters.tariffs import TARIFF
from openami.meters.view import Law, View

U16, U32 = 0xFFFF, 0xFFFFFFFF
MAX_PDU = 0xFFFF
SIGNAL_STREAM = 2_000
METERS_PER_CELL = 200


# Identity, security, association


def sap_assignment_list(view: View) -> list[Assignment]:
    """One logical device, the management one."""
    return [Assignment(1, view.holding.identity.logical_device_name(view.meter))]


def firmware_signature(view: View) -> bytes:
    """Digest that stands for the signature of an image there is not."""
    return hashlib.blake2b(view.holding.product.slug.encode(), digest_size=16).digest()


def invocation_counter(view: View) -> int:
    """Highest counter received from the management client, which starts above it."""
    return max(0, int(view.holding.counters.received[view.meter]))


def is_ciphered(view: View) -> bool:
    """Whether the client's association is ciphered."""
    return any(row.client == view.client and row.policy != "none" for row in view.holding.product.associations)


def context_info(_view: View) -> XDLMSContextInfo:
    """State what is offered to every client."""
    conformance = BitString(24, int(DEFAULT_CONFORMANCE).to_bytes(3, "big"))
    return XDLMSContextInfo(conformance, MAX_PDU, MAX_PDU, 6, 0, b"")


IDENTITY: Mapping[str, Law] = {
    "identity.serial": Law(lambda view: view.holding.identity.serial(view.meter).encode()),
    "identity.logical_device_name": Law(lambda view: view.holding.identity.logical_device_name(view.meter)),
    "identity.sap_assignment_list": Law(sap_assignment_list),
    "firmware.signature": Law(firmware_signature),
    "security.invocation_counter": Law(invocation_counter),
    "security.client_system_title": Law(lambda _view: CLIENT_TITLE),
    "security.server_system_title": Law(lambda view: view.holding.identity.system_title(view.meter)),
    "association.application_context_name": Law(lambda view: ContextName.context(3 if is_ciphered(view) else 1)),
    "association.authentication_mechanism_name": Law(lambda view: ContextName.mechanism(5 if is_ciphered(view) else 0)),
    "association.xdlms_context_info": Law(context_info),
}


# Clock


def read_time(view: View) -> CosemDateTime:
    """Local time with deviation and summer-time bit; invalid until set when the reserve had run out."""
    invalid = view.condition & AmrStatus.CLOCK_INVALID.value
    return view.dst_rule.stamp(view.clock, ClockStatus.INVALID.value if invalid else 0)


def write_time(view: View, time: CosemDateTime) -> None:
    """Set the clock; a time without deviation is one of the meter's zone."""
    rule = view.dst_rule
    default, _ = rule.offset(rule.local_to_utc(time.local_seconds()))
    commands.set_clock(view.laws, view.meter, time.to_utc(default))


def write_rule(field: str, view: View, value: object) -> None:
    """Change one part of the rule of zone and summer time; it must still name days of every year."""
    changes: dict[str, Any] = {field: value}
    rule = replace(view.dst_rule, **changes)
    _ = rule.switches
    commands.set_dst_rule(view.laws, view.meter, rule)


def rule_part(field: str) -> Law:
    """Make the law of a part of the rule of zone and summer time."""

    def read(view: View) -> object:
        return getattr(view.dst_rule, field)

    return Law(read, partial(write_rule, field))


RULE_PARTS = {
    "time_zone": "zone_min",
    "daylight_savings_begin": "begin",
    "daylight_savings_end": "end",
    "daylight_savings_deviation": "deviation_min",
    "daylight_savings_enabled": "enabled",
}
CLOCK: Mapping[str, Law] = {
    "clock.time": Law(read_time, write_time),
    **{f"clock.{name}": rule_part(field) for name, field in RULE_PARTS.items()},
}


# Energy, power, voltage, current


def energy(kind: Energy, rate: int, view: View) -> int:
    """Read a register in Wh or varh, as many digits as its type has."""
    return view.laws.registers.value(view.meter, kind, rate) & U32


def power(kind: str, sign: int, view: View) -> int:
    """Power of one direction in W or var, up to what the type holds."""
    milli = int(getattr(view.laws.live, kind)[view.meter]) * sign
    return min(max(milli, 0) // 1000, U16)


def phase_power(sign: int, phase: int, view: View) -> int:
    """Share the netted power out by apparent power: the loads here have one power factor on all phases."""
    live = view.laws.live
    apparent = live.voltage_mv[view.meter].astype(np.int64) * live.current_ma[view.meter]
    total = int(apparent.sum())
    milli = int(live.active_mw[view.meter]) * sign * int(apparent[phase]) // total if total else 0
    return min(max(milli, 0) // 1000, U16)


def power_factor(view: View) -> int:
    """Active over apparent power, in thousandths, negative for export; 1 without load."""
    active, reactive = (
        int(view.laws.live.active_mw[view.meter]),
        int(view.laws.live.reactive_mvar[view.meter]),
    )
    apparent = float(np.hypot(active, reactive))
    return round(1000 * active / apparent) if apparent else 1000


def electrical() -> dict[str, Law]:
    """Name registers and instantaneous values by kind, direction, rate and phase."""
    laws: dict[str, Law] = {"power.factor": Law(power_factor), "current.total": Law(total_current)}
    for kind, live in (("active", "active_mw"), ("reactive", "reactive_mvar")):
        for way, sign in (("import", 1), ("export", -1)):
            register = Energy[f"{kind}_{way}".upper()]
            laws[f"energy.{kind}.{way}"] = Law(partial(energy, register, TOTAL))
            laws[f"power.{kind}.{way}"] = Law(partial(power, live, sign))
            for rate in (1, 2):
                laws[f"energy.{kind}.{way}.rate_{rate}"] = Law(partial(energy, register, rate))
            for phase in range(3):
                laws[f"power.active.{way}.l{phase + 1}"] = Law(partial(phase_power, sign, phase))
    for phase in range(3):
        laws[f"voltage.l{phase + 1}"] = Law(partial(voltage, phase))
        laws[f"current.l{phase + 1}"] = Law(partial(current, phase))
    return laws


def voltage(phase: int, view: View) -> int:
    """Tenths of a volt."""
    return min(int(view.laws.live.voltage_mv[view.meter, phase]) // 100, U16)


def current(phase: int, view: View) -> int:
    """Hundredths of an ampere."""
    return min(int(view.laws.live.current_ma[view.meter, phase]) // 10, U16)


def total_current(view: View) -> int:
    """Sum of the phases in hundredths of an ampere."""
    return min(int(view.laws.live.current_ma[view.meter].sum()) // 10, U16)


# Profiles, logs, supply


def status(name: str, view: View) -> int:
    """Status that the next row would get so far."""
    summer = view.dst_rule.is_dst(view.clock)
    pending = int(view.laws.profiles[name].pending[view.meter])
    return pending | view.condition | (AmrStatus.DAYLIGHT_SAVING.value if summer else 0)


def profile(name: str, view: View) -> RingRows:
    """Rows of a profile."""
    return RingRows(view.laws.profiles[name].ring, view.meter, with_status=True)


def log(name: str, view: View) -> RingRows:
    """Rows of a log."""
    return RingRows(view.log(name), view.meter, with_status=False)


def latest(name: str, column: str, view: View) -> int:
    """Read the newest entry of a log; 0 without any."""
    ring = view.log(name)
    count = int(ring.count[view.meter])
    return int(ring.rows[view.meter, (count - 1) % ring.capacity][column]) if count else 0


def supply(field: str, limit: int, view: View) -> int:
    """Read a counter or duration of the supply."""
    return min(int(getattr(view.laws.supply, field)[view.meter]), limit)


def write_threshold(view: View, seconds: int) -> None:
    """Seconds that make a failure a long one."""
    view.laws.supply.threshold_s[view.meter] = seconds


LOGS = {
    "standard": "standard",
    "fraud_detection": "fraud",
    "communication_session": "session",
    "power_quality": "power_quality",
    "power_quality_extended": "power_quality_extended",
}
RECORDS: Mapping[str, Law] = {
    **{f"status.{name}": Law(partial(status, name)) for name in ("interval", "daily", "monthly")},
    **{f"profile.{name}": Law(partial(profile, name)) for name in ("interval", "daily", "monthly")},
    **{f"log.{name}": Law(partial(log, name)) for name in (*LOGS.values(), "power_failure")},
    **{f"event.{title}.code": Law(partial(latest, name, "code")) for title, name in LOGS.items()},
    "event.communication_session.counter": Law(partial(latest, "session", "counter")),
    "event.power_quality_extended.magnitude": Law(partial(latest, "power_quality_extended", "magnitude")),
    "event.power_quality_extended.duration": Law(partial(latest, "power_quality_extended", "duration")),
    "supply.failures": Law(partial(supply, "failures", U16)),
    "supply.long_failures": Law(partial(supply, "long_failures", U16)),
    "supply.last_long_failure": Law(partial(supply, "last_long_s", U32)),
    "supply.long_failure_threshold": Law(partial(supply, "threshold_s", U16), write_threshold),
}


# Alarms and errors


def clear_alarms(view: View, bits: int) -> None:
    """Clear the bits written as ones; the clearing is an event."""
    view.holding.alarms.clear(view.meter, bits)
    view.holding.log("standard", view.meter, esmr.ALARMS_CLEARED)


def write_filter(view: View, bits: int) -> None:
    """Let only these alarms through."""
    view.holding.alarms.filter[view.meter] = bits


def clear_errors(view: View, _bits: int) -> None:
    """Clear the error register; the clearing is an event."""
    view.holding.errors[view.meter] = 0
    view.holding.log("standard", view.meter, esmr.ERRORS_CLEARED)


ALARMS: Mapping[str, Law] = {
    "alarm.register": Law(lambda view: int(view.holding.alarms.register[view.meter]), clear_alarms),
    "alarm.filter": Law(lambda view: int(view.holding.alarms.filter[view.meter]), write_filter),
    "error.register": Law(lambda view: int(view.holding.errors[view.meter]), clear_errors),
}


# Network


def signal(view: View) -> int:
    """Signal quality of 10 to 30 (3GPP TS 27.007, +CSQ), fixed by the serial number."""
    seed = draws.seeds([view.holding.identity.serial(view.meter)])
    return 10 + int(draws.uniform(seed, SIGNAL_STREAM)[0] * 21)


def cell_info(view: View) -> Cell:
    """Describe the serving cell: one for each two hundred meters."""
    return Cell(1 + view.meter // METERS_PER_CELL, 1, signal(view), 0)


def quality_of_service(view: View) -> Signal:
    """Quality (RSRQ), level (RSRP) and noise as coded by 3GPP TS 36.133, no coverage enhancement."""
    return Signal(signal(view), 30 + signal(view), 20, 0)


NETWORK: Mapping[str, Law] = {
    "network.ip_address": Law(lambda view: int(IPv4Address(address(view.meter)))),
    "modem.cell_info": Law(cell_info),
    "modem.quality_of_service": Law(quality_of_service),
}

SOURCES: Mapping[str, Law] = {
    **IDENTITY,
    **CLOCK,
    **TARIFF,
    **electrical(),
    **RECORDS,
    **ALARMS,
    **NETWORK,
}


# Methods


def clear_profile(name: str, view: View, _data: object) -> None:
    """Empty a profile."""
    commands.clear_profile(view.laws, name, view.meter)


def clear_log(name: str, view: View, _data: object) -> None:
    """Empty a log; the clearing is its first entry."""
    view.log(name)
    commands.clear_log(view.laws, name, view.meter)


def activate_calendar(view: View, _data: object) -> None:
    """Make the passive tariff table the active one."""
    commands.activate_calendar(view.laws, view.meter)


def unwrap_key(view: View, wrapped: bytes) -> bytes:
    """Open a key that was wrapped under the meter's master key."""
    return custody(view).unwrap(view.meter, wrapped)


def transfer_keys(view: View, transfers: list[KeyTransfer]) -> None:
    """Replace keys, all that were sent together."""
    keys = {int(key_id): key for key_id, key in transfers}
    if len(keys) != len(transfers):
        raise ActionError(ActionResult.TYPE_UNMATCHED, "a key is transferred twice")
    custody(view).rekey(view.meter, keys)


def custody(view: View) -> Custody:
    """Who keeps the keys of the fleet."""
    if view.holding.custody is None:
        raise ActionError(ActionResult.OBJECT_UNAVAILABLE, "nobody keeps the keys of this meter")
    return view.holding.custody


HANDLERS: Mapping[str, Callable[[View, Any], object]] = {
    "security_setup.unwrap": unwrap_key,
    "security_setup.global_key_transfer": transfer_keys,
    **{f"profile.{name}.reset": partial(clear_profile, name) for name in ("interval", "daily", "monthly")},
    **{f"log.{name}.reset": partial(clear_log, name) for name in (*LOGS.values(), "power_failure")},
    "activity_calendar.activate_passive_calendar": activate_calendar,
}
"""Methods that the device carries out, by the source of the object's buffer or by the object's name."""
