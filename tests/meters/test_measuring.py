"""CompactIQ at waveform depth: intervals, guard band, wirings and pulses as its manual states them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from openami.core.errors import DefinitionError
from openami.metering.metrology import Chains, Connection, Point, Signal, Spread, drawn, pulse_error, steady
from openami.metering.metrology.guard import Guard
from openami.metering.metrology.instrument import Instrument, Settings
from openami.metering.metrology.pulses import Lamp
from openami.metering.metrology.signal import Course
from openami.metering.metrology.stream import blocks
from openami.meters.build import Product
from openami.meters.measuring import connection, guard, settings
from openami.meters.product import load
from openami.meters.sections.measurement import MeasurementRow
from openami.meters.sections.row import Cited

RATE = 4000.0


@cache
def compactiq() -> Product:
    return load("compactiq")


def run(wanted: Settings, source: Signal | Course, seconds: float, rate: float = RATE) -> tuple[Instrument, np.ndarray]:
    """The instrument after some seconds of an ideal chain, and its pulses of active energy."""
    chains = Chains.ideal(1, 230, 100, connection=wanted.connection, rate_hz=rate)
    instrument = Instrument(wanted, rate)
    flashes = [instrument.feed(u, i).active_s for u, i in blocks(source, chains, seconds, block_s=0.25)]
    return instrument, np.concatenate(flashes)


def balanced(current_a: float, angle_deg: float = 0.0, *, reversed_sequence: bool = False) -> Signal:
    return Signal.sine(230, current_a, angle_deg, reversed_sequence=reversed_sequence)


@pytest.mark.feature("IQ0404100K1-R-05")
def test_the_basic_interval_is_a_fifth_of_a_second() -> None:
    instrument = Instrument(settings(compactiq()), RATE)
    drawn = balanced(5).render(0, 8000, RATE)
    found = instrument.measurement.feed(drawn.voltage, np.vstack([drawn.current, drawn.neutral]))
    assert found is not None
    assert found.seconds == pytest.approx(np.full(found.seconds.size, 0.2))


@pytest.mark.feature("IQ0404100K1-R-06")
def test_instantaneous_values_are_refreshed_every_second() -> None:
    instrument = Instrument(settings(compactiq()), RATE)
    course = Course(tuple(np.arange(40) / 5.0), tuple(balanced(5 + k) for k in range(40)))
    changed: list[float] = []
    shown = None
    for place, (u, i) in enumerate(blocks(course, Chains.ideal(1, 230, 100, rate_hz=RATE), 7.5, block_s=0.05)):
        instrument.feed(u, i)
        if instrument.shown is not shown:
            shown = instrument.shown
            changed.append(place * 0.05)
    assert np.diff(changed[1:]) == pytest.approx(np.ones(len(changed) - 2), abs=0.06)
    assert len(changed) >= 5


@pytest.mark.feature("IQ0404100K1-R-08")
def test_rms_values_are_those_of_a_second() -> None:
    # 0.4 s of 250 V in the second before the last refresh
    course = Course((0.0, 3.2, 3.6), (balanced(5), Signal.sine(250, 5), balanced(5)))
    instrument, _ = run(settings(compactiq()), course, 4.5)
    assert instrument.shown is not None
    assert instrument.shown.seconds[0] == pytest.approx(1.0, abs=0.01)
    assert instrument.shown.voltage_v[0] == pytest.approx(np.full(3, np.sqrt(0.6 * 230**2 + 0.4 * 250**2)), rel=2e-3)


@pytest.mark.feature("IQ0404100K1-R-07")
def test_averages_are_refreshed_every_ten_minutes() -> None:
    course = Course((0.0, 300.0, 600.0), (balanced(2), balanced(4), balanced(9)))
    early, _ = run(settings(compactiq()), course, 595, rate=1000.0)
    late, _ = run(settings(compactiq()), course, 640, rate=1000.0)
    assert early.average is None
    assert late.average is not None
    assert late.average.seconds[0] == pytest.approx(600, abs=1.5)
    assert late.average.active_w[0] == pytest.approx(np.full(3, 230 * 3), rel=5e-3)


@pytest.mark.feature("IQ0404100K1-R-09")
@pytest.mark.parametrize(("current", "registers"), [(0.0095, False), (0.0105, False), (0.0115, True), (0.02, True)])
def test_nothing_is_registered_below_two_thousandths_of_ib(current: float, registers: bool) -> None:
    # the band is 10 mA to stop and a tenth more to begin; the meter must start at 20 mA
    instrument, _ = run(settings(compactiq()), balanced(current), 3)
    assert (instrument.energies.active_import > 0) == registers
    assert guard(compactiq()).off == pytest.approx(0.002 * 5)


@pytest.mark.feature("IQ0404100K1-R-09")
def test_a_load_that_falls_below_the_band_is_registered_no_more() -> None:
    course = Course((0.0, 3.0, 6.0), (balanced(1), balanced(0.0105), balanced(0.0095)))
    instrument, _ = run(settings(compactiq()), course, 12)
    before, _ = run(settings(compactiq()), course, 6.6)
    assert instrument.energies.active_import == pytest.approx(before.energies.active_import, abs=1.0)
    assert 690 * 2.9 < instrument.energies.active_import < 690 * 3 + 7.3 * 3.6


@pytest.mark.feature("IQ0404100K1-R-10")
@pytest.mark.parametrize("shorted", [False, True])
def test_reversed_phases_are_measured_alike(shorted: bool) -> None:
    wanted = settings(compactiq(), shorted=shorted)
    one, two = (run(wanted, balanced(5, 40, reversed_sequence=turned), 4)[0].energies for turned in (False, True))
    assert two.active_import == pytest.approx(one.active_import, rel=1e-3)
    assert two.reactive_import == pytest.approx(one.reactive_import, rel=1e-3)


@pytest.mark.feature("IQ0404100K1-R-11")
@pytest.mark.parametrize(
    ("single_phase", "shorted", "wired", "power"),
    [
        (True, False, "1P2W", 230 * 5 / 2),
        (False, True, "3P3W", np.sqrt(3) * 230 * 5 / 2),
        (False, False, "3P4W", 3 * 230 * 5 / 2),
    ],
)
def test_three_connections_are_measured(single_phase: bool, shorted: bool, wired: str, power: float) -> None:
    wanted = settings(compactiq(), single_phase=single_phase, shorted=shorted)
    assert wanted.connection == wired
    volts = 230 / np.sqrt(3) if wired == "3P3W" else 230  # 3x230 V between lines
    signal = Signal.sine(volts, 5, 60, phases=1 if single_phase else 3)
    instrument, _ = run(wanted, signal, 3)
    assert instrument.shown is not None
    assert instrument.shown.active_w[0].sum() == pytest.approx(power, rel=2e-4)
    assert instrument.shown.voltage_v[0] == pytest.approx(np.full(wanted.connection.elements, 230), rel=2e-4)


@pytest.mark.feature("IQ0404100K1-R-12")
def test_the_auxiliary_terminal_chooses_three_wires_when_shorted() -> None:
    assert connection(compactiq()) is Connection.FOUR_WIRE
    assert connection(compactiq(), shorted=True) is Connection.ARON
    assert settings(compactiq(), shorted=True).connection.elements == 2


@pytest.mark.feature("IQ0404100K1-R-14")
def test_it_starts_at_20_ma_and_measures_up_to_100_a_with_5_a_between() -> None:
    plate = compactiq().metering
    start, basic, maximum = (
        each.value / 1000 for each in (plate.starting_current_ma, plate.base_current_ma, plate.maximum_current_ma)
    )
    chains = drawn([1, 2], 1, Spread.of(1.0, 0.05, start), 230, maximum)
    band = guard(compactiq())
    for current, limit in ((0.02, 0.5), (5.0, 0.01), (100.0, 0.01)):
        found = steady(Point(230, current), chains)
        assert found.active_w == pytest.approx(np.full(2, found.truth.active_w), rel=limit)
        assert bool(band.running(np.array(current)))
    assert guard(replace(compactiq(), metering=plate.model_copy(update={"no_load_ma": Cited(value=0)}))).on < start
    assert (start, basic) == (0.02, 5.0)
    beyond = steady(Point(230, 130), chains)  # full scale lies at 1.2 Imax
    assert np.all(beyond.active_w < 0.99 * beyond.truth.active_w)


@pytest.mark.feature("IQ0404100K1-R-16", "IQ0404100K1-R-17")
def test_the_led_flashes_2000_times_a_kwh_either_way_and_burns_without_load() -> None:
    for angle in (0, 180):
        signal = balanced(50, angle)
        instrument, flashes = run(settings(compactiq()), signal, 6)
        assert pulse_error(flashes[None], 2000, 3 * 230 * 50)[0] == pytest.approx(0, abs=0.02)
        assert instrument.lamp is Lamp.FLASHING
    assert run(settings(compactiq()), balanced(0), 2)[0].lamp is Lamp.STEADY
    assert run(settings(compactiq()), Signal.sine(0, 0), 2)[0].lamp is Lamp.DARK
    assert settings(compactiq()).reactive_constant == 2000


def test_a_product_without_a_stated_band_takes_half_of_its_starting_current() -> None:
    product = compactiq()
    plain = replace(product, metering=product.metering.model_copy(update={"no_load_ma": Cited(value=0)}))
    assert guard(plain) == Guard.of(0.02)


def test_what_a_product_lacks_is_said_with_file_and_key() -> None:
    product = compactiq()
    with pytest.raises(DefinitionError, match=r"compactiq\.toml.*\[measurement\]"):
        settings(replace(product, measurement=None))
    assert product.measurement is not None
    wirings = product.measurement.wirings.model_copy(update={"value": (Connection.FOUR_WIRE,)})
    narrow = replace(product, measurement=product.measurement.model_copy(update={"wirings": wirings}))
    with pytest.raises(DefinitionError, match=r"is not made for 1P2W, expected one of 3P4W"):
        settings(narrow, single_phase=True)


GOOD: dict[str, object] = {
    "window_ms": 200, "refresh_ms": 1000, "rms_ms": 1000, "average_s": 600, "wirings": {"value": ["3P4W"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ({"refresh_ms": 1100}, "expected whole windows"),
        ({"rms_ms": 300}, "expected whole windows"),
        ({"window_ms": 10}, "expected whole windows"),
        ({"wirings": {"value": ["3P5W"]}}, "Input should be"),
        ({"wirings": {"value": []}}, "at least 1 item"),
        ({"auxiliary": {"open": "3P4W", "shorted": "3P3W"}}, "3P3W is not among wirings"),
        ({"windows": 3}, "Extra inputs"),
    ],
)
def test_planted_mistakes_are_refused(mistake: dict[str, object], said: str) -> None:
    assert MeasurementRow.model_validate(GOOD).window_ms.value == 200
    with pytest.raises(ValidationError, match=said):
        MeasurementRow.model_validate({**GOOD, **mistake})
