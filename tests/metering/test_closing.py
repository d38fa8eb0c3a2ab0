"""Closings: billing by calendar, hand and client, what is made up for, every profile on the days of clock changes."""

from datetime import datetime

import numpy as np
import pytest

from metering import rich
from metering.loads import Phases, constant
from metering.oracle import AMSTERDAM, local
from openami.core.errors import DefinitionError
from openami.core.time import CosemDate
from openami.metering import closing, commands, configuring
from openami.metering.advance import advance
from openami.metering.billing import Capture, Column, Freedom
from openami.metering.profile import AmrStatus
from openami.metering.quantities import Energy
from openami.metering.state import Rules, State
from openami.metering.timeline import DAILY, MONTHLY, Trigger

HOUR, DAY = 3600, 86_400
KILOWATT = constant(1_000_000)


def utc(*moment):
    return int(datetime(*moment, tzinfo=AMSTERDAM).timestamp())


SPRING, AUTUMN = utc(2026, 3, 29), utc(2026, 10, 25)
BILLING = Capture(
    (MONTHLY,), 12, (Column("import", "energy.active.import"), Column("count", "closing.billing.count")), closes=True
)


def fleet(start, *, meters=1, **profiles):
    return State.create(meters, start, rules=Rules(profiles=profiles or {"billing": BILLING}))


def rows(state, name, column=None, meter=0):
    held = state.profile_ring(name, meter).entries(meter, 1)
    return held.stamp.tolist() if column is None else held.values[column].tolist()


def test_billing_closes_on_the_first_of_each_month():
    state = fleet(utc(2026, 1, 20))
    advance(state, utc(2026, 5, 2), KILOWATT)
    assert rows(state, "billing") == [utc(2026, month, 1) for month in (2, 3, 4, 5)]
    hours = [(stamp - utc(2026, 1, 20)) // HOUR for stamp in rows(state, "billing")]
    assert rows(state, "billing", "import") == [1000 * number for number in hours]
    assert rows(state, "billing", "count") == [1, 2, 3, 4]


@pytest.mark.parametrize("periods", [12, 13, 17, 110])
def test_as_many_periods_are_kept_as_the_product_has(periods):
    state = fleet(utc(2026, 1, 1), billing=Capture((DAILY,), periods, BILLING.columns, closes=True))
    advance(state, utc(2026, 1, 1) + (periods + 3) * DAY + HOUR, KILOWATT)
    assert len(rows(state, "billing")) == periods
    assert rows(state, "billing", "count")[-1] == periods + 3


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (Trigger(date=CosemDate(day=15), second=6 * HOUR), [(2026, 2, 15, 6), (2026, 3, 15, 6)]),
        (Trigger(date=CosemDate(day=0xFE)), [(2026, 1, 31), (2026, 2, 28), (2026, 3, 31)]),
        (Trigger(date=CosemDate(day=0xFD)), [(2026, 1, 30), (2026, 2, 27), (2026, 3, 30)]),
        (Trigger(date=CosemDate(2026, 2, 28)), [(2026, 2, 28)]),
        (Trigger(date=CosemDate(month=3, day=1, weekday=1)), [(2026, 3, 2)]),
    ],
)
def test_the_time_of_billing_can_be_set(trigger, expected):
    rules = Rules(profiles={"billing": BILLING}, freedoms={"billing": Freedom(times=True)})
    state = State.create(2, utc(2026, 1, 20), rules=rules)
    configuring.set_times(state, "billing", 0, [trigger])
    advance(state, utc(2026, 4, 1) - 1, constant(1_000_000, meters=2))
    assert rows(state, "billing") == [utc(*moment) for moment in expected]
    assert rows(state, "billing", meter=1) == [utc(2026, 2, 1), utc(2026, 3, 1)]
    with pytest.raises(DefinitionError, match="fixed"):
        configuring.set_times(fleet(0), "billing", 0, [trigger])


@pytest.mark.parametrize(("day", "at"), [(SPRING, utc(2026, 3, 29, 3)), (AUTUMN, utc(2026, 10, 25, 2, 30))])
def test_a_time_that_the_clock_skips_or_repeats_comes_once(day, at):
    """Half past two is as the clock skips in spring, and at the first time in autumn."""
    state = fleet(day - HOUR, billing=Capture((Trigger(second=9000),), 12, BILLING.columns, closes=True))
    advance(state, day + 20 * HOUR, KILOWATT)
    assert rows(state, "billing") == [at]


