"""How commands speak: tables and JSON on stdout, one sentence on stderr."""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import NoReturn, TypeAlias

import typer

from openami.aio import text

Json: TypeAlias = text.Json

PIPED_WIDTH = 1000
"""Columns of a table nobody looks at directly: no cell is broken."""


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Say what is wrong and end the command."""
    typer.echo(f"openami: {' '.join(sentence.split())}", err=True)
    raise typer.Exit(code)


def show_json(value: Json) -> None:
    """One JSON document."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows as a spreadsheet reads them."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)


def show_table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Rows as a table of the terminal; piped, the table is as wide as it needs to be."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for column in head:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    width = None if Console().is_terminal else PIPED_WIDTH
    Console(width=width, markup=False, emoji=False).print(table)


def count(number: int, what: str) -> str:
    """Say how many, in good English."""
    return f"{number} {what if number == 1 else what + 's'}"


def plain(value: object) -> str:
    """Put a value in words that need no key: octets as hexadecimal or text, times in ISO 8601."""
    if value is None:
        return "–"
    if isinstance(value, bytes):
        return text.octets(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Enum):
        return value.name.lower().replace("_", "-")
    return str(value)
