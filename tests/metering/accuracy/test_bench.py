"""The bench against errors that are known: what is put into a chain comes out as an error by pulses."""

from dataclasses import replace
from math import pi, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.accuracy.plates import COMPACTIQ, SINGLE
from openami.metering.accuracy.bench import LEAST_PULSES, RUNS, Bench, conditions
from openami.metering.accuracy.lines import Composite, Creeps, Error, Line, Shift, Slope, Spread, Starts, Stated
from openami.metering.accuracy.plan import plan
from openami.metering.accuracy.ratings import Ratings
from openami.metering.accuracy.tables import AccuracyClass, Kind, Source
from openami.metering.metrology import Chains, Connection, Point, Waveform
from openami.metering.metrology.guard import Guard

CLASS_1 = AccuracyClass("IEC 62053-21", "1")
POINT = Point(230.0, 5.0, connection=Connection.ONE_PHASE)
OPEN = (Guard(0, 0), Guard(0, 0))
ACTIVE, REACTIVE = Kind.ACTIVE, Kind.REACTIVE


def bench(plate: Ratings = SINGLE, meters: int = 2, guards: tuple[Guard, Guard] = OPEN, **errors: float) -> Bench:
    """Ideal meters with errors of the chain, the same for every element; the last meter has them doubled."""
    chains = Chains.ideal(meters, 230.0, 100.0, connection=plate.connection)
    plain = {name: np.full_like(getattr(chains, name), value) for name, value in errors.items()}
    changes = {name: (value.T * np.arange(1, meters + 1)).T for name, value in plain.items()}
    return Bench(replace(chains, **changes), plate, guards)


def line(rule, kind: Kind = ACTIVE, limit: float = 1.0, *, is_floor: bool = False) -> Line:
    return Line(CLASS_1, kind, "", "", None, None, limit, "%", Source("", is_verified=False), rule, is_floor)


def values(found: Bench, rule, kind: Kind = ACTIVE) -> list[float]:
    [result] = found.run([line(rule, kind)])
    return result.values.tolist()


def test_ideal_meters_have_no_error() -> None:
    assert values(bench(), Error(POINT)) == pytest.approx([0, 0], abs=2e-4)


def test_a_gain_is_the_error() -> None:
    assert values(bench(gain_i=0.01), Error(POINT)) == pytest.approx([1, 2], abs=1e-3)


def test_a_minute_of_arc_is_a_twentieth_of_a_per_cent_at_half_the_power_factor() -> None:
    arcmin = 100 * tan(pi / 3) * pi / 10_800
    assert arcmin == pytest.approx(0.0504, abs=1e-4)
    found = values(bench(phase_arcmin=1.0), Error(POINT.at(0.5, "i")))
    assert np.abs(found) == pytest.approx([arcmin, 2 * arcmin], rel=2e-3)
    assert values(bench(phase_arcmin=1.0), Error(POINT)) == pytest.approx([0, 0], abs=2e-4)


def test_reactive_energy_is_judged_by_its_own_pulses() -> None:
    found = bench(gain_i=0.01)
    assert values(found, Error(POINT.at_sine(0.5, "i")), REACTIVE) == pytest.approx([1, 2], abs=1e-3)
    assert values(found, Error(POINT.at_sine(0.5, "c")), REACTIVE) == pytest.approx([1, 2], abs=1e-3)


def test_temperature_shows_as_a_slope() -> None:
    rule = Slope(replace(POINT, temperature_c=0.0), replace(POINT, temperature_c=20.0))
    assert values(bench(slope_per_k=0.0003), rule) == pytest.approx([0.03, 0.06], rel=1e-2)


def test_a_shift_is_what_an_influence_adds() -> None:
    warm = replace(POINT, temperature_c=33.0)
    assert values(bench(gain_i=0.01, slope_per_k=0.0003), Shift(warm, POINT)) == pytest.approx([0.3, 0.6], rel=2e-2)


def test_harmonics_count_with_their_power() -> None:
    fifth = replace(POINT, waveform=Waveform.FIFTH)
    found = bench()
    assert values(found, Shift(fifth, POINT)) == pytest.approx([0, 0], abs=1e-3)
    powers = [found.powers(ACTIVE, point)[0][1] for point in (fifth, POINT)]
    assert powers[0] / powers[1] == pytest.approx(1.04, rel=1e-9)


def test_composite_errors_add_as_squares() -> None:
    rule = Composite(POINT, replace(POINT, temperature_c=53.0), (POINT,), (POINT,))
    assert values(bench(gain_i=0.003, slope_per_k=0.0001), rule) == pytest.approx(
        [(0.3**2 + 0.3**2) ** 0.5, (0.6**2 + 0.6**2) ** 0.5], rel=2e-2
    )


