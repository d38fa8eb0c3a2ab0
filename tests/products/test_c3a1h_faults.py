"""What SiteScan finds on a C3A1H, how it lives through outages, and its display."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openami.cli.panel.controls import controls
from openami.cli.panel.stand import standing
from openami.metering import commands
from openami.metering.removal import Removal
from openami.meters import ansi
from products.centron import (
    MONO,
    SLUG,
    c3a1h,
    events,
    frame,
    meter,
    rows,
    value,
    view,
    with_four_rates,
)
from products.standing import HOUR_S, Standing

# SiteScan and errors

PUT_WRONG: dict[str, tuple[int, Any]] = {
    "cross phase": (1, lambda one: one.hand("phase_sequence", True)),
    "polarity": (1, lambda one: one.hand("reverse_phases", [2])),
    "voltage": (2, lambda one: one.set_load(volts=(120.0, 120.0, 107.0))),
    "inactive phase": (3, lambda one: one.set_load(amps=(10.0, 10.0, 0.045))),
    "phase angle": (4, lambda one: one.set_load(degrees=(0.0, 91.0, 0.0))),
    "direct current": (5, lambda one: one.hand("dc_ma", 600)),
    "harmonics": (6, lambda one: one.hand("thd_current_percent", 31)),
}
NEARLY: dict[str, tuple[int, Any]] = {
    "voltage": (2, lambda one: one.set_load(volts=(120.0, 120.0, 108.5))),
    "inactive phase": (3, lambda one: one.set_load(amps=(10.0, 10.0, 0.051))),
    "phase angle": (4, lambda one: one.set_load(degrees=(0.0, 89.0, 0.0))),
    "direct current": (5, lambda one: one.hand("dc_ma", 500)),
    "harmonics": (6, lambda one: one.hand("thd_percent", 30)),
}


@c3a1h(7)
@pytest.mark.parametrize("wrong", PUT_WRONG)
def test_a_diagnostic_is_found_after_three_checks_and_is_err_9_while_it_lasts(wrong: str) -> None:
    number, put = PUT_WRONG[wrong]
    one = meter(amps=10.0).live(60)
    put(one)
    one.live(14)
    assert number not in ansi.diagnostics(view(one)), "three checks of 5 s"
    one.live(1)
    assert number in ansi.diagnostics(view(one))
    assert 9 in ansi.errors(view(one))
    assert 43 in events(one)
    assert value(one, f"diagnostic_{number}_count") == 1 or wrong == "polarity"
    code = frame_of(one, "Err")
    assert code == "900000" or (number in (1, 4) and code.startswith("9"))


@c3a1h(7)
@pytest.mark.parametrize("wrong", NEARLY)
def test_within_its_threshold_nothing_is_found(wrong: str) -> None:
    number, put = NEARLY[wrong]
    one = meter(amps=10.0).live(60)
    put(one)
    one.live(120)
    assert number not in ansi.diagnostics(view(one))


@c3a1h(7)
def test_a_diagnostic_goes_as_its_cause_goes() -> None:
    one = meter(amps=10.0).live(60).hand("dc_ma", 900).live(20)
    assert ansi.diagnostics(view(one)) == (5,)
    one.hand("dc_ma", 0).live(14)
    assert ansi.diagnostics(view(one)) == (5,)
    one.live(1)
    assert (ansi.diagnostics(view(one)), ansi.errors(view(one))) == ((), ())
    one.hand("dc_ma", 900).live(10).hand("dc_ma", 0).live(60)
    assert value(one, "diagnostic_5_count") == 1, "ten seconds are two checks"


def frame_of(one: Standing, code: str) -> str:
    """Value that stands beside a code in the normal list, wherever that is."""
    for _ in range(20):
        item = frame(one).picture.item
        if item.code == code:
            return str(item.value)
        one.ms += 7000
    return ""


def test_each_error_stands_at_its_own_place() -> None:
    one = meter(amps=10.0).live(60)
    assert frame_of(one, "Err") == ""
    one.hand("battery_mv", 2800).live(60)
    assert (ansi.errors(view(one)), frame_of(one, "Err")) == ((1,), "000001")
    one.set_load(volts=(120.0, 120.0, 40.0)).live(9)
    assert ansi.errors(view(one)) == (1,), "two checks of 5 s"
    one.live(1)
    assert ansi.errors(view(one)) == (1, 2)
    one.live(5)
    assert frame_of(one, "Err") == "900021", "a lost phase is a voltage that deviates, too"
    one.hand("battery_mv", 3600).set_load(volts=120.0, degrees=180.0).live(120)
    assert 4 in ansi.errors(view(one))
    assert frame_of(one, "Err")[2] == "4"


def test_a_clock_that_was_lost_is_err_3_and_5_until_it_is_set() -> None:
    one = meter(amps=10.0).live(60).hand("battery_mv", 0)
    one.hand("supply", "off").live(60).hand("supply", "on").live(5)
    assert {3, 5} <= set(ansi.errors(view(one)))
    assert frame_of(one, "Err") == "050301"
    commands.set_clock(one.fleet.holding.laws, 0, one.now)
    one.hand("battery_mv", 3600).live(5)
    assert ansi.errors(view(one)) == ()


def test_more_than_full_scale_for_an_interval_is_err_6_and_err_9_takes_its_place() -> None:
    one = meter(volts=277.0, amps=201.0).live(899)
    assert 6 not in ansi.errors(view(one))
    one.live(61)
    assert frame_of(one, "Err") == "600000"
    one.hand("dc_ma", 900).live(20)
    assert frame_of(one, "Err") == "900000"


# Power


@c3a1h(13)
@pytest.mark.parametrize(
    ("slug", "volts", "is_on"), [(SLUG, 46.0, True), (SLUG, 44.0, False), (MONO, 97.0, True), (MONO, 95.0, False)]
)
def test_it_stops_below_45_volts_on_a_polyphase_base_and_96_on_a_single_phase_one(
    slug: str, volts: float, is_on: bool
) -> None:
    one = meter(slug, amps=10.0).live(600).set_load(volts=volts).live(600)
    assert bool(one.fleet.holding.laws.supply.powered[0]) == is_on
    assert (1 in events(one)) != is_on
    before = value(one, "active_energy_import")
    one.set_load(volts=120.0).live(600)
    assert one.fleet.holding.laws.supply.powered[0]
    if not is_on:
        assert before == value(meter(slug, amps=10.0).live(600), "active_energy_import")
        assert events(one)[-2:].count(2) == 1
        assert int(one.fleet.holding.laws.supply.failures[0]) == 1


@c3a1h(13)
@pytest.mark.parametrize("volts", [120.0, 208.0, 240.0, 277.0, 480.0])
def test_a_polyphase_base_measures_at_any_voltage_from_120_to_480(volts: float) -> None:
    one = meter(volts=volts, amps=10.0).live(HOUR_S)
    assert value(one, "active_energy_import") == round(3 * volts * 10)
    assert ansi.errors(view(one)) == ()


@pytest.mark.parametrize("cuts", [(3600,), (17, 900, 2683), tuple([60] * 60), (601, 1, 1, 2997)])
def test_how_time_is_cut_makes_no_difference_to_an_outage_by_voltage(cuts: tuple[int, ...]) -> None:
    whole, cut = (meter(amps=10.0) for _ in range(2))
    for one in (whole, cut):
        one.bench.set(one.now + 600, volts=30.0)
        one.bench.set(one.now + 1200, volts=120.0)
        one.bench.set(one.now + 1260, volts=30.0)
        one.bench.set(one.now + 2400, volts=125.0)
    whole.live(3600)
    for seconds in cuts:
        cut.live(seconds)
    kept = [one.fleet.holding.snapshot() for one in (whole, cut)]
    assert [name for name in kept[0] if not np.array_equal(kept[0][name], kept[1][name])] == []
    assert int(whole.fleet.holding.laws.supply.failures[0]) == 2
    assert value(whole, "active_energy_import") == round(3 * 10 * (600 * 120 + 60 * 120 + 1200 * 125) / 3600)


# Battery, sockets, display


@c3a1h(10)
def test_without_its_battery_it_has_no_tariffs_no_load_profile_and_no_radio() -> None:
    one = with_four_rates(meter(amps=10.0)).live(HOUR_S)
    one.hand("battery_mv", 0)
    assert not ansi.has_battery(view(one)), "by which the radio is off as well"
    one.live(12 * HOUR_S)
    assert rows(one, "load") == []
    assert [value(one, f"active_energy_import_rate_{rate}") for rate in (1, 2, 3, 4)] == [13 * 3600, 0, 0, 0]
    one.hand("battery_mv", 3600).live(HOUR_S)
    assert value(one, "active_energy_import_rate_3") == 3600
    assert len(rows(one, "load")) == 4
    assert ansi.has_battery(view(one))


def test_removals_and_inversions_are_counted_in_two_bits_each() -> None:
    one = meter()
    for expected in (1, 2, 3, 0, 1):
        one.hand("removal")
        assert value(one, "removals") == expected
    one.hand("inversion").hand("inversion")
    assert (value(one, "removals"), value(one, "inversions")) == (1, 2)
    one.restart()
    part = one.fleet.holding.laws.part("removal", Removal)
    assert (part.removals.tolist(), part.inversions.tolist()) == ([1], [2])


def test_the_display_has_five_modes() -> None:
    one = meter(amps=10.0).live(60)
    assert frame(one).picture.mode == "automatic"
    one.press("magnet")
    assert frame(one).picture.mode == "alternate"
    one.press("magnet")
    toolbox = frame(one).picture
    assert (toolbox.mode, toolbox.item.code, toolbox.item.value.strip()) == ("toolbox", "PhA", "120.0")
    one.press("magnet")
    assert not one.front.press("test", one.ms), "its button is under the cover"
    one.hand("terminal_cover", "open")
    one.press("test")
    assert frame(one).picture.mode == "test"
    one.press("magnet")
    assert frame(one).picture.mode == "test-alternate"
    one.press("test")
    assert frame(one).picture.mode == "automatic"


def test_normal_mode_shows_each_item_for_seven_seconds() -> None:
    one = meter(amps=100.0).live(HOUR_S)
    seen = []
    for _ in range(8):
        seen.append(frame(one).picture.item.code)
        one.ms += 7000
    first = seen.index("01")
    assert seen[first:7] + seen[:first] == ["01", "02", "03", "04", "05", "06", "07"]
    assert seen[7] == seen[0]
    assert frame_of(one, "01") == "000036"


@pytest.mark.parametrize("slug", [SLUG, MONO])
async def test_its_panel_works(slug: str, tmp_path: Path) -> None:
    async with standing(slug, tmp_path / "stand", speed=60) as stand:
        stand.turn("amps", 20)
        stand.fleet.advance_to(stand.fleet.holding.laws.now + HOUR_S)
        assert stand.look().picture.mode == "self-test"
        assert stand.front.press("magnet", stand.now_ms)
        stand.hand("inversion", None)
        assert {"dc_ma", "removal"} <= {control.name for control in controls(stand)}
