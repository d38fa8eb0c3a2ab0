"""Backup and restore, on both databases, while there is work."""

import sqlite3
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from headend import stores
from headend.fake_meters import installation, serial_of
from openami.core.errors import DefinitionError
from openami.headend.collection.tables import open_database
from openami.headend.curves.intake import Arrival, store
from openami.headend.curves.repository import Series, rows_between, series_of
from openami.headend.kit.database import Database
from openami.headend.registry.layout import Layout
from openami.headend.run.backup import backup, restore

NODE = "INSERT INTO node (name) VALUES (?)"


def fill(database: Database, series: dict[int, Series], layout: Layout) -> np.ndarray:
    values = np.zeros(200, layout.dtype)
    values[layout.energy[0]] = np.arange(200) * 5
    with database.write() as unit:
        store(unit, [Arrival(series[1].id, 1_784_325_600 + np.arange(200) * 900, values)])
        unit.run("INSERT INTO sealed_key VALUES ('a', 'encryption', 1, 'k', ?, ?)", (b"\0\xff\n", b"%\\N"))
    return values


def everything(database: Database, number: int) -> tuple[object, ...]:
    with database.read() as unit:
        state = series_of(unit, [number])[number]
        rows = rows_between(unit, state, 1_784_325_600, 1_784_325_600 + 200 * 900)
        return (
            rows.at.tolist(), rows.values.tobytes(),
            unit.rows("SELECT * FROM sealed_key ORDER BY meter"),
            unit.rows("SELECT * FROM meter ORDER BY id"),
        )  # fmt: skip


def test_what_was_backed_up_is_what_is_restored(
    place: stores.Place, database: Database, series: dict[int, Series], layout: Layout, tmp_path: Path
) -> None:
    fill(database, series, layout)
    before = everything(database, series[1].id)
    done = backup(database, tmp_path / "x.backup")
    assert (tmp_path / "x.backup").stat().st_mode & 0o077 == 0
    assert (done.rows["meter"], done.rows["series"]) == (3, 3)
    with database.write() as unit:
        unit.run("DELETE FROM hot")
        unit.run(NODE, ("later",))
    other = place.database(tmp_path / "other")
    restored = restore(other, tmp_path / "x.backup")
    assert restored.rows == done.rows
    assert everything(other, series[1].id) == before
    with other.write() as unit:
        unit.run(NODE, ("goes on counting",))
        assert unit.rows("SELECT name FROM node ORDER BY id") == [("neighbourhood",), ("goes on counting",)]
    with pytest.raises(DefinitionError, match=r"holds 3 meters; say --replace"):
        restore(database, tmp_path / "x.backup")
    restore(database, tmp_path / "x.backup", may_replace=True)
    assert everything(database, series[1].id) == before
    other.close()


def test_a_backup_under_load_is_one_state(database: Database, tmp_path: Path, place: stores.Place) -> None:
    """A writer adds pairs; a backup that held half of a pair would have looked at two states."""
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with database.write() as unit:
                unit.run(NODE, (f"a{number}",))
                unit.run_many(NODE, [(f"{number} {'x' * 500} {index}",) for index in range(20)])
                unit.run(NODE, (f"b{number}",))
            number += 1
            if number > 5:
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        for number in range(3):
            backup(database, tmp_path / f"{number}.backup")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        other = place.database(tmp_path / str(number))
        assert restore(other, tmp_path / f"{number}.backup").rows["node"] >= 6 * 22
        with other.read() as unit:
            names = {row[0] for row in unit.rows("SELECT name FROM node WHERE length(name) < 100")}
        first, second = ({name[1:] for name in names if name[0] == letter} for letter in "ab")
        assert first == second
        other.close()


def test_a_broken_backup_leaves_all_as_it_was(database: Database, series: dict[int, Series], tmp_path: Path) -> None:
    file = tmp_path / "x.backup"
    backup(database, file)
    if database.path:
        (tmp_path / "torn").write_bytes(file.read_bytes()[:6000])
    else:
        with zipfile.ZipFile(file) as whole, zipfile.ZipFile(tmp_path / "torn", "w") as torn:
            for name in whole.namelist():
                torn.writestr(name, whole.read(name)[: -30 if name == "meter" else None])
    for name in ("torn", "none", "text"):
        (tmp_path / "text").write_text("no backup" * 100)
        with pytest.raises((DefinitionError, *database.dialect.errors)):
            restore(database, tmp_path / name, may_replace=True)
    with database.read() as unit:
        assert unit.value("SELECT count(*) FROM meter") == 3


def test_another_kind_or_schema_is_refused(database: Database, tmp_path: Path, server: stores.Server) -> None:
    other = Database.at(server.database(stores.TEMPLATE)) if database.path else Database(tmp_path / "y.db")
    other.create()
    backup(other, tmp_path / "other.backup")
    with pytest.raises(DefinitionError, match="is a backup of"):
        restore(database, tmp_path / "other.backup")
    backup(database, tmp_path / "own.backup")
    if database.path:
        with sqlite3.connect(tmp_path / "own.backup") as driver:
            driver.execute("UPDATE alembic_version SET version_num = '0001'")
        driver.close()
        with pytest.raises(DefinitionError, match="has schema 0001"):
            restore(database, tmp_path / "own.backup")
    with pytest.raises(DefinitionError, match="cannot be written"):
        backup(database, tmp_path / "no" / "such" / "folder.backup")
    other.close()
    server.drop_all()


def test_a_restored_head_end_still_opens_its_keys(place: stores.Place, tmp_path: Path) -> None:
    from openami.headend.keys.service import KeyStore

    settings = installation(tmp_path, 2)
    database = open_database(settings)
    backup(database, tmp_path / "x.backup")
    other = place.database(tmp_path / "other")
    restore(other, tmp_path / "x.backup")
    with other.read() as unit:
        opened = KeyStore.open(unit, settings.kek).newest(unit, [serial_of(1)])
    assert opened[serial_of(1)]["encryption"] == (1).to_bytes(16, "big")
    for each in (database, other):
        each.close()
