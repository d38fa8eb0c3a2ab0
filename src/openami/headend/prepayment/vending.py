"""The vend: one transaction that takes money, reserves the identifier, makes the tokens and writes the books.

It is known by the message id of whoever asks. Asked again under the same id, with the same words, it gives the same
tokens and takes nothing; with other words it refuses. So whoever got no answer asks again.
"""

import hashlib
import json
from dataclasses import dataclass, fields, replace
from typing import Final

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.kit.access import Permission, actor, command, covers, demand, scopes
from openami.headend.kit.database import Row, Unit
from openami.headend.orders.queue import Wish as OrderWish
from openami.headend.orders.queue import enqueue
from openami.headend.prepayment import customers, shifts, tariffs
from openami.headend.prepayment.customers import UnknownVendError, month_of
from openami.headend.prepayment.module import Made, wanted_of
from openami.headend.prepayment.performing import ENTER, Enter
from openami.headend.prepayment.pricing import Before, Line, Quote, Tariff, for_money, for_units
from openami.headend.prepayment.schemas import Customer, Standing, State, Tender, Token, Vend, What
from openami.headend.prepayment.shop import module_of
from openami.headend.registry import service as registry
from openami.sts.amount import HIGHEST
from openami.sts.keys import KeyAttributes
from openami.sts.security_module import MeterConfig
from openami.sts.token import Kind

MOST_ID: Final = 80
VEND: Final = """
    SELECT v.id, v.message_id, m.serial, m.area, m.zone, p.pan, p.account, p.name, p.address, v.meter, v.shift, v.kind,
           v.state, v.at, v.who, coalesce(s.till, ''), v.month, v.tender, v.tendered, v.units, v.energy, v.charges,
           v.vat, v.arrears, v.carry_in, v.carry_out, v.months, v.lines, t.definition, v.key_of, v.copies,
           v.device_order, v.reversed, v.why, p.arrears
    FROM vend v JOIN meter m ON m.id = v.meter JOIN prepay_account p ON p.meter = v.meter
    LEFT JOIN vend_shift s ON s.id = v.shift LEFT JOIN prepay_tariff t ON t.id = v.tariff
"""
PUT: Final = """
    INSERT INTO vend (message_id, digest, meter, shift, kind, state, at, who, month, free_month, tender, tendered,
        units, energy, charges, vat, arrears, carry_in, carry_out, months, lines, tariff, key_of, why)
    VALUES (?, ?, ?, ?, ?, 'made', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
FREE: Final = Quote(0, 0, (), 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants: so much money's worth, so many units, or the free units of the month."""

    message_id: str
    serial: str
    money: int | None = None
    units: int | None = None
    tender: Tender = Tender.CASH

    def __post_init__(self) -> None:
        if not 1 <= len(self.message_id) <= MOST_ID or not self.message_id.isprintable():
            raise DecodeError(f"a message id has 1 to {MOST_ID} printable characters")
        if self.money is not None and self.units is not None:
            raise DecodeError("say an amount of money or of units, not both")
        if self.units is not None and not 1 <= self.units <= HIGHEST:
            raise DecodeError(f"units are tenths of kWh from 1 to {HIGHEST}")
        if self.money is not None and not 0 <= self.money < 2**53:
            raise DecodeError("an amount of money is not negative")

        if not self.is_free and self.tender is Tender.NONE:
            raise DecodeError("say how it is paid: cash, card or transfer")

    @property
    def is_free(self) -> bool:
        """Whether it is for the free units of the month."""
        return self.money is None and self.units is None

    @property
    def digest(self) -> str:
        """Hash of what is wanted."""
        return digest_of(self.serial, self.money, self.units, self.tender.value)


def digest_of(*words: object) -> str:
    """Hash of what was asked for."""
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


@command(Permission.VEND)
def standing(unit: Unit, serial: str, now: float) -> Standing:
    """How a customer stands: tariff, blocks used, charges due, free units left."""
    return standing_of(unit, customers.customer(unit, serial), now)


