"""Memory of the receiver over an hour of samples at 2.36 MS/s, wide band: `python bench/radio_hour.py [SECONDS]`.

A minute or two of processor time: not a row of the bench, which is run often.
"""

import resource
import sys
from pathlib import Path

import numpy as np
from radio import BAND, on_the_air

from openami.phy.ert import Receiver, Settings

COUNT, WARM = 40, 60


def resident_kib() -> int:
    """Memory that is ours alone, now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1])


def hour(seconds: float) -> None:
    """Feed the same second again and again, and print what is held every ten minutes of samples."""
    sent, samples = on_the_air(10, COUNT, np.random.default_rng(1))
    receiver = Receiver(BAND.rate_hz, Settings(channels=1, kinds=frozenset({"SCM"})))
    second = len(samples) / BAND.rate_hz
    heard, most = 0, 0
    for place in range(round(seconds / second)):
        heard += len(receiver.step(samples))
        most = max(most, resident_kib()) if place >= WARM else 0
        if place % round(600 / second) == WARM:
            print(f"{place * second:6.0f} s: {heard} messages, {resident_kib()} KiB", flush=True)
    print(f"{seconds:6.0f} s: {heard} messages, at most {most} KiB since {WARM * second:.0f} s")
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    print(f"{spent:.0f} s of processor time; {len(sent)} SCM every {second:.2f} s")


if __name__ == "__main__":
    hour(float(sys.argv[1]) if len(sys.argv) > 1 else 3600)
