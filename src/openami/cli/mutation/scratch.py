"""Copies of a checkout to spoil: tests run there, and nothing is ever changed where people work."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, cast

from openami.core.errors import LocalProtocolError

COPIED = ("src", "tests")
LEFT = frozenset({".git", ".venv", "build", "__pycache__"})
PROBE = "mutation_probe"
SLOWER = 10
"""How much longer a test may take while its lines are noted."""


@dataclass(frozen=True, slots=True)
class Project:
    """A checkout: its root, the package's folder in it, the program that looks whether anything works, what is given.

    `smoke` is what follows `python`; it ends with 0 if the package still works at large.
    """

    root: Path
    package: str
    smoke: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of tests ended: what each came to, marks, and whether the run came to its end."""

    tests: dict[str, dict[str, Any]]
    marks: dict[str, list[str]]
    said: str
    is_whole: bool

    @property
    def noticed(self) -> str:
        """The first test that says no, if any does."""
        return next((name for name, test in self.tests.items() if test["outcome"] == "noticed"), "")

    @property
    def is_broken(self) -> bool:
        """Whether tests have ended by a crash of the package, or the run itself has."""
        return not self.is_whole or any(test["outcome"] == "broken" for test in self.tests.values())


class Scratch:
    """One copy, for one worker."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.root = folder / "checkout"
        self._probe = folder / "probe"
        self._runs = count()
        self.root.mkdir(parents=True)
        self._probe.mkdir()
        for entry in project.root.iterdir():
            self._take(entry)
        for file, name in (("probe", PROBE), ("lines", "sitecustomize")):
            shutil.copy(Path(__file__).with_name(f"{file}.py"), self._probe / f"{name}.py")

    def _take(self, entry: Path) -> None:
        if entry.name in COPIED:
            shutil.copytree(entry, self.root / entry.name, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
        elif entry.name not in LEFT and not entry.name.endswith("_cache"):
            (self.root / entry.name).symlink_to(entry)

    @property
    def environment(self) -> dict[str, str]:
        """Python finds the copy first."""
        source = self.root / Path(self.project.package).parts[0]
        return {
            **os.environ, **self.project.environment,
            "PYTHONPATH": os.pathsep.join(map(str, (source, self._probe))), "PYTHONHASHSEED": "0",
        }  # fmt: skip

    @contextmanager
    def spoiled(self, file: str, text: str) -> Generator[None]:
        """Have another text in a file for a while; the times of files differ, so that no stale byte code is used."""
        path = self.root / file
        before, stat = path.read_bytes(), path.stat()
        try:
            path.write_text(text, encoding="utf-8")
            later = stat.st_mtime_ns + (1 + next(self._runs)) * 2_000_000_000
            os.utime(path, ns=(later, later))
            yield
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def works(self, limit_s: float, *more: str) -> bool:
        """Whether the package works at large."""
        return self._run([*self.project.smoke, *more], limit_s)[0] == 0

    def common(self, limit_s: float, *more: str) -> list[tuple[str, int]]:
        """Lines that run whenever anything works at all: file, relative to the checkout, and number."""
        out, package = self._probe / f"lines{next(self._runs)}.json", (self.root / self.project.package).resolve()
        given = {"PROBE_LINES": str(out), "PROBE_PACKAGE": str(package)}
        self._run([*self.project.smoke, *more], limit_s * SLOWER, given)
        found = cast("list[tuple[str, int]]", json.loads(out.read_text(encoding="utf-8")) if out.exists() else [])
        return [(str(Path(file).relative_to(self.root.resolve())), number) for file, number in found]

    def collect(self, limit_s: float) -> dict[str, list[str]]:
        """Functions that each test is marked with."""
        outcome = self.run((), limit_s, only_collect=True)
        if not outcome.marks and not outcome.is_whole:
            raise LocalProtocolError(f"the tests cannot be collected: {outcome.said[-300:]}")
        return outcome.marks

    def run(
        self,
        tests: Sequence[str],
        limit_s: float,
        *,
        trace: bool = False,
        stop: bool = False,
        only_collect: bool = False,
    ) -> Outcome:
        """Run tests; those that notice something, or all."""
        number = next(self._runs)
        task, out = self._probe / f"task{number}.json", self._probe / f"out{number}.json"
        given = {"out": str(out), "root": str(self.root), "package": str(self.root / self.project.package)}
        asked = {"tests": [*tests], "trace": trace, "stop": stop}
        task.write_text(json.dumps(given | asked), encoding="utf-8")
        each_s = limit_s * (SLOWER if trace else 1)
        words = ["-m", "pytest", "-q", "-p", PROBE, "-p", "no:cacheprovider", "--no-header"]
        words += ["--collect-only"] if only_collect else ["-o", f"timeout={each_s:g}"] if has_timeout() else []
        whole_s = max(each_s, 60.0) * (max(1, len(tests)) if trace else 1)
        code, said = self._run([*words, *files_of(tests)], whole_s, {"PROBE_TASK": str(task)})
        found = cast("dict[str, Any]", json.loads(out.read_text(encoding="utf-8")) if out.exists() else {})
        return Outcome(found.get("tests", {}), found.get("marks", {}), said, code in (0, 1, 5))

    def _run(self, words: Sequence[str], limit_s: float, more: dict[str, str] | None = None) -> tuple[int, str]:
        """Run Python in the copy; when its time is out it goes, with all that it has started."""
        with subprocess.Popen(  # noqa: S603  our own words
            [sys.executable, *words], cwd=self.root, env=self.environment | (more or {}), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                said, _ = process.communicate(timeout=limit_s)
            except BaseException as error:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                if not isinstance(error, subprocess.TimeoutExpired):
                    raise
                return -signal.SIGKILL, "its time is out"
        return process.returncode, said


def files_of(tests: Iterable[str]) -> list[str]:
    """Files that tests are in, each once."""
    return [*dict.fromkeys(test.partition("::")[0] for test in tests)]


def has_timeout() -> bool:
    """Whether pytest can be told how long a test may take."""
    from importlib.util import find_spec

    return find_spec("pytest_timeout") is not None
