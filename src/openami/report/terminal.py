"""A document in the terminal."""

from functools import singledispatch
from itertools import pairwise

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from openami.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Heading,
    Outcome,
    Paragraph,
    Picture,
    Series,
    Table,
    Verdict,
    written,
)
from openami.report.scale import Scale, scales

COLOURS = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.NONE: "dim"}
SIGNS = {"marks": "•", "line": "+", "limit": "-"}
READABLE = 100
"""Columns that a paragraph takes at the most, however wide the terminal is."""
WHOLE = 24
"""Characters of a text that are kept on one line; numbers always are, headings give way."""
CANVAS_COLUMNS, CANVAS_ROWS = 72, 17


def show(document: Document, console: Console, *, detail: bool = False) -> None:
    """Print a document; tables of details only if they are asked for."""
    console.print(Text(document.title, style="bold"))
    console.print(Text(document.claim, style="italic"), width=min(console.width, READABLE))
    for block in document.blocks:
        if isinstance(block, Table) and block.is_detail and not detail:
            continue
        console.print(drawn(block), width=None if isinstance(block, Table) else min(console.width, READABLE))


@singledispatch
def drawn(block: Block) -> RenderableType:
    """Draw a block."""
    raise TypeError(type(block).__name__)


@drawn.register
def _(block: Heading) -> RenderableType:
    return Padding(Text(block.text, style="bold underline"), (1, 0, 0, 0))


@drawn.register
def _(block: Paragraph) -> RenderableType:
    return Padding(Text(block.text), (1, 0, 0, 0))


@drawn.register
def _(block: Verdict) -> RenderableType:
    return Text.assemble((f"{block.outcome.value.upper()}  ", COLOURS[block.outcome]), block.text)


@drawn.register
def _(block: Table) -> RenderableType:
    table = RichTable(title=block.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    shown = [number for number, column in enumerate(block.head) if not column.is_minor]
    cells = [[cell_text(row[n], block.head[n]) for n in shown] for row in block.rows]
    for place, column in enumerate(block.head[n] for n in shown):
        longest = max((row[place].cell_len for row in cells), default=0)
        least = longest if column.is_number else min(longest, WHOLE)
        table.add_column(
            column.heading, justify="right" if column.is_number else "left", overflow="fold", min_width=least
        )
    for row in cells:
        table.add_row(*row)
    return table


def cell_text(cell: Cell, column: Column) -> Text:
    """Write a cell, an outcome in its colour."""
    return Text(written(cell, column), style=COLOURS[cell] if isinstance(cell, Outcome) else "")


@drawn.register
def _(block: Picture) -> RenderableType:
    across, up = scales(block)
    rows = canvas(block.series, across, up)
    labels = {row_of(up.place(tick)): f"{tick:g}" for tick in up.ticks}
    width = max(map(len, labels.values()))
    lines = [f"{labels.get(number, ''):>{width}} ┤{''.join(row)}" for number, row in enumerate(rows)]
    foot = [
        f"{' ' * width} └{'─' * CANVAS_COLUMNS}",
        f"{' ' * width}  {ruler(across)}",
        f"{block.x.heading:>{width + 74}}",
    ]
    legend = "   ".join(f"{SIGNS[series.style]} {series.name}" for series in block.series)
    title = Text(f"{block.title} ({block.y.heading})", style="bold")
    return Padding(Group(title, Text("\n".join([*lines, *foot, legend]), no_wrap=True)), (1, 0, 0, 0))


def canvas(series: tuple[Series, ...], across: Scale, up: Scale) -> list[list[str]]:
    """Put signs where the points stand; limits first, so that nothing hides behind them."""
    rows = [[" "] * CANVAS_COLUMNS for _ in range(CANVAS_ROWS)]
    for each in sorted(series, key=lambda one: one.style != "limit"):
        for x, y in dense(each, across):
            rows[row_of(up.place(y))][min(int(x * CANVAS_COLUMNS), CANVAS_COLUMNS - 1)] = SIGNS[each.style]
    return rows


def dense(series: Series, across: Scale) -> list[tuple[float, float]]:
    """Points of a series by their place on the axis, those of a limit one for every column."""
    points = [(across.place(x), y) for x, y in series.points]
    if series.style != "limit":
        return points
    flat = [(start, end) for start, end in pairwise(points) if start[1] == end[1]]
    steps = range(CANVAS_COLUMNS)
    filled = [(a + (b - a) * step / CANVAS_COLUMNS, y) for (a, y), (b, _) in flat for step in steps]
    return filled + points


def row_of(place: float) -> int:
    """Row of the canvas for a place on the vertical axis."""
    return min(max(round((1 - place) * (CANVAS_ROWS - 1)), 0), CANVAS_ROWS - 1)


def ruler(across: Scale) -> str:
    """Write the figures of the horizontal axis where they stand; those without room are left out."""
    line = [" "] * CANVAS_COLUMNS
    free = 0
    for tick in across.ticks:
        text = f"{tick:g}"
        start = min(max(int(across.place(tick) * CANVAS_COLUMNS) - len(text) // 2, 0), CANVAS_COLUMNS - len(text))
        if start >= free:
            line[start : start + len(text)] = text
            free = start + len(text) + 1
    return "".join(line)