def standing_of(unit: Unit, found: Customer, now: float) -> Standing:
    """The same, of a customer that was found."""
    price = tariffs.in_force(unit, found.wanted_sgc, found.wanted_ti, now)
    month = month_of(now, found.zone)
    used = unit.value(
        "SELECT coalesce(sum(units), 0) FROM vend WHERE meter = ? AND month = ? AND kind = ? AND state = ?",
        (found.meter, month, What.SALE.value, State.MADE.value),
    )
    had = unit.rows("SELECT 1 FROM vend WHERE meter = ? AND free_month = ?", (found.meter, month))
    wanted = wanted_of(found.attributes, found.wanted_sgc, found.wanted_ti)
    return Standing(
        found, price.tariff, price.id, month, int(used), max(0, month - found.charged_until),
        0 if had else price.tariff.free_units, wanted != found.attributes,
    )  # fmt: skip


@command(Permission.VEND)
def quote(unit: Unit, wish: Wish, now: float) -> Quote:
    """A trial: what would be had for it, and nothing happens."""
    return quoted(standing(unit, wish.serial, now), wish)


def quoted(found: Standing, wish: Wish) -> Quote:
    """Price a wish."""
    customer = found.customer
    if wish.is_free:
        if not found.free_units:
            raise LocalProtocolError("there are no free units for this meter, or it had those of this month")
        return replace(FREE, units=found.free_units, carry_in=customer.carry, carry_out=customer.carry)
    before = Before(found.used, found.months, customer.debt, customer.carry)
    money = for_units(found.tariff, before, wish.units) if wish.units is not None else wish.money or 0
    return for_money(found.tariff, before, money)


@command(Permission.VEND)
def vend(unit: Unit, wish: Wish, now: float) -> Vend:
    """Sell, or give the free units of the month; asked again under one message id, the same.

    Raises:
        LocalProtocolError: no shift is open, no tariff, too little money, or the message id was used otherwise.
        SecurityError: there is no vending key for the meter.
    """
    found = customers.customer(unit, wish.serial)
    demand(unit, Permission.VEND, found.area)
    if (known := again(unit, wish.message_id, wish.digest)) is not None:
        return known
    shift = shifts.demand_open(unit)
    state = standing_of(unit, found, now)
    price = quoted(state, wish)
    wanted = wanted_of(found.attributes, found.wanted_sgc, found.wanted_ti)
    config = MeterConfig(found.pan, found.attributes)
    made = module_of(unit).credit(unit, config, wanted, price.units, int(now))
    kind, tender = (What.FREE, Tender.NONE) if wish.is_free else (What.SALE, wish.tender)
    book = Book(wish.message_id, wish.digest, kind, tender, int(now), state.month, shift.id, state.tariff_id)
    number = write(unit, found, book, price, made)
    _account(unit, found, state, price)
    return load(unit, number)


def again(unit: Unit, message_id: str, digest: str) -> Vend | None:
    """What was made for a message before; None for a new one."""
    rows = unit.rows("SELECT id, digest FROM vend WHERE message_id = ?", (message_id,))
    if not rows:
        return None
    if rows[0][1] != digest:
        raise LocalProtocolError(f"message {message_id} was used for something else")
    return load(unit, rows[0][0])


@dataclass(frozen=True, slots=True)
class Book:
    """How a vend goes into the books."""

    message_id: str
    digest: str
    kind: What
    tender: Tender
    at: int
    month: int
    shift: int | None = None
    tariff: int | None = None
    why: str = ""


def write(unit: Unit, customer: Customer, book: Book, price: Quote, made: Made) -> int:
    """Write a vend and its tokens, and the key that the meter has behind them. -> its number."""
    who = actor(unit).name
    number = unit.rows(PUT, (
        book.message_id, book.digest, customer.meter, book.shift, book.kind.value, book.at, who, book.month,
        book.month if book.kind is What.FREE else None, book.tender.value, price.tendered, price.units, price.energy,
        price.charges, price.vat, price.arrears, price.carry_in, price.carry_out, price.months,
        json.dumps(price.lines), book.tariff, key_text(made.attributes), book.why,
    ))[0][0]  # fmt: skip
    unit.run_many(
        "INSERT INTO vend_token (vend, place, kind, digits, tid, units) VALUES (?, ?, ?, ?, ?, ?)",
        [(number, n, int(t.kind), t.digits, t.tid, t.units) for n, t in enumerate(made.issued)],
    )
    keep_key(unit, customer, made.attributes)
    audit.note(
        unit, "vend.made", customer.serial, scope=customer.area, vend=number, message=book.message_id,
        kind=book.kind.value, money=price.tendered, units=price.units, business_time=book.at, reason=book.why,
        tokens=[f"{token.kind.name} {token.tid or ''}".strip() for token in made.issued],
    )  # fmt: skip
    return int(number)


