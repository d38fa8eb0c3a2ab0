"""From a class and a nameplate to the lines of a test."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from openami.core.errors import DefinitionError
from openami.metering.accuracy import tables
from openami.metering.accuracy.lines import (
    SYMBOLS,
    Composite,
    Creeps,
    Error,
    Line,
    Shift,
    Slope,
    Spread,
    Starts,
    Stated,
)
from openami.metering.accuracy.ratings import Ratings
from openami.metering.accuracy.tables import AccuracyClass, Current, Factor, Influence, Kind, Limit, Link
from openami.metering.metrology.point import Point, Waveform

MARKS = tuple(factor * 10.0**power for power in range(-3, 4) for factor in (1, 2, 5))
"""Multiples of the reference current that are tested inside a range."""
REFERENCE_C = 23.0
SECTION_K = 20.0
"""Temperature coefficients are means over 20 K (IEC 62053-21, 8.2)."""
UNITY = Factor(1.0)
VOLTAGE, FREQUENCY = 0.10, 0.02
REPEATABILITY = 10
"""Runs at one point lie within the tenth part of the limit."""
LATEST = 1.5
"""Periods of a meter without error within which a starting one has to give its next pulse."""


def plan(ratings: Ratings, wanted: AccuracyClass) -> tuple[Line, ...]:
    """All lines of a class, in the order of a test: ratings, errors, starting, no load, influences."""
    kind = tables.classes().get(wanted)
    if kind is None:
        known = ", ".join(map(str, tables.classes()))
        raise DefinitionError(f"there is no table of {wanted}; there are {known}")
    planner = Planner(ratings, wanted, kind)
    lines = tuple(planner.lines())
    if not any(isinstance(line.rule, Error) for line in lines):
        raise DefinitionError(f"{wanted} is not for meters connected {ratings.link.value}")
    return lines


class Planner:
    """Plans the lines of one class for one nameplate."""

    def __init__(self, ratings: Ratings, wanted: AccuracyClass, kind: Kind) -> None:
        self.ratings = ratings
        self.wanted = wanted
        self.kind = kind

    def lines(self) -> Iterator[Line]:
        """All lines."""
        yield from self.ranges()
        for limit in tables.limits():
            if limit.accuracy_class == self.wanted and self.joins(limit.link):
                yield from self.errors(limit)
        yield from self.repeatability()
        yield from self.starting()
        yield from self.no_load()
        for influence in tables.influences():
            if influence.accuracy_class == self.wanted and self.joins(influence.link):
                yield from self.influence(influence)
        yield from self.composite()

    def joins(self, link: Link | None) -> bool:
        """Whether a row is for this meter's connection."""
        return link in {None, self.ratings.link}

    # Points

    def point(self, current_a: float, factor: Factor = UNITY) -> Point:
        """Reference conditions, with a current and a factor."""
        ratings = self.ratings
        point = Point(
            ratings.nominal_v, current_a, 0.0, ratings.frequency_hz, REFERENCE_C, connection=ratings.connection
        )
        turn = point.at if self.kind is Kind.ACTIVE else point.at_sine
        return turn(factor.value, factor.side or "i")

    def currents(self, low: Current, high: Current) -> list[float]:
        """Currents of a range: its ends, and round multiples of the reference current between."""
        first, last = low.amperes(self.ratings), high.amperes(self.ratings)
        if first > last:
            return []
        marks = [mark * self.ratings.reference_a for mark in MARKS]
        inside = [mark for mark in marks if first * 1.001 < mark < last * 0.999]
        return [first, *inside, *([] if high.is_open or first == last else [last])]

    # Lines

    def ranges(self) -> Iterator[Line]:
        """What the class asks of the rated currents."""
        ratings = self.ratings
        held = {"starting": ratings.starting_a, "minimum": ratings.minimum_a, "maximum": ratings.maximum_a}
        for row in tables.ranges():
            if row.accuracy_class == self.wanted and self.joins(row.link):
                words = f"{row.current}, {'at least' if row.is_floor else 'at most'} {row.value.times} {row.value.unit}"
                yield Line(
                    self.wanted, self.kind, "rated currents", words, None, None, row.value.amperes(ratings), "A",
                    row.source, Stated(held[row.current]), row.is_floor,
                )  # fmt: skip

    def errors(self, row: Limit) -> Iterator[Line]:
        """Errors over a range of currents."""
        elements = self.ratings.connection.elements
        if row.load != "balanced" and elements < 3:
            return
        currents = self.currents(row.low, row.high)
        loads: list[tuple[int, ...] | None] = [None] if row.load == "balanced" else [(n,) for n in range(elements)]
        if row.load == "single":
            reference = self.ratings.reference_a
            currents = [i for i in currents if i in {currents[0], currents[-1]} or abs(i - reference) < 1e-9]
        for loaded in loads:
            for current in currents:
                balanced = self.point(current, row.factor)
                point = replace(balanced, loaded=loaded)
                rule = Shift(point, balanced) if row.load == "difference" else Error(point)
                yield Line(
                    self.wanted, self.kind, group_of(row), words_of(row, loaded), current, row.factor, row.limit, "%",
                    row.source, rule, is_on_request=row.is_on_request,
                )  # fmt: skip

    def repeatability(self) -> Iterator[Line]:
        """Spread of the runs with factor 1: where a limit begins, at the reference current, at the highest."""
        for row in tables.limits():
            is_plain = row.load == "balanced" and row.factor in {UNITY, Factor(1.0, "i")}
            if row.accuracy_class != self.wanted or not self.joins(row.link) or not is_plain:
                continue
            reference = self.ratings.reference_a
            wanted = {row.low.amperes(self.ratings), reference, self.ratings.maximum_a}
            for current in self.currents(row.low, row.high):
                if current in wanted:
                    yield Line(
                        self.wanted, self.kind, "repeatability", "spread of three runs", current, row.factor,
                        row.limit / REPEATABILITY, "%", row.source, Spread(self.point(current, row.factor)),
                    )  # fmt: skip

    def starting(self) -> Iterator[Line]:
        """Starting, at the current that is stated."""
        for row in tables.starting():
            if row.accuracy_class == self.wanted and self.joins(row.link):
                stated = self.starting_a(row)
                asked = row.current.amperes(self.ratings)
                note = "" if stated <= asked * 1.000001 else f" (stated; the class has {asked:g} A)"
                yield Line(
                    self.wanted, self.kind, "starting", f"starts and keeps registering{note}", stated, UNITY, LATEST,
                    "periods", row.source, Starts(self.point(stated)),
                )  # fmt: skip

    def starting_a(self, row: tables.Starting) -> float:
        """Starting current: the stated one, for reactive energy that of the class if none is stated."""
        if self.kind is Kind.ACTIVE:
            return self.ratings.starting_a
        return self.ratings.starting_reactive_a or row.current.amperes(self.ratings)

    def no_load(self) -> Iterator[Line]:
        """No load."""
        starting = next((s for s in tables.starting() if s.accuracy_class == self.wanted and self.joins(s.link)), None)
        for row in tables.no_load():
            if row.accuracy_class == self.wanted and starting is not None:
                minutes = self.ratings.no_load_minutes(row, self.starting_a(starting))
                point = replace(self.point(0.0), voltage_v=self.ratings.nominal_v * row.voltage)
                yield Line(
                    self.wanted, self.kind, "no load", f"no load, {row.voltage:g} Un, {minutes:.1f} min", 0.0, None,
                    1.0, "pulses", row.source, Creeps(point, minutes),
                )  # fmt: skip

    def influence(self, row: Influence) -> Iterator[Line]:
        """One influence quantity."""
        current = row.current.amperes(self.ratings)
        reference = self.point(current, row.factor)
        unit = "%/K" if row.quantity == "temperature" else "%"
        for words, rule in QUANTITIES[row.quantity](reference, self.ratings):
            yield Line(
                self.wanted, self.kind, row.quantity, words, current, row.factor, row.limit, unit, row.source, rule
            )

    def composite(self) -> Iterator[Line]:
        """Maximum permissible errors over temperature, with voltage and frequency at their limits."""
        for row in tables.temperatures():
            if row.accuracy_class != self.wanted:
                continue
            for temperature in self.edges(row):
                for current in ends(row, self.ratings):
                    for factor in (UNITY, Factor(0.5, "i")) if row.low.unit == "Itr" else (UNITY,):
                        point = self.point(current, factor)
                        rule = Composite(
                            point, replace(point, temperature_c=temperature), voltages(point), frequencies(point)
                        )
                        yield Line(
                            self.wanted, self.kind, "composite error", f"composite error at {temperature:+g} °C",
                            current, factor, row.limit, "%", row.source, rule,
                        )  # fmt: skip

    def edges(self, row: tables.Temperature) -> list[float]:
        """Temperatures at which a row is tested: its own ends, as far as the meter is made for them."""
        ratings = self.ratings
        return [t for t in (row.coldest_c, row.warmest_c) if ratings.coldest_c <= t <= ratings.warmest_c]


