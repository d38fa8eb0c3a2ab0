"""Carriers, order and silence, by the figures of the FCC report of the C3A1H."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from openami.core.errors import DefinitionError
from openami.phy.ert import CARRIERS_HZ, Endpoint, Steady, Timing, worst_window_s
from openami.phy.ert.hopping import order
from openami.phy.ert.messages import duration_s

METER = Endpoint(12345678, Steady(12345678))


def test_fifty_carriers_far_enough_apart():
    assert len(CARRIERS_HZ) == 50
    assert np.diff(sorted(CARRIERS_HZ)).min() >= 196_200
    assert {909.57e6, 916.01e6, 921.76e6} <= set(CARRIERS_HZ)
    assert (min(CARRIERS_HZ), max(CARRIERS_HZ)) == (909.57e6, 921.76e6)


def test_one_hop_in_thirty_seconds_and_equal_use():
    hops = {each.at_s // 30: each.carrier_hz for each in METER.transmissions(0, 100 * 30)}
    assert list(hops) == list(range(100))
    assert set(Counter(hops.values()).values()) == {2}
    assert all(hops[hop] == hops[hop + 50] for hop in range(50)), "revisited after 25 minutes, never before"


def test_the_order_is_drawn_from_the_serial():
    assert order(1) != order(2)
    assert order(1) == order(1)
    steps = Counter((after - before) % 50 for serial in range(200) for before, after in pairwise(order(serial)))
    assert all(130 < steps[step] < 270 for step in range(1, 50)), "no step is preferred"


def test_dwell_and_worst_window():
    sent = list(METER.transmissions(0, 30))
    assert [len(each.data) for each in sent] == [12] * 12 + [92]
    assert sum(duration_s(each.data) for each in sent) == pytest.approx(0.11523, abs=1e-5)
    assert len({each.carrier_hz for each in sent}) == 1
    assert worst_window_s(sent) == pytest.approx(0.044922, abs=1e-6)
    over = [each for begin in np.arange(0, 1, 0.001) for each in [carrier_time(sent, begin)]]
    assert max(over) <= worst_window_s(sent) + 1e-12 < 0.045


def carrier_time(sent, begin):
    return sum(max(0, min(each.until_s, begin + 0.1) - max(each.at_s, begin)) for each in sent)


def test_a_gapless_burst_fills_the_window():
    burst = Endpoint(1, Steady(1), Timing(gap_s=0, pause_s=0))
    assert worst_window_s(list(burst.transmissions(0, 30))) == pytest.approx(0.1)


def test_spans_join_without_loss_or_repeat():
    whole = list(METER.transmissions(0, 95))
    parts = [each for begin in np.arange(0, 95, 0.25) for each in METER.transmissions(begin, begin + 0.25)]
    assert parts == whole
    assert list(METER.transmissions(-5, 0)) == []


@pytest.mark.parametrize("wrong", [{"copies": 0}, {"gap_s": -1}, {"hop_s": 0}])
def test_timing_that_cannot_be(wrong):
    with pytest.raises(DefinitionError):
        Timing(**wrong)


def test_more_than_a_hop_holds():
    with pytest.raises(DefinitionError, match="a hop"):
        list(Endpoint(1, Steady(1), Timing(hop_s=0.2)).transmissions(0, 1))


def test_a_steady_endpoint_counts():
    meter = Steady(9, consumption=1000, step=12, kinds=("SCM", "IDM"))
    present, intervals = meter(750.0)
    assert (present.consumption, intervals.last_consumption_count) == (1030, 1024)
    assert (intervals.consumption_interval_count, intervals.transmit_time_offset) == (2, 150 * 16)
