"""The command line itself: quick help, exit codes, one sentence on stderr."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from openami.cli import Openami, app
from openami.cli.lazy import Entry, missing
from openami.core.errors import DefinitionError

RUNNER = CliRunner()


def openami(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "openami", *arguments], capture_output=True, text=True, check=False)


def test_help_is_quick_and_loads_no_subcommand() -> None:
    cpu: list[float] = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = openami("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0
    assert min(cpu) < 0.3
    program = "import sys, openami.cli; print({'numpy', 'cryptography', 'asyncio'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "set()"


def test_help_names_every_subcommand_and_gives_examples() -> None:
    done = RUNNER.invoke(app, ["--help"])
    assert done.exit_code == 0
    assert all(name in done.output for name in Openami.entries)
    assert "openami meter serve compactiq" in done.output


@pytest.mark.parametrize("name", Openami.entries)
def test_every_subcommand_has_help_with_examples(name: str) -> None:
    done = RUNNER.invoke(app, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert "Example" in done.output


@pytest.mark.parametrize(
    "arguments",
    [[], ["nosuch"], ["--nosuch"], ["read"], ["read", "tcp://[::1", "--all"], ["features", "--nosuch"]],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert openami(*arguments).returncode == 2


def test_a_failure_is_one_sentence_on_stderr_and_ends_with_1() -> None:
    done = openami("read", "tcp://127.0.0.1:1", "--objects")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "openami: 127.0.0.1:1 refused the connection: nothing listens there\n"


def test_version() -> None:
    assert openami("--version").stdout.startswith("openami ")


def test_a_missing_extra_says_what_to_install() -> None:
    assert missing(ModuleNotFoundError(name="nicegui.elements")) == (
        "nicegui is not installed: pip install 'openami[headend]'"
    )
    with pytest.raises(ModuleNotFoundError):
        missing(ModuleNotFoundError(name="openami.nosuch"))


def failing(error: Exception) -> typer.Typer:
    inner = typer.Typer()

    @inner.command()
    def fails() -> None:
        raise error

    return inner


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DefinitionError("is wrong", file="a.toml", key="b"), "openami: a.toml: b: is wrong"),
        (PermissionError(13, "Permission denied", "data"), "openami: data: permission denied"),
        (
            ModuleNotFoundError("x", name="pydantic"),
            "openami: pydantic is not installed: pip install 'openami[meters]'",
        ),
    ],
)
def test_errors_become_sentences(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "failing_subcommand", failing(error))  # type: ignore[arg-type]
    sys.modules["failing_subcommand"].app = sys.modules["failing_subcommand"]  # type: ignore[attr-defined]
    monkeypatch.setitem(Openami.entries, "failing", Entry("failing_subcommand", "Fails."))
    done = RUNNER.invoke(app, ["failing"])
    assert (done.exit_code, done.stderr.strip()) == (1, said)


def test_a_defect_stays_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "failing_subcommand", failing(ZeroDivisionError()))  # type: ignore[arg-type]
    sys.modules["failing_subcommand"].app = sys.modules["failing_subcommand"]  # type: ignore[attr-defined]
    monkeypatch.setitem(Openami.entries, "failing", Entry("failing_subcommand", "Fails."))
    assert isinstance(RUNNER.invoke(app, ["failing"]).exception, ZeroDivisionError)
