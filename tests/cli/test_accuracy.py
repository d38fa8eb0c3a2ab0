"""`openami meter test PRODUCT --accuracy`: what it prints and writes, and how it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.cli import app
from report.pages import pages, sheets

RUNNER = CliRunner()
FEW = ("compactiq", "--accuracy", "--meters", "2", "--class", "IEC 62053-21 1")


def run(*arguments: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["meter", "test", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_good_meters_end_with_0_and_the_claim() -> None:
    code, out, err = run(*FEW)
    assert (code, err) == (0, "")
    assert "PASS  IEC 62053-21 class 1: all 86 lines inside their limits, with all 2 meters" in " ".join(
        out.split("\n")
    )
    assert "never a certificate" in " ".join(out.split())
    assert "Unverified limits" in out
    assert "All lines of" not in out


def test_spoiled_meters_end_with_1_and_the_lines() -> None:
    code, out, _ = run(*FEW, "--gain", "2.0", "--detail")
    assert code == 1
    assert "FAIL  IEC 62053-21 class 1:" in out
    assert "Lines outside their limit" in out
    assert "All lines of IEC 62053-21 class 1" in out


def test_json_holds_every_line() -> None:
    code, out, _ = run(*FEW, "--json", "--seed", "7")
    found = json.loads(out)
    assert code == 0
    assert (found["product"], found["meters"], found["seed"], found["gain_percent"]) == ("compactiq", 2, 7, 0.0)
    assert found["passed"]
    assert len(found["tables"]["lines-1"]) == 86
    line = found["tables"]["lines-1"][0]
    assert (line["current_a"], line["limit"], line["verified"], line["verdict"]) == (0.25, 1.5, False, "pass")


def test_files_are_written_also_where_meters_fail(tmp_path: Path) -> None:
    paper, book = tmp_path / "report.pdf", tmp_path / "report.xlsx"
    code, _, _ = run(*FEW, "--gain", "-3", "--pdf", str(paper), "--xlsx", str(book))
    assert code == 1
    text = pages(paper.read_bytes())
    assert "never a certificate" in text[0]
    assert "each spoiled by -3 % of gain" in text[0]
    assert list(sheets(book.read_bytes()))[:3] == ["report", "outside", "summary-1"]


def test_the_same_command_writes_the_same_file(tmp_path: Path) -> None:
    files = [tmp_path / "one.pdf", tmp_path / "two.pdf"]
    for file in files:
        run(*FEW, "--pdf", str(file))
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--accuracy",), "say which product"),
        (("compactic", "--accuracy"), "no product 'compactic'; there are"),
        (("compactiq",), "add --accuracy"),
        (("compactiq", "--accuracy", "--conformance", "tcp://127.0.0.1"), "one at a time"),
        (("compactiq", "--accuracy", "--class", "7"), "no class '7'; there are EN 50470-3 A"),
        (("compactiq", "--accuracy", "--voltage", "110"), "110 V is not stated; there are 230 V"),
        (("compactiq", "--accuracy", "--meters", "0"), "greater than or equal to 1"),
    ],
)
def test_asked_wrongly_it_ends_with_2(arguments: tuple[str, ...], words: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert words in " ".join(err.replace("│", " ").split())
