"""IDIS package 2: codes of the event logs, bits of the alarm registers, which have descriptors and filters.

The register shows what is the case, the descriptor remembers it until a client clears it, and it is the descriptor that
monitors watch: so what comes again after it was cleared is pushed again.
"""

from collections.abc import Mapping

from openami.metering.events import CODE, COMMON, ERRORS, POWER_FAILURE, STANDARD, Bit, Clearing, Entry, Face, Log

PHASES = (1, 2, 3)
DISCONNECTOR, QUALITY, FRAUD, COMMUNICATION = "disconnector", "power_quality", "fraud", "communication"
M_BUS = "m_bus"
ENTRIES = 100

BY_PHASE = {
    "under_voltage": 75,
    "over_voltage": 78,
    "phase_outage": 81,
    "voltage_normal": 84,
    "phase_back": 84,
    "thd": 91,
}
"""Codes of the power quality log before that of phase 1; harmonics are bad voltage quality."""

SWITCH = {
    "relay_ready": 59, "relay_off_manual": 60, "relay_on_manual": 61, "relay_off_remote": 62, "relay_on_remote": 63,
    "relay_off_local": 64, "limiter_exceeded": 65, "limiter_normal": 66, "limiter_changed": 67, "relay_failed": 68,
    "relay_on_local": 69,
}  # fmt: skip

EVENTS: Mapping[str, Entry] = {
    **COMMON,
    "external_alert": Entry(STANDARD, 20),
    "billing_reset": Entry(STANDARD, 21),
    "configuration_changed": Entry(STANDARD, 47),
    "keys_changed": Entry(STANDARD, 48),
    "firmware_verify_failed": Entry(STANDARD, 51),
    "unexpected_consumption": Entry(STANDARD, 52),
    "tariff_changed": Entry(STANDARD, 56),
    "phase_sequence_wrong": Entry(STANDARD, 88),
    "neutral_missing": Entry(STANDARD, 89),
    "consumer_message": Entry(STANDARD, 99),
    "profile_cleared": Entry(STANDARD, 254),
    "decryption_failed": Entry(FRAUD, 49),
    "replay_attempt": Entry(FRAUD, 50),
    **{f"current_reversed_l{n}": Entry(FRAUD, 91) for n in PHASES},
    **{name: Entry(DISCONNECTOR, code) for name, code in SWITCH.items()},
    **{f"monitor_{n}": Entry(DISCONNECTOR, 68 + 2 * n) for n in PHASES},
    **{f"monitor_{n}_end": Entry(DISCONNECTOR, 69 + 2 * n) for n in PHASES},
    **{f"{name}_l{n}": Entry(QUALITY, code + n) for name, code in BY_PHASE.items() for n in PHASES},
    "unbalance": Entry(QUALITY, 90),
    "communication_unauthorised": Entry(COMMUNICATION, 158),
}

LOGS: Mapping[str, Log] = {
    **{name: Log(ENTRIES, CODE) for name in (STANDARD, FRAUD, DISCONNECTOR, M_BUS, QUALITY, COMMUNICATION)},
    POWER_FAILURE: Log(ENTRIES, {"duration": "<u4"}),
}
"""No text at hand states how many entries they hold: a hundred each, unless the product says otherwise."""

FRAUDS = (
    "terminal_cover_open", "meter_cover_open", "module_cover_open", "magnet_on", "login_failed", "decryption_failed",
    "replay_attempt",
)  # fmt: skip
ENDS_OF_FRAUD = ("terminal_cover_closed", "meter_cover_closed", "module_cover_closed", "magnet_off")

ALARMS: Mapping[str, tuple[Bit, ...]] = {
    **{name: (Bit(0, bit),) for name, bit in ERRORS.items()},
    **dict.fromkeys(FRAUDS, (Bit(0, 13),)),
    "power_down": (Bit(1, 0),),
    "power_up": (Bit(1, 1),),
    **{f"phase_outage_l{n}": (Bit(1, 1 + n),) for n in PHASES},
    **{f"{name}_l{n}": (Bit(1, 4 + n),) for name in ("voltage_normal", "phase_back") for n in PHASES},
    "neutral_missing": (Bit(1, 8),),
    "unbalance": (Bit(1, 9),),
    **{f"current_reversed_l{n}": (Bit(1, 10),) for n in PHASES},
    "phase_sequence_wrong": (Bit(1, 11),),
    "unexpected_consumption": (Bit(1, 12),),
    "keys_changed": (Bit(1, 13),),
    **{f"thd_l{n}": (Bit(1, 13 + n),) for n in PHASES},
    "external_alert": (Bit(1, 17),),
    "communication_unauthorised": (Bit(1, 18),),
    "relay_failed": (Bit(1, 31),),
    **dict.fromkeys(ENDS_OF_FRAUD, (Bit(2, 14),)),
}
"""Bits of registers 0.0.97.98.0 to 2."""

FACE = Face("idis", EVENTS, LOGS, alarms=ALARMS, errors=ERRORS, clearing=Clearing.PRESENT)
