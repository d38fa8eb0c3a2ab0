"""Shifts at tills, what they come to, and what a day comes to."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.kit.access import Permission, actor, command
from openami.headend.kit.database import Row, Unit
from openami.headend.prepayment.customers import UnknownVendError
from openami.headend.prepayment.pricing import Tariff
from openami.headend.prepayment.schemas import Report, Shift, State, Sum, Tender, What

SHIFT: Final = "SELECT id, till, who, opened, float, closed, counted, expected FROM vend_shift"
SUMS: Final = """
    SELECT v.kind, v.state, v.tender, v.tariff, count(*), sum(v.tendered), sum(v.units), sum(v.energy), sum(v.charges),
           sum(v.vat), sum(v.arrears), sum(v.carry_in), sum(v.carry_out)
    FROM vend v WHERE {condition} GROUP BY v.kind, v.state, v.tender, v.tariff ORDER BY v.kind, v.state, v.tender
"""
MOST_TILL = 60


def own(unit: Unit) -> Shift | None:
    """The open shift of whoever asks."""
    rows = unit.rows(f"{SHIFT} WHERE open_for = ?", (actor(unit).name,))
    return Shift(*rows[0]) if rows else None


def demand_open(unit: Unit) -> Shift:
    """Refuse to take money outside of a shift."""
    found = own(unit)
    if found is None:
        raise LocalProtocolError("open a shift first: money goes into somebody's till")
    return found


@command(Permission.VEND)
def mine(unit: Unit) -> Shift | None:
    """Show the open shift of whoever asks."""
    return own(unit)


@command(Permission.VEND)
def open_shift(unit: Unit, till: str, float_: int, now: float) -> Shift:
    """Begin a shift with so much change in the till."""
    name = till.strip()
    if not name or len(name) > MOST_TILL or float_ < 0:
        raise DecodeError("a till has a name, and what is in it is not negative")
    if own(unit) is not None:
        raise LocalProtocolError("close your shift before you open another")
    who = actor(unit).name
    number = unit.rows(
        "INSERT INTO vend_shift (till, who, open_for, opened, float) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (name, who, who, int(now), float_),
    )[0][0]
    audit.note(unit, "shift.open", name, shift=number, float=float_)
    return load(unit, number)


@command(Permission.VEND)
def close_shift(unit: Unit, counted: int, now: float) -> Report:
    """End one's shift with what was counted in the till; what should be there is told only then."""
    shift = demand_open(unit)
    if counted < 0:
        raise DecodeError("what is counted is not negative")
    cash = Report("", _sums(unit, "v.shift = ?", (shift.id,)), ()).total("tendered", Tender.CASH)
    expected = shift.float + cash
    unit.run(
        "UPDATE vend_shift SET open_for = NULL, closed = ?, counted = ?, expected = ? WHERE id = ?",
        (int(now), counted, expected, shift.id),
    )
    audit.note(unit, "shift.close", shift.till, shift=shift.id, counted=counted, expected=expected)
    return _report(unit, load(unit, shift.id))


def load(unit: Unit, number: int) -> Shift:
    """Find a shift."""
    rows = unit.rows(f"{SHIFT} WHERE id = ?", (number,))
    if not rows:
        raise UnknownVendError(f"there is no shift {number}")
    return Shift(*rows[0])


@command(Permission.VEND, is_undivided=True)
def shift_report(unit: Unit, number: int) -> Report:
    """What a shift came to."""
    return _report(unit, load(unit, number))


def _report(unit: Unit, shift: Shift) -> Report:
    return Report(f"Shift {shift.id}, {shift.till}, {shift.who}", _sums(unit, "v.shift = ?", (shift.id,)), (shift,))


@command(Permission.VEND, is_undivided=True)
def day_report(unit: Unit, day: date, zone: str) -> Report:
    """What a business day came to, over all tills; tells which shifts touched it and which are still open."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    first, end = (int(at.timestamp()) for at in (start, start + timedelta(days=1)))
    rows = unit.rows(f"{SHIFT} WHERE opened < ? AND (closed IS NULL OR closed >= ?) ORDER BY id", (end, first))
    sums = _sums(unit, "v.at >= ? AND v.at < ?", (first, end))
    return Report(f"Day {day.isoformat()}", sums, tuple(Shift(*row) for row in rows))


def _sums(unit: Unit, condition: str, parameters: tuple[int, ...]) -> tuple[Sum, ...]:
    """Sums of what was vended, one for each kind, state, tender and currency."""
    found: dict[tuple[object, ...], list[int]] = {}
    for row in unit.rows(SUMS.format(condition=condition), parameters):
        key = (What(row[0]), State(row[1]), Tender(row[2]), *_currency(unit, row))
        known = found.setdefault(key, [0] * (len(row) - 4))
        known[:] = [a + int(b) for a, b in zip(known, row[4:], strict=True)]
    return tuple(Sum(*key, *sums) for key, sums in found.items())  # type: ignore[arg-type]


def _currency(unit: Unit, row: Row) -> tuple[str, int]:
    if row[3] is None:
        return "", 0
    tariff = Tariff.model_validate_json(unit.value("SELECT definition FROM prepay_tariff WHERE id = ?", (row[3],)))
    return tariff.currency, tariff.decimals
