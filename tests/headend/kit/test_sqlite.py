"""What is SQLite's alone: the file, its limits and its locks."""

import subprocess
import sys
from pathlib import Path

import pytest

from openami.headend.kit.database import METADATA, Database
from openami.headend.kit.errors import StoreError, StoreFullError


def test_a_full_disk_is_one_clear_sentence(tmp_path: Path) -> None:
    database = Database(tmp_path / "small.db", max_pages=8)
    with database.write() as unit:
        unit.run("CREATE TABLE t (data BLOB)")
    with pytest.raises(StoreFullError, match=r"no room left for .*small\.db"), database.write() as unit:
        unit.run("INSERT INTO t VALUES (zeroblob(100000))")
    with database.write() as unit:
        unit.run("INSERT INTO t VALUES (zeroblob(10))")
    database.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database at all, but long enough to look at" * 40)
    with pytest.raises(StoreError, match="not a database"):
        Database(tmp_path / "x.db").create(METADATA)


def test_what_is_committed_is_synced(tmp_path: Path) -> None:
    database = Database.at(f"sqlite:///{tmp_path / 'a' / 'b.db'}")
    with database.read() as unit:
        assert unit.value("PRAGMA journal_mode") == "wal"
        assert unit.value("PRAGMA synchronous") == 2
    database.close()


def test_a_second_database_of_a_process_leaves_the_locks_of_the_first_alone(tmp_path: Path) -> None:
    """Closing a descriptor of the file drops the locks of the process; a reader would then take the log away."""
    path = tmp_path / "headend.db"
    first = Database(path)
    first.create()
    second = Database(path)
    with first.write() as unit:
        unit.run("CREATE TABLE kept (n INTEGER)")
    reader = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM kept'); c.close()"
    subprocess.run([sys.executable, "-c", reader, str(path)], check=True, timeout=60)
    with first.write() as unit:
        unit.run("INSERT INTO kept VALUES (1)")
    count = (
        "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM kept').fetchone()[0])"
    )
    seen = subprocess.run(
        [sys.executable, "-c", count, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert seen.stdout.strip() == "1"
    second.close()
    first.close()


def test_readings_are_nobody_elses_business(tmp_path: Path) -> None:
    database = Database(tmp_path / "headend.db")
    database.create()
    assert (tmp_path / "headend.db").stat().st_mode & 0o077 == 0
    database.close()
