"""Outsiders bear witness: what the page of cases says of our meter and of peers is what tests have seen."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openami.conformance.suite import SUITE
from outsider import CLIENT_TITLE
from served import served

ROOT = Path(__file__).resolve().parents[2]
WITNESS = Path(__file__).with_name("gurux_witness.py")
RESULTS: dict[str, Any] = json.loads((ROOT / "docs" / "reference" / "conformance.json").read_text(encoding="utf-8"))
OWN = "tests/conformance/test_witnesses.py"
CONFIRMED = sorted(name for name, known in RESULTS["confirmed"].items() if OWN in known["in"])


@pytest.fixture(scope="module")
def testimony(tmp_path_factory) -> dict[str, str]:
    """What gurux-dlms saw of a CompactIQ, by case; nothing where it agrees."""
    with served(tmp_path_factory.mktemp("fleet"), "--history", "1", "--hdlc", "0") as fleet:
        meter = fleet.meters[0]
        host, _, port = fleet.ready["hdlc"][0].removeprefix("hdlc://").partition("?")[0].rpartition(":")
        orders = {
            "tcp": [meter["address"], int(meter["port"])],
            "hdlc": [host, int(port)],
            "client_title": CLIENT_TITLE,
            **{key: meter[key] for key in ("encryption_key", "authentication_key")},
        }
        command = [sys.executable, WITNESS]
        done = subprocess.run(
            command, input=json.dumps(orders), capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.mark.parametrize("name", CONFIRMED)
def test_gurux_agrees(testimony: dict[str, str], name: str) -> None:
    assert testimony[name] == ""


def test_the_page_names_the_witnesses_there_are(testimony: dict[str, str]) -> None:
    assert sorted(testimony) == CONFIRMED
    names = {case.name for case in SUITE}
    for part in RESULTS.values():
        assert part.keys() <= names
    for known in RESULTS["confirmed"].values():
        assert all((ROOT / test).exists() for test in known["in"].split(", "))
