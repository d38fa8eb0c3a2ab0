"""Interval counting of a radio endpoint: against the register read at each boundary, however time is cut."""

import numpy as np
import pytest

from openami.metering.endpoint import KEPT, NAME, Endpoint
from products.standing import HOUR_S, MINUTE_S, Standing

INTERVAL_S = 300


def counting(one: Standing) -> Endpoint:
    return one.fleet.holding.laws.part(NAME, Endpoint)


def wh(one: Standing) -> int:
    """The register as it stands, by another way than the endpoint's."""
    laws = one.fleet.holding.laws
    return int(laws.registers.value(0, counting(one).energy))


def test_steps_are_the_differences_of_the_register_at_the_boundaries() -> None:
    one = Standing("c3a1h", amps=10.0)
    kept = [wh(one) // 10]
    for place in range(60):
        one.set_load(amps=float(place % 7)).live(INTERVAL_S)
        kept.append(wh(one) // 10)
    held = counting(one)
    assert (int(held.count[0]), int(held.done[0])) == (kept[-1], 60)
    steps, outages = held.latest(0, KEPT)
    assert list(steps) == np.diff(kept)[::-1][:KEPT].tolist()
    assert sum(steps) > 0
    assert not any(outages)


def test_an_outage_marks_each_interval_that_it_touches() -> None:
    one = Standing("c3a1h", amps=10.0).live(HOUR_S)
    one.live(2 * MINUTE_S).hand("supply", "off").live(11 * MINUTE_S).hand("supply", "on")  # 02:00 to 13:00
    one.live(7 * MINUTE_S)
    steps, outages = counting(one).latest(0, 6)
    assert outages == (False, True, True, True, False, False)
    assert steps[2] == 0
    one.live(2 * MINUTE_S).hand("supply", "off").live(MINUTE_S).hand("supply", "on").live(2 * MINUTE_S)
    assert counting(one).latest(0, 2)[1] == (True, False), "a short one too"


@pytest.mark.parametrize("cuts", [(7200,), (17, 900, 283, 6000), tuple([60] * 120)])
def test_how_time_is_cut_makes_no_difference_and_a_restart_none(cuts: tuple[int, ...]) -> None:
    whole, cut = (Standing("c3a1h", amps=10.0) for _ in range(2))
    whole.live(7200)
    for seconds in cuts:
        cut.live(seconds)
    cut.restart()
    for one, other in ((getattr(counting(whole), n), getattr(counting(cut), n)) for n in ("count", "done", "steps")):
        assert np.array_equal(one, other)
