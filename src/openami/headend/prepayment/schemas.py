"""What vending tells others."""

from dataclasses import dataclass, field
from enum import StrEnum

from openami.headend.prepayment.pricing import Debt, Line, Tariff
from openami.sts.keys import KeyAttributes
from openami.sts.pan import MeterPAN
from openami.sts.token import Kind


class What(StrEnum):
    """What a vend is."""

    SALE = "sale"
    FREE = "free units"
    ENGINEERING = "engineering"
    KEY_CHANGE = "key change"


class State(StrEnum):
    """Where a vend stands."""

    MADE = "made"
    REVERSED = "reversed"


class Tender(StrEnum):
    """How somebody pays."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Customer:
    """A prepayment meter and who pays for it."""

    meter: int
    serial: str
    area: str
    zone: str
    pan: MeterPAN
    attributes: KeyAttributes
    """Of the key that it has once every token made so far is in it."""
    wanted_sgc: str
    wanted_ti: int
    account: str
    name: str
    address: str
    charged_until: int
    debt: Debt
    carry: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a customer stands before a vend."""

    customer: Customer
    tariff: Tariff
    tariff_id: int
    month: int
    used: int
    """Units paid for in this month."""
    months: int
    """Monthly charges due."""
    free_units: int
    """Units that can still be had for nothing in this month."""
    is_key_due: bool
    """Whether the next token comes with a change of key."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a vend, and what the meter said of it."""

    place: int
    kind: Kind
    digits: str = field(repr=False)
    tid: int | None
    units: int | None
    result: int | None
    said: str
    entered: int | None


@dataclass(frozen=True, slots=True)
class Vend:
    """Something that gave tokens. Money in the smallest unit, energy in units of a token."""

    id: int
    message_id: str
    serial: str
    area: str
    zone: str
    pan: str
    account: str
    name: str
    address: str
    meter: int
    shift: int | None
    kind: What
    state: State
    at: int
    who: str
    till: str
    month: int
    tender: Tender
    tendered: int
    units: int
    energy: int
    charges: int
    vat: int
    arrears: int
    carry_in: int
    carry_out: int
    months: int
    lines: tuple[Line, ...]
    tariff: Tariff | None
    key_of: str
    copies: int
    device_order: int | None
    reversed: int | None
    why: str
    owed: int
    """What the customer owes by now."""
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift at a till."""

    id: int
    till: str
    who: str
    opened: int
    float: int
    closed: int | None
    counted: int | None
    expected: int | None


@dataclass(frozen=True, slots=True)
class Sum:
    """What vends of one kind, state and tender come to."""

    kind: What
    state: State
    tender: Tender
    currency: str
    decimals: int
    vends: int
    tendered: int
    units: int
    energy: int
    charges: int
    vat: int
    arrears: int
    carry_in: int
    carry_out: int


@dataclass(frozen=True, slots=True)
class Report:
    """Sums of a shift or of a day, and the shifts they are of."""

    title: str
    sums: tuple[Sum, ...]
    shifts: tuple[Shift, ...]

    def total(self, name: str, tender: Tender | None = None) -> int:
        """Add a column up over what was not reversed."""
        made = [s for s in self.sums if s.state is State.MADE and (tender is None or s.tender is tender)]
        return sum(int(getattr(each, name)) for each in made)
