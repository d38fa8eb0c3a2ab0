"""Endpoints: those that were heard and are nobody's, and how one of them becomes the radio of a registered meter."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from openami.core.errors import AmiError, DecodeError, DefinitionError, LocalProtocolError
from openami.headend.kit.access import Permission, command, within
from openami.headend.kit.database import Unit
from openami.headend.registry.discovery import RADIO, settled
from openami.headend.registry.models import model, slugs
from openami.headend.registry.schemas import Lifecycle
from openami.headend.registry.service import move
from openami.headend.registry.shipment import NEIGHBOURHOOD, SERIAL, Shipped, register

COUNT_WH = 10
"""What a count of an electricity endpoint is, unless said otherwise."""
COMMODITIES = {
    **dict.fromkeys((4, 5, 7, 8), "electricity"),
    **dict.fromkeys((0, 1, 2, 9, 12), "gas"),
    **dict.fromkeys((3, 11, 13), "water"),
}
"""By the low four bits of the ERT type."""
REQUIRED = ("endpoint", "serial")
MOST = 1 << 32

COLUMNS = """
    SELECT e.endpoint, m.serial, e.ert_type, e.count_wh, e.first_at, e.last_at, e.count, e.counted_at,
           e.level_dbfs, e.receiver, m.id
    FROM ert_endpoint e LEFT JOIN meter m ON m.id = e.meter
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint: whose it is, when it was first and last heard, what it last told."""

    endpoint: int
    serial: str | None
    ert_type: int | None
    count_wh: int
    first_at: float | None
    last_at: float | None
    count: int | None
    counted_at: float | None
    level_dbfs: float | None
    receiver: str | None
    meter: int | None

    @property
    def commodity(self) -> str:
        """What it counts, by its type."""
        return "" if self.ert_type is None else COMMODITIES.get(self.ert_type & 0xF, "")

    @property
    def energy_wh(self) -> int | None:
        """Its register, where it is one of energy."""
        is_energy = self.meter is not None or self.commodity == "electricity"
        return self.count * self.count_wh if self.count is not None and is_energy else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An endpoint that is to be a meter's."""

    endpoint: int
    serial: str
    product: str = "c3a1h"
    node: str = NEIGHBOURHOOD
    zone: str = ""
    count_wh: int = COUNT_WH


@command(Permission.VIEW, is_undivided=True)
def discoveries(unit: Unit, *, after: tuple[float, int] | None = None, limit: int = 50) -> tuple[Endpoint, ...]:
    """Endpoints that are no registered meter's, last heard first; `after` is where the page before ended."""
    last, number = after or (2.0**34, 0)
    rows = unit.rows(
        COLUMNS + "WHERE e.meter IS NULL AND (e.last_at < ? OR (e.last_at = ? AND e.endpoint > ?))"
        " ORDER BY e.last_at DESC, e.endpoint LIMIT ?",
        (last, last, number, limit),
    )
    return tuple(Endpoint(*row) for row in rows)


@command(Permission.VIEW)
def registered(unit: Unit, *, after: str = "", limit: int = 50) -> tuple[Endpoint, ...]:
    """Endpoints of registered meters, by serial number."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(
        COLUMNS + f"WHERE m.serial > ? AND {seen.sql} ORDER BY m.serial LIMIT ?", (after, *seen.parameters, limit)
    )
    return tuple(Endpoint(*row) for row in rows)


@command(Permission.VIEW)
def of_meter(unit: Unit, serial: str) -> Endpoint | None:
    """Find the endpoint of a meter, if it has one."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(COLUMNS + f"WHERE m.serial = ? AND {seen.sql}", (serial, *seen.parameters))
    return Endpoint(*rows[0]) if rows else None


@command(Permission.VIEW, is_undivided=True)
def counts(unit: Unit) -> tuple[int, int]:
    """How many endpoints are meters', and how many were heard and are nobody's."""
    [row] = unit.rows("SELECT count(meter), count(*) - count(meter) FROM ert_endpoint")
    return int(row[0]), int(row[1])


