"""Invocation counters: strides made durable before use, never backwards, an end of the range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import SecurityError
from openami.dlms.security.counters import LAST, CounterError, SendCounter


def test_a_stride_is_reserved_before_its_first_value():
    reserved: list[int] = []
    counter = SendCounter(5, reserved.append)
    assert reserved == []
    assert [counter.take() for _ in range(1_000)] == list(range(5, 1_005))
    assert reserved == [1_005]
    assert counter.take() == 1_005
    assert reserved == [1_005, 2_005]


@given(crashes=st.lists(st.integers(0, 30), min_size=1, max_size=20))
def test_after_any_crash_no_value_comes_twice(crashes):
    durable, used = [0], []
    for uses in crashes:
        counter = SendCounter(durable[-1], durable.append, stride=7)
        used += [counter.take() for _ in range(uses)]
    assert len(used) == len(set(used))
    assert used == sorted(used)


def test_a_failed_reservation_spends_nothing():
    def fail(_limit: int) -> None:
        raise OSError("disk is full")

    counter = SendCounter(5, fail)
    for _ in range(2):
        with pytest.raises(OSError, match="disk"):
            counter.take()
    assert counter.next == 5


def test_the_end_of_the_range_is_refused():
    reserved: list[int] = []
    counter = SendCounter(LAST - 1, reserved.append)
    assert [counter.take(), counter.take()] == [LAST - 1, LAST]
    assert reserved == [LAST + 1]
    with pytest.raises(SecurityError, match="end of its range"):
        counter.take()


def test_a_counter_is_advanced_but_never_turned_back():
    reserved: list[int] = []
    counter = SendCounter(10, reserved.append, stride=100)
    counter.take()
    counter.advance(5_000)
    assert counter.take() == 5_000
    assert reserved == [110, 5_100]
    for value in (4_999, LAST + 1):
        with pytest.raises(CounterError) as caught:
            counter.advance(value)
        assert caught.value.expected == 5_001
