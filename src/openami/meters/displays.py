"""The face of a product put together from its `[display]` section: every attribute found, every unit fitting."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from openami.core.errors import AmiError, DefinitionError
from openami.core.units import ScalerUnit, Unit
from openami.metering import digits
from openami.metering.display import Mode, Program, Stage
from openami.metering.leds import weight_mj
from openami.metering.screen import check_layout
from openami.meters.build import Constant, Definition, Product
from openami.meters.device import made
from openami.meters.sections.display import Display, ItemRow, LedRow, ModeRow, SignRow
from openami.meters.sections.input import InputRow
from openami.meters.sections.row import Cited
from openami.meters.view import View

ENERGIES = (Unit.WATT_HOUR, Unit.VAR_HOUR, Unit.VOLT_AMPERE_HOUR)
LONG = " long"
WIDE = 8
"""Digits of a number on a display of dots, unless the item says how many."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a value comes from: an attribute of an object, or a member of the structure it holds."""

    definition: Definition
    attribute: str
    part: str = ""

    def of(self, view: View) -> object:
        """Value now, as the object gives it to a client; None where a structure has no such member."""
        value: object = getattr(made(self.definition, view), self.attribute)
        return getattr(value, self.part, None) if self.part else value

    def scaler_unit(self, view: View) -> ScalerUnit:
        """Scaler and unit of a register; a plain count else."""
        if "scaler_unit" not in self.definition.interface.names:
            return ScalerUnit(0, Unit.COUNT)
        found: object = getattr(made(self.definition, view), "scaler_unit")  # noqa: B009  of classes 3, 4 and 5
        return found if isinstance(found, ScalerUnit) else ScalerUnit(0, Unit.COUNT)


@dataclass(frozen=True, slots=True)
class Item:
    """A place of a list."""

    reading: Reading
    row: ItemRow
    code: str
    digits: int
    is_energy: bool
    scaler: Reading | None = None
    """Where scaler and unit come from, if not from the object itself."""

    def scaler_unit(self, view: View) -> ScalerUnit:
        """Scaler and unit of the number."""
        found = None if self.scaler is None else self.scaler.of(view)
        return found if isinstance(found, ScalerUnit) else self.reading.scaler_unit(view)


@dataclass(frozen=True)
class Faceplate:
    """A display with all its names resolved; `limits` of signs and diodes are numbers, or where to read them."""

    row: Display
    program: Program
    lists: Mapping[str, tuple[Item, ...]]
    readings: Mapping[str, Reading]
    """Readings that signs, diodes and settings name, by the text that names them."""
    input: InputRow | None = None
    """Keypad and cards; a query is a list called by its code."""

    @property
    def width(self) -> int:
        """Characters or digits beside one another."""
        cited = self.row.digits if self.row.kind == "segments" else self.row.characters
        return cited.value if cited is not None else 0


def faceplate(product: Product) -> Faceplate | None:
    """Put the display of a product together; None where its file has none."""
    return None if product.display is None else Assembly(product, product.display).faceplate()


