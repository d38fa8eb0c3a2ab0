"""C3A1H without its ports: tariffs, demand, load profile, pulses, SiteScan, errors, power failure, display, battery."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from openami.cli import app
from openami.cli.panel.controls import controls
from openami.cli.panel.stand import standing
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.time import ANY, ANY_YEAR, CosemDateTime, CosemTime
from openami.metering import commands
from openami.metering.calendar import Calendar, DayAction, DayProfile, Season, WeekProfile
from openami.metering.configuring import set_periods
from openami.metering.demand import Periods
from openami.metering.outputs import Wires, edges, intervals, pulses, side, weight_mj
from openami.metering.removal import Removal
from openami.meters import ansi, product
from openami.meters.device import Objects
from openami.meters.view import View
from products.standing import DAY_S, HOUR_S, MINUTE_S, Standing

SLUG, MONO = "c3a1h", "c3a1h_mono"
SCRIPTS = OBIS.parse("0.0.10.0.100.255")
OCTETS = 144 * 1024
SECOND_US = 1_000_000


def c3a1h(number: int) -> Any:
    """Mark a test with a stated function."""
    return pytest.mark.feature(f"C3A1H-{number:02d}")


def meter(slug: str = SLUG, **load: Any) -> Standing:
    return Standing(slug, **load)


def view(one: Standing) -> View:
    return View(one.fleet.holding, 0)


def value(one: Standing, name: str) -> Any:
    """Attribute of an object, as the register itself knows it: no client sees it."""
    title, _, attribute = name.partition(".")
    return getattr(Objects(view(one))[one.product.by_name[title].key], attribute or "value")


def rows(one: Standing, name: str) -> list[Any]:
    """Rows of a profile, oldest first."""
    ring = one.fleet.holding.laws.profile_ring(name, 0)
    return [*ring.ordered(0)]


def events(one: Standing) -> list[int]:
    return [int(row["code"]) for row in one.fleet.holding.laws.logs["event"].ordered(0)]


def frame(one: Standing) -> Any:
    return one.front.look(one.ms)


# What it is, and what it does not do yet


@c3a1h(1)
@pytest.mark.parametrize(("slug", "phases", "volts"), [(SLUG, 3, 120.0), (MONO, 1, 240.0)])
def test_one_register_stands_on_either_base(slug: str, phases: int, volts: float) -> None:
    one = meter(slug, amps=10.0).live(HOUR_S)
    assert one.product.head.phases == phases
    assert value(one, "active_energy_import") == round(volts * 10 * phases)
    assert set(one.product.profiles) == {"demand_reset", "self_read", "last_season", "load"}


@pytest.mark.parametrize("slug", [SLUG, MONO])
def test_it_says_in_one_sentence_that_its_port_comes_later(slug: str) -> None:
    found = CliRunner().invoke(app, ["meter", "serve", slug])
    assert found.exit_code == 1
    assert "ANSI port (C12.18) comes later" in found.output
    shown = CliRunner().invoke(app, ["meter", "show", slug])
    assert shown.exit_code == 0, shown.output
    assert "CENTRON IMAGE" in shown.output
    assert product.load(slug).associations == ()


FIGURES = {row.feature[0]: row.value for row in product.load(SLUG).figures.values()}


@pytest.mark.parametrize("identity", [pytest.param(i, marks=pytest.mark.feature(i)) for i in sorted(FIGURES)])
def test_a_figure_of_the_report_is_as_printed(identity: str, shared: Any) -> None:
    yaml = pytest.importorskip("yaml")
    stated = yaml.safe_load((shared / "features.yaml").read_text(encoding="utf-8"))["products"]
    [feature] = [f for p in stated.values() for f in p["features"] if f["id"] == identity]
    assert FIGURES[identity] == feature["value"]


# Tariffs


def at(hour: int, rate: int) -> DayAction:
    return DayAction(CosemTime(hour, 0, 0, 0), SCRIPTS, rate)


def table(*actions: DayAction) -> Calendar:
    season = Season(b"1", CosemDateTime(ANY_YEAR, 1, 1, ANY, 0, 0, 0, 0), b"1")
    return Calendar(b"TOU", (season,), (WeekProfile(b"1", (1,) * 7),), (DayProfile(1, actions),))


FOUR = table(at(0, 1), at(6, 2), at(12, 3), at(18, 4))


def with_four_rates(one: Standing) -> Standing:
    laws = one.fleet.holding.laws
    commands.program_calendar(laws, 0, FOUR)
    commands.activate_calendar(laws, 0)
    return one


@c3a1h(4)
def test_four_rates_and_the_total_of_each_of_eight_energies() -> None:
    one = with_four_rates(meter(amps=10.0, degrees=60.0)).live(DAY_S)
    kinds = [
        name.removesuffix("_rate_4") for name in one.product.by_name if name.endswith("_rate_4") and "energy" in name
    ]
    assert len(kinds) == 8
    for name in kinds:
        by_rate = [value(one, f"{name}_rate_{rate}") for rate in (1, 2, 3, 4)]
        assert sum(by_rate) == value(one, name)
    assert [value(one, f"active_energy_import_rate_{rate}") for rate in (1, 2, 3, 4)] == [6 * 1800] * 4
    assert value(one, "apparent_energy_import") == 24 * 3600
    assert value(one, "reactive_energy_quadrant_1") == value(one, "reactive_energy_import") > 0
    with pytest.raises(DefinitionError):
        commands.program_calendar(one.fleet.holding.laws, 0, table(at(0, 5)))


# Demand


@c3a1h(3)
def test_demand_by_block_rolling_and_thermal_on_a_step_of_load() -> None:
    one = meter().live(600).set_load(amps=100.0).live(300)
    step_w = 36_000
    assert value(one, "demand_block.last_average_value") == step_w // 3
    assert value(one, "demand_rolling.last_average_value") == step_w // 3
    one.live(600)
    assert value(one, "demand_rolling.last_average_value") == step_w, "a rolling window is full after 15 min"
    assert value(one, "demand_block.last_average_value") == step_w // 3, "a block is not over yet"
    thermal = value(one, "demand_thermal.last_average_value")
    assert thermal == pytest.approx(0.9 * step_w, rel=1e-3), "90 % of a step after the interval"
    one.live(300)
    assert value(one, "demand_block.last_average_value") == step_w


@c3a1h(3)
@pytest.mark.parametrize("minutes", [1, 5, 60])
def test_the_interval_of_demand_is_1_to_60_minutes(minutes: int) -> None:
    one = meter(amps=10.0)
    set_periods(one.fleet.holding.laws, "block", 0, Periods(60 * minutes, 1))
    one.live(60 * minutes)
    assert value(one, "demand_block.last_average_value") == 3600


@c3a1h(3)
def test_a_maximum_is_kept_by_rate_and_in_all_until_the_demand_is_reset() -> None:
    one = with_four_rates(meter(amps=10.0)).live(6 * HOUR_S).set_load(amps=5.0).live(6 * HOUR_S)
    assert value(one, "maximum_demand_block") == 3600
    assert [value(one, f"maximum_demand_block_rate_{rate}") for rate in (1, 2, 3)] == [3600, 1800, 0]
    one.press("reset")
    assert value(one, "maximum_demand_block") == 0
    assert (value(one, "cumulative_demand"), value(one, "demand_resets")) == (3600, 1)
    assert events(one)[-1] == 20
    with pytest.raises(Exception, match="less than 60 s"):
        one.press("reset")


@c3a1h(3)
@pytest.mark.parametrize("method", ["block", "rolling", "thermal"])
def test_what_is_drawn_in_the_half_hour_after_an_outage_makes_no_maximum(method: str) -> None:
    one = meter(amps=10.0).live(HOUR_S)
    before = value(one, f"maximum_demand_{method}")
    one.hand("supply", "off").live(20 * MINUTE_S).hand("supply", "on")  # back at 01:20, the pick-up lasts until 01:50
    one.set_load(amps=80.0).live(29 * MINUTE_S)
    one.set_load(amps=10.0).live(11 * MINUTE_S)
    assert value(one, f"maximum_demand_{method}") == before, "neither these intervals nor the one it ends in"
    one.set_load(amps=80.0).live(HOUR_S)
    assert value(one, f"maximum_demand_{method}") > 7 * before


def test_snapshots_self_reads_and_the_last_season() -> None:
    one = meter(amps=10.0).live(HOUR_S)
    for _ in range(3):
        one.live(120).press("reset")
    assert len(rows(one, "demand_reset")) == 2, "the two last resets"
    one.until("2026-12-01 00:00")
    [read] = rows(one, "self_read")
    assert read["stamp"] == int(datetime(2026, 11, 30, 23, tzinfo=UTC).timestamp())
    assert len(rows(one, "last_season")) == 0
    capacities = [
        one.fleet.holding.laws.profiles[name].ring.capacity for name in ("demand_reset", "self_read", "last_season")
    ]
    assert capacities == [2, 12, 1]


def test_the_event_log_holds_420_entries() -> None:
    one = meter()
    for _ in range(430):
        one.hand("removal")
    assert events(one) == [47] * 420


# Load profile


@c3a1h(5)
@pytest.mark.parametrize(("channels", "count"), [(1, 36_156), (4, 14_494), (8, 8_059)])
def test_144_kb_hold_2_and_2_octets_a_channel_for_each_interval_and_heads_of_blocks(channels: int, count: int) -> None:
    def octets(number: int) -> int:
        return number * (2 + 2 * channels) + -(-number // 128) * (6 + 4 * channels)

    assert intervals(OCTETS, channels) == count
    assert octets(count) <= OCTETS < octets(count + 1)


@c3a1h(5)
def test_eight_channels_hold_the_energy_of_each_quarter_of_an_hour() -> None:
    one = meter(amps=10.0, degrees=60.0).live(HOUR_S)
    found = rows(one, "load")
    assert len(found) == 4
    columns = one.fleet.holding.laws.profile_ring("load", 0).columns
    assert len(columns) == 8
    last = [int(found[-1][name]) for name in columns]
    assert last[0] == 450
    assert last[6] == 900
    registers = [value(one, f"{k}_energy_{w}") for k, w in (("active", "import"), ("apparent", "import"))]
    assert [sum(int(row[columns[n]]) for row in found) for n in (0, 6)] == registers


@c3a1h(5)
@pytest.mark.parametrize("minutes", [1, 30, 60])
def test_fewer_channels_at_another_interval_take_the_room_there_is(minutes: int) -> None:
    one = meter(amps=10.0)
    kept = one.fleet.holding.laws.profiles["load"].capture.columns[:2]
    held = ansi.program_load_profile(view(one), OCTETS, kept, 60 * minutes)
    assert held == intervals(OCTETS, 2)
    one.live(2 * HOUR_S)
    assert len(rows(one, "load")) == 120 // minutes
    assert int(rows(one, "load")[0][kept[0].name]) == 60 * minutes


# Pulses


@c3a1h(6)
def test_a_contact_turns_over_at_the_exact_moment_of_each_quantum() -> None:
    one = meter(amps=10.0)  # 3.6 kW and Ke 1.8 Wh: a transfer every 1.8 s
    found = ansi.transfers(view(one), one.bench, "kyz", one.now * SECOND_US + 9 * SECOND_US)
    assert (found.at_us - one.now * SECOND_US).tolist() == [1_800_000 * n for n in range(1, 6)]
    assert found.to_y.tolist() == [True, False, True, False, True]
    one.live(100)  # 55 quanta and a bit
    later = ansi.transfers(view(one), one.bench, "kyz", one.now * SECOND_US + 2 * SECOND_US)
    assert (later.at_us - one.now * SECOND_US).tolist() == [800_000]


@c3a1h(6)
def test_three_wires_count_every_transfer_and_two_wires_half_of_them() -> None:
    one = meter(amps=10.0)
    end = (one.now + 3600) * SECOND_US
    by_three, by_two = (ansi.counted(view(one), one.bench, name, end) for name in ("kyz", "ky"))
    assert (len(by_three), len(by_two)) == (2000, 1000)
    assert by_two == by_three[::2]
    assert len(by_three) * 1.8 == 3600.0, "Ke times transfers is the energy"


@c3a1h(6)
def test_export_turns_it_over_too_and_ke_is_a_setting() -> None:
    given = meter(amps=10.0, degrees=180.0)
    assert len(ansi.counted(view(given), given.bench, "kyz", (given.now + 36) * SECOND_US)) == 20
    weight = weight_mj(600)
    found = edges(0, 3_600_000, weight, 0, 6 * SECOND_US)
    assert len(pulses(found, Wires.KYZ)) == 10
    assert side(weight * 3, weight)
    with pytest.raises(DefinitionError, match="no output is called 'kz'; there are kyz, ky"):
        ansi.output(view(given), "kz")


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
