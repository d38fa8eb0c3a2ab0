"""Hands: all that is done to a meter by hand or happens to it as a fault. Each is a record of the journal.

`fleet.hand(meter, name, value)` lets one happen now. A value is what JSON can hold; `takes` says what each takes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from openami.core.errors import DefinitionError
from openami.metering import closing, commands
from openami.metering.columns import NEVER, Index
from openami.metering.disconnect import Ask, asked, relay_of
from openami.metering.events import TENTHS
from openami.metering.mobile import Mobile
from openami.metering.power_quality import NOMINAL_MHZ, Disturbances
from openami.metering.removal import NAME, Removal
from openami.metering.selftest import SelfTest
from openami.metering.tamper import Tamper
from openami.meters import ansi, entry, modems
from openami.meters.laws.firmware import set_factory
from openami.meters.view import View

Value = bool | int | float | str | Sequence["Value"] | Mapping[str, "Value"] | None
MILLI = 1_000
WHOLE = 100
MILLION = 1_000_000
DBM = (-140, -30)
WAKE_PUSH = "push_setup_sms"


@dataclass(frozen=True, slots=True)
class Hand:
    """What a hand does to a meter, and what value it takes."""

    move: Callable[[View, Value], None]
    takes: str


# Values


def truth(value: Value) -> bool:
    """Take a yes or no; nothing said is yes."""
    if value is None:
        return True
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise DefinitionError(f"{value!r}: expected true or false")


def number(value: Value, low: float, high: float, scale: int = 1) -> int:
    """Take a number within bounds, in parts of its unit."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise DefinitionError(f"{value!r}: expected a number from {low:g} to {high:g}")
    return round(value * scale)


def phases(view: View, value: Value) -> int:
    """Take a phase, a list of them, or none: bits, L1 the lowest."""
    given = value if isinstance(value, list | tuple) else [] if value in (None, 0, False) else [value]
    most = view.holding.product.head.phases
    mask = 0
    for phase in cast("Sequence[Value]", given):
        mask |= 1 << number(phase, 1, most) - 1
    return mask


def here(view: View) -> Index:
    """Column of the meter."""
    return np.array([view.meter], np.intp)


# Moves


def put(view: View, name: str, value: int) -> None:
    """Change an input of the meter."""
    view.laws.part("tamper", Tamper).set(name, here(view), value)


def cover(name: str, view: View, value: Value) -> None:
    """Open a cover, or close it."""
    if value not in ("open", "closed"):
        raise DefinitionError(f"{value!r}: expected open or closed")
    put(view, name, int(value == "open"))


def amount(name: str, bounds: tuple[float, float], scale: int, view: View, value: Value) -> None:
    """Set an input to a number."""
    put(view, name, number(value, *bounds, scale))


def flag(name: str, view: View, value: Value) -> None:
    """Set an input to true or false."""
    put(view, name, int(truth(value)))


def supply(view: View, value: Value) -> None:
    """Take the supply away, or give it back; what is so already stays."""
    if value not in ("on", "off"):
        raise DefinitionError(f"{value!r}: expected on or off")
    if bool(view.laws.supply.off_from[view.meter] == NEVER) == (value == "on"):
        return
    move = commands.restore if value == "on" else commands.cut
    move(view.laws, view.meter, view.laws.now)


def phase_lost(view: View, value: Value) -> None:
    """Lose phases; losing all of them is losing the supply."""
    mask = phases(view, value)
    whole = mask == (1 << view.holding.product.head.phases) - 1
    put(view, "phase_lost", 0 if whole else mask)
    if whole:
        supply(view, "off")


def reverse_phases(view: View, value: Value) -> None:
    """Turn the current circuits of phases round."""
    put(view, "reverse_phases", phases(view, value))


def frequency(view: View, value: Value) -> None:
    """Change the frequency of the mains."""
    put(view, "frequency_mhz", NOMINAL_MHZ if value is None else number(value, 40, 70, MILLI))


