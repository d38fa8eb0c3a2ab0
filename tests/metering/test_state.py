"""State: cohorts, snapshot, size."""

import numpy as np

from metering.loads import constant
from openami.core.time import CET, CosemDate, DstRule
from openami.metering import commands
from openami.metering.advance import advance
from openami.metering.calendar import TWO_RATE, SpecialDay, at
from openami.metering.state import State

START = 1_767_225_600


def test_equal_meters_are_one_cohort_and_others_stand_apart():
    state = State.create(6, START)
    assert [cohort.columns for cohort in state.cohorts()] == [slice(None)]
    commands.shift_clock(state, [1, 4], 5)
    commands.program_calendar(
        state, [4, 5], TWO_RATE.with_days([d._replace(actions=(at(0, 1),)) for d in TWO_RATE.days])
    )
    commands.activate_calendar(state, [4, 5])
    groups = sorted(cohort.columns.tolist() for cohort in state.cohorts())
    assert groups == [[0, 2, 3], [1], [4], [5]]
    commands.shift_clock(state, 5, 5)
    assert [4, 5] in [cohort.columns.tolist() for cohort in state.cohorts()]


def test_a_snapshot_is_plain_arrays_and_a_copy(tmp_path):
    state = State.create(3, START)
    commands.cut(state, 1, START + 50, START + 2000)
    commands.set_dst_rule(state, 2, DstRule(CET.begin, CET.end, 60, -120))
    commands.set_special_days(state, 2, (SpecialDay(1, CosemDate(2026, 1, 1), 2),))
    advance(state, START + 1000, constant(2_000_000, meters=3))
    np.savez(tmp_path / "state.npz", **state.snapshot())
    before = state.snapshot()
    advance(state, START + 90_000, constant(2_000_000, meters=3))
    with np.load(tmp_path / "state.npz", allow_pickle=False) as stored:
        again = State.restore(stored)
    assert all((before[name] == value).all() for name, value in again.snapshot().items())
    advance(again, START + 90_000, constant(2_000_000, meters=3))
    assert all((state.snapshot()[name] == value).all() for name, value in again.snapshot().items())


def test_a_meter_is_small_beside_its_history():
    state = State.create(1000, START)
    rings = {f"{name}.{key}" for name in state.rings() for key in ("rows",)}
    held = sum(value.nbytes for name, value in state.snapshot().items() if name not in rings)
    assert held / 1000 < 768


def test_an_empty_fleet_lets_time_pass():
    state = State.create(0, START)
    advance(state, START + 3600, constant(0, meters=0))
    assert state.now == START + 3600
