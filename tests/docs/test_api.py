"""The API reference: every public name has words, every signature is Python, no page tells where it was made."""

import ast
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from docs.pages import ROOT, blocks, name, read

PAGES = sorted((ROOT / "docs" / "reference" / "api").glob("*.md"))
CALL = re.compile(r"(async )?(\w+)\(")


@pytest.fixture
def generators(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package that makes pages."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return importlib.import_module("generators.api")


def test_every_public_name_has_words(generators: ModuleType) -> None:
    parts = [part for face in generators.FACES for part in face.parts]
    unsaid = [
        f"{part.path}.{public}"
        for part in parts
        for public in part.public
        if not generators.said(part.module, public).endswith((".", "?", "…", ")"))
    ]
    assert unsaid == []


def test_every_name_of_the_package_has_its_page(generators: ModuleType) -> None:
    index = read(ROOT / "docs" / "reference" / "api" / "openami.md")
    public = importlib.import_module("openami").HOMES
    assert [each for each in sorted(public) if f"[`{each}`](" not in index] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_signature_is_python(page: Path) -> None:
    for code in blocks(page, "py"):
        text = code.strip().replace("…", "...")
        ast.parse(CALL.sub(r"\1def \2(", text, count=1) + ": ..." if CALL.match(text) else text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_tells_of_the_machine_that_made_it(page: Path) -> None:
    assert not re.search(r"0x[0-9a-f]{8,}| object at |<function|<class|typing\.|collections\.abc\.", read(page))