@command(Permission.REGISTRY, is_undivided=True)
def promote(unit: Unit, wanted: Wanted, *, default_zone: str, at: int) -> str:
    """Make an endpoint the radio of a meter, which is registered if it is not; says what that changed.

    The same once more is `unchanged`; an endpoint of another meter, or a meter with another one, is an error.
    """
    checked(wanted)
    shipped = Shipped(
        wanted.serial, wanted.product, "", 0, "", wanted.node, wanted.zone or default_zone, keys={}
    )  # fmt: skip
    holder = unit.rows(COLUMNS + "WHERE e.endpoint = ?", (wanted.endpoint,))
    own = of_meter(unit, wanted.serial)
    if holder and holder[0][1] not in (None, wanted.serial):
        raise LocalProtocolError(f"endpoint {wanted.endpoint} is that of meter {holder[0][1]} already")
    if own is not None and own.endpoint != wanted.endpoint:
        raise LocalProtocolError(f"meter {wanted.serial} has endpoint {own.endpoint} already")
    product = unit.value("SELECT product FROM meter WHERE serial = ?", (wanted.serial,))
    if product not in (None, wanted.product):
        raise LocalProtocolError(f"meter {wanted.serial} is registered as a {product}")
    change = register(unit, shipped, at)
    if change == "added":
        move(unit, wanted.serial, Lifecycle.INSTALLED)
    number = unit.value("SELECT id FROM meter WHERE serial = ?", (wanted.serial,))
    unit.run(
        "INSERT INTO ert_endpoint (endpoint, meter, count_wh) VALUES (?, ?, ?)"
        " ON CONFLICT (endpoint) DO UPDATE SET meter = excluded.meter, count_wh = excluded.count_wh",
        (wanted.endpoint, number, wanted.count_wh),
    )
    settled(unit, RADIO, str(wanted.endpoint))
    is_same = own is not None and own.count_wh == wanted.count_wh and change == "unchanged"
    return "unchanged" if is_same else "added" if own is None else "updated"


def checked(wanted: Wanted) -> None:
    """Refuse what can be no endpoint of a meter of ours."""
    if not 0 <= wanted.endpoint < MOST:
        raise DecodeError(f"endpoint {wanted.endpoint}: expected 0 to {MOST - 1}")
    if not SERIAL.fullmatch(wanted.serial):
        raise DecodeError(f"serial number {wanted.serial!r}: expected 1 to 40 printable characters without a space")
    if not model(wanted.product).is_heard:
        known = ", ".join(slug for slug in slugs() if model(slug).is_heard)
        raise DecodeError(f"product {wanted.product!r} has no ERT endpoint; there are {known}")
    if wanted.count_wh < 1:
        raise DecodeError(f"count_wh {wanted.count_wh}: expected at least 1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file of endpoints."""

    added: int
    updated: int
    unchanged: int
    faults: tuple[str, ...]


def import_endpoints(unit: Unit, file: Path, *, default_zone: str, at: int) -> Outcome:
    """Register the meters of a file, CSV with `endpoint, serial` and, if given, `product, node, zone, count_wh`."""
    made = {"added": 0, "updated": 0, "unchanged": 0}
    faults: list[str] = []
    for line, row in lines(file):
        unit.run("SAVEPOINT endpoint")
        try:
            made[promote(unit, wanted_of(row), default_zone=default_zone, at=at)] += 1
        except AmiError as error:
            unit.run("ROLLBACK TO SAVEPOINT endpoint")
            faults.append(f"{file.name}, line {line}: {error}")
        unit.run("RELEASE SAVEPOINT endpoint")
    return Outcome(**made, faults=tuple(faults))


def lines(file: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """Lines of a file by their columns."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise DefinitionError(f"cannot be read: {(reason or '').lower()}", file=str(file)) from None
    reader = csv.DictReader(text.splitlines(), restval="")
    names: Sequence[str] = reader.fieldnames or ()
    for name in REQUIRED:
        if name not in names:
            raise DefinitionError("the header line has no such column", file=str(file), key=name)
    for row in reader:
        yield reader.line_num, {key: value.strip() for key, value in row.items() if isinstance(value, str)}


def wanted_of(row: dict[str, str]) -> Wanted:
    """Read one line."""
    numbers: dict[str, int] = {}
    for name, default in (("endpoint", ""), ("count_wh", str(COUNT_WH))):
        text = row.get(name) or default
        if not text.isascii() or not text.isdigit():
            raise DecodeError(f"{name} {text!r} is no number")
        numbers[name] = int(text)
    return Wanted(
        numbers["endpoint"], row["serial"], row.get("product") or "c3a1h", row.get("node") or NEIGHBOURHOOD,
        row.get("zone", ""), numbers["count_wh"],
    )  # fmt: skip
