"""Credit on arrays: nothing is lost or made, however time is cut; to the second when it ends; whom that disconnects."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.loads import constant, drawn
from openami.core.errors import DefinitionError
from openami.core.time import DAY_S, CosemDate
from openami.metering import commands
from openami.metering.account import KWH, WHOLE_SHARE, Mode, Status, Terms
from openami.metering.advance import advance
from openami.metering.billing import Capture, Column
from openami.metering.disconnect import Cause, Relay
from openami.metering.events import LOGS, PLAIN, Entry
from openami.metering.load import Load
from openami.metering.prepayment import NAME, Prepayment
from openami.metering.quantities import Energy
from openami.metering.state import MakePart, Rules, State
from openami.metering.timeline import Trigger

START = int(datetime(2026, 11, 29, 23, tzinfo=UTC).timestamp())
"""Monday 2026-11-30 00:00 in the meters' zone: a day before a month ends."""
HOUR_S, QUARTER_S = 3_600, 900
KW = 1_000_000
COLUMNS = tuple(Column(name, f"part.{NAME}.{name}", "<i4") for name in ("remaining", "charging", "consumption"))
FACE = replace(
    PLAIN,
    events={
        **PLAIN.events,
        **{name: Entry("standard", code) for code, name in enumerate(("no_credit", "credit_back", "credit_low"), 230)},
    },
)


def fleet(meters: int = 1, **terms: object) -> State:
    """Meters with credit, a relay, and a month that closes."""
    made = Terms(**{"first": 10_000, "low": 0, **terms})  # type: ignore[arg-type]
    parts: dict[str, MakePart] = {
        "relay": lambda count, _now: Relay.of(count, mode=5, life=10_000),
        NAME: lambda count, _now: Prepayment.of(count, made, 2),
    }
    billing = Capture((Trigger(date=CosemDate(day=1)),), 12, COLUMNS, closes=True)
    return State.create(meters, START, rules=Rules(parts=parts, profiles={"billing": billing}, face=FACE, logs=LOGS))


def credit(state: State) -> Prepayment:
    return state.part(NAME, Prepayment)


def live(state: State, seconds: int, load: Load | None = None, cut: int = 10 * DAY_S) -> State:
    until = state.now + seconds
    while state.now < until:
        advance(state, min(until, state.now + cut), load or constant(KW, meters=state.count))
    return state


def in_money(state: State, prices: list[list[int]], bounds: list[int], balance: int) -> Prepayment:
    """Count in cents, at prices by step and rate in 10^-5 a kWh."""
    held = credit(state)
    for meter in range(state.count):
        held.grant(state, meter, -int(held.balance[meter]), arrears=False)
        held.set_currency(state, meter, "EUR", -2, money=True)
        held.grant(state, meter, balance, arrears=False)
    held.prices[:] = np.array(prices)[:, :, None]
    held.bounds[:] = np.array(bounds)[:, None]
    return held


def balanced(state: State) -> None:
    """What came in is what was used and what is left, to the grain; used is what the register counted."""
    held = credit(state)
    left = held.consumed + held.fixed + held.collected + held.cleared + held.balance
    assert (held.granted == left).all()


