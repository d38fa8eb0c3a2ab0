"""Drawn loads: the shape against the outside table, the same minute again, houses that differ."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.time import CET
from openami.meters.households import Households
from openami.meters.identity import Identity

YEAR = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


DAY_S = 86_400


def houses(count: int) -> Households:
    return Households([Identity().serial(meter) for meter in range(count)])


@given(first=st.integers(0, 200_000), minutes=st.integers(1, 100), cut=st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_a_minute_is_the_same_however_it_is_asked_for(first: int, minutes: int, cut: int) -> None:
    load = houses(4)
    start = YEAR + first * 60
    whole = load.power(start, minutes)
    cut = min(cut, minutes - 1)
    again = houses(4).power(start + cut * 60, minutes - cut)
    for name in ("active_mw", "reactive_mvar", "voltage_mv", "current_ma"):
        assert (getattr(whole, name)[cut:] == getattr(again, name)).all()


def test_a_house_does_not_depend_on_its_neighbours() -> None:
    serials = [Identity().serial(meter) for meter in range(5)]
    alone, among = Households(serials[3:4]), Households(serials)
    assert (alone.power(YEAR, 60).active_mw[:, 0] == among.power(YEAR, 60).active_mw[:, 3]).all()


def test_a_year_of_many_houses_is_what_was_drawn_for_them() -> None:
    load = houses(60)
    load.peak_kw[:] = 0.0
    used = np.zeros(60)
    for day in range(0, 365, 5):
        used += load.power(YEAR + day * DAY_S, 1440).active_mw.sum(axis=0) * 60 / 3.6e9 * 5
    assert used.sum() == pytest.approx(load.annual_kwh.sum(), rel=0.03)
    assert np.median(load.annual_kwh) == pytest.approx(2_900, rel=0.2)


def test_houses_with_panels_give_back_in_summer() -> None:
    load = houses(200)
    share = (load.peak_kw > 0).mean()
    assert 0.15 < share < 0.35
    noon = int(datetime(2026, 6, 21, 11, 30, tzinfo=UTC).timestamp())
    power = load.power(noon, 15).active_mw.mean(axis=0)
    assert (power[load.peak_kw == 0] > 0).all()
    assert (power[load.peak_kw > 0] < 0).mean() > 0.7
    night = load.power(noon + DAY_S // 2, 15).active_mw
    assert (night > 0).all()


def test_volts_amps_and_watts_agree() -> None:
    load = houses(50)
    minutes = load.power(YEAR + 19 * 3600, 30)
    volts, amps = minutes.voltage_mv / 1000, minutes.current_ma / 1000
    assert volts.min() > 215
    assert volts.max() < 245
    apparent = np.hypot(minutes.active_mw, minutes.reactive_mvar) / 1000
    assert (volts * amps).sum(axis=2) == pytest.approx(apparent, abs=1.0)


def test_habits_follow_local_time() -> None:
    load = houses(300)
    winter, summer = (
        load.power(CET.local_to_utc(int(datetime(2026, month, 6, 4, tzinfo=UTC).timestamp())), 60) for month in (2, 8)
    )
    evening = load.power(CET.local_to_utc(int(datetime(2026, 2, 6, 19, tzinfo=UTC).timestamp())), 60)
    assert evening.active_mw.mean() > 2 * winter.active_mw.mean()
    assert summer.active_mw[:, load.peak_kw == 0].mean() > 0
