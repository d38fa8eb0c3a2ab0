"""Outside test data, Hypothesis profiles, the feature ledger, and the rule that CI skips nothing."""

import json
import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("OPENAMI_SHARED", ROOT.parent / "shared"))
NO_SKIPS = bool(os.environ.get("OPENAMI_NO_SKIPS"))

hypothesis.settings.register_profile("default", deadline=None, derandomize=True)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=20_000)
hypothesis.settings.load_profile("default")


def _shared(relative: str) -> Path:
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"outside test data {relative} is not here (set OPENAMI_SHARED)")
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of outside test data (`OPENAMI_SHARED`, default `../shared`); skips where absent."""
    return _shared(".")


@pytest.fixture(scope="session")
def dlms_vectors() -> dict[str, dict[str, Any]]:
    """Published DLMS frames and APDUs by id; skips where absent."""
    entries = json.loads(_shared("vectors/dlms.json").read_text(encoding="utf-8"))["vectors"]
    return {entry["id"]: entry for entry in entries}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write what a test shows into the report: features for `openami features`, cells for the table of peers."""
    for item, name in product(items, ("feature", "interop")):
        for mark in item.iter_markers(name):
            item.user_properties.extend((name, identity) for identity in mark.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """In CI a skip means that a tool or the outside data is missing: a failure."""
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report
