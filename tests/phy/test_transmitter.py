"""Samples of endpoints: edges, phase over chunks, and what lies outside the band."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.phy.ert import Band, Endpoint, Steady, Timing, Transmission, Transmitter, noise
from openami.phy.modulation.manchester import bits_of, chips_of, keyed

BAND = Band()


@given(st.binary(min_size=1, max_size=20))
def test_one_is_high_then_low(data):
    bits = bits_of(data)
    chips = chips_of(bits)
    assert np.array_equal(chips[::2], bits)
    assert np.array_equal(chips[1::2], 1 - bits)
    middles = np.arange(len(chips)) + 0.5
    assert np.allclose(keyed(chips, middles, 0.2), chips)
    assert np.array_equal(keyed(chips, middles, 0), chips)


def test_edges_are_half_a_cosine():
    chips = np.array([1, 0, 0, 1], dtype=np.uint8)
    assert keyed(chips, np.array([-0.1, 0.0, 0.1, 0.95, 1.0, 1.05, 2.0, 4.0, 9.0]), 0.2) == pytest.approx(
        [0, 0.5, 1, 0.853553, 0.5, 0.146447, 0, 0.5, 0], abs=1e-6
    )
    with pytest.raises(ValueError, match="edge"):
        keyed(chips, np.zeros(1), 1.5)


@pytest.mark.parametrize("chunk", [1 << 18, 9973])
def test_chunks_join_without_a_seam(chunk):
    meters = [Endpoint(n, Steady(n, step=3), Timing(hop_s=0.4, copies=3), (912.3e6, 912.9e6), 0.05 * n) for n in (3, 4)]
    transmitter = Transmitter(BAND)
    whole = next(iter(transmitter.chunks(meters, 1.0, 1 << 22)))
    parts = list(transmitter.chunks(meters, 1.0, chunk))
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)
    assert max(len(part) for part in parts) <= chunk


def test_level_and_frequency():
    message = Steady(5).message("IDM", 0).encode()
    samples = Transmitter(BAND, amplitude=0.25).render([Transmission(0, 912.7e6, message)], 0, 100_000)
    assert np.abs(samples).max() == pytest.approx(0.25, rel=1e-3)
    line = np.fft.fft(samples)
    assert np.fft.fftfreq(len(line), 1 / BAND.rate_hz)[np.argmax(np.abs(line))] == pytest.approx(100e3, abs=20)
    assert np.mean(np.abs(samples) > 0.125) == pytest.approx(0.5, abs=0.01)


def test_the_spectrum_is_as_wide_as_the_report_says():
    rng = np.random.default_rng(1)
    sent = [Transmission(0.01 + 0.05 * n, 912.6e6, rng.bytes(92)) for n in range(8)]
    samples = Transmitter(BAND).render(sent, 0, int(0.45 * BAND.rate_hz))
    length = round(BAND.rate_hz / 3000 * 1.5)  # near 3 kHz under a Hann window
    windows = np.lib.stride_tricks.sliding_window_view(samples, length)[:: length // 4]
    held = np.abs(np.fft.fftshift(np.fft.fft(windows * np.hanning(length), 4 * length), axes=1)).max(axis=0)
    above = np.flatnonzero(20 * np.log10(held / held.max()) > -20)
    assert 159e3 <= (above[-1] - above[0]) * BAND.rate_hz / (4 * length) <= 176e3


def test_outside_the_band_is_silence():
    assert not Transmitter(BAND).render([Transmission(0, 916.01e6, b"abc")], 0, 1000).any()
    assert not BAND.holds(BAND.centre_hz + BAND.rate_hz / 2)
    with pytest.raises(DefinitionError):
        Band(rate_hz=0.9e6)


def test_noise_has_its_power():
    assert np.mean(np.abs(noise(np.random.default_rng(1), 200_000, 0.3)) ** 2) == pytest.approx(0.3, rel=0.01)
