"""Time passes exactly: against a meter written second by second, and however it is cut into calls."""

from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering import rich
from metering.loads import Column, Phases, constant, drawn
from metering.oracle import AMSTERDAM, Meter
from openami.core.time import CET, CosemTime
from openami.metering import commands, configuring
from openami.metering.advance import advance
from openami.metering.calendar import TARIFFICATION_SCRIPTS, TWO_RATE, DayAction
from openami.metering.demand import Periods
from openami.metering.packing import arrays_of
from openami.metering.registers import Energy
from openami.metering.state import Rules, State
from openami.metering.timeline import Trigger

HOUR, DAY = 3600, 86_400


def utc(*local):
    return int(datetime(*local, tzinfo=AMSTERDAM).timestamp())


SHORT_RESERVE = Rules(reserve_s=2 * HOUR, charge_s=HOUR)
SPRING, AUTUMN = utc(2026, 3, 29), utc(2026, 10, 25)
NEW_MONTH = utc(2026, 2, 28)


def table(ring, meter):
    rows = ring.entries(meter, 1)
    return list(
        zip(
            rows.stamp.tolist(),
            rows.deviation.tolist(),
            rows.status.tolist(),
            *(rows.values[name].tolist() for name in ring.columns),
            strict=True,
        )
    )


def same(one, other):
    left, right = one.snapshot(), other.snapshot()
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


@pytest.mark.parametrize(
    ("start", "offset_s", "outages"),
    [
        (NEW_MONTH + 11, 0, ()),
        (NEW_MONTH, 0, [(NEW_MONTH + DAY, NEW_MONTH + DAY + 900)]),
        (SPRING - HOUR, 0, ()),
        (AUTUMN - HOUR, 0, ()),
        (NEW_MONTH, 437, [(NEW_MONTH + 500, NEW_MONTH + 530)]),
        (NEW_MONTH + 12 * HOUR, -1201, [(NEW_MONTH + 20 * HOUR + 7, NEW_MONTH + DAY + 3 * HOUR)]),
        (NEW_MONTH, 0, [(NEW_MONTH + 900, NEW_MONTH + 1800), (NEW_MONTH + 1801, NEW_MONTH + 1802)]),
        (
            NEW_MONTH,
            0,
            [(NEW_MONTH + DAY - 180, NEW_MONTH + DAY), (NEW_MONTH + DAY + 1, NEW_MONTH + DAY + 182)],
        ),
    ],
)
def test_a_day_equals_a_meter_run_second_by_second(start, offset_s, outages):
    until, load = start + 27 * HOUR, drawn(start - start % 60, 1, start)
    oracle = Meter(start, offset_s, outages)
    oracle.run(until, load)
    state = State.create(1, start)
    state.clock.offset_s[:] = offset_s
    for begin, end in outages:
        commands.cut(state, 0, begin, end)
    advance(state, until, load)
    assert {name: table(profile.ring, 0) for name, profile in state.profiles.items()} == oracle.rows
    events = state.logs["standard"].entries(0, 1)
    assert list(zip(events.stamp.tolist(), events.values["code"].tolist(), strict=True)) == oracle.events
    failures = state.logs["power_failure"].entries(0, 1)
    assert list(zip(failures.stamp.tolist(), failures.values["duration"].tolist(), strict=True)) == oracle.failures
    assert [state.registers.value(0, Energy.ACTIVE_IMPORT, rate) for rate in (1, 2)] == oracle.registers["+"]
    assert [state.registers.value(0, Energy.ACTIVE_EXPORT, rate) for rate in (1, 2)] == oracle.registers["-"]
    assert (state.registers.mj_total[:2, 0] % 3_600_000).tolist() == [oracle.below["+"], oracle.below["-"]]


@pytest.mark.feature("IQ0404100K1-R-92")
@pytest.mark.parametrize(("start", "rows"), [(SPRING, 92), (AUTUMN, 100), (NEW_MONTH, 96)])
def test_a_local_day_has_as_many_rows_as_quarters(start, rows):
    state = State.create(1, start)
    end = int(CET.local_midnights(start + 1, start + 30 * HOUR)[0])
    advance(state, end, constant(1_000_000))
    held = state.profiles["interval"].ring.select(0, start + 1, end)
    assert len(held) == rows
    assert held.stamp[-1] == end
    assert np.diff(held.values["import_total"].astype(int)).tolist() == [250] * (rows - 1)
    assert state.profiles["daily"].ring.entries(0, 1).stamp.tolist() == [end]


