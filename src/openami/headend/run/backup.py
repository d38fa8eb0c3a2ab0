"""Backup and restore while everything runs: one file, one consistent state, readable to its owner alone.

SQLite is copied page by page by its own online backup. PostgreSQL is written out table by table by COPY in one
repeatable-read snapshot, into a zip with a manifest. Keys are in it only sealed; the key-encryption key is not.
"""

import contextlib
import json
import os
import sqlite3
import zipfile
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, cast

from sqlalchemy import Table

from openami.core.errors import DefinitionError
from openami.headend.collection.tables import SCHEMA
from openami.headend.keys import counters
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.migrations import revisions
from openami.headend.kit.postgresql import driver_of

FORMAT = "openami-backup-1"
MANIFEST = "manifest.json"
PAGES = 4_096
"""Pages copied at a time; writers come in between, and the copy begins anew where they changed it."""
CHUNK = 1 << 20
SQLITE_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in a backup, or was restored."""

    file: str
    octets: int
    rows: dict[str, int]
    """By table."""
    schema: str


def backup(database: Database, file: Path) -> Backup:
    """Write a backup beside the work that goes on; an older one of that name is replaced when the new one is whole."""
    with _replaced(file) as new:
        rows = _copy_file(database, new) if database.path else _write_tables(database, new)
    return Backup(str(file), file.stat().st_size, rows, revisions()[-1])


def restore(database: Database, file: Path, *, may_replace: bool = False) -> Backup:
    """Put a backup in the place of all that is there; refused where there are meters, unless that is wanted.

    Raises `DefinitionError` for a file that is no backup for this kind of database, or of another schema.
    """
    database.create()
    with database.read() as unit:
        meters = unit.value("SELECT count(*) FROM meter")
    if meters and not may_replace:
        raise DefinitionError(
            f"holds {meters} meters; say --replace to put the backup in their place", file=database.name
        )
    kind = _kind_of(file)
    wanted = "sqlite" if database.path else "postgresql"
    if kind != wanted:
        raise DefinitionError(f"is a backup of {kind}, {database.name} is {wanted}", file=str(file))
    if database.path:
        _put_file(database, database.path, file)
        database.create()
        with database.read() as unit:
            rows = _counts(unit)
    else:
        rows = _read_tables(database, file)
    with database.write() as unit:
        counters.leap(unit)
    return Backup(str(file), file.stat().st_size, rows, revisions()[-1])


@contextlib.contextmanager
def _replaced(file: Path) -> Generator[Path]:
    """Give the name of a file that takes the place of another once it is whole and on disk."""
    new = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise DefinitionError(f"cannot be written: {(error.strerror or '').lower()}", file=str(file)) from None
    try:
        yield new
        with new.open("rb") as written:
            os.fsync(written.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _copy_file(database: Database, new: Path) -> dict[str, int]:
    with database.read() as unit, contextlib.closing(sqlite3.connect(new)) as target:
        source = cast("sqlite3.Connection", unit.connection.connection.driver_connection)
        source.execute("ROLLBACK")  # the copy makes transactions of its own
        source.backup(target, pages=PAGES)
        target.execute("PRAGMA journal_mode = DELETE")
        if target.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise DefinitionError("the copy is damaged; is the disk sound?", file=str(new))
        return {table.name: target.execute(_count(table)).fetchone()[0] for table in SCHEMA.sorted_tables}


def _put_file(database: Database, path: Path, file: Path) -> None:
    with contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source:
        try:
            if source.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise DefinitionError("is damaged", file=str(file))
            _check_schema(str(source.execute("SELECT version_num FROM alembic_version").fetchone()[0]), file)
        except sqlite3.Error:
            raise DefinitionError("is no backup of a head-end", file=str(file)) from None
        with database.read() as unit:
            target = cast("sqlite3.Connection", unit.connection.connection.driver_connection)
            target.execute("ROLLBACK")
            source.backup(target)
    assert path.exists()


def _write_tables(database: Database, new: Path) -> dict[str, int]:
    rows: dict[str, int] = {}
    columns: dict[str, list[str]] = {}
    with database.read() as unit, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for table in SCHEMA.sorted_tables:
            rows[table.name] = unit.value(_count(table))
            columns[table.name] = [column.name for column in table.columns]
            with archive.open(table.name, "w", force_zip64=True) as target:
                _copy_out(unit, table, target)
        manifest = {"format": FORMAT, "schema": revisions()[-1], "rows": rows, "columns": columns}
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return rows


def _copy_out(unit: Unit, table: Table, target: IO[bytes]) -> None:
    statement = f"COPY {_named(table)} TO STDOUT (FORMAT BINARY)"
    with driver_of(unit.connection).cursor() as cursor, cursor.copy(statement.encode()) as stream:
        for data in stream:
            target.write(data)


def _read_tables(database: Database, file: Path) -> dict[str, int]:
    tables = SCHEMA.sorted_tables
    with zipfile.ZipFile(file) as archive, database.write() as unit:
        manifest = json.loads(archive.read(MANIFEST))
        _check_schema(manifest["schema"], file)
        unit.run(f"TRUNCATE {', '.join(_quoted(table.name) for table in tables)}")
        for table in tables:
            with archive.open(table.name) as source:
                _copy_in(unit, table, source)
            _advance_numbers(unit, table)
        rows = _counts(unit)
        if rows != manifest["rows"]:
            raise DefinitionError("holds another number of rows than its manifest says", file=str(file))
    return rows


def _copy_in(unit: Unit, table: Table, source: IO[bytes]) -> None:
    statement = f"COPY {_named(table)} FROM STDIN (FORMAT BINARY)"
    with driver_of(unit.connection).cursor() as cursor, cursor.copy(statement.encode()) as stream:
        while data := source.read(CHUNK):
            stream.write(data)


def _advance_numbers(unit: Unit, table: Table) -> None:
    """Let a table that numbers its rows go on behind them."""
    if (column := table.autoincrement_column) is not None:
        name = _quoted(column.name)
        unit.run(
            f"SELECT setval(pg_get_serial_sequence(?, ?), coalesce(max({name}), 0) + 1, false)"  # noqa: S608 - our names
            f" FROM {_quoted(table.name)} WHERE pg_get_serial_sequence(?, ?) IS NOT NULL",
            (_quoted(table.name), column.name, _quoted(table.name), column.name),
        )


def _kind_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            if opened.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC:
                return "sqlite"
        with zipfile.ZipFile(file) as archive:
            if json.loads(archive.read(MANIFEST)).get("format") == FORMAT:
                return "postgresql"
    except OSError as error:
        raise DefinitionError(f"cannot be read: {(error.strerror or '').lower()}", file=str(file)) from None
    except (zipfile.BadZipFile, KeyError, ValueError):
        pass
    raise DefinitionError("is no backup of a head-end", file=str(file))


def _check_schema(found: str, file: Path) -> None:
    if found != revisions()[-1]:
        message = f"has schema {found}, this OpenAMI {revisions()[-1]}: restore it with its own, then migrate"
        raise DefinitionError(message, file=str(file))


def _counts(unit: Unit) -> dict[str, int]:
    return {table.name: unit.value(_count(table)) for table in SCHEMA.sorted_tables}


def _count(table: Table) -> str:
    return f"SELECT count(*) FROM {_quoted(table.name)}"  # noqa: S608 - our own name


def _named(table: Table) -> str:
    return f"{_quoted(table.name)} ({', '.join(_quoted(column.name) for column in table.columns)})"


def _quoted(name: str) -> str:
    return f'"{name}"'


def told(done: Backup) -> dict[str, object]:
    """Give the facts as a program reads them."""
    return asdict(done)
