"""The tables against the printed numbers of the facts, read from there."""

import re
from functools import cache
from pathlib import Path

import pytest

from metering.accuracy.plates import COMPACTIQ, SINGLE, SM306
from openami.core.errors import DefinitionError
from openami.metering.accuracy import tables
from openami.metering.accuracy.ratings import Ratings
from openami.metering.accuracy.tables import AccuracyClass, Current, Factor, Kind, Link

P21, P22, P23, P24 = (f"IEC 62053-{part}" for part in (21, 22, 23, 24))
EN = "EN 50470-3"


@cache
def chapter(shared: Path, heading: str) -> str:
    """A chapter of the facts."""
    text = (shared / "facts/metrology.md").read_text(encoding="utf-8")
    return text.split(f"### {heading}", 1)[1].split("\n### ", 1)[0]


def cells(shared: Path, heading: str, *words: str) -> list[str]:
    """The row of a chapter that begins with these cells: what follows them."""
    for line in chapter(shared, heading).splitlines():
        row = [cell.strip().replace("**[S]**", "").strip() for cell in line.strip("|").split("|")]
        if row[: len(words)] == list(words):
            return row[len(words) :]
    raise AssertionError(f"{heading} has no row {words}")


def numbers(row: list[str]) -> list[float | None]:
    return [float(cell) if re.fullmatch(r"[\d.]+", cell) else None for cell in row]


def limit(name: AccuracyClass, link: Link, current: str, factor: str, load: str = "balanced") -> float | None:
    """What the tables say at a current: the row it belongs to, None without one."""
    plate: Ratings = SINGLE if link is Link.DIRECT else SM306
    amperes = Current.parse(current).amperes(plate)
    found = [
        row.limit
        for row in tables.limits()
        if row.accuracy_class == name and row.link in {None, link} and row.load == load
        and row.factor == Factor.parse(factor) and holds(row, amperes, plate)
    ]  # fmt: skip
    assert len(found) < 2
    return found[0] if found else None


def holds(row: tables.Limit, amperes: float, plate: Ratings) -> bool:
    low, high = row.low.amperes(plate), row.high.amperes(plate)
    return low * 0.999999 <= amperes and (amperes < high * 0.999999 if row.high.is_open else amperes <= high * 1.000001)


LOW, MAIN = "0.05 ≤ I < 0.1 Ib (0.02–0.05 In)", "0.1 Ib–Imax (0.05 In–Imax)"
STATIC = [
    ((LOW, "1"), "1", "balanced", ("0.05 Ib", "0.099 Ib"), ("0.02 In", "0.049 In")),
    ((MAIN, "1"), "1", "balanced", ("0.1 Ib", "1 Imax"), ("0.05 In", "1 Imax")),
    (("0.1–0.2 Ib (0.05–0.1 In)", "0.5 i"), "0.5 i", "balanced", ("0.1 Ib", "0.199 Ib"), ("0.05 In", "0.099 In")),
    (("same", "0.8 c"), "0.8 c", "balanced", ("0.1 Ib", "0.199 Ib"), ("0.05 In", "0.099 In")),
    (("0.2 Ib–Imax (0.1 In–Imax)", "0.5 i"), "0.5 i", "balanced", ("0.2 Ib", "1 Imax"), ("0.1 In", "1 Imax")),
    ((f"one phase loaded, {MAIN}", "1"), "1", "single", ("0.1 Ib", "1 Imax"), ("0.05 In", "1 Imax")),
    (
        ("one phase loaded, 0.2 Ib–Imax (0.1 In–Imax)", "0.5 i"),
        "0.5 i", "single", ("0.2 Ib", "1 Imax"), ("0.1 In", "1 Imax"),
    ),
    (("difference one-phase to balanced at Ib, PF 1", ""), "1", "difference", ("1 Ib",), ("1 In",)),
]  # fmt: skip


@pytest.mark.parametrize("row", STATIC, ids=lambda row: " ".join(row[0]))
def test_classes_1_and_2_are_as_printed(row, shared: Path) -> None:
    words, factor, load, direct, by_ct = row
    for name, expected in zip("12", numbers(cells(shared, "2.1", *words)), strict=True):
        for link, currents in ((Link.DIRECT, direct), (Link.CT, by_ct)):
            assert [limit(AccuracyClass(P21, name), link, i, factor, load) for i in currents] == [expected] * len(
                currents
            )


