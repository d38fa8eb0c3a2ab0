"""The front of one meter: its display, buttons and diodes joined to its objects.

Two clocks go by. The display turns its pages by the clock of whoever looks at it (`now_ms`), as an eye and a finger
do not get faster with a scenario; the values shown and the pulses are those of the meter's own time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from openami.core.errors import DefinitionError
from openami.metering import digits, glyphs, leds, screen
from openami.metering.display import Light, Mode, Place, Program, Shows, begin, is_lit, press, told
from openami.metering.entry import NAME, Entry, Module, Sound
from openami.metering.leds import Glow
from openami.metering.screen import Picture, Shown, Sign
from openami.meters.conditions import SECOND_US, Ways, conditions, energy, power
from openami.meters.displays import Faceplate, faceplate
from openami.meters.fleet import Fleet
from openami.meters.prompt import Prompt
from openami.meters.sections.display import ButtonRow, LedRow
from openami.meters.view import View
from openami.meters.writing import Writing, number_in

BY_NAME = "button_press"
"""The hand that is told which button, and for how long; other hands are told nothing."""
LIGHTS = (Light.OFF, Light.ON, Light.PRESS)
"""When the back light is on, as a client sets it."""


@dataclass(frozen=True, slots=True)
class Led:
    """A diode as it is: its colour (`dark` for none), what it does, and how many pulses there have been in all."""

    name: str
    label: str
    colour: str
    glow: Glow
    pulses: int = 0
    rate_mhz: int = 0
    """Pulses in 1000 s of the meter's time."""
    blink_ms: int = 0
    """How long a blinking one takes to go on and off once."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The whole front at one moment; `beeps` counts all there have been, so that many may look and none misses one."""

    picture: Picture
    leds: tuple[Led, ...]
    beeps: int
    conditions: frozenset[str]
    accepted: int = 0
    """Beeps that say that a token, on the keypad or a card, was taken; `rejected` that it was not."""
    rejected: int = 0


class Overlay(Protocol):
    """Who may take the display for a while: a keypad while something is typed in, a message.

    The first overlay that has something to say is seen in place of the item; the modes go on below it.
    """

    def shown(self, now_ms: int) -> Shown | None:
        """What to show now; None when it has nothing to say."""
        ...


