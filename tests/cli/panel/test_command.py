"""`openami meter panel`: what it refuses, and what is said when an extra is missing."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from openami.cli import app

RUNNER = CliRunner()


def test_an_unknown_product_is_an_error_of_usage() -> None:
    done = RUNNER.invoke(app, ["meter", "panel", "nosuch"])
    assert done.exit_code == 2
    assert done.stderr.startswith("openami: no product 'nosuch'; there are")


def test_without_textual_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.partition(".")[0] == "textual" or name.endswith("panel.terminal")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual", None)
    done = RUNNER.invoke(app, ["meter", "panel", "compactiq"])
    assert (done.exit_code, done.stderr) == (1, "openami: textual is not installed: pip install 'openami[panel]'\n")


def test_help_loads_neither_textual_nor_a_web_server() -> None:
    code = "import sys, openami.cli.meter; print([n for n in ('textual', 'fastapi', 'uvicorn') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
