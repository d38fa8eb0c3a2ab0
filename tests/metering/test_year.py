"""A year of a thousand meters: clock changes and jumps, outages, tariff changes, and every identity holds exactly."""

from datetime import datetime

import numpy as np
import pytest

from metering.loads import Phases
from metering.oracle import AMSTERDAM
from metering.test_quantities import identities
from openami.core.time import CosemTime
from openami.metering import commands
from openami.metering.advance import advance
from openami.metering.averages import WindowRule
from openami.metering.billing import Capture, Column
from openami.metering.calendar import TARIFFICATION_SCRIPTS, TWO_RATE, DayAction, Limits
from openami.metering.demand import DemandRule
from openami.metering.profile import AmrStatus
from openami.metering.quantities import Energy, Register, Summation
from openami.metering.registers import WH_MJ
from openami.metering.state import Rules, State
from openami.metering.timeline import DAILY, MONTHLY, Trigger

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

METERS, DAY = 1_000, 86_400
START = int(datetime(2026, 1, 1, tzinfo=AMSTERDAM).timestamp())
KINDS = tuple(Energy(number) for number in range(8))
TOTALS = tuple(
    Column(f"t{kind}", name) for kind, name in enumerate(("energy.active.import", "energy.reactive.quadrant_1"))
)
RATED = tuple(
    Column(f"{way}{rate}", f"energy.active.{way}.rate_{rate}") for way in ("import", "export") for rate in range(1, 5)
)
PERIOD = Column("period", "window.period.energy.active.import")
RULES = Rules(
    summation=Summation.BY_SIGN,
    limits=Limits(rates=4, special_days=100),
    registers=(*(Register(kind) for kind in KINDS), Register(Energy.ACTIVE_NET)),
    demands={"p": DemandRule(Energy.ACTIVE_IMPORT, maxima={"billing": True})},
    windows={"period": WindowRule(follows="billing", energy=((Energy.ACTIVE_IMPORT, 0, 0),))},
    profiles={
        "load": Capture((Trigger(900),), 100 * 96, TOTALS),
        "daily": Capture((DAILY,), 400, RATED),
        "billing": Capture((MONTHLY,), 110, (*RATED, PERIOD), closes=True),
    },
)


def other_table(minute):
    """Four rates, the last of them at an odd time."""
    actions = tuple(
        DayAction(CosemTime(hour, minute, 0, 0), TARIFFICATION_SCRIPTS, rate)
        for rate, hour in ((1, 0), (2, 6), (3, 11), (4, 19))
    )
    return TWO_RATE.with_days([day._replace(actions=actions) for day in TWO_RATE.days], RULES.limits)


def upset(state, rng, day):
    """What a day brings: outages, clocks set right and wrong, tariffs changed."""
    meters = rng.choice(METERS, 12, replace=False)
    for meter in meters[:6]:
        if state.supply.powered[meter] and state.supply.off_from[meter] > state.now + 10 * DAY:
            begin = state.now + int(rng.integers(0, DAY))
            commands.cut(state, int(meter), begin, begin + int(rng.choice([7, 300, 4000, 90_000])))
    wrong = rng.choice([0, 0, 0, -4000, 61, 4000], 5)
    commands.set_clock(state, meters[4:9], state.now + wrong)
    if day % 9 == 0:
        commands.program_calendar(state, meters[9:], other_table(int(rng.integers(0, 3)) * 20))
        commands.set_activation(state, meters[9:], state.now + int(rng.integers(0, 2 * DAY)))


def test_a_year_of_a_thousand_meters_is_conserved_exactly():
    rng = np.random.default_rng(2026)
    load = Phases(START, METERS, 5, 96, 900)
    state = State.create(METERS, START, rules=RULES)
    powered_s = np.zeros((96, METERS), np.int64)
    for day in range(365):
        upset(state, rng, day)
        state_of_supply = supplied(state, START + (day + 1) * DAY)
        powered_s += state_of_supply
        advance(state, START + (day + 1) * DAY, load)
        if day % 30 == 0:
            identities(state)
    identities(state)
    registers = state.registers
    imported = (np.maximum(guarded(load.active, load), 0).sum(axis=2) * powered_s).sum(axis=0)
    exported = (np.maximum(-guarded(load.active, load), 0).sum(axis=2) * powered_s).sum(axis=0)
    assert (registers.mj(Energy.ACTIVE_IMPORT) == imported).all()
    assert (registers.mj(Energy.ACTIVE_EXPORT) == exported).all()
    assert (registers.wh(Energy.ACTIVE_IMPORT) == imported // WH_MJ).all()
    for meter in range(0, METERS, 7):
        rows_add_up(state, meter)


def guarded(power, load):
    """Power as it is counted: nothing below 10 mA."""
    creep = (load.amps < 10) & (np.abs(power) < 10 * 230)
    return np.where(creep, 0, power)


def supplied(state, until):
    """Seconds with supply of each quarter of the day to come, from the outages planned. -> [96, meters]."""
    opens = state.now + 900 * np.arange(96)
    seconds = np.full((96, METERS), 900)
    off = {int(meter): state.now for meter in np.flatnonzero(~state.supply.powered)}
    for at, meter, change in zip(
        state.supply.at.tolist(), state.supply.meter.tolist(), state.supply.change.tolist(), strict=True
    ):
        if change == 0:
            off[meter] = at
        else:
            seconds[:, meter] -= overlap(opens, off.pop(meter), at)
    for meter, at in off.items():
        seconds[:, meter] -= overlap(opens, at, until)
    return seconds


def overlap(opens, begin, end):
    return np.clip(np.minimum(opens + 900, end) - np.maximum(opens, begin), 0, 900)


def rows_add_up(state, meter):
    """Sums of what lies between rows are differences of registers; rates of a row add up to its total."""
    load = state.profiles["load"].ring.entries(meter, 1)
    values = load.values["t0"].astype(np.int64)
    steps = np.diff(values)
    assert (steps >= 0).all()
    assert values[-1] <= state.registers.value(meter, Energy.ACTIVE_IMPORT)
    billing = state.profiles["billing"].ring.entries(meter, 1)
    total = sum(billing.values[f"import{rate}"].astype(np.int64) for rate in range(1, 5))
    assert billing.values["period"].astype(np.int64).tolist() == np.diff(total, prepend=0).tolist()
    daily = state.profiles["daily"].ring.entries(meter, 1)
    at_midnight = dict(zip(load.stamp.tolist(), values.tolist(), strict=True))
    for row, stamp in enumerate(daily.stamp.tolist()):
        undisturbed = not daily.status[row] & np.uint8(AmrStatus.CLOCK_ADJUSTED | AmrStatus.POWER_DOWN)
        if undisturbed and stamp in at_midnight and load.stamp.tolist().count(stamp) == 1:
            assert sum(int(daily.values[f"import{rate}"][row]) for rate in range(1, 5)) == at_midnight[stamp]
