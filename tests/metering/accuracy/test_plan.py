"""What a class asks of a nameplate: which currents, factors, phases and influences are tested."""

from dataclasses import replace

import pytest

from metering.accuracy.plates import COMPACTIQ, SINGLE, SM306
from openami.core.errors import DefinitionError
from openami.metering.accuracy.lines import Composite, Creeps, Error, Line, Shift, Slope, Spread, Starts
from openami.metering.accuracy.plan import plan
from openami.metering.accuracy.ratings import Ratings
from openami.metering.accuracy.tables import AccuracyClass, Factor, Kind
from openami.metering.metrology import Connection, Waveform

CLASS_1, CLASS_B = AccuracyClass("IEC 62053-21", "1"), AccuracyClass("EN 50470-3", "B")
CLASS_05S, REACTIVE_2 = AccuracyClass("IEC 62053-22", "0.5S"), AccuracyClass("IEC 62053-23", "2")


def lines(plate: Ratings, name: AccuracyClass, kind: type) -> list[Line]:
    return [line for line in plan(plate, name) if isinstance(line.rule, kind)]


def currents(plate: Ratings, name: AccuracyClass, factor: str, test: str = "balanced") -> list[float]:
    found = [each for each in lines(plate, name, Error) if each.factor == Factor.parse(factor) and each.test == test]
    return [each.current_a for each in found if each.current_a is not None]


def test_currents_run_from_the_lowest_to_the_highest_with_round_ones_between() -> None:
    assert currents(SINGLE, CLASS_1, "1") == [0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0]
    assert currents(SINGLE, CLASS_1, "0.5 i") == [0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0]
    assert currents(SM306, CLASS_05S, "1") == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]


def test_a_current_belongs_to_one_row() -> None:
    plain = [each for each in lines(SINGLE, CLASS_1, Error) if each.factor == Factor(1.0)]
    assert [(each.current_a, each.limit) for each in plain][:2] == [(0.25, 1.5), (0.5, 1.0)]
    assert len({each.current_a for each in plain}) == len(plain)


def test_phases_are_loaded_one_by_one() -> None:
    found = [each for each in lines(COMPACTIQ, CLASS_1, Error) if each.group.startswith("one phase")]
    assert {each.rule.point.loaded for each in found} == {(0,), (1,), (2,)}
    assert {each.current_a for each in found if each.factor == Factor(1.0)} == {0.5, 5.0, 100.0}
    assert {each.limit for each in found} == {2.0}
    apart = [each for each in lines(COMPACTIQ, CLASS_1, Shift) if each.group.startswith("one phase")]
    assert [(each.current_a, each.limit, each.rule.reference.loaded) for each in apart] == [(5.0, 1.5, None)] * 3


def test_one_phase_has_no_other_phases() -> None:
    groups = {line.group for line in plan(SINGLE, CLASS_1)}
    assert not groups & {"phase sequence", "voltage unbalance"}
    assert not any(group.startswith("one phase") for group in groups)


def test_the_three_wire_meter_is_not_loaded_by_the_phase() -> None:
    aron = replace(SM306, connection=Connection.ARON, nominal_v=100.0)
    groups = {line.group for line in plan(aron, CLASS_05S)}
    assert "phase sequence" in groups
    assert not any(group.startswith("one phase") for group in groups)


def test_reactive_energy_is_tested_by_sine_on_both_sides() -> None:
    found = lines(COMPACTIQ, REACTIVE_2, Error)
    angles = {round(each.rule.point.angle_deg, 3) for each in found}
    assert angles == {90.0, 30.0, 14.478, -90.0, -30.0, -14.478}
    assert {each.kind for each in found} == {Kind.REACTIVE}


def test_repeatability_is_a_tenth_of_the_limit() -> None:
    found = lines(SINGLE, CLASS_1, Spread)
    assert [(each.current_a, each.limit) for each in found] == [
        (0.25, 0.15), (0.5, 0.1), (5.0, 0.1), (100.0, 0.1),
    ]  # fmt: skip


