"""What only the source knows: where a name is defined, and what is said of a constant above or below it."""

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import NamedTuple

from generators.markdown import first_paragraph

MARK = "#:"


class Source(NamedTuple):
    """A module's source: its statements, its lines."""

    body: list[ast.stmt]
    lines: list[str]

    def above(self, statement: ast.stmt) -> str:
        """Read the comment lines `#:` above a statement."""
        line, said = statement.lineno - 2, list[str]()
        while line >= 0 and self.lines[line].lstrip().startswith(MARK):
            said.insert(0, self.lines[line].lstrip().removeprefix(MARK).strip())
            line -= 1
        return " ".join(said)

    def said(self) -> Iterator[tuple[str, str]]:
        """Give each name that is assigned, and what is said of it: above it or, failing that, below."""
        for at, statement in enumerate(self.body):
            for name in assigned(statement):
                yield name, self.above(statement) or self.below(at)

    def below(self, at: int) -> str:
        """Read the text that stands below a statement."""
        following = self.body[at + 1] if at + 1 < len(self.body) else None
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            return first_paragraph(str(following.value.value))
        return ""


@cache
def source_of(module: ModuleType) -> Source:
    """Read a module's source."""
    text = inspect.getsource(module)
    return Source(ast.parse(text).body, text.splitlines())


@cache
def imported(module: ModuleType) -> Mapping[str, tuple[str, str]]:
    """List names that a module has from others: where from, and what they are called there."""
    return {
        alias.asname or alias.name: (statement.module, alias.name)
        for statement in source_of(module).body
        if isinstance(statement, ast.ImportFrom) and statement.module is not None
        for alias in statement.names
    }


def home(module: ModuleType, name: str) -> tuple[ModuleType, str]:
    """Find the module that defines a name."""
    while name in imported(module):
        path, name = imported(module)[name]
        module = importlib.import_module(path)
    return module, name


def said_of(module: ModuleType, name: str) -> str:
    """Read what is said of a constant; nothing where nothing is."""
    module, name = home(module, name)
    return dict(source_of(module).said()).get(name, "")


def fields_of(cls: type) -> dict[str, str]:
    """Read what is said of the fields of a class; those of which nothing is said are left out."""
    module = source_of(importlib.import_module(cls.__module__))
    bodies = [held.body for held in module.body if isinstance(held, ast.ClassDef) and held.name == cls.__name__]
    return {
        name: words for body in bodies for name, words in Source(body, module.lines).said() if words and name[0] != "_"
    }


def assigned(statement: ast.stmt) -> set[str]:
    """Name what a statement defines."""
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else getattr(statement, "targets", [])
    return {target.id for target in targets if isinstance(target, ast.Name)}
