"""A fleet with watches, on minutes that a test sets."""

from collections.abc import Iterable

import numpy as np

from openami.metering.advance import advance
from openami.metering.alarms import Alarms
from openami.metering.disconnect import Relay
from openami.metering.events import Face
from openami.metering.limiter import Limiter
from openami.metering.monitors import Monitors
from openami.metering.power_quality import Disturbances
from openami.metering.schedules import Schedules
from openami.metering.selftest import SelfTest
from openami.metering.state import Minutes, Rules, State
from openami.metering.tamper import Tamper
from openami.meters.faces import FACES

START = 1_767_265_200  # Thursday 2026-01-01 12:00 CET


class Volts:
    """Voltages minute by minute from START on [minutes][phases], power in W, current in A; the last minute stays."""

    def __init__(self, volts=((230, 230, 230),), meters=1, watts=1000, amps=5.0):
        self.volts, self.meters, self.watts, self.amps = volts, meters, watts, amps

    def power(self, start_utc: int, minutes: int) -> Minutes:
        first = (start_utc - START) // 60
        at = np.clip(np.arange(first, first + minutes), 0, None)
        volts = np.array(self.volts, np.float64)
        if volts.ndim == 2:
            volts = np.repeat(volts[:, None], self.meters, axis=1)
        rows = volts[np.minimum(at, len(volts) - 1)]
        watts = np.atleast_1d(np.asarray(self.watts, np.int64))
        power = np.repeat(watts[np.minimum(at, len(watts) - 1), None], self.meters, axis=1) * 1000
        amps = np.broadcast_to(np.asarray(self.amps, np.float64), (minutes, self.meters, 3))
        return Minutes(
            power, np.zeros_like(power), (rows * 1000).astype(np.int32), np.round(amps * 1000).astype(np.int32)
        )


def fleet(watches=(), *, meters=1, face: Face = FACES["esmr"], mode=None, enabled=0, limiter=None, **rules) -> State:
    """Meters with these watches and, in a control mode, a relay."""
    parts = {
        "alarms": lambda count, _now: Alarms.of(count, face),
        "tamper": lambda count, _now: Tamper.of(count),
    }
    if mode is not None:
        parts["relay"] = lambda count, _now: Relay.of(count, mode=mode, life=10_000, enabled=enabled)
    if limiter is not None:
        parts["limiter"] = lambda count, _now: Limiter.of(count, limiter)
    parts |= {
        "monitors": lambda count, _now: Monitors.of(count, watches, phases=3, no_load_ma=10),
        "schedules": lambda count, _now: Schedules.of(count, ("disconnect",)),
        "disturbances": lambda count, _now: Disturbances.of(count),
        "self_test": lambda count, _now: SelfTest.of(count, face),
    }
    return State.create(meters, START, rules=Rules(face=face, logs=face.logs, parts=parts, **rules))


def run(state: State, seconds: int, load: Volts, *, cuts: Iterable[int] = ()) -> State:
    """Let time pass, in one call or in several."""
    end = state.now + seconds
    for cut in [*cuts, end]:
        if state.now < cut <= end:
            advance(state, cut, load)
    return state


def told(state: State, meter: int = 0) -> list[tuple[int, int]]:
    """Seconds since START by the clock, and codes, of all logs with codes, in order of time."""
    rows = [
        (int(stamp) - START, int(code))
        for ring in state.logs.values()
        if "code" in ring.columns
        for entry in (ring.entries(meter, 1),)
        for stamp, code in zip(entry.stamp, entry.values["code"], strict=True)
    ]
    return sorted(rows)


def same(first: State, second: State) -> None:
    """Assert that two states agree to the last bit."""
    one, other = first.snapshot(), second.snapshot()
    assert one.keys() == other.keys()
    for name in one:
        assert (one[name] == other[name]).all(), name
