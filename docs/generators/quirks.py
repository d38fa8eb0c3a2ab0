"""The quirks of real meters, from the class that holds them and the words that stand under each."""

import ast
import inspect
from itertools import pairwise

from generators.markdown import code, table
from generators.settings import docstring
from openami.core.obis import OBIS
from openami.dlms import quirks


def rows() -> str:
    """List every quirk with what the standard has, the habit, and where it was seen."""
    [body] = [
        node.body
        for node in ast.parse(inspect.getsource(quirks)).body
        if isinstance(node, ast.ClassDef) and node.name == quirks.Quirks.__name__
    ]
    found: list[tuple[str, str, str, str]] = []
    for node, after in pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            habit, _, source = docstring(after).partition(" Source: ")
            name = node.target.id
            found.append((code(name), code(default(getattr(quirks.STANDARD, name))), habit, source))
    return table(("quirk", "the standard", "habit of a meter", "seen"), found)


def named() -> str:
    """List the sets that have a name, with what departs from the standard in each."""
    sets = {name: value for name, value in vars(quirks.Quirks).items() if isinstance(value, quirks.Quirks)}
    found = [(code(f"Quirks.{name}"), ", ".join(map(code, departures(value)))) for name, value in sets.items()]
    return table(("set", "departs from the standard by"), found)


def departures(value: quirks.Quirks) -> list[str]:
    """Name the fields that are not as the standard has them, with their values."""
    names = [name for name in quirks.Quirks.__dataclass_fields__ if name in quirks.Quirks.__slots__]
    return [
        f"{name}={default(getattr(value, name))}"
        for name in names
        if getattr(value, name) != getattr(quirks.STANDARD, name)
    ]


def default(value: object) -> str:
    """Show a value; a logical name as it is written."""
    return str(value) if isinstance(value, OBIS) else repr(value)
