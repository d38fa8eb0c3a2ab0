"""ESMR 5.1: codes of the event logs, bits of the 64-bit alarm register (CompactIQ manual, tables 3 and 4)."""

from collections.abc import Mapping

from openami.metering.events import COMMON, ERRORS, LOGS, Bit, Clearing, Entry, Face

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

PHASES = (1, 2, 3)
BY_PHASE = {"under_voltage": 76, "over_voltage": 79, "voltage_normal": 82, "phase_outage": 85, "phase_back": 89}
"""Codes of the power quality log before that of phase 1."""

NAMES: Mapping[str, Entry] = {
    **COMMON,
    "self_check_ok": Entry("standard", 20),
    "modem_firmware": Entry("standard", 21),
    "interval_too_high": Entry("standard", 22),
    "index_decreased": Entry("standard", 23),
    "index_mismatch": Entry("standard", 24),
    "decryption_failed": Entry("fraud", 46),
    "replay_attempt": Entry("fraud", 46),
    "configuration_changed": Entry("fraud", 47),
    **{f"{name}_l{n}": Entry("power_quality", code + n) for name, code in BY_PHASE.items() for n in PHASES},
    "phase_outage_test": Entry("power_quality", 89),
    **{f"sag_l{n}": Entry("power_quality_extended", 92 + n) for n in PHASES},
    **{f"swell_l{n}": Entry("power_quality_extended", 95 + n) for n in PHASES},
}
"""Where the events of the laws are written, and as what."""


def raises(log: str, code: int) -> bool:
    """Whether an event raises an alarm."""
    return log in LOGS_WITH_ALARMS and code in ALARMS


FACE = Face(
    "esmr",
    NAMES,
    LOGS,
    alarms={name: (Bit(0, ALARMS[code]),) for name, (log, code) in NAMES.items() if raises(log, code)},
    errors=ERRORS,
    clearing=Clearing.ONES,
)

TECHNICAL_MAINTENANCE, READINGS_RETRIEVED, INTERVALS_RETRIEVED = 72, 73, 75

SESSION_EVENTS: Mapping[str, int] = {
    "interval_values_e": INTERVALS_RETRIEVED,
    "daily_values_e": READINGS_RETRIEVED,
    "monthly_values_e": READINGS_RETRIEVED,
    "active_energy_import": READINGS_RETRIEVED,
    "active_energy_export": READINGS_RETRIEVED,
}
"""Reading these objects is an event of the session log."""
