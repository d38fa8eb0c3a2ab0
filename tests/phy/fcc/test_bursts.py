"""Transmissions out of the envelope: when, how long, where; however samples are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.phy.ert import Band, Transmission, Transmitter, noise
from openami.phy.fcc.bursts import Burst, Monitor, transmissions
from openami.phy.fcc.findings import busiest

BAND = Band(912.6e6, 2.4e6)
SENT = [
    Transmission(0.0203, 912.3e6, b"\x55\x55" + bytes(90)),
    Transmission(0.081, 912.9e6, b"\xf9\x53\x00" + bytes(8) + b"\x01"),
    Transmission(0.0985, 912.9e6, b"\xf9\x53\x00" + bytes(8) + b"\xfe"),
]


def samples_of(sent, seconds: float = 0.12, snr_db: float | None = None) -> np.ndarray:
    count = round(seconds * BAND.rate_hz)
    samples = Transmitter(BAND).render(sent, 0, count)
    return samples if snr_db is None else samples + noise(np.random.default_rng(1), count, 0.25 / 10 ** (snr_db / 10))


def found(samples, places=()) -> list[Burst]:
    monitor = Monitor(BAND.rate_hz, BAND.centre_hz)
    for part in np.split(samples, sorted(places)):
        monitor.step(part)
    return transmissions(monitor.bursts)


@pytest.mark.parametrize("snr_db", [None, 40, 20])
def test_times_lengths_carriers(snr_db):
    bursts = found(samples_of(SENT, snr_db=snr_db))
    assert len(bursts) == len(SENT)
    for sent, burst in zip(SENT, bursts, strict=True):
        assert burst.on_s == pytest.approx(sent.until_s - sent.at_s, abs=1e-9), (
            "whole octets, off chips at the ends too"
        )
        assert burst.at_s == pytest.approx(sent.at_s, abs=40e-6)
        assert burst.carrier_hz == pytest.approx(sent.carrier_hz, abs=100)
        assert burst.peak == pytest.approx(0.25, rel=0.01 if snr_db is None else 0.5)


@settings(max_examples=6)
@given(st.lists(st.integers(0, round(0.12 * BAND.rate_hz)), max_size=4))
def test_cuts_change_next_to_nothing(places):
    for whole, cut in zip(found(samples_of(SENT)), found(samples_of(SENT), places), strict=True):
        assert cut.on_s == pytest.approx(whole.on_s, abs=1e-9)
        assert cut.at_s == pytest.approx(whole.at_s, abs=10e-6)
        assert cut.carrier_hz == pytest.approx(whole.carrier_hz, abs=2e3)


def test_lengths_as_they_are_seen():
    monitor = Monitor(BAND.rate_hz, BAND.centre_hz)
    monitor.step(samples_of(SENT))
    seen = [each.on_s for each in transmissions(monitor.bursts, octet_s=0)]
    real = [each.until_s - each.at_s for each in SENT]
    # an off chip, 30.5 µs, is missing at an end that has one; half an edge and a grain more or less
    assert all(-70e-6 < short - long < 10e-6 for short, long in zip(seen, real, strict=True))


def test_samples_that_do_not_follow_the_last_ones():
    monitor = Monitor(BAND.rate_hz, BAND.centre_hz)
    monitor.step(samples_of(SENT[:1]), 100.0)
    monitor.step(samples_of(SENT[:1]), 7.0)
    assert [round(each.at_s, 3) for each in transmissions(monitor.bursts)] == [7.02, 100.02]


def test_noise_and_a_carrier_without_end_are_no_transmissions():
    rng = np.random.default_rng(2)
    assert found(noise(rng, 1 << 19, 1e-3)) == []
    assert found(np.zeros(1 << 16, dtype=np.complex64)) == []
    assert found(np.full(1 << 16, 0.5, dtype=np.complex64)) == []


@given(st.lists(st.tuples(st.floats(0.001, 0.2), st.floats(0.001, 0.2)), min_size=1, max_size=8), st.floats(0.01, 0.5))
def test_the_busiest_window_is_no_less_than_any(pairs, window_s):
    at, bursts = 0.0, []
    for silence, on in pairs:
        bursts.append(Burst(at + silence, at + silence + on, 912e6, 1.0))
        at = bursts[-1].until_s
    most, begin = busiest(bursts, window_s)

    def held(begin: float) -> float:
        return sum(max(0.0, min(b.until_s, begin + window_s) - max(b.at_s, begin)) for b in bursts)

    assert held(begin) == pytest.approx(most, abs=1e-9)
    assert all(held(place) <= most + 1e-9 for place in np.linspace(-window_s, at, 200))


@pytest.mark.parametrize("wrong", [{"hold_s": 0.0}, {"hold_s": 2.0}])
def test_settings_that_cannot_be(wrong):
    with pytest.raises(DefinitionError):
        Monitor(BAND.rate_hz, BAND.centre_hz, **wrong)
    with pytest.raises(DefinitionError, match="samples per second"):
        Monitor(0.9e6, BAND.centre_hz)
