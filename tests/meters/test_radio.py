"""What a C3A1H tells by radio: its own registers, counters and intervals, at its times, on its carriers."""

from typing import Any

import numpy as np
import pytest

from openami.core.errors import DefinitionError
from openami.meters import ansi, product
from openami.meters.radio import Air, Radio, start_s
from openami.meters.standing import standing
from openami.meters.view import View
from openami.phy.ert import CARRIERS_HZ, IDM, SCM, Transmission, decode, worst_window_s
from openami.phy.ert.idm import CONSUMPTIONS
from products.standing import HOUR_S, MINUTE_S, Standing

PERIOD_S = 30


def c3a1h(number: int) -> Any:
    """Mark a test with a stated function."""
    return pytest.mark.feature(f"C3A1H-{number:02d}")


def radio(one: Standing) -> Radio:
    return Radio(one.fleet.holding)


def told(one: Standing) -> dict[str, Any]:
    """Messages of a hop that begins now, by kind, through their octets."""
    return {m.KIND: decode(m.encode()) for m in radio(one).messages(0, one.now)}


def wh(one: Standing) -> int:
    """Register of the meter, as its display has it."""
    return int(one.fleet.holding.laws.registers.value(0, radio(one).counting.energy))


def sent(one: Standing, seconds: int) -> list[Transmission]:
    return [each.transmission for step in Air(one.fleet).steps(one.now + seconds) for each in step]


