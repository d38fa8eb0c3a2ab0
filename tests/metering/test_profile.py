"""Rings: the newest overwrites the oldest, read in order, by range and by entry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.metering.profile import Ring

COLUMNS = {"value": "<u4"}


def written(stamps, capacity=5, meters=3):
    ring = Ring(meters, capacity, COLUMNS)
    for number, stamp in enumerate(stamps):
        ring.append(np.array([1]), stamp, -60, number % 256, value=number)
    return ring


@pytest.mark.feature("IQ0404100K1-R-65")
@given(st.lists(st.integers(0, 2**32 - 1), max_size=23))
def test_a_ring_keeps_the_newest_in_order(stamps):
    rows = written(stamps).entries(1, 1)
    assert rows.stamp.tolist() == stamps[-5:]
    assert rows.values["value"].tolist() == list(range(len(stamps)))[-5:]
    assert rows.status.tolist() == [number % 256 for number in range(len(stamps))][-5:]
    assert rows.deviation.tolist() == [-60] * min(len(stamps), 5)


@given(st.lists(st.integers(0, 50), max_size=12), st.integers(0, 50), st.integers(0, 50))
def test_range_selects_both_ends_also_after_a_clock_was_set_back(stamps, start, end):
    rows = written(stamps).select(1, start, end)
    assert rows.stamp.tolist() == [stamp for stamp in stamps[-5:] if start <= stamp <= end]


@pytest.mark.parametrize(
    ("from_entry", "to_entry", "expected"),
    [(1, 0, [2, 3, 4, 5, 6]), (1, 1, [2]), (2, 4, [3, 4, 5]), (5, 9, [6]), (6, 0, []), (0, 2, [2, 3])],
)
def test_entries_are_counted_from_the_oldest(from_entry, to_entry, expected):
    assert written(range(7)).entries(1, from_entry, to_entry).values["value"].tolist() == expected


def test_meters_do_not_touch_each_other():
    ring = written(range(7))
    assert [ring.in_use(meter) for meter in range(3)] == [0, 5, 0]
    ring.append(slice(None), np.array([7, 8, 9]), 0, 0, value=np.array([1, 2, 3]))
    assert [ring.entries(meter, 1).stamp.tolist() for meter in range(3)] == [[7], [3, 4, 5, 6, 8], [9]]
    ring.clear(np.array([1]))
    assert [len(ring.entries(meter, 1)) for meter in range(3)] == [1, 0, 1]


@given(st.lists(st.integers(0, 2), max_size=30))
def test_a_ring_packs_only_what_it_holds(meters):
    ring, other = Ring(3, 4, COLUMNS), Ring(3, 4, COLUMNS)
    for number, meter in enumerate(meters):
        ring.append(np.array([meter]), number, 0, 0, value=number)
    packed = ring.pack()
    assert len(packed["rows"]) == sum(ring.in_use(meter) for meter in range(3))
    other.restore(packed)
    for meter in range(3):
        other.append(np.array([meter]), 99, 0, 0, value=99)
        ring.append(np.array([meter]), 99, 0, 0, value=99)
        assert other.entries(meter, 1).stamp.tolist() == ring.entries(meter, 1).stamp.tolist()


def test_a_ring_takes_memory_as_it_is_written_and_no_more_than_its_capacity():
    ring, rooms = Ring(3, 100, COLUMNS), []
    for number in range(130):
        ring.append(np.array([0, 2]), number, 0, 0, value=np.array([number, 2 * number]))
        rooms.append(ring.rows.shape[1])
        assert ring.entries(2, 1).values["value"].tolist() == [2 * n for n in range(number + 1)][-100:]
    assert rooms[0] < 5
    assert all(room <= max(5, 1.25 * (number + 2)) for number, room in enumerate(rooms))
    assert rooms[-1] == 100
    ring.clear(np.array([0]))
    assert [len(ring.entries(meter, 1)) for meter in range(3)] == [0, 0, 100]
