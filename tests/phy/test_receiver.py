"""The receiver: what is on the air comes out once, however samples are cut and whatever else is heard."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.phy.ert import IDM, SCM, Band, NetIDM, Receiver, SCMPlus, Settings, Transmission, noise
from openami.phy.ert.messages import CHIP_RATE_HZ
from phy.air import BAND, air, idm, mixed, scm

WIDE = Settings(channels=1)
ALL = [
    SCM(12345678, 7, 4711, 1, 2),
    SCMPlus(0xAB, 68211547, 6883, 18688),
    IDM(4, 23, 99, 5, 4711),
    NetIDM(4, 24, 98, 5, 7, 9),
]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("settings", [Settings(), Settings(channels=24), Settings(channels=48), WIDE])
def test_every_kind_with_its_time_level_and_frequency(settings):
    one = air(list(ALL), rng(), snr_db=20)
    heard = one.heard(settings)
    assert [each.message for each in heard] == ALL
    for sent, each in zip(one.sent, heard, strict=True):
        assert each.data == sent.data
        assert each.at_s == pytest.approx(sent.at_s, abs=0.25 / CHIP_RATE_HZ)
        assert each.offset_hz == pytest.approx(sent.carrier_hz - BAND.centre_hz, abs=50)
        assert each.level_dbfs == pytest.approx(20 * np.log10(0.4), abs=1.5)
        assert each.corrected == 0


@pytest.mark.parametrize("rate", [1e6, 1.024e6, 1.4e6, 2.048e6, 2.4e6, 2_555_904, 3.2e6, 5e6])
@pytest.mark.parametrize("settings", [Settings(), WIDE])
def test_any_rate(rate, settings):
    one = air(list(ALL), rng(2), snr_db=15, band=Band(rate_hz=rate), spread_hz=0.35e6)
    assert [each.message for each in one.heard(settings)] == ALL


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_cuts_change_nothing(cut):
    one = air([scm(rng(3)), *ALL, scm(rng(4))], rng(3))
    whole = one.heard()
    receiver = Receiver(BAND.rate_hz)
    places = np.sort(rng(cut).integers(0, len(one.samples), 10**cut))
    heard = [each for part in np.split(one.samples, places) for each in receiver.step(part)]
    assert [each.data for each in heard + receiver.finish()] == [each.data for each in whole]


@pytest.mark.parametrize("channels", [0, 24, 48])
def test_messages_at_the_same_time_on_different_channels(channels):
    random = rng(4)
    carriers = BAND.centre_hz + np.arange(-5, 6) * 196_608
    sent = [Transmission(0.02 + random.uniform(0, 4e-3), each, scm(random).encode()) for each in carriers]
    sent += [Transmission(0.04 + random.uniform(0, 4e-3), each, idm(random).encode()) for each in carriers]
    heard = mixed(sent, random, snr_db=12).heard(Settings(channels=channels))
    assert Counter(each.data for each in heard) == Counter(each.data for each in sent)
    by_data = {each.data: each.carrier_hz - BAND.centre_hz for each in sent}
    assert all(abs(each.offset_hz - by_data[each.data]) < 100 for each in heard)


def test_a_weak_message_beside_a_strong_one():
    weak, strong = scm(rng(5)), scm(rng(6))
    loud = mixed([Transmission(0.021, BAND.centre_hz + 5e5, strong.encode())], rng(), snr_db=30)
    soft = mixed([Transmission(0.02, BAND.centre_hz - 1e5, weak.encode())], rng(), snr_db=30)
    count = min(len(loud.samples), len(soft.samples))
    receiver = Receiver(BAND.rate_hz)
    heard = receiver.step(loud.samples[:count] + np.float32(0.05) * soft.samples[:count]) + receiver.finish()
    assert {each.message for each in heard} == {weak, strong}


def test_wrong_bits_are_put_right_as_allowed():
    data = int.from_bytes(SCM(12345678, 7, 4711).encode(), "big")
    sent = [
        Transmission(0.02 * n, 912.7e6, (data ^ mask).to_bytes(12, "big"))
        for n, mask in enumerate([0, 1 << 40, 1 << 40 | 1 << 20], 1)
    ]
    one = mixed(sent, rng())
    assert [each.corrected for each in one.heard(Settings(correct=0))] == [0]
    # strong bits are not turned: they were not misheard, but sent so
    assert [each.corrected for each in one.heard(Settings(correct=2))] == [0]


@pytest.mark.parametrize("most", [1, 2])
def test_correction_finds_more_where_it_is_noisy(most):
    one = air([scm(rng(n)) for n in range(40)], rng(9), snr_db=-9)
    shares = [one.share(Settings(channels=24, correct=each, kinds=frozenset({"SCM"})))[0] for each in (most - 1, most)]
    assert shares[0] < shares[1]
    assert max(each.corrected for each in one.heard(Settings(channels=24, correct=most))) == most


def test_only_what_is_wanted():
    one = air(list(ALL), rng())
    assert [each.message for each in one.heard(Settings(ids=frozenset({12345678, 98})))] == [ALL[0], ALL[3]]
    assert [each.message for each in one.heard(Settings(kinds=frozenset({"SCM+", "IDM"})))] == ALL[1:3]
    assert [each.message.KIND for each in one.heard(Settings(net_types=frozenset()))][2:] == ["IDM", "IDM"]


def test_copies_are_folded():
    message = scm(rng(7)).encode()
    one = mixed([Transmission(0.02 + 0.0152 * n, 912.6e6 + 1e5, message) for n in range(30)], rng())
    assert len(one.heard()) == 30
    assert len(one.heard(Settings(fold_s=1))) == 1
    assert len(one.heard(Settings(fold_s=0.3))) == 2


def test_a_message_from_the_first_sample_to_the_last():
    one = mixed([Transmission(0, BAND.centre_hz, ALL[2].encode())], rng())
    until = int(one.sent[0].until_s * BAND.rate_hz)
    receiver = Receiver(BAND.rate_hz)
    assert [each.message for each in receiver.step(one.samples[:until]) + receiver.finish()] == [ALL[2]]


@pytest.mark.parametrize("channels", [0, 1])
def test_noise_is_no_message(channels):
    random, receiver = rng(8), Receiver(BAND.rate_hz, Settings(channels=channels))
    assert [each for _ in range(4) for each in receiver.step(noise(random, 1 << 19, 0.01))] == []
    assert receiver.finish() == []


@pytest.mark.parametrize("samples", [np.zeros(1 << 20), np.ones(1 << 20), np.tile([1, -1, 1j, 0], 1 << 18)])
def test_signals_without_a_message(samples):
    receiver = Receiver(BAND.rate_hz)
    assert receiver.step(samples.astype(np.complex64)) + receiver.finish() == []


@settings(max_examples=20)
@given(st.lists(st.integers(0, 5000), max_size=5), st.sampled_from([0, 1]))
def test_few_samples_are_no_error(lengths, channels):
    receiver = Receiver(1e6, Settings(channels=channels))
    for length in lengths:
        assert receiver.step(noise(rng(), length, 1)) == []
    assert receiver.finish() == []


def test_memory_stays_flat():
    receiver, part = Receiver(BAND.rate_hz, Settings(fold_s=0.5)), air([scm(rng(n)) for n in range(16)], rng()).samples
    sizes = []
    for _ in range(6):
        receiver.step(part)
        sizes.append(receiver.samples.nbytes + receiver.soft.nbytes)
    assert max(sizes) < 40e6
    assert max(sizes[3:]) <= 1.2 * max(sizes[:3])
    assert len(receiver.told) <= 40
    assert len(receiver.taken) <= 40


@pytest.mark.parametrize("wrong", [{"kinds": frozenset({"R900"})}, {"correct": 3}, {"channels": -1}, {"fold_s": -1}])
def test_settings_that_cannot_be(wrong):
    with pytest.raises(DefinitionError):
        Settings(**wrong)
    with pytest.raises(DefinitionError, match="at least"):
        Receiver(0.9e6)
