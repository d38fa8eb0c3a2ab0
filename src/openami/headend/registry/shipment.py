"""Shipment files: the CSV with which meters and their keys come from the factory.

One bad line does not keep the others out: it is reported with file, line and column. A file may come twice.
Keys go straight to the vault; no message shows one.
"""

import csv
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from openami.core.errors import AmiError, DecodeError, DefinitionError
from openami.headend.kit.access import ROOT, Permission, command, covers, scopes
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import zone
from openami.headend.registry.models import model
from openami.headend.registry.schemas import Fault, Imported, Lifecycle
from openami.headend.registry.service import place

REQUIRED = ("serial", "product", "address", "encryption_key", "authentication_key")
KEYS = (
    "encryption_key", "authentication_key", "master_key", "broadcast_key", "p1_encryption_key", "p1_authentication_key",
)  # fmt: skip
SECRETS = ("lls_secret", "hls_secret", "optical_secret")
NEIGHBOURHOOD = "neighbourhood"
HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
AREA = re.compile(r"/([A-Za-z0-9_-][A-Za-z0-9._-]{0,59}/){0,8}")
SERIAL = re.compile(r"[!-~]{1,40}")


class Vault(Protocol):
    """Where keys go: `KeyStore.put`."""

    def put(self, unit: Unit, meter: str, kind: str, key: bytes) -> bool:
        """Keep a key; says whether it is new. Another key for the same purpose is a `SecurityError`."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of one line, with what it takes to say where it stands."""

    file: str
    line: int
    column: str
    text: str

    def fault(self, message: str) -> Fault:
        """Say what is wrong with it."""
        return Fault(self.file, self.line, self.column, message)


