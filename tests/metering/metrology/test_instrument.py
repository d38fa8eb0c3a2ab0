"""One meter whole: what it shows, when it changes, what it counts and flashes."""

from dataclasses import replace

import numpy as np
import pytest

from openami.metering.metrology import Chains, Connection, Signal, pulses
from openami.metering.metrology.apparent import Summation
from openami.metering.metrology.guard import Guard
from openami.metering.metrology.instrument import Instrument, Settings
from openami.metering.metrology.pulses import Lamp
from openami.metering.metrology.signal import Course
from openami.metering.metrology.stream import blocks

RATE = 4000.0
ONE = Settings(Connection.ONE_PHASE, 230, Guard.of(0.02), active_constant=20_000, reactive_constant=10_000)
HIGH, LOW = (Signal.sine(volts, 5, phases=1) for volts in (230, 200))
FOUR = replace(ONE, connection=Connection.FOUR_WIRE)


def run(
    settings: Settings, source: Signal | Course, seconds: float, block_s: float = 0.5
) -> tuple[Instrument, np.ndarray, np.ndarray]:
    chains = Chains.ideal(1, 230, 100, connection=settings.connection, rate_hz=RATE)
    instrument = Instrument(settings, RATE)
    flashes = [instrument.feed(u, i) for u, i in blocks(source, chains, seconds, block_s=block_s)]
    active, reactive = (np.concatenate([getattr(f, n) for f in flashes]) for n in ("active_s", "reactive_s"))
    return instrument, active, reactive


def test_shown_values_change_every_second_and_stand_for_the_second_before() -> None:
    chains = Chains.ideal(1, 230, 100, connection=Connection.ONE_PHASE, rate_hz=RATE)
    instrument, shown, seen = Instrument(ONE, RATE), None, []
    for place, (u, i) in enumerate(blocks(Course((0.0, 3.0, 4.0), (HIGH, LOW, HIGH)), chains, 7, block_s=0.05)):
        instrument.feed(u, i)
        if instrument.shown is not shown:
            shown = instrument.shown
            assert shown is not None
            seen.append((place * 0.05, float(shown.voltage_v[0, 0])))
    assert np.diff([at for at, _ in seen]) == pytest.approx(np.ones(len(seen) - 1), abs=0.06)
    assert min(value for _, value in seen) == pytest.approx(205, abs=5)  # windows lie across the change
    assert seen[-1][1] == pytest.approx(230, rel=1e-4)


def test_shown_values_may_stand_for_less_than_the_refresh() -> None:
    course = Course((0.0, 2.5), (HIGH, LOW))
    long, short = (run(replace(ONE, rms_s=rms_s), course, 3.3)[0].shown for rms_s in (1.0, 0.2))
    assert long is not None
    assert short is not None
    # windows that ended in the third second: 1.84 to 2.84 s, a third of it low
    assert long.voltage_v[0, 0] == pytest.approx(np.sqrt(0.66 * 230**2 + 0.34 * 200**2), rel=2e-3)
    assert short.voltage_v[0, 0] == pytest.approx(200, rel=2e-3)


def test_averages_change_when_their_time_is_over() -> None:
    average = run(replace(ONE, average_s=4.0), Course((0.0, 4.0), (HIGH, LOW)), 7.5)[0].average
    assert average is not None
    assert average.voltage_v[0, 0] == pytest.approx(230, rel=5e-3)
    assert average.seconds[0] == pytest.approx(4, abs=0.3)


def test_pulses_come_at_the_rate_of_the_power_and_count_the_energy() -> None:
    signal = Signal.sine(230, 10, 30)
    instrument, active, reactive = run(FOUR, signal, 20)
    assert np.diff(active) == pytest.approx(pulses(signal.active_w.sum(), 20_000, 1)[0, 0], rel=1e-4)
    assert np.diff(reactive) == pytest.approx(pulses(signal.reactive_var.sum(), 10_000, 1)[0, 0], rel=1e-4)
    energy = instrument.energies.active_import
    assert instrument.active.counted * instrument.active.quantum_j + instrument.active.carried_j == pytest.approx(
        energy
    )


@pytest.mark.parametrize("block_s", [0.037, 5.0])
def test_blocks_make_no_difference_to_pulses(block_s: float) -> None:
    signal = Signal.sine(230, 10, 30)
    _, one, _ = run(FOUR, signal, 10)
    _, two, _ = run(FOUR, signal, 10, block_s)
    assert two == pytest.approx(one[: two.size], abs=1e-6)


def test_export_flashes_too_and_goes_to_its_own_side() -> None:
    instrument, active, _ = run(FOUR, Signal.sine(230, 10, 180), 5)
    assert active.size > 100
    assert instrument.energies.active_import == 0
    assert instrument.energies.active_export == pytest.approx(6900 * 4.8, rel=0.01)  # 0.2 s wait for their end
    assert instrument.lamp is Lamp.FLASHING


def test_ways_of_summing_are_kept_apart() -> None:
    signal = Signal.sine(230, [4, 2.5, 5], [0, 180, 0])
    sums = {how: run(replace(FOUR, summation=how), signal, 3)[0].energies for how in Summation}
    unit = sums[Summation.VECTORIAL].active_import / 6.5
    assert sums[Summation.VECTORIAL].active_export == 0
    assert sums[Summation.BY_SIGN].active_import / unit == pytest.approx(9.0, rel=1e-3)
    assert sums[Summation.BY_SIGN].active_export / unit == pytest.approx(2.5, rel=1e-3)
    assert sums[Summation.ABSOLUTE].active_import / unit == pytest.approx(11.5, rel=1e-3)


def test_the_guard_stops_a_phase_and_the_lamp_burns() -> None:
    load, creep, dark = (Signal.sine(v, i, phases=1) for v, i in ((230, 5), (230, 0.009), (0, 0)))
    instrument, active, _ = run(ONE, Course((0.0, 2.0), (load, creep)), 6)
    before, _, _ = run(ONE, Course((0.0, 2.0), (load, creep)), 3)
    assert instrument.energies.active_import == pytest.approx(before.energies.active_import, abs=1e-6)
    assert active[-1] < 2.3
    assert instrument.lamp is Lamp.STEADY
    assert run(ONE, Course((0.0, 2.0), (load, dark)), 6)[0].lamp is Lamp.DARK
