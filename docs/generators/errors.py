"""The tree of errors, found by walking the classes."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import openami
from generators.markdown import code, fenced, summary, table
from openami.core.errors import AmiError

CORE = "openami.core.errors"
HEAD = """# Errors

Everything OpenAMI raises on purpose is an `AmiError`: one `except` catches it. Attributes hold the facts, `str()` makes
the sentence. No message holds a key or a plaintext. Decoders raise `DecodeError` alone; "more octets are needed" is not
an error. The shells of `aio` may also raise `OSError` where the machine itself fails.
"""


def page() -> str:
    """Draw the tree and list every class."""
    load_everything()
    tree = list(walk(AmiError, 0))
    drawn = "\n".join(f"{'    ' * depth}{kind.__name__}" for kind, depth in tree)
    rows = [(code(kind.__name__), code(kind.__module__), facts(kind), summary(kind)) for kind, _ in tree]
    return f"{HEAD}\n{fenced(drawn)}\n\n{table(('error', 'module', 'made of', 'meaning'), rows)}\n"


def load_everything() -> None:
    """Import every module of the package, so that every class is known."""
    for module in pkgutil.walk_packages(openami.__path__, "openami."):
        importlib.import_module(module.name)


def walk(kind: type[AmiError], depth: int) -> Iterator[tuple[type[AmiError], int]]:
    """Give a class and all below it, those of the core in the order of their file, the others by name."""
    yield kind, depth
    ours = [below for below in kind.__subclasses__() if below.__module__.startswith("openami.")]
    for below in sorted(ours, key=order):
        yield from walk(below, depth + 1)


def order(kind: type[AmiError]) -> tuple[bool, int, str]:
    """Tell where a class stands among its sisters."""
    is_core = kind.__module__ == CORE
    return not is_core, inspect.getsourcelines(kind)[1] if is_core else 0, kind.__name__


def facts(kind: type[AmiError]) -> str:
    """Name what an error is made of."""
    if "__init__" not in vars(kind):
        return ""
    return ", ".join(code(name) for name in list(inspect.signature(kind).parameters))
