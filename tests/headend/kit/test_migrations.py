"""Databases of earlier and later versions."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from headend import stores
from openami.core.errors import DefinitionError
from openami.headend.curves import service as curves
from openami.headend.curves.seal import seal_due
from openami.headend.kit.database import METADATA, Database
from openami.headend.kit.migrations import BEYOND, revisions
from openami.headend.kit.zone import zone

OLD = Path(__file__).with_name("old")
DAY = 20_652
LOCAL = zone("Europe/Amsterdam")


def tables_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as unit:
        names = [row[0] for row in unit.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")]
        return {
            name: sorted(row[1:] for row in unit.rows(f"PRAGMA table_xinfo({name})"))
            for name in names
            if not name.startswith("sqlite_")
        }


def old_file(path: Path, version: int) -> Path:
    """A file as an OpenAMI of that version left it: a sealed day, two rows of the next, and an edit."""
    with sqlite3.connect(path) as driver:
        driver.executescript((OLD / f"version_{version}.sql").read_text())
    driver.close()
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_file_is_brought_up_to_the_very_tables_of_a_new_one(tmp_path: Path, version: int) -> None:
    new = Database(tmp_path / "new.db")
    new.create(METADATA)
    old = Database(old_file(tmp_path / "old.db", version))
    assert tables_of(old) != tables_of(new)
    for _ in range(2):
        old.create(METADATA)
        assert tables_of(old) == tables_of(new)
    with old.write() as unit:
        assert unit.value("SELECT version_num FROM alembic_version") == revisions()[-1]
        assert unit.value("PRAGMA user_version") == BEYOND
        assert unit.value("SELECT stored FROM series") == 98
        assert unit.rows("SELECT day, series FROM edited") == [(DAY, 1)]
        assert seal_due(unit, DAY + 1, 3) == 1
        curve = curves.curve(unit, "OLD1", *LOCAL.bounds(DAY))
        expected = np.arange(96) * 3
        expected[50] = 149
        assert curve.registers["1.0.1.8.0.255"].tolist() == expected.tolist()
        assert unit.value("PRAGMA integrity_check") == "ok"
        assert unit.rows("PRAGMA foreign_key_check") == []
    for database in (old, new):
        database.close()


def test_a_program_of_the_time_before_refuses_the_file(tmp_path: Path) -> None:
    """It knows numbers up to 2."""
    database = Database(tmp_path / "new.db")
    database.create(METADATA)
    database.close()
    with sqlite3.connect(tmp_path / "new.db") as driver:
        assert driver.execute("PRAGMA user_version").fetchone()[0] > 2
    driver.close()


def test_what_a_newer_version_wrote_is_refused(database: Database) -> None:
    with database.write() as unit:
        unit.run("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DefinitionError, match="newer OpenAMI"):
        database.create(METADATA)


def test_a_file_of_a_number_that_was_never_ours_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "new.db")
    with database.write() as unit:
        unit.run("PRAGMA user_version = 999")
    with pytest.raises(DefinitionError, match="newer"):
        database.create(METADATA)
    database.close()


def test_the_tables_are_those_of_the_metadata(database: Database) -> None:
    with database.read() as unit:
        found = compare_metadata(MigrationContext.configure(unit.connection), METADATA)
    if database.path:  # an index that only PostgreSQL gets
        found = [change for change in found if change[0] != "add_index" or change[1].name != "block_energy"]
    assert found == []


def test_an_older_postgresql_waits_for_the_order_to_migrate(place: stores.Place, tmp_path: Path) -> None:
    database = place.database(tmp_path)
    with database.write() as unit:
        unit.run("UPDATE alembic_version SET version_num = ?", (revisions()[-2],))
    with pytest.raises(DefinitionError, match="openami headend migrate"):
        database.create(METADATA, may_upgrade=False)
    database.close()
