"""ANSI C12.19: event codes of the history and event tables (ST 74 and 76); one log for all of them."""

from collections.abc import Mapping

from openami.metering.events import Bit, Clearing, Entry, Face, Log

EVENT = "event"
ENTRIES = 420
"""Event log of the CENTRON Polyphase (its technical reference)."""

TAMPERS = (
    "terminal_cover_open", "meter_cover_open", "module_cover_open", "magnet_on", "bypass", "differential_current",
    "neutral_missing", "login_failed", "decryption_failed", "replay_attempt",
)  # fmt: skip

CODES: Mapping[str, int] = {
    "power_down": 1,
    "power_up": 2,
    "clock_old": 3,
    "clock_new": 4,
    "tariff_programmed": 10,
    "configuration_changed": 11,
    **dict.fromkeys(("demand_reset", "billing_reset"), 20),
    "self_read": 21,
    "summer_time": 22,
    "winter_time": 23,
    "season_change": 24,
    "rate_change": 25,
    "tariff_activated": 28,
    "watchdog": 38,
    "ram_error": 39,
    "program_memory_error": 40,
    "nv_memory_error": 41,
    "clock_invalid": 42,
    "measurement_error": 43,
    "battery_low": 44,
    **{f"phase_outage_l{n}": 45 for n in (1, 2, 3)},
    "battery_error": 44,
    "phase_loss_error": 45,
    "full_scale_error": 46,
    "reverse_power_error": 48,
    "meter_removed": 47,
    "meter_inverted": 47,
    "sitescan_1_polarity": 43,
    **{f"sitescan_{n}": 43 for n in range(1, 7)},
    "limiter_exceeded": 46,
    **dict.fromkeys(TAMPERS, 47),
    **{f"current_reversed_l{n}": 48 for n in (1, 2, 3)},
    **dict.fromkeys(("relay_off_remote", "relay_on_remote"), 49),
    **dict.fromkeys(("relay_off_local", "relay_on_local"), 51),
    "terminal_cover_closed": 56,
    "meter_cover_closed": 56,
}
"""Codes of C12.19; a cover put back is "sealed", every tamper is "tamper"."""

ERRORS: Mapping[int, tuple[str, ...]] = {
    1: ("battery_error",),
    2: ("phase_loss_error",),
    3: ("clock_invalid",),
    4: ("reverse_power_error",),
    5: ("clock_invalid",),
    6: ("full_scale_error",),
    9: ("sitescan_1_polarity", *(f"sitescan_{n}" for n in range(1, 7))),
}
"""Err 1 to 9 of the display by what causes them, while it is the case: the bit of the alarm register is that number."""

DIAGNOSTIC = 10
DIAGNOSTICS: Mapping[int, tuple[str, ...]] = {
    1: ("sitescan_1", "sitescan_1_polarity"),
    **{number: (f"sitescan_{number}",) for number in range(2, 7)},
}
"""D1 to D6 of SiteScan; the bit of the alarm register is 10 more."""


def bits_of(event: str) -> tuple[Bit, ...]:
    """Bits that an event raises."""
    errors = [Bit(0, number) for number, names in ERRORS.items() if event in names]
    return tuple(errors + [Bit(0, DIAGNOSTIC + number) for number, names in DIAGNOSTICS.items() if event in names])


FACE = Face(
    "ansi",
    {name: Entry(EVENT, code) for name, code in CODES.items()},
    {EVENT: Log(ENTRIES, {"code": "<u2"})},
    cleared=18,
    alarms={name: bits_of(name) for name in CODES if bits_of(name)},
    clearing=Clearing.PRESENT,
)
