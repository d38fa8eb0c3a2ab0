"""PostgreSQL 15 or newer: a pool of connections, writers side by side where they say that they may be.

Parameters are bound by the client, so that the server finds their types as it would those of literals, and
`? IS NULL OR name = ?` means here what it means in SQLite. Whatever is wide goes by COPY (`kit.copying`).
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from openami.headend.kit.dialect import LETTERS, NOW, Key, Parameters, Row
from openami.headend.kit.errors import StoreBusyError, StoreError, StoreFullError, StoreLostError, UnfitTextError

POOL, MORE = 8, 24
"""Connections that are kept, and those beside them in a rush."""
CONNECT_S = 5
PATIENCE_S = 5.0
WRITERS = 0x4F414D49
"""Advisory lock of those who write: shared by those who may be beside others, exclusive for all else."""

CLOCK = "(extract(epoch FROM statement_timestamp())::float8)"
TOKEN = re.compile(r"'(?:[^']|'')*'|::|\?|%|:([a-z_]+)|unix_now\(\)")

SENTENCES: tuple[tuple[str, type[StoreError], str], ...] = (
    ("53100", StoreFullError, "there is no room left for {}; readings wait until there is"),
    ("58030", StoreFullError, "the disk under {} takes no more; readings wait until it does"),
    ("53", StoreBusyError, "{} has no connection or memory to spare"),
    ("55P03", StoreBusyError, "another process keeps {} busy"),
    ("40", StoreBusyError, "others changed the same rows of {} at the same time"),
    ("57014", StoreBusyError, "{} took too long"),
    ("57P04", StoreError, "{} was dropped"),
    ("57P", StoreLostError, "{} is being stopped or started"),
    ("08", StoreLostError, "{} cannot be reached"),
    ("28", StoreError, "{} does not let us in: look at user and password"),
    ("3D000", StoreError, "there is no {}: make it with createdb"),
    ("25006", StoreError, "{} may not be written to"),
    ("42501", StoreError, "our user may not do that in {}"),
    ("XX001", StoreError, "{} is damaged; restore it from its backup"),
)
"""SQLSTATE, or how it begins; the first that fits."""


@lru_cache(maxsize=4096)
def translate(sql: str) -> str:
    """Put SQL of ours into the driver's: `%s` and `%(name)s` for parameters, text in quotes left as it is."""
    return TOKEN.sub(_token, sql)


def _token(found: re.Match[str]) -> str:
    text = found.group()
    if text == "?":
        return "%s"
    if text == NOW:
        return CLOCK
    if found.group(1):
        return f"%({found.group(1)})s"
    return text.replace("%", "%%")


class NumberLoader(Loader):
    """Sums of whole numbers are whole numbers, as SQLite gives them."""

    def load(self, data: Buffer) -> float:
        """Read a numeric."""
        text = bytes(data)
        return float(text) if b"." in text or b"N" in text else int(text)


def driver_of(connection: Connection) -> psycopg.Connection[Row]:
    """Give the driver's connection under SQLAlchemy's."""
    return cast("psycopg.Connection[Row]", connection.connection.driver_connection)


def is_idle(driver: "psycopg.Connection[Row]") -> bool:
    """Whether a connection is in no transaction, as far as it is known."""
    return driver.info.transaction_status is TransactionStatus.IDLE


