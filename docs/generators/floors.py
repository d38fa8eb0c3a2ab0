"""The floor picture, drawn from the contracts that import-linter keeps (pyproject.toml)."""

import ast
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from generators.markdown import code, fenced, first_paragraph, table

FLOORS = "Floors: a package imports only from floors below its own"
NO_IO = "No input, output, clock or chance below the aio floor"
WIDTH = 60

Contract = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts by name."""

    by_name: Mapping[str, Contract]

    @classmethod
    def of(cls, pyproject: Path) -> Self:
        """Read the configuration of import-linter."""
        table = tomllib.loads(pyproject.read_text(encoding="utf-8"))
        return cls({contract["name"]: contract for contract in table["tool"]["importlinter"]["contracts"]})

    def floors(self) -> str:
        """Draw the floors, the highest on top; in parentheses what is not built yet."""
        return picture(self.by_name[FLOORS]["layers"])

    def inside(self, name: str) -> str:
        """Draw the layers of another contract."""
        return picture(self.by_name[name]["layers"])

    def folders(self, package: Path) -> str:
        """Say what each folder owns, in the words of the folder itself."""
        rows = [
            (code(f"{name}/"), owned(package / name))
            for layer in self.by_name[FLOORS]["layers"]
            for name in parts(layer)
            if not name.startswith("(")
        ]
        return table(("folder", "what it owns"), rows)

    def kept_out(self) -> str:
        """Say which packages must not import what."""
        contract = self.by_name[NO_IO]
        sources = ", ".join(code(name.removeprefix("openami.")) for name in contract["source_modules"])
        forbidden = ", ".join(map(code, contract["forbidden_modules"]))
        return f"{sources} import none of {forbidden}."


def parts(layer: str) -> list[str]:
    """Take a layer apart: its members are strangers to one another."""
    return [part.strip() for part in layer.split("|")]


def picture(layers: Sequence[str]) -> str:
    """Draw layers as a house."""
    rule = "─" * (WIDTH + 2)
    rows = [f"│ {'   '.join(parts(layer)):<{WIDTH}} │" for layer in layers]
    return fenced(f"┌{rule}┐\n" + f"\n├{rule}┤\n".join(rows) + f"\n└{rule}┘")


def owned(folder: Path) -> str:
    """Read the first paragraph of a package's docstring, without importing it."""
    module = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    return first_paragraph(ast.get_docstring(module) or "")