def test_what_is_tested_on_request_is_as_printed(shared: Path) -> None:
    inductive, capacitive = map(float, cells(shared, "2.1", "0.2 Ib–Ib on request", "0.25 i / 0.5 c")[0].split(" / "))
    assert limit(AccuracyClass(P21, "1"), Link.DIRECT, "1 Ib", "0.25 i") == inductive
    assert limit(AccuracyClass(P21, "1"), Link.DIRECT, "0.2 Ib", "0.5 c") == capacitive
    assert limit(AccuracyClass(P21, "1"), Link.DIRECT, "2 Ib", "0.5 c") is None
    assert limit(AccuracyClass(P21, "2"), Link.DIRECT, "1 Ib", "0.25 i") is None


TRANSFORMER = [
    (("0.01–0.05 In", "1"), ("0.01 In", "0.049 In"), ("1",)),
    (("0.05 In–Imax", "1"), ("0.05 In", "1 Imax"), ("1",)),
    (("0.02–0.1 In", "0.5 i, 0.8 c"), ("0.02 In", "0.099 In"), ("0.5 i", "0.8 c")),
    (("0.1 In–Imax", "0.5 i, 0.8 c"), ("0.1 In", "1 Imax"), ("0.5 i", "0.8 c")),
    (("0.1 In–Imax on request", "0.25 i, 0.5 c"), ("0.1 In", "1 Imax"), ("0.25 i", "0.5 c")),
]


@pytest.mark.parametrize("row", TRANSFORMER, ids=lambda row: " ".join(row[0]))
def test_classes_02s_and_05s_are_as_printed(row, shared: Path) -> None:
    words, currents, factors = row
    for name, expected in zip(("0.2S", "0.5S"), numbers(cells(shared, "2.1", *words)), strict=True):
        found = {limit(AccuracyClass(P22, name), Link.CT, i, factor) for i in currents for factor in factors}
        assert found == {expected}


def test_one_phase_of_02s_and_05s_is_as_printed(shared: Path) -> None:
    row = cells(shared, "2.1", "one phase: 0.05 In–Imax / 0.1 In–Imax", "1 / 0.5 i")
    difference = numbers(cells(shared, "2.1", "difference one-phase to balanced", ""))
    for name, text, apart in zip(("0.2S", "0.5S"), row, difference, strict=True):
        each = AccuracyClass(P22, name)
        plain, turned = map(float, text.split(" / "))
        assert limit(each, Link.CT, "0.05 In", "1", "single") == plain
        assert limit(each, Link.CT, "0.1 In", "0.5 i", "single") == turned
        assert limit(each, Link.CT, "1 In", "1", "difference") == apart


def test_classes_a_b_c_are_as_printed(shared: Path) -> None:
    text = chapter(shared, "2.1")
    low = dict(re.findall(r"([ABC]) ([\d.]+)", text.split("PF 1: ", 1)[1].split(";", 1)[0]))
    main = dict(re.findall(r"([ABC]) ([\d.]+)", text.split("0.5 i … 1 … 0.8 c: ", 1)[1].split(".\n", 1)[0]))
    assert low.keys() == main.keys() == set("ABC")
    for name in "ABC":
        each = AccuracyClass(EN, name)
        assert limit(each, Link.DIRECT, "1 Imin", "1") == float(low[name])
        assert limit(each, Link.DIRECT, "1 Imin", "0.5 i") is None
        for factor in ("1", "0.5 i", "0.8 c"):
            assert limit(each, Link.DIRECT, "1 Itr", factor) == limit(each, Link.CT, "1 Imax", factor)
            assert limit(each, Link.DIRECT, "1 Itr", factor) == float(main[name])


def test_errors_over_temperature_are_as_printed(shared: Path) -> None:
    bands = [(5, 30), (-10, 40), (-25, 55), (-40, 70)]
    for words, unit in (("Imin–Itr", "Imin"), ("Itr–Imax", "Itr")):
        for band, text in zip(bands, cells(shared, "2.1", words), strict=True):
            held = {
                row.accuracy_class.name: row.limit
                for row in tables.temperatures()
                if row.low.unit == unit and (row.coldest_c, row.warmest_c) == band
            }
            assert held == dict(zip("ABC", map(float, text.split(" / ")), strict=True))