class Postgresql:
    """One PostgreSQL database."""

    kind = "postgresql"
    errors: tuple[type[Exception], ...] = (psycopg.Error, PoolTimeoutError)
    patience_s = PATIENCE_S

    def __init__(self, url: URL, *, wait_s: float) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self.url = self._url.render_as_string(hide_password=False)
        self._wait_s = wait_s
        self.name = f"database {url.database} at {url.host or url.query.get('host') or 'localhost'}"
        if url.port:
            self.name += f":{url.port}"

    def open(self) -> Engine:
        """Make the engine; connections that were lost meanwhile are replaced unseen."""
        engine = create_engine(
            self._url,
            isolation_level="AUTOCOMMIT",  # units begin and end transactions themselves
            pool_size=POOL,
            max_overflow=MORE,
            pool_timeout=self._wait_s,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_S, "application_name": "openami"},
        )
        event.listen(engine, "connect", self._prepare)
        return engine

    def _prepare(self, driver: "psycopg.Connection[Row]", _record: object) -> None:
        driver.adapters.register_loader("numeric", NumberLoader)
        wait_ms = max(1, int(self._wait_s * 1000))
        driver.execute(f"SET lock_timeout = {wait_ms}; SET jit = off; SET timezone = 'UTC'".encode())

    def begin(self, connection: Connection, *, is_writing: bool, is_alone: bool) -> None:
        """Begin; a reader sees one state, a writer waits for all others unless it may be beside them."""
        if not is_writing:
            statement = "BEGIN ISOLATION LEVEL REPEATABLE READ"
        else:
            lock = "pg_advisory_xact_lock" if is_alone else "pg_advisory_xact_lock_shared"
            statement = f"BEGIN; SELECT {lock}({WRITERS})"
        driver_of(connection).execute(statement.encode())

    def commit(self, connection: Connection) -> None:
        """Keep what was done."""
        driver_of(connection).execute(b"COMMIT")

    def roll_back(self, connection: Connection) -> None:
        """Undo what is not kept; a connection that is lost has undone it already."""
        driver = driver_of(connection)
        if is_idle(driver):
            return
        with suppress(psycopg.Error):
            driver.execute(b"ROLLBACK")
        if driver.closed or not is_idle(driver):
            connection.invalidate()

    def rows(self, connection: Connection, sql: str, parameters: Parameters) -> list[Row]:
        """Run a statement; its rows, none where it gives none."""
        cursor = self._execute(connection, translate(sql), parameters)
        return cursor.fetchall() if cursor.description else []

    def rows_in(self, connection: Connection, sql: str, keys: list[Key], parameters: Parameters) -> list[Row]:
        """Run a statement with `IN {keys}`, or `NOT IN {keys}`."""
        statement = translate(sql).replace("NOT IN {keys}", "<> ALL(%s)").replace("IN {keys}", "= ANY(%s)")
        cursor = self._execute(connection, statement, (keys, *parameters))
        return cursor.fetchall() if cursor.description else []

    def rows_of(
        self, connection: Connection, sql: str, columns: Sequence[Sequence[Key]], parameters: Parameters
    ) -> list[Row]:
        """Run a statement with `FROM {rows}`: the columns are named a, b, c, and `place` counts the rows."""
        names = ", ".join(LETTERS[: len(columns)])
        arrays = ", ".join("%s::text[]" if _is_text(column) else "%s::int8[]" for column in columns)
        table = f"(SELECT place, {names} FROM unnest({arrays}) WITH ORDINALITY AS u ({names}, place))"  # noqa: S608
        statement = translate(sql).replace("{rows}", table)
        cursor = self._execute(connection, statement, (*map(list, columns), *parameters))
        return cursor.fetchall() if cursor.description else []

    def run(self, connection: Connection, sql: str, parameters: Parameters) -> int:
        """Run a statement; rows it touched."""
        return self._execute(connection, translate(sql), parameters).rowcount

    def run_many(self, connection: Connection, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement for each row of parameters, prepared once and sent in a pipeline; rows touched."""
        cursor = driver_of(connection).cursor()
        cursor.executemany(translate(sql).encode(), rows)
        return cursor.rowcount

    def _execute(self, connection: Connection, sql: str, parameters: Parameters) -> "psycopg.Cursor[Row]":
        cursor: psycopg.Cursor[Any] = psycopg.ClientCursor(driver_of(connection))
        return cursor.execute(sql.encode(), parameters)

    def error(self, error: Exception) -> StoreError | None:
        """Find the error of the store behind one of the driver; None when it is a fault of our own."""
        if isinstance(error, PoolTimeoutError):
            return StoreBusyError(f"all connections to {self.name} are in use")
        if isinstance(error, psycopg.DataError) and "NUL" in str(error):
            return UnfitTextError("text may hold no NUL character")
        state = getattr(error, "sqlstate", None)
        if state is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return self._unreachable(error)
        for begins, kind, sentence in SENTENCES:
            if state and state.startswith(begins):
                return kind(sentence.format(self.name))
        return None

    def _unreachable(self, error: Exception) -> StoreError:
        """Say why there is no connection: the driver names no state when it never got one."""
        text = str(error)
        for sign, sentence in REFUSALS.items():
            if sign in text:
                return StoreError(sentence.format(self.name))
        return StoreLostError(f"{self.name} does not answer")


REFUSALS = {
    "password authentication failed": "{} does not let us in: look at user and password",
    "no password supplied": "{} asks for a password: give it in the URL, in PGPASSWORD or in ~/.pgpass",
    "does not exist": "{} or its user does not exist: make them with createdb and createuser",
    "no pg_hba.conf entry": "{} does not let us in from here: see its pg_hba.conf",
}


def _is_text(column: Sequence[Key]) -> bool:
    return bool(column) and isinstance(column[0], str)
