"""What money buys: charges, arrears, VAT and inclining blocks, in whole numbers.

Money is in the smallest unit of the currency, energy in units of a token (0.1 kWh), prices per kWh in ten-thousandths
of the smallest unit, shares in hundredths of a percent. The rules, in this order:

1. monthly charges of every calendar month begun since the last one paid, then the fee of the vend, each with VAT;
2. arrears: the fixed part and the share of what is tendered (half up), not above the ceiling, nor the debt, nor what
   is there; they bear no VAT, as what they are for did already;
3. energy: the most units whose price with VAT is paid by what is left. The blocks of the month are filled up in order;
   the sum over the blocks is rounded once, half up, and so is its VAT. Lines of blocks are differences of rounded sums,
   so that they add up;
4. what buys no further unit is carried to the customer's next vend: not a cent is lost on either side.
"""

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from openami.core.errors import DecodeError, LocalProtocolError
from openami.sts.amount import HIGHEST

WHOLE: Final = 10_000
"""Hundredths of a percent in the whole, and parts of the smallest unit in a price."""
UNITS_PER_KWH: Final = 10

Money = Annotated[int, Field(ge=0, lt=2**53)]
Share = Annotated[int, Field(ge=0, le=WHOLE)]


class Strict(BaseModel):
    """Frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(Strict):
    """A block of a month's energy."""

    up_to: Annotated[int, Field(gt=0)] | None = None
    """Units of the month at which it ends; None: it never does."""
    price: Annotated[int, Field(ge=0, lt=2**40)]
    """Of a kWh, without VAT, in ten-thousandths of the smallest unit."""


class Tariff(Strict):
    """Prices, and who asks them."""

    title: str = Field(max_length=80)
    seller: str = Field(max_length=120)
    vat_number: str = Field(default="", max_length=40)
    currency: str = Field(pattern=r"[A-Z]{3}")
    decimals: int = Field(default=2, ge=0, le=4)
    vat: Share = 0
    fee: Money = 0
    """Of each vend, without VAT."""
    monthly: Money = 0
    """Of each calendar month, without VAT."""
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=20)
    free_units: int = Field(default=0, ge=0, le=HIGHEST)
    """For nothing, once in a calendar month; they fill no block."""
    least: Money = 0
    """Least that is taken at a time."""
    most: Money | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        ends = [block.up_to for block in self.blocks]
        if ends[-1] is not None or None in ends[:-1]:
            raise ValueError("the last block, and only that, has no end")
        known = [end for end in ends if end is not None]
        if any(after <= before for before, after in pairwise(known)):
            raise ValueError("each block ends above the one before")
        if not self.blocks[-1].price:
            raise ValueError("energy of the last block costs something")
        return self


@dataclass(frozen=True, slots=True)
class Debt:
    """What a customer owes, and how it is paid back."""

    balance: int = 0
    fixed: int = 0
    """Of each vend."""
    share: int = 0
    """Of what is tendered."""
    ceiling: int | None = None
    """Most that is taken of a vend."""

    def part(self, tendered: int, there: int) -> int:
        """What of a vend goes into it."""
        wanted = self.fixed + half_up(tendered * self.share, WHOLE)
        return max(0, min(self.balance, there, wanted if self.ceiling is None else min(wanted, self.ceiling)))


@dataclass(frozen=True, slots=True)
class Before:
    """What counts of the time before a vend."""

    used: int = 0
    """Units that were paid for in this month."""
    months: int = 0
    """Monthly charges that are due."""
    debt: Debt = Debt()
    carry: int = 0


class Line(NamedTuple):
    """A line of a bill; `units` and `price` are those of a block."""

    what: str
    net: int
    vat: int
    units: int = 0
    price: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """What an amount buys."""

    tendered: int
    units: int
    lines: tuple[Line, ...]
    arrears: int
    carry_in: int
    carry_out: int
    months: int

    @property
    def energy(self) -> int:
        """Energy without VAT."""
        return sum(line.net for line in self.lines if line.units)

    @property
    def charges(self) -> int:
        """Charges and fees without VAT."""
        return sum(line.net for line in self.lines if not line.units)

    @property
    def vat(self) -> int:
        """VAT of all lines."""
        return sum(line.vat for line in self.lines)


def half_up(amount: int, parts: int) -> int:
    """Divide, exact halves upwards. `amount` is not negative."""
    return (2 * amount + parts) // (2 * parts)


def net(tariff: Tariff, used: int, units: int) -> int:
    """Price of energy without VAT, behind what was used in the month."""
    return half_up(_exact(tariff, used, units), UNITS_PER_KWH * WHOLE)


