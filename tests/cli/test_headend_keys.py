"""`openami headend keys`: escrow, restore, rewrap and status, as whoever keeps a head-end runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headend.fake_meters import installation, serial_of
from openami.headend.collection.tables import open_database

pytestmark = pytest.mark.slow


def keys(folder: Path, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "openami", "headend", "keys", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "OPENAMI_API_KEY"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert done.returncode == code, done.stderr
    assert "00000000000000000000000000000001" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_an_escrow_is_made_and_brings_lost_keys_back_after_a_rewrap(tmp_path: Path) -> None:
    settings = installation(tmp_path, 3)
    data = ["--data", str(settings.data)]
    assert "lacks 9 keys" in keys(tmp_path, "status", *data)
    assert "9 keys, 9 of them new" in keys(tmp_path, "escrow", *data)
    assert "9 keys sealed under a new key-encryption key; older ones are kept" in keys(tmp_path, "rewrap", *data)
    database = open_database(settings)
    with database.write() as unit:
        unit.run("DELETE FROM sealed_key WHERE meter = ?", (serial_of(1),))
    database.close()
    assert json.loads(keys(tmp_path, "status", "--json", *data))["states"] == {"promoted": 6}
    assert "9 lines read: 3 keys added, 3 put in force" in keys(tmp_path, "restore", *data)
    told = json.loads(keys(tmp_path, "status", "--json", *data))
    assert (sum(told["states"].values()), told["not_in_escrow"]) == (9, 0)
    assert "older ones are destroyed" in keys(tmp_path, "rewrap", "--forget", *data)
    assert json.loads(keys(tmp_path, "restore", "--json", *data))["unreadable"] == 0
    settings.kek.unlink()
    assert "is missing; restore it" in keys(tmp_path, "status", *data, code=1)


def test_a_rotation_is_proposed_with_an_api_key_alone(tmp_path: Path) -> None:
    assert "OPENAMI_API_KEY" in keys(tmp_path, "rotate", "M1", code=2)
