"""`openami bench`: one table, ours beside the peers, measured in the same call unless marked as published."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Protocol, cast

import typer

from openami.cli.show import Json, fail, show_json, show_table

app = typer.Typer(add_completion=False, help="Measure, each figure beside the best peer's.")


class Row(Protocol):
    """A row of `bench/harness.py`."""

    name: str
    value: float
    unit: str
    goal: float
    peer: str | None
    peer_value: float | None
    ratio: float | None
    met: bool
    note: str

    def as_json(self) -> dict[str, Json]:
        """The row as JSON."""
        ...


@app.command(epilog="Example:  openami bench dlms.profile_decode")
def bench(
    group: Annotated[str | None, typer.Argument(help="A row or the start of its name: dlms, dlms.cipher")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A list of rows for programs.")] = False,
) -> None:
    """Print one table: name, value, the peer's value, ratio, goal, and whether it is met.

    Example: openami bench dlms.profile_decode
    """
    rows = list(_rows(group))
    if not rows:
        fail(f"no figure is called {group!r}; try: openami bench", 2)
    if as_json:
        show_json([row.as_json() for row in rows])
        return
    head = ("figure", "ours", "unit", "peer", "peer's", "ratio", "goal", "")
    show_table(
        "Medians; peers measured in the same call, unless (published) stands by their name",
        head,
        [_cells(row) for row in rows],
        right=("ours", "peer's"),
    )
    for row in rows:
        if row.note:
            typer.echo(f"  {row.name}: {row.note}")


def _rows(group: str | None) -> Iterator[Row]:
    """The rows of `bench/`, which belongs to the source tree and not to the installed package."""
    folder = Path(__file__).resolve().parents[3] / "bench"
    if not (folder / "groups.py").exists():
        fail("the benchmarks are part of the source tree: run this from a clone", 1)
    sys.path.insert(0, str(folder))
    groups = importlib.import_module("groups")
    return cast("Iterator[Row]", groups.rows(group))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.value:,.3g}",
        row.unit,
        row.peer or "–",
        "–" if row.peer_value is None else f"{row.peer_value:,.3g}",
        "–" if row.ratio is None else f"{row.ratio:,.1f}×",
        f"{row.goal:,.3g}",
        "met" if row.met else "not met",
    )
