"""The display of a meter as a law: time, presses and conditions in, the mode and the place in its list out.

What a mode does is a row of a table (`Stage`), and the rows of a product are its `Program`. A `Place` is a value:
every function gives a new one, and how time is cut into calls makes no difference to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from openami.core.errors import DefinitionError
from openami.metering.columns import NEVER

NO_SUPPLY = "no_supply"
NEXT, PREVIOUS = "next", "previous"


class Mode(StrEnum):
    """What the display is doing."""

    POWER_ON = "power-on"
    SELF_TEST = "self-test"
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    SERVICE = "service"
    ALTERNATE = "alternate"
    TEST = "test"
    TEST_ALTERNATE = "test-alternate"
    TOOLBOX = "toolbox"
    BATTERY = "battery"
    SLEEP = "sleep"
    OFF = "off"


class Shows(StrEnum):
    """What there is to be seen in a mode: items of its list, every segment, or nothing."""

    ITEMS = "items"
    ALL = "all"
    NOTHING = "nothing"


class Light(StrEnum):
    """When the back light of a meter with supply is on."""

    ON = "on"
    PRESS = "press"
    OFF = "off"


Button: TypeAlias = tuple[str, bool]
"""Which button, and whether the press was a long one."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one mode does; durations in ms, 0 for one that does not count.

    A mode ends `lasts_ms` after it began, or `idle_ms` after the last press, and `then` follows. One with a
    condition (`when`) begins when that is true and holds until it is not. A mode that lasts a stated time goes
    through to its end, except that the supply fails; without supply only modes that are `unpowered` go on.
    """

    items: str = ""
    shows: Shows = Shows.ITEMS
    item_ms: int = 0
    lasts_ms: int = 0
    idle_ms: int = 0
    then: Mode = Mode.AUTOMATIC
    when: str = ""
    unpowered: bool = False
    is_lit: bool = False
    """Whether the back light is on without supply."""
    presses: Mapping[Button, str] = field(default_factory=dict[Button, str])
    """What a press does: `next`, `previous`, or the mode that follows."""


DARK = Stage(shows=Shows.NOTHING, when=NO_SUPPLY, unpowered=True)


@dataclass(frozen=True, slots=True)
class Program:
    """Modes of a product; the first one follows when the supply comes."""

    stages: Mapping[Mode, Stage]
    light: Light = Light.ON
    light_ms: int = 0

    def __post_init__(self) -> None:
        if not self.stages:
            raise DefinitionError("a display has at least one mode", key="display.mode")
        for mode, stage in self.stages.items():
            wanted = [stage.then] if stage.lasts_ms or stage.idle_ms or stage.when not in ("", NO_SUPPLY) else []
            wanted += [Mode(action) for action in stage.presses.values() if action not in (NEXT, PREVIOUS)]
            for missing in (other for other in wanted if other not in self.stages):
                raise DefinitionError(f"there is no mode {missing}", key=f"display.mode.{mode}")

    @property
    def first(self) -> Mode:
        """Mode that follows when the supply comes."""
        return next(iter(self.stages))

    def stage(self, mode: Mode) -> Stage:
        """What a mode does; dark, if the product does not have it."""
        return self.stages.get(mode, DARK)

    def in_force(self, wanted: Mode, conditions: frozenset[str]) -> Mode:
        """Mode that the conditions allow where another is wanted."""
        stage = self.stage(wanted)
        if NO_SUPPLY in conditions:
            forced = (mode for mode, other in self.stages.items() if other.when == NO_SUPPLY)
            return wanted if stage.unpowered else next(forced, Mode.OFF)
        if stage.lasts_ms:
            return wanted
        forced = (mode for mode, other in self.stages.items() if other.when in conditions)
        return next(forced, stage.then if stage.when else wanted)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a display is: mode, running number of the item, and when each began, in ms of any one clock."""

    mode: Mode
    number: int
    since_ms: int
    turned_ms: int
    pressed_ms: int = -NEVER
    conditions: frozenset[str] = frozenset()

    def index(self, count: int) -> int:
        """Place in a list of so many items."""
        return self.number % count if count else 0


def begin(program: Program, now_ms: int, conditions: frozenset[str] = frozenset()) -> Place:
    """Begin as when the supply comes."""
    return Place(program.in_force(program.first, conditions), 0, now_ms, now_ms, conditions=conditions)


def pass_to(program: Program, place: Place, now_ms: int) -> Place:
    """Let time pass: items turn, modes end."""
    while (end := ends(program.stage(place.mode), place)) <= now_ms:
        place = enter(program, place, program.stage(place.mode).then, end)
    item_ms = program.stage(place.mode).item_ms
    turns = (now_ms - place.turned_ms) // item_ms if item_ms else 0
    return replace(place, number=place.number + turns, turned_ms=place.turned_ms + turns * item_ms) if turns else place


def ends(stage: Stage, place: Place) -> int:
    """When the mode of a place ends by itself."""
    lasts = place.since_ms + stage.lasts_ms if stage.lasts_ms else NEVER
    idle = max(place.since_ms, place.pressed_ms) + stage.idle_ms if stage.idle_ms else NEVER
    return min(lasts, idle)


def enter(program: Program, place: Place, wanted: Mode, at_ms: int) -> Place:
    """Go over to a mode, or to the one that the conditions put in its place; from the first item on."""
    mode = program.in_force(wanted, place.conditions)
    return replace(place, mode=mode, number=0, since_ms=at_ms, turned_ms=at_ms)


def told(program: Program, place: Place, conditions: frozenset[str], now_ms: int) -> Place:
    """Take notice of the conditions that hold from now on."""
    before = pass_to(program, place, now_ms)
    if conditions == before.conditions:
        return before
    came_back = NO_SUPPLY in before.conditions and NO_SUPPLY not in conditions
    place = replace(before, conditions=conditions)
    wanted = program.first if came_back else place.mode
    if not came_back and program.in_force(wanted, conditions) == place.mode:
        return place
    return enter(program, place, wanted, now_ms)


def press(program: Program, place: Place, button: str, now_ms: int, *, long: bool = False) -> Place:
    """Press a button; a mode that shows the list of the one before goes on in it."""
    place = replace(pass_to(program, place, now_ms), pressed_ms=now_ms)
    stage = program.stage(place.mode)
    action = stage.presses.get((button, long))
    if action is None:
        return place
    if action in (NEXT, PREVIOUS):
        return replace(place, number=place.number + (1 if action == NEXT else -1), turned_ms=now_ms)
    entered = enter(program, place, Mode(action), now_ms)
    is_same_list = stage.items and program.stage(entered.mode).items == stage.items
    return replace(entered, number=place.number + 1) if is_same_list and entered.mode != place.mode else entered


def is_lit(program: Program, place: Place, now_ms: int) -> bool:
    """Whether the back light is on."""
    if NO_SUPPLY in place.conditions:
        return program.stage(place.mode).is_lit
    if program.light is not Light.PRESS:
        return program.light is Light.ON
    return now_ms - place.pressed_ms < program.light_ms
