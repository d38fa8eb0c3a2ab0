"""ESMR 5.1: codes of the event logs, bits of the 64-bit alarm register (CompactIQ manual, tables 3 and 4)."""

from collections.abc import Mapping

EVENTS: Mapping[str, Mapping[int, str]] = {
    "standard": {
        1: "power down (all phases lost)",
        2: "power up",
        3: "clock updated by DST change",
        4: "clock adjusted, old time",
        5: "clock adjusted, new time",
        6: "clock invalid (reserve empty)",
        7: "replace battery",
        8: "battery voltage low",
        9: "tariff activated (passive table made active)",
        10: "error register cleared",
        11: "alarm register cleared",
        12: "program memory error",
        13: "RAM error",
        14: "non-volatile memory error",
        15: "watchdog error",
        16: "measurement system error",
        17: "firmware ready for activation",
        18: "firmware activated",
        19: "passive tariff table programmed",
        20: "self-check after firmware upgrade successful",
        21: "LTE modem firmware upgraded",
        22: "consumption or production too high in interval",
        23: "index decreased or reset",
        24: "total and tariff indexes do not match",
        255: "event log cleared",
    },
    "fraud": {
        40: "terminal cover removed",
        41: "terminal cover closed",
        42: "strong DC (magnetic) field detected",
        43: "strong DC field gone",
        44: "meter cover removed",
        45: "meter cover closed",
        46: "failed log-in attempts (association/decryption)",
        47: "configuration changed",
        255: "event log cleared",
    },
    "session": {
        71: "metrological maintenance",
        72: "technical maintenance",
        73: "meter readings E retrieved",
        74: "meter readings G retrieved",
        75: "interval data E retrieved",
        76: "interval data G retrieved",
        255: "event log cleared",
    },
    "power_quality": {
        77: "under-voltage L1",
        78: "under-voltage L2",
        79: "under-voltage L3",
        80: "over-voltage L1",
        81: "over-voltage L2",
        82: "over-voltage L3",
        83: "voltage normal L1",
        84: "voltage normal L2",
        85: "voltage normal L3",
        86: "phase outage L1",
        87: "phase outage L2",
        88: "phase outage L3",
        89: "phase outage test",
        90: "phase returned L1",
        91: "phase returned L2",
        92: "phase returned L3",
        255: "event log cleared",
    },
    "power_quality_extended": {
        93: "voltage sag L1 with magnitude and duration",
        94: "voltage sag L2 with magnitude and duration",
        95: "voltage sag L3 with magnitude and duration",
        96: "voltage swell L1 with magnitude and duration",
        97: "voltage swell L2 with magnitude and duration",
        98: "voltage swell L3 with magnitude and duration",
        255: "event log cleared",
    },
}
"""Meaning of each code, log by log."""

ALARMS: Mapping[int, int] = {
    6: 0,
    7: 1,
    2: 2,
    12: 8,
    13: 9,
    14: 10,
    16: 11,
    15: 12,
    40: 13,
    42: 13,
    44: 13,
    46: 13,
    47: 13,
    22: 14,
    23: 14,
    24: 14,
    86: 56,
    87: 57,
    88: 58,
    89: 59,
}
"""Bit of the alarm register that an event sets. Bits 16 to 55 are reserved for M-Bus, which is not here."""

LOGS_WITH_ALARMS = ("standard", "fraud", "power_quality")

FAILED_LOGIN, CONFIGURATION_CHANGED = 46, 47
ERRORS_CLEARED, ALARMS_CLEARED = 10, 11
TECHNICAL_MAINTENANCE, READINGS_RETRIEVED, INTERVALS_RETRIEVED = 72, 73, 75

SESSION_EVENTS: Mapping[str, int] = {
    "interval_values_e": INTERVALS_RETRIEVED,
    "daily_values_e": READINGS_RETRIEVED,
    "monthly_values_e": READINGS_RETRIEVED,
    "active_energy_import": READINGS_RETRIEVED,
    "active_energy_export": READINGS_RETRIEVED,
}
"""Reading these objects is an event of the session log."""