def test_the_repeated_hour_is_told_apart_by_deviation_and_status():
    state = State.create(1, AUTUMN)
    advance(state, AUTUMN + 5 * HOUR, constant(1_000_000))
    rows = state.profiles["interval"].ring.entries(0, 1)
    local = [(int(stamp) - 60 * int(dev)) % DAY for stamp, dev in zip(rows.stamp, rows.deviation, strict=True)]
    twice = [place for place, second in enumerate(local) if local.count(second) == 2]
    assert [rows.deviation[place] for place in twice] == [-120] * 4 + [-60] * 4
    assert rows.dst[twice].tolist() == [True] * 4 + [False] * 4


def scenario(draw_seed, meters, start, settings=SHORT_RESERVE):
    """A fleet whose clocks, drifts, tables and outages differ."""
    rng = np.random.default_rng(draw_seed)
    state = State.create(meters, start, rules=settings)
    offsets = rng.choice([0, 0, 0, 5, -437, 90_000], meters)
    commands.set_clock(state, range(meters), start + offsets)
    commands.set_drift(state, range(meters), rng.choice([0, 0, 15_000, -40_000], meters))
    odd = DayAction(CosemTime(13, 47, 11, 0), TARIFFICATION_SCRIPTS, 2)
    other = TWO_RATE.with_days([day._replace(actions=(*day.actions[:1], odd)) for day in TWO_RATE.days])
    for meter in np.flatnonzero(rng.random(meters) < 0.3):
        commands.program_calendar(state, int(meter), other)
        commands.set_activation(state, int(meter), start + int(rng.integers(1, 2 * DAY)))
    for meter in np.flatnonzero(rng.random(meters) < 0.5):
        begin = start
        for _ in range(int(rng.integers(1, 4))):
            begin += int(rng.integers(0, 8 * HOUR))
            end = begin + int(rng.choice([1, 200, HOUR, 5 * HOUR]))
            commands.cut(state, int(meter), begin, end)
            begin = end
    return state


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 2**32),
    start=st.sampled_from([SPRING - 3 * HOUR, AUTUMN - 5 * HOUR, NEW_MONTH]),
    cuts=st.lists(st.integers(1, 40 * HOUR), max_size=6),
)
def test_how_time_is_cut_makes_no_difference(seed, start, cuts):
    load, end = drawn(start - start % 60, 7, seed), start + 40 * HOUR
    whole, parts = scenario(seed, 7, start), scenario(seed, 7, start)
    advance(whole, end, load)
    for cut in sorted(cuts):
        advance(parts, start + cut, load)
        parts = State.restore(parts.snapshot(), SHORT_RESERVE)
    advance(parts, end, load)
    same(whole, parts)


@settings(deadline=None, max_examples=6)
@given(
    seed=st.integers(0, 2**32),
    start=st.sampled_from([SPRING - 3 * HOUR, AUTUMN - 5 * HOUR, NEW_MONTH]),
    cuts=st.lists(st.integers(1, 40 * HOUR), max_size=4),
    step_s=st.sampled_from([60, 300, 900]),
)
def test_how_time_is_cut_makes_no_difference_to_demands_windows_and_billing(seed, start, cuts, step_s):
    everything = rich.rules()
    load, end = Phases(start - start % 900, 5, seed, 300, step_s), start + 40 * HOUR
    whole, parts = (varied(scenario(seed, 5, start, everything)) for _ in range(2))
    advance(whole, end, load)
    for cut in sorted(cuts):
        advance(parts, start + cut, load)
        parts = State.restore(parts.snapshot(), everything)
    advance(parts, end, load)
    same(whole, parts)