def ends(row: tables.Temperature, ratings: Ratings) -> list[float]:
    """Currents at which a row is tested: the lowest, and the highest if it belongs to the row."""
    low, high = row.low.amperes(ratings), row.high.amperes(ratings)
    return [low] if row.high.is_open else [low, high]


def group_of(row: Limit) -> str:
    """Name the test that a row belongs to."""
    loads = {"balanced": "error", "single": "one phase loaded", "difference": "one phase to balanced"}
    return f"{loads[row.load]}, {SYMBOLS[row.kind]} {row.factor}"


def words_of(row: Limit, loaded: tuple[int, ...] | None) -> str:
    """Say what is tested."""
    if loaded is None:
        return "balanced"
    phase = f"L{loaded[0] + 1}"
    return f"{phase} alone" if row.load == "single" else f"{phase} alone, difference to balanced"


# Influence quantities: the conditions that each stands for

Variations = Iterator[tuple[str, Shift | Slope | Stated]]


def voltages(point: Point) -> tuple[Point, Point]:
    """Voltage at both ends of its range."""
    low, high = (replace(point, voltage_v=point.voltage_v * (1 + sign * VOLTAGE)) for sign in (-1, 1))
    return low, high


def frequencies(point: Point) -> tuple[Point, Point]:
    """Frequency at both ends of its range."""
    low, high = (replace(point, frequency_hz=point.frequency_hz * (1 + sign * FREQUENCY)) for sign in (-1, 1))
    return low, high


