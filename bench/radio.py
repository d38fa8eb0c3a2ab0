"""ERT receiver: real-time factors on one core, and where half of the messages is found; rtl_433 beside it if installed.

`python bench/radio_curve.py` draws the whole curve.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median

import numpy as np
from harness import Row

from openami.phy.ert import IDM, KINDS, SCM, Band, Receiver, Settings, Transmission, Transmitter, noise
from openami.phy.samples import CU8

BAND = Band()
SECONDS, ROUNDS = 4, 5
MESSAGES, GAP_S, SPREAD_HZ = 200, 0.026, 0.9e6
AMPLITUDE = 0.25
PEER = "rtl_433"
RTL_433 = ("rtl_433", "-s", "2359296", "-R", "149", "-F", "json")


def on_the_air(snr_db: float, count: int, rng: np.random.Generator) -> tuple[list[bytes], np.ndarray]:
    """SCMs one after the other, each on a carrier of its own, carrier over noise in the whole band."""
    sent = [
        Transmission(
            0.01 + GAP_S * place + rng.uniform(0, 1e-4),
            BAND.centre_hz + rng.uniform(-SPREAD_HZ, SPREAD_HZ),
            SCM(int(rng.integers(1, 1 << 26)), 7, int(rng.integers(1 << 24))).encode(),
        )
        for place in range(count)
    ]
    total = int((GAP_S * count + 0.02) * BAND.rate_hz)
    samples = Transmitter(BAND, amplitude=AMPLITUDE).render(sent, 0, total)
    return [each.data for each in sent], samples + noise(rng, total, AMPLITUDE**2 / 10 ** (snr_db / 10))


def busy(rng: np.random.Generator) -> bytes:
    """Seconds as a receiver gives them: eight messages in each of them, one an IDM, and noise."""
    sent = [
        Transmission(
            (place + 0.1) / 8,
            BAND.centre_hz + rng.uniform(-SPREAD_HZ, SPREAD_HZ),
            (IDM(4, 23, place, 1, 2) if place % 8 == 0 else SCM(place, 7, 5)).encode(),
        )
        for place in range(8 * SECONDS)
    ]
    count = int(SECONDS * BAND.rate_hz)
    return CU8.encode(Transmitter(BAND, amplitude=AMPLITUDE).render(sent, 0, count) + noise(rng, count, 0.01))


def real_time(data: bytes, settings: Settings) -> float:
    """How many times faster than the air octets become messages, by processor time."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        receiver = Receiver(BAND.rate_hz, settings)
        step = 2 << 18
        heard = [each for at in range(0, len(data), step) for each in receiver.step(CU8.decode(data[at : at + step]))]
        heard += receiver.finish()
        found.append(SECONDS / (time.process_time() - begun))
        assert heard
    return median(found)


def factors() -> dict[str, float]:
    """The figures of speed; for a process that has one thread."""
    data = busy(np.random.default_rng(1))
    return {
        "24_channels": real_time(data, Settings(channels=24, kinds=frozenset(KINDS))),
        "36_channels": real_time(data, Settings(kinds=frozenset(KINDS))),
        "wide_scm": real_time(data, Settings(channels=1, kinds=frozenset({"SCM"}))),
    }


def speed() -> Iterator[Row]:
    """Real-time factors at 2.36 MS/s, cu8 in, messages out."""
    environment = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, __file__, "speed"], env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    published = "peer's figure published, measured on another machine"
    for name, note in (("24_channels", "all four types"), ("36_channels", "all four types, as by default")):
        yield Row(
            f"radio.speed_{name}", found[name], "× real time", 5, "rtlamr (published)", 4.7, higher_is_better=True,
            note=f"{note}; peer without channels; {published}",
        )  # fmt: skip
    peer, value, note = ("rtlamr (published)", 35.0, published)
    if shutil.which(PEER):
        peer, value, note = PEER, their_speed(), "peer without bit correction; rtlamr's published figure is 35"
    yield Row(
        "radio.speed_wide_scm", found["wide_scm"], "× real time", 30, peer, value, higher_is_better=True,
        note=f"SCM alone; {note}",
    )  # fmt: skip


def their_speed() -> float:
    """How many times faster than the air rtl_433 works on the same octets, by processor time."""
    data, found = busy(np.random.default_rng(1)), []
    with tempfile.NamedTemporaryFile(suffix=".cu8") as file:
        file.write(data)
        file.flush()
        for _ in range(ROUNDS):
            before = os.times()
            subprocess.run([*RTL_433, "-r", f"cu8:{file.name}"], capture_output=True, timeout=120, check=False)
            after = os.times()
            spent = after.children_user + after.children_system - before.children_user - before.children_system
            found.append(SECONDS / max(spent, 1e-3))
    return median(found)


def share(snr_db: float, channels: int) -> float:
    """Share of the messages that is found at one point."""
    sent, samples = on_the_air(snr_db, MESSAGES, np.random.default_rng(int(1000 + 10 * snr_db)))
    return ours(sent, samples, channels)


def ours(sent: list[bytes], samples: np.ndarray, channels: int) -> float:
    """Share that our receiver finds."""
    receiver = Receiver(BAND.rate_hz, Settings(channels=channels, kinds=frozenset({"SCM"})))
    heard = {each.data for each in receiver.step(samples) + receiver.finish()}
    return len(heard & set(sent)) / len(sent)


def theirs(sent: list[bytes], samples: np.ndarray) -> float:
    """Share that rtl_433 finds."""
    with tempfile.NamedTemporaryFile(suffix=".cu8") as file:
        largest = max(1.0, float(np.abs(samples).max()) / 1.2)
        file.write(CU8.encode(samples / np.float32(largest)))
        file.flush()
        done = subprocess.run(
            [*RTL_433, "-r", f"cu8:{file.name}"], capture_output=True, text=True, timeout=120, check=False
        )
    heard = {json.loads(line)["id"] for line in done.stdout.splitlines() if line.startswith("{")}
    return len(heard & {SCM.decode(each).endpoint_id for each in sent}) / len(sent)


def their_share(snr_db: float) -> float:
    """Share that rtl_433 finds of the same messages."""
    return theirs(*on_the_air(snr_db, MESSAGES, np.random.default_rng(int(1000 + 10 * snr_db))))


def half(share_at: Callable[[float], float], points: range) -> float:
    """Where half of the messages is found, between the points around it."""
    shares = [(point, share_at(point)) for point in points]
    for (above, more), (below, fewer) in pairwise(shares):
        if more >= 0.5 > fewer:
            return above + (below - above) * (more - 0.5) / (more - fewer)
    return float(points[0])


def sensitivity() -> Iterator[Row]:
    """Signal to noise in the full 2.36 MHz at which half of 200 SCMs are found, on random carriers."""
    peer, value, note = "rtl_433 (published)", 8.7, "peer's figure published"
    if shutil.which(PEER):
        peer, value, note = PEER, half(their_share, range(14, 3, -1)), "peer measured on the same samples"
    note += "; rtlamr's published figure is -3.4 dB; ratio of powers"
    channels, wide = (
        half(lambda snr: share(snr, 0), range(-7, -12, -1)),
        half(lambda snr: share(snr, 1), range(-2, -7, -1)),
    )
    yield Row("radio.sensitivity_channels", channels, "dB", -7.5, peer, value, note=note)
    yield Row("radio.sensitivity_wide", wide, "dB", -3.5, peer, value, note=note)


if __name__ == "__main__":
    print(json.dumps(factors()))
