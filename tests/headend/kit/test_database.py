import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from openami.core.errors import DefinitionError
from openami.headend.kit.database import METADATA, NOW, Database
from openami.headend.kit.errors import StoreBusyError, StoreError, StoreFullError
from openami.headend.kit.migrations import VERSION

NODE = "INSERT INTO node (name) VALUES (?)"


def test_what_raises_is_undone(database: Database) -> None:
    def break_off() -> None:
        with database.write() as unit:
            unit.run(NODE, ("a",))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        break_off()
    with database.read() as unit:
        assert unit.rows("SELECT * FROM node") == []


def test_what_is_written_while_reading_is_not_kept(database: Database) -> None:
    with database.read() as unit:
        unit.run(NODE, ("a",))
    with database.read() as unit:
        assert unit.rows("SELECT * FROM node") == []


def test_a_reader_sees_one_state_while_a_writer_goes_on(database: Database) -> None:
    with database.read() as reader:
        assert reader.rows("SELECT * FROM node") == []
        with database.write() as writer:
            writer.run(NODE, ("a",))
        assert reader.rows("SELECT * FROM node") == []


def test_a_second_writer_waits_then_says_so(tmp_path: Path) -> None:
    first, second = (Database(tmp_path / "busy.db", wait_s=wait_s) for wait_s in (5.0, 0.05))
    with first.write(), pytest.raises(StoreBusyError, match=r"busy\.db"), second.write():
        pass
    first.close()
    second.close()


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


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "new.db")
    with database.write() as unit:
        unit.run("PRAGMA user_version = 999")
    with pytest.raises(DefinitionError, match="newer"):
        database.create(METADATA)
    database.close()


def test_our_own_mistakes_are_not_called_a_fault_of_the_store(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="syntax"), database.read() as unit:
        unit.rows("SELEKT 1")


def test_what_is_committed_is_synced(database: Database) -> None:
    with database.read() as unit:
        assert unit.value("PRAGMA journal_mode") == "wal"
        assert unit.value("PRAGMA synchronous") == 2
        assert abs(unit.value(f"SELECT {NOW} - unixepoch()")) < 1.5


def tables_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as unit:
        names = [row[0] for row in unit.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(row[1:] for row in unit.rows(f"PRAGMA table_info({name})"))
            for name in names
            if not name.startswith("sqlite_")
        }


def test_an_older_file_is_brought_up_to_the_very_tables_of_a_new_one(tmp_path: Path, database: Database) -> None:
    old = Database(tmp_path / "old.db")
    old.create(METADATA)
    with old.write() as unit:
        unit.run("ALTER TABLE series DROP COLUMN stored")
        unit.run("DROP TABLE edited")
        unit.run("PRAGMA user_version = 1")
    assert tables_of(old) != tables_of(database)
    old.create(METADATA)
    assert tables_of(old) == tables_of(database)
    with old.read() as unit:
        assert unit.value("PRAGMA user_version") == VERSION
    old.close()


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
