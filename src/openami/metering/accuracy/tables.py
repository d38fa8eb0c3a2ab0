"""What the standards ask, as rows of data files beside this module.

Each row names its source and whether the figure was seen in print (`verified`): most were written down from general
knowledge and want a look into a bought copy before anything follows from them.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple, Protocol, Self, TypeVar

from openami.core.errors import DefinitionError

T = TypeVar("T")


class Kind(StrEnum):
    """What is counted."""

    ACTIVE = "active"
    REACTIVE = "reactive"


class Link(StrEnum):
    """How a meter is joined to the line; one behind voltage transformers too is `CT`."""

    DIRECT = "direct"
    CT = "CT"


class AccuracyClass(NamedTuple):
    """A class of a standard."""

    standard: str
    name: str

    def __str__(self) -> str:
        return f"{self.standard} class {self.name}"


class Source(NamedTuple):
    """Where a figure comes from."""

    text: str
    is_verified: bool


class Rated(Protocol):
    """What has the currents that tables speak of, in amperes."""

    def rated(self, unit: str) -> float:
        """Give Ib, In, Itr, Imin, Imax or Ist."""
        ...


@dataclass(frozen=True, slots=True)
class Current:
    """A current of a table: so many times a rated one; `is_open` where the row ends just below it."""

    times: Decimal
    unit: str
    is_open: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `0.05 Ib` or `<0.1 Ib`."""
        number, _, unit = text.removeprefix("<").partition(" ")
        if unit not in {"Ib", "In", "Itr", "Imin", "Imax", "Ist"}:
            raise DefinitionError(f"{text!r}: expected a number and Ib, In, Itr, Imin, Imax or Ist")
        return cls(Decimal(number), unit, text.startswith("<"))

    def amperes(self, ratings: Rated) -> float:
        """The current for a meter."""
        return float(self.times) * ratings.rated(self.unit)


@dataclass(frozen=True, slots=True)
class Factor:
    """A power factor (of reactive energy: sin φ): its value, and the side, `i` inductive or `c` capacitive."""

    value: float
    side: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1`, `0.5 i` or `0.8 c`."""
        number, _, side = text.partition(" ")
        if side not in {"", "i", "c"}:
            raise DefinitionError(f"{text!r}: expected i or c after the number")
        return cls(float(number), side)

    def __str__(self) -> str:
        return f"{self.value:g}{self.side}"


@dataclass(frozen=True, slots=True)
class Limit:
    """Limit of error over a range of currents. `load`: balanced, single (one phase) or difference (of both)."""

    accuracy_class: AccuracyClass
    edition: str
    link: Link | None
    kind: Kind
    load: str
    low: Current
    high: Current
    factor: Factor
    limit: float
    is_on_request: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Starting:
    """Current at which a meter starts and keeps registering."""

    accuracy_class: AccuracyClass
    link: Link | None
    kind: Kind
    current: Current
    source: Source


@dataclass(frozen=True, slots=True)
class NoLoad:
    """How long there may be one pulse at the most without current.

    `rule` Imax: factor / (k·m·Un·Imax) minutes; Ist: factor / (k·m·U·Ist), U the test voltage; fixed: factor minutes.
    """

    accuracy_class: AccuracyClass
    kind: Kind
    rule: str
    factor: float
    voltage: float
    source: Source


@dataclass(frozen=True, slots=True)
class Influence:
    """Limit of the additional error by one influence quantity; of temperature in %/K."""

    accuracy_class: AccuracyClass
    link: Link | None
    quantity: str
    current: Current
    factor: Factor
    limit: float
    source: Source


@dataclass(frozen=True, slots=True)
class Temperature:
    """Maximum permissible error, all influences together, between two temperatures."""

    accuracy_class: AccuracyClass
    low: Current
    high: Current
    coldest_c: float
    warmest_c: float
    limit: float
    source: Source


@dataclass(frozen=True, slots=True)
class Range:
    """What a class asks of the rated currents: `current` is starting, minimum or maximum."""

    accuracy_class: AccuracyClass
    link: Link | None
    current: str
    is_floor: bool
    value: Current
    source: Source


Row = Mapping[str, str]


def class_of(row: Row) -> AccuracyClass:
    """Class of a row."""
    return AccuracyClass(row["standard"], row["class"])


def link_of(row: Row) -> Link | None:
    """Connection of a row; None where it is for any."""
    return None if row["connection"] == "any" else Link(row["connection"])


def source_of(row: Row) -> Source:
    """Source of a row."""
    return Source(row["source"], row["verified"] == "yes")


def read(name: str, make: Callable[[Row], T]) -> tuple[T, ...]:
    """Read a table; a mistake is told by file, line and what was expected."""
    return tuple(rows(name, make))


def rows(name: str, make: Callable[[Row], T]) -> Iterator[T]:
    """Read a table row by row."""
    lines = (files("openami.metering.accuracy") / name).read_text(encoding="utf-8").splitlines()
    for number, row in enumerate(csv.DictReader(lines), start=2):
        try:
            yield make(row)
        except (DefinitionError, InvalidOperation, KeyError, ValueError) as error:
            raise DefinitionError(str(error), file=name, key=f"line {number}") from error


@cache
def limits() -> tuple[Limit, ...]:
    """Limits of error."""
    return read(
        "limits.csv",
        lambda row: Limit(
            class_of(row), row["edition"], link_of(row), Kind(row["kind"]), row["load"], Current.parse(row["from"]),
            Current.parse(row["to"]), Factor.parse(row["factor"]), float(row["limit"]), row["on_request"] == "yes",
            source_of(row),
        ),
    )  # fmt: skip


@cache
def starting() -> tuple[Starting, ...]:
    """Starting currents."""
    return read(
        "starting.csv",
        lambda row: Starting(
            class_of(row), link_of(row), Kind(row["kind"]), Current.parse(row["current"]), source_of(row)
        ),
    )


@cache
def no_load() -> tuple[NoLoad, ...]:
    """Rules of the test without load."""
    return read(
        "no_load.csv",
        lambda row: NoLoad(
            class_of(row), Kind(row["kind"]), row["rule"], float(row["factor"]), float(row["voltage"]), source_of(row)
        ),
    )


@cache
def influences() -> tuple[Influence, ...]:
    """Limits of influence quantities."""
    return read(
        "influence.csv",
        lambda row: Influence(
            class_of(row), link_of(row), row["quantity"], Current.parse(row["current"]), Factor.parse(row["factor"]),
            float(row["limit"]), source_of(row),
        ),
    )  # fmt: skip


@cache
def temperatures() -> tuple[Temperature, ...]:
    """Maximum permissible errors over temperature."""
    return read(
        "temperature.csv",
        lambda row: Temperature(
            class_of(row), Current.parse(row["from"]), Current.parse(row["to"]), float(row["coldest_c"]),
            float(row["warmest_c"]), float(row["limit"]), source_of(row),
        ),
    )  # fmt: skip


@cache
def ranges() -> tuple[Range, ...]:
    """What classes ask of rated currents."""
    return read(
        "ranges.csv",
        lambda row: Range(
            class_of(row), link_of(row), row["current"], row["relation"] == "at least", Current.parse(row["value"]),
            source_of(row),
        ),
    )  # fmt: skip


def classes() -> dict[AccuracyClass, Kind]:
    """Give every class there is a table of, with what it counts."""
    return {row.accuracy_class: row.kind for row in limits()}
