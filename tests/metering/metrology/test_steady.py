"""Steady points: facts §2.7 reproduced within its scatter, connections and waveforms by their truth."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from openami.core.errors import LocalProtocolError
from openami.metering.metrology import Chains, Connection, Method, Point, Waveform, pulse_error, pulses, steady
from openami.metering.metrology.signal import Signal, render

ONE = Connection.ONE_PHASE
SPAN_S, FREQUENCY, RATE = 20, 50.02, 4000

TABLE = [  # current, power factor, then % for 12, 14, 16 bit, 24 bit with 16 LSB, 16 bit with 5 arc minutes
    (0.25, (1.0,), (0.122, 0.017, 0.008, 0.009, 0.007)),
    (0.5, (1.0,), (0.037, 0.018, 0.008, 0.009, 0.008)),
    (0.5, (0.5,), (0.107, 0.037, 0.016, 0.018, 0.265)),
    (1.0, (0.8, "c"), (0.015, 0.016, 0.012, 0.012, 0.121)),
    (100.0, (0.5,), (0.018, 0.018, 0.018, 0.018, 0.261)),
    (0.02, (1.0,), (1.55, 0.21, 0.066, 0.011, 0.065)),
]
CHAINS = [(12, 0.5, 0.0), (14, 0.5, 0.0), (16, 0.5, 0.0), (24, 16.0, 0.0), (16, 0.5, 5.0)]


def by_gate(chains: Chains, signal: Signal, start: float, run: int) -> float:
    """Power over 20 s that are no whole cycles, as the table was made."""
    spectra = np.concatenate([x[:, :1] for x in chains.respond(signal)], axis=1)
    drawn = render(spectra, signal, start, SPAN_S * RATE, RATE)
    voltage, current = drawn[:, :1], drawn[:, 1:]
    chains.convert(voltage, current, run)
    return float(np.mean(voltage * current))


@pytest.mark.parametrize(("current", "factor", "row"), TABLE)
def test_the_table_of_what_a_chain_contributes(current: float, factor: tuple[float], row: tuple[float, ...]) -> None:
    signal = Signal.sine(230, current, Point(230, 1).at(*factor).angle_deg, phases=1, frequency_hz=FREQUENCY)
    dice = np.random.default_rng(7)
    for (bits, noise, arcmin), published in zip(CHAINS, row, strict=True):
        chains = Chains.ideal(1, 230, 100, connection=ONE, bits=bits, rate_hz=RATE)
        chains = replace(chains, noise_lsb=np.full(1, noise), phase_arcmin=np.full((1, 2), arcmin))
        errors = [
            100 * (by_gate(chains, signal, start, run) / signal.active_w[0] - 1)
            for run, start in enumerate(dice.uniform(0, 0.02, 5))
        ]
        # what theory allows: the broken cycle, the angle, and noise of which the worst of five is taken
        cosine = factor[0]
        scatter = 100 * np.hypot(noise, 0.29) * chains.adc.current_lsb / np.sqrt(SPAN_S * RATE) / current / cosine
        fixed = 0.0095 / cosine + 0.0291 * arcmin * np.sqrt(1 - cosine**2) / cosine
        worst = float(np.max(np.abs(errors)))
        assert worst < fixed + 3.5 * scatter
        assert abs(worst - published) < 0.01 + 2.5 * scatter


@pytest.mark.parametrize("connection", list(Connection))
@pytest.mark.parametrize("waveform", list(Waveform))
def test_every_wiring_and_waveform_is_measured_as_it_is(connection: Connection, waveform: Waveform) -> None:
    chains = Chains.ideal(4, 230, 100, connection=connection, rate_hz=8000)
    point = Point(230, 5, 30, connection=connection, waveform=waveform, frequency_hz=50.3)
    found = steady(point, replace(chains, noise_lsb=np.full(4, 0.5)))
    assert found.active_w == pytest.approx(np.full(4, found.truth.active_w), rel=2e-5)
    assert found.reactive_var == pytest.approx(np.full(4, found.truth.reactive_var), rel=2e-5)
    assert found.voltage_v == pytest.approx(np.broadcast_to(found.truth.voltage_v, found.voltage_v.shape), rel=2e-5)
    if waveform is not Waveform.HALF_WAVE:  # its direct current stays outside a transformer
        assert found.apparent_va == pytest.approx(np.full(4, found.truth.apparent_va), rel=2e-5)


def test_ten_percent_by_forty_percent_of_the_fifth_in_phase_count_as_4_percent() -> None:
    chains = Chains.ideal(1, 230, 100)
    sine, fifth = (steady(Point(230, 50, waveform=w), chains).active_w[0] for w in (Waveform.SINE, Waveform.FIFTH))
    assert fifth / sine == pytest.approx(1.04, rel=1e-5)


@pytest.mark.parametrize("connection", [Connection.ARON, Connection.FOUR_WIRE])
def test_the_order_of_phases_changes_nothing(connection: Connection) -> None:
    chains = replace(Chains.ideal(2, 230, 100, connection=connection), noise_lsb=np.full(2, 0.5))
    one, two = (
        steady(Point(230, 0.5, 20, connection=connection, reversed_sequence=turned), chains) for turned in (False, True)
    )
    assert two.active_w == pytest.approx(one.active_w, rel=1e-5)
    assert two.reactive_var == pytest.approx(one.reactive_var, rel=1e-4)


def test_a_point_of_2000_s_is_a_matter_of_milliseconds() -> None:
    chains = Chains.ideal(1, 230, 100, connection=ONE)
    found = steady(Point(230, 0.02, connection=ONE), chains)
    times = pulses(found.active_w, 1000, 5)
    assert times[0, -1] > 3900
    assert pulse_error(times, 1000, found.truth.active_w)[0] == pytest.approx(0, abs=0.02)


def test_runs_differ_and_come_again() -> None:
    chains = replace(Chains.ideal(3, 230, 100, connection=ONE, bits=12), noise_lsb=np.ones(3))
    point = Point(230, 1, connection=ONE)
    runs = [steady(point, chains, run=run).active_w for run in (0, 1, 0)]
    assert np.array_equal(runs[0], runs[2])
    assert not np.any(runs[0] == runs[1])


def test_export_and_capacitive_have_their_signs() -> None:
    found = steady(Point(230, 5, -120), Chains.ideal(1, 230, 100))
    assert found.active_w[0] == pytest.approx(-1725, rel=1e-5)
    assert found.reactive_var[0] == pytest.approx(-3450 * np.sqrt(3) / 2, rel=1e-5)


def test_groups_of_meters_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    chains = replace(Chains.ideal(7, 230, 100), noise_lsb=np.ones(7), clock_ppm=np.arange(7.0))
    whole = steady(Point(230, 5, 40), chains, method=Method.QUARTER_PERIOD)
    monkeypatch.setattr(sys.modules["openami.metering.metrology.steady"], "AT_ONCE", 1)
    single = steady(Point(230, 5, 40), chains, method=Method.QUARTER_PERIOD)
    assert single.active_w == pytest.approx(whole.active_w, rel=1e-9)
    assert single.reactive_var == pytest.approx(whole.reactive_var, rel=1e-4)


def test_a_point_for_another_wiring_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="a point for 3P3W on meters wired 3P4W"):
        steady(Point(230, 5, connection=Connection.ARON), Chains.ideal(1, 230, 100))
