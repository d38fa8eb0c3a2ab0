"""What a client may change of captures: one meter on its own, the others undisturbed, also after a restart."""

import numpy as np
import pytest

from metering import rich
from metering.loads import Phases, constant
from openami.core.errors import DefinitionError
from openami.metering import configuring
from openami.metering.advance import advance
from openami.metering.billing import Capture, Column, Freedom
from openami.metering.profile import Ring
from openami.metering.state import Rules, State
from openami.metering.timeline import Trigger

START = 1_767_567_600  # 2026-01-05 00:00 in Amsterdam
IMPORT, VOLTS = Column("import", "energy.active.import"), Column("volts", "voltage.l1", "<u2")
LOAD = Capture((Trigger(900),), 20, (IMPORT,))


def fleet(meters=3, memory_octets=0, **freedom):
    free = Freedom(**({"periods_s": (60, 300, 900, 3600), "columns": 2, "entries": True} | freedom))
    profiles = {"load": LOAD, "other": Capture((Trigger(3600),), 10, (IMPORT,))}
    rules = Rules(profiles=profiles, freedoms={"load": free}, memory_octets=memory_octets)
    return State.create(meters, START, rules=rules)


def rows(state, meter, name="load"):
    return state.profile_ring(name, meter).entries(meter, 1)


def test_a_meter_that_differs_disturbs_no_other():
    state, load = fleet(), constant(1_000_000, meters=3)
    advance(state, START + 3600, load)
    configuring.set_columns(state, "load", 1, [IMPORT, VOLTS])
    configuring.set_period(state, "load", 1, 300)
    advance(state, START + 7200, load)
    assert [len(rows(state, meter)) for meter in range(3)] == [8, 12, 8]
    assert rows(state, 1).values["volts"].tolist() == [2300] * 12
    assert rows(state, 1).stamp.tolist() == list(range(START + 3900, START + 7201, 300))
    assert rows(state, 0).stamp.tolist() == list(range(START + 900, START + 7201, 900))
    assert [len(rows(state, meter, "other")) for meter in range(3)] == [2, 2, 2]
    assert len(state.cohorts()) == 2


def test_what_is_captured_otherwise_begins_empty_and_can_go_back():
    state, load = fleet(), constant(1_000_000, meters=3)
    advance(state, START + 3600, load)
    configuring.set_columns(state, "load", [0, 2], [VOLTS])
    assert [len(rows(state, meter)) for meter in range(3)] == [0, 4, 0]
    configuring.set_columns(state, "load", [0], [IMPORT])
    advance(state, START + 4500, load)
    assert [len(rows(state, meter)) for meter in range(3)] == [1, 5, 1]
    assert rows(state, 0).values["import"].tolist() == [1250]
    assert len(state.cohorts()) == 2


def test_capacity_is_traded_between_profiles():
    """Of 9 octets a row (5 and the value), 20 and 10 rows: what one gives another may take, and no more."""
    state = fleet(memory_octets=30 * 9)
    with pytest.raises(DefinitionError, match="270"):
        configuring.set_entries(state, "load", 0, 21)
    with pytest.raises(DefinitionError, match="270"):
        configuring.set_columns(state, "load", 0, [IMPORT, VOLTS])
    configuring.set_entries(state, "load", 0, 16)
    configuring.set_columns(state, "load", 0, [IMPORT, VOLTS])
    advance(state, START + 20 * 900, constant(1_000_000, meters=3))
    assert len(rows(state, 0)) == 16
    assert len(rows(state, 1)) == 20


def test_a_changed_meter_comes_back_as_it_was():
    state, load = fleet(5), Phases(START, 5, 7)
    for meter, columns in ((3, [VOLTS]), (1, [IMPORT, VOLTS])):
        configuring.set_columns(state, "load", meter, columns)
    advance(state, START + 5000, load)
    configuring.set_columns(state, "load", 4, [IMPORT, VOLTS])
    restored = State.restore(state.snapshot(), state.rules)
    for one in (state, restored):
        configuring.set_columns(one, "load", 0, [VOLTS])
        advance(one, START + 20_000, load)
    left, right = state.snapshot(), restored.snapshot()
    assert left.keys() == right.keys()
    for name, array in left.items():
        np.testing.assert_array_equal(array, right[name], err_msg=name)
    assert rows(restored, 3).values.keys() == {"volts"}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda state: configuring.set_period(state, "load", 0, 700), "capture_period"),
        (lambda state: configuring.set_period(state, "other", 0, 900), "capture_period"),
        (lambda state: configuring.set_columns(state, "load", 0, [IMPORT, VOLTS, VOLTS]), "capture_objects"),
        (lambda state: configuring.set_columns(state, "load", 0, [Column("x", "voltage.l4")]), "voltage.l4"),
        (lambda state: configuring.set_columns(state, "load", 0, [Column("x", "energy.apparent.import")]), "registers"),
        (lambda state: configuring.set_entries(state, "other", 0, 5), "profile_entries"),
        (lambda state: configuring.set_entries(state, "load", 0, 0), "profile_entries"),
    ],
)
def test_what_a_product_does_not_allow_is_refused(change, key):
    state = fleet()
    before = state.snapshot()
    with pytest.raises(DefinitionError, match=key):
        change(state)
    for name, array in state.snapshot().items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_rings_for_a_few_of_many():
    ring = Ring(1000, 4, {"value": "<u4"}, few=True)
    assert ring.rows.size == 0
    for number, meter in enumerate((700, 3, 700, 12, 999, 3)):
        columns = np.array([meter])
        ring.admit(columns)
        ring.append(columns, number, 0, 0, value=number)
    assert [ring.entries(meter, 1).values["value"].tolist() for meter in (700, 3, 12, 999)] == [
        [0, 2],
        [1, 5],
        [3],
        [4],
    ]
    other = Ring(1000, 4, {"value": "<u4"}, few=True)
    other.place = ring.place.copy()
    other.restore(ring.pack())
    assert other.entries(3, 1).stamp.tolist() == [1, 5]
    ring.clear(np.array([3]))
    assert [ring.in_use(meter) for meter in (700, 3)] == [2, 0]


def test_everything_together_in_a_plan_of_its_own():
    plan = rich.rules().plan
    changed = plan.with_capture("fast", LOAD)
    assert plan.decode(changed.encode()).captures["fast"].columns == (IMPORT,)
    assert plan.decode(plan.encode()) == plan
    assert len({mark for mark, _ in plan.due.demands}) == 3
