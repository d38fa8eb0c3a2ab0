"""Markdown: tables, first sentences, marked blocks."""

import inspect
import re
from collections.abc import Iterable, Sequence

NOTICE = "<!-- Made by docs/build.py (make docs). Change the code, not this page. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Make a table; a bar inside a cell does not end it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(part) for part in line) + " |" for line in lines)


def cell(value: object) -> str:
    """Make the text of one cell."""
    return " ".join(str(value).split()).replace("|", "\\|")


def code(value: object) -> str:
    """Set in the type of code; nothing for nothing."""
    return f"`{value}`" if str(value) else ""


def summary(thing: object) -> str:
    """Take the first paragraph of a docstring, on one line."""
    return first_paragraph(inspect.getdoc(thing) or "")


def first_paragraph(text: str) -> str:
    """Take what comes before the first empty line, on one line."""
    return " ".join(text.partition("\n\n")[0].split())


def fenced(text: str, language: str = "text") -> str:
    """Make a block of code."""
    return f"```{language}\n{text}\n```"


def with_block(page: str, name: str, content: str) -> str:
    """Put content between the marks of a block; a page without the marks is a mistake."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page has not one block named {name!r}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", page)
