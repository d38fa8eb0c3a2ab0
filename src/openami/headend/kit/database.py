"""The database: one SQLite file in WAL mode (many readers, one writer at a time), and its unit of work.

Services take a `Unit` and never commit; whoever opened the unit does. Rows on the hot path go through
the driver (`Unit.driver`), everything else through SQLAlchemy Core.
"""

import json
import os
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import DBAPIError

from openami.core.errors import DefinitionError
from openami.headend.kit.errors import store_error
from openami.headend.kit.migrations import STEPS, VERSION

METADATA = MetaData()
"""Every feature's `tables.py` adds its tables here."""

NOW = "((julianday('now') - 2440587.5) * 86400.0)"
"""The database's own clock, epoch seconds: leases and back-off follow it, wherever a worker runs."""

Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work: everything done with it is kept, or nothing."""

    connection: Connection

    @property
    def driver(self) -> sqlite3.Connection:
        """The driver's connection, inside the same transaction."""
        return cast("sqlite3.Connection", self.connection.connection.driver_connection)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Every row of a query."""
        return self.driver.execute(sql, parameters).fetchall()

    def rows_in(self, sql: str, keys: Iterable[int | str], *parameters: object) -> list[Row]:
        """Every row of a query whose first parameter is the list that `IN {keys}` looks into."""
        statement = sql.replace("{keys}", "(SELECT value FROM json_each(?))")
        return self.driver.execute(statement, (json.dumps(list(keys)), *parameters)).fetchall()

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """First cell of the first row; None when there is none."""
        row = self.driver.execute(sql, parameters).fetchone()
        return row[0] if row else None

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; number of rows it touched."""
        return self.driver.execute(sql, parameters).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Run one statement for each row of parameters; number of rows touched."""
        return self.driver.executemany(sql, rows).rowcount


class Database:
    """One SQLite file. Safe to share between threads: each unit of work has a connection of its own."""

    def __init__(self, path: Path, *, wait_s: float = 30.0, max_pages: int | None = None) -> None:
        """Open the file, making it and its folder if need be; `max_pages` limits its size."""
        self.path = path
        self._wait_s = wait_s
        self._max_pages = max_pages
        path.parent.mkdir(parents=True, exist_ok=True)
        self._create_private()
        self._engine = self._open()

    def _create_private(self) -> None:
        """Make the file unreadable to others. Never open one that is there: closing it again drops SQLite's locks."""
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    @contextmanager
    def read(self) -> Generator[Unit]:
        """Look at one consistent state of the data; nothing done here is kept."""
        with self._unit("BEGIN") as unit:
            yield unit

    @contextmanager
    def write(self) -> Generator[Unit]:
        """Change the data: kept on disk when the block ends, undone when it raises."""
        with self._unit("BEGIN IMMEDIATE") as unit:
            yield unit
            unit.driver.execute("COMMIT")

    def create(self, metadata: MetaData = METADATA) -> None:
        """Make the tables of a new file, bring those of an older one up, refuse what a newer OpenAMI wrote."""
        with self.write() as unit:
            version = unit.value("PRAGMA user_version")
            if version > VERSION:
                message = f"written by a newer OpenAMI (schema {version}, this one knows {VERSION})"
                raise DefinitionError(message, file=str(self.path))
            if version == 0:
                metadata.create_all(unit.connection)
            for step in STEPS[version - 1 :] if version else ():
                for statement in step:
                    unit.run(statement)
            if version < VERSION:
                unit.run(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _unit(self, begin: str) -> Generator[Unit]:
        try:
            with self._engine.connect() as connection:
                driver = cast("sqlite3.Connection", connection.connection.driver_connection)
                driver.execute(begin)
                try:
                    yield Unit(connection)
                finally:
                    if driver.in_transaction:
                        driver.execute("ROLLBACK")
        except (sqlite3.Error, DBAPIError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if isinstance(cause, sqlite3.Error) and (known := store_error(cause, self.path)):
                raise known from error
            raise

    def _open(self) -> Engine:
        arguments = {"timeout": self._wait_s, "check_same_thread": False, "isolation_level": None}
        engine = create_engine(f"sqlite:///{self.path}", connect_args=arguments)
        event.listen(engine, "connect", self._prepare)
        return engine

    def _prepare(self, driver: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # what is committed outlives a power cut, not only kill -9
            "foreign_keys = ON",
            "cache_size = -65536",
            "temp_store = MEMORY",
        ):
            driver.execute(f"PRAGMA {pragma}")
        if self._max_pages is not None:
            driver.execute(f"PRAGMA max_page_count = {self._max_pages}")
