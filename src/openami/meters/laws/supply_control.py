"""Relay, limiter, schedules and scripts, as clients see them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from openami.core.errors import ActionError, DecodeError, DefinitionError
from openami.core.time import CosemDateTime
from openami.cosem.disconnect_control import ControlMode, ControlState
from openami.cosem.limiter import EmergencyProfile
from openami.cosem.scripts import ExecutionTime, ScriptAction, ServiceId
from openami.dlms import data
from openami.dlms.xdlms import ActionResult
from openami.metering.columns import NEVER, Index
from openami.metering.disconnect import MODES, Ask, Relay, relay_of
from openami.metering.limiter import Limiter
from openami.metering.schedules import Schedules
from openami.metering.tariff_switch import NAME, TariffSwitch
from openami.meters.view import Law, View

MILLI = 1_000
RELAYS = {"relay": "disconnect_control", "auxiliary_relay": "auxiliary_disconnect_control"}
"""Relays, and the objects of class 70 that stand for them."""


# Relays


def relay(name: str, view: View) -> Relay:
    """Relays of the fleet."""
    return relay_of(view.laws, name)


def here(view: View) -> Index:
    """Column of the meter."""
    return np.array([view.meter], np.intp)


def read_cell(name: str, field: str, kind: Callable[[Any], object], view: View) -> object:
    """Read a value of the relay."""
    return kind(getattr(relay(name, view), field)[view.meter])


def write_mode(name: str, view: View, mode: ControlMode) -> None:
    """Set the control mode."""
    if mode >= len(MODES):
        raise DefinitionError("control modes are 0 to 6")
    relay(name, view).mode[view.meter] = mode


def write_latch(name: str, view: View, value: int) -> None:
    """Write the tamper latch off; nothing else can be written."""
    if value:
        raise DefinitionError("only 0 can be written")
    relay(name, view).clear_latch(view.laws, here(view))


def write_enabled(name: str, view: View, value: int) -> None:
    """Say which tampers open the relay."""
    relay(name, view).enabled[view.meter] = value & 0x7


def operations_left(name: str, view: View) -> int:
    """Count the operations that are left of those it is made for."""
    held = relay(name, view)
    return max(0, held.life - int(held.operations[view.meter]))


def write_tariffs(view: View, tariffs: int) -> None:
    """Say in which tariffs the relay is open."""
    view.laws.part(NAME, TariffSwitch).set(view.laws, view.meter, tariffs)


def remote(name: str, ask: Ask, view: View, _data: object) -> None:
    """Ask the relay from afar; mode 0 refuses."""
    held = relay(name, view)
    if not MODES[int(held.mode[view.meter])]:
        raise ActionError(ActionResult.READ_WRITE_DENIED, "control mode 0")
    held.ask(view.laws, here(view), ask)


def relay_laws(name: str) -> dict[str, Law]:
    """Name what clients see of a relay."""
    laws = {
        "output_state": Law(partial(read_cell, name, "closed", bool)),
        "control_state": Law(partial(read_cell, name, "state", ControlState)),
        "control_mode": Law(partial(read_cell, name, "mode", ControlMode), partial(write_mode, name)),
        "operations": Law(partial(read_cell, name, "operations", int)),
        "operations_left": Law(partial(operations_left, name)),
        "causes": Law(partial(read_cell, name, "causes", int)),
        "tamper": Law(partial(read_cell, name, "latch", int), partial(write_latch, name)),
        "tamper_enabled": Law(partial(read_cell, name, "enabled", int), partial(write_enabled, name)),
    }
    return {f"{name}.{key}": law for key, law in laws.items()}


# Limiter


def limiter(view: View) -> Limiter:
    """Limiters of the fleet."""
    return view.laws.part("limiter", Limiter)


def apply(view: View) -> None:
    """Let what was written hold at once."""
    limiter(view).apply(view.laws, here(view))


def read_threshold(which: str, view: View) -> int:
    """Read a threshold."""
    return int(getattr(limiter(view), which)[view.meter]) // MILLI


def write_threshold(which: str, view: View, value: int) -> None:
    """Set a threshold; that is an event."""
    getattr(limiter(view), which)[view.meter] = value * MILLI
    apply(view)
    view.holding.event("limiter_changed", view.meter)


def read_profile(view: View) -> EmergencyProfile:
    """Read the emergency profile."""
    held, meter = limiter(view), view.meter
    profile, begins = int(held.profile[meter]), int(held.begins[meter])
    stamp = CosemDateTime() if begins == NEVER else view.dst_rule.stamp(begins)
    return EmergencyProfile(profile, stamp, int(held.lasts_s[meter]))


def write_profile(view: View, profile: EmergencyProfile) -> None:
    """Set it; one without a time of activation never holds."""
    rule = view.dst_rule
    try:
        begins = profile.emergency_activation_time.to_utc(rule.zone_min)
    except DecodeError:
        begins = None
    limiter(view).set_profile(view.meter, profile.emergency_profile_id, begins, profile.emergency_duration)
    apply(view)


def write_groups(view: View, groups: list[int]) -> None:
    """Set the emergency profiles that apply to this meter."""
    limiter(view).set_groups(view.meter, groups)
    apply(view)


THRESHOLDS = ("normal", "emergency")
LIMITER: Mapping[str, Law] = {
    **{f"limiter.threshold_{of}": Law(partial(read_threshold, of), partial(write_threshold, of)) for of in THRESHOLDS},
    "limiter.emergency_profile": Law(read_profile, write_profile),
    "limiter.emergency_profile_group_id_list": Law(lambda view: limiter(view).groups(view.meter), write_groups),
    "limiter.emergency_profile_active": Law(lambda view: bool(limiter(view).is_emergency(view.laws)[view.meter])),
}


# Schedules and scripts

SCHEDULED = ("disconnect", "output", "push", "push_2", "push_3", "test")
"""Single action schedules whose `execution_time` has the source `schedule.<name>`."""


def schedules(view: View) -> Schedules:
    """Schedules of the fleet."""
    return view.laws.part("schedules", Schedules)


def read_times(name: str, view: View) -> list[ExecutionTime]:
    """Read the execution times."""
    return [ExecutionTime(*moment) for moment in schedules(view).times(name, view.meter)]


def write_times(name: str, view: View, times: list[ExecutionTime]) -> None:
    """Set them."""
    schedules(view).set_times(view.laws, name, view.meter, [(time.time, time.date) for time in times])


def perform(view: View, action: ScriptAction) -> None:
    """Carry out one action of a script, by the meter itself."""
    found = view.holding.product.by_key.get((action.class_id, action.logical_name))
    if found is None or view.holding.objects is None:
        raise ActionError(ActionResult.OBJECT_UNDEFINED, f"class {action.class_id} {action.logical_name}")
    target = view.holding.objects(view.meter)[found.key]
    parameter = data.encode(action.parameter)
    if action.service_id is ServiceId.WRITE_ATTRIBUTE:
        target.write(action.member_id, parameter)
    else:
        target.invoke(action.member_id, parameter)


def push(name: str, view: View, _data: object) -> None:
    """Put a push in the box that is sent from."""
    view.holding.outbox.append((view.meter, name))


def tell(view: View, action: ScriptAction) -> None:
    """Let the event be known whose code a script writes: that of the phase outage test."""
    code = action.parameter.value
    if not isinstance(code, int):
        raise ActionError(ActionResult.TYPE_UNMATCHED, "the script writes no event code")
    view.holding.log("power_quality", view.meter, code)


SCRIPT_TABLES = ("disconnect_script_table", "push_script_table", "output_script_table")
PUSH_SETUPS = ("scheduler", "alarm", "sms", "last_gasp", *(str(number) for number in range(1, 13)))

LAWS: Mapping[str, Law] = {
    **{key: law for name in RELAYS for key, law in relay_laws(name).items()},
    **LIMITER,
    "relay.open_tariffs": Law(lambda view: int(view.laws.part(NAME, TariffSwitch).opens[view.meter]), write_tariffs),
    **{f"schedule.{name}": Law(partial(read_times, name), partial(write_times, name)) for name in SCHEDULED},
}
METHODS: Mapping[str, Callable[[View, Any], object]] = {
    **{f"{title}.remote_disconnect": partial(remote, name, Ask.REMOTE_OFF) for name, title in RELAYS.items()},
    **{f"{title}.remote_reconnect": partial(remote, name, Ask.REMOTE_ON) for name, title in RELAYS.items()},
    **{f"{title}.perform": perform for title in SCRIPT_TABLES},
    "phase_outage_test_script_table.perform": tell,
    **{f"push_setup_{name}.push": partial(push, f"push_setup_{name}") for name in PUSH_SETUPS},
}
"""Methods by the name of the object."""
