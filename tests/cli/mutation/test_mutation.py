"""The hunt, on a package of two functions: a good test is no place to hide, a useless one is found out."""

import ast
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from openami.cli import app
from openami.cli.features import load_stated
from openami.cli.mutation import rows, syntax
from openami.cli.mutation.hunt import Hunt, Verdict, hunt
from openami.cli.mutation.scratch import Project, Scratch

LAWS = '''"""Laws of a tiny meter."""

import tomllib
from pathlib import Path

TABLE = tomllib.loads(Path(__file__).with_name("product.toml").read_text())


def counted(wh: int, more: int) -> int:
    """Count on."""
    if more < 0:
        return wh
    return wh + more


def is_high(volts: int) -> bool:
    """Whether it is too much."""
    return volts > TABLE["limits"]["high"]["value"]


def lost(seen: list[int]) -> None:
    """Forget."""
    seen.clear()


def named() -> str:
    """Name it."""
    return TABLE["object"][0]["name"]
'''
PRODUCT = """
[limits]
high = { value = 253, feature = "T-2" }
low = { value = 207, feature = "T-5" }

[[object]]
name = "clock"
"""
TESTS = """
import pytest
from tiny import laws

@pytest.mark.feature("T-1")
@pytest.mark.parametrize(("more", "now"), [(5, 15), (-5, 10)])
def test_good(more, now):
    assert laws.counted(10, more) == now

@pytest.mark.feature("T-2")
def test_good_row():
    assert laws.is_high(254) and not laws.is_high(253)

@pytest.mark.feature("T-3")
def test_useless():
    laws.counted(1, 2)
    laws.lost([1, 2])
    assert True

@pytest.mark.feature("T-4")
def test_good_but_red():
    assert laws.counted(1, 1) == 3

@pytest.mark.feature("T-5")
def test_useless_row():
    assert laws.TABLE["limits"]["low"]
    assert laws.named() == "clock"
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("tiny")
    (root / "src" / "tiny").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "src" / "tiny" / "__init__.py").write_text("")
    (root / "src" / "tiny" / "laws.py").write_text(LAWS)
    (root / "src" / "tiny" / "product.toml").write_text(PRODUCT)
    (root / "tests" / "test_laws.py").write_text(TESTS)
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["feature(id): of a product"]\n')
    return Project(root, "src/tiny", ("-c", "import tiny.laws; assert tiny.laws.TABLE['limits']['low']"))


@pytest.fixture(scope="module")
def verdicts(tiny: Project) -> dict[str, Verdict]:
    wanted = ["T-1", "T-2", "T-3", "T-4", "T-5", "T-6"]
    found = hunt(tiny, wanted, [], Hunt(limit_s=20, tries=6, jobs=2), lambda _: None)
    return {verdict.identity: verdict for verdict in found}


def test_a_good_test_notices_that_its_lines_are_spoiled(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["T-1"].is_caught
    assert "laws.py" in verdicts["T-1"].mutation
    assert verdicts["T-1"].test.startswith("tests/test_laws.py::test_good[")


def test_a_row_that_is_cited_is_what_is_spoiled(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["T-2"].mutation == "product.toml: limits.high.value: 253 is now 254"
    assert verdicts["T-2"].test == "tests/test_laws.py::test_good_row"


def test_a_test_that_notices_nothing_is_found_out(verdicts: dict[str, Verdict]) -> None:
    assert not verdicts["T-3"].is_caught
    assert verdicts["T-3"].tried >= 3
    assert any("lost" in mutation for mutation in verdicts["T-3"].passed)


def test_a_mutation_that_breaks_everything_does_not_count(verdicts: dict[str, Verdict]) -> None:
    assert not verdicts["T-5"].is_caught
    assert "broke the package as a whole" in verdicts["T-5"].reason
    assert verdicts["T-5"].passed[0] == "product.toml: limits.low.value: 207 is now 208"


def test_what_is_red_already_or_has_no_test_is_no_proof(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["T-4"].reason == "its test fails as it is: tests/test_laws.py::test_good_but_red"
    assert verdicts["T-6"].reason == "no test carries it"


def test_nothing_changes_where_people_work(tiny: Project, verdicts: dict[str, Verdict]) -> None:
    assert verdicts
    assert (tiny.root / "src" / "tiny" / "laws.py").read_text() == LAWS
    assert (tiny.root / "src" / "tiny" / "product.toml").read_text() == PRODUCT
    assert not [*tiny.root.rglob("__pycache__")]


def test_a_crash_inside_the_package_is_not_noticing(tiny: Project, tmp_path: Path) -> None:
    copy = Scratch(tiny, tmp_path)
    tests = ["tests/test_laws.py::test_useless", "tests/test_laws.py::test_good_row"]
    with copy.spoiled("src/tiny/laws.py", LAWS.replace("seen.clear()", "seen.nosuch()")):
        outcome = copy.run(tests, 20)
    assert outcome.tests["tests/test_laws.py::test_useless"]["outcome"] == "broken"
    assert (outcome.noticed, outcome.is_broken) == ("", True)
    assert copy.run(tests, 20).is_broken is False
    assert copy.works(20)


def test_a_mutation_that_does_not_end_is_ended(tiny: Project, tmp_path: Path) -> None:
    copy = Scratch(tiny, tmp_path)
    with copy.spoiled("src/tiny/laws.py", LAWS.replace("    seen.clear()", "    while True: pass")):
        assert copy.run(["tests/test_laws.py::test_useless"], 2).is_broken


def test_lines_that_anything_runs_are_known(tiny: Project, tmp_path: Path) -> None:
    numbers = {number for file, number in Scratch(tiny, tmp_path).common(20) if file == "src/tiny/laws.py"}
    table = LAWS.splitlines().index("def lost(seen: list[int]) -> None:") + 1
    assert table in numbers
    assert table + 2 not in numbers


# Rows


def test_a_row_is_changed_from_gentle_to_whole(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text(
        'a = { value = 2, feature = "X-1" }\n[[object]]\nname = "o"\nfeature = ["X-1", "X-11"]\nwithin = "24 h"\n'
        "list = [1, 2]\n"
        'on = true\ninner = { deep = 3 }\nother = { value = 9, feature = "X-2" }\n'
    )
    found = [edit.what for edit in rows.edits(tmp_path, [file], "X-1")]
    assert found == [
        "p.toml: a.value: 2 is now 3", "p.toml: a.value: 2 is now 1", "p.toml: a.value: 2 is now 4",
        'p.toml: object.0 (o).within: "24 h" is now "25 h"', 'p.toml: object.0 (o).within: "24 h" is now "12 h"',
        'p.toml: object.0 (o).within: "24 h" is now "48 h"',
        "p.toml: object.0 (o).list: [1, 2] is now [1]", "p.toml: object.0 (o).list: [1, 2] is now [2]",
        "p.toml: object.0 (o).on: true is now false", "p.toml: object.0 (o).inner.deep: 3 is now 4",
        "p.toml: object.0 (o).inner.deep: 3 is now 1", "p.toml: object.0 (o).inner.deep: 3 is now 6",
        "p.toml: a: no value", "p.toml: object.0 (o): no within",
        "p.toml: object.0 (o): no list", "p.toml: object.0 (o): no on",
        "p.toml: object.0 (o): no inner", "p.toml: object.0 (o): no other",
        "p.toml: a: taken away", "p.toml: object.0 (o): taken away",
    ]  # fmt: skip
    for edit in rows.edits(tmp_path, [file], "X-1"):
        assert tomllib.loads(edit.text) != tomllib.loads(file.read_text())
    assert not [*rows.edits(tmp_path, [file], "X")]


VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_what_is_written_is_read_again(document: dict[str, object]) -> None:
    assert tomllib.loads(rows.written(document)) == document


def test_every_product_file_can_be_written_again() -> None:
    from openami.cli.mutation.command import checkout

    found = checkout()
    for file in (found.root / found.package).rglob("*.toml"):
        assert tomllib.loads(rows.written(rows.read(file))) == rows.read(file)


# Source


def test_changes_of_a_function() -> None:
    found = {change.what for change in syntax.changes(LAWS, lambda _line: True)}
    assert found >= {
        "not (more < 0)", "wh + more with -", "left out: seen.clear()", "lost does nothing", "0 is one more",
        'not (volts > TABLE["limits"]["high"]["value"])', "one more is returned",
    }  # fmt: skip


def test_only_lines_that_are_run_are_changed() -> None:
    lines = {change.line for change in syntax.changes(LAWS, lambda line: line == 12)}
    assert lines == {12}


@pytest.mark.parametrize("file", ["metering/calendar.py", "metering/tamper.py", "meters/fleet.py", "cli/serve.py"])
def test_every_change_is_python_and_something_else(file: str) -> None:
    source = (Path(__file__).parents[3] / "src" / "openami" / file).read_text(encoding="utf-8")
    whole = ast.dump(ast.parse(source))
    changes = syntax.changes(source, lambda _line: True)
    assert len(changes) > 20
    for change in changes[:: max(1, len(changes) // 30)]:
        assert ast.dump(ast.parse(syntax.changed(source, change))) != whole, change


# The command


@pytest.mark.slow
def test_the_command_ends_with_1_and_names_what_is_not_caught(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = {"T-1": "counts", "T-2": "high", "T-3": "forgets"}
    monkeypatch.setattr("openami.cli.features.behaviours", lambda _stated, _shown: named)
    monkeypatch.setattr("openami.cli.mutation.command.checkout", lambda: tiny)
    words = ["features", "--ledger", str(tmp_path / "none.json"), "--tries", "4", "--limit-s", "20", "--jobs", "1"]
    done = CliRunner().invoke(app, [*words, "--mutate", "3", "--json"])
    found = json.loads(done.stdout)
    assert (done.exit_code, found["uncaught"], found["drawn"]) == (1, ["T-3"], ["T-1", "T-2", "T-3"])
    done = CliRunner().invoke(app, [*words, "--mutate", "3", "--only", "T-2"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Not caught: none." in done.stdout


def test_the_same_seed_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[str]] = []

    def noted(_project: Project, wanted: list[str], _others: list[str], _how: Hunt) -> list[Verdict]:
        drawn.append(wanted)
        return [Verdict(identity, mutation="x") for identity in wanted]

    monkeypatch.setattr("openami.cli.mutation.command.watched", noted)
    for seed in ("1", "1", "2"):
        words = ["features", "compactiq", "--mutate", "9", "--seed", seed]
        assert CliRunner().invoke(app, words).exit_code == 0
    assert drawn[0] == drawn[1] != drawn[2]
    kinds = {feature.identity: feature.kind for feature in load_stated()["compactiq"]}
    assert {kinds[identity] for identity in drawn[0]} == {"behaviour"}


def test_nothing_to_draw_from(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["features", "--ledger", str(tmp_path / "none.json"), "--mutate", "3"])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "nothing to draw from" in done.stderr