def sag(view: View, value: Value) -> None:
    """Let a phase have another voltage for a while: [phase, seconds from now, seconds, volts]."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise DefinitionError(f"{value!r}: expected [phase, seconds from now, seconds, volts]")
    phase = number(value[0], 1, view.holding.product.head.phases)
    since = view.laws.now * TENTHS + number(value[1], 0, 86_400, TENTHS)
    lasts = max(1, number(value[2], 0, 86_400, TENTHS))
    millivolts = number(value[3], 0, 1_000, MILLI)
    view.laws.part("disturbances", Disturbances).add(view.meter, phase - 1, since, since + lasts, millivolts)


def button_press(view: View, value: Value) -> None:
    """Press a button: its name, or [name, milliseconds]; one named `relay` works the relay."""
    parts = value if isinstance(value, list | tuple) else [value, 200]
    if len(parts) != 2 or not isinstance(parts[0], str):
        raise DefinitionError(f"{value!r}: expected a name, or [name, milliseconds]")
    number(parts[1], 1, 600_000)
    if parts[0] == "relay":
        relay_button(view, None)
    view.holding.event("button", view.meter)


def relay_button(view: View, _value: Value) -> None:
    """Work the relay by its button: open it, or close it where it is ready for that and nothing holds it open."""
    held = relay_of(view.laws)
    asked(view.laws, view.meter, Ask.MANUAL_OFF if held.closed[view.meter] else Ask.MANUAL_ON)


def billing_reset(view: View, _value: Value) -> None:
    """End the billing period by its button: the row is written, the maxima begin anew."""
    captures = view.laws.plans.of_meter(view.meter).captures
    closing_ones = [name for name, capture in captures.items() if capture.closes]
    if not closing_ones:
        raise DefinitionError("this meter closes no billing period")
    for name in closing_ones:
        closing.capture(view.laws, name, view.meter)


def relay_stuck(view: View, value: Value) -> None:
    """Weld the contact of the relay, or free it."""
    relay_of(view.laws).set_stuck(view.laws, here(view), stuck=truth(value))


def memory_error(view: View, value: Value) -> None:
    """Let a fault be there: `ram`, `program`, `nv`, `measurement`, `watchdog`; [name, false] repairs it."""
    name, there = value if isinstance(value, list | tuple) and len(value) == 2 else (value, True)
    full = {"ram": "ram_error", "program": "program_memory_error", "nv": "nv_memory_error"}
    title = full.get(str(name), "measurement_error" if name == "measurement" else str(name))
    view.laws.part("self_test", SelfTest).spoil(view.laws, here(view), title, there=truth(there))


def clock_offset(view: View, value: Value) -> None:
    """Let the clock be wrong by so much."""
    commands.spoil_clock(view.laws, view.meter, number(value, -10 * 365 * 86_400, 10 * 365 * 86_400))


def clock_drift(view: View, value: Value) -> None:
    """Let the clock run fast or slow."""
    commands.set_drift(view.laws, view.meter, number(value, -1e6, 1e6))


def battery(view: View, value: Value) -> None:
    """Set the voltage of the battery; one that is dead holds no clock when the supply goes."""
    millivolts = number(value, 0, 10_000)
    put(view, "battery_mv", millivolts)
    dead = view.holding.product.monitoring.clock.dead_mv
    if dead is not None:
        full = view.laws.rules.reserve_s
        view.laws.supply.reserve_s[view.meter] = 0 if millivolts < dead.value else full
    if view.holding.product.ansi is not None:
        ansi.fit_battery(view)


def moved(kind: str, name: str, view: View, _value: Value) -> None:
    """Take the meter out of its socket, or put it in upside down, and back again: an endpoint counts that."""
    part = view.laws.more.get(NAME)
    if not isinstance(part, Removal):
        raise DefinitionError("nothing in this meter counts that")
    part.count(kind, view.meter)
    view.holding.event(name, view.meter)


def boards_out(view: View, value: Value) -> None:
    """Take option boards out, those that are not named are put in: a name, a list of them, or none."""
    if view.holding.product.ansi is None:
        raise DefinitionError("this meter has no option boards")
    given = value if isinstance(value, list | tuple) else [] if value is None else [value]
    ansi.boards(view).take_out(view.meter, [str(name) for name in given])


def link_noise(view: View, value: Value) -> None:
    """Let octets of the meter's connections arrive wrong or not at all, both ways."""
    shares = value if isinstance(value, list | tuple) else [0 if value is None else value, 0]
    if len(shares) != 2:
        raise DefinitionError(f"{value!r}: expected a number, or [wrong, lost]")
    wrong, lost = (number(share, 0, MILLION) for share in shares)
    put(view, "link_wrong_ppm", wrong)
    put(view, "link_lost_ppm", lost)


def factory_mode(view: View, value: Value) -> None:
    """Put the meter into its factory mode, in which the legal part of its firmware is taken, or out of it."""
    set_factory(view, value=truth(value))


def module_of(view: View) -> Mobile:
    """What is known of the mobile modules of the fleet."""
    part = modems.mobile(view)
    if part is None:
        raise DefinitionError("there is no mobile module in this meter")
    return part


def signal(view: View, value: Value) -> None:
    """Let the antenna receive another signal; nothing for that of the place."""
    module_of(view).signal_dbm[view.meter] = 0 if value is None else number(value, *DBM)


def network(view: View, value: Value) -> None:
    """Take the mobile network away from the meter, or give it back: its module begins to look for it then."""
    part = module_of(view)
    if value not in ("on", "off"):
        raise DefinitionError(f"{value!r}: expected on or off")
    if part.down[view.meter] == (value == "on"):
        part.begin(view.meter, view.laws.now)
    part.down[view.meter] = value == "off"


def texts(value: Value, count: int) -> list[str]:
    """Take so many texts, or nothing."""
    given = value if isinstance(value, list | tuple) else [] if value is None else [value]
    if len(given) not in (0, count) or not all(isinstance(text, str) for text in given):
        raise DefinitionError(f"{value!r}: expected {'a text' if count == 1 else f'{count} texts'}, or nothing")
    return [str(text) for text in given]


