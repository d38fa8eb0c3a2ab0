"""A document as plain values, for programs: JSON."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TypeAlias

from openami.report.document import Cell, Document, Outcome, Paragraph, Picture, Table, Verdict

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def render(document: Document) -> dict[str, Json]:
    """Give title, claim and verdict; then paragraphs, verdicts, tables and pictures by their keys."""
    blocks = document.blocks
    verdicts = [block for block in blocks if isinstance(block, Verdict)]
    return {
        "title": document.title,
        "claim": document.claim,
        "passed": not document.has_failed,
        "paragraphs": [block.text for block in blocks if isinstance(block, Paragraph)],
        "verdicts": [{"key": v.key, "outcome": v.outcome.value, "text": v.text} for v in verdicts],
        "tables": {block.key: rows(block) for block in blocks if isinstance(block, Table)},
        "pictures": {block.key: series(block) for block in blocks if isinstance(block, Picture)},
    }


def rows(table: Table) -> list[Json]:
    """Give each row with its cells by the keys of the columns."""
    keys = [column.key for column in table.head]
    return [dict(zip(keys, map(value, row), strict=True)) for row in table.rows]


def value(cell: Cell) -> Json:
    """Give a cell as JSON has it; numbers keep every digit, one without end is null."""
    if isinstance(cell, Outcome):
        return cell.value
    return None if isinstance(cell, float) and not isfinite(cell) else cell


def series(picture: Picture) -> Json:
    """Give the points of a picture by the names of its series."""
    return {each.name: [list(point) for point in each.points] for each in picture.series}