class CellError(AmiError):
    """A field that cannot be taken."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Shipped:
    """One meter of a shipment file."""

    serial: str
    product: str
    address: str
    port: int
    system_title: str
    node: str | None
    """None: where the meter is already, or the neighbourhood."""
    zone: str
    keys: Mapping[str, bytes]
    area: str | None = None
    """None: where the meter is already, or the one area that whoever imports has."""


@command(Permission.IMPORT)
def import_shipment(
    unit: Unit, file: Path, vault: Vault, *, default_zone: str, at: int, is_trial: bool = False
) -> Imported:
    """Register every meter of a file and give its keys to the vault; a trial only tells what would become of it."""
    if is_trial:
        unit.run("SAVEPOINT trial")
        try:
            return _import(unit, file, vault, default_zone=default_zone, at=at)
        finally:
            unit.run("ROLLBACK TO trial")
            unit.run("RELEASE trial")
    return _import(unit, file, vault, default_zone=default_zone, at=at)


def _import(unit: Unit, file: Path, vault: Vault, *, default_zone: str, at: int) -> Imported:
    outcome = {"added": 0, "updated": 0, "unchanged": 0}
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for line, cells in read_lines(file, faults):
        unit.run("SAVEPOINT shipped")
        try:
            shipped = parse(cells, default_zone)
            _first_of_its_name(shipped, cells, seen, line)
            shipped = placed(unit, shipped, cells)
            change = register(unit, shipped, at)
            seal(unit, shipped, vault, cells)
            outcome[change] += 1
        except CellError as error:
            unit.run("ROLLBACK TO shipped")
            faults.append(replace(error.fault, serial=known_serial(cells)))
        unit.run("RELEASE shipped")
    return Imported(**outcome, faults=tuple(faults))


def known_serial(cells: Mapping[str, Cell]) -> str:
    """Name the meter of a refused line, where the line names one; a key that slipped into that column is none."""
    text = cells["serial"].text
    is_key = re.fullmatch(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{64}", text)
    return text if SERIAL.fullmatch(text) and not is_key else ""


def _first_of_its_name(shipped: Shipped, cells: Mapping[str, Cell], seen: dict[str, int], line: int) -> None:
    first = seen.setdefault(shipped.serial, line)
    if first != line:
        raise CellError(cells["serial"].fault(f"meter {shipped.serial} is already in line {first}"))


def read_lines(file: Path, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Cell]]]:
    """Lines of the file as cells by column; what is not a line of this table goes to `faults`."""
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise DefinitionError(f"cannot be read: {(error.strerror or '').lower()}", file=str(file)) from None
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=";" if first.count(";") > first.count(",") else ",")
    columns = [name.strip().lower() for name in next(reader, ())]
    for name in REQUIRED:
        if name not in columns:
            raise DefinitionError("the header line has no such column", file=str(file), key=name)
    for row in _rows(reader, lambda: reader.line_num, file.name, faults):
        line = reader.line_num
        if not any(field.strip() for field in row):
            continue
        if len(row) != len(columns):
            message = f"{len(row)} fields, the header line has {len(columns)}"
            faults.append(Fault(file.name, line, columns[min(len(row), len(columns)) - 1], message))
            continue
        named = zip(columns, row, strict=True)
        yield line, {name: Cell(file.name, line, name, field.strip()) for name, field in named}


def _rows(
    reader: Iterator[list[str]], line_of: Callable[[], int], file: str, faults: list[Fault]
) -> Iterator[list[str]]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(Fault(file, line_of(), "", str(error)))


def parse(cells: Mapping[str, Cell], default_zone: str) -> Shipped:
    """One line, every field checked."""
    optional = {
        name: _checked(cells[name], check)
        for name, check in CHECKS.items()
        if name in cells and (cells[name].text or name in REQUIRED)
    }
    return Shipped(
        serial=optional["serial"],
        product=optional["product"],
        address=optional["address"],
        port=int(optional.get("port", "4059")),
        system_title=optional.get("system_title", ""),
        node=optional.get("node"),
        zone=optional.get("zone", default_zone),
        keys={name: bytes.fromhex(optional[name]) for name in (*KEYS, *SECRETS) if name in optional},
        area=optional.get("area"),
    )


def shipped(told: Mapping[str, str], default_zone: str) -> Shipped:
    """One meter as told field by field, without keys; a `DecodeError` names the field that is wrong."""
    cells = {name: Cell("", 0, name, text.strip()) for name, text in told.items()}
    try:
        checked = {name: _checked(cells[name], CHECKS[name]) for name in cells if cells[name].text or name in REQUIRED}
    except CellError as error:
        raise DecodeError(f"{error.fault.column}: {error.fault.message}") from None
    return Shipped(
        checked["serial"], checked["product"], checked.get("address", ""), int(checked.get("port", "4059")),
        checked.get("system_title", ""), checked.get("node"), default_zone, {}, checked.get("area"),
    )  # fmt: skip


def placed(unit: Unit, shipped: Shipped, cells: Mapping[str, Cell]) -> Shipped:
    """Say in which area the meter lies, and refuse what is not, or was not, for whoever imports."""
    known = unit.value("SELECT area FROM meter WHERE serial = ?", (shipped.serial,))
    places = scopes(unit, Permission.IMPORT)
    area = shipped.area or known or (places[0] if len(places) == 1 else ROOT)
    if not all(covers(places, each) for each in {area, known or area}):
        cell = cells.get("area") if known is None else None
        raise CellError((cell or cells["serial"]).fault(f"meter {shipped.serial} is not in an area of yours"))
    return replace(shipped, area=area)


def register(unit: Unit, shipped: Shipped, at: int) -> str:
    """Write the meter down; says what that changed."""
    known = unit.rows(
        "SELECT product, address, port, system_title, node, place, zone, area FROM meter WHERE serial = ?",
        (shipped.serial,),
    )
    stays = known[0][4:6] if known and shipped.node is None else None
    fields = (
        shipped.product,
        shipped.address,
        shipped.port,
        shipped.system_title,
        *(stays or place(unit, shipped.node or NEIGHBOURHOOD)),
        shipped.zone,
        shipped.area or ROOT,
    )
    if not known:
        unit.run(
            "INSERT INTO meter (product, address, port, system_title, node, place, zone, area, serial, state, added)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*fields, shipped.serial, Lifecycle.INSTALLED if shipped.address else Lifecycle.STOCK, at),
        )
        return "added"
    if known[0] == fields:
        return "unchanged"
    unit.run(
        "UPDATE meter SET product = ?, address = ?, port = ?, system_title = ?, node = ?, place = ?, zone = ?,"
        " area = ?, state = CASE WHEN state = 'stock' AND ? THEN 'installed' ELSE state END WHERE serial = ?",
        (*fields, bool(shipped.address), shipped.serial),
    )
    return "updated"


def seal(unit: Unit, shipped: Shipped, vault: Vault, cells: Mapping[str, Cell]) -> None:
    """Give the keys to the vault."""
    for name, key in shipped.keys.items():
        try:
            vault.put(unit, shipped.serial, name.removesuffix("_key"), key)
        except AmiError as error:
            raise CellError(cells[name].fault(str(error))) from error


def _checked(cell: Cell, check: Callable[[str], str]) -> str:
    if "\ufffd" in cell.text:
        raise CellError(cell.fault("is not UTF-8 text"))
    try:
        return check(cell.text)
    except AmiError as error:
        raise CellError(cell.fault(str(error).removeprefix(f"{cell.column}: "))) from None


def _serial(text: str) -> str:
    if not SERIAL.fullmatch(text):
        raise DecodeError(f"serial number {text!r}: expected 1 to 40 printable characters without a space")
    return text


def _product(text: str) -> str:
    return model(text).slug


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        if text and (not HOST.fullmatch(text) or re.fullmatch(r"[0-9.]+", text)):
            raise DecodeError(f"{text!r} is neither an IP address nor a host name") from None
        return text


def _port(text: str) -> str:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise DecodeError(f"port {text!r}, expected 1 to 65535")
    return text


def _area(text: str) -> str:
    if not AREA.fullmatch(text):
        raise DecodeError(f"{text!r}: expected a path such as /north/harbour/")
    return text


def _octets(*lengths: int) -> Callable[[str], str]:
    expected = " or ".join(str(length * 2) for length in lengths)

    def check(text: str) -> str:
        if len(text) not in [length * 2 for length in lengths]:
            raise DecodeError(f"{len(text)} characters, expected {expected} hexadecimal digits")
        if not re.fullmatch(r"[0-9A-Fa-f]+", text):
            raise DecodeError("is not hexadecimal")
        return text.lower()

    return check


def _secret(text: str) -> str:
    if not re.fullmatch(r"([0-9A-Fa-f]{2}){1,64}", text):
        raise DecodeError("expected 1 to 64 octets in hexadecimal")
    return text.lower()


CHECKS: dict[str, Callable[[str], str]] = {
    "serial": _serial,
    "product": _product,
    "address": _address,
    "port": _port,
    "system_title": _octets(8),
    "node": lambda text: text,
    "area": _area,
    "zone": lambda text: zone(text).name,
    **dict.fromkeys(KEYS, _octets(16, 32)),
    **dict.fromkeys(SECRETS, _secret),
}
"""What is accepted in each column; columns not named here are not looked at."""
