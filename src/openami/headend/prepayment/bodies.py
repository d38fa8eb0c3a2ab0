"""Bodies of the shop's routes. Money in the smallest unit of the currency, energy in tenths of kWh."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from openami.headend.prepayment import guarded
from openami.headend.prepayment.pricing import Quote, Tariff
from openami.headend.prepayment.schemas import Customer, Report, Shift, Standing, State, Tender, Token, Vend, What
from openami.headend.web.rest import Serial
from openami.headend.web.words import local
from openami.sts.block import grouped

MessageId = Annotated[str, Field(min_length=1, max_length=80, description="Yours; asked again, the same answer.")]
Sum = Annotated[int, Field(ge=0, lt=2**53)]


class CustomerOut(Serial):
    """A prepayment meter, and who pays for it."""

    meter_pan: str
    drn: str
    account: str
    name: str
    address: str
    sgc: str
    krn: int
    ti: int
    key_type: int
    wanted_sgc: str
    wanted_ti: int
    arrears: int
    plan_fixed: int = Field(description="Of each vend, towards the arrears.")
    plan_share: int = Field(description="Of what is tendered, hundredths of a percent.")
    plan_ceiling: int | None = Field(description="Most that is taken of a vend.")
    carry: int = Field(description="Paid, and bought nothing yet.")

    @classmethod
    def of(cls, found: Customer) -> Self:
        """Show a customer."""
        return cls(
            serial=found.serial, meter_pan=found.pan.digits, drn=found.pan.drn.digits, account=found.account,
            name=found.name, address=found.address, sgc=found.attributes.sgc, krn=found.attributes.krn,
            ti=found.attributes.ti, key_type=int(found.attributes.key_type), wanted_sgc=found.wanted_sgc,
            wanted_ti=found.wanted_ti, arrears=found.debt.balance, plan_fixed=found.debt.fixed,
            plan_share=found.debt.share, plan_ceiling=found.debt.ceiling, carry=found.carry,
        )  # fmt: skip


class StandingOut(CustomerOut):
    """How a customer stands before a vend."""

    tariff: Tariff
    used: int = Field(description="Units paid for in this month.")
    monthly_charges_due: int
    free_units: int = Field(description="Still to be had for nothing in this month.")
    is_key_due: bool = Field(description="Whether the next vend comes with a change of key.")

    @classmethod
    def at(cls, found: Standing) -> Self:
        """Show a standing."""
        return cls(
            **CustomerOut.of(found.customer).model_dump(), tariff=found.tariff, used=found.used,
            monthly_charges_due=found.months, free_units=found.free_units, is_key_due=found.is_key_due,
        )  # fmt: skip


class CustomerIn(BaseModel):
    """What is to be changed; what is left out stays."""

    account: str | None = Field(default=None, max_length=40)
    name: str | None = Field(default=None, max_length=120)
    address: str | None = Field(default=None, max_length=200)
    arrears: Sum | None = None
    plan_fixed: Sum | None = None
    plan_share: Annotated[int, Field(ge=0, le=10_000)] | None = None
    plan_ceiling: Sum | None = None


class TrialIn(BaseModel):
    """An amount of money, or units, or neither: the free units of the month."""

    money: Sum | None = None
    units: Annotated[int, Field(ge=1, lt=2**31)] | None = None


class VendIn(TrialIn):
    """A vend."""

    message_id: MessageId
    tender: Tender = Tender.CASH


class LineOut(BaseModel):
    """A line of a bill."""

    what: str
    units: int
    price: int = Field(description="Of a kWh, ten-thousandths of the smallest unit.")
    net: int
    vat: int


class QuoteOut(BaseModel):
    """What an amount buys."""

    tendered: int
    units: int
    lines: list[LineOut]
    arrears: int
    carry_in: int
    carry_out: int

    @classmethod
    def of(cls, found: Quote) -> Self:
        """Show a quote."""
        return cls(
            tendered=found.tendered, units=found.units, lines=[LineOut(**line._asdict()) for line in found.lines],
            arrears=found.arrears, carry_in=found.carry_in, carry_out=found.carry_out,
        )  # fmt: skip


class TokenOut(BaseModel):
    """A token."""

    token: str = Field(description="20 digits.")
    shown: str = Field(description="The digits in groups of four.")
    kind: str
    tid: int | None
    units: int | None
    entered: datetime | None = Field(description="When the meter had it, as far as is known.")
    said: str = Field(description="What the meter said of it.")

    @classmethod
    def of(cls, found: Token, zone: str) -> Self:
        """Show a token."""
        entered = None if found.entered is None else local(found.entered, zone)
        return cls(
            token=found.digits, shown=grouped(found.digits), kind=found.kind.name.lower(), tid=found.tid,
            units=found.units, entered=entered, said=found.said,
        )  # fmt: skip


class VendOut(QuoteOut):
    """A vend and its tokens, in the order in which they go in."""

    id: int
    message_id: str
    serial: str
    kind: What
    state: State
    at: datetime
    who: str
    shift: int | None
    tender: Tender
    energy: int
    charges: int
    vat: int
    copies: int
    is_sent: bool = Field(description="Whether it was sent to the meter.")
    tokens: list[TokenOut]

    @classmethod
    def made(cls, found: Vend) -> Self:
        """Show a vend."""
        return cls(
            tendered=found.tendered, units=found.units, lines=[LineOut(**line._asdict()) for line in found.lines],
            arrears=found.arrears, carry_in=found.carry_in, carry_out=found.carry_out, id=found.id,
            message_id=found.message_id, serial=found.serial, kind=found.kind, state=found.state,
            at=local(found.at, found.zone), who=found.who, shift=found.shift, tender=found.tender,
            energy=found.energy, charges=found.charges, vat=found.vat, copies=found.copies,
            is_sent=found.device_order is not None, tokens=[TokenOut.of(token, found.zone) for token in found.tokens],
        )  # fmt: skip


class ReversalIn(BaseModel):
    """Why a sale is taken back."""

    why: str = Field(min_length=3, max_length=300)


class EngineeringIn(BaseModel):
    """An engineering token."""

    kind: str = Field(max_length=40, description=f"One of {guarded.NAMES}.")
    value: int = Field(default=0, ge=0, le=18_201_624, description="W, register (65535: all), rate or factor.")
    reason: str = Field(default="", max_length=1_000)


class KeyIn(BaseModel):
    """Another supply group or tariff index."""

    sgc: str = Field(pattern=r"[0-9]{6}")
    ti: int = Field(ge=0, le=99)
    at_once: bool = Field(default=False, description="Make the tokens now; else they come with the next vend.")
    reason: str = Field(default="", max_length=1_000)


class PriceIn(BaseModel):
    """A tariff to come."""

    sgc: str = Field(pattern=r"[0-9]{6}")
    ti: int = Field(ge=0, le=99)
    valid_from: datetime | None = None
    tariff: Tariff
    reason: str = Field(default="", max_length=1_000)


class PriceOut(BaseModel):
    """A tariff, for whom, and from when."""

    id: int
    sgc: str
    ti: int
    valid_from: datetime
    tariff: Tariff


class ShiftIn(BaseModel):
    """The beginning of a shift."""

    till: str = Field(min_length=1, max_length=60)
    float: Sum = 0


class CountIn(BaseModel):
    """The end of a shift."""

    counted: Sum = Field(description="Cash in the till, the float in it.")


class ShiftOut(BaseModel):
    """A shift; `expected` is told once it is closed."""

    id: int
    till: str
    who: str
    opened: datetime
    float: int
    closed: datetime | None
    counted: int | None
    expected: int | None

    @classmethod
    def of(cls, found: Shift, zone: str) -> Self:
        """Show a shift."""
        closed = None if found.closed is None else local(found.closed, zone)
        return cls(
            id=found.id, till=found.till, who=found.who, opened=local(found.opened, zone), float=found.float,
            closed=closed, counted=found.counted, expected=found.expected,
        )  # fmt: skip


class SumOut(BaseModel):
    """What vends of one kind, state and tender come to."""

    kind: What
    state: State
    tender: Tender
    currency: str
    vends: int
    tendered: int
    units: int
    energy: int
    charges: int
    vat: int
    arrears: int
    carry_in: int
    carry_out: int


class ReportOut(BaseModel):
    """Sums of a shift or of a day."""

    title: str
    sums: list[SumOut]
    shifts: list[ShiftOut]

    @classmethod
    def of(cls, found: Report, zone: str) -> Self:
        """Show a report."""
        sums = [SumOut.model_validate(each, from_attributes=True) for each in found.sums]
        return cls(title=found.title, sums=sums, shifts=[ShiftOut.of(shift, zone) for shift in found.shifts])


class FaultOut(BaseModel):
    """A line that did not go in; the others did."""

    line: int
    column: str
    message: str


class TakenOut(BaseModel):
    """What became of the prepayment columns of a shipment file."""

    added: int
    unchanged: int
    faults: list[FaultOut]
