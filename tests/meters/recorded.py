"""A product file with every kind of register, demand, window and profile."""

FILE = """
extends = "base/esmr"

[product]
model = "X1"
vendor = "nobody"
title = "a meter for tests"
face = "esmr"
phases = 3

[metering]
interval_s = 900
base_current_ma = 5000
starting_current_ma = 20
maximum_current_ma = 100000
no_load_ma = 10
reserve_s = 432000
charge_s = 10800
long_failure_s = 180
rates = 4
seasons = 12
weeks = 12
days = 8
actions = 16
special_days = 100

[registers]
summation = "by_sign"
digits = 8
rated = [
    "active.import", "active.export", "reactive.import", "reactive.export",
    "reactive.quadrant_1", "reactive.quadrant_2", "reactive.quadrant_3", "reactive.quadrant_4",
]
total = ["active.absolute", "active.net", "active.import.l2"]
most = { value = 32, feature = "SM306-17" }

[demand.active]
quantity = "active.import"
method = "sliding"
period_s = 300
periods = 3
most_periods = 15
maxima = { billing = true }
cumulative = true

[window.ten]
period_s = 600
average = ["voltage.l1", "voltage.l2", "voltage.l3"]

[window.since]
follows = "billing"
energy = ["active.import"]

[profile.monthly]
at = ["month"]

[profile.definable]
objects = ["clock.time", "clock.status", "instantaneous_voltage_l1.value", "average_voltage_l1.value"]
period_s = 900
entries = 960
periods_min = [1, 5, 10, 15, 30, 60]
columns = 16
trades = true

[profile.billing]
at = [{ day = 1, time = "06:30" }]
closes = true
lockout_s = 3600
times = true

[storage]
octets = 200000

[[object]]
repeat = [{ q = 1 }, { q = 2 }, { q = 3 }, { q = 4 }]
class = "Register"
logical_name = "1.0.{q}5.8.0.255"
name = "reactive_energy_quadrant_{q}"
value = { type = "double-long-unsigned", source = "energy.reactive.quadrant_{q}" }
scaler_unit = { scaler = 0, unit = "varh" }

[[object]]
class = "Register"
logical_name = "1.0.16.8.0.255"
name = "net_energy"
value = { type = "double-long", source = "energy.active.net" }
scaler_unit = { scaler = 0, unit = "Wh" }

[[object]]
class = "DemandRegister"
logical_name = "1.0.1.4.0.255"
name = "demand_active"
current_average_value = { type = "double-long-unsigned", source = "demand.active.current" }
last_average_value = { type = "double-long-unsigned", source = "demand.active.last" }
scaler_unit = { scaler = 0, unit = "W" }
status = { type = "unsigned", source = "demand.active.status" }
capture_time = { source = "demand.active.captured" }
start_time_current = { source = "demand.active.began" }
period = { source = "demand.active.period" }
number_of_periods = { source = "demand.active.periods" }
write = ["period", "number_of_periods"]
methods = ["reset", "next_period"]

[[object]]
repeat = [{ e = 0, rate = "" }, { e = 1, rate = ".rate_1" }]
class = "ExtendedRegister"
logical_name = "1.0.1.6.{e}.255"
name = "maximum_demand_{e}"
value = { type = "double-long-unsigned", source = "demand.active.maximum.billing{rate}" }
scaler_unit = { scaler = 0, unit = "W" }
status = { type = "unsigned", value = 0 }
capture_time = { source = "demand.active.at.billing{rate}" }
methods = ["reset"]

[[object]]
class = "Register"
logical_name = "1.0.32.24.0.255"
name = "average_voltage_l1"
value = { type = "long-unsigned", source = "window.ten.average.voltage.l1" }
scaler_unit = { scaler = -1, unit = "V" }

[[object]]
class = "Register"
logical_name = "1.0.1.9.0.255"
name = "period_energy"
value = { type = "double-long-unsigned", source = "window.since.energy.active.import" }
scaler_unit = { scaler = 0, unit = "Wh" }

[[object]]
class = "Data"
logical_name = "0.0.0.1.0.255"
name = "billing_count"
value = { type = "long-unsigned", source = "closing.billing.count" }

[[object]]
class = "Data"
logical_name = "0.0.0.1.2.255"
name = "billing_time"
value = { type = "date-time", source = "closing.billing.at" }

[[object]]
class = "ProfileGeneric"
logical_name = "0.1.94.31.6.255"
name = "definable_load_profile"
buffer = { source = "profile.definable" }
capture_objects = { source = "capture.definable.objects" }
capture_period = { source = "capture.definable.period" }
sort_object = "clock.time"
profile_entries = { source = "capture.definable.entries" }
write = ["capture_objects", "capture_period", "profile_entries"]
methods = ["reset", "capture"]

[[object]]
class = "ProfileGeneric"
logical_name = "0.0.98.1.0.255"
name = "billing_profile"
buffer = { source = "profile.billing" }
capture_objects = [
    "clock.time", "active_energy_import.value", "maximum_demand_0.value", "maximum_demand_0.capture_time",
    "period_energy.value", "net_energy.value",
]
sort_object = "clock.time"
profile_entries = 12
methods = ["reset", "capture"]

[[object]]
class = "ScriptTable"
logical_name = "0.0.10.0.1.255"
name = "end_of_billing_script_table"
scripts = [
    { script_identifier = 1, actions = [
        { service_id = "execute-method", class_id = 7, logical_name = "0.0.98.1.0.255", member_id = 2, \
parameter = { type = "integer", value = 0 } },
    ] },
]
methods = ["execute"]

[[object]]
class = "SingleActionSchedule"
logical_name = "0.0.15.0.0.255"
name = "end_of_billing_schedule"
executed_script = { script_logical_name = "0.0.10.0.1.255", script_selector = 1 }
type = 1
execution_time = { source = "closing.billing.times" }
write = ["execution_time"]
"""
