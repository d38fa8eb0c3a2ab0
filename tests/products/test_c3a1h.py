"""C3A1H without its ports: tariffs, demand, load profile, pulses, SiteScan, errors, power failure, display, battery."""

from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from openami.cli import app
from openami.core.errors import DefinitionError
from openami.metering import commands
from openami.metering.configuring import set_periods
from openami.metering.demand import Periods
from openami.metering.outputs import Wires, edges, intervals, pulses, side, weight_mj
from openami.meters import ansi, product
from products.centron import (
    MONO,
    OCTETS,
    SECOND_US,
    SLUG,
    at,
    c3a1h,
    events,
    meter,
    rows,
    table,
    value,
    view,
    with_four_rates,
)
from products.standing import DAY_S, HOUR_S, MINUTE_S

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
