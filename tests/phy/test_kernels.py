"""The compiled search finds what NumPy finds, and what the definition says."""

import tracemalloc

import numpy as np
import pytest

from openami.phy.ert import KINDS, Receiver, Settings, kernels, search
from phy.air import BAND, air, idm, scm

TABLE = search.looked_up((search.SCM_WORD, search.INTERVAL_WORD))


def soft(frames: int, channels: int) -> np.ndarray:
    return np.random.default_rng(frames).standard_normal((frames + search.REACH, channels), dtype=np.float32)


@pytest.mark.parametrize(("frames", "channels"), [(1, 1), (40, 3), (700, 2)])
def test_the_loop_itself(frames, channels):
    values, found = soft(frames, channels), np.empty(frames * channels, dtype=np.intp)
    count = kernels.matched(values, frames, (search.BIT, search.WORD_BITS), TABLE, found)
    expected = np.flatnonzero(TABLE.take(search.words(values)))
    assert np.array_equal(found[:count], expected)


@pytest.mark.parametrize(("frames", "channels"), [(5000, 1), (3000, 24)])
def test_compiled_or_not(monkeypatch, frames, channels):
    values = soft(frames, channels)
    ours = search.hits(values, frames, TABLE)
    monkeypatch.setattr(kernels, "is_compiled", lambda: False)
    assert np.array_equal(ours, search.hits(values, frames, TABLE))
    assert len(ours) > frames * channels / 1000


def test_more_places_than_there_was_room_for():
    everything = np.ones_like(TABLE)
    assert np.array_equal(search.hits(soft(500, 4), 500, everything), np.arange(2000))


def test_the_same_messages(monkeypatch):
    random = np.random.default_rng(3)
    one = air([scm(random), idm(random), scm(random)], random, snr_db=-5)
    wanted = Settings(kinds=frozenset(KINDS))
    ours = [(each.data, each.at_s) for each in one.heard(wanted)]
    monkeypatch.setattr(kernels, "is_compiled", lambda: False)
    assert [(each.data, each.at_s) for each in one.heard(wanted)] == ours
    assert len(ours) >= 2


def test_numba_is_kept_out(monkeypatch):
    monkeypatch.setenv(kernels.PLAIN, "1")
    assert not kernels.is_compiled.__wrapped__()


def test_transforms_are_the_same_however_they_are_cut():
    from openami.phy.ert.channeliser import Channeliser

    bank, random = Channeliser(BAND.rate_hz, 36), np.random.default_rng(1)
    folded = random.standard_normal((500, 72), dtype=np.float32)
    real, imaginary = bank.transformed(folded)
    whole = np.fft.fft(folded.view(np.complex64), axis=1)
    assert np.allclose(real, whole.real, atol=1e-3)
    assert np.allclose(imaginary, whole.imag, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "blocks"), [(1, 24), (0, 8)])
def test_memory_does_not_grow_with_time(channels, blocks):
    """By the octet; an hour of samples, by bench/radio_hour.py."""
    random = np.random.default_rng(1)
    part = air([scm(random) for _ in range(20)], random, snr_db=15).samples
    receiver = Receiver(BAND.rate_hz, Settings(channels=channels, kinds=frozenset({"SCM"}), fold_s=0.2))
    heard, most = 0, []
    tracemalloc.start()
    try:
        for _ in range(3):
            tracemalloc.reset_peak()
            heard += sum(len(receiver.step(part)) for _ in range(blocks))
            most.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert most[2] <= most[1] + (1 << 18)
    assert heard >= 19 * 3 * blocks
