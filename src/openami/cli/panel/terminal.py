"""The front of a meter in a terminal."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.events import Key, Paste
from textual.widgets import Button, Footer, Input, Static

from openami.cli.panel.controls import Control, controls, turned
from openami.cli.panel.lcd import rows_of
from openami.cli.panel.stand import Stand
from openami.core.errors import AmiError
from openami.metering.entry import BACK, ENTER, KEY_ROWS, KEYS, Module
from openami.metering.leds import Glow
from openami.metering.screen import Picture
from openami.meters.front import Frame, Led

TICK_S = 0.1
FACES = {BACK: "<", ENTER: "OK"}
"""What stands on keys that are no digits."""
LONG_MS = 3_000
GLASS, UNLIT, INK, SHADOW = "#a9b8a0", "#7f8a79", "#10180c", "#98a68f"
COLOURS = {"red": "#ff3b30", "green": "#34c759", "yellow": "#ffcc00", "blue": "#3b82f6", "dark": "#3a3f44"}


def glass(picture: Picture) -> Text:
    """The display with its shadows: what is lit in ink on a glass that is brighter with its light."""
    ground = GLASS if picture.is_lit else UNLIT
    styles = {
        lit: Style(color=INK if lit else SHADOW if picture.is_lit else ground, bgcolor=ground) for lit in (True, False)
    }
    text = Text(no_wrap=True)
    rows = rows_of(picture)
    width = max(len(row) for row in rows) + 2
    for number, row in enumerate(rows):
        text.append("\n" if number else "")
        text.append(" ", styles[True])
        for sign, is_lit in row:
            text.append(sign, styles[is_lit])
        text.append(" " * (width - len(row) - 1), styles[True])
    return text


def diodes(leds: Sequence[Led], before: Sequence[Led], now_ms: int = 0) -> Text:
    """The diodes: a pulse since the look before is a flash of one tick."""
    text, counted = Text(), {led.name: led.pulses for led in before}
    for led in leds:
        is_on = led.glow is Glow.STEADY or led.pulses > counted.get(led.name, led.pulses)
        if led.glow is Glow.BLINKING:
            is_on = now_ms % led.blink_ms * 2 < led.blink_ms
        text.append("● ", COLOURS.get(led.colour if is_on else "dark", led.colour))
        text.append(f"{led.label}   ")
    return text


def put(widget: Static, text: Text) -> None:
    """Show a text, and lay nothing out anew where it is shown already."""
    if widget.content != text:
        widget.update(text)


class Lcd(Static):
    """The display; `shown` is what it shows in words."""

    shown = ""

    def show(self, picture: Picture) -> None:
        """Show another picture."""
        self.shown = "\n".join(line.rstrip() for line in picture.lines) if picture.lines else picture.text
        put(self, glass(picture))


class Controls(Static):
    """What a hand can turn: chosen by up and down, turned by left and right."""

    chosen = line = 0

    def show(self, found: Sequence[Control]) -> None:
        """List all controls, the chosen one marked."""
        text, group, self.line = Text(), "", 0
        for number, control in enumerate(found):
            if control.group != group:
                group = control.group
                text.append(f"{'' if not number else chr(10)}{group}\n", "bold")
            style = "reverse" if number == self.chosen else ""
            self.line = text.plain.count("\n") if style else self.line
            text.append(f" {control.label:<22}{control.text:>12} \n", style)
        put(self, text)


class PanelApp(App[None]):
    """A meter's front: its keys are those of its buttons."""

    CSS = """
    Screen { layout: vertical; }
    #title { height: 1; padding: 0 1; background: $primary-background; }
    #bench { height: 1fr; }
    #front { width: 56; padding: 1 2; overflow-y: auto; scrollbar-size: 0 0; }
    #lcd { width: auto; height: auto; border: outer $surface-lighten-2; margin-bottom: 1; }
    #leds { height: 1; margin-bottom: 1; }
    #buttons { height: 3; }
    #buttons Button { margin-right: 1; }
    #state { height: auto; color: $text-muted; }
    #said { color: $error; height: auto; }
    #hint { height: auto; color: $accent; }
    #entry:disabled { display: none; }
    #keypad { layout: grid; grid-size: 3; grid-gutter: 1 2; width: 23; height: 9; margin-bottom: 1; padding: 1 2;
              background: $surface-lighten-1; grid-rows: 1; grid-columns: 5; }
    #keypad Button { width: 5; min-width: 5; }
    .-short #keypad { grid-gutter: 0 2; height: 6; }
    .gone { display: none; }
    #side { width: 1fr; min-width: 38; padding: 1 1; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "up", priority=True),
        Binding("down", "choose(1)", "down", priority=True),
        Binding("left", "turn(-1)", "less", priority=True),
        Binding("right", "turn(1)", "more", priority=True),
        Binding("enter", "turn(0)", "switch", priority=True),
        Binding("question_mark", "hint", "token", key_display="?"),
        Binding("q", "quit", "quit", priority=True),
    ]

    def __init__(self, stand: Stand) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "")]
        self.stand = stand
        self.title = f"{stand.fleet.product.head.title} {stand.fleet.product.head.model}"
        self.said = ""
        self.frame: Frame | None = None

    def compose(self) -> ComposeResult:
        """Front at the left, what hands can turn at the right."""
        yield Static(f"{self.title}  SIMULATED", id="title")
        with Horizontal(id="bench"):
            with Vertical(id="front"):
                yield Lcd(id="lcd")
                yield Static(id="leds")
                with Horizontal(id="buttons"):
                    for name, row in self.stand.front.buttons.items():
                        yield Button(
                            f"{row.label} ({row.key})", id=f"press-{name}", tooltip="capital letter: long press"
                        )
                with Container(id="keypad", classes="gone"):
                    for key in "".join(KEY_ROWS):
                        yield Button(FACES.get(key, key), id=f"key-{KEYS.index(key)}", compact=True)
                yield Static(id="state")
                yield Static(id="said")
                yield Static(id="hint", classes="gone")
                yield Input(id="entry", disabled=True)
            with VerticalScroll(id="side"):
                yield Controls(id="controls")
        yield Footer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of ours are plain letters while something is typed in."""
        return not isinstance(self.focused, Input) and super().check_action(action, parameters)

    def on_mount(self) -> None:
        """Look every now and then."""
        self.tick()
        self.set_interval(TICK_S, self.tick)

    def tick(self) -> None:
        """Look at the meter, and show what there is to be seen, unless the screen is going already."""
        if not self.query(Lcd):
            return
        frame = self.stand.look()
        self.query_one(Lcd).show(frame.picture)
        before = self.frame or frame
        put(self.query_one("#leds", Static), diodes(frame.leds, before.leds, self.stand.now_ms))
        self.query_one(Controls).show(controls(self.stand))
        self.query_one("#keypad").set_class(self.stand.front.module is not Module.KEYPAD, "gone")
        put(self.query_one("#state", Static), self.state(frame))
        put(self.query_one("#said", Static), Text(self.said))
        put(self.query_one("#hint", Static), Text(self.stand.hint or "This meter takes no tokens."))
        if frame.beeps > before.beeps:
            self.bell()
        self.frame = frame

    def action_hint(self) -> None:
        """Tell how to make a token for this meter, or no longer."""
        self.query_one("#hint").toggle_class("gone")

    def state(self, frame: Frame) -> Text:
        """Mode, clock, and what holds."""
        holds = ", ".join(sorted(name.replace("_", " ") for name in frame.conditions))
        return Text(
            f"{frame.picture.mode} {frame.picture.index + 1}/{frame.picture.count}\n{self.stand.clock_text}\n{holds}"
        )

    def on_key(self, event: Key) -> None:
        """A digit is a key of the keypad; the letter of a button presses it, the capital letter for long."""
        pressed = BACK if event.key == "backspace" else event.character or ""
        if pressed and pressed in KEYS and self.stand.front.module is Module.KEYPAD:
            self.type(pressed)
            event.stop()
            return
        for name, row in self.stand.front.buttons.items():
            if event.character and event.character.lower() == row.key:
                self.press(name, LONG_MS if event.character.isupper() else 0)
                event.stop()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A click is a short press."""
        kind, _, name = (event.button.id or "").partition("-")
        if kind == "key":
            self.type(KEYS[int(name)])
        else:
            self.press(name, 0)

    def on_paste(self, event: Paste) -> None:
        """What is pasted is typed in, if it is a number."""
        digits = event.text.replace("-", "").replace(" ", "").strip()
        if digits.isdecimal() and digits.isascii() and not isinstance(self.focused, Input):
            self.type(digits)

    def type(self, keys: str) -> None:
        """Press keys of the keypad."""
        self.attempt(lambda: self.stand.keys(keys))

    def press(self, name: str, held_ms: int) -> None:
        """Press a button of the meter."""
        self.attempt(lambda: self.stand.press(name, held_ms))

    def action_choose(self, step: int) -> None:
        """Choose another control."""
        found = self.query_one(Controls)
        found.chosen = (found.chosen + step) % len(controls(self.stand))
        self.tick()
        side = self.query_one("#side")
        side.scroll_to(y=max(0, found.line - side.size.height // 2), animate=False)

    def action_turn(self, steps: int) -> None:
        """Turn the chosen control, or switch it; Enter enters what is being typed on the keypad."""
        if not steps and self.stand.typed:
            self.type(ENTER)
            return
        control = controls(self.stand)[self.query_one(Controls).chosen]
        if control.kind == "entry":
            self.ask(control)
        else:
            self.attempt(lambda: turned(self.stand, control, control.moved(steps)))

    def ask(self, control: Control) -> None:
        """Ask what to do, in words."""
        field = self.query_one(Input)
        field.placeholder, field.value, field.disabled = control.takes, "", False
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what was typed in."""
        control = controls(self.stand)[self.query_one(Controls).chosen]
        self.attempt(lambda: turned(self.stand, control, event.value))
        event.input.placeholder, event.input.value, event.input.disabled = "", "", True
        self.set_focus(None)

    def attempt(self, deed: Callable[[], object]) -> None:
        """Do something, and say why not where it is refused."""
        try:
            deed()
            self.said = ""
        except AmiError as error:
            self.said = str(error)
        self.tick()
