"""What the objects of a meter say, written as its display shows it: items, signs, levels."""

from dataclasses import dataclass

from openami.core.time import CosemDateTime
from openami.core.units import ScalerUnit, Unit
from openami.metering import digits
from openami.metering.display import Mode
from openami.metering.screen import Shown, Sign
from openami.meters import tokens
from openami.meters.displays import Faceplate, Item
from openami.meters.sections.display import SignRow
from openami.meters.view import View

LEVELS = ("", "|", "||", "|||", "||||", "|||||")


@dataclass(frozen=True, slots=True)
class Writing:
    """Writes the values of one meter, under the conditions that hold for it."""

    face: Faceplate
    view: View
    conditions: frozenset[str] = frozenset()

    def items(self, name: str, mode: Mode) -> list[Shown]:
        """Items of a list as they are now, without those that have nothing to show."""
        found = self.face.lists.get(name, ())
        kept = (item for item in found if not item.row.skip_empty or item.reading.of(self.view))
        return [self.item(item, mode) for item in kept]

    def item(self, item: Item, mode: Mode) -> Shown:
        """Write one item."""
        row, value = item.row, item.reading.of(self.view)
        if not isinstance(value, int | None) or row.format not in ("", "number") or row.texts:
            return Shown(item.code, self.words(item, value), "", row.label)
        scaler = item.scaler_unit(self.view)
        symbol = scaler.unit.symbol if isinstance(scaler.unit, Unit) else ""
        unit = symbol if row.unit is None else row.unit
        if scaler.unit is Unit.CURRENCY and tokens.has_tokens(self.view):
            unit = tokens.credit(self.view).unit
        return Shown(item.code, self.number(item, mode, value, scaler, unit), unit, row.label)

    def number(self, item: Item, mode: Mode, value: int | None, scaler: ScalerUnit, unit: str) -> str:
        """Digits of a number; energies roll over, and have the resolution of the mode or of the client's setting."""
        symbol = scaler.unit.symbol if isinstance(scaler.unit, Unit) else ""
        decimals = self.decimals(item, mode)
        return digits.figure(
            value,
            scaler.scaler - (digits.prefix(unit, symbol) or 0),
            digits=item.digits if self.face.row.kind == "segments" else item.digits + decimals - item.row.decimals,
            decimals=decimals,
            rolls=item.is_energy,
            zeros=item.is_energy if item.row.zeros is None else item.row.zeros,
        )

    def decimals(self, item: Item, mode: Mode) -> int:
        """Decimals of a number in a mode."""
        if not item.is_energy:
            return item.row.decimals
        row = self.face.row
        stated = row.mode[mode].decimals if mode in row.mode else None
        if stated is not None:
            return stated.value
        chosen = self.read(row.decimals_from)
        if not isinstance(chosen, int):
            return item.row.decimals
        return min(max(chosen, 0), chosen if row.decimals is None else row.decimals.value)

    def words(self, item: Item, value: object) -> str:
        """Write what is no number."""
        how, row = item.row.format, self.face.row
        if isinstance(value, CosemDateTime):
            return digits.moment(value, how or f"{row.date} {row.time}")
        if how == "level":
            reached = 0 if value == item.row.unknown else digits.level(number_in(value), item.row.limits)
            return LEVELS[min(reached, len(LEVELS) - 1)]
        if item.row.texts:
            return named(number_in(value) or 0, item.row.texts, of_bits=how == "bits")
        if how == "hex":
            return value.hex().upper() if isinstance(value, bytes) else f"{number_in(value) or 0:X}"
        if isinstance(value, bytes):
            return value.decode("ascii", errors="replace")
        return "" if value is None else str(value)

    def read(self, text: str, part: str = "") -> object:
        """Read what a sign, a diode or a setting names; None where nothing is named."""
        return self.face.readings[f"{text} {part}"].of(self.view) if text else None

    def signs(self) -> tuple[Sign, ...]:
        """All special signs."""
        return tuple(self.sign(name, row) for name, row in self.face.row.sign.items())

    def sign(self, name: str, row: SignRow) -> Sign:
        """A sign as it is now."""
        level = self.level_of(row)
        return Sign(name, level, row.texts[min(level, len(row.texts) - 1)] if row.texts else "")

    def level_of(self, row: SignRow) -> int:
        """Level of a sign: 0 is not lit."""
        if row.when:
            return int(row.when in self.conditions)
        value = self.read(row.value, row.part)
        if row.equals is not None:
            return int(row.equals in (value, number_in(value), text_in(value)))
        if row.bits is not None:
            return int(bool((number_in(value) or 0) & row.bits))
        return 0 if value == row.unknown else self.level(row.value, row.part, row.limits)

    def level(self, text: str, part: str, limits: tuple[int | str, ...], *, exclusive: bool = False) -> int:
        """How many limits a value has reached, or, `exclusive`, gone beyond; a limit may be an attribute."""
        numbers = [limit if isinstance(limit, int) else number_in(self.read(limit)) or 0 for limit in limits]
        return digits.level(number_in(self.read(text, part)), [number + exclusive for number in numbers])


def named(number: int, texts: tuple[str, ...], *, of_bits: bool) -> str:
    """Word for a number, or words for its bits; what has no word stays a number, no bit is `-`."""
    if not of_bits:
        return texts[number] if 0 <= number < len(texts) else str(number)
    words = [text for bit, text in enumerate(texts) if number >> bit & 1]
    return " ".join(words) or "-"


def number_in(value: object) -> int | None:
    """Take a number, or octets and texts that are one, such as the name of a tariff."""
    if isinstance(value, int):
        return int(value)
    text = text_in(value)
    return int(text) if text.isdecimal() else None


def text_in(value: object) -> str:
    """Octets and texts as a text; anything else as none."""
    if isinstance(value, bytes):
        return value.decode("ascii", errors="replace")
    return value if isinstance(value, str) else ""