RANGES = "lowest: 0.05–0.1 Ib / 0.02–0.05 In (0.5S: 0.01–0.05 In)"
REACTIVE = [
    ((RANGES, "1"), "1", (0.05, 0.02)),
    (("0.1 Ib–Imax / 0.05 In–Imax", "1"), "1", (0.1, 0.05)),
    (("0.1–0.2 Ib / 0.05–0.1 In", "0.5"), "0.5", (0.1, 0.05)),
    (("0.2 Ib–Imax / 0.1 In–Imax", "0.5"), "0.5", (0.2, 0.1)),
    (("0.2 Ib–Imax / 0.1 In–Imax", "0.25"), "0.25", (0.2, 0.1)),
]
REACTIVE_CLASSES = [
    (P23, "2", (Link.DIRECT, Link.CT)), (P23, "3", (Link.DIRECT, Link.CT)),
    (P24, "0.5S", (Link.CT,)), (P24, "1S", (Link.CT,)), (P24, "1", (Link.DIRECT,)),
]  # fmt: skip


@pytest.mark.parametrize("side", ["i", "c"])
@pytest.mark.parametrize("row", REACTIVE, ids=lambda row: " ".join(row[0]))
def test_reactive_classes_are_as_printed(row, side: str, shared: Path) -> None:
    words, factor, (of_ib, of_in) = row
    printed = numbers(cells(shared, "2.2", *words))
    for (standard, name, links), expected in zip(REACTIVE_CLASSES, printed, strict=True):
        for link in links:
            low = f"{of_ib} Ib" if link is Link.DIRECT else f"{of_in} In"
            assert limit(AccuracyClass(standard, name), link, low, f"{factor} {side}") == expected


def test_a_transformer_class_of_reactive_energy_has_no_row_for_direct_connection() -> None:
    links = {(row.accuracy_class.name, row.link) for row in tables.limits() if row.accuracy_class.standard == P24}
    assert links == {("0.5S", Link.CT), ("1S", Link.CT), ("1", Link.DIRECT)}


STARTING = [
    (P21, "1", "direct", "0.004 Ib"), (P21, "1", "CT", "0.002 In"), (P21, "2", "direct", "0.005 Ib"),
    (P21, "2", "CT", "0.003 In"), (P22, "0.2S", "CT", "0.001 In"), (P22, "0.5S", "CT", "0.001 In"),
    (P23, "2", "direct", "0.005 Ib"), (P23, "2", "CT", "0.003 In"), (P23, "3", "direct", "0.01 Ib"),
    (P23, "3", "CT", "0.005 In"), (P24, "0.5S", "CT", "0.001 In"), (P24, "1S", "CT", "0.002 In"),
    (P24, "1", "direct", "0.004 Ib"), (EN, "A", "direct", "0.05 Itr"), (EN, "B", "direct", "0.04 Itr"),
    (EN, "C", "direct", "0.04 Itr"), (EN, "A", "CT", "0.06 Itr"), (EN, "B", "CT", "0.04 Itr"),
    (EN, "C", "CT", "0.02 Itr"),
]  # fmt: skip


def test_starting_currents_are_as_printed(shared: Path) -> None:
    held = {
        (*row.accuracy_class, row.link.value, f"{row.current.times} {row.current.unit}")
        for row in tables.starting()
        if row.link
    }
    assert held == set(STARTING)
    text = chapter(shared, "2.3")
    for _, _, _, current in STARTING[:13]:
        assert current.split()[0] in text
    assert "Ist ≤ 0.05/0.04/0.04 Itr" in chapter(shared, "2.1")
    assert "Ist ≤ 0.06/0.04/0.02 Itr" in chapter(shared, "2.1")


INFLUENCES = [
    ("temperature, mean %/K", "temperature", ("1", "0.5 i")),
    ("voltage ±10 %", "voltage", ("1", "0.5 i")),
    ("frequency ±2 %", "frequency", ("1", "0.5 i")),
    ("reversed phase sequence", "phase sequence", ("1",)),
    ("voltage unbalance (one or two phases off)", "voltage unbalance", ("1",)),
    ("5th harmonic in U (10 %) and I (40 %)", "5th harmonic", ("1",)),
    ("DC and even harmonics in I (half wave)", "DC and even harmonics", ("1",)),
    ("external 0.5 mT a.c. field", "a.c. field 0.5 mT", ("1",)),
]
INFLUENCE_CLASSES = [
    AccuracyClass(P21, "1"),
    AccuracyClass(P21, "2"),
    AccuracyClass(P22, "0.2S"),
    AccuracyClass(P22, "0.5S"),
]


def influence(name: AccuracyClass, quantity: str, factor: str) -> set[float]:
    rows = [row for row in tables.influences() if row.accuracy_class == name and row.quantity == quantity]
    return {row.limit for row in rows if row.factor == Factor.parse(factor)}


