"""Who has which prepayment meter: found by any number on the meter, the card or the bill, or by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openami.core.errors import AmiError, DecodeError
from openami.headend.accounts import audit
from openami.headend.kit.access import Permission, Within, command, demand, within
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.prepayment.pricing import WHOLE, Debt
from openami.headend.prepayment.schemas import Customer
from openami.headend.registry.schemas import Fault
from openami.headend.registry.shipment import Cell, read_lines
from openami.headend.web.words import local
from openami.sts.keys import EA, KeyAttributes, KeyType
from openami.sts.pan import MeterPAN
from openami.sts.tid import BaseDate

CARD_DIGITS: Final = 35
"""Of the identification record on a meter's card, which begins with the MeterPAN."""
MOST: Final = 25
HIGHEST: Final = "\U0010ffff"
SELECT: Final = """
    SELECT p.meter, m.serial, m.area, m.zone, p.pan, p.sgc, p.key_type, p.krn, p.ti, p.ken, p.ea, p.base_date,
           p.wanted_sgc, p.wanted_ti, p.account, p.name, p.address, p.charged_until,
           p.arrears, p.plan_fixed, p.plan_share, p.plan_ceiling, p.carry
    FROM prepay_account p JOIN meter m ON m.id = p.meter
"""
NUMBERS: Final = ("m.serial", "p.pan", "p.drn", "p.account")


class UnknownVendError(AmiError):
    """No vend, shift or tariff of that number, as far as whoever asks may see."""


def month_of(at: float, zone: str) -> int:
    """Number of a calendar month: year * 12 + month - 1."""
    then = local(at, zone)
    return then.year * 12 + then.month - 1


@command(Permission.VEND)
def search(unit: Unit, text: str) -> tuple[Customer, ...]:
    """Customers whose meter, account or name begins so; the first few of each."""
    wanted = text.strip()
    digits = wanted.strip(";?").replace("=", "").replace(" ", "").replace("-", "")
    if len(digits) == CARD_DIGITS and digits.isdigit():
        wanted = digits[:18]
    elif digits.isdigit():
        wanted = digits
    seen = within(unit, Permission.VEND, "m.area")
    found: dict[int, Customer] = {}
    for column, prefix in (*((number, wanted) for number in NUMBERS), ("p.name_key", text.strip().casefold())):
        for customer in _beginning(unit, column, prefix, seen):
            found.setdefault(customer.meter, customer)
    return tuple(found.values())[:MOST]


def _beginning(unit: Unit, column: str, prefix: str, seen: Within) -> list[Customer]:
    rows = unit.rows(
        f"{SELECT} WHERE {column} >= ? AND {column} <= ? AND {seen.sql} ORDER BY {column} LIMIT ?",
        (prefix, prefix + HIGHEST, *seen.parameters, MOST),
    )
    return [customer_of(row) for row in rows]


@command(Permission.VEND)
def customer(unit: Unit, serial: str) -> Customer:
    """Find the customer of a meter; one out of sight is as unknown as one that there is not."""
    seen = within(unit, Permission.VEND, "m.area")
    return _one(unit, f"m.serial = ? AND {seen.sql}", (serial, *seen.parameters), serial)


def of_meter(unit: Unit, serial: str) -> Customer:
    """Find the customer of a meter for the program itself."""
    return _one(unit, "m.serial = ?", (serial,), serial)


def _one(unit: Unit, condition: str, parameters: tuple[object, ...], serial: str) -> Customer:
    rows = unit.rows(f"{SELECT} WHERE {condition}", parameters)
    if not rows:
        raise UnknownMeterError(serial)
    return customer_of(rows[0])


