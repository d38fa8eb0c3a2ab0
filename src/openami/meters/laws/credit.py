"""Account and credits of a prepayment meter, as clients see them (classes 111 and 112)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from openami.core.errors import DefinitionError
from openami.core.units import ScalerUnit, Unit
from openami.cosem.prepayment import (
    AccountMode,
    AccountStatus,
    CreditStatus,
    Currency,
    CurrencyUnit,
    ModeAndStatus,
)
from openami.dlms.data import BitString
from openami.metering.account import KWH, Mode, Status
from openami.metering.columns import Index, Int64
from openami.metering.prepayment import Prepayment
from openami.meters.tokens import credit, emergency, register
from openami.meters.view import Law, View

QUARTERS = 96
EVERY_DAY = 0x7F


def here(view: View) -> Index:
    """Column of the meter."""
    return np.array([view.meter], np.intp)


def in_grains(view: View, amount: int) -> int:
    """Grains of an amount as clients write it."""
    return amount * int(register(view).grains(here(view))[0])


def amount(of: Callable[[Prepayment], Int64], view: View) -> int:
    """Read an amount."""
    held = register(view)
    return int(held.shown(of(held)[here(view)], here(view))[0])


def write_amount(name: str, view: View, value: int) -> None:
    """Set a threshold or a limit, which none below zero is."""
    if value < 0:
        raise DefinitionError(f"{value}: expected an amount of 0 at least")
    getattr(register(view), name)[view.meter] = in_grains(view, value)
    register(view).settle(view.laws, here(view))


def setting(name: str) -> Law:
    """Make the law of an amount that clients set."""
    return Law(partial(amount, lambda held: getattr(held, name)), partial(write_amount, name))


# Account


def read_mode(view: View) -> ModeAndStatus:
    """Mode and status."""
    held = register(view)
    return ModeAndStatus(AccountMode(int(held.mode[view.meter])), AccountStatus(int(held.status[view.meter])))


def write_mode(view: View, given: ModeAndStatus) -> None:
    """Set the mode; the status goes its own way."""
    held = register(view)
    if int(given.account_status) != held.status[view.meter]:
        raise DefinitionError("the status of an account is changed by its methods")
    held.mode[view.meter] = Mode(int(given.account_mode))
    held.settle(view.laws, here(view))


def read_status(view: View) -> BitString:
    """Credit, low, next one enabled, selectable, selected, in use, no credit, reserved."""
    held, meter = register(view), view.meter
    lent, balance = int(held.emergency[meter]), int(held.balance[meter])
    selected = bool(held.selected[meter])
    selectable = bool(lent) and not selected and balance <= held.emergency_below[meter]
    in_use = selected and balance <= 0 < balance + lent
    flags = (balance > 0, held.is_low[meter], lent > 0, selectable, selected, in_use, held.empty[meter], False)
    return BitString.parse("".join("1" if flag else "0" for flag in flags))


def in_use(view: View) -> int:
    """Place of the credit in use: 0 that of tokens, 1 that of emergencies."""
    held = register(view)
    return int(bool(held.selected[view.meter]) and held.balance[view.meter] <= 0)


def read_currency(view: View) -> Currency:
    """Name, scale and kind of what amounts are counted in."""
    held, meter = register(view), view.meter
    unit = CurrencyUnit.MONETARY if held.money[meter] else CurrencyUnit.CONSUMPTION
    return Currency(held.lists.get(str(meter), KWH), int(held.scale[meter]), unit)


def write_currency(view: View, given: Currency) -> None:
    """Count in another unit: money, or kWh."""
    if given.currency_unit is CurrencyUnit.TIME:
        raise DefinitionError("credit is counted in kWh or in money")
    money = given.currency_unit is CurrencyUnit.MONETARY
    register(view).set_currency(view.laws, view.meter, given.currency_name, given.currency_scale, money=money)


def read_unit(view: View) -> ScalerUnit:
    """Scaler and unit of amounts in registers."""
    held = register(view)
    if held.money[view.meter]:
        return ScalerUnit(int(held.scale[view.meter]), Unit.CURRENCY)
    return ScalerUnit(0, Unit.WATT_HOUR)


def go_on(status: Status, view: View, _data: object) -> None:
    """Activate, close or reset the account."""
    register(view).set_status(view.laws, view.meter, status)


# Credits


def emergency_status(view: View) -> CreditStatus:
    """Where emergency credit stands."""
    held, meter = register(view), view.meter
    balance, lent = int(held.balance[meter]), int(held.emergency[meter])
    if held.selected[meter]:
        if balance > 0:
            return CreditStatus.SELECTED
        return CreditStatus.IN_USE if balance + lent > 0 else CreditStatus.EXHAUSTED
    is_near = bool(lent) and balance <= held.emergency_below[meter]
    return CreditStatus.SELECTABLE if is_near else CreditStatus.ENABLED


def token_status(view: View) -> CreditStatus:
    """Where the credit of tokens stands."""
    return CreditStatus.IN_USE if register(view).balance[view.meter] > 0 else CreditStatus.EXHAUSTED


def update(view: View, value: int) -> None:
    """Add to the credit, or take from it: not more than the register holds."""
    held, grains = register(view), in_grains(view, value)
    if grains > held.room(view.meter):
        raise DefinitionError("that is more than the register holds")
    held.grant(view.laws, view.meter, grains, arrears=False)


def set_to(view: View, value: int) -> None:
    """Set the credit to a value."""
    held, grains = register(view), in_grains(view, value)
    if grains > held.most_grains(view.meter):
        raise DefinitionError("that is more than the register holds")
    held.grant(view.laws, view.meter, grains - int(held.balance[view.meter]), arrears=False)


def invoke(view: View, _data: object) -> None:
    """Ask for emergency credit."""
    emergency(view)


# Friendly hours


def read_friendly(view: View) -> tuple[int, ...]:
    """First quarter of an hour, the one after the last, and days as bits, Monday the lowest."""
    return tuple(register(view).friendly[:, view.meter].tolist())


def write_friendly(view: View, given: tuple[int, int, int]) -> None:
    """Set the friendly hours; no days are none."""
    first, last, days = given
    if first > QUARTERS or last > QUARTERS or days > EVERY_DAY:
        raise DefinitionError(f"expected quarters of an hour up to {QUARTERS}, and 7 bits of days")
    register(view).friendly[:, view.meter] = given
    register(view).settle(view.laws, here(view))


LAWS: Mapping[str, Law] = {
    "account.mode_and_status": Law(read_mode, write_mode),
    "account.credit_in_use": Law(in_use),
    "account.credit_status": Law(read_status),
    "account.amount_to_clear": Law(partial(amount, lambda held: np.maximum(-held.balance, 0))),
    "account.aggregated_debt": Law(partial(amount, lambda held: held.debt)),
    "account.currency": Law(read_currency, write_currency),
    "credit.scaler_unit": Law(read_unit),
    "credit.low": setting("low"),
    "credit.emergency": setting("emergency"),
    "credit.emergency_below": setting("emergency_below"),
    "credit.emergency_left": Law(lambda view: credit(view).emergency),
    "credit.emergency_status": Law(emergency_status),
    "credit.token_status": Law(token_status),
    "credit.friendly": Law(read_friendly, write_friendly),
}
METHODS: Mapping[str, Callable[[View, Any], object]] = {
    "account.activate_account": partial(go_on, Status.ACTIVE),
    "account.close_account": partial(go_on, Status.CLOSED),
    "account.reset_account": partial(go_on, Status.NEW),
    "token_credit.update_amount": update,
    "token_credit.set_amount_to_value": set_to,
    "emergency_credit.invoke_credit": invoke,
}
"""Methods by the name of the object."""