@pytest.mark.parametrize("row", INFLUENCES, ids=lambda row: row[1])
def test_influence_rows_are_as_printed(row, shared: Path) -> None:
    words, quantity, factors = row
    printed = cells(shared, "2.4", words)[1:]
    for each, text in zip(INFLUENCE_CLASSES, printed, strict=True):
        values = [] if text == "–" else [float(part) for part in text.split(" / ")]
        wanted = values * len(factors) if len(values) == 1 else values
        found = [influence(each, quantity, factor) for factor in factors]
        assert found == ([{value} for value in wanted] if wanted else [set()] * len(factors))


def test_odd_and_sub_harmonics_are_as_printed(shared: Path) -> None:
    printed = cells(shared, "2.4", "odd harmonics (phase-fired) / sub-harmonics (burst)")[1:]
    for each, text in zip(INFLUENCE_CLASSES, printed, strict=True):
        found = [influence(each, quantity, "1") for quantity in ("odd harmonics", "sub-harmonics")]
        assert found == [set() if part == "–" else {float(part)} for part in text.split(" / ")]


def test_what_was_seen_in_print_says_so(shared: Path) -> None:
    assert "Rows to the 5th harmonic and DC/even: class 1 and 2 **[S]**, rest **[K]**." in chapter(shared, "2.4")
    sure = {
        row.quantity for row in tables.influences() if row.accuracy_class.standard == P21 and row.source.is_verified
    }
    unsure = {row.quantity for row in tables.influences() if not row.source.is_verified}
    assert sure == {
        "temperature", "voltage", "frequency", "phase sequence", "voltage unbalance", "5th harmonic",
        "DC and even harmonics",
    }  # fmt: skip
    assert (
        not sure
        & {r.quantity for r in tables.influences() if r.accuracy_class.standard == P21}
        & (unsure & {"odd harmonics", "sub-harmonics", "a.c. field 0.5 mT"})
    )
    assert all(
        row.source.is_verified == (row.load == "single" and row.accuracy_class.standard == P21)
        for row in tables.limits()
    )
    assert all(row.source.is_verified for row in tables.temperatures())
    assert not any(row.source.is_verified for row in (*tables.starting(), *tables.no_load(), *tables.ranges()))


def test_what_came_from_memory_is_marked() -> None:
    ansi = [row for row in tables.limits() if row.accuracy_class.standard == "ANSI C12.20"]
    assert {row.accuracy_class.name for row in ansi} == {"0.2", "0.5"}
    assert all("memory" in row.source.text and not row.source.is_verified for row in ansi)


@pytest.mark.parametrize(
    ("plate", "name", "minutes"),
    [
        (SINGLE, AccuracyClass(P21, "1"), 26.1),
        (SINGLE, AccuracyClass(EN, "B"), 45.4),
        (COMPACTIQ, AccuracyClass(P21, "1"), 4.3),
        (COMPACTIQ, AccuracyClass(EN, "B"), 7.6),
        (SM306, AccuracyClass(P22, "0.5S"), 34.7),
    ],
)
def test_times_without_load_are_as_printed(plate: Ratings, name: AccuracyClass, minutes: float, shared: Path) -> None:
    [rule] = [row for row in tables.no_load() if row.accuracy_class == name]
    assert round(plate.no_load_minutes(rule, plate.starting_a), 1) == minutes
    assert str(minutes) in chapter(shared, "2.3")


def test_the_new_time_without_load_is_four_periods_at_the_starting_current() -> None:
    [rule] = [row for row in tables.no_load() if row.accuracy_class == AccuracyClass(EN, "B")]
    period_s = SINGLE.pulse_ws(Kind.ACTIVE) / (1.15 * SINGLE.nominal_v * SINGLE.starting_a)
    assert SINGLE.no_load_minutes(rule, SINGLE.starting_a) * 60 == pytest.approx(4 * period_s)


def test_every_class_has_a_start_and_a_time_without_load() -> None:
    known = tables.classes().keys()
    assert {row.accuracy_class for row in tables.starting()} == known
    assert {row.accuracy_class for row in tables.no_load()} == known


@pytest.mark.parametrize("text", ["0.05", "0.05 A", "x Ib", "0.05Ib"])
def test_a_current_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises((DefinitionError, ArithmeticError)):
        Current.parse(text)


def test_a_mistake_in_a_table_is_told_by_file_and_line() -> None:
    def make(_row) -> int:
        raise ValueError("no number")

    with pytest.raises(DefinitionError) as caught:
        tables.read("starting.csv", make)
    assert (caught.value.file, caught.value.key) == ("starting.csv", "line 2")
