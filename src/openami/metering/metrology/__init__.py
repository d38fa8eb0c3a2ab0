"""Waveform metrology: what a meter makes of u(t) and i(t), on floats; exact integers begin at the registers.

For an accuracy bench:

    chains = drawn(serials, seed, Spread.of(1.0, 0.05, 0.02), 230.0, 100.0, connection=Connection.ONE_PHASE)
    point = Point(230.0, 5.0, connection=Connection.ONE_PHASE).at(0.5, "i")
    found = steady(point, chains)                            # seconds=1.0: whole cycles, noise and all, once
    times = pulses(found.active_w, 1000, 50)                 # [meters, 50], exact times at the mean power
    error = pulse_error(times, 1000, found.truth.active_w)   # %, edge to edge of whole pulses

For one meter as it runs: `stream.blocks` gives the samples of its converter, `measurement.Measurement` the values of
every ten cycles, `instrument.Instrument` what it shows, counts and flashes; `dips` watches half cycles.
"""

from openami.metering.metrology.chain import Adc, Chains, Curve, Transformer
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.drawn import Spread, drawn
from openami.metering.metrology.guard import Guard
from openami.metering.metrology.point import Point, Waveform
from openami.metering.metrology.pulses import pulse_error, pulses
from openami.metering.metrology.reactive import Method
from openami.metering.metrology.signal import Signal
from openami.metering.metrology.steady import Steady, Truth, registered, steady

__all__ = [
    "Adc",
    "Chains",
    "Connection",
    "Curve",
    "Guard",
    "Method",
    "Point",
    "Signal",
    "Spread",
    "Steady",
    "Transformer",
    "Truth",
    "Waveform",
    "drawn",
    "pulse_error",
    "pulses",
    "registered",
    "steady",
]
