"""SQLite: one file in WAL mode, many readers, one writer at a time."""

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event

from openami.headend.kit.dialect import LETTERS, NOW, Key, Parameters, Row
from openami.headend.kit.errors import StoreBusyError, StoreError, StoreFullError

WORDS = {
    NOW: "((julianday('now') - 2440587.5) * 86400.0)",
    "greatest(": "max(",
    "least(": "min(",
    " FOR UPDATE OF s": "",
    " FOR UPDATE": "",  # the one writer has everything for itself
}
"""What PostgreSQL says, as SQLite says it."""

SENTENCES: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_FULL: (StoreFullError, "there is no room left for {}; readings wait until there is"),
    sqlite3.SQLITE_BUSY: (StoreBusyError, "another process keeps {} busy"),
    sqlite3.SQLITE_IOERR: (StoreFullError, "the disk under {} takes no more; readings wait until it does"),
    sqlite3.SQLITE_READONLY: (StoreError, "{} may not be written to"),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "{} cannot be opened"),
    sqlite3.SQLITE_NOTADB: (StoreError, "{} is not a database of OpenAMI"),
    sqlite3.SQLITE_CORRUPT: (StoreError, "{} is damaged; restore it from its backup"),
}
ALL_KEYS = "(SELECT value FROM json_each(?))"


@lru_cache(maxsize=4096)
def translate(sql: str) -> str:
    """Put SQL of ours into SQLite's words."""
    for ours, theirs in WORDS.items():
        sql = sql.replace(ours, theirs)
    return sql


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Give the driver's connection under SQLAlchemy's."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


class Sqlite:
    """One SQLite file."""

    kind = "sqlite"
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    patience_s = 0.0

    def __init__(self, path: Path, *, wait_s: float, max_pages: int | None) -> None:
        self.path = path
        self.name = str(path)
        self._url = URL.create("sqlite", database=str(path))
        self.url = self._url.render_as_string()
        self._wait_s = wait_s
        self._max_pages = max_pages
        path.parent.mkdir(parents=True, exist_ok=True)
        self._create_private()

    def _create_private(self) -> None:
        """Make the file unreadable to others. Never open one that is there: closing it again drops SQLite's locks."""
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    def open(self) -> Engine:
        """Make the engine; each connection is prepared as it is opened."""
        arguments = {"timeout": self._wait_s, "check_same_thread": False, "isolation_level": None}
        engine = create_engine(self._url, connect_args=arguments)
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

    def begin(self, connection: Connection, *, is_writing: bool, is_alone: bool) -> None:
        """Begin; a writer takes the place of the one writer at once."""
        del is_alone
        driver_of(connection).execute("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    def commit(self, connection: Connection) -> None:
        """Keep what was done."""
        driver_of(connection).execute("COMMIT")

    def roll_back(self, connection: Connection) -> None:
        """Undo what is not kept."""
        driver = driver_of(connection)
        if driver.in_transaction:
            driver.execute("ROLLBACK")

    def rows(self, connection: Connection, sql: str, parameters: Parameters) -> list[Row]:
        """Run a statement; its rows."""
        return driver_of(connection).execute(translate(sql), parameters).fetchall()

    def rows_in(self, connection: Connection, sql: str, keys: list[Key], parameters: Parameters) -> list[Row]:
        """Run a statement with `IN {keys}`."""
        statement = translate(sql).replace("{keys}", ALL_KEYS)
        return driver_of(connection).execute(statement, (json.dumps(keys), *parameters)).fetchall()

    def rows_of(
        self, connection: Connection, sql: str, columns: Sequence[Sequence[Key]], parameters: Parameters
    ) -> list[Row]:
        """Run a statement with `FROM {rows}`: the columns are named a, b, c, and `place` counts the rows."""
        names = ", ".join(f"value ->> {index} AS {LETTERS[index]}" for index in range(len(columns)))
        table = f"(SELECT key AS place, {names} FROM json_each(?))"  # noqa: S608 - names of ours
        statement = translate(sql).replace("{rows}", table)
        keys = json.dumps(list(zip(*columns, strict=True)))
        return driver_of(connection).execute(statement, (keys, *parameters)).fetchall()

    def run(self, connection: Connection, sql: str, parameters: Parameters) -> int:
        """Run a statement; rows it touched."""
        return driver_of(connection).execute(translate(sql), parameters).rowcount

    def run_many(self, connection: Connection, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement for each row of parameters; rows touched."""
        return driver_of(connection).executemany(translate(sql), rows).rowcount

    def error(self, error: Exception) -> StoreError | None:
        """Find the error of the store behind one of the driver; None when it is a fault of our own."""
        code = getattr(error, "sqlite_errorcode", None)
        if not isinstance(code, int) or code & 0xFF not in SENTENCES:
            return None
        kind, sentence = SENTENCES[code & 0xFF]
        return kind(sentence.format(self.name))
