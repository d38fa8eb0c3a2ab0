"""The bars of waveform depth for every product, at its own voltage, currents and wiring (decision 0018).

16 bits with half a step of noise, which every front end of ours has; more than ten seconds of whole cycles at exactly
50 Hz, where rounding without noise would repeat in every cycle; from 5 % of the basic current on.
"""

from dataclasses import replace

import numpy as np
import pytest

from openami.metering.metrology import Chains
from openami.metering.metrology.aggregates import every, joined
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.drawn import Spread
from openami.metering.metrology.measurement import Measurement, Windows
from openami.metering.metrology.signal import Signal
from openami.metering.metrology.stream import blocks
from openami.meters import product
from openami.meters.accuracy.setup import Trial, ratings

MADE = [slug for slug in product.slugs() if product.load(slug).accuracy is not None]
RATE_HZ, SECONDS = 8000.0, 10.6
BAR, BAR_HZ = 2e-4, 1e-3
LINES, TAKEN = 800, 117
"""Lines of 5 Hz up to half the rate, and those of the 39 subgroups of orders 2 to 40 (IEC 61000-4-7)."""
HARMONICS = {3: (0.05, 0.2), 5: (0.1, 0.4), 7: (0.02, 0.1), 11: (0.01, 0.05)}


def measured(signal: Signal, chains: Chains, nominal_v: float) -> Windows:
    measure = Measurement(chains.connection, RATE_HZ, nominal_v, with_harmonics=True)
    found = [measure.feed(u, i) for u, i in blocks(signal, chains, SECONDS)]
    return every(joined([each for each in found if each is not None]), 50)


def front(slug: str, bits: int = 16, noise_lsb: float = Spread().noise_lsb) -> tuple[Chains, float, float]:
    """Converter of a product, its nominal voltage and basic current."""
    plate = ratings(product.load(slug))
    made = Chains.ideal(1, plate.nominal_v, plate.maximum_a, connection=plate.connection, bits=bits, rate_hz=RATE_HZ)
    return replace(made, noise_lsb=np.full(1, noise_lsb)), plate.nominal_v, plate.reference_a


def wave(chains: Chains, volts: float, amps: float, degrees: float = 40) -> Signal:
    phases = 1 if chains.connection is Connection.ONE_PHASE else 3
    to_neutral = volts / np.sqrt(3) if chains.connection is Connection.ARON else volts
    return Signal.sine(to_neutral, amps, degrees, phases=phases)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 1.0])
@pytest.mark.parametrize("slug", MADE)
def test_every_product_measures_within_two_hundredths_of_a_percent(slug: str, share: float) -> None:
    chains, volts, basic_a = front(slug)
    signal = wave(chains, volts, share * basic_a)
    for order, (voltage, current) in HARMONICS.items():
        signal = signal.with_harmonic(order, voltage, current)
    found = measured(signal, chains, volts)
    wired = signal.elements(chains.connection)
    elements = slice(0, chains.connection.elements)
    assert found.seconds[0] > 9.5
    assert found.frequency_hz[0] == pytest.approx(50, abs=BAR_HZ)
    assert found.voltage_v[0] == pytest.approx(wired.voltage_v, rel=BAR)
    assert found.current_a[0, elements] == pytest.approx(wired.current_a, rel=BAR)
    assert found.active_w[0].sum() == pytest.approx(signal.active_w.sum(), rel=BAR)
    assert found.reactive_var[0].sum() == pytest.approx(signal.reactive_var.sum(), rel=BAR)
    assert found.distortion is not None
    voltage, currents = wired.distortion
    assert found.distortion.total[0, elements] == pytest.approx(voltage, abs=BAR)
    after = slice(elements.stop, 2 * elements.stop)
    assert found.distortion.total[0, after] == pytest.approx(currents, abs=BAR)


def floor(chains: Chains, amps: float) -> float:
    """THD that noise and rounding make of a clean current: white over all lines, of which THD takes some."""
    steps = np.hypot(float(chains.noise_lsb[0]), 12**-0.5)
    return float(chains.adc.current_lsb * steps * np.sqrt(TAKEN / LINES) / amps)


@pytest.mark.parametrize("bits", [16, 18, 20, 22])
def test_the_thd_of_a_clean_current_is_what_quantisation_leaves(bits: int) -> None:
    chains, volts, basic_a = front("sm120b2", bits)
    amps = 0.05 * basic_a
    found = measured(wave(chains, volts, amps, 0), chains, volts)
    assert found.distortion is not None
    seen = float(found.distortion.total[0, chains.connection.elements])
    assert seen == pytest.approx(floor(chains, amps), rel=0.06)
    assert (seen < BAR) == (bits >= 21), "the bar holds from 21 bits on, whatever is done with 16"


@pytest.mark.parametrize("slug", MADE)
def test_no_meter_is_made_without_noise(slug: str) -> None:
    made = product.load(slug)
    assert made.accuracy is not None
    for kind in ("drawn", "ideal"):
        stated = replace(made, accuracy=made.accuracy.model_copy(update={"meters": kind}))
        assert (Trial.of(stated, 2).chains().noise_lsb >= 0.5).all()
