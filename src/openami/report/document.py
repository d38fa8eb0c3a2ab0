"""What a report is made of. Nothing here knows how it will look."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias


class Outcome(Enum):
    """How something that was judged came out."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NONE = "not judged"

    @classmethod
    def of(cls, passed: bool | None) -> "Outcome":
        """Put an answer in words; None where there is none."""
        if passed is None:
            return cls.NONE
        return cls.PASS if passed else cls.FAIL


Cell: TypeAlias = str | int | float | bool | Outcome | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key for programs, its words for people, how its numbers are written.

    `decimals` holds for floats; `unit` stands in the heading; `is_minor` columns are left out where a page is narrow.
    """

    key: str
    title: str
    unit: str = ""
    decimals: int = 3
    is_signed: bool = False
    is_minor: bool = False
    is_number: bool = False

    @property
    def heading(self) -> str:
        """Words with the unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a part of the report."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `key` names it for programs and spreadsheets (at most 31 characters, letters and `-`).

    The terminal leaves out what `is_detail` unless it is asked for.
    """

    key: str
    title: str
    head: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    is_detail: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: words, unit, and whether equal steps are equal ratios."""

    title: str
    unit: str = ""
    is_logarithmic: bool = False

    @property
    def heading(self) -> str:
        """Words with the unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind: marked one by one, joined by a line, or a limit that others are seen against."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: Literal["marks", "line", "limit"] = "line"


@dataclass(frozen=True, slots=True)
class Picture:
    """Series over two axes."""

    key: str
    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence that says what passed or failed; `key` names it for programs."""

    key: str
    outcome: Outcome
    text: str


Block: TypeAlias = Heading | Paragraph | Table | Picture | Verdict


@dataclass(frozen=True, slots=True)
class Document:
    """A report: its title, a line that says what it is and is not, its blocks in order.

    `claim` stands on every page, so that no page can be taken for more than it is.
    """

    title: str
    claim: str
    blocks: tuple[Block, ...]

    @property
    def has_failed(self) -> bool:
        """Whether any verdict is a failure."""
        return any(isinstance(block, Verdict) and block.outcome is Outcome.FAIL for block in self.blocks)


def written(cell: Cell, column: Column) -> str:
    """Write a cell for people."""
    if cell is None:
        return "–"
    if isinstance(cell, Outcome):
        return cell.value
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:{'+' if column.is_signed else ''}.{column.decimals}f}"
    return str(cell)