def network_knows(kind: str, count: int, view: View, value: Value) -> None:
    """Let the network know something else of the subscriber; nothing for what it knew at first."""
    part = module_of(view)
    part.lists[f"{kind}.{view.meter}"] = texts(value, count)
    part.begin(view.meter, view.laws.now)


def sms(view: View, value: Value) -> None:
    """Send the meter an SMS to wake it up; it connects, and pushes, if that comes from one of those who may."""
    module_of(view)
    if not isinstance(value, str):
        raise DefinitionError(f"{value!r}: expected the number of the caller")
    if modems.wake(view, value) and WAKE_PUSH in view.holding.product.by_name:
        view.holding.outbox.append((view.meter, WAKE_PUSH))


COVERS = ("terminal_cover", "meter_cover", "module_cover", "module_cover_2")
HANDS: Mapping[str, Hand] = {
    **{name: Hand(partial(cover, name), "open or closed") for name in COVERS},
    "magnet_mt": Hand(partial(amount, "magnet_mt", (0, 10_000), 1), "field in mT; 0 takes the magnet away"),
    "button_press": Hand(button_press, "name of the button, or [name, milliseconds]"),
    "billing_reset": Hand(billing_reset, "nothing: ends the billing period, as the button for it does"),
    "relay_button": Hand(relay_button, "nothing: opens the relay, or closes it where it is ready"),
    "supply": Hand(supply, "off or on"),
    "phase_lost": Hand(phase_lost, "phase or list of phases that are lost; none gives them back"),
    "neutral_lost": Hand(partial(flag, "neutral_lost"), "true or false"),
    "reverse_phases": Hand(reverse_phases, "phase or list of phases whose current circuit is reversed"),
    "phase_sequence": Hand(partial(flag, "phase_sequence"), "true if the order of the phases is wrong"),
    "bypass_share": Hand(
        partial(amount, "bypass_share", (0, WHOLE), 1), "per cent of the current flowing past the meter"
    ),
    "differential_ma": Hand(partial(amount, "differential_ma", (0, 1e6), 1), "phase less neutral current in mA"),
    "frequency_hz": Hand(frequency, "frequency of the mains in Hz; nothing for 50"),
    "thd_percent": Hand(partial(amount, "thd_permille", (0, WHOLE), 10), "total harmonic distortion of the voltage"),
    "thd_current_percent": Hand(partial(amount, "thd_current_permille", (0, WHOLE), 10), "the same of the current"),
    "relay_stuck": Hand(relay_stuck, "true or false"),
    "memory_error": Hand(memory_error, "ram, program, nv, measurement or watchdog; [name, false] repairs it"),
    "clock_offset_s": Hand(clock_offset, "seconds that the clock is ahead of true time"),
    "clock_drift_ppb": Hand(clock_drift, "parts in 10^9 that the clock runs fast"),
    "battery_mv": Hand(battery, "voltage of the battery in mV"),
    "dc_ma": Hand(partial(amount, "dc_ma", (0, 1e6), 1), "direct current through the meter in mA"),
    "removal": Hand(partial(moved, "removals", "meter_removed"), "nothing: takes the meter out and puts it back"),
    "inversion": Hand(partial(moved, "inversions", "meter_inverted"), "nothing: puts it in upside down, and back"),
    "boards_out": Hand(boards_out, "option board or list of option boards that are out; none for all of them in"),
    "temperature_c": Hand(partial(amount, "temperature_c", (-60, 125), 1), "temperature in the meter in °C"),
    "link_noise": Hand(link_noise, "octets in a million that arrive wrong, or [wrong, lost]; 0 for a clean link"),
    "factory_mode": Hand(factory_mode, "true or false"),
    "signal_dbm": Hand(signal, "signal (RSSI) in dBm, -140 to -30; none for that of the place"),
    "network": Hand(network, "off or on"),
    "network_secret": Hand(
        partial(network_knows, "secret", 2), "[name, key] that the network asks for; none for those of the factory"
    ),
    "sim_imei": Hand(partial(network_knows, "imei", 1), "IMEI that the SIM is locked to; none for no lock"),
    "sms": Hand(sms, "number of the caller"),
    "key": Hand(entry.key, "keys of 0 to 9, * (back) and # (enter), or [keys, ms since the key before]"),
    "nfc": Hand(entry.nfc, "NDEF message of the card held to the reader, in hexadecimal"),
    "input_module": Hand(entry.input_module, "keypad, nfc or none: what is put in the place of the input module"),
    "sag": Hand(sag, "[phase, seconds from now, seconds, volts]"),
}
"""Hands by name."""


def lay(view: View, name: str, value: Value) -> None:
    """Let a hand do its work."""
    hand = HANDS.get(name)
    if hand is None:
        raise DefinitionError(f"no hand is called {name!r}; there are {', '.join(HANDS)}")
    modems.remember(view)
    try:
        hand.move(view, value)
    except DefinitionError as error:
        raise DefinitionError(f"{name}: {error}") from error