@c3a1h(9)
@c3a1h(21)
def test_an_scm_tells_the_present_register_and_the_type_of_the_product() -> None:
    one = Standing("c3a1h", amps=10.0).live(HOUR_S + 7 * MINUTE_S)
    scm = told(one)["SCM"]
    assert scm == SCM(66_000_000, 4, wh(one) // 10)
    assert wh(one) == 4020
    one.set_load(amps=100.0).live(HOUR_S)
    assert told(one)["SCM"].consumption == wh(one) // 10 > scm.consumption


@c3a1h(22)
def test_an_idm_tells_the_register_at_the_boundary_and_47_intervals_before_it() -> None:
    one = Standing("c3a1h", amps=10.0)
    kept = [0]
    for place in range(60):
        one.set_load(amps=float(place % 5)).live(300)
        kept.append(wh(one) // 10)
    one.set_load(amps=50.0).live(2 * MINUTE_S)
    idm = told(one)["IDM"]
    assert (idm.serial_number, idm.ert_type, idm.consumption_interval_count) == (66_000_000, 4 + 16, 60)
    assert idm.last_consumption_count == kept[-1] < told(one)["SCM"].consumption
    assert list(idm.differential_consumption_intervals) == np.diff(kept)[::-1][:CONSUMPTIONS].tolist()
    burst_s = radio(one).row.burst_s
    assert idm.transmit_time_offset == int((120 + burst_s) * 16)


def test_an_interval_of_more_than_nine_bits_tells_the_greatest() -> None:
    one = Standing("c3a1h", volts=277.0, amps=200.0).live(600)
    assert told(one)["IDM"].differential_consumption_intervals[:2] == (511, 511)
    assert wh(one) // 10 > 2 * 511


@c3a1h(21)
@c3a1h(22)
def test_hands_move_the_counters_of_both_messages() -> None:
    one = Standing("c3a1h", amps=10.0).live(HOUR_S)
    one.hand("removal").hand("removal").hand("inversion").press("reset").hand("battery_mv", 2800).live(10)
    one.hand("battery_mv", 3600).live(10)
    found = told(one)
    assert (found["SCM"].physical_tamper, found["SCM"].encoder_tamper) == (2, 1)
    assert found["IDM"].tamper_counters == bytes([1, 2, 1, 1, 0, 0])
    one.hand("removal").hand("removal")
    assert told(one)["SCM"].physical_tamper == 0, "two bits"


@c3a1h(22)
def test_outages_are_told_by_interval_the_newest_first() -> None:
    one = Standing("c3a1h", amps=10.0).live(HOUR_S)
    one.hand("supply", "off").live(MINUTE_S).hand("supply", "on").live(9 * MINUTE_S)
    assert told(one)["IDM"].power_outage_flags == bytes([0b0100_0000, 0, 0, 0, 0, 0])


@c3a1h(9)
@c3a1h(10)
@c3a1h(8)
def test_without_supply_battery_or_board_it_is_silent() -> None:
    one = Standing("c3a1h", amps=10.0).live(HOUR_S)
    for hand, off, on in (
        ("supply", "off", "on"),
        ("battery_mv", 0, 3600),
        ("boards_out", "endpoint", []),
    ):
        assert set(told(one)) == {"SCM", "IDM"}
        one.hand(hand, off).live(30)
        assert told(one) == {}, hand
        assert sent(one, PERIOD_S) == []
        one.live(30).hand(hand, on).live(30)
    assert set(told(one)) == {"SCM", "IDM"}


@c3a1h(8)
def test_an_output_works_while_its_board_is_in() -> None:
    one = Standing("c3a1h", amps=10.0).live(60)
    view = View(one.fleet.holding, 0)
    end = (one.now + 36) * 1_000_000
    assert len(ansi.counted(view, one.bench, "kyz", end)) == 20
    one.hand("boards_out", ["outputs"])
    assert ansi.counted(view, one.bench, "kyz", end) == []
    assert set(told(one)) == {"SCM", "IDM"}, "another board"
    one.restart()
    assert ansi.counted(View(one.fleet.holding, 0), one.bench, "kyz", end) == [], "a restart changes nothing"
    assert standing(View(one.fleet.holding, 0))["boards_out"] == ["outputs"]
    one.hand("boards_out", None)
    assert len(ansi.counted(View(one.fleet.holding, 0), one.bench, "kyz", end)) == 20
    with pytest.raises(DefinitionError, match="boards_out: no option board is called 'modem'"):
        one.hand("boards_out", ["outputs", "modem"])
    with pytest.raises(DefinitionError, match="no option boards"):
        Standing("ad11a").hand("boards_out", "outputs")


@c3a1h(14)
@c3a1h(23)
def test_it_hops_every_thirty_seconds_over_carriers_between_902_and_928_mhz() -> None:
    one = Standing("c3a1h", amps=10.0)
    found = sent(one, 50 * PERIOD_S)
    hops: dict[float, list[Transmission]] = {}
    first = start_s(66_000_000, radio(one).row)
    for each in found:
        hops.setdefault((each.at_s - first) // PERIOD_S, []).append(each)
    assert len(hops) == 50
    carriers = [{each.carrier_hz for each in hop} for hop in hops.values()]
    assert all(len(used) == 1 for used in carriers), "a hop stays on its carrier"
    assert set.union(*carriers) == set(CARRIERS_HZ), "each of the fifty once"
    assert all(902e6 < carrier < 928e6 for carrier in set.union(*carriers))
    begins = [hop[0].at_s for hop in hops.values()]
    assert np.allclose(np.diff(begins), PERIOD_S, atol=1e-6)


@c3a1h(21)
def test_twelve_copies_of_the_scm_and_one_idm_with_silence_between() -> None:
    one = Standing("c3a1h", amps=10.0)
    hop = sent(one, PERIOD_S)
    found = [decode(each.data) for each in hop]
    assert [type(each) for each in found] == [SCM] * 12 + [IDM]
    assert worst_window_s(hop) == pytest.approx(0.0449, abs=1e-4)
    assert sum(each.until_s - each.at_s for each in hop) == pytest.approx(0.115234, abs=1e-6)
    idm = found[-1]
    assert isinstance(idm, IDM)
    assert idm.transmit_time_offset / 16 == pytest.approx(hop[-1].at_s % 300, abs=1 / 16)


def test_each_of_a_fleet_has_a_number_and_moments_of_its_own() -> None:
    row = product.load("c3a1h").radio
    assert row is not None
    starts = {start_s(66_000_000 + meter, row) for meter in range(200)}
    assert len(starts) > 190
    assert 0 <= min(starts) < 2
    assert 27 < max(starts) < PERIOD_S - 0.5
    one = Standing("c3a1h")
    assert radio(one).identity(7) == 66_000_007


def test_carriers_that_nobody_hears_are_left_out() -> None:
    one = Standing("c3a1h", amps=10.0)
    steps = Air(one.fleet, lambda carrier_hz: carrier_hz < 911e6).steps(one.now + 25 * MINUTE_S)
    used = {each.transmission.carrier_hz for step in steps for each in step}
    assert used == {carrier for carrier in CARRIERS_HZ if carrier < 911e6}


def test_a_meter_without_a_radio_says_so() -> None:
    with pytest.raises(DefinitionError, match=r"ad11a.toml.*radio"):
        assert radio(Standing("ad11a")).row


def test_settings_of_the_timing_reach_the_air() -> None:
    row = product.load("c3a1h").radio
    assert row is not None
    assert row.scm is not None
    copies = row.scm.copies.model_copy(update={"value": 3})
    few = row.model_copy(update={"scm": row.scm.model_copy(update={"copies": copies})})
    assert (few.timing.copies, row.timing.copies) == (3, 12)
    assert few.burst_s < row.burst_s
