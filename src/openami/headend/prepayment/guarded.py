"""What takes a second person: engineering tokens, changes of key and of prices, and taking a sale back."""

from dataclasses import replace
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from openami.core.errors import DecodeError
from openami.headend.accounts import audit
from openami.headend.accounts.proposals import Guarded, Outcome, Proposal, register
from openami.headend.kit.access import ROOT, Permission
from openami.headend.kit.database import Unit
from openami.headend.prepayment import customers, tariffs, vending
from openami.headend.prepayment.customers import month_of
from openami.headend.prepayment.module import Made, wanted_of
from openami.headend.prepayment.pricing import Tariff, written
from openami.headend.prepayment.schemas import Customer, Tender, What
from openami.headend.prepayment.shop import module_of, shop_of
from openami.headend.prepayment.vending import FREE, Book
from openami.sts.issuing import MSE
from openami.sts.security_module import MeterConfig
from openami.sts.token import ALL_REGISTERS, Kind

Serial = Annotated[str, Field(max_length=40)]
Sgc = Annotated[str, Field(pattern=r"[0-9]{6}")]
Ti = Annotated[int, Field(ge=0, le=99)]
KINDS: Final = {kind.name.lower().replace("_", "-"): kind for kind in sorted(MSE)}
"""Engineering tokens by the names of `openami sts`' enumeration."""
NAMES: Final = ", ".join(KINDS)


class Payload(BaseModel):
    """What is proposed, whole."""

    model_config = ConfigDict(extra="forbid")


class Engineering(Payload):
    """An engineering token for a meter."""

    serial: Serial
    kind: str = Field(description=f"One of {NAMES}.")
    value: int = Field(default=0, ge=0, le=18_201_624, description="W, register (65535: all), rate or factor.")


class KeyChange(Payload):
    """Another supply group or tariff index for a meter; the tokens come with the next vend, or at once."""

    serial: Serial
    sgc: Sgc
    ti: Ti
    at_once: bool = False


class Prices(Payload):
    """A tariff."""

    sgc: Sgc
    ti: Ti
    valid_from: int = Field(ge=0, description="Business time, epoch seconds.")
    tariff: Tariff


class Reversal(Payload):
    """A sale that is to be taken back; the slip with the token lies before both people."""

    vend: int = Field(ge=1)
    why: str = Field(min_length=3, max_length=300)


def _area(unit: Unit, wanted: Engineering | KeyChange) -> str:
    return customers.of_meter(unit, wanted.serial).area


def _kind(name: str) -> Kind:
    try:
        return KINDS[name]
    except KeyError:
        raise DecodeError(f"there is no engineering token {name!r}; there are {NAMES}") from None


def _engineering_sentence(unit: Unit, wanted: Engineering) -> str:
    found = customers.of_meter(unit, wanted.serial)
    kind = _kind(wanted.kind)
    value = "all registers" if kind is Kind.CLEAR_CREDIT and wanted.value == ALL_REGISTERS else str(wanted.value)
    about = "" if kind is Kind.CLEAR_TAMPER else f" ({value})"
    return f"Make a token {wanted.kind}{about} for meter {found.serial}, MeterPAN {found.pan}"


def _key_sentence(unit: Unit, wanted: KeyChange) -> str:
    found = customers.of_meter(unit, wanted.serial)
    when = "at once" if wanted.at_once else "with its next vend"
    return f"Change meter {found.serial} to supply group {wanted.sgc}, tariff index {wanted.ti:02d}, {when}"


def _prices_sentence(_unit: Unit, wanted: Prices) -> str:
    return f"Sell to supply group {wanted.sgc}, tariff index {wanted.ti:02d} by “{wanted.tariff.title}”"


def _reversal_area(unit: Unit, wanted: Reversal) -> str:
    return vending.load(unit, wanted.vend).area


def _reversal_sentence(unit: Unit, wanted: Reversal) -> str:
    found = vending.load(unit, wanted.vend)
    vending.demand_reversible(unit, found)
    money = written(found.tendered, found.tariff) if found.tariff else ""
    return f"Take back vend {found.id} of meter {found.serial}: {money} to the customer, the token not entered"


def _written(unit: Unit, found: Customer, made: Made, book: Book) -> Outcome:
    """Write tokens that nobody pays for."""
    price = replace(FREE, carry_in=found.carry, carry_out=found.carry)
    return Outcome(f"vend {vending.write(unit, found, book, price, made)}")


def _book(what: What, found: Customer, proposal: Proposal, at: int) -> Book:
    """How they go into the books: under the number of their proposal."""
    message = f"proposal-{proposal.id}"
    month = month_of(at, found.zone)
    return Book(message, vending.digest_of(message), what, Tender.NONE, at, month, why=proposal.sentence)


def _engineering(unit: Unit, wanted: Engineering, proposal: Proposal) -> Outcome:
    found = customers.of_meter(unit, wanted.serial)
    meter = MeterConfig(found.pan, found.attributes)
    at = int(shop_of(unit).now())
    made = module_of(unit).engineering(unit, meter, _kind(wanted.kind), wanted.value, at)
    return _written(unit, found, made, _book(What.ENGINEERING, found, proposal, at))


def _change_key(unit: Unit, wanted: KeyChange, proposal: Proposal) -> Outcome:
    found = customers.of_meter(unit, wanted.serial)
    unit.run(
        "UPDATE prepay_account SET wanted_sgc = ?, wanted_ti = ? WHERE meter = ?",
        (wanted.sgc, wanted.ti, found.meter),
    )
    audit.note(unit, "prepayment.key", found.serial, scope=found.area, sgc=wanted.sgc, ti=wanted.ti)
    if not wanted.at_once:
        return Outcome("the next vend brings the tokens")
    new, at = wanted_of(found.attributes, wanted.sgc, wanted.ti), int(shop_of(unit).now())
    made = module_of(unit).key_change(unit, MeterConfig(found.pan, found.attributes), new, at)
    if not made.issued:
        return Outcome("the meter has that key already")
    return _written(unit, found, made, _book(What.KEY_CHANGE, found, proposal, at))


def _put_prices(unit: Unit, wanted: Prices, _proposal: Proposal) -> Outcome:
    return Outcome(f"tariff {tariffs.put(unit, wanted.sgc, wanted.ti, wanted.valid_from, wanted.tariff)}")


def _take_back(unit: Unit, wanted: Reversal, _proposal: Proposal) -> Outcome:
    return Outcome(f"vend {vending.take_back(unit, wanted.vend, wanted.why, shop_of(unit).now()).id} is reversed")


ENGINEERING = register(
    Guarded(
        "prepayment.engineering", "Make an engineering token", Engineering, Permission.COMMANDS, Permission.APPROVE,
        _area, _engineering_sentence, _engineering,
    )
)  # fmt: skip
KEY_CHANGE = register(
    Guarded(
        "prepayment.key", "Change the vending key of a meter", KeyChange, Permission.KEYS, Permission.APPROVE,
        _area, _key_sentence, _change_key,
    )
)  # fmt: skip
PRICES = register(
    Guarded(
        "prepayment.tariff", "Change prices of energy", Prices, Permission.TARIFFS, Permission.APPROVE,
        lambda _unit, _wanted: ROOT, _prices_sentence, _put_prices,
    )
)  # fmt: skip
REVERSAL = register(
    Guarded(
        "prepayment.reversal", "Take a sale back", Reversal, Permission.VEND, Permission.APPROVE,
        _reversal_area, _reversal_sentence, _take_back,
    )
)  # fmt: skip
