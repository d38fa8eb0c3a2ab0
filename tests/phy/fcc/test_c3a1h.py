"""What the FCC report of the C3A1H prints, calculated anew; its figures measured on our own transmitter."""

from math import log10

import numpy as np
import pytest

from openami.phy.ert import CARRIERS_HZ, Endpoint, Steady, Timing
from openami.phy.fcc import Findings, Limits, Setup, c3a1h, duty_db, lines
from openami.phy.fcc.rules import BAND_HZ, field_limit, mains_limit
from openami.phy.fcc.setup import C3A1H

pytestmark = pytest.mark.timeout(600)  # 50 hops over 28 MHz take a slow machine a minute


def mark(*numbers: int) -> list[pytest.MarkDecorator]:
    return [pytest.mark.feature(f"C3A1H-{number}") for number in numbers]


def features(*numbers: int):
    def marked(test):
        for each in mark(*numbers):
            test = each(test)
        return test

    return marked


def measured(timing: Timing | None = None, carriers=CARRIERS_HZ, hops: int = 3, **spoiled) -> Findings:
    from dataclasses import replace

    endpoint = Endpoint(12345678, Steady(12345678, 4711, 12), timing or Timing(), carriers)
    return Setup(endpoint, replace(C3A1H, **spoiled), hops).run()


def failed(found: Findings) -> set[str]:
    return {line.key for line in lines(found, c3a1h.CLAIMED_ON_S) if line.passed is False}


@pytest.fixture(scope="module")
def found() -> Findings:
    return measured(hops=51)


# The whole report, on our own transmitter


@pytest.mark.slow
@features(14, 15, 27)
def test_it_passes_every_line(found):
    assert {line.key: line.passed for line in lines(found, c3a1h.CLAIMED_ON_S)} == dict.fromkeys(
        (
            *("power", "separation", "channels", "equal_use", "order", "dwell", "bandwidth"),
            *("lower_edge", "upper_edge", "spurious", "duty"),
        ),
        True,
    )
    assert all(BAND_HZ[0] < each.carrier_hz < BAND_HZ[1] for each in found.channels)
    assert len(found.channels) == 50


@pytest.mark.slow
@features(16, 17, 18, 19, 24, 25, 26, 28)
def test_it_reproduces_every_figure(found):
    stated = {each.key: each for each in c3a1h.stated(found)}
    assert {key: each.agrees for key, each in stated.items()} == dict.fromkeys(stated, True)
    assert found.separation_hz >= 196_200
    assert [round(each.carrier_hz / 1e6, 3) for _, each in found.thirds] == [909.57, 916.01, 921.76]
    assert all(159e3 <= width <= 176e3 for _, width in found.bandwidths_hz)
    assert [round(found.power_dbm(each), 2) for _, each in found.thirds] == [21.36, 21.35, 21.29]
    assert 1e3 * found.dwell_s[0] == pytest.approx(115.23, abs=0.1)
    assert 1e3 * max(each.on_s for each in found.bursts) == pytest.approx(44.92, abs=0.01)
    assert found.revisit_s == pytest.approx(1500, abs=1e-3)
    assert round(duty_db(found.window_s[0]), 1) in {-6.9, -7.0}
    assert found.window_s[0] <= 0.045


@pytest.mark.slow
@features(30, 31)
def test_beyond_the_band_there_is_little(found):
    assert all(each >= 20 for each in found.edges_db)
    assert found.span_hz[0] < BAND_HZ[0] < BAND_HZ[1] < found.span_hz[1]


@pytest.mark.slow
@features(15, 27)
def test_forty_channels_are_too_few():
    assert failed(measured(carriers=CARRIERS_HZ[:40], hops=50)) == {"channels"}


@features(24)
def test_too_long_on_a_channel():
    assert failed(measured(Timing(copies=70), hops=1)) == {"dwell"}


@features(16, 17)
def test_a_carrier_that_swings_is_too_wide():
    assert failed(measured(carriers=CARRIERS_HZ[:2], hops=2, deviation_hz=300e3)) == {"separation", "bandwidth"}


