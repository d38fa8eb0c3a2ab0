"""Demand: block, sliding and thermal averages, maxima by tariff, reset, and periods that were broken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.loads import Table, constant, drawn
from openami.core.errors import DefinitionError, LocalProtocolError
from openami.metering import closing, commands, configuring
from openami.metering.advance import advance
from openami.metering.billing import Capture, Column
from openami.metering.calendar import TWO_RATE
from openami.metering.cells import cell
from openami.metering.columns import ALL
from openami.metering.demand import DemandRule, Method, Periods
from openami.metering.profile import AmrStatus
from openami.metering.quantities import Energy
from openami.metering.state import Rules, State
from openami.metering.timeline import DAILY, MONTHLY

MIDNIGHT = 1_767_567_600  # 2026-01-05 00:00 in Amsterdam, a Monday
HOUR, DAY = 3600, 86_400
BROKEN = int(AmrStatus.POWER_DOWN | AmrStatus.DATA_NOT_VALID)
SHIFTED = int(AmrStatus.CLOCK_ADJUSTED | AmrStatus.DATA_NOT_VALID)


def fleet(rule, *, meters=1, start=MIDNIGHT, **changes):
    profiles = {
        "daily": Capture((DAILY,), 62, (Column("max", "demand.p.maximum.daily"),)),
        "monthly": Capture((MONTHLY,), 12, (Column("max", "demand.p.maximum.monthly"),), closes=True, lockout_s=600),
    }
    return State.create(meters, start, rules=Rules(demands={"p": rule}, profiles=profiles, **changes))


def slide(period_s=300, number=3, **changes):
    return DemandRule(
        Energy.ACTIVE_IMPORT,
        method=Method.SLIDING,
        periods=Periods(period_s, number),
        most=number,
        maxima={"monthly": True, "daily": False},
        **changes,
    )


def block(period_s=900, **changes):
    return DemandRule(
        Energy.ACTIVE_IMPORT, periods=Periods(period_s), maxima={"monthly": True, "daily": False}, **changes
    )


def read(state, name, meter=0):
    return int(cell(name).read(state, np.array([meter]))[0])


def step_load(at_min, active_mw, minutes=DAY // 60):
    """No load up to a minute, then so much."""
    active = np.zeros((minutes, 1), np.int64)
    active[at_min:] = active_mw
    return Table(MIDNIGHT, active)


def test_sed302_on_a_step_load():
    """A window of 15 minutes that moves on every 5: a third, two thirds, the whole."""
    state = fleet(slide())
    load = step_load(60, 9_000_000)
    shown = []
    for minute in (60, 65, 70, 75, 80):
        advance(state, MIDNIGHT + 60 * minute, load)
        shown.append(read(state, "demand.p.last"))
    assert shown == [0, 3000, 6000, 9000, 9000]
    assert read(state, "demand.p.maximum.monthly") == 9000
    assert read(state, "demand.p.at.monthly") == MIDNIGHT + 75 * 60
    advance(state, MIDNIGHT + 82 * 60, load)
    assert read(state, "demand.p.current") == 9000 * 12 // 15


def test_a_block_is_the_mean_of_its_period():
    state = fleet(block())
    load = step_load(67, 9_000_000)
    advance(state, MIDNIGHT + 75 * 60, load)
    assert read(state, "demand.p.last") == 9000 * 8 // 15
    advance(state, MIDNIGHT + 80 * 60, load)
    assert read(state, "demand.p.current") == 9000 * 5 // 15
    assert read(state, "demand.p.began") == read(state, "demand.p.captured") == MIDNIGHT + 75 * 60


@pytest.mark.parametrize("period_s", [60, 900, 1800, 3600])
def test_thermal_shows_nine_tenths_after_its_period(period_s):
    maxima = {"monthly": True, "daily": False}
    rule = DemandRule(Energy.ACTIVE_IMPORT, method=Method.THERMAL, periods=Periods(period_s), maxima=maxima)
    state = fleet(rule)
    for turn, expected in ((1, 0.9), (2, 0.99), (3, 0.999)):
        advance(state, MIDNIGHT + turn * period_s, constant(50_000_000))
        assert read(state, "demand.p.last") == pytest.approx(50_000 * expected, abs=2)


def test_a_day_as_integration_period():
    """AD11A and AD13A integrate over 15, 30 or 60 minutes or a day."""
    state = fleet(block(DAY))
    advance(state, MIDNIGHT + 2 * DAY, step_load(720, 2_000_000))
    assert read(state, "demand.p.last") == 1000


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_the_mean_of_each_window_and_its_maximum(seed):
    """Against plain sums of minutes; a sliding window finds at least what a block of its length finds."""
    load, until = drawn(MIDNIGHT, 2, seed), MIDNIGHT + 6 * HOUR
    sliding, blocks = fleet(slide(), meters=2), fleet(block(), meters=2)
    advance(sliding, until, load)
    advance(blocks, until, load)
    minutes = np.maximum(load.active[:360], 0)
    windows = [minutes[max(0, end - 15) : end].sum(axis=0) // 15 for end in range(5, 361, 5)]
    assert sliding.demands["p"].last.tolist() == windows[-1].tolist()
    assert sliding.demands["p"].maxima["monthly"].value[0].tolist() == np.max(windows, axis=0).tolist()
    quarters = minutes.reshape(24, 15, 2).sum(axis=1) // 15
    assert blocks.demands["p"].maxima["monthly"].value[0].tolist() == quarters.max(axis=0).tolist()
    pair = [one.demands["p"].maxima["monthly"].value[0] for one in (sliding, blocks)]
    assert (pair[0] >= pair[1]).all()


def test_shorter_windows_find_higher_maxima():
    load = drawn(MIDNIGHT, 1, 4)
    found = []
    for period_s in (300, 900, 1800, 3600):
        state = fleet(block(period_s))
        advance(state, MIDNIGHT + 20 * HOUR, load)
        found.append(read(state, "demand.p.maximum.monthly"))
    assert found == sorted(found, reverse=True)


def test_maxima_by_tariff_and_their_reset():
    """Rate 2 from 7 to 23 o'clock; at the reset the maxima go into the cumulative ones."""
    state = fleet(block(cumulative=True))
    active = np.full((1440, 1), 1_000_000)
    active[180:195], active[600:615] = 4_000_000, 7_000_000
    advance(state, MIDNIGHT + 20 * HOUR, Table(MIDNIGHT, active))
    names = [f"demand.p.{{}}.monthly{rate}" for rate in ("", ".rate_1", ".rate_2")]
    assert [read(state, name.format("maximum")) for name in names] == [7000, 4000, 7000]
    assert read(state, names[1].format("at")) == MIDNIGHT + 195 * 60
    closing.capture(state, "monthly", 0)
    assert [read(state, name.format("maximum")) for name in names] == [0, 0, 0]
    assert [read(state, name.format("cumulative")) for name in names] == [7000, 4000, 7000]
    assert state.profiles["monthly"].ring.entries(0, 1).values["max"].tolist() == [7000]
    advance(state, state.now + HOUR, constant(2_000_000))
    closing.reset_demand(state, "monthly", 0)
    assert [read(state, name.format("cumulative")) for name in names] == [9000, 4000, 9000]


