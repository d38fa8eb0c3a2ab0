"""The table of figures in the README, from what `openami bench --json` printed."""

import json
from pathlib import Path
from typing import TypedDict, cast

from generators.markdown import code, table


class Row(TypedDict):
    """One figure, as `bench/harness.py` gives it."""

    name: str
    value: float
    unit: str
    goal: float
    peer: str | None
    peer_value: float | None
    ratio: float | None
    met: bool


def table_of(rows: list[Row]) -> str:
    """Show each figure beside the best peer's."""
    head = ("figure", "OpenAMI", "unit", "best peer", "ratio", "goal")
    return table(head, [cells(row) for row in rows])


def cells(row: Row) -> tuple[str, ...]:
    """Show one figure."""
    peer = "–" if row["peer_value"] is None else f"{figure(row['peer_value'])} ({row['peer']})"
    ratio = "–" if row["ratio"] is None else f"{row['ratio']:,.1f}×"
    goal = figure(row["goal"]) + ("" if row["met"] else ", not met")
    return code(row["name"]), figure(row["value"]), row["unit"], peer, ratio, goal


def figure(value: float) -> str:
    """Show three digits, and all of those before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def read(file: Path) -> str:
    """Make the table of a file."""
    return table_of(cast("list[Row]", json.loads(file.read_text(encoding="utf-8"))))