def by_temperature(reference: Point, ratings: Ratings) -> Variations:
    """Mean coefficients over the range of operation, in sections of 20 K from its cold end."""
    count = max(1, int((ratings.warmest_c - ratings.coldest_c) // SECTION_K))
    edges = [ratings.coldest_c + number * SECTION_K for number in range(count + 1)]
    for cold, warm in pairwise(edges):
        rule = Slope(replace(reference, temperature_c=cold), replace(reference, temperature_c=warm))
        yield f"temperature {cold:g} to {warm:g} °C", rule


def by_voltage(reference: Point, _ratings: Ratings) -> Variations:
    """Voltage 10 % below and above."""
    for point in voltages(reference):
        yield f"voltage {point.voltage_v / reference.voltage_v - 1:+.0%}", Shift(point, reference)


def by_frequency(reference: Point, _ratings: Ratings) -> Variations:
    """Frequency 2 % below and above."""
    for point in frequencies(reference):
        yield f"frequency {point.frequency_hz / reference.frequency_hz - 1:+.0%}", Shift(point, reference)


def by_sequence(reference: Point, ratings: Ratings) -> Variations:
    """Phases in the other order."""
    if ratings.connection.phases > 1:
        yield "reversed phase sequence", Shift(replace(reference, reversed_sequence=True), reference)


def by_unbalance(reference: Point, ratings: Ratings) -> Variations:
    """One voltage off, and two."""
    if ratings.connection.elements < 3:
        return
    for live in ((1, 2), (0, 2), (0, 1), (0,), (1,), (2,)):
        names = " and ".join(f"L{phase + 1}" for phase in range(3) if phase not in live)
        yield f"voltage of {names} off", Shift(replace(reference, live=live), reference)


def by_waveform(waveform: Waveform) -> Callable[[Point, Ratings], Variations]:
    """Make the variation by the form of the current."""

    def variations(reference: Point, _ratings: Ratings) -> Variations:
        yield waveform.value, Shift(replace(reference, waveform=waveform), reference)

    return variations


def by_field(_reference: Point, ratings: Ratings) -> Variations:
    """Alternating field: a gain that is lower by a stated part."""
    yield "a.c. field 0.5 mT, arithmetic", Stated(-ratings.field_drop_percent)


QUANTITIES: dict[str, Callable[[Point, Ratings], Variations]] = {
    "temperature": by_temperature,
    "voltage": by_voltage,
    "frequency": by_frequency,
    "phase sequence": by_sequence,
    "voltage unbalance": by_unbalance,
    "5th harmonic": by_waveform(Waveform.FIFTH),
    "DC and even harmonics": by_waveform(Waveform.HALF_WAVE),
    "odd harmonics": by_waveform(Waveform.PHASE_FIRED),
    "sub-harmonics": by_waveform(Waveform.BURST),
    "a.c. field 0.5 mT": by_field,
}
