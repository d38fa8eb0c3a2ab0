"""Mutations of product rows: numbers changed, keys and rows taken away, in TOML files that cite a function."""

import copy
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, cast

from openami.meters.definition import merged

KEPT = frozenset({"feature", "name", "title", "format", "extends"})
"""Keys that say what a row is, not what the product does."""

LEADING = re.compile(r"\d+")
"""The number in `24 h`."""

Path_ = tuple[str | int, ...]
Document = dict[str, Any]


class Edit(NamedTuple):
    """A mutation: the file, relative to the checkout, its new text, and what it is, for the reader."""

    file: str
    text: str
    what: str


def edits(root: Path, files: list[Path], identity: str) -> Iterator[Edit]:
    """Give every mutation of the rows that cite a function: those that leave the file whole come first."""
    found = [(file, path) for file in files for path in citing(read(file), identity)]
    for stage in (values, keys, whole):
        for file, path in found:
            document = read(file)
            for change, what in stage(document, path):
                yield Edit(str(file.relative_to(root)), written(change), f"{file.name}: {named(document, path)}{what}")


def read(file: Path) -> Document:
    """Read a TOML file, with all that it extends: a row that only cites a function says the rest in another file."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    extended = document.get("extends", [])
    bases = [extended] if isinstance(extended, str) else cast("list[str]", extended)
    for folder in file.parents:
        if bases and (folder / f"{bases[0]}.toml").is_file():
            return dict(merged(str(file.relative_to(folder).with_suffix("")), folder, ()))
    return document


def inside(node: object) -> Iterator[tuple[str | int, Any]]:
    """Give what a table or a list holds, by key or place."""
    if isinstance(node, dict):
        yield from cast("Document", node).items()
    elif isinstance(node, list):
        yield from enumerate(cast("list[object]", node))


def cites(node: object, identity: str) -> bool:
    """Whether a table cites a function."""
    feature = dict(inside(node)).get("feature", ())
    return identity in (feature.split() if isinstance(feature, str) else feature)


def citing(node: object, identity: str, path: Path_ = ()) -> Iterator[Path_]:
    """Find the tables that cite a function."""
    if cites(node, identity):
        yield path
    for key, value in inside(node):
        yield from citing(value, identity, (*path, key))


def at(document: Document, path: Path_) -> Any:
    """Look a place up."""
    node: Any = document
    for key in path:
        node = node[key]
    return node


def leaves(node: object, path: Path_ = ()) -> Iterator[Path_]:
    """Find the values of a table, but not those of tables inside that cite something themselves."""
    is_table = is_one_of(node, dict)
    if not is_table:
        yield path
    for key, value in inside(node):
        is_skipped = is_table and (key in KEPT or "feature" in dict(inside(value)))
        if not is_skipped and (is_table or is_one_of(value, list | dict)):
            yield from leaves(value, (*path, key))


def is_one_of(value: object, kinds: type | UnionType) -> bool:
    """Whether a value is of a kind."""
    return isinstance(value, kinds)


def values(document: Document, path: Path_) -> Iterator[tuple[Document, str]]:
    """Change values: one more, half, twice, the other truth, a list without its last or first."""
    for place in leaves(at(document, path)):
        before = at(document, path + place)
        for after in others(before):
            change = copy.deepcopy(document)
            at(change, (path + place)[:-1])[place[-1]] = after
            yield change, f".{'.'.join(map(str, place))}: {short(before)} is now {short(after)}"


def others(value: object) -> Iterator[object]:
    """Give what a value may be instead."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        if value > 1:
            yield value // 2
            yield value * 2
    elif isinstance(value, str) and (number := LEADING.match(value)):
        yield from (f"{other}{value[number.end() :]}" for other in others(int(number[0])))
    elif isinstance(value, list) and value:
        items = cast("list[object]", value)
        yield items[:-1]
        if len(items) > 1:
            yield items[1:]


def keys(document: Document, path: Path_) -> Iterator[tuple[Document, str]]:
    """Take keys away."""
    for key in dict(inside(at(document, path))):
        if key not in KEPT:
            change = copy.deepcopy(document)
            del at(change, path)[key]
            yield change, f": no {key}"


def whole(document: Document, path: Path_) -> Iterator[tuple[Document, str]]:
    """Take the row away."""
    if path:
        change = copy.deepcopy(document)
        del at(change, path[:-1])[path[-1]]
        yield change, ": taken away"


def named(document: Document, path: Path_) -> str:
    """Name a row for the reader."""
    name = at(document, path).get("name")
    return ".".join(map(str, path)) + (f" ({name})" if isinstance(name, str) else "")


def short(value: object) -> str:
    """Write a value, or the beginning of it."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:39] + "…"


def written(document: Document) -> str:
    """Write a document as TOML, each key on a line of its own and all below it in line."""
    return "".join(f"{quoted(key)} = {in_line(value)}\n" for key, value in document.items())


def in_line(value: object) -> str:
    """Write a value in one line."""
    if isinstance(value, dict):
        table = cast("Document", value)
        return "{" + ", ".join(f"{quoted(key)} = {in_line(inner)}" for key, inner in table.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_line, cast("list[object]", value))) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    """Write a text; TOML wants one control character escaped that JSON does not."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
