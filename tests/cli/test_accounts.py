"""`openami headend user`: the first administrator, and the way back in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ADA = ("user", "add", "ada", "--name", "Ada Byron", "--email", "ada@grid.example")


def run(folder: Path, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "openami", "headend", *arguments, "--data", str(folder / "data")]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=given)


@pytest.mark.feature("SIMS-04")
def test_users_are_made_listed_let_in_and_shut_out(tmp_path: Path) -> None:
    made = run(tmp_path, *ADA)
    assert (made.returncode, made.stderr) == (0, "")
    assert "ada is administrator in /" in made.stdout
    assert "/sign-in/link?code=" in made.stdout
    twice = run(tmp_path, *ADA)
    assert (twice.returncode, twice.stderr) == (1, "openami: there is an account ada already\n")
    assert "/sign-in/link?code=" in run(tmp_path, "user", "link", "ada").stdout
    assert run(tmp_path, "user", "link", "eve").stderr == "openami: there is no account eve\n"
    assert run(tmp_path, "user", "suspend", "ada", "--reason", "left").stdout == "ada is suspended\n"
    listed = json.loads(run(tmp_path, "user", "list", "--json").stdout)
    assert listed == [{"login": "ada", "name": "Ada Byron", "is_active": False, "roles": "administrator in /"}]
    assert run(tmp_path, "audit", "verify").stdout.startswith("the audit is whole")
