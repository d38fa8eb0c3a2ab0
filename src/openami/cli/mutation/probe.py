"""A plugin of pytest, copied beside the tests: which marks they carry, which lines they run, and how they fail.

It imports nothing of ours, so that a mutation cannot break it. What to do stands in `PROBE_TASK` as JSON:
`out`, where to write; `package`, the folder of the source; `tests`, those to run (none: only collect);
`trace`, whether to note lines; `stop`, whether the first test that notices ends the run.
"""

import json
import os
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

TASK: dict[str, Any] = {}
REFUSAL = "AmiError"
FOUND: dict[str, Any] = {"marks": {}, "tests": {}}
LINES: set[tuple[str, int]] = set()


def pytest_configure() -> None:
    """Read what is to be done."""
    TASK.update(json.loads(Path(os.environ["PROBE_TASK"]).read_text(encoding="utf-8")))
    TASK["package"], TASK["root"] = (str(Path(TASK[name]).resolve()) for name in ("package", "root"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note the marks; keep the tests that are asked for."""
    for item in items:
        names = [str(name) for mark in item.iter_markers("feature") for name in mark.args]
        if names:
            FOUND["marks"][item.nodeid] = names
    wanted = set(TASK["tests"])
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in wanted])
    items[:] = [item for item in items if item.nodeid in wanted]


def line_of(frame: Any, event: str, _argument: object) -> Any:
    """Note a line of the package."""
    if event == "line":
        LINES.add((frame.f_code.co_filename, frame.f_lineno))
    return line_of


def call_of(frame: Any, _event: str, _argument: object) -> Any:
    """Look into functions of the package only."""
    return line_of if frame.f_code.co_filename.startswith(TASK["package"]) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note the lines that a test runs, with what it is set up by."""
    LINES.clear()
    FOUND["tests"][item.nodeid] = {"outcome": "passed", "seconds": 0.0, "why": ""}
    if TASK["trace"]:
        threading.settrace(call_of)
        sys.settrace(call_of)
    try:
        return (yield)
    finally:
        if TASK["trace"]:
            sys.settrace(None)
            threading.settrace(None)
            by_file: dict[str, list[int]] = {}
            for file, line in sorted(LINES):
                by_file.setdefault(str(Path(file).relative_to(TASK["root"])), []).append(line)
            FOUND["tests"][item.nodeid]["lines"] = by_file


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Note how a test fails: it notices something, or the package has broken under it."""
    report = yield
    held = FOUND["tests"][item.nodeid]
    held["seconds"] += report.duration
    if report.skipped and held["outcome"] == "passed":
        held["outcome"] = "skipped"
    if report.failed and held["outcome"] != "noticed":
        held["outcome"] = "noticed" if notices(call) else "broken"
        held["why"] = str(report.longrepr)[-2000:]
        if held["outcome"] == "noticed" and TASK["stop"]:
            item.session.shouldstop = "noticed"
    return report


def notices(call: "pytest.CallInfo[None]") -> bool:
    """Whether it is the test that says no, or a refusal that the package means; not a crash inside the package."""
    assert call.excinfo is not None
    kind = call.excinfo.type
    if any(base.__name__ == REFUSAL for base in kind.__mro__):
        return True
    if kind.__module__.startswith("_pytest.outcomes") or kind.__name__ == "Failed":
        return "Timeout" not in str(call.excinfo.value)
    ours = [str(entry.path) for entry in call.excinfo.traceback if str(entry.path).startswith(TASK["root"])]
    return bool(ours) and not ours[-1].startswith(TASK["package"])


def pytest_sessionfinish() -> None:
    """Write down all that was found."""
    Path(TASK["out"]).write_text(json.dumps(FOUND), encoding="utf-8")