@features(28)
def test_a_gapless_burst_fills_the_window():
    found = measured(Timing(gap_s=0, pause_s=0), hops=1)
    assert failed(found) == {"duty"}
    assert duty_db(found.window_s[0]) == 0
    assert found.dwell_s[0] == pytest.approx(0.115234, abs=1e-6), "the sum of on-times is the same"


@features(19)
def test_too_much_power():
    endpoint = Endpoint(12345678, Steady(12345678))
    strong = Setup(endpoint, hops=1, top_dbm=31.0).run()
    assert "power" in failed(strong)


def test_an_order_of_equal_steps_and_a_favourite():
    from openami.phy.fcc import Burst

    def hopping(order: list[int]) -> Findings:
        bursts = [Burst(30.0 * n, 30.0 * n + 0.04, 905e6 + 2e5 * place, 0.25) for n, place in enumerate(order)]
        return Findings(bursts, seconds=1e4)

    assert failed(hopping(list(range(50)))) == {"order"}
    assert failed(hopping([7 * n % 50 for n in range(100)])) == {"order"}
    scattered = np.random.default_rng(1).permutation(50).tolist()
    assert failed(hopping([*scattered, scattered[3], scattered[5], scattered[3]])) == {"equal_use"}


def test_few_samples_prove_nothing():
    verdicts = {line.key: line.passed for line in lines(Findings([]))}
    assert True not in {verdicts[key] for key in ("separation", "channels", "order", "bandwidth", "duty", "power")}


# Arithmetic on the document


@features(32)
def test_all_spurious_rows():
    rows = c3a1h.restricted_bands()
    assert len(rows) == 41
    assert max(each.deviation_db for each in rows) <= 0.01
    assert min(each.printed[2] for each in rows) == 15.04
    assert min(each.printed[3] for each in rows) == 1.97
    example = rows[0]
    assert (example.reading_dbuv, example.factor_db) == (53.51, 2.31)
    assert [round(each, 2) for each in example.calculated[:3]] == [55.82, 48.88, 18.18]


@features(33)
def test_unintentional_radiation():
    rows = c3a1h.unintentional()
    assert len(rows) == 10
    assert all(each.deviation_db == pytest.approx(0, abs=1e-9) for each in rows)
    assert min(each.printed_db for each in rows) == 8.2
    assert all(field_limit(each.frequency_mhz) == each.limit_db for each in rows)


@features(34)
def test_mains_emissions():
    rows = c3a1h.mains()
    assert (len(rows), len({each.table for each in rows})) == (154, 16)
    assert all(-0.1 - 1e-9 <= each.deviation_db <= 1e-9 for each in rows)
    assert min(each.printed_db for each in rows) == 8.2
    detectors = {each.setup.rpartition(", ")[2] for each in rows}
    assert detectors == {"quasi-peak", "average"}
    for each in rows:
        limit = mains_limit(each.frequency_mhz, each.setup.rpartition(", ")[2])
        assert limit == pytest.approx(each.limit_db, abs=0.1)


@pytest.mark.parametrize(
    ("bandwidth_hz", "channels", "limits"),
    [
        (164e3, 50, (50, 20, 30.0)),
        (249.9e3, 40, (50, 20, 24.0)),
        (250e3, 25, (25, 10, 24.0)),
        (250e3, 50, (25, 20, 30.0)),
    ],
)
def test_limits_by_width_and_number(bandwidth_hz, channels, limits):
    found = Limits.of(bandwidth_hz, channels)
    assert (found.channels, found.period_s) == limits[:2]
    assert found.power_dbm == pytest.approx(limits[2], abs=0.03)
    assert found.separation_hz == bandwidth_hz
    assert Limits.of(10e3, 50).separation_hz == 25e3


def test_duty():
    assert duty_db(0.045) == pytest.approx(20 * log10(0.45))
    assert (duty_db(0.1), duty_db(0.3), duty_db(0)) == (0, 0, float("-inf"))
