"""The analyser on signals whose spectrum is known, and on keyed carriers against figures from outside."""

import numpy as np
import pytest

from openami.phy.ert import Band, Transmission, Transmitter
from openami.phy.ert.transmitter import RATE_HZ
from openami.phy.fcc.spectrum import Trace, middle_hz

BAND = Band()


def carrier(offset_hz: float, count: int = 40_000, amplitude: float = 0.5) -> np.ndarray:
    turns = np.arange(count) * (offset_hz / RATE_HZ)
    return (amplitude * np.exp(2j * np.pi * turns)).astype(np.complex64)


@pytest.mark.parametrize("rbw_hz", [3e3, 30e3, 100e3])
def test_a_steady_carrier_shows_its_power_under_the_filter(rbw_hz):
    trace = Trace(RATE_HZ, 900e6, rbw_hz)
    trace.add(carrier(300e3) * np.hanning(40_000).astype(np.float32))  # it comes and goes slowly: no clicks
    assert trace.peak_db() == pytest.approx(-6.02, abs=0.1)
    assert trace.width_hz(3.01) == pytest.approx(rbw_hz, rel=0.03)
    low, high = trace.down(20)
    assert (low + high) / 2 == pytest.approx(900.3e6, abs=0.02 * rbw_hz)
    # a Gaussian filter is 2.58 times as wide at 20 dB as at 3 dB: sqrt(20 / 3.01)
    assert high - low == pytest.approx(2.578 * rbw_hz, rel=0.03)


def test_the_maximum_is_held():
    trace = Trace(RATE_HZ, 900e6, 30e3)
    trace.add(carrier(300e3))
    before = trace.held.copy()
    trace.add(carrier(-500e3, amplitude=0.1))
    assert np.all(trace.held >= before)
    assert trace.peak_db(900.2e6, 900.4e6) == pytest.approx(-6.02, abs=0.1)
    assert trace.peak_db(899.4e6, 899.6e6) == pytest.approx(-20, abs=0.1)
    assert trace.peak_db(1e9, 2e9) == float("-inf")


@pytest.mark.parametrize(
    ("edge_s", "rbw_hz", "low_khz", "high_khz"),
    [(0, 3e3, 162.5, 166.5), (2e-6, 3e3, 162.5, 166.5), (4e-6, 3e3, 162.5, 166), (8e-6, 3e3, 100, 108)],
)
def test_keyed_carriers_are_as_wide_as_was_found_elsewhere(edge_s, rbw_hz, low_khz, high_khz):
    """Bandwidths that another program found for random data: 163.8 to 165.4, 164.4, near 103 kHz."""
    rng = np.random.default_rng(1)
    sent = [Transmission(0.01 + 0.05 * n, 912.9e6, rng.bytes(92)) for n in range(4)]
    samples = Transmitter(BAND, edge_s=edge_s).render(sent, 0, int(0.25 * RATE_HZ))
    trace = Trace(RATE_HZ, BAND.centre_hz, rbw_hz)
    trace.add(samples)
    assert low_khz <= trace.width_hz() / 1e3 <= high_khz


@pytest.mark.parametrize("offset_hz", [0.0, 123_456.7, -987_654.3])
@pytest.mark.parametrize("octets", [12, 92])
def test_the_carrier_is_found_between_the_lines(offset_hz, octets):
    data = np.random.default_rng(octets).bytes(octets)
    samples = Transmitter(BAND).render([Transmission(0, BAND.centre_hz + offset_hz, data)], 0, octets * 1152)
    assert middle_hz(samples, RATE_HZ) == pytest.approx(offset_hz, abs=20)


def test_a_carrier_that_swings_is_found_in_the_middle():
    sent = [Transmission(0, BAND.centre_hz + 100e3, bytes(range(92)))]
    samples = Transmitter(BAND, deviation_hz=200e3).render(sent, 0, 92 * 1152)
    assert middle_hz(samples, RATE_HZ) == pytest.approx(100e3, abs=5e3)
    trace = Trace(RATE_HZ, BAND.centre_hz, 3e3)
    trace.add(samples)
    assert trace.width_hz() > 400e3