class Assembly:
    """Puts a display together; a mistake is named by file and key."""

    def __init__(self, product: Product, row: Display) -> None:
        self.product = product
        self.row = row

    def fault(self, key: str, sentence: str) -> DefinitionError:
        """Name a mistake."""
        head = "input" if key.startswith("query.") else "display"
        return DefinitionError(sentence, file=f"{self.product.slug}.toml", key=f"{head}.{key}")

    def faceplate(self) -> Faceplate:
        """The whole of it."""
        self.check_size()
        lists = {name: self.items(f"list.{name}", rows) for name, rows in self.row.list.items()}
        asked = self.product.input
        if asked is not None:
            lists |= {query(code): self.items(f"query.{code}", rows) for code, rows in asked.query.items()}
        try:
            program = Program(
                {mode: self.stage(mode, row) for mode, row in self.row.mode.items()},
                self.row.light,
                1000 * self.row.light_s,
            )
        except DefinitionError as error:
            raise DefinitionError(said(error), file=f"{self.product.slug}.toml", key=error.key) from error
        self.check_leds()
        return Faceplate(self.row, program, lists, dict(self.readings()), asked)

    def check_size(self) -> None:
        """A display of segments has digits, one of dots has lines, characters and a layout of as many lines."""
        row = self.row
        wanted = {"segments": ("digits",), "dots": ("lines", "characters")}[row.kind]
        for name in wanted:
            if getattr(row, name) is None:
                raise self.fault(name, f"is missing, and the display is of {row.kind}")
        if row.lines is None:
            return
        if len(row.layout) != row.lines.value:
            raise self.fault("layout", f"has {len(row.layout)} lines, expected {row.lines.value}")
        try:
            check_layout(row.layout)
        except DefinitionError as error:
            raise self.fault("layout", said(error)) from error

    def stage(self, mode: Mode, row: ModeRow) -> Stage:
        """What a mode does."""
        if row.list and row.list not in self.row.list:
            raise self.fault(f"mode.{mode}.list", f"no list is called {row.list}")
        for name in row.press:
            if name.removesuffix(LONG) not in self.row.button:
                raise self.fault(f"mode.{mode}.press", f"no button is called {name.removesuffix(LONG)}")
        return Stage(
            row.list,
            row.shows,
            milliseconds(row.item_s),
            milliseconds(row.lasts_s),
            milliseconds(row.idle_s),
            row.then,
            row.when,
            row.unpowered,
            row.lit,
            {(name.removesuffix(LONG), name.endswith(LONG)): str(action) for name, action in row.press.items()},
        )

    def items(self, key: str, rows: tuple[ItemRow, ...]) -> tuple[Item, ...]:
        """Items of a list."""
        return tuple(self.item(f"{key}.{number}", row) for number, row in enumerate(rows, 1))

    def item(self, key: str, row: ItemRow) -> Item:
        """One item."""
        reading = self.reading(key, row.value, row.part)
        most = self.row.decimals
        if most is not None and row.decimals > most.value:
            raise self.fault(f"{key}.decimals", f"{row.decimals}, and the display has {most.value} at most")
        code = digits.short_code(reading.definition.logical_name) if row.code is None else row.code
        unit = self.check_unit(key, row, reading)
        scaler = self.reading(key, row.scaler_from) if row.scaler_from else None
        return Item(reading, row, code, row.digits or self.digits, unit in ENERGIES, scaler)

    @property
    def digits(self) -> int:
        """Digits of a number that does not say how many."""
        return self.row.digits.value if self.row.digits is not None else WIDE

    def check_unit(self, key: str, row: ItemRow, reading: Reading) -> Unit | int | None:
        """Unit of the object, of which the one shown is a multiple."""
        content = reading.definition.contents.get("scaler_unit")
        known = content.value if isinstance(content, Constant) else None
        unit = known.unit if isinstance(known, ScalerUnit) else None
        symbol = unit.symbol if isinstance(unit, Unit) else ""
        if row.unit is not None and unit is not None and digits.prefix(row.unit, symbol) is None:
            raise self.fault(f"{key}.unit", f"{row.unit} is no multiple of {symbol or 'a plain number'}")
        return unit

    def reading(self, key: str, text: str, part: str = "") -> Reading:
        """Resolve `object.attribute`."""
        name, _, attribute = text.partition(".")
        definition = self.product.by_name.get(name)
        if definition is None:
            raise self.fault(f"{key}.value", f"no object is called {name}")
        if attribute not in definition.interface.names:
            raise self.fault(f"{key}.value", f"{name} has no attribute {attribute or '(none is named)'}")
        return Reading(definition, attribute, part)

    def readings(self) -> Iterator[tuple[str, Reading]]:
        """Find what signs, diodes and settings read."""
        tables: Mapping[str, Mapping[str, SignRow | LedRow]] = {"sign": self.row.sign, "led": self.row.led}
        for kind, rows in tables.items():
            for name, row in rows.items():
                if row.value:
                    yield f"{row.value} {row.part}", self.reading(f"{kind}.{name}", row.value, row.part)
                for limit in (limit for limit in row.limits if isinstance(limit, str)):
                    yield f"{limit} ", self.reading(f"{kind}.{name}.limits", limit)
        for name in ("decimals_from", "light_from"):
            if text := getattr(self.row, name):
                yield f"{text} ", self.reading(name, text)

    def check_leds(self) -> None:
        """A pulse has whole mJ, and a colour stands for each level."""
        for name, led in self.row.led.items():
            if led.energy and led.pulses is None:
                raise self.fault(f"led.{name}.pulses", "is missing")
            try:
                weight_mj(led.pulses.value if led.pulses is not None else 1)
            except AmiError as error:
                raise self.fault(f"led.{name}.pulses", said(error)) from error
            if led.value and len(led.colours) != len(led.limits) + 1:
                raise self.fault(f"led.{name}.colours", f"expected {len(led.limits) + 1}: one for each level from 0")
            if led.blink_ms and len(led.blink_ms) != len(led.colours):
                raise self.fault(f"led.{name}.blink_ms", f"expected {len(led.colours)}: one for each colour")


def query(code: str) -> str:
    """Name of the list that answers a query."""
    return f"query {code}"


def milliseconds(seconds: Cited | None) -> int:
    """Duration of the file in ms; 0 where none is given."""
    return 0 if seconds is None else 1000 * seconds.value


def said(error: Exception) -> str:
    """Give what an error says, without its place."""
    return str(error.args[0])
