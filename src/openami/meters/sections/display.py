"""The `[display]` section of a product file: modes, lists, signs, buttons, light-emitting diodes."""

from typing import Annotated, Literal

from pydantic import Field

from openami.metering.display import Light, Mode, Shows
from openami.meters.sections.row import Number, Row

Positive = Annotated[int, Field(ge=0)]
Action = Literal["next", "previous"] | Mode
Limit = int | str
"""A number, or the attribute that holds it: `credit_threshold.value`."""


class ItemRow(Row):
    """What is shown in one place of a list: an attribute, its code, and how it is written.

    Numbers take `unit` (kWh over Wh moves the point), `digits` in all, `decimals`; `part` names a member of a
    structure; `unknown` is a level that stands for none. `texts` are words for the values 0, 1, 2 ... of a number or,
    with format `bits`, for its bits. `scaler_from` names the scaler and unit of a number whose object has none. What
    has no `format` is a number, a text, or a date and time by its type.
    """

    value: str
    code: str | None = None
    label: str = ""
    format: (
        Literal["", "number", "text", "hex", "level", "bits"] | Annotated[str, Field(pattern="YY|MM|DD|hh|mm|ss")]
    ) = ""
    unit: str | None = None
    digits: Annotated[int, Field(ge=1)] | None = None
    decimals: Positive = 0
    zeros: bool | None = None
    part: str = ""
    limits: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    scaler_from: str = ""
    unknown: int | None = None
    skip_empty: bool = False


class ModeRow(Row):
    """A mode: the list it shows, durations in seconds, what comes then, what presses do.

    A button's long press is written `"scroll long"`. `decimals` is the resolution of energies in this mode.
    """

    list: str = ""
    shows: Shows = Shows.ITEMS
    item_s: Number | None = None
    lasts_s: Number | None = None
    idle_s: Number | None = None
    then: Mode = Mode.AUTOMATIC
    when: str = ""
    unpowered: bool = False
    lit: bool = False
    decimals: Number | None = None
    press: dict[str, Action] = Field(default_factory=dict[str, Action])


class SignRow(Row):
    """A special sign: lit by a condition (`when`), or by an attribute that has reached `limits` or `equals`.

    `texts` are what a dot matrix shows for it at level 0, 1, 2 ...
    """

    label: str = ""
    when: str = ""
    value: str = ""
    part: str = ""
    limits: tuple[Limit, ...] = (1,)
    unknown: int | None = None
    equals: str | int | None = None
    bits: int | None = None
    texts: tuple[str, ...] = ()


class ButtonRow(Row):
    """A button: what it does beside turning the display over, and where it is.

    `hand` is a hand of the meter that a press (a long one only with `long_hand`) sets in motion; `under` names the
    condition, such as an open cover or a broken seal, without which a finger does not reach it.
    """

    label: str
    key: Annotated[str, Field(pattern=r"^[a-z]$")]
    long_ms: Positive = 2000
    hand: str = ""
    long_hand: str = ""
    under: str = ""
    beep: bool = False


class LedRow(Row):
    """A diode: pulses of a kind of energy, a colour by level, or lit by a condition.

    `blink_ms` is, for each level, how long it takes to go on and off once; 0 for a steady light.
    """

    label: str
    colours: tuple[str, ...] = ("red",)
    energy: Literal["", "active", "reactive"] = ""
    pulses: Number | None = None
    pulse_ms: Annotated[int, Field(ge=1)] = 40
    value: str = ""
    part: str = ""
    limits: tuple[Limit, ...] = ()
    exclusive: bool = False
    blink_ms: tuple[Positive, ...] = ()
    when: str = ""


class Display(Row):
    """The face of a meter. Of segments (`digits`, `code_digits`) or of dots (`lines` of `characters`, `layout`)."""

    kind: Literal["segments", "dots"]
    digits: Number | None = None
    code_digits: Positive = 6
    decimals: Number | None = None
    """The most decimals that an item may have."""
    decimals_from: str = ""
    """The attribute by which a client sets how many decimals energies have."""
    lines: Number | None = None
    characters: Number | None = None
    layout: tuple[str, ...] = ()
    date: str = "DD.MM.YY"
    time: str = "hh:mm:ss"
    light: Light = Light.ON
    light_s: Positive = 0
    light_from: str = ""
    """The attribute by which a client sets the back light: 0 off, 1 on, 2 after a press."""
    mode: dict[Mode, ModeRow]
    list: dict[str, tuple[ItemRow, ...]] = Field(default_factory=dict[str, tuple[ItemRow, ...]])
    sign: dict[str, SignRow] = Field(default_factory=dict[str, SignRow])
    button: dict[str, ButtonRow] = Field(default_factory=dict[str, ButtonRow])
    led: dict[str, LedRow] = Field(default_factory=dict[str, LedRow])