def keep_key(unit: Unit, customer: Customer, after: KeyAttributes) -> None:
    """Note the key that a meter has once the tokens are in it."""
    if after != customer.attributes:
        unit.run(
            "UPDATE prepay_account SET sgc = ?, key_type = ?, krn = ?, ti = ?, ken = ?, base_date = ? WHERE meter = ?",
            (after.sgc, int(after.key_type), after.krn, after.ti, after.ken, int(after.base_date), customer.meter),
        )


def key_text(attributes: KeyAttributes) -> str:
    """Write what stands on a receipt of the key: SGC, KRN, TI."""
    return f"SGC {attributes.sgc} KRN {attributes.krn} TI {attributes.ti:02d}"


def _account(unit: Unit, customer: Customer, state: Standing, price: Quote) -> None:
    unit.run(
        "UPDATE prepay_account SET carry = ?, arrears = arrears - ?, charged_until = ? WHERE meter = ?",
        (price.carry_out, price.arrears, customer.charged_until + price.months, customer.meter),
    )
    assert price.months in {0, state.months}


# Looking


def load(unit: Unit, number: int) -> Vend:
    """Find a vend by its number."""
    rows = unit.rows(f"{VEND} WHERE v.id = ?", (number,))
    if not rows:
        raise UnknownVendError(f"there is no vend {number}")
    return _vend(rows[0], tokens(unit, number))


def tokens(unit: Unit, number: int) -> tuple[Token, ...]:
    """Tokens of a vend, in the order in which they go in."""
    rows = unit.rows(
        "SELECT place, kind, digits, tid, units, result, said, entered FROM vend_token WHERE vend = ? ORDER BY place",
        (number,),
    )
    return tuple(Token(row[0], Kind(row[1]), *row[2:]) for row in rows)


def _vend(row: Row, made: tuple[Token, ...]) -> Vend:
    values = dict(zip([field.name for field in fields(Vend)], row, strict=False))
    values |= {
        "kind": What(values["kind"]), "state": State(values["state"]), "tender": Tender(values["tender"]),
        "lines": tuple(Line(*line) for line in json.loads(values["lines"])),
        "tariff": None if values["tariff"] is None else Tariff.model_validate_json(values["tariff"]), "tokens": made,
    }  # fmt: skip
    return Vend(**values)


def seen(unit: Unit, found: Vend) -> Vend:
    """Give it to those who may sell in its area; for others it is not there."""
    if not covers(scopes(unit, Permission.VEND), found.area):
        raise UnknownVendError(f"there is no vend {found.id}")
    return found


@command(Permission.VEND)
def show(unit: Unit, number: int) -> Vend:
    """Show a vend."""
    return seen(unit, load(unit, number))


@command(Permission.VEND)
def of_message(unit: Unit, message_id: str) -> Vend:
    """Show what a message came to, for whoever got no answer."""
    rows = unit.rows("SELECT id FROM vend WHERE message_id = ?", (message_id,))
    if not rows:
        raise UnknownVendError(f"message {message_id} came to nothing: nothing was sold, nothing was taken")
    return seen(unit, load(unit, rows[0][0]))


@command(Permission.VEND)
def history(unit: Unit, serial: str, before: int | None = None, limit: int = 20) -> tuple[tuple[Vend, ...], int | None]:
    """What a meter had, newest first, and where the next page begins."""
    found = customers.customer(unit, serial)
    rows = unit.rows(
        "SELECT id FROM vend WHERE meter = ? AND id < ? ORDER BY id DESC LIMIT ?",
        (found.meter, 2**62 if before is None else before, limit + 1),
    )
    return tuple(load(unit, row[0]) for row in rows[:limit]), rows[limit - 1][0] if len(rows) > limit else None