def _exact(tariff: Tariff, used: int, units: int) -> int:
    return sum(units_in * block.price for block, units_in in _parts(tariff, used, units))


def _parts(tariff: Tariff, used: int, units: int) -> list[tuple[Block, int]]:
    """How many units fall into each block."""
    found: list[tuple[Block, int]] = []
    at, end = used, used + units
    for block in tariff.blocks:
        here = end if block.up_to is None else min(end, block.up_to)
        found.append((block, max(0, here - at)))
        at = max(at, here)
    return found


def gross(tariff: Tariff, used: int, units: int) -> int:
    """Price of energy with VAT."""
    price = net(tariff, used, units)
    return price + half_up(price * tariff.vat, WHOLE)


def charges(tariff: Tariff, before: Before) -> tuple[Line, ...]:
    """Lines of what has to be paid before anything is bought."""
    due = (
        (
            f"Monthly charge ({before.months})" if before.months > 1 else "Monthly charge",
            before.months * tariff.monthly,
        ),
        ("Fee", tariff.fee),
    )
    return tuple(Line(what, sum_, half_up(sum_ * tariff.vat, WHOLE)) for what, sum_ in due if sum_)


def for_money(tariff: Tariff, before: Before, tendered: int) -> Quote:
    """What an amount buys.

    Raises:
        LocalProtocolError: it is too little, or too much, for one token.
    """
    fixed = charges(tariff, before)
    arrears, rest = _shared(fixed, before, tendered)
    units = _bought(tariff, before.used, rest)
    if tendered < tariff.least or units < 1:
        least = max(tariff.least, for_units(tariff, before, 1))
        raise LocalProtocolError(f"too little: {written(least, tariff)} is the least, charges and arrears paid")
    if units > HIGHEST or (tariff.most is not None and tendered > tariff.most):
        raise LocalProtocolError("too much for one token: sell it in parts")
    lines = (*fixed, *_energy(tariff, before.used, units))
    carry = rest - gross(tariff, before.used, units)
    return Quote(tendered, units, lines, arrears, before.carry, carry, before.months)


def for_units(tariff: Tariff, before: Before, units: int) -> int:
    """The least amount that buys so many units."""
    fixed = charges(tariff, before)
    wanted = gross(tariff, before.used, units)
    most = wanted + sum(line.net + line.vat for line in fixed) + before.debt.balance
    return bisect_left(range(most + 1), wanted, key=lambda tendered: _shared(fixed, before, tendered)[1])


def _shared(fixed: tuple[Line, ...], before: Before, tendered: int) -> tuple[int, int]:
    """Arrears, and what is left for energy (below zero: the charges are not even paid)."""
    there = tendered + before.carry - sum(line.net + line.vat for line in fixed)
    arrears = before.debt.part(tendered, there)
    return arrears, there - arrears


def _bought(tariff: Tariff, used: int, money: int) -> int:
    """The most units that money pays, VAT in it; one more than a token takes where it is more."""
    if money < 0:
        return 0
    low, high = 0, HIGHEST + 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if gross(tariff, used, middle) <= money else (low, middle - 1)
    return low


def _energy(tariff: Tariff, used: int, units: int) -> tuple[Line, ...]:
    lines: list[Line] = []
    at = paid = taxed = exact = 0
    for number, (block, inside) in enumerate(_parts(tariff, used, units), 1):
        if not inside:
            continue
        at, exact = at + inside, exact + inside * block.price
        price = half_up(exact, UNITS_PER_KWH * WHOLE)
        tax = half_up(price * tariff.vat, WHOLE)
        lines.append(Line(f"Block {number}", price - paid, tax - taxed, inside, block.price))
        paid, taxed = price, tax
    return tuple(lines)


def written(amount: int, tariff: Tariff) -> str:
    """Write money: `ZAR 12.50`."""
    return f"{tariff.currency} {plain(amount, tariff.decimals)}"


def plain(amount: int, decimals: int) -> str:
    """Write money without its currency."""
    whole, part = divmod(abs(amount), 10**decimals)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{part:0{decimals}d}" if decimals else f"{sign}{whole}"


def kwh(units: int) -> str:
    """Write energy."""
    return f"{units // UNITS_PER_KWH}.{units % UNITS_PER_KWH} kWh"


def scaled(text: str, decimals: int) -> int:
    """Read a figure with a few decimals as a whole number of its smallest unit."""
    try:
        exact = Decimal(text.replace(" ", "").replace(",", ".")).scaleb(decimals)
        if exact == exact.to_integral_value() and 0 <= exact < 2**53:
            return int(exact)
    except InvalidOperation:
        pass
    raise DecodeError(f"{text!r}: expected a figure of at most {decimals} decimals")
