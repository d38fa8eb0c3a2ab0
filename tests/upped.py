"""`openami up` as a user runs it, and the store it leaves behind."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from openami.headend.collection.tables import open_database
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings


def openami(*words: str, timeout_s: float = 110) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    command = [sys.executable, "-m", "openami", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)


def up_once(folder: Path, *options: str) -> dict[str, Any]:
    """Read a whole neighbourhood once; its summary."""
    done = openami("up", "--once", "--json", "--data", str(folder), *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def store(folder: Path) -> Database:
    """Open what the head-end has stored."""
    return open_database(Settings(data=folder / "headend"))


ALWAYS = 1_600_000_000, 2_500_000_000
"""From before any scenario began until long after."""
