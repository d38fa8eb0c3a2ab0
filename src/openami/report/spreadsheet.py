"""A document as a workbook: a first sheet of words and verdicts, then one for each table and each picture."""

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Protocol, cast

from openami.report.document import (
    Cell,
    Document,
    Heading,
    Outcome,
    Paragraph,
    Picture,
    Table,
    Verdict,
    written,
)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Date of making that is written into the file, so that one document always makes the same octets."""
LONGEST = 60
STYLES = {"marks": "circle", "line": "none", "limit": "none"}


class Format(Protocol):
    """How a cell looks."""


class Chart(Protocol):
    """A picture of the workbook."""

    def add_series(self, options: dict[str, object]) -> None:
        """Add points and their look."""
        ...

    def set_x_axis(self, options: dict[str, object]) -> None:
        """Set the axis across."""
        ...

    def set_y_axis(self, options: dict[str, object]) -> None:
        """Set the axis up."""
        ...

    def set_size(self, options: dict[str, object]) -> None:
        """Set width and height in pixels."""
        ...


class Sheet(Protocol):
    """A sheet: rows and columns from 0."""

    def write(self, row: int, column: int, value: object, style: Format | None = None) -> int:
        """Write a cell; 0 when done."""
        ...

    def set_column(self, first: int, last: int, width: float) -> int:
        """Set the width of columns in characters."""
        ...

    def freeze_panes(self, row: int, column: int) -> None:
        """Keep the first rows and columns in view."""
        ...

    def autofilter(self, row: int, column: int, last_row: int, last_column: int) -> int:
        """Let a reader filter rows."""
        ...

    def insert_chart(self, row: int, column: int, chart: Chart) -> int:
        """Put a picture on the sheet."""
        ...


class Book(Protocol):
    """A workbook."""

    def add_worksheet(self, name: str) -> Sheet:
        """Add a sheet."""
        ...

    def add_format(self, properties: dict[str, object]) -> Format:
        """Make a look."""
        ...

    def add_chart(self, options: dict[str, object]) -> Chart:
        """Make a picture."""
        ...

    def set_properties(self, properties: dict[str, object]) -> None:
        """Set title, comments and date."""
        ...

    def close(self) -> None:
        """Write the file."""
        ...


OPEN = cast("Callable[[BytesIO, dict[str, object]], Book]", importlib.import_module("xlsxwriter").Workbook)


def render(document: Document) -> bytes:
    """Make the workbook. -> octets of an .xlsx file."""
    data = BytesIO()
    # A text that begins like a formula or a link stays a text: rows may come from a meter.
    options: dict[str, object] = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = OPEN(data, options)
    book.set_properties({"title": document.title, "comments": document.claim, "created": EPOCH})
    writer = Writer(book)
    writer.words(document)
    for block in document.blocks:
        if isinstance(block, Table):
            writer.table(block)
        elif isinstance(block, Picture):
            writer.picture(block)
    book.close()
    return data.getvalue()


class Writer:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.bold = book.add_format({"bold": True})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.outcomes = {
            Outcome.PASS: book.add_format({"font_color": "#1a7f37"}),
            Outcome.FAIL: book.add_format({"font_color": "#b3261e", "bold": True}),
            Outcome.NONE: book.add_format({"font_color": "#666666"}),
        }
        self.numbers: dict[str, Format] = {}

    def words(self, document: Document) -> None:
        """Write the first sheet."""
        sheet = self.book.add_worksheet("report")
        sheet.set_column(0, 0, 14)
        sheet.set_column(1, 1, 110)
        sheet.write(0, 0, document.title, self.bold)
        sheet.write(1, 1, document.claim, self.wrapped)
        spoken = [block for block in document.blocks if isinstance(block, Heading | Paragraph | Verdict)]
        for row, block in enumerate(spoken, start=3):
            if isinstance(block, Verdict):
                sheet.write(row, 0, block.outcome.value, self.outcomes[block.outcome])
            is_heading = isinstance(block, Heading)
            sheet.write(row, 0 if is_heading else 1, block.text, self.bold if is_heading else self.wrapped)

    def table(self, table: Table) -> None:
        """Write a table on a sheet of its own; numbers stay numbers."""
        sheet = self.book.add_worksheet(table.key)
        for number, column in enumerate(table.head):
            sheet.write(0, number, column.heading, self.bold)
            longest = max([len(column.heading), *(len(written(row[number], column)) for row in table.rows)])
            sheet.set_column(number, number, min(longest, LONGEST) + 2)
            for line, row in enumerate(table.rows, start=1):
                self.cell(sheet, line, number, row[number], column.decimals)
        sheet.freeze_panes(1, 0)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.head) - 1)

    def cell(self, sheet: Sheet, row: int, column: int, cell: Cell, decimals: int) -> None:
        """Write one cell."""
        if cell is None:
            return
        if isinstance(cell, Outcome):
            sheet.write(row, column, cell.value, self.outcomes[cell])
        elif isinstance(cell, float):
            sheet.write(row, column, cell, self.number(decimals))
        else:
            sheet.write(row, column, cell)

    def number(self, decimals: int) -> Format:
        """Find the format of numbers with so many decimals."""
        pattern = f"0.{'0' * decimals}" if decimals else "0"
        if pattern not in self.numbers:
            self.numbers[pattern] = self.book.add_format({"num_format": pattern})
        return self.numbers[pattern]

    def picture(self, picture: Picture) -> None:
        """Write the points on a sheet of their own, and a chart that shows them."""
        sheet = self.book.add_worksheet(picture.key)
        chart = self.book.add_chart({"type": "scatter", "subtype": "straight"})
        for number, series in enumerate(picture.series):
            left = 2 * number
            sheet.write(0, left, picture.x.heading, self.bold)
            sheet.write(0, left + 1, series.name, self.bold)
            for row, (x, y) in enumerate(series.points, start=1):
                sheet.write(row, left, x)
                sheet.write(row, left + 1, y)
            last = len(series.points)
            line: dict[str, object] = {"none": True} if series.style == "marks" else {"width": 1.25}
            chart.add_series({
                "name": series.name,
                "categories": [picture.key, 1, left, last, left],
                "values": [picture.key, 1, left + 1, last, left + 1],
                "marker": {"type": STYLES[series.style], "size": 4},
                "line": line,
            })  # fmt: skip
        chart.set_x_axis({"name": picture.x.heading, **({"log_base": 10} if picture.x.is_logarithmic else {})})
        chart.set_y_axis({"name": picture.y.heading, "crossing": "min"})
        chart.set_size({"width": 900, "height": 480})
        sheet.insert_chart(1, 2 * len(picture.series) + 1, chart)