def test_demand_may_follow_a_calendar_of_its_own():
    days = [day._replace(actions=day.actions[:1]) for day in TWO_RATE.days]
    state = fleet(block(), demand_calendar=TWO_RATE)
    commands.program_calendar(state, 0, TWO_RATE.with_days(days), demand=True)
    commands.activate_calendar(state, 0, demand=True)
    advance(state, MIDNIGHT + 12 * HOUR, constant(1_000_000))
    assert [read(state, f"demand.p.maximum.monthly.rate_{rate}") for rate in (1, 2)] == [1000, 0]
    assert [read(state, f"energy.active.import.rate_{rate}") for rate in (1, 2)] == [7000, 5000]
    restored = State.restore(state.snapshot(), state.rules)
    assert restored.calendar_of(0, demand=True).days == tuple(days)


def test_a_maximum_of_the_day_stands_in_the_row_of_its_midnight():
    state = fleet(block())
    advance(state, MIDNIGHT + 2 * DAY + HOUR, step_load(DAY // 60 + 30, 5_000_000, 3 * 1440))
    rows = state.profiles["daily"].ring.entries(0, 1)
    assert rows.stamp.tolist() == [MIDNIGHT + DAY, MIDNIGHT + 2 * DAY]
    assert rows.values["max"].tolist() == [0, 5000]
    assert read(state, "demand.p.maximum.daily") == 5000
    assert read(state, "demand.p.maximum.monthly") == 5000


def test_the_reset_is_locked_for_a_time():
    state = fleet(block())
    advance(state, MIDNIGHT + HOUR, constant(1_000_000))
    closing.capture(state, "monthly", 0)
    advance(state, MIDNIGHT + HOUR + 599, constant(1_000_000))
    with pytest.raises(LocalProtocolError, match="600"):
        closing.capture(state, "monthly", 0)
    advance(state, MIDNIGHT + HOUR + 600, constant(1_000_000))
    closing.capture(state, "monthly", 0)
    assert read(state, "closing.monthly.count") == 2
    assert read(state, "closing.monthly.at") == MIDNIGHT + HOUR + 600


def test_a_period_broken_by_a_power_failure_is_marked():
    state = fleet(slide())
    commands.cut(state, 0, MIDNIGHT + HOUR + 120, MIDNIGHT + HOUR + 180)
    marks = []
    for minute in (60, 65, 70, 75, 80):
        advance(state, MIDNIGHT + 60 * minute, constant(9_000_000))
        marks.append((read(state, "demand.p.status"), read(state, "demand.p.last")))
    assert marks == [(0, 9000), (BROKEN, 8400), (BROKEN, 8400), (BROKEN, 8400), (0, 9000)]


def test_periods_without_supply_count_as_nothing():
    """The first closes with what it held, at its own end; later windows have lost that."""
    state = fleet(slide())
    commands.cut(state, 0, MIDNIGHT + HOUR + 60, MIDNIGHT + HOUR + 660)
    advance(state, MIDNIGHT + HOUR + 660, constant(9_000_000))
    assert read(state, "demand.p.began") == MIDNIGHT + HOUR + 600
    assert read(state, "demand.p.last") == 9000 * 6 // 15
    advance(state, MIDNIGHT + HOUR + 900, constant(9_000_000))
    assert read(state, "demand.p.last") == 9000 * 5 // 15
    assert read(state, "demand.p.status") == BROKEN
    advance(state, MIDNIGHT + 2 * HOUR, constant(9_000_000))
    assert (read(state, "demand.p.last"), read(state, "demand.p.status")) == (9000, 0)


def test_a_period_with_a_set_clock_is_marked_and_makes_no_maximum():
    state = fleet(block())
    load = constant(6_000_000)
    advance(state, MIDNIGHT + HOUR + 800, load)
    commands.shift_clock(state, 0, -700)
    advance(state, MIDNIGHT + HOUR + 1600, load)
    assert read(state, "demand.p.last") == 6000 * 1600 // 900
    assert read(state, "demand.p.status") == SHIFTED
    assert read(state, "demand.p.maximum.monthly") == 6000
    advance(state, MIDNIGHT + HOUR + 2500, load)
    assert (read(state, "demand.p.last"), read(state, "demand.p.status")) == (6000, 0)


def test_a_clock_that_lost_its_time_begins_anew():
    state = fleet(block(), reserve_s=60)
    advance(state, MIDNIGHT + HOUR, constant(6_000_000))
    commands.cut(state, 0, MIDNIGHT + HOUR + 10, MIDNIGHT + HOUR + 1000)
    advance(state, MIDNIGHT + 2 * HOUR, constant(6_000_000))
    assert read(state, "demand.p.maximum.monthly") == 6000
    assert read(state, "demand.p.last") <= 6000


def test_periods_may_be_set_by_a_client_where_the_product_allows():
    state = fleet(slide(), meters=2)
    configuring.set_periods(state, "p", 1, Periods(900, 1))
    load = constant(3_000_000, meters=2)
    advance(state, MIDNIGHT + 300, load)
    assert state.demands["p"].last.tolist() == [1_000_000, 0]
    advance(state, MIDNIGHT + 900, load)
    assert state.demands["p"].last.tolist() == [3_000_000, 3_000_000]
    assert len(state.cohorts()) == 2
    with pytest.raises(DefinitionError, match="4 periods"):
        configuring.set_periods(state, "p", 1, Periods(900, 4))
    with pytest.raises(DefinitionError, match="fixed"):
        configuring.set_periods(fleet(block()), "p", 0, Periods(300, 1))


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (DemandRule(Energy.ACTIVE_IMPORT, periods=Periods(700)), "period"),
        (DemandRule(Energy.ACTIVE_IMPORT, periods=Periods(900, 3), most=3), "number_of_periods"),
        (DemandRule(Energy.ACTIVE_IMPORT, maxima={"yearly": True}), "yearly"),
    ],
)
def test_a_demand_that_cannot_be_is_refused(rule, key):
    with pytest.raises(DefinitionError, match=key):
        fleet(rule)


def test_a_maximum_that_is_not_kept_is_not_found():
    rules = fleet(block()).rules
    for name in (
        "demand.q.last",
        "demand.p.maximum.yearly",
        "demand.p.maximum.daily.rate_1",
        "demand.p.cumulative.daily",
    ):
        with pytest.raises(DefinitionError):
            cell(f"demand.{name}").check(rules)
    for name in ("demand.p.best", "demand.p.maximum", "demand.p.maximum.daily.one"):
        with pytest.raises(DefinitionError):
            cell(name)
    assert (fleet(block()).demands["p"].last[ALL] == 0).all()
