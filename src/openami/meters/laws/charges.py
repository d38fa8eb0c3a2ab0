"""Charges of a prepayment meter, as clients see them (class 113): consumption, days, arrears."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from openami.core.errors import DecodeError, DefinitionError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.calendars import NOT_SPECIFIED
from openami.cosem.elements import NO_NAME, ValueDefinition
from openami.cosem.prepayment import ChargeElement, ChargeScaling, UnitCharge
from openami.metering.account import WHOLE_SHARE
from openami.metering.columns import NEVER
from openami.metering.prepayment import ARREARS, DAYS
from openami.meters.laws.credit import amount, here, in_grains
from openami.meters.tokens import register
from openami.meters.view import Law, View

ENERGY: Final = ValueDefinition(3, OBIS.parse("1.0.1.8.0.255"), 2)
NOTHING: Final = ValueDefinition(0, NO_NAME, 0)
GRAIN_SCALE: Final = -5
"""Scale of a price per kWh of one grain per Wh."""
KILO: Final = 3
TABLES: Final = ("prices", "next_prices")
MOST: Final = 0x7FFF
"""Greatest price, or charge, that class 113 can say."""


# Prices of consumption


def table_of(view: View, name: str) -> list[ChargeElement]:
    """Prices by rate and step, as `index` has them: rate, or rate and step, counted from 1."""
    unit = price_unit(view, scale_of(view, name))
    prices = getattr(register(view), name)[:, :, view.meter]
    return [ChargeElement(where, int(prices[place]) // unit) for where, place in places(*prices.shape).items()]


def places(steps: int, rates: int) -> dict[bytes, tuple[int, int]]:
    """Index of each price, and its step and rate: one octet of the rate, and where there are steps one of the step."""
    ends = [b""] if steps == 1 else [bytes([step + 1]) for step in range(steps)]
    return {bytes([rate + 1]) + end: (step, rate) for step, end in enumerate(ends) for rate in range(rates)}


def price_unit(view: View, scale: int) -> int:
    """Grains per Wh of a price of 1 as shown."""
    return int(10 ** (scale - GRAIN_SCALE)) if register(view).money[view.meter] else 1


def scale_of(view: View, name: str) -> int:
    """Scale in which prices are shown."""
    return int(register(view).price_scale[TABLES.index(name), view.meter])


def read_prices(name: str, view: View) -> UnitCharge:
    """Give prices per kWh; where credit is energy a Wh costs a Wh."""
    is_money = bool(register(view).money[view.meter])
    scaling = ChargeScaling(KILO, scale_of(view, name)) if is_money else ChargeScaling(0, 0)
    return UnitCharge(scaling, ENERGY, table_of(view, name))


def write_prices(view: View, given: UnitCharge) -> None:
    """Set the passive prices; they must be prices per kWh."""
    scaling = given.charge_per_unit_scaling
    if scaling.commodity_scale != KILO or not GRAIN_SCALE <= scaling.price_scale <= 0:
        raise DefinitionError(f"expected prices per kWh: scales {KILO} and {GRAIN_SCALE} to 0")
    put(view, "next_prices", given.charge_table, scaling.price_scale)


def put(view: View, name: str, table: Sequence[ChargeElement], scale: int) -> None:
    """Put prices into a table, all or none; those that are not named stay."""
    held, unit = register(view), price_unit(view, scale)
    if not held.money[view.meter]:
        raise DefinitionError("credit is counted in kWh: there are no prices")
    prices = getattr(held, name)[:, :, view.meter].copy()
    known = places(*prices.shape)
    for element in table:
        if element.charge_index not in known or element.charge_per_unit < 0:
            raise DefinitionError(f"no price has the index {element.charge_index.hex()}, or one is below zero")
        prices[known[element.charge_index]] = element.charge_per_unit * unit
    if int(prices.max()) // unit > MOST:
        raise DefinitionError(f"a price that is not named is more than {MOST} at a scale of {scale}")
    getattr(held, name)[:, :, view.meter] = prices
    held.price_scale[TABLES.index(name), view.meter] = scale


def read_activation(view: View) -> CosemDateTime:
    """When the passive prices become the active ones."""
    at = int(register(view).prices_at[view.meter])
    return NOT_SPECIFIED if at == NEVER else view.dst_rule.stamp(at)


def write_activation(view: View, at: CosemDateTime) -> None:
    """Set it; a time that is not specified is none."""
    try:
        when = at.to_utc(view.dst_rule.zone_min)
    except DecodeError:
        when = NEVER
    register(view).prices_at[view.meter] = when


def activate(view: View, _data: object) -> None:
    """Let the passive prices be the active ones."""
    register(view).activate_prices(here(view))


def update_prices(view: View, table: list[ChargeElement]) -> None:
    """Change active prices at once."""
    put(view, "prices", table, scale_of(view, "prices"))


def read_bounds(view: View) -> list[int]:
    """Wh of a period at which the next step begins."""
    return [int(bound) for bound in register(view).bounds[:, view.meter] if bound != NEVER]


def write_bounds(view: View, given: list[int]) -> None:
    """Set them, ascending; steps that none begins are not reached."""
    held = register(view)
    if len(given) > len(held.bounds) or sorted(set(given)) != given:
        raise DefinitionError(f"expected at most {len(held.bounds)} bounds, ascending")
    held.bounds[:, view.meter] = given + [NEVER] * (len(held.bounds) - len(given))


# The day


def read_day(view: View) -> UnitCharge:
    """Give the charge of a day, in the unit of amounts."""
    scaling = ChargeScaling(0, int(register(view).scale[view.meter]))
    daily = min(amount(lambda held: held.daily, view), MOST)
    return UnitCharge(scaling, NOTHING, [ChargeElement(b"", daily)])


def write_day(view: View, given: UnitCharge) -> None:
    """Set the charge of a day; it is taken at midnight from the next one on."""
    held = register(view)
    [element] = given.charge_table if len(given.charge_table) == 1 else [ChargeElement(b"", -1)]
    scale = int(held.scale[view.meter])
    if element.charge_per_unit < 0 or given.charge_per_unit_scaling != ChargeScaling(0, scale):
        raise DefinitionError(f"expected one charge of 0 at least, at a scale of {scale}")
    held.daily[view.meter] = in_grains(view, element.charge_per_unit)
    held.day[view.meter] = -1


# Arrears


def read_collected(row: int, view: View) -> CosemDateTime:
    """When a charge was collected last."""
    at = int(register(view).collected_at[row, view.meter])
    return view.dst_rule.stamp(at) if at else NOT_SPECIFIED


def read_last(row: int, view: View) -> int:
    """Tell how much was collected last."""
    return amount(lambda held: held.last_collected[row], view)


def add_debt(view: View, value: int) -> None:
    """Add to the arrears, or take from them."""
    set_debt(view, amount(lambda held: held.debt, view) + value)


def set_debt(view: View, value: int) -> None:
    """Set the arrears."""
    if value < 0:
        raise DefinitionError(f"{value}: expected arrears of 0 at least")
    register(view).debt[view.meter] = in_grains(view, value)


def write_share(view: View, share: int) -> None:
    """Set the share of a token that goes to arrears, in 10^-4."""
    if share > WHOLE_SHARE:
        raise DefinitionError(f"{share}: expected at most {WHOLE_SHARE}, all of a token")
    register(view).share[view.meter] = share


ROWS: Final = {"day": DAYS, "arrears": ARREARS}
LAWS: Mapping[str, Law] = {
    "charge.prices": Law(partial(read_prices, "prices")),
    "charge.next_prices": Law(partial(read_prices, "next_prices"), write_prices),
    "charge.prices_at": Law(read_activation, write_activation),
    "charge.bounds": Law(read_bounds, write_bounds),
    "charge.consumed": Law(partial(amount, lambda held: held.consumed)),
    "charge.day": Law(read_day, write_day),
    "charge.fixed": Law(partial(amount, lambda held: held.fixed)),
    "charge.collected": Law(partial(amount, lambda held: held.collected)),
    "charge.debt": Law(partial(amount, lambda held: held.debt)),
    "charge.share": Law(lambda view: int(register(view).share[view.meter]), write_share),
    **{f"charge.{name}.at": Law(partial(read_collected, row)) for name, row in ROWS.items()},
    **{f"charge.{name}.last": Law(partial(read_last, row)) for name, row in ROWS.items()},
}
METHODS: Mapping[str, Callable[[View, Any], object]] = {
    "consumption_charge.update_unit_charge": update_prices,
    "consumption_charge.activate_passive_unit_charge": activate,
    "arrears_charge.update_total_amount_remaining": add_debt,
    "arrears_charge.set_total_amount_remaining": set_debt,
}
"""Methods by the name of the object."""