def test_the_starting_current_is_the_stated_one() -> None:
    [found] = lines(SM306, CLASS_05S, Starts)
    assert found.current_a == 0.002
    assert "the class has 0.001 A" in found.test
    [plain] = lines(SINGLE, CLASS_1, Starts)
    assert (plain.current_a, plain.test) == (0.02, "starts and keeps registering")
    [reactive] = lines(SINGLE, REACTIVE_2, Starts)
    assert reactive.current_a == pytest.approx(0.025)


def test_without_load_the_voltage_is_raised_and_the_circuit_open() -> None:
    [found] = lines(SINGLE, CLASS_1, Creeps)
    assert found.rule.point.voltage_v == pytest.approx(1.15 * 230)
    assert found.rule.point.current_a == 0
    assert found.limit == 1


def test_temperature_goes_through_the_whole_range_in_sections_of_20_k() -> None:
    found = [each.rule for each in lines(SINGLE, CLASS_1, Slope) if each.factor == Factor(1.0)]
    edges = [(rule.cold.temperature_c, rule.warm.temperature_c) for rule in found]
    assert edges == [(-40, -20), (-20, 0), (0, 20), (20, 40), (40, 60)]


def test_influences_are_what_the_standard_names() -> None:
    rules = {each.test: each.rule for each in lines(COMPACTIQ, CLASS_1, Shift) if each.factor == Factor(1.0)}
    assert rules["voltage -10%"].point.voltage_v == pytest.approx(207)
    assert rules["frequency +2%"].point.frequency_hz == pytest.approx(51)
    assert rules["reversed phase sequence"].point.reversed_sequence
    assert rules["reversed phase sequence"].point.current_a == pytest.approx(0.5)
    assert rules["voltage of L1 off"].point.live == (1, 2)
    assert rules["voltage of L2 and L3 off"].point.live == (0,)
    assert rules["fifth harmonic"].point.waveform is Waveform.FIFTH
    assert rules["fifth harmonic"].point.current_a == pytest.approx(50)
    assert rules["half wave"].point.current_a == pytest.approx(100 / 2**0.5, rel=1e-4)
    assert rules["phase fired"].point.current_a == rules["burst"].point.current_a == pytest.approx(2.5)
    assert all(rule.reference.waveform is Waveform.SINE for rule in rules.values())


def test_a_transformer_meter_has_no_row_for_direct_current() -> None:
    assert "DC and even harmonics" not in {line.group for line in plan(SM306, CLASS_05S)}
    assert "odd harmonics" not in {line.group for line in plan(SM306, CLASS_05S)}


def test_composite_errors_are_tested_where_the_meter_is_made_for() -> None:
    narrow = replace(SINGLE, coldest_c=-25.0)
    found = {each.rule.temperature.temperature_c: each.limit for each in lines(narrow, CLASS_B, Composite)}
    assert found == {5: 2, 30: 2, -10: 2.5, 40: 2.5, -25: 3.5, 55: 3.5, 70: 4}
    assert {each.rule.temperature.temperature_c for each in lines(SINGLE, CLASS_B, Composite)} == {*found, -40}


def test_rated_currents_are_held_against_the_class() -> None:
    stated = [each for each in plan(SINGLE, CLASS_B) if each.group == "rated currents"]
    assert [(each.limit, each.rule.value, each.is_floor) for each in stated] == [
        (pytest.approx(0.02), 0.02, False), (pytest.approx(0.25), 0.25, False), (25.0, 100.0, True),
    ]  # fmt: skip


def test_a_class_that_there_is_no_table_of_is_refused_with_those_there_are() -> None:
    with pytest.raises(DefinitionError, match=r"no table of IEC 62053-21 class 7; there are .*EN 50470-3 class B"):
        plan(SINGLE, AccuracyClass("IEC 62053-21", "7"))


def test_a_class_for_transformers_is_refused_for_a_direct_meter() -> None:
    with pytest.raises(DefinitionError, match=r"class 0\.5S is not for meters connected direct"):
        plan(SINGLE, CLASS_05S)
