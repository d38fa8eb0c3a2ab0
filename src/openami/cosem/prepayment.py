"""Account, credits and charges of a prepayment meter (Blue Book, classes 111, 112, 113).

Numbers of members are those of the book as peers have them; the types are marked as not verified.
"""

from enum import IntEnum
from typing import NamedTuple

from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.calendars import NOT_SPECIFIED
from openami.cosem.elements import NO_NAME, TAGGED_DATE_TIME, VALUE_DEFINITION, ValueDefinition
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.dlms.data import (
    BIT_STRING,
    DATE_TIME,
    INT8,
    INT16,
    INT32,
    LOGICAL_NAME,
    OCTET_STRING,
    UINT8,
    UINT16,
    UINT32,
    UTF8_STRING,
    BitString,
    array,
    choice,
    enum,
    structure,
)

NO_BITS = BitString.parse("00000000")


class AccountMode(IntEnum):
    """Whether consumption is paid before or after."""

    CREDIT = 1
    PREPAYMENT = 2


class AccountStatus(IntEnum):
    """Life of an account."""

    NEW_INACTIVE = 1
    ACTIVE = 2
    CLOSED = 3


class CurrencyUnit(IntEnum):
    """What amounts are counted in."""

    TIME = 0
    CONSUMPTION = 1
    MONETARY = 2


class CreditType(IntEnum):
    """Where a credit comes from."""

    TOKEN = 0
    RESERVED = 1
    EMERGENCY = 2
    TIME_BASED = 3
    CONSUMPTION_BASED = 4


class CreditStatus(IntEnum):
    """Where a credit stands in its life."""

    ENABLED = 0
    SELECTABLE = 1
    SELECTED = 2
    IN_USE = 3
    EXHAUSTED = 4


class ChargeType(IntEnum):
    """What a charge is collected by."""

    CONSUMPTION_BASED = 0
    TIME_BASED = 1
    PAYMENT_EVENT_BASED = 2


class ModeAndStatus(NamedTuple):
    """Mode and status of an account."""

    account_mode: AccountMode
    account_status: AccountStatus


class Currency(NamedTuple):
    """Currency by name, its scale as a power of ten, and of what kind it is."""

    currency_name: str
    currency_scale: int
    currency_unit: CurrencyUnit


class CreditCharge(NamedTuple):
    """Which charge is collected from which credit, and when, as bits."""

    credit_reference: OBIS
    charge_reference: OBIS
    collection_configuration: BitString


class TokenProportion(NamedTuple):
    """Share of a token, in per cent, that goes to a credit."""

    credit_reference: OBIS
    token_proportion: int


class ChargeScaling(NamedTuple):
    """Powers of ten of commodity and price."""

    commodity_scale: int
    price_scale: int


class ChargeElement(NamedTuple):
    """Price per unit under an index, e.g. of a tariff."""

    charge_index: bytes
    charge_per_unit: int


class UnitCharge(NamedTuple):
    """Prices, what they are of, and how both are scaled."""

    charge_per_unit_scaling: ChargeScaling
    commodity_reference: ValueDefinition
    charge_table: list[ChargeElement]


MODE_AND_STATUS = structure(ModeAndStatus, enum(AccountMode), enum(AccountStatus))
CURRENCY = structure(Currency, UTF8_STRING, INT8, enum(CurrencyUnit))
CREDIT_CHARGE = structure(CreditCharge, LOGICAL_NAME, LOGICAL_NAME, BIT_STRING)
TOKEN_PROPORTION = structure(TokenProportion, LOGICAL_NAME, UINT8)
CHARGE_TABLE = array(structure(ChargeElement, OCTET_STRING, INT16))
UNIT_CHARGE = structure(UnitCharge, structure(ChargeScaling, INT8, INT8), VALUE_DEFINITION, CHARGE_TABLE)
INVOKED = choice(INT8, UINT8)
"""Parameter of invoke_credit: gurux-dlms sends an unsigned."""
NO_CURRENCY = Currency("", 0, CurrencyUnit.CONSUMPTION)
NO_CHARGE = UnitCharge(ChargeScaling(0, 0), ValueDefinition(0, NO_NAME, 0), [])


