"""What a token does to a meter when it is carried out."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from openami.metering.disconnect import Cause
from openami.metering.limiter import Limiter
from openami.metering.prepayment import NAME, Prepayment
from openami.meters.view import View
from openami.sts.token import InitiateTest, Kind, Transaction

UNIT_WH: Final = 100
"""Unit of a token of electricity credit: 0.1 kWh."""
MILLI: Final = 1_000
LOAD_SWITCH: Final = 1
"""Control bit of the test of the load switch."""


def worth(held: Prepayment, meter: int) -> int:
    """Grains of a unit of electricity credit: 100 Wh, at the price of the first step and rate where credit is money."""
    return UNIT_WH * (int(held.prices[0, 0, meter]) if held.money[meter] else 1)


def room(held: Prepayment, meter: int) -> int:
    """How many units of electricity credit the register still takes."""
    return max(0, held.room(meter)) // max(1, worth(held, meter))


def credit(view: View, token: Transaction) -> int:
    """Credit electricity. -> grains."""
    held = view.laws.part(NAME, Prepayment)
    amount = token.units * worth(held, view.meter)
    held.grant(view.laws, view.meter, amount)
    return amount


def clear_credit(view: View, _token: Transaction) -> int:
    """Take the credit away."""
    view.laws.part(NAME, Prepayment).clear(view.laws, view.meter)
    return 0


def limit_power(view: View, token: Transaction) -> int:
    """Set the limit of the limiter, which opens the relay above it and tries again after its time."""
    limiter = view.laws.part("limiter", Limiter)
    limiter.normal[view.meter] = token.units * MILLI
    limiter.apply(view.laws, np.array([view.meter], np.intp))
    view.holding.event("limiter_changed", view.meter)
    return 0


def clear_tamper(view: View, _token: Transaction) -> int:
    """Write the tamper latch off."""
    if view.laws.relay is not None:
        view.laws.relay.clear_latch(view.laws, np.array([view.meter], np.intp))
    return 0


def test_load_switch(view: View) -> None:
    """Open the relay and close it again, unless something holds it open."""
    relay, here = view.laws.relay, np.array([view.meter], np.intp)
    if relay is not None and relay.closed[view.meter]:
        relay.hold(view.laws, here, Cause.TEST)
        relay.let_go(view.laws, here, Cause.TEST)


EFFECTS: Final[Mapping[Kind, Callable[[View, Transaction], int]]] = {
    Kind.ELECTRICITY: credit,
    Kind.CLEAR_CREDIT: clear_credit,
    Kind.MAXIMUM_POWER_LIMIT: limit_power,
    Kind.CLEAR_TAMPER: clear_tamper,
}
"""What tokens with an identifier do; the rules refuse all others."""


def carry_out(view: View, token: Transaction | InitiateTest | None) -> int:
    """Carry a token out. -> grains that it credited."""
    if token is None:
        return 0
    if isinstance(token, InitiateTest):
        if token.control & LOAD_SWITCH:
            test_load_switch(view)
        return 0
    return EFFECTS[token.kind](view, token)
