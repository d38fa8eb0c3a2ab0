"""Tables of spreadsheets as text: CSV, and XLSX as far as cells hold values (ECMA-376, part 1, clause 18)."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from openami.core.errors import DefinitionError

MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATED: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
PACKAGE: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}"
MOST_OCTETS: Final = 64 * 1024 * 1024
"""Of one part of a workbook when unpacked: a list of objects has a few hundred thousand."""

MOST_COLUMNS: Final = 1_000
DELIMITERS: Final = ",;\t"
LOOK_AT: Final = 25
"""Lines in which heads and delimiters are looked for."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its name, and rows of text by their number in the file, counted from 1."""

    name: str
    rows: Mapping[int, tuple[str, ...]]


def read_sheets(path: Path) -> list[Sheet]:
    """Read all tables of a file; what it is, its ending says."""
    if path.suffix.lower() == ".xlsx":
        return read_workbook(path)
    if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
        return [Sheet(path.name, read_csv(path))]
    raise DefinitionError("expected a table as .csv or .xlsx", file=str(path))


def read_csv(path: Path) -> dict[int, tuple[str, ...]]:
    """Read a table in text, parted by whatever stands most often in its first lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DefinitionError("expected UTF-8", file=str(path)) from error
    beginning = "\n".join(text.split("\n", LOOK_AT)[:LOOK_AT])
    delimiter = max(DELIMITERS, key=beginning.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return {number: tuple(cell.strip() for cell in row) for number, row in enumerate(lines, 1)}


def read_workbook(path: Path) -> list[Sheet]:
    """Read the sheets of a workbook in their order."""
    try:
        with zipfile.ZipFile(path) as book:
            shared = shared_strings(book)
            return [Sheet(name, dict(rows_of(part(book, target), shared))) for name, target in targets(book)]
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, IndexError) as error:
        raise DefinitionError(f"no workbook: {error}", file=str(path)) from error


def part(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Read one part of a workbook; a document type, with which entities come, has no place in one."""
    if book.getinfo(name).file_size > MOST_OCTETS:
        raise ValueError(f"{name} is longer than {MOST_OCTETS} octets")
    content = book.read(name)
    if b"<!DOCTYPE" in content or "<!DOCTYPE".encode("utf-16-le") in content:
        raise ValueError(f"{name} has a document type")
    return ElementTree.fromstring(content)  # noqa: S314 - without a document type there are no entities


def shared_strings(book: zipfile.ZipFile) -> list[str]:
    """Texts that cells refer to by number."""
    name = "xl/sharedStrings.xml"
    if name not in book.namelist():
        return []
    return [text_of(item) for item in part(book, name).findall(f"{MAIN}si")]


def text_of(item: ElementTree.Element) -> str:
    """Text of all runs; what is to be read aloud of them is none."""
    runs = [item, *item.findall(f"{MAIN}r")]
    return "".join(found.text or "" for run in runs for found in run.findall(f"{MAIN}t")).strip()


def targets(book: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Names of the sheets, each with the part it is in."""
    related = {
        link.attrib["Id"]: link.attrib["Target"]
        for link in part(book, "xl/_rels/workbook.xml.rels").findall(f"{PACKAGE}Relationship")
    }
    for sheet in part(book, "xl/workbook.xml").iter(f"{MAIN}sheet"):
        target = related[sheet.attrib[RELATED]]
        yield sheet.attrib["name"], target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def rows_of(sheet: ElementTree.Element, shared: list[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rows by number; a cell says in which column it stands, or follows the one before it."""
    number = 0
    for row in sheet.iter(f"{MAIN}row"):
        number = int(row.attrib.get("r", number + 1))
        cells: dict[int, str] = {}
        for cell in row.findall(f"{MAIN}c"):
            cells[column_of(cell.attrib.get("r", ""), len(cells))] = value_of(cell, shared)
        yield number, tuple(cells.get(place, "") for place in range(max(cells, default=-1) + 1))


def column_of(reference: str, following: int) -> int:
    """Number of the column of `C7`, counted from 0."""
    letters = reference.rstrip("0123456789")
    if not letters:
        return following
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    if not 0 < column <= MOST_COLUMNS:
        raise ValueError(f"cell {reference}")
    return column - 1


def value_of(cell: ElementTree.Element, shared: list[str]) -> str:
    """Text of a cell; whole numbers without a point."""
    kind = cell.attrib.get("t", "n")
    if kind == "inlineStr":
        inside = cell.find(f"{MAIN}is")
        return "" if inside is None else text_of(inside)
    text = (cell.findtext(f"{MAIN}v") or "").strip()
    if kind == "s":
        return shared[int(text)]
    if kind == "n" and text:
        number = float(text)
        return str(int(number)) if number.is_integer() else text
    return text