def test_a_closing_that_fell_into_an_outage_is_made_up_for():
    start = utc(2026, 1, 31, 20)
    state = fleet(start)
    commands.cut(state, 0, start + HOUR, start + 9 * HOUR)
    advance(state, start + 10 * HOUR, KILOWATT)
    held = state.profiles["billing"].ring.entries(0, 1)
    assert held.stamp.tolist() == [utc(2026, 2, 1)]
    assert held.values["import"].tolist() == [1000]
    assert held.status.tolist() == [int(AmrStatus.POWER_DOWN)]
    assert state.profiles["billing"].closings.tolist() == [1]


def test_periods_end_by_hand_too():
    state = fleet(utc(2026, 1, 20), meters=3)
    load = constant(1_000_000, meters=3)
    advance(state, utc(2026, 1, 21, 7, 3), load)
    closing.capture(state, "billing", [2, 0])
    advance(state, utc(2026, 2, 1, 1), load)
    assert rows(state, "billing") == rows(state, "billing", meter=2) == [utc(2026, 1, 21, 7, 3), utc(2026, 2, 1)]
    assert rows(state, "billing", meter=1) == [utc(2026, 2, 1)]
    assert rows(state, "billing", "count", 2) == [1, 2]


def expected_rows(capture, start, end):
    """Instants of a profile by counting minutes of the local clock."""
    found = []
    for instant in range(start + 60, end + 1, 60):
        at = local(instant)
        midnight = int(at.replace(hour=0, minute=0, fold=0).timestamp())
        for trigger in capture.triggers:
            if trigger.period_s and (instant - midnight) % trigger.period_s == 0:
                found.append(instant)
            date = CosemDate(at.year, at.month, at.day, at.isoweekday())
            is_first = not at.fold
            if not trigger.period_s and trigger.date.matches(date) and is_first:
                found += [instant] * (at.hour * HOUR + at.minute * 60 == trigger.second)
    return found


@pytest.mark.parametrize("day", [SPRING, AUTUMN, utc(2026, 2, 28)])
def test_clock_change_days_of_every_profile(day):
    """Rows at each local instant, no interval lost or twice; energies of the rows add up to that of the day."""
    state = State.create(2, day - 6 * HOUR, rules=rich.rules())
    end = day + 30 * HOUR
    advance(state, end, Phases(day - 6 * HOUR, 2, 17))
    for name, capture in rich.PROFILES.items():
        expected = expected_rows(capture, day - 6 * HOUR, end)
        held = state.profiles[name].ring.entries(1, 1)
        assert held.stamp.tolist() == expected[-capture.entries :], name
        assert held.dst.tolist() == [bool(local(stamp).dst()) for stamp in held.stamp.tolist()], name
    quarters = state.profiles["interval"].ring.entries(0, 1).values["energy.active.import"].astype(np.int64)
    assert quarters[-1] == state.registers.value(0, Energy.ACTIVE_IMPORT)
    assert (np.diff(quarters) >= 0).all()


@pytest.mark.parametrize("period_min", [1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60])
@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_any_period_that_divides_the_hour(period_min, day):
    capture = Capture((Trigger(60 * period_min),), 3000, (Column("import", "energy.active.import"),))
    state = fleet(day, load=capture)
    end = utc(2026, (day == SPRING and 3) or 10, 30 if day == SPRING else 26)
    advance(state, end, KILOWATT)
    assert rows(state, "load") == list(range(day + 60 * period_min, end + 1, 60 * period_min))


def test_a_small_synchronisation_jumps_no_edge():
    """Forward over a quarter it waits until it is past; back over one it stands still until it would not go back."""
    rules = Rules(
        profiles={"load": Capture((Trigger(900),), 20, (Column("import", "energy.active.import"),))}, sync_s=9
    )
    start = utc(2026, 1, 20)
    for before, shift in ((-3, 7), (3, -7), (0, -5), (-1, 1)):
        state = State.create(1, start, rules=rules)
        advance(state, start + 3600 + before, KILOWATT)
        commands.shift_clock(state, 0, shift)
        advance(state, start + 2 * HOUR + 60, KILOWATT)
        assert rows(state, "load") == [start + 900 * number for number in range(1, 9)]
        assert not state.profiles["load"].ring.entries(0, 1).status.any()
        assert int(state.clock.offset_s[0]) == shift