def varied(state):
    """Some meters that record and measure something else than the others."""
    configuring.set_period(state, "fast", 1, 60)
    configuring.set_columns(state, "fast", [2, 3], rich.columns("power.factor", "energy.active.import.rate_2"))
    configuring.set_entries(state, "fast", 3, 100)
    configuring.set_periods(state, "slide", [0, 3], Periods(60, 15))
    configuring.set_times(state, "monthly", 4, (Trigger(second=7 * HOUR),))
    return state


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_a_meter_with_everything_in_a_fleet_is_the_meter_alone(seed):
    everything = rich.rules()
    load, end, meters = Phases(NEW_MONTH - NEW_MONTH % 900, 5, seed, 300), NEW_MONTH + 30 * HOUR, 5
    fleet = scenario(seed, meters, NEW_MONTH, everything)
    singles = [State.restore(column_of(fleet, meter), everything) for meter in range(meters)]
    advance(fleet, end, load)
    for meter, alone in enumerate(singles):
        advance(alone, end, Column(load, meter))
        left, right = column_of(fleet, meter), alone.snapshot()
        for name in left.keys() - {name for name in left if "tables." in name}:
            np.testing.assert_array_equal(left[name], right[name], err_msg=name)


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_a_meter_in_a_fleet_is_the_meter_alone(seed):
    meters = 5
    load, end = drawn(NEW_MONTH, meters, seed), NEW_MONTH + 30 * HOUR
    fleet = scenario(seed, meters, NEW_MONTH)
    singles = [State.restore(column_of(fleet, meter), SHORT_RESERVE) for meter in range(meters)]
    advance(fleet, end, load)
    for meter, alone in enumerate(singles):
        advance(alone, end, Column(load, meter))
        left, right = column_of(fleet, meter), alone.snapshot()
        for name in left.keys() - {"tables.calendars", "tables.special_days", "tables.rules"}:
            np.testing.assert_array_equal(left[name], right[name], err_msg=name)
        assert fleet.rate_of(meter) == alone.rate_of(0)


def column_of(state, meter):
    """Snapshot of one meter of a fleet."""
    arrays = state.snapshot()
    for name, part in state.parts().items():
        for key, value in arrays_of(part).items():
            axis = value.shape.index(state.count) if state.count in value.shape else None
            if axis is not None:
                arrays[f"{name}.{key}"] = value.take([meter], axis=axis)
    mine = state.supply.meter == meter
    plan = {
        "at": state.supply.at,
        "meter": state.supply.meter * 0,
        "change": state.supply.change,
        "empty_at": state.supply.empty_at,
    }
    arrays |= {f"supply.{key}": value[mine] for key, value in plan.items()}
    for name, ring in state.rings().items():
        arrays |= {f"{name}.count": ring.count[[meter]], f"{name}.rows": ring.ordered(meter)}
    return arrays


@pytest.mark.feature("IQ0404100K1-R-01", "IQ0404100K1-R-02", "IQ0404100K1-R-04", "IQ0404100K1-R-123")
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32), outage=st.integers(0, 23 * HOUR), day=st.sampled_from([SPRING, AUTUMN]))
def test_energy_is_conserved(seed, outage, day):
    start, end, meters = day - HOUR, day + 25 * HOUR, 3
    load, state = drawn(start, meters, seed), State.create(meters, day - HOUR)
    commands.cut(state, 1, start + outage, start + outage + 777)
    advance(state, end, load)
    seconds = np.full((1560, meters), 60)
    inside = np.clip(start + outage + 777 - start - 60 * np.arange(1560), 0, 60)
    seconds[:, 1] -= inside - np.clip(outage - 60 * np.arange(1560), 0, 60)
    minutes = load.power(start, 1560)
    for energy, power in (
        (Energy.ACTIVE_IMPORT, minutes.active_mw),
        (Energy.ACTIVE_EXPORT, -minutes.active_mw),
        (Energy.REACTIVE_IMPORT, minutes.reactive_mvar),
        (Energy.REACTIVE_EXPORT, -minutes.reactive_mvar),
    ):
        whole = (np.maximum(power, 0) * seconds).sum(axis=0)
        assert (state.registers.mj(energy) == whole).all()
        rates = state.registers.wh(energy, 1) + state.registers.wh(energy, 2)
        assert (rates == state.registers.wh(energy)).all()
        assert (rates == whole // 3_600_000).all()
    for meter in range(meters):
        held = state.profiles["interval"].ring.entries(meter, 1).values["import_total"].astype(int)
        assert sum(b - a for a, b in pairwise([0, *held])) == state.registers.value(meter, Energy.ACTIVE_IMPORT)
        daily = state.profiles["daily"].ring.entries(meter, 1)
        at_close = state.profiles["interval"].ring.select(meter, int(daily.stamp[-1]), int(daily.stamp[-1]))
        if len(at_close):
            total = daily.values["import_rate_1"][-1] + daily.values["import_rate_2"][-1]
            assert total == at_close.values["import_total"][0]