def customer_of(row: Row) -> Customer:
    """Make a customer of a row of `SELECT`."""
    meter, serial, area, zone, pan = row[:5]
    sgc, kind, krn, ti, ken, ea, base = row[5:12]
    wanted_sgc, wanted_ti, account, name, address, charged_until = row[12:18]
    attributes = KeyAttributes(sgc, KeyType(kind), krn, ti, ken, EA(ea), BaseDate(base))
    return Customer(
        meter, serial, area, zone, MeterPAN(pan), attributes, wanted_sgc, wanted_ti, account, name, address,
        charged_until, Debt(*row[18:22]), row[22],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of whoever pays; None leaves a thing as it is. Money in the smallest unit."""

    account: str | None = None
    name: str | None = None
    address: str | None = None
    arrears: int | None = None
    plan_fixed: int | None = None
    plan_share: int | None = None
    plan_ceiling: int | None = None


@command(Permission.REGISTRY)
def change(unit: Unit, serial: str, details: Details) -> Customer:
    """Change what is known of a customer, and what is owed."""
    seen = within(unit, Permission.REGISTRY, "m.area")
    before = _one(unit, f"m.serial = ? AND {seen.sql}", (serial, *seen.parameters), serial)
    given = {name: value for name in Details.__slots__ if (value := getattr(details, name)) is not None}
    if (details.plan_share or 0) > WHOLE or any(isinstance(value, int) and value < 0 for value in given.values()):
        raise DecodeError("sums are not negative, and a share is at most 10000 hundredths of a percent")
    columns = given | ({"name_key": details.name.casefold()} if details.name is not None else {})
    if columns:
        names = ", ".join(f"{name} = ?" for name in columns)
        unit.run(f"UPDATE prepay_account SET {names} WHERE meter = ?", (*columns.values(), before.meter))  # noqa: S608
        audit.note(unit, "prepayment.customer", serial, scope=before.area, **given)
    return of_meter(unit, serial)


# Coming in with a shipment

FACTS: Final = ("sgc", "key_type", "krn", "ti", "ken", "ea", "base_date")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a shipment file's prepayment columns."""

    added: int
    unchanged: int
    faults: tuple[Fault, ...]


@command(Permission.IMPORT)
def take_in(unit: Unit, file: Path, *, now: float) -> TakenIn:
    """Take the prepayment columns of a shipment file whose meters are registered: MeterPAN and facts of the key.

    A meter that is here keeps its key: what was vended since, the file does not know.
    """
    faults: list[Fault] = []
    counted = {"added": 0, "unchanged": 0}
    for _, cells in read_lines(file, faults):
        if "meter_pan" not in cells or not cells["meter_pan"].text:
            continue
        try:
            counted[_taken(unit, cells, now)] += 1
        except AmiError as error:
            faults.append(cells["meter_pan"].fault(str(error)))
    if counted["added"]:
        audit.note(unit, "prepayment.import", file.name, added=counted["added"], faults=len(faults))
    return TakenIn(**counted, faults=tuple(faults))


def _taken(unit: Unit, cells: Mapping[str, Cell], now: float) -> str:
    serial, pan = cells["serial"].text, MeterPAN.parse(cells["meter_pan"].text)
    seen = within(unit, Permission.IMPORT, "area")
    rows = unit.rows(
        f"SELECT id, area, zone FROM meter WHERE serial = ? AND {seen.sql}",  # noqa: S608 - values go as parameters
        (serial, *seen.parameters),
    )
    if not rows:
        raise UnknownMeterError(serial)
    meter, area, zone = rows[0]
    demand(unit, Permission.IMPORT, area)
    known = unit.rows("SELECT meter, pan FROM prepay_account WHERE meter = ? OR pan = ?", (meter, pan.digits))
    if known and (len(known) > 1 or tuple(known[0]) != (meter, pan.digits)):
        raise DecodeError(f"meter {serial} or MeterPAN {pan} belongs to another already")
    if known:
        return "unchanged"
    facts = _facts(cells)
    unit.run(
        "INSERT INTO prepay_account (meter, pan, drn, sgc, key_type, krn, ti, ken, ea, base_date,"
        " wanted_sgc, wanted_ti, charged_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            meter, pan.digits, pan.drn.digits, facts.sgc, int(facts.key_type), facts.krn, facts.ti, facts.ken,
            int(facts.ea), int(facts.base_date), facts.sgc, facts.ti, month_of(now, zone) - 1,
        ),
    )  # fmt: skip
    return "added"


def _facts(cells: Mapping[str, Cell]) -> KeyAttributes:
    try:
        sgc, kind, krn, ti, ken, ea, base = (cells[name].text for name in FACTS)
        return KeyAttributes(
            sgc.zfill(6), KeyType(int(kind)), int(krn), int(ti), int(ken), EA(int(ea)), BaseDate(int(base))
        )
    except (KeyError, ValueError):
        raise DecodeError(f"a MeterPAN comes with {', '.join(FACTS)}") from None
