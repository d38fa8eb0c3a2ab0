"""What a hand can turn on the stand: dials of the load, covers, magnets and faults, the speed of the clock."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from openami.cli.panel.stand import SPEEDS, Stand
from openami.core.errors import DefinitionError
from openami.metering.entry import Module
from openami.metering.tamper import INPUTS
from openami.meters.conditions import COVERS, tampering
from openami.meters.hands import HANDS, Value

LOAD, NEAR, CARD, FAULTS, CLOCK = "Load", "Covers and supply", "Card reader", "Faults", "Clock"
AT_HAND = (*COVERS, "magnet_mt", "supply")
ANGLE_STEP, VOLTS_STEP, AMPS_STEP = 5, 5, 1
WORDS: tuple[tuple[str, tuple[Value, Value]], ...] = (
    ("open or closed", ("closed", "open")),
    ("off or on", ("on", "off")),
    ("true", (False, True)),
)
"""Hands that take one of two values, by how what they take begins: as it should be, and not so."""

STRONG_MT = 200
SWITCHES: dict[str, tuple[Value, Value]] = {"magnet_mt": (0, STRONG_MT)}
LABELS = {"magnet_mt": f"magnet of {STRONG_MT} mT", "supply": "supply off"}

Kind = Literal["dial", "switch", "push", "entry", "choice"]


@dataclass(frozen=True, slots=True)
class Control:
    """One of them: what it is now, its range, and by how much a step moves it; a switch has two states."""

    name: str
    label: str
    group: str
    kind: Kind
    value: float = 0
    low: float = 0
    high: float = 1
    step: float = 1
    unit: str = ""
    states: tuple[Value, Value] = (False, True)
    takes: str = ""

    @property
    def text(self) -> str:
        """Its value in words."""
        if self.kind == "switch":
            state = self.states[bool(self.value)]
            return state if isinstance(state, str) else "yes" if self.value else "no"
        return f"{self.value:g} {self.unit}".strip() if self.kind in ("dial", "choice") else ""

    def moved(self, steps: int) -> float:
        """Its value some steps on; none at all switches over."""
        if self.kind == "switch":
            return float(steps > 0) if steps else float(not self.value)
        if self.kind == "choice":
            place = min(range(len(SPEEDS)), key=lambda number: abs(SPEEDS[number] - self.value))
            return float(SPEEDS[min(max(place + steps, 0), len(SPEEDS) - 1)])
        return min(max(self.value + steps * self.step, self.low), self.high)


def controls(stand: Stand) -> list[Control]:
    """All of them, group by group."""
    found = list(hands(stand))
    near = [control for control in found if control.group == NEAR]
    speed = Control("speed", "speed", CLOCK, "choice", stand.clock.speed, SPEEDS[0], SPEEDS[-1], unit="×")
    return [*dials(stand), *near, *cards(stand), speed, *(control for control in found if control.group == FAULTS)]


def dials(stand: Stand) -> Iterator[Control]:
    """Give the dials of the load."""
    dialled, phases = stand.load.dials, stand.load.phases
    highest = round(1.2 * stand.fleet.product.metering.maximum_current_ma.value / 1000)
    for phase in range(1, phases + 1):
        volts, amps = dialled.volts_mv[phase - 1] / 1000, dialled.amps_ma[phase - 1] / 1000
        yield Control(f"volts_l{phase}", f"voltage L{phase}", LOAD, "dial", volts, 0, 300, VOLTS_STEP, "V")
        yield Control(f"amps_l{phase}", f"current L{phase}", LOAD, "dial", amps, 0, highest, AMPS_STEP, "A")
    yield Control("angle", "angle", LOAD, "dial", dialled.angle_deg, -180, 180, ANGLE_STEP, "°")


def cards(stand: Stand) -> Iterator[Control]:
    """Give the card with a token, where there is a reader to hold it to."""
    if stand.front.module is Module.NFC:
        yield Control("card", "card with a token", CARD, "entry", takes="20 digits on the card")


def hands(stand: Stand) -> Iterator[Control]:
    """Give every hand there is, by what it takes."""
    for name, hand in HANDS.items():
        group = NEAR if name in AT_HAND else FAULTS
        label = LABELS.get(name, name.replace("_", " "))
        states = SWITCHES.get(name) or next((both for words, both in WORDS if hand.takes.startswith(words)), None)
        if states is not None:
            yield Control(name, label, group, "switch", is_on(stand, name, states), states=states, takes=hand.takes)
        else:
            kind: Kind = "push" if hand.takes.startswith("nothing") else "entry"
            yield Control(name, label, group, kind, takes=hand.takes)


def is_on(stand: Stand, name: str, states: tuple[Value, Value]) -> bool:
    """Whether a switch is not as it should be; where the laws do not tell, what the panel last did counts."""
    view, tamper = stand.front.view, tampering(stand.front.view)
    if name == "supply":
        return not view.laws.supply.powered[view.meter]
    if tamper is not None and name in INPUTS:
        return bool(tamper.row(name)[view.meter])
    return stand.laid.get(name) == states[1]


def turned(stand: Stand, control: Control, value: float | str) -> None:
    """Turn a control to a value; an entry takes what JSON can write, or a plain word."""
    if control.group == LOAD:
        stand.turn(control.name, number(value))
    elif control.group == CLOCK:
        stand.run_at(number(value))
    elif control.group == CARD:
        stand.card(str(value))
    elif control.kind == "switch":
        stand.hand(control.name, control.states[bool(number(value))])
    else:
        stand.hand(control.name, written(str(value)) if control.kind == "entry" else None)


def number(value: float | str) -> float:
    """Take a number that a browser sent."""
    try:
        return float(value)
    except ValueError as error:
        raise DefinitionError(f"{value!r} is no number") from error


def written(text: str) -> Value:
    """Read what was typed in: JSON, several words as a list, one word, or nothing."""
    try:
        found: Value = json.loads(text) if text.strip() else None
    except ValueError:
        found = text.strip()
    return found