# Conservation


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_credit_in_is_consumed_and_remaining_whatever_happens(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = fleet(3, emergency=500, steps=3)
    held = credit(state)
    if seed % 2:
        in_money(state, rng.integers(1, 60_000, (3, 2)).tolist(), [3_000, 9_000], 20_000 * 10**6)
    load = drawn(START, 3, seed)
    for _ in range(12):
        live(state, int(rng.integers(1, 8 * HOUR_S)), load)
        meter, amount = int(rng.integers(3)), int(rng.integers(1, 5_000)) * int(held.grains()[0])
        match int(rng.integers(6)):
            case 0:
                held.grant(state, meter, amount)
            case 1:
                held.clear(state, meter)
            case 2:
                held.debt[meter], held.share[meter] = amount, rng.integers(0, WHOLE_SHARE + 1)
            case 3:
                held.daily[meter], held.day[meter] = amount // 10, -1
            case 4 if held.balance[meter] <= 0:
                held.select(state, meter)
            case _:
                commands.cut(state, meter, state.now) if state.supply.powered[meter] else None
                live(state, 60, load)
                commands.restore(state, meter, state.now) if not state.supply.powered[meter] else None
        balanced(state)
    if not seed % 2:
        assert (held.consumed == state.registers.whole(Energy.ACTIVE_IMPORT)).all()


@pytest.mark.parametrize("cut", [777, 3_600])
def test_how_time_is_cut_makes_no_difference_to_any_bit(cut: int) -> None:
    def run(length: int) -> State:
        state = fleet(4, emergency=300, emergency_below=100, friendly=(72, 28, 0x1F), steps=2, low=4_000)
        held = in_money(state, [[20_000, 31_000], [40_000, 52_000]], [7_000], 5_500 * 10**6)
        held.daily[:] = [0, 10**6, 3 * 10**6, 0]
        held.next_prices[:] = 12_345
        held.prices_at[1] = START + DAY_S + 12_345
        held.select(state, 3) if held.balance[3] <= held.emergency_below[3] else None
        commands.cut(state, 2, START + 5_000)
        commands.restore(state, 2, START + 90_000)
        return live(state, 3 * DAY_S, drawn(START, 4, 5), length)

    whole = run(30 * DAY_S)
    assert credit(whole).is_low.all()
    assert credit(whole).empty.any()
    one, other = whole.snapshot(), run(cut).snapshot()
    assert one.keys() == other.keys()
    for name in one:
        assert (one[name] == other[name]).all(), name


@pytest.mark.slow
def test_steps_and_rates_cost_what_counting_wh_by_wh_says() -> None:
    prices, bounds = [[17_000, 29_000], [41_000, 53_000], [60_001, 70_003]], [5_000, 12_000]
    state, again = fleet(2, steps=3), fleet(2, steps=3)
    for made in (state, again):
        in_money(made, prices, bounds, 10**15)
    load = drawn(START, 2, 9)
    live(state, 30 * HOUR_S, load)
    cost, used, before = np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros((2, 2), np.int64)
    while again.now < state.now:  # minute by minute, the register's own Wh, one after the other
        if again.now == START + DAY_S:
            used[:] = 0
        live(again, 60, load)
        reading = np.stack([again.registers.whole(Energy.ACTIVE_IMPORT, rate) for rate in (1, 2)])
        for rate, meter in np.argwhere(reading > before).tolist():
            for _ in range(int(reading[rate, meter] - before[rate, meter])):
                cost[meter] += prices[int(np.searchsorted(bounds, used[meter], side="right"))][rate]
                used[meter] += 1
        before = reading
    assert credit(state).consumed.tolist() == cost.tolist()
    assert credit(state).used_wh.tolist() == used.tolist()


# The end of credit


@pytest.mark.feature("SED302-53")
@pytest.mark.parametrize("cut", [10 * DAY_S, 601])
def test_the_relay_opens_in_the_second_in_which_credit_ends(cut: int) -> None:
    state = fleet(3)
    held = credit(state)
    held.balance[:] = [1_000, 2_500, 99_999]  # at 1 kW
    live(state, 3_599, cut=cut)
    assert state.relay is not None
    assert state.relay.closed.all()
    live(state, 1, cut=cut)
    assert state.relay.closed.tolist() == [False, True, True]
    live(state, DAY_S, cut=cut)
    assert held.balance.tolist() == [0, 0, 99_999 - 25_000]
    assert state.registers.wh(Energy.ACTIVE_IMPORT).tolist() == [1_000, 2_500, 25_000]
    held.grant(state, 0, 500)
    assert state.relay.closed.tolist() == [True, False, True]
    assert [int(row["code"]) for row in state.logs["standard"].rows[0, :3]] == [232, 230, 231]


def test_a_great_fleet_finds_the_end_of_credit_at_full_minutes_however_time_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("openami.metering.prepayment.FEW", 2)

    def run(cut: int) -> State:
        state = fleet(3)
        credit(state).balance[:] = [1_010, 2_500, 99_999]  # the first ends 36 s after the hour
        return live(state, 2 * HOUR_S, cut=cut)

    one, other = run(DAY_S), run(611)
    assert credit(one).balance.tolist() == [1_010 - 1_016, 2_500 - 2_000, 99_999 - 2_000]
    snapshots = one.snapshot(), other.snapshot()
    for name in snapshots[0]:
        assert (snapshots[0][name] == snapshots[1][name]).all(), name


def test_another_cause_keeps_the_relay_open_when_credit_comes_back() -> None:
    state = live(fleet(first=100), DAY_S)
    assert state.relay is not None
    state.relay.hold(state, np.array([0]), Cause.TAMPER)
    credit(state).grant(state, 0, 5_000)
    assert not state.relay.closed[0]
    state.relay.let_go(state, np.array([0]), Cause.TAMPER)
    assert state.relay.closed[0]


def test_emergency_credit_is_lent_when_asked_for_and_paid_back_first() -> None:
    state = fleet(first=100, emergency=1_000)
    held = credit(state)
    with pytest.raises(DefinitionError, match="emergency credit is not to be had now"):
        held.select(state, 0)
    live(state, HOUR_S)
    assert state.relay is not None
    assert (held.balance[0], bool(state.relay.closed[0])) == (0, False)
    held.select(state, 0)
    assert state.relay.closed[0]
    live(state, HOUR_S // 2)
    assert (held.balance[0], held.available_credit[0]) == (-500, 500)
    live(state, DAY_S)
    assert (held.balance[0], bool(state.relay.closed[0])) == (-1_000, False)
    held.grant(state, 0, 400)
    assert (held.balance[0], bool(state.relay.closed[0])) == (-600, True), "what is left of it is lent again"
    held.grant(state, 0, 700)
    assert (held.balance[0], bool(held.selected[0])) == (100, False)
    balanced(state)


def test_friendly_hours_do_not_disconnect_and_what_they_use_is_owed() -> None:
    state = fleet(2, first=500)
    held = credit(state)
    held.friendly[:, 0] = (0, 4, 0b1)  # Mondays until one
    live(state, HOUR_S - 1)
    assert state.relay is not None
    assert state.relay.closed.tolist() == [True, False]
    live(state, 1)
    assert not state.relay.closed[0]
    live(state, 8 * DAY_S)
    assert not state.relay.closed[0], "a friendly hour closes nothing"
    assert held.balance.tolist() == [-500, 0]
    held.grant(state, 0, 400)
    assert not state.relay.closed[0]
    held.grant(state, 0, 200)
    assert state.relay.closed[0]


def test_friendly_hours_go_over_midnight_and_belong_to_the_day_they_begin_on() -> None:
    state = fleet(1, first=500)
    credit(state).friendly[:, 0] = (88, 24, 0b1)  # Monday 22:00 to Tuesday 6:00
    live(state, HOUR_S)
    assert state.relay is not None
    assert not state.relay.closed[0], "Monday morning belongs to Sunday"
    credit(state).grant(state, 0, 21_500)
    live(state, 29 * HOUR_S - 1)
    assert state.relay.closed[0]
    live(state, 1)
    assert not state.relay.closed[0]


def test_an_account_that_is_not_active_or_pays_later_is_neither_charged_nor_disconnected() -> None:
    state = fleet(3, first=100)
    held = credit(state)
    held.mode[0] = Mode.CREDIT
    held.set_status(state, 1, Status.CLOSED)
    live(state, DAY_S)
    assert held.balance.tolist() == [100, 100, 0]
    assert state.relay is not None
    assert state.relay.closed.tolist() == [True, True, False]
    held.set_status(state, 1, Status.NEW)
    held.set_status(state, 1, Status.ACTIVE)
    assert not state.relay.closed[1]
    with pytest.raises(DefinitionError, match="does not go from ACTIVE to NEW"):
        held.set_status(state, 1, Status.NEW)
    balanced(state)


# Periods, days, arrears


def test_amounts_of_the_month_are_captured_to_the_last_second_and_begin_anew() -> None:
    state = fleet(1, first=100_000)
    credit(state).grant(state, 0, 3_000)
    live(state, DAY_S + HOUR_S)
    ring = state.profiles["billing"].ring
    row = ring.rows[0, 0]
    assert [int(row[name]) for name in ("remaining", "charging", "consumption")] == [79_000, 3_000, 24_000]
    held = credit(state)
    assert (held.charging[0], held.consumption[0], held.used_wh[0]) == (0, 1_000, 1_000)


def test_a_day_costs_its_charge_at_midnight_also_without_supply() -> None:
    state = fleet(2, first=100_000)
    held = credit(state)
    held.daily[:] = 250
    commands.cut(state, 1, START + HOUR_S)
    live(state, 3 * DAY_S)
    assert held.fixed.tolist() == [750, 750]
    assert held.balance.tolist() == [100_000 - 72_000 - 750, 100_000 - 1_000 - 750]
    balanced(state)


def test_arrears_take_their_share_of_what_is_paid_and_no_more() -> None:
    state = fleet(first=0)
    held = credit(state)
    held.debt[0], held.share[0] = 1_000, 2_500
    assert held.grant(state, 0, 2_000) == 500
    assert held.grant(state, 0, 9_999) == 500
    assert (held.debt[0], held.balance[0], held.collected[0]) == (0, 10_999, 1_000)
    balanced(state)


def test_a_currency_changes_only_where_the_account_is_empty() -> None:
    state = fleet()
    held = credit(state)
    assert held.lists.get("0", KWH) == KWH
    with pytest.raises(DefinitionError, match="the account is not empty"):
        held.set_currency(state, 0, "EUR", -2, money=True)
    held.clear(state, 0)
    with pytest.raises(DefinitionError, match="a scale of 3"):
        held.set_currency(state, 0, "EUR", 3, money=True)
    held.set_currency(state, 0, "EUR", -2, money=True)
    held.grant(state, 0, 1_234 * 10**6)
    assert held.remaining[0] == 1_234


def test_all_of_it_stands_in_a_snapshot() -> None:
    state = fleet(2, emergency=100, steps=2)
    in_money(state, [[1, 2], [3, 4]], [500], 10**9)
    live(state, HOUR_S)
    before = state.snapshot()
    again = State.restore(before, state.rules)
    after = again.snapshot()
    assert before.keys() == after.keys()
    for name in before:
        assert (before[name] == after[name]).all(), name
    assert credit(again).lists["1"] == "EUR"
    one, other = live(state, DAY_S).snapshot(), live(again, DAY_S).snapshot()
    assert all((one[name] == other[name]).all() for name in one)
