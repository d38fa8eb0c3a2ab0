"""The optical port of a virtual meter: what it is set to, what it reads out, what may be written (IEC 62056-21)."""

import re
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from openami.core.errors import AmiError, DefinitionError
from openami.core.time import CosemDateTime
from openami.core.units import ScalerUnit, Unit
from openami.dlms.hdlc import Parameters, SecondaryStation, ServerAddress
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult
from openami.iec62056 import DataSet, Setup, Start
from openami.iec62056.asking import Answer, Asked, LoginAsked, ReadAsked, ReadoutAsked
from openami.iec62056.setup import QUICK_S, SLOW_S
from openami.metering import digits
from openami.meters.build import Product
from openami.meters.device import made
from openami.meters.displays import ENERGIES, Reading
from openami.meters.identity import address
from openami.meters.records import Refusal
from openami.meters.sections.optical import EntryRow, Optical
from openami.meters.view import View

if TYPE_CHECKING:
    from openami.meters.fleet import Fleet

PORT, LINE = "optical_port_setup", "hdlc_setup"
STAMP: Final = "YYMMDDhhmmss"
FIELDS: Final = {"YYYY": "year", "YY": "year", "MM": "month", "DD": "day", "hh": "hour", "mm": "minute", "ss": "second"}
CENTURY: Final = 2_000
PASSWORDS: Final = {1: "pass_p1", 2: "pass_p2"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A data set of the readout, resolved."""

    code: str
    reading: Reading
    row: EntryRow


def entries(product: Product) -> Mapping[str, Entry]:
    """Resolve what is read out, by its code; a mistake is named by file and key."""
    row = product.optical
    if row is None:
        return {}
    if PORT not in product.by_name:
        raise fault(product, "", f"needs the object {PORT} (class 19)")
    if row.client not in {association.name for association in product.associations if association.manages}:
        raise fault(product, "client", f"no association that manages is called {row.client}")
    found: dict[str, Entry] = {}
    for number, entry in enumerate(row.entry, 1):
        resolved = resolve(product, f"entry.{number}", entry)
        if resolved.code in found:
            raise fault(product, f"entry.{number}", f"{resolved.code} stands twice")
        found[resolved.code] = resolved
    return found


def resolve(product: Product, key: str, row: EntryRow) -> Entry:
    """Find the attribute of an entry; its unit fits, and what is written may be written."""
    name, _, attribute = row.value.partition(".")
    definition = product.by_name.get(name)
    if definition is None or attribute not in definition.interface.names:
        raise fault(product, f"{key}.value", f"no object has an attribute {row.value}")
    content = definition.contents.get("scaler_unit")
    unit = getattr(getattr(content, "value", None), "unit", None)
    symbol = unit.symbol if isinstance(unit, Unit) else ""
    if row.unit is not None and digits.prefix(row.unit, symbol) is None:
        raise fault(product, f"{key}.unit", f"{row.unit} is no multiple of {symbol or 'a plain number'}")
    if row.digits <= row.decimals:
        raise fault(product, f"{key}.digits", f"{row.digits}, and {row.decimals} of them are decimals")
    if row.write and attribute not in definition.write:
        raise fault(product, f"{key}.write", f"no client may write {row.value}")
    code = digits.short_code(definition.logical_name) if row.code is None else row.code
    return Entry(code, Reading(definition, attribute), row)


def fault(product: Product, key: str, sentence: str) -> DefinitionError:
    """Name a mistake."""
    return DefinitionError(sentence, file=f"{product.slug}.toml", key=f"optical.{key}".removesuffix("."))


class OpticalMeter:
    """One meter of a fleet behind an optical head (`aio.optical_listener.Meter`)."""

    def __init__(self, fleet: "Fleet", meter: int = 0) -> None:
        product = fleet.product
        if product.optical is None:
            raise DefinitionError(f"{product.slug} states no optical port: there is no [optical] in its file")
        self._fleet = fleet
        self._meter = meter
        self._row: Optical = product.optical
        self._entries = entries(product)
        self._client = next(row.client for row in product.associations if row.name == self._row.client)
        self._is_dirty = False

    @property
    def address(self) -> str:
        """By which address its fleet knows it."""
        return address(self._meter)

    @property
    def physical(self) -> int:
        """Lower part of its address on an HDLC line."""
        return int(self._object(LINE)["device_address"])

    @property
    def view(self) -> View:
        """Its column."""
        return View(self._fleet.holding, self._meter, self._client)

    def setup(self) -> Setup:
        """How the port is set now: by the object of class 19, and never faster than the product states."""
        port, product, modes = self._object(PORT), self._fleet.product, self._row.modes
        most = product.ceilings[PORT, "prop_baud"]
        proposed = min(int(port["prop_baud"]), most)
        is_line = int(port["default_mode"]) == 1 and LINE in product.by_name
        own = bytes(port["device_addr"]).decode("ascii", errors="replace")
        serial = self._fleet.holding.identity.serial(self._meter)
        return Setup(
            manufacturer=self._row.manufacturer,
            name=self._row.name or f"SIM-{product.head.model}"[:16],
            address=own or serial,
            start=Start.SIGN_ON if int(port["default_mode"]) == 0 else Start.HDLC,
            baud=min(int(port["default_baud"]), most),
            proposed=proposed,
            direct=min(int(self._object(LINE)["comm_speed"]), most) if is_line else proposed,
            reaction_s=SLOW_S if int(port["response_time"]) else QUICK_S,
            has_readout="readout" in modes,
            has_programming="programming" in modes,
            has_hdlc="hdlc" in modes,
            operand=serial,
        )

    def station(self) -> SecondaryStation:
        """Its end of an HDLC line, as the object of class 23 has it; any length of its address does."""
        line, physical = self._object(LINE), self.physical
        return SecondaryStation(
            ServerAddress.of(1, physical),
            parameters=Parameters(
                int(line["max_info_field_length_transmit"]),
                int(line["max_info_field_length_receive"]),
                int(line["window_size_transmit"]),
                int(line["window_size_receive"]),
            ),
            inactivity_s=float(line["inactivity_time_out"]) or None,
            is_calling=True,
            lengths=(1, 4) if physical < 0x80 else (1,),
        )

    def answer(self, asked: Asked) -> Answer:
        """Read, write, or judge a password."""
        if isinstance(asked, ReadoutAsked):
            return [self.data_set(entry) for entry in self._entries.values()]
        if isinstance(asked, ReadAsked):
            entry = self._entries.get(asked.address)
            return [] if entry is None else [self.data_set(entry)]
        if isinstance(asked, LoginAsked):
            return self._is_right(asked)
        entry = self._entries.get(asked.address)
        return entry is not None and asked.level > 0 and entry.row.write and self._write(entry, asked.value)

    def durable(self) -> Awaitable[None] | None:
        """When what was written is on disk."""
        is_dirty, self._is_dirty = self._is_dirty, False
        return self._fleet.commit() if is_dirty else None

    def data_set(self, entry: Entry) -> DataSet:
        """Write a value as text, with its unit."""
        value = entry.reading.of(self.view)
        if isinstance(value, CosemDateTime):
            return DataSet(entry.code, digits.moment(value, entry.row.format or STAMP))
        if not isinstance(value, int):
            return DataSet(entry.code, words(value, entry.row.format))
        if entry.row.format == "hex":
            return DataSet(entry.code, f"{value:X}")
        scale, symbol = self._scale(entry)
        unit = symbol if entry.row.unit is None else entry.row.unit
        is_energy = entry.reading.scaler_unit(self.view).unit in ENERGIES
        figure = digits.figure(
            value, scale, digits=entry.row.digits, decimals=entry.row.decimals, rolls=is_energy, zeros=is_energy
        )
        return DataSet(entry.code, figure, unit if unit.isascii() else "")

    def _object(self, name: str) -> "Attributes":
        return Attributes(made(self._fleet.product.by_name[name], self.view))

    def _scale(self, entry: Entry) -> tuple[int, str]:
        """Exponent of ten of what is shown, and the symbol of the object's unit."""
        scaler: ScalerUnit = entry.reading.scaler_unit(self.view)
        symbol = scaler.unit.symbol if isinstance(scaler.unit, Unit) else ""
        unit = symbol if entry.row.unit is None else entry.row.unit
        return scaler.scaler - (digits.prefix(unit, symbol) or 0), symbol

    def _is_right(self, asked: LoginAsked) -> bool:
        held = bytes(self._object(PORT)[PASSWORDS[asked.level]]) if asked.level in PASSWORDS else b""
        given = asked.password.encode("ascii", errors="replace")
        if held and compare_digest(held, given):  # no password stands for: nobody
            return True
        self._fleet.refuse(self._meter, Refusal.LOGIN)
        self._is_dirty = True
        return False

    def _write(self, entry: Entry, text: str) -> bool:
        """Write a value by the rights of the port's client, as if it had come by DLMS."""
        definition, attribute = entry.reading.definition, entry.reading.attribute
        try:
            data = definition.codec(attribute).encode(self._value(entry, text))
        except AmiError:
            return False
        number = definition.interface.names[attribute]
        device = self._fleet.device(self._meter)
        item = (AttributeDescriptor(*definition.key, number), None, data)
        self._is_dirty = True
        return self._fleet.write(self._meter, device, self._client, item) is DataAccessResult.SUCCESS

    def _value(self, entry: Entry, text: str) -> object:
        """Read a value from its text."""
        held = entry.reading.of(self.view)
        if isinstance(held, CosemDateTime):
            return moment(held, text, entry.row.format or STAMP)
        if isinstance(held, bytes):
            return text.encode("ascii", errors="replace")
        if not isinstance(held, int):
            return text
        try:
            number = Decimal(text).scaleb(-self._scale(entry)[0])
        except InvalidOperation as error:
            raise DefinitionError(f"{text!r} is no number") from error
        if not number.is_finite() or number != number.to_integral_value():
            raise DefinitionError(f"{text!r} has more decimals than {entry.code} holds")
        return int(number)


class Attributes:
    """Attributes of an object by name."""

    def __init__(self, held: object) -> None:
        self._held = held

    def __getitem__(self, name: str) -> "int | bytes":
        value: object = getattr(self._held, name)
        assert isinstance(value, int | bytes)
        return value


def words(value: object, how: str) -> str:
    """Write what is no number: printable signs, or hexadecimal digits."""
    if isinstance(value, bytes):
        text = value.decode("ascii", errors="replace")
        return value.hex().upper() if how == "hex" or not is_plain(text) else text
    text = "" if value is None else str(value)
    return text if is_plain(text) else ""


def is_plain(text: str) -> bool:
    """Whether a text may stand in a data set."""
    return text.isascii() and text.isprintable() and not set("()!/*") & set(text)


def moment(held: CosemDateTime, text: str, pattern: str) -> CosemDateTime:
    """Read date and time after a pattern; what it leaves out stays as it is, and the weekday is not said."""
    tokens = digits.TOKENS.findall(pattern)
    form = "".join(pieces(pattern))
    match = re.fullmatch(form, text)
    if match is None:
        raise DefinitionError(f"{text!r}: expected {pattern}")
    found = {FIELDS[token]: int(digits_) for token, digits_ in zip(tokens, match.groups(), strict=True)}
    if "YY" in tokens:
        found["year"] += CENTURY
    return replace(held, **found, weekday=0xFF)


def pieces(pattern: str) -> Iterator[str]:
    """Turn a pattern into a regular expression, piece by piece."""
    place = 0
    for token in digits.TOKENS.finditer(pattern):
        yield re.escape(pattern[place : token.start()])
        yield rf"(\d{{{len(token[0])}}})"
        place = token.end()
    yield re.escape(pattern[place:])
