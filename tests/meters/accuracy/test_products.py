"""Every product that states a class keeps it, and does not when it is spoiled; what its file says is checked."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meters.small_fleet import compactiq
from openami.core.errors import DefinitionError
from openami.metering.accuracy.lines import Creeps, Starts
from openami.metering.accuracy.plan import plan
from openami.metering.accuracy.tables import AccuracyClass, Kind, Link
from openami.metering.metrology import Method
from openami.meters import product
from openami.meters.accuracy.setup import Trial, ratings
from openami.meters.build import Product
from openami.meters.definition import products
from openami.meters.product import load_from
from openami.meters.sections.accuracy import Accuracy

METERS = 10
RATED = [slug for slug in product.slugs() if product.load(slug).accuracy is not None]


def test_there_are_products_with_a_class() -> None:
    assert "compactiq" in RATED


@pytest.mark.feature("IQ0404100K1-R-18")
@pytest.mark.parametrize("slug", RATED)
def test_drawn_meters_keep_their_class(slug: str) -> None:
    results = Trial.of(product.load(slug), METERS).run()
    outside = [(result.line.words, result.line.current_a, result.values) for result in results if not result.has_passed]
    assert outside == []
    assert max(np.ptp(result.values) for result in results if result.line.group.startswith("error")) > 0.01


@pytest.mark.feature("IQ0404100K1-R-18")
@pytest.mark.parametrize("slug", RATED)
def test_spoiled_meters_do_not(slug: str) -> None:
    trial = Trial.of(product.load(slug), METERS, gain_percent=2.0)
    failed = {result.line.accuracy_class for result in trial.run() if not result.has_passed}
    narrowest = min(trial.lines(), key=lambda line: line.limit if line.group.startswith("error, cos φ 1") else np.inf)
    assert narrowest.accuracy_class in failed


@pytest.mark.slow
@pytest.mark.parametrize("slug", RATED)
def test_a_hundred_meters_keep_their_class(slug: str) -> None:
    assert all(result.has_passed for result in Trial.of(product.load(slug), 100, seed=2).run())


# Other products, before their files are there: sections as the data sheets state them

EN, P21, P22, P23, P24, ANSI = (
    "EN 50470-3", "IEC 62053-21", "IEC 62053-22", "IEC 62053-23", "IEC 62053-24", "ANSI C12.20",
)  # fmt: skip


def of(standard: str, *names: str) -> list[dict[str, str]]:
    return [{"standard": standard, "class": name} for name in names]


def stated(section: dict[str, Any], **currents: int) -> Product:
    """CompactIQ with another nameplate."""
    base = {"temperature_c": [-40, 70], "active_imp_per_kwh": 1000, "reactive_imp_per_kvarh": 1000}
    metering = compactiq().metering
    changes = {name: getattr(metering, name).model_copy(update={"value": value}) for name, value in currents.items()}
    return replace(
        compactiq(),
        accuracy=Accuracy.model_validate(base | section),
        metering=metering.model_copy(update=changes),
    )


HOUSE = {"base_current_ma": 5000, "starting_current_ma": 20, "maximum_current_ma": 100_000, "no_load_ma": 0}
BY_CT = {"base_current_ma": 1000, "starting_current_ma": 2, "maximum_current_ma": 10_000, "no_load_ma": 0}
SECTIONS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "AD11A": (
        {"active": of(EN, "B"), "reactive": of(P23, "2"), "connection": "direct", "wiring": "1P2W",
         "nominal_voltage_mv": [240_000], "minimum_current_ma": 250, "starting_reactive_ma": 25}, HOUSE,
    ),
    "SED302": (
        {"active": of(P21, "1"), "reactive": of(P23, "2"), "connection": "direct", "wiring": "3P4W",
         "nominal_voltage_mv": [230_000]}, HOUSE,
    ),
    "SM306": (
        {"active": of(P22, "0.5S"), "reactive": of(P24, "1S"), "connection": "CT", "wiring": "3P4W",
         "nominal_voltage_mv": [57_700, 240_000], "active_imp_per_kwh": 10_000, "reactive_imp_per_kvarh": 10_000,
         "starting_reactive_ma": 4}, BY_CT,
    ),
    "SM307, three wires": (
        {"active": of(P22, "0.5S"), "connection": "CT", "wiring": "3P3W", "nominal_voltage_mv": [110_000],
         "active_imp_per_kwh": 10_000, "reactive_method": "quarter period"}, BY_CT,
    ),
    "the finest": (
        {"active": [*of(P22, "0.2S"), *of(EN, "C")], "reactive": of(P24, "0.5S"), "connection": "CT",
         "wiring": "3P4W", "nominal_voltage_mv": [63_500], "active_imp_per_kwh": 10_000},
        BY_CT | {"starting_current_ma": 1},
    ),
    "the coarsest": (
        {"active": [*of(P21, "2"), *of(EN, "A")], "reactive": [*of(P23, "3"), *of(P24, "1")], "connection": "direct",
         "wiring": "1P2W", "nominal_voltage_mv": [230_000]}, HOUSE,
    ),
    "C3A1H": (
        {"active": of(ANSI, "0.2", "0.5"), "connection": "direct", "wiring": "3P4W", "nominal_voltage_mv": [240_000],
         "frequency_hz": 60}, HOUSE | {"base_current_ma": 30_000, "starting_current_ma": 100,
                                       "maximum_current_ma": 200_000},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SECTIONS)
def test_nameplates_of_other_products_are_tested_likewise(name: str) -> None:
    section, currents = SECTIONS[name]
    found = stated(section, **currents)
    good, bad = (Trial.of(found, 3, gain_percent=gain).run() for gain in (0.0, 2.0))
    assert [(r.line.words, r.line.current_a, r.values) for r in good if not r.has_passed] == []
    assert any(not result.has_passed for result in bad)
    assert {result.line.accuracy_class for result in good} == set(Trial.of(found, 1).classes)


# What the file of CompactIQ says


@pytest.mark.feature("IQ0404100K1-R-18")
def test_classes_of_compactiq() -> None:
    assert Trial.of(compactiq(), 1).classes == (
        AccuracyClass(EN, "A"), AccuracyClass(EN, "B"), AccuracyClass(P21, "1"),
        AccuracyClass(P23, "2"), AccuracyClass(P23, "3"),
    )  # fmt: skip


@pytest.mark.feature("IQ0404100K1-R-14", "IQ0404100K1-R-16")
def test_nameplate_of_compactiq() -> None:
    plate = ratings(compactiq())
    assert (plate.starting_a, plate.reference_a, plate.maximum_a) == (0.02, 5.0, 100.0)
    assert (plate.active_constant, plate.reactive_constant) == (2000, 2000)
    assert (plate.link, plate.connection.value, plate.nominal_v) == (Link.DIRECT, "3P4W", 230.0)
    assert (plate.minimum_a, plate.transitional_a) == (0.25, 0.5)


@pytest.mark.feature("IQ0404100K1-R-14", "IQ0404100K1-R-16")
def test_times_without_load_of_compactiq() -> None:
    minutes = {
        each: line.rule.minutes
        for each in (AccuracyClass(P21, "1"), AccuracyClass(EN, "B"))
        for line in plan(ratings(compactiq()), each)
        if isinstance(line.rule, Creeps)
    }
    assert [round(value, 1) for value in minutes.values()] == [4.3, 7.6]


@pytest.mark.feature("IQ0404100K1-R-09", "IQ0404100K1-R-14")
def test_compactiq_registers_from_its_starting_current_and_not_below_the_guard_band() -> None:
    trial = Trial.of(compactiq(), 4, names=["IEC 62053-21 1"])
    [start] = [line for line in trial.lines() if isinstance(line.rule, Starts)]
    guard, _ = trial.guards()
    assert (guard.off, guard.on) == (pytest.approx(0.010 * 230), pytest.approx(0.011 * 230))
    assert guard.on < start.rule.point.current_a * start.rule.point.voltage_v


def test_a_reactive_start_of_its_own_has_a_guard_of_its_own() -> None:
    section, currents = SECTIONS["SM306"]
    active, reactive = Trial.of(stated(section, **currents), 1).guards()
    assert (active.off, reactive.off) == (pytest.approx(0.001 * 57.7), pytest.approx(0.002 * 57.7))


# Trials


def test_the_same_seed_draws_the_same_meters_in_any_company() -> None:
    few, more = (Trial.of(compactiq(), count, names=["B"]).run() for count in (3, 5))
    other = Trial.of(compactiq(), 3, names=["B"], seed=2).run()
    errors = [(a, b, c) for a, b, c in zip(few, more, other, strict=True) if a.line.group.startswith("error")]
    assert all(np.array_equal(a.values, b.values[:3]) for a, b, _ in errors)
    assert not any(np.array_equal(a.values, c.values) for a, _, c in errors)


def test_ideal_meters_have_next_to_no_error() -> None:
    section, currents = SECTIONS["AD11A"]
    results = Trial.of(stated(section | {"meters": "ideal"}, **currents), 1).run()
    assert max(abs(r.values[0]) for r in results if r.line.group.startswith("error")) < 0.02


def test_classes_are_chosen_by_name() -> None:
    chosen = Trial.of(compactiq(), 1, names=["B", "IEC 62053-23 3"]).classes
    assert chosen == (AccuracyClass(EN, "B"), AccuracyClass(P23, "3"))
    with pytest.raises(DefinitionError, match=r"no class '0\.2S'; there are EN 50470-3 A, .*IEC 62053-23 3"):
        Trial.of(compactiq(), 1, names=["0.2S"])


def test_another_nominal_voltage_is_one_that_is_stated() -> None:
    section, currents = SECTIONS["SM306"]
    found = stated(section, **currents)
    assert Trial.of(found, 1, voltage_v=240.0).ratings.nominal_v == 240.0
    assert Trial.of(found, 1).ratings.nominal_v == 57.7
    with pytest.raises(DefinitionError, match=r"100 V is not stated; there are 57\.7, 240 V"):
        Trial.of(found, 1, voltage_v=100.0)


def test_a_product_without_the_section_says_what_is_missing() -> None:
    with pytest.raises(DefinitionError, match=r"compactiq\.toml: has no section \[accuracy\]"):
        Trial.of(replace(compactiq(), accuracy=None), 1)


def test_constants_come_from_the_diodes_or_from_the_section() -> None:
    bare = compactiq().accuracy
    assert bare is not None
    assert bare.active_imp_per_kwh is None
    with pytest.raises(DefinitionError) as caught:
        ratings(replace(compactiq(), display=None))
    assert caught.value.key == "accuracy.active_imp_per_kwh"
    section, currents = SECTIONS["SM306"]
    plate = ratings(stated(section, **currents))
    assert plate.constant(Kind.ACTIVE) == plate.constant(Kind.REACTIVE) == 10_000


def test_reactive_energy_is_made_as_the_file_says() -> None:
    section, _ = SECTIONS["SM307, three wires"]
    assert Accuracy.model_validate({"temperature_c": [-40, 70], **section}).reactive_method is Method.QUARTER_PERIOD


def test_the_section_of_the_how_to_is_read() -> None:
    page = Path(__file__).parents[3] / "docs" / "howto" / "accuracy.md"
    text = page.read_text(encoding="utf-8").split("```toml\n", 1)[1].split("```", 1)[0]
    section = Accuracy.model_validate(tomllib.loads(text)["accuracy"])
    _, currents = SECTIONS["SM306"]
    assert all(result.has_passed for result in Trial.of(stated(section.model_dump(by_alias=True), **currents), 1).run())


# Mistakes of the section

MISTAKES = {
    "unknown class": ('class = "B", edition', 'class = "D", edition', "accuracy", "no table of EN 50470-3 class D"),
    "wrong kind": ('"IEC 62053-23", class = "2"', '"EN 50470-3", class = "B"', "accuracy", "reactive"),
    "connection": ('connection = "direct"', 'connection = "plug"', "accuracy.connection", "'direct' or 'CT'"),
    "wiring": ('wiring = "3P4W"', 'wiring = "4P"', "accuracy.wiring", "3P4W"),
    "voltage": ("voltage_mv = [230000]", "voltage_mv = []", "accuracy.nominal_voltage_mv", "at least 1"),
    "temperature": ("temperature_c = [-25, 70]\n", "temperature_c = [70, -25]\n", "accuracy", "[lowest, highest]"),
    "constant": ('wiring = "3P4W"', 'wiring = "3P4W"\nactive_imp_per_kwh = 0', "accuracy", "at least 1 pulse"),
    "unknown key": ('wiring = "3P4W"', 'wiring = "3P4W"\nwires = 4', "accuracy.wires", "not permitted"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_the_section_is_told_by_file_and_key(name: str, tmp_path: Path) -> None:
    old, new, key, word = MISTAKES[name]
    text = products().joinpath("compactiq.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "compactiq.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_from("compactiq", tmp_path)
    assert (caught.value.file, caught.value.key) == ("compactiq.toml", key)
    assert word in str(caught.value)
