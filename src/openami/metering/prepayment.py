"""Credit of N meters: what comes in by tokens, what consumption, days and arrears take, when the relay opens.

All amounts are whole grains. Where credit is energy a grain is a Wh. Where it is money a grain is 10^-8 of the
currency, so that a price in 10^-5 per kWh is the same number of grains per Wh and nothing is ever rounded:

    granted = consumed + fixed + collected + cleared + balance

holds to the grain at any time. A balance below zero is what was used of emergency or friendly credit; it is paid back
first. No text of a product says more of this than that no credit disconnects: what is set here are settings.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.core.time import DAY_S
from openami.metering import pricing
from openami.metering.account import LIFE, SCALES, WH_SCALE, WHOLE_SHARE, Mode, Status, Terms
from openami.metering.columns import ALL, NEVER, Columns, Index, Int64
from openami.metering.disconnect import Cause
from openami.metering.load import MINUTE_S, Minutes

if TYPE_CHECKING:
    from openami.metering.state import State

NAME = "prepayment"
QUARTER_S = 900
FEW = 1_000
"""Meters up to which a fleet finds the end of credit to the second; beyond, at the next full minute."""
DAYS, ARREARS = 0, 1
"""Rows of what was collected last: the charge of the day, and arrears out of a token."""


@dataclass(slots=True)
class Prepayment:
    """Credit in grains. [meters] unless stated.

    `prices` are grains per Wh by step and rate [steps, rates, meters]; `bounds` the Wh of the period at which the next
    step begins [steps - 1, meters]; `counted` the register that consumption was charged up to [rates, meters].
    `scale` is that of the currency, `price_scale` those of prices and of the next ones [2, meters]; `lists` name it by
    meter. `selected` says that emergency credit was asked for; `collected_at` and `last_collected` are [2, meters].
    """

    balance: Int64
    mode: NDArray[np.uint8]
    status: NDArray[np.uint8]
    money: NDArray[np.bool_]
    scale: NDArray[np.int8]
    price_scale: NDArray[np.int8]
    prices: Int64
    next_prices: Int64
    prices_at: Int64
    bounds: Int64
    counted: Int64
    used_wh: Int64
    charged: Int64
    spent: Int64
    closings: NDArray[np.uint32]
    most: Int64
    low: Int64
    emergency: Int64
    emergency_below: Int64
    selected: NDArray[np.bool_]
    friendly: NDArray[np.int16]
    daily: Int64
    day: Int64
    debt: Int64
    share: NDArray[np.int16]
    granted: Int64
    consumed: Int64
    fixed: Int64
    collected: Int64
    cleared: Int64
    collected_at: Int64
    last_collected: Int64
    empty: NDArray[np.bool_]
    is_low: NDArray[np.bool_]
    terms: Terms = field(default_factory=Terms)
    lists: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, meters: int, terms: Terms, rates: int) -> Self:
        """Make active accounts of new meters, in kWh, with the credit of the factory."""

        def full(value: int = 0) -> Int64:
            return np.full(meters, value, np.int64)

        prices = np.ones((terms.steps, rates, meters), np.int64)
        friendly = np.repeat(np.array(terms.friendly, np.int16)[:, None], meters, axis=1)
        return cls(
            balance=full(terms.first),
            mode=np.full(meters, Mode.PREPAYMENT, np.uint8),
            status=np.full(meters, Status.ACTIVE, np.uint8),
            money=np.zeros(meters, np.bool_),
            scale=np.full(meters, WH_SCALE, np.int8),
            price_scale=np.full((2, meters), -5, np.int8),
            prices=prices,
            next_prices=prices.copy(),
            prices_at=full(NEVER),
            bounds=np.full((terms.steps - 1, meters), NEVER, np.int64),
            counted=np.zeros((rates, meters), np.int64),
            used_wh=full(),
            charged=full(),
            spent=full(),
            closings=np.zeros(meters, np.uint32),
            most=full(terms.most),
            low=full(terms.low),
            emergency=full(terms.emergency),
            emergency_below=full(terms.emergency_below),
            selected=np.zeros(meters, np.bool_),
            friendly=friendly,
            daily=full(),
            day=full(-1),
            debt=full(),
            share=np.zeros(meters, np.int16),
            granted=full(terms.first),
            consumed=full(),
            fixed=full(),
            collected=full(),
            cleared=full(),
            collected_at=np.zeros((2, meters), np.int64),
            last_collected=np.zeros((2, meters), np.int64),
            empty=np.zeros(meters, np.bool_),
            is_low=np.zeros(meters, np.bool_),
            terms=terms,
        )

    # What there is

    def available(self, columns: Columns = ALL) -> Int64:
        """Credit that can still be used, emergency credit with it where it was asked for. -> [n]."""
        return self.balance[columns] + np.where(self.selected[columns], self.emergency[columns], 0)

    def rules_supply(self, columns: Columns = ALL) -> NDArray[np.bool_]:
        """Whose account is active and prepaid: the others are neither charged nor disconnected. -> [n]."""
        prepaid: NDArray[np.bool_] = self.mode[columns] == Mode.PREPAYMENT
        active: NDArray[np.bool_] = self.status[columns] == Status.ACTIVE
        return prepaid & active

    def grains(self, columns: Columns = ALL) -> Int64:
        """Grains in a unit shown: 1 Wh, or a unit of the currency's scale. -> [n]."""
        return np.where(self.money[columns], 10 ** np.clip(8 + self.scale[columns].astype(np.int64), 0, 18), 1)

    def shown(self, amounts: Int64, columns: Columns = ALL) -> Int64:
        """Amounts as clients see them, rounded down. -> [n]."""
        units: Int64 = amounts // self.grains(columns)
        return units

    @property
    def remaining(self) -> Int64:
        """Remaining balance as shown: what tokens brought; below zero what is owed. -> [meters]."""
        return self.shown(self.balance)

    @property
    def available_credit(self) -> Int64:
        """Available credit as shown. -> [meters]."""
        return self.shown(self.available())

    @property
    def charging(self) -> Int64:
        """Charging amount of the period: what was credited in it. -> [meters]."""
        return self.shown(self.charged)

    @property
    def consumption(self) -> Int64:
        """Consumption amount of the period: what consumption and fixed charges took. -> [meters]."""
        return self.shown(self.spent)

    # What time does

    def horizon(self, state: "State", until: int) -> int:
        """Slices end where a price, a day or friendly hours may change at a meter."""
        if (self.daily != 0).any() or self.friendly[2].any():
            reads = np.unique(state.clock.offset_s + state.now)
            until = min(until, state.now + int((QUARTER_S - reads % QUARTER_S).min()))
        if (self.prices_at != NEVER).any():
            due = self.prices_at - state.clock.offset_s
            until = min(until, int(due[due > state.now].min(initial=until)))
        return pricing.next_rate(state, until) if self.differ() else until

    def differ(self) -> bool:
        """Whether consumption costs more in one rate than in another, at any meter."""
        priced = self.prices[:, :, self.money]
        return bool((priced != priced[:, :1]).any())

    def foresee(self, state: "State", minutes: Minutes, start: int, end: int) -> int:
        """When the credit of some meter is low, or used up: there the slice ends, at the next tick."""
        left = self.margin()
        dear = np.where(self.money, self.prices.max(axis=(0, 1)), 1)
        near = self.rules_supply() & (left <= dear * (pricing.most_wh(minutes, end - start) + 1))
        near &= state.supply.powered | np.isin(np.arange(state.count), state.supply.look(end).meter)
        columns = np.flatnonzero(near)
        if not columns.size:
            return end
        rates = pricing.rates(state) if self.differ() else np.ones(state.count, np.int64)
        course = pricing.Course(state, minutes, columns, rates[columns] - 1, start)
        moment = course.first(lambda wh: self.cost(columns, wh, course.rates) >= left[columns], end)
        return min(end, -(-moment // tick_s(state)) * tick_s(state))

    def margin(self) -> Int64:
        """Cost after which a meter is low on credit, or out of it, and is not so already. -> [meters]."""
        to_empty = np.where(self.empty, NEVER, self.available())
        to_low: Int64 = np.where(self.is_low, NEVER, self.balance - self.low)
        return np.minimum(to_empty, to_low)

    def step(self, state: "State", _minutes: Minutes, _start: int, _end: int) -> None:
        """Charge what was consumed and what the day costs, then see who still has credit."""
        self.roll(state, ALL)
        self.consume(state)
        self.charge_days(state)
        self.activate_prices(np.flatnonzero(self.prices_at <= state.clock.reads(state.now)))
        if state.now % tick_s(state) == 0:
            self.settle(state, np.arange(state.count))

    def roll(self, state: "State", columns: Columns) -> None:
        """Begin a new period where the closing of one was written."""
        profile = state.profiles.get(self.terms.period)
        if profile is None:
            return
        begun = self.closings[columns] != profile.closings[columns]
        if begun.any():
            fresh = np.arange(state.count)[columns][begun]
            for amounts in (self.used_wh, self.charged, self.spent):
                amounts[fresh] = 0
            self.closings[fresh] = profile.closings[fresh]

    def consume(self, state: "State") -> None:
        """Charge consumption since the last time, each rate at its price."""
        reading = pricing.readings(state, len(self.counted))
        used = reading - self.counted
        self.counted[:] = reading
        if not used.any():
            return
        prepaid = self.rules_supply()
        for rate in np.flatnonzero(used.any(axis=1)).tolist():
            wh = np.where(prepaid, used[rate], 0)
            cost = self.cost(ALL, wh, np.full(state.count, rate))
            self.used_wh += wh
            self.take(ALL, cost)
            self.consumed += cost

    def cost(self, columns: Columns, wh: Int64, rates: Int64) -> Int64:
        """Cost of so many Wh more in a period, step by step, at rates counted from 0. [n], [n] -> [n]."""
        money = self.money[columns]
        if not money.any():
            return wh
        meters = np.arange(len(self.money))[columns]
        prices = self.prices[:, rates, meters]
        return np.where(money, pricing.by_steps(self.used_wh[columns], wh, self.bounds[:, columns], prices), wh)

    def take(self, columns: Columns, cost: Int64) -> None:
        """Take a cost from the credit."""
        self.balance[columns] -= cost
        self.spent[columns] += cost

    def charge_days(self, state: "State") -> None:
        """Take the charge of each day that has begun by a meter's clock; one that went back costs nothing."""
        if not (self.daily != 0).any():
            return
        day = self.local(state) // DAY_S
        passed = np.where((self.day >= 0) & self.rules_supply(), np.maximum(day - self.day, 0), 0)
        self.day[:] = day
        cost = passed * self.daily
        due = cost != 0
        self.take(ALL, cost)
        self.fixed += cost
        self.last_collected[DAYS, due], self.collected_at[DAYS, due] = cost[due], state.clock.reads(state.now)[due]

    def local(self, state: "State") -> Int64:
        """Second that each meter's clock shows in its own zone. -> [meters]."""
        reads = state.clock.reads(state.now)
        deviation, _ = state.clock.deviation(np.arange(state.count), reads)
        return reads - deviation.astype(np.int64) * 60

    def is_friendly(self, state: "State") -> NDArray[np.bool_]:
        """Who is not disconnected at this hour. -> [meters]."""
        first, last, days = self.friendly.astype(np.int64)
        if not days.any():
            return np.zeros(state.count, np.bool_)
        local = self.local(state)
        quarter, day = local % DAY_S // QUARTER_S, (local // DAY_S + 3) % 7
        through: NDArray[np.bool_] = first > last  # over midnight: the hours after it belong to the day before
        day = np.where(through & (quarter < last), (day - 1) % 7, day)
        after: NDArray[np.bool_] = quarter >= first
        before: NDArray[np.bool_] = quarter < last
        named: NDArray[np.bool_] = days >> day & 1 != 0
        return np.where(through, after | before, after & before) & named

    def settle(self, state: "State", columns: Index) -> None:
        """See who is out of credit, who is low, and whose relay that moves."""
        prepaid, left = self.rules_supply(columns), self.available(columns)
        empty, low = prepaid & (left <= 0), prepaid & (self.balance[columns] <= self.low[columns])
        for name, held, now in (("credit_low", self.is_low, low), ("no_credit", self.empty, empty)):
            state.event(name, columns[now & ~held[columns]], state.now)
        state.event("credit_back", columns[~empty & self.empty[columns]], state.now)
        self.empty[columns], self.is_low[columns] = empty, low
        relay = state.relay
        if relay is None:
            return
        held = relay.causes[columns] & np.uint16(Cause.NO_CREDIT) != 0
        if (empty & ~held).any():
            hard = ~self.is_friendly(state)[columns]
            relay.hold(state, columns[empty & ~held & hard], Cause.NO_CREDIT)
        if (held & ~empty).any():
            relay.let_go(state, columns[held & ~empty], Cause.NO_CREDIT)

    # What is done to one meter

    def room(self, meter: int) -> int:
        """Grains that the register still takes."""
        return int(self.most_grains(meter) - self.balance[meter])

    def most_grains(self, meter: int) -> int:
        """Most that the register holds."""
        return int(self.most[meter]) * int(self.grains()[meter])

    def grant(self, state: "State", meter: int, amount: int, *, arrears: bool = True) -> int:
        """Credit an amount; the share of arrears is kept back. -> what went to the arrears."""
        kept = 0
        here = np.array([meter], np.intp)
        self.roll(state, here)
        if arrears and self.debt[meter] > 0 and amount > 0:
            kept = min(int(self.debt[meter]), amount * int(self.share[meter]) // WHOLE_SHARE)
            self.debt[meter] -= kept
            self.collected[meter] += kept
            self.last_collected[ARREARS, meter], self.collected_at[ARREARS, meter] = kept, state.clock_of(meter)
        self.granted[meter] += amount
        self.charged[meter] += amount
        self.balance[meter] += amount - kept
        if self.balance[meter] > self.emergency_below[meter]:
            self.selected[meter] = False  # what was used of it is paid back
        self.settle(state, here)
        return kept

    def clear(self, state: "State", meter: int) -> None:
        """Take all credit away; what is owed stays owed."""
        lost = max(int(self.balance[meter]), 0)
        self.balance[meter] -= lost
        self.cleared[meter] += lost
        self.settle(state, np.array([meter], np.intp))

    def select(self, state: "State", meter: int) -> None:
        """Ask for emergency credit: only where there is some, and the balance is low enough."""
        if not self.emergency[meter] or self.balance[meter] > self.emergency_below[meter]:
            raise DefinitionError("emergency credit is not to be had now", key="emergency")
        self.selected[meter] = True
        self.settle(state, np.array([meter], np.intp))

    def set_status(self, state: "State", meter: int, status: Status) -> None:
        """Activate, close or make anew an account; a new one begins with nothing, whatever was owed."""
        before = Status(int(self.status[meter]))
        if (before, status) not in LIFE:
            raise DefinitionError(f"an account does not go from {before.name} to {status.name}", key="status")
        self.status[meter] = status
        if status is Status.NEW:
            self.debt[meter] = 0
            self.clear(state, meter)
            self.grant(state, meter, -int(self.balance[meter]), arrears=False)
        self.settle(state, np.array([meter], np.intp))

    def set_currency(self, state: "State", meter: int, name: str, scale: int, *, money: bool) -> None:
        """Count in another unit from here on: only an account that holds nothing and owes nothing can."""
        if self.balance[meter] or self.debt[meter]:
            raise DefinitionError("the account is not empty: clear its credit and its arrears first", key="currency")
        if not (SCALES[0] <= scale <= SCALES[1] if money else scale == WH_SCALE):
            raise DefinitionError(
                f"a scale of {scale}: expected {SCALES[0]} to {SCALES[1]}, or -3 of kWh", key="currency"
            )
        before = int(self.grains()[meter])
        self.money[meter], self.scale[meter] = money, scale
        after = int(self.grains()[meter])
        for amounts in (self.low, self.emergency, self.emergency_below, self.daily):
            amounts[meter] = int(amounts[meter]) // before * after
        self.lists[str(meter)] = name
        for amounts in (
            self.charged,
            self.spent,
            self.granted,
            self.consumed,
            self.fixed,
            self.collected,
            self.cleared,
        ):
            amounts[meter] = 0
        self.settle(state, np.array([meter], np.intp))

    def activate_prices(self, columns: Index) -> None:
        """Let the passive prices be the active ones."""
        self.prices[:, :, columns] = self.next_prices[:, :, columns]
        self.price_scale[0, columns] = self.price_scale[1, columns]
        self.prices_at[columns] = NEVER


def tick_s(state: "State") -> int:
    """Seconds between two looks at credit: so the slices of a great fleet do not end for each of its meters."""
    return 1 if state.count <= FEW else MINUTE_S
