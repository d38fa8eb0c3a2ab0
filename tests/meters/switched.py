"""A prepayment-like three-phase meter with a relay, of our own making: all that the face of Sensemi can do."""

from pathlib import Path

from openami.meters.build import Product
from openami.meters.product import load_from

TEXT = """
extends = "base/esmr"

[product]
model = "TEST-3"
vendor = "none"
title = "Test meter"
face = "sensemi"
phases = 3

[metering]
interval_s = 900
base_current_ma = 5000
starting_current_ma = 20
maximum_current_ma = 100000
no_load_ma = 10
reserve_s = 3600
charge_s = 0
long_failure_s = 180
rates = 2
seasons = 4
weeks = 4
days = 4
actions = 8
special_days = 30

[events]
failed_logins = 3
vendor = [
    { event = "differential_current", log = "fraud", code = 200, alarms = [[0, 13]] },
]

[events.log.disconnector]
columns = ["code", "reason"]

[events.log.session]
columns = ["code", "counter"]

[events.log.power_quality_extended]
columns = ["code", "magnitude", "duration"]

[relay]
control_mode = 5
operations = 10000
tamper = ["meter_cover", "terminal_cover", "magnet"]

[clock]
sync_s = 9
dead_mv = 2000

[[watch]]
name = "limiter"
signal = "power"
above = 22000000
for_ds = 600
back_ds = 600
begins = "limiter_exceeded"
ends = "limiter_normal"
opens = "limiter"

[[watch]]
name = "over_voltage_disconnect"
signal = "voltage"
above = 250000
release = 240000
for_ds = 100
back_ds = 600
begins = "over_voltage_disconnect"
ends = "over_voltage_reconnect"
opens = "over_voltage"

[[watch]]
name = "meter_cover"
signal = "meter_cover"
above = 0
begins = "meter_cover_open"
ends = "meter_cover_closed"
opens = "tamper"
latch = "meter_cover"
awake = true

[[watch]]
name = "terminal_cover"
signal = "terminal_cover"
above = 0
begins = "terminal_cover_open"
ends = "terminal_cover_closed"
opens = "tamper"
latch = "terminal_cover"
awake = true

[[watch]]
name = "magnet"
signal = "magnet_mt"
above = 69
begins = "magnet_on"
ends = "magnet_off"
opens = "tamper"
latch = "magnet"
awake = true

[[watch]]
name = "battery"
signal = "battery_mv"
below = 3000
begins = "battery_low"

[[object]]
name = "alarm_register"
value = { type = "double-long-unsigned", source = "alarm.register" }

[[object]]
name = "alarm_filter"
value = { type = "double-long-unsigned", source = "alarm.filter" }

[[object]]
repeat = [{ n = 1 }, { n = 2 }]
class = "Data"
logical_name = "0.0.97.98.{n}.255"
name = "alarm_register_{n}"
value = { type = "double-long-unsigned", source = "alarm.register.{n}" }
write = ["value"]

[[object]]
class = "Data"
logical_name = "0.0.97.98.20.255"
name = "alarm_descriptor"
value = { type = "double-long-unsigned", source = "alarm.descriptor" }
write = ["value"]

[[object]]
name = "alarm_monitor"
monitored_value = "alarm_descriptor.value"

[[object]]
class = "DisconnectControl"
logical_name = "0.0.96.3.10.255"
name = "disconnect_control"
output_state = { source = "relay.output_state" }
control_state = { source = "relay.control_state" }
control_mode = { source = "relay.control_mode" }
write = ["control_mode"]
methods = ["remote_disconnect", "remote_reconnect"]

[[object]]
class = "ScriptTable"
logical_name = "0.0.10.0.106.255"
name = "disconnect_script_table"
scripts = [
    { script_identifier = 1, actions = [
        ["execute-method", 70, "0.0.96.3.10.255", 1, { type = "integer", value = 0 }],
    ] },
    { script_identifier = 2, actions = [
        ["execute-method", 70, "0.0.96.3.10.255", 2, { type = "integer", value = 0 }],
    ] },
]

[[object]]
class = "SingleActionSchedule"
logical_name = "0.0.15.0.1.255"
name = "disconnect_control_scheduler"
executed_script = { setting = { script_logical_name = "0.0.10.0.106.255", script_selector = 1 } }
type = 5
execution_time = { source = "schedule.disconnect" }
write = ["executed_script", "execution_time"]

[[object]]
class = "Limiter"
logical_name = "0.0.17.0.0.255"
name = "limiter"
monitored_value = "instantaneous_active_power_import.value"
threshold_normal = { type = "double-long-unsigned", source = "limiter.threshold_normal" }
threshold_emergency = { type = "double-long-unsigned", source = "limiter.threshold_emergency" }
min_over_threshold_duration = { source = "watch.limiter.seconds" }
min_under_threshold_duration = { source = "watch.limiter.back_seconds" }
emergency_profile = { source = "limiter.emergency_profile" }
emergency_profile_group_id_list = { source = "limiter.emergency_profile_group_id_list" }
emergency_profile_active = { source = "limiter.emergency_profile_active" }
write = [
    "threshold_normal", "threshold_emergency", "min_over_threshold_duration", "min_under_threshold_duration",
    "emergency_profile", "emergency_profile_group_id_list",
]

[[object]]
class = "Data"
logical_name = "1.0.94.98.69.255"
name = "tamper_relay"
value = { type = "long-unsigned", source = "relay.tamper" }
write = ["value"]

[[object]]
repeat = [{ what = "code", e = 2, type = "unsigned" }, { what = "reason", e = 31, type = "long-unsigned" }]
class = "Data"
logical_name = "0.0.96.11.{e}.255"
name = "disconnector_event_{what}"
value = { type = "{type}", source = "event.disconnector.{what}" }

[[object]]
class = "ProfileGeneric"
logical_name = "0.0.99.98.2.255"
name = "disconnector_control_log"
buffer = { source = "log.disconnector" }
capture_objects = ["clock.time", "disconnector_event_code.value", "disconnector_event_reason.value"]
capture_period = 0
sort_object = "clock.time"
profile_entries = 60
methods = ["reset"]
"""


def switched(folder: Path) -> Product:
    """Write the file, and load it."""
    (folder / "switched.toml").write_text(TEXT, encoding="utf-8")
    return load_from("switched", folder)
