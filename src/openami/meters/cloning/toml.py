"""TOML as product files have it: rows of tables, one line for each value unless it is a long list."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

from openami.meters.cloning.writing import Written

WIDTH: Final = 120
SHORT: Final = 60
BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """Write a key, in quotes where it needs them."""
    return name if BARE.fullmatch(name) else text(name)


def text(value: str) -> str:
    """Write a string on one line; what cannot be shown is escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(value: Written) -> str:
    """Write a value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if not value:
        return "{}"
    return f"{{ {', '.join(f'{key(name)} = {inline(part)}' for name, part in value.items())} }}"


def assignment(name: str, value: Written) -> str:
    """Write a key with its value; a list that is too long for a line has one for each element."""
    line = f"{name} = {inline(value)}"
    return line if len(line) <= WIDTH else f"{name} = {in_lines(value)}"


def in_lines(value: Written) -> str:
    """Write a long value: the long lists in it that hold more than numbers with a line for each element."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key(name)} = {in_lines(part)}' for name, part in value.items())} }}"
    line = inline(value)
    if not isinstance(value, list) or len(line) <= SHORT or all(isinstance(part, int | float) for part in value):
        return line
    return "[\n" + "".join(f"    {inline(element)},\n" for element in value) + "]"


def comment(sentence: str) -> str:
    """Write a remark; what would end the line does not."""
    return "# " + " ".join(sentence.split())


def table(name: str, values: Mapping[str, Written]) -> str:
    """Write a table."""
    return "\n".join([f"[{name}]", *(assignment(key(one), value) for one, value in values.items())])


def section(name: str, value: Written) -> str:
    """Write a table with the tables that are in it, each under its own heading; a value alone as it is."""
    if not isinstance(value, dict):
        return assignment(key(name), value)
    inner = {one: part for one, part in value.items() if isinstance(part, dict)}
    own = {one: part for one, part in value.items() if one not in inner}
    parts = [table(name, own)] if own or not inner else []
    return "\n\n".join([*parts, *(section(f"{name}.{key(one)}", part) for one, part in inner.items())])


def row(name: str, values: Mapping[str, Written], remarks: Iterable[str] = ()) -> str:
    """Write a row of a list of tables, its remarks above it."""
    return "\n".join([*map(comment, remarks), table(f"[{name}]", values)])