@interface_class(111, version=0)
class Account(CosemObject):
    """Mode and state of an account, and the credits and charges that belong to it (Blue Book, class 111)."""

    account_mode_and_status: Attribute[ModeAndStatus] = Attribute(
        2, MODE_AND_STATUS, default=ModeAndStatus(AccountMode.CREDIT, AccountStatus.NEW_INACTIVE), verified=False
    )
    current_credit_in_use: Attribute[int] = Attribute(3, UINT8, default=0, verified=False)
    current_credit_status: Attribute[BitString] = Attribute(4, BIT_STRING, default=NO_BITS, verified=False)
    available_credit: Attribute[int] = Attribute(5, INT32, default=0, verified=False)
    amount_to_clear: Attribute[int] = Attribute(6, INT32, default=0, verified=False)
    clearance_threshold: Attribute[int] = Attribute(7, INT32, default=0, verified=False)
    aggregated_debt: Attribute[int] = Attribute(8, INT32, default=0, verified=False)
    credit_reference_list: Attribute[list[OBIS]] = Attribute(9, array(LOGICAL_NAME), factory=list, verified=False)
    charge_reference_list: Attribute[list[OBIS]] = Attribute(10, array(LOGICAL_NAME), factory=list, verified=False)
    credit_charge_configuration: Attribute[list[CreditCharge]] = Attribute(
        11, array(CREDIT_CHARGE), factory=list, verified=False
    )
    token_gateway_configuration: Attribute[list[TokenProportion]] = Attribute(
        12, array(TOKEN_PROPORTION), factory=list, verified=False
    )
    account_activation_time: Attribute[CosemDateTime] = Attribute(13, DATE_TIME, default=NOT_SPECIFIED, verified=False)
    account_closure_time: Attribute[CosemDateTime] = Attribute(14, DATE_TIME, default=NOT_SPECIFIED, verified=False)
    currency: Attribute[Currency] = Attribute(15, CURRENCY, default=NO_CURRENCY, verified=False)
    low_credit_threshold: Attribute[int] = Attribute(16, INT32, default=0, verified=False)
    next_credit_available_threshold: Attribute[int] = Attribute(17, INT32, default=0, verified=False)
    max_provision: Attribute[int] = Attribute(18, UINT16, default=0, verified=False)
    max_provision_period: Attribute[int] = Attribute(19, INT32, default=0, verified=False)

    activate_account: Method[int, None] = Method(1, INT8, verified=False)
    close_account: Method[int, None] = Method(2, INT8, verified=False)
    reset_account: Method[int, None] = Method(3, INT8, verified=False)


@interface_class(112, version=0)
class Credit(CosemObject):
    """One credit of an account: token, emergency or another (Blue Book, class 112)."""

    current_credit_amount: Attribute[int] = Attribute(2, INT32, default=0, verified=False)
    credit_type: Attribute[CreditType] = Attribute(3, enum(CreditType), default=CreditType.TOKEN, verified=False)
    priority: Attribute[int] = Attribute(4, UINT8, default=1, verified=False)
    warning_threshold: Attribute[int] = Attribute(5, INT32, default=0, verified=False)
    limit: Attribute[int] = Attribute(6, INT32, default=0, verified=False)
    credit_configuration: Attribute[BitString] = Attribute(
        7, BIT_STRING, default=BitString.parse("00000"), verified=False
    )
    credit_status: Attribute[CreditStatus] = Attribute(
        8, enum(CreditStatus), default=CreditStatus.ENABLED, verified=False
    )
    preset_credit_amount: Attribute[int] = Attribute(9, INT32, default=0, verified=False)
    credit_available_threshold: Attribute[int] = Attribute(10, INT32, default=0, verified=False)
    period: Attribute[CosemDateTime] = Attribute(11, DATE_TIME, default=NOT_SPECIFIED, verified=False)

    update_amount: Method[int, None] = Method(1, INT32, verified=False)
    set_amount_to_value: Method[int, None] = Method(2, INT32, verified=False)
    invoke_credit: Method[int, None] = Method(3, INVOKED, verified=False)


@interface_class(113, version=0)
class Charge(CosemObject):
    """One charge of an account: consumption, time or payments (Blue Book, class 113)."""

    total_amount_paid: Attribute[int] = Attribute(2, INT32, default=0, verified=False)
    charge_type: Attribute[ChargeType] = Attribute(
        3, enum(ChargeType), default=ChargeType.CONSUMPTION_BASED, verified=False
    )
    priority: Attribute[int] = Attribute(4, UINT8, default=1, verified=False)
    unit_charge_active: Attribute[UnitCharge] = Attribute(5, UNIT_CHARGE, default=NO_CHARGE, verified=False)
    unit_charge_passive: Attribute[UnitCharge] = Attribute(6, UNIT_CHARGE, default=NO_CHARGE, verified=False)
    unit_charge_activation_time: Attribute[CosemDateTime] = Attribute(
        7, DATE_TIME, default=NOT_SPECIFIED, verified=False
    )
    period: Attribute[int] = Attribute(8, UINT32, default=0, verified=False)
    charge_configuration: Attribute[BitString] = Attribute(9, BIT_STRING, default=BitString.parse("00"), verified=False)
    last_collection_time: Attribute[CosemDateTime] = Attribute(
        10, TAGGED_DATE_TIME, default=NOT_SPECIFIED, verified=False
    )
    last_collection_amount: Attribute[int] = Attribute(11, INT32, default=0, verified=False)
    total_amount_remaining: Attribute[int] = Attribute(12, INT32, default=0, verified=False)
    proportion: Attribute[int] = Attribute(13, UINT16, default=0, verified=False)

    update_unit_charge: Method[list[ChargeElement], None] = Method(1, CHARGE_TABLE, verified=False)
    activate_passive_unit_charge: Method[int, None] = Method(2, INT8, verified=False)
    collect: Method[int, None] = Method(3, INT8, verified=False)
    update_total_amount_remaining: Method[int, None] = Method(4, INT32, verified=False)
    set_total_amount_remaining: Method[int, None] = Method(5, INT32, verified=False)
