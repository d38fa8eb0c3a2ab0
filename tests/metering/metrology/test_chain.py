"""Chains: each error by its formula; the rest of the error is what the converter's step allows."""

from dataclasses import replace

import numpy as np
import pytest

from openami.metering.metrology import Chains, Connection, Curve, Point, Signal, Transformer, steady
from openami.metering.metrology.chain import noise, quantiles

ONE = Connection.ONE_PHASE
POINT = Point(230, 5, connection=ONE)


def ideal(**changes: object) -> Chains:
    return replace(Chains.ideal(1, 230, 100, connection=ONE), **changes)  # type: ignore[arg-type]


def error(chains: Chains, point: Point) -> float:
    found = steady(point, chains)
    return float(100 * (found.active_w[0] / found.truth.active_w - 1))


def test_an_ideal_meter_of_24_bits_has_no_error_to_speak_of() -> None:
    for point in (POINT, POINT.at(0.5), replace(POINT, current_a=0.2)):
        assert abs(error(ideal(), point)) < 1e-3


@pytest.mark.parametrize(("arcmin", "expected"), [(1, 0.0504), (5, 0.252)])
def test_an_arc_minute_is_five_hundredths_of_a_percent_at_half(arcmin: float, expected: float) -> None:
    # the current seems to lead: φ falls, cos φ rises by tan φ · δ (facts §2.7)
    assert error(ideal(phase_arcmin=np.full((1, 2), arcmin)), POINT.at(0.5)) == pytest.approx(expected, abs=5e-4)
    assert error(ideal(phase_arcmin=np.full((1, 2), arcmin)), POINT.at(0.8, "c")) == pytest.approx(
        -expected * 0.75 / np.sqrt(3), abs=5e-4
    )


def test_gains_multiply_and_warm_meters_drift() -> None:
    chains = ideal(gain_u=np.full((1, 1), 0.01), gain_i=np.full((1, 2), 0.02), slope_per_k=np.full((1, 1), 1e-4))
    assert error(chains, POINT) == pytest.approx(3.02, abs=1e-3)
    assert error(chains, replace(POINT, temperature_c=33)) == pytest.approx(3.02 + 1.01 * 0.1, abs=1e-3)


def test_a_clock_that_runs_fast_counts_more() -> None:
    assert error(ideal(clock_ppm=np.array([1000.0])), POINT) == pytest.approx(0.1, abs=1e-3)


def test_offset_current_weighs_on_small_loads() -> None:
    chains = ideal(coupling_s=np.full((1, 1), 0.002 / 230))
    assert error(chains, POINT) == pytest.approx(0.04, abs=1e-3)
    assert error(chains, replace(POINT, current_a=0.25)) == pytest.approx(0.8, abs=1e-3)


def test_offsets_of_the_converter_make_no_power_behind_the_high_pass() -> None:
    chains = ideal(offset_u_lsb=np.full((1, 1), 2e4), offset_i_lsb=np.full((1, 2), 2e4))
    assert abs(error(chains, replace(POINT, current_a=0.25))) < 1e-3


def test_a_current_beyond_full_scale_is_cut_off() -> None:
    # 1.2·√2·100 A is full scale
    assert abs(error(ideal(), replace(POINT, current_a=119))) < 1e-3
    assert error(ideal(), replace(POINT, current_a=200)) < -20


def test_a_shunt_passes_direct_current_and_a_transformer_does_not() -> None:
    signal = Signal.sine(230, 5, phases=1).with_direct(0, 1.0)
    for shunt, expected in ((False, 0.0), (True, 1.0)):
        chains = ideal(shunt=np.array([shunt, shunt]))
        _, current = chains.respond(signal)
        assert abs(current[0, 0, 0]) == pytest.approx(expected)


def test_the_phase_of_a_shunt_rises_and_of_a_transformer_falls_with_frequency() -> None:
    signal = Signal.sine(230, 5, phases=1).with_harmonic(5, 0, 1)
    for shunt, expected in ((False, 0.2), (True, 5.0)):
        _, current = ideal(phase_arcmin=np.full((1, 2), 60.0), shunt=np.array([shunt, shunt])).respond(signal)
        turned = np.degrees(np.angle(current[0, 0] / signal.current[0]))
        assert turned == pytest.approx(np.array([1.0, expected]))


def test_errors_of_the_sensor_go_along_its_curve() -> None:
    curve = Curve(
        np.array([1.0, 5.0, 20.0, 100.0]), np.array([0.75, 0.35, 0.2, 0.2]), np.array([30.0, 15.0, 10.0, 10.0])
    )
    chains = ideal(curve=curve)
    assert error(chains, replace(POINT, current_a=100)) == pytest.approx(0.2, abs=2e-3)
    assert error(chains, replace(POINT, current_a=5)) == pytest.approx(0.35, abs=2e-3)
    assert error(chains, replace(POINT, current_a=1).at(0.5)) == pytest.approx(0.75 + 30 * 0.0504, abs=0.03)


def test_outside_transformers_are_counted_in_and_their_errors_seen() -> None:
    chains = replace(
        Chains.ideal(1, 57.7, 10),
        current_transformer=Transformer(200, 5),
        voltage_transformer=Transformer(20_000, 100, Curve(np.array([50.0, 120.0]), np.full(2, 0.5), np.zeros(2))),
    )
    found = steady(Point(11_547, 200), chains)
    assert found.voltage_v[0] == pytest.approx(np.full(3, 11_547 * 1.005), rel=1e-5)
    assert found.current_a[0] == pytest.approx(np.full(3, 200), rel=1e-5)
    assert found.active_w[0] == pytest.approx(1.005 * 3 * 11_547 * 200, rel=1e-5)


def test_noise_is_normal_and_a_meter_has_its_own_in_any_company() -> None:
    drawn = noise(np.random.default_rng(1), (3, 100_000))
    assert abs(drawn.mean()) < 0.01
    assert drawn.std() == pytest.approx(1, abs=0.01)
    assert np.mean(np.abs(drawn) < 1) == pytest.approx(0.6827, abs=0.005)
    assert quantiles().size == 4096
    three = replace(Chains.ideal([7, 8, 9], 230, 100, connection=ONE, bits=12), noise_lsb=np.ones(3))
    alone = replace(Chains.ideal([8], 230, 100, connection=ONE, bits=12), noise_lsb=np.ones(1))
    assert steady(POINT, three).active_w[1] == steady(POINT, alone).active_w[0]
    assert steady(POINT, three, run=1).active_w[1] != steady(POINT, alone).active_w[0]
