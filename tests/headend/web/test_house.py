"""Only `pages.py` knows NiceGUI, and only `app.py` brings pages in: everything else runs without a browser."""

import ast
from collections.abc import Iterator
from pathlib import Path

import openami.headend.kit

HEADEND = Path(openami.headend.kit.__file__).parent.parent
SHARED = "openami.headend.web."


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_only_pages_import_nicegui() -> None:
    knowing = {file for file in HEADEND.rglob("*.py") if any(name.startswith("nicegui") for name in imports(file))}
    assert knowing
    assert {file.name for file in knowing} == {"pages.py"}


def test_only_the_app_imports_pages() -> None:
    for file in HEADEND.rglob("*.py"):
        brought = {name for name in imports(file) if ".pages" in name and name.startswith("openami.headend")}
        if file.name == "pages.py":
            brought = {name for name in brought if not name.startswith(SHARED)}
        assert not brought or file == HEADEND / "app.py", file