@dataclass(slots=True)
class Front:
    """Display, buttons and diodes of one meter of a fleet."""

    fleet: Fleet
    meter: int
    face: Faceplate
    place: Place
    overlays: list[Overlay] = field(default_factory=list[Overlay])
    by_hand: set[str] = field(default_factory=set[str])
    """Conditions that no law knows of, such as a broken seal over a button."""
    beeps: int = 0
    prompt: Prompt | None = None
    """What keypad and card reader have to say, where the product has a place for them."""

    @classmethod
    def of(cls, fleet: Fleet, meter: int = 0, *, now_ms: int = 0) -> "Front":
        """Look at a meter for the first time: the display begins as when the supply comes."""
        face = faceplate(fleet.product)
        if face is None:
            raise DefinitionError("has no display", file=f"{fleet.product.slug}.toml", key="display")
        front = cls(fleet, meter, face, begin(face.program, now_ms))
        if face.input is not None:
            front.prompt = Prompt(face, face.input, front.view)
            front.overlays.append(front.prompt)
        return front

    @property
    def view(self) -> View:
        """The meter behind the front."""
        return View(self.fleet.holding, self.meter)

    @property
    def writing(self) -> Writing:
        """Writes what the meter has to say now."""
        return Writing(self.face, self.view, self.place.conditions)

    @property
    def buttons(self) -> Mapping[str, ButtonRow]:
        """Buttons by name."""
        return self.face.row.button

    @property
    def program(self) -> Program:
        """Modes of the display; a client may have chosen when the back light is on."""
        chosen = number_in(self.writing.read(self.face.row.light_from))
        if chosen is None:
            return self.face.program
        return replace(self.face.program, light=LIGHTS[min(max(chosen, 0), len(LIGHTS) - 1)])

    def look(self, now_ms: int) -> Frame:
        """See the front as it is now."""
        milli = power(self.view, self.fleet.load)
        holds = conditions(self.view, milli["active"]) | self.by_hand
        self.place = told(self.program, self.place, holds, now_ms)
        diodes = tuple(self.led(name, row, milli) for name, row in self.face.row.led.items())
        heard = self.heard()
        beeps = self.beeps + sum(heard)
        return Frame(self.picture(now_ms), diodes, beeps, holds, heard[Sound.ACCEPT], heard[Sound.REJECT])

    def press(self, name: str, now_ms: int, held_ms: int = 0) -> bool:
        """Press a button for so long; whether a finger reaches it."""
        button = self.buttons.get(name)
        if button is None:
            raise DefinitionError(f"no button is called {name!r}; there are {', '.join(self.buttons)}")
        milli = power(self.view, self.fleet.load)
        holds = conditions(self.view, milli["active"]) | self.by_hand
        if button.under and button.under not in holds:
            return False
        is_long = held_ms >= button.long_ms
        self.place = told(self.program, self.place, holds, now_ms)
        self.place = press(self.program, self.place, name, now_ms, long=is_long)
        self.beeps += button.beep
        if hand := (button.long_hand if is_long else "") or button.hand:
            self.fleet.hand(self.meter, hand, [name, max(1, held_ms)] if hand == BY_NAME else None)
        return True

    # Keypad and card reader

    @property
    def module(self) -> Module:
        """What is in the place of the input module."""
        if self.prompt is None:
            return Module.NONE
        return Module(int(self.prompt.part.module[self.meter]))

    def key(self, keys: str, now_ms: int) -> None:
        """Press keys of the keypad, one after the other: digits, `*` takes one back, `#` enters."""
        gap_ms = None if self.prompt is None else self.prompt.gap_ms(now_ms)
        self.fleet.hand(self.meter, "key", [keys, gap_ms])
        self.touched(now_ms)

    def card(self, message: bytes, now_ms: int) -> None:
        """Hold a card with an NDEF message to the reader."""
        self.fleet.hand(self.meter, "nfc", message.hex())
        self.touched(now_ms)

    def touched(self, now_ms: int) -> None:
        """A key or a card has come: its answer is there from now on, and so is the light."""
        self.place = replace(self.place, pressed_ms=now_ms)
        if self.prompt is not None:
            self.prompt.notice(now_ms)

    def heard(self) -> tuple[int, ...]:
        """Give how often each sound of the input module has been heard."""
        if self.prompt is None:
            return (0,) * len(Sound)
        part: Entry = self.fleet.holding.laws.part(NAME, Entry)
        return tuple(part.heard[:, self.meter].tolist())

    # The display

    def picture(self, now_ms: int) -> Picture:
        """Show what the display shows."""
        place = self.place
        stage = self.program.stage(place.mode)
        light = is_lit(self.program, place, now_ms)
        if stage.shows is not Shows.ITEMS:
            return self.blank(place.mode, stage.shows, is_lit=light)
        items = self.writing.items(stage.items, place.mode)
        index = place.index(len(items))
        shown = self.overlay(now_ms) or (items[index] if items else Shown())
        seen = Picture(place.mode, stage.shows, shown, index, len(items), light, self.writing.signs())
        return self.laid_out(seen, now_ms - place.turned_ms)

    def laid_out(self, seen: Picture, elapsed_ms: int) -> Picture:
        """Put an item into lines of dots, or into digits of segments."""
        row, shown, width = self.face.row, seen.item, self.face.width
        if row.kind == "dots":
            fields = {
                "code": shown.code, "value": shown.value, "unit": shown.unit, "label": shown.label,
                "signs": "".join(sign.text for sign in seen.signs), "mode": str(seen.mode),
                "place": f"{seen.index + 1}/{seen.count}",
            }  # fmt: skip
            return replace(seen, lines=screen.laid_out(row.layout, fields, width, elapsed_ms))
        text = digits.window(shown.value, width, elapsed_ms) if is_moving(shown.value, width) else shown.value
        masks = glyphs.segments(text, width)
        return replace(seen, digits=masks, code_digits=glyphs.segments(shown.code, row.code_digits))

    def blank(self, mode: Mode, shows: Shows, *, is_lit: bool) -> Picture:
        """Everything on, or nothing."""
        row, is_all = self.face.row, shows is Shows.ALL
        levels = {name: max(1, len(sign.texts) - 1) if is_all else 0 for name, sign in row.sign.items()}
        seen = Picture(mode, shows, is_lit=is_lit, signs=tuple(Sign(name, level) for name, level in levels.items()))
        if row.lines is not None:
            return replace(seen, lines=screen.full(row.lines.value, self.face.width, is_on=is_all))
        masks = [screen.every_segment(count, is_on=is_all) for count in (self.face.width, row.code_digits)]
        return replace(seen, digits=masks[0], code_digits=masks[1])

    def overlay(self, now_ms: int) -> Shown | None:
        """Who has taken the display."""
        said = (overlay.shown(now_ms) for overlay in self.overlays)
        return next((shown for shown in said if shown is not None), None)

    # Diodes

    def led(self, name: str, row: LedRow, milli: Mapping[str, Ways]) -> Led:
        """A diode as it is now."""
        powered = bool(self.view.laws.supply.powered[self.meter])
        if row.energy and row.pulses is not None:
            return self.pulsing(name, row, leds.weight_mj(row.pulses.value), milli[row.energy], powered=powered)
        if row.when:
            level = 0
            colour = row.colours[0] if row.when in self.place.conditions else "dark"
        else:
            level = self.writing.level(row.value, row.part, row.limits, exclusive=row.exclusive)
            colour = row.colours[level]
        if not powered or colour == "dark":
            return Led(name, row.label, "dark", Glow.DARK)
        blink_ms = row.blink_ms[level] if row.blink_ms else 0
        return Led(name, row.label, colour, Glow.BLINKING if blink_ms else Glow.STEADY, blink_ms=blink_ms)

    def pulsing(self, name: str, row: LedRow, weight: int, milli: Ways, *, powered: bool) -> Led:
        """A diode of pulses."""
        count = energy(self.view, row.energy, milli, int(self.fleet.holding.now() * SECOND_US)) // weight
        glow = leds.glow(powered=powered, power_mw=milli.total)
        colour = "dark" if glow is Glow.DARK else row.colours[0]
        return Led(name, row.label, colour, glow, count, milli.total * 1000 // weight)


def is_moving(text: str, width: int) -> bool:
    """Whether a text moves where it is too long: words do, and numbers that have more digits than the display."""
    return any(sign.isalpha() for sign in text) or sum(sign.isdigit() for sign in text) > width