# Afterwards


@command(Permission.VEND)
def replacement(unit: Unit, number: int) -> Vend:
    """Print once more: the same tokens, never others."""
    found = show(unit, number)
    if found.state is State.REVERSED:
        raise LocalProtocolError(f"vend {number} was reversed")
    unit.run("UPDATE vend SET copies = copies + 1 WHERE id = ?", (number,))
    audit.note(unit, "vend.replacement", found.serial, scope=found.area, vend=number, copy=found.copies + 1)
    return load(unit, number)


@command(Permission.VEND)
def deliver(unit: Unit, number: int, now: float) -> Vend:
    """Send the tokens to the meter over DLMS, in its next session; once for as long as they are on their way."""
    found = show(unit, number)
    if found.state is State.REVERSED:
        raise LocalProtocolError(f"vend {number} was reversed")
    if is_on_its_way(unit, found):
        return found
    order = enqueue(unit, registry.meter(unit, found.serial), ENTER, Enter(vend=number), OrderWish(now))
    unit.run("UPDATE vend SET device_order = ? WHERE id = ?", (order, number))
    return load(unit, number)


def is_on_its_way(unit: Unit, found: Vend) -> bool:
    """Whether its tokens wait for a session, or are in one."""
    return found.device_order is not None and bool(
        unit.rows("SELECT 1 FROM device_order WHERE id = ? AND ended IS NULL", (found.device_order,))
    )


def demand_reversible(unit: Unit, found: Vend) -> None:
    """Refuse to take back what may be in the meter, or what later vends were built on.

    Raises:
        LocalProtocolError: why it cannot be reversed.
    """
    if found.state is State.REVERSED or found.kind not in {What.SALE, What.FREE}:
        raise LocalProtocolError(f"vend {found.id} is {found.state if found.kind is What.SALE else found.kind}")
    if any(token.entered is not None for token in found.tokens):
        raise LocalProtocolError(f"the token of vend {found.id} was entered")
    if is_on_its_way(unit, found):
        raise LocalProtocolError(f"the token of vend {found.id} is on its way to the meter")
    if found.device_order is not None and unit.rows(
        "SELECT 1 FROM device_order WHERE id = ? AND state IN ('done', 'unknown')", (found.device_order,)
    ):
        raise LocalProtocolError(f"the token of vend {found.id} may have been entered")
    if len(found.tokens) > 1:
        raise LocalProtocolError(f"vend {found.id} changed the meter's key: sell on, do not reverse")
    later = "SELECT 1 FROM vend WHERE meter = ? AND id > ? AND state = 'made' LIMIT 1"
    if unit.rows(later, (found.meter, found.id)):
        raise LocalProtocolError(f"only the last vend of a meter is reversed; {found.id} is not")
    shift = shifts.load(unit, found.shift) if found.shift is not None else None
    if shift is None or shift.closed is not None:
        raise LocalProtocolError(f"the shift of vend {found.id} is closed and counted")


def take_back(unit: Unit, number: int, why: str, now: float) -> Vend:
    """Undo a vend in the books: money back, blocks, charges and arrears as they were. Two people have agreed."""
    found = load(unit, number)
    demand_reversible(unit, found)
    unit.run(
        "UPDATE vend SET state = ?, reversed = ?, why = ?, free_month = NULL WHERE id = ?",
        (State.REVERSED.value, int(now), why, number),
    )
    unit.run(
        "UPDATE prepay_account SET carry = ?, arrears = arrears + ?, charged_until = charged_until - ? WHERE meter = ?",
        (found.carry_in, found.arrears, found.months, found.meter),
    )
    audit.note(
        unit, "vend.reversed", found.serial, scope=found.area, vend=number, money=found.tendered, units=found.units,
        reason=why, business_time=int(now),
    )  # fmt: skip
    return load(unit, number)