def test_runs_differ_by_noise_alone() -> None:
    quiet, loud = values(bench(), Spread(POINT)), values(bench(noise_lsb=2000.0), Spread(POINT))
    assert max(quiet) < 1e-4
    assert min(loud) > 10 * max(quiet)
    found = bench()
    found.run([line(Spread(POINT))])
    assert len(found.found[POINT]) == RUNS


def test_a_meter_that_does_not_count_is_all_wrong() -> None:
    assert values(bench(guards=(Guard(1e6, 1e6), Guard(1e6, 1e6))), Error(POINT)) == [-100, -100]


def test_energy_counted_the_other_way_is_missing_twice() -> None:
    assert values(bench(gain_i=-2.0, meters=1), Error(POINT)) == pytest.approx([-200], abs=1e-3)


def test_pulses_are_whole_and_at_least_25() -> None:
    weak, strong = replace(POINT, current_a=0.02), replace(POINT, current_a=100.0)
    found = bench(gain_i=0.01)
    assert values(found, Error(weak)) == pytest.approx([1, 2], abs=2e-2)
    assert values(found, Error(strong)) == pytest.approx([1, 2], abs=1e-3)
    assert LEAST_PULSES == 25


def test_a_meter_starts_at_its_first_period_and_keeps_on() -> None:
    weak = replace(POINT, current_a=0.02)
    guard = Guard.of(0.02 * 230)
    assert values(bench(guards=(guard, guard)), Starts(weak)) == pytest.approx([1, 1], abs=1e-2)
    assert values(bench(gain_i=-0.2, guards=(guard, guard)), Starts(weak)) == pytest.approx(
        [1 / 0.8, 1 / 0.6], rel=1e-2
    )


def test_a_meter_that_does_not_start_never_gives_a_pulse() -> None:
    high = Guard.of(0.05 * 230, share=1.0)
    assert values(bench(guards=(high, high)), Starts(replace(POINT, current_a=0.02))) == [np.inf, np.inf]


def test_without_load_a_guard_keeps_a_coupled_voltage_out() -> None:
    idle = replace(POINT, voltage_v=1.15 * 230, current_a=0.0)
    coupling = 0.004 / 230
    guard = Guard.of(0.02 * 230)
    assert values(bench(coupling_s=coupling, guards=(guard, guard)), Creeps(idle, 26.1)) == [0, 0]
    assert values(bench(coupling_s=coupling), Creeps(idle, 26.1)) == [1, 2]
    assert values(bench(), Creeps(idle, 26.1)) == [0, 0]


def test_a_spoiled_meter_is_found_and_named() -> None:
    found = Bench(Chains.ideal(3, 230.0, 100.0).spoiled(0.02), COMPACTIQ, OPEN)
    results = found.run(plan(COMPACTIQ, CLASS_1))
    failed = {result.line.group for result in results if not result.has_passed}
    assert {"error, cos φ 1", "error, cos φ 0.5i", "error, cos φ 0.8c"} <= failed
    assert not failed & {"repeatability", "starting", "no load", "temperature", "voltage"}
    assert all(result.outside == [0, 1, 2] for result in results if not result.has_passed)


def test_one_bad_meter_among_good_ones_is_the_worst() -> None:
    chains = Chains.ideal(4, 230.0, 100.0, connection=Connection.ONE_PHASE)
    chains.gain_i[2] = 0.02
    [result] = Bench(chains, SINGLE, OPEN).run([line(Error(POINT))])
    assert (result.outside, result.worst, result.has_passed) == ([2], 2, False)


def test_a_condition_is_measured_once() -> None:
    asked = conditions([line(Error(POINT)), line(Error(POINT)), line(Spread(POINT))])
    assert asked == {POINT: RUNS}
    calls: list[int] = []
    found = bench()
    found.run([line(Error(POINT)), line(Shift(POINT, replace(POINT, voltage_v=207.0)))], lambda: calls.append(1))
    assert len(calls) == len(found.found) == 2


@given(st.floats(-5, 5), st.floats(0.01, 5), st.booleans())
def test_inside_is_up_to_the_limit_and_no_further(value: float, limit: float, is_floor: bool) -> None:
    [result] = bench().run([line(Stated(value), limit=limit, is_floor=is_floor)])
    margin = 1e-8
    if is_floor:
        assert result.has_passed == (value >= limit) or abs(value - limit) < margin
    else:
        assert result.has_passed == (abs(value) <= limit) or abs(abs(value) - limit) < margin
