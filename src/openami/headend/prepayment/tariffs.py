"""Prices of supply groups and tariff indices, each from a day on."""

from dataclasses import dataclass

from openami.core.errors import LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.kit.access import Permission, command
from openami.headend.kit.database import Row, Unit
from openami.headend.prepayment.pricing import Tariff


@dataclass(frozen=True, slots=True)
class Price:
    """A tariff, for whom, and from when."""

    id: int
    sgc: str
    ti: int
    valid_from: int
    tariff: Tariff


def in_force(unit: Unit, sgc: str, ti: int, now: float) -> Price:
    """The tariff of a supply group and index at this time.

    Raises:
        LocalProtocolError: there is none yet.
    """
    rows = unit.rows(
        "SELECT id, sgc, ti, valid_from, definition FROM prepay_tariff WHERE sgc = ? AND ti = ? AND valid_from <= ?"
        " ORDER BY valid_from DESC, id DESC LIMIT 1",
        (sgc, ti, int(now)),
    )
    if not rows:
        raise LocalProtocolError(f"supply group {sgc} has no tariff of index {ti:02d} yet")
    return _price(rows[0])


@command(Permission.VEND)
def listed(unit: Unit) -> tuple[Price, ...]:
    """Every tariff there is or will be, the newest of each first."""
    rows = unit.rows(
        "SELECT id, sgc, ti, valid_from, definition FROM prepay_tariff ORDER BY sgc, ti, valid_from DESC, id DESC"
    )
    return tuple(_price(row) for row in rows)


def _price(row: Row) -> Price:
    number, sgc, ti, valid_from, definition = row
    return Price(number, sgc, ti, valid_from, Tariff.model_validate_json(definition))


def put(unit: Unit, sgc: str, ti: int, valid_from: int, tariff: Tariff) -> int:
    """Keep a tariff; those before it stay. Whoever calls has agreed on it with somebody else. -> its number."""
    number = unit.rows(
        "INSERT INTO prepay_tariff (sgc, ti, valid_from, definition) VALUES (?, ?, ?, ?) RETURNING id",
        (sgc, ti, valid_from, tariff.model_dump_json()),
    )[0][0]
    audit.note(unit, "prepayment.tariff", f"{sgc}/{ti:02d}", title=tariff.title, valid_from=valid_from)
    return int(number)
