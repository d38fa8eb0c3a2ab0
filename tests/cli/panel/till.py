"""Tokens for the meter on a stand, made by the command that the panel's hint names."""

import json
import shlex
from typing import Any

from typer.testing import CliRunner

from openami.cli import app

RUNNER = CliRunner()


def token(hint: str, words: str = "electricity 10") -> str:
    """Digits of a token: the hint as it stands, or with another kind and value in it."""
    program, *arguments = shlex.split(hint.replace("electricity 10", words))
    assert program == "openami"
    done = RUNNER.invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    made: list[dict[str, Any]] = json.loads(done.stdout)
    return str(made[0]["token"])
