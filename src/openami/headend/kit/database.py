"""The database of the head-end, SQLite or PostgreSQL by one URL, and its unit of work.

`Database.at("sqlite:////var/lib/openami/headend.db")` or `Database.at("postgresql://openami@db1/openami")`; passwords
may stand in the URL, in PGPASSWORD or in ~/.pgpass, and are never printed. Services take a `Unit` and never commit;
whoever opened the unit does. They write one SQL for both databases, as `kit.dialect` says:

- parameters are `?` in a sequence, or `:name` in a mapping;
- `NOW` is the database's clock; `greatest(a, b)` and `least(a, b)`; `IS NOT NULL`; `RETURNING`; and
  `ON CONFLICT (…) DO UPDATE SET n = t.n + excluded.n` with the table's name before its own columns;
- `… IN {keys}` with `rows_in`, `FROM {rows} p CROSS JOIN …` with `rows_of` for lists of any length;
- what is read in order to be written is read `FOR UPDATE` in a unit that is not `alone`.

In `tables.py` an instant is `INSTANT`, a truth `FLAG`, a number that may outgrow 32 bits `WIDE` (`kit.columns`).
A new table needs no migration; a change to one that has been shipped does (`kit.migrations`).
"""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, MetaData, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError

from openami.core.errors import DefinitionError
from openami.headend.kit import migrations
from openami.headend.kit.dialect import NOW, Dialect, Key, Parameters, Row
from openami.headend.kit.errors import StoreError, StoreLostError
from openami.headend.kit.postgresql import Postgresql
from openami.headend.kit.sqlite import Sqlite

__all__ = ["METADATA", "NOW", "Database", "Row", "Unit"]

METADATA = MetaData()
"""Every feature's `tables.py` adds its tables here."""

RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work: everything done with it is kept, or nothing."""

    connection: Connection
    dialect: Dialect

    @property
    def is_postgresql(self) -> bool:
        """Whether the words may be PostgreSQL's own."""
        return self.dialect.kind == "postgresql"

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Every row of a query."""
        return self.dialect.rows(self.connection, sql, parameters)

    def rows_in(self, sql: str, keys: Iterable[Key], *parameters: object) -> list[Row]:
        """Every row of a query whose first parameter is the list that `IN {keys}` looks into."""
        return self.dialect.rows_in(self.connection, sql, list(keys), parameters)

    def rows_of(self, sql: str, keys: Iterable[Sequence[Key]], *parameters: object) -> list[Row]:
        """Every row of a query whose first parameter is the table `{rows}`, its columns a, b, c, and `place`.

        `place` counts its rows upwards. Without rows there is nothing to look for, and nothing is asked.
        """
        given = list(zip(*keys, strict=True))
        return self.dialect.rows_of(self.connection, sql, given, parameters) if given else []

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """First cell of the first row; None when there is none."""
        found = self.dialect.rows(self.connection, sql, parameters)
        return found[0][0] if found else None

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement; number of rows it touched."""
        return self.dialect.run(self.connection, sql, parameters)

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run one statement for each row of parameters; number of rows touched."""
        return self.dialect.run_many(self.connection, sql, rows)


def _shut(driver: DBAPIConnection | None, _record: object) -> None:
    if driver is not None:
        driver.close()


class Database:
    """One database. Safe to share between threads: each unit of work has a connection of its own."""

    def __init__(self, place: Path | Dialect, *, wait_s: float = 30.0, max_pages: int | None = None) -> None:
        """Open an SQLite file, making it and its folder if need be; `max_pages` limits its size."""
        self.dialect = Sqlite(place, wait_s=wait_s, max_pages=max_pages) if isinstance(place, Path) else place
        self.url = self.dialect.url
        """How to open it once more; it may hold a password."""
        self._errors: tuple[type[Exception], ...] = (DBAPIError, *self.dialect.errors)
        self._engine = self.dialect.open()

    @classmethod
    def at(cls, url: str, *, wait_s: float = 30.0, max_pages: int | None = None) -> Self:
        """Open the database of a URL: `sqlite:///file`, `sqlite:////whole/path`, `postgresql://user@host/name`."""
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):  # the message of the library would show the password
            raise DefinitionError("is no URL; expected sqlite:///FILE or postgresql://HOST/NAME", key=KEY) from None
        kind = parsed.drivername.split("+")[0]
        if kind == "sqlite" and parsed.database:
            return cls(Path(parsed.database), wait_s=wait_s, max_pages=max_pages)
        if kind not in {"postgresql", "postgres"} or not parsed.database:
            raise DefinitionError(f"{kind}:// is not known, or names no database; {EXPECTED}", key=KEY)
        return cls(Postgresql(parsed, wait_s=wait_s))

    @property
    def name(self) -> str:
        """What it is called in messages; without password."""
        return self.dialect.name

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        return self.dialect.path if isinstance(self.dialect, Sqlite) else None

    @contextmanager
    def read(self) -> Generator[Unit]:
        """Look at one consistent state of the data; nothing done here is kept."""
        with self._unit(is_writing=False) as unit:
            yield unit

    @contextmanager
    def write(self, *, alone: bool = True) -> Generator[Unit]:
        """Change the data: kept on disk when the block ends, undone when it raises.

        A writer is alone unless it says otherwise. With `alone=False` other such writers may be at work at the
        same time (on PostgreSQL): what is read in order to be changed must then be ours by lease or `FOR UPDATE`.
        """
        with self._unit(is_writing=True, is_alone=alone) as unit:
            yield unit
            self.dialect.commit(unit.connection)

    def create(self, metadata: MetaData = METADATA, *, may_upgrade: bool = True) -> str:
        """Make the tables of a new database, bring those of an older one up, refuse what a newer OpenAMI wrote.

        -> revision of the schema that was there, or "".
        """
        with self._unit(is_writing=True, is_alone=True) as unit, unit.connection.begin():  # lest Alembic begins its own
            before = migrations.bring_up(unit.connection, metadata, self.name, may_upgrade=may_upgrade)
            self.dialect.commit(unit.connection)
        return before

    def close(self) -> None:
        """Close all connections; one that a thread still has is closed when it gives it back."""
        event.listen(self._engine.pool, "checkin", _shut)
        self._engine.dispose()

    @contextmanager
    def _unit(self, *, is_writing: bool, is_alone: bool = True) -> Generator[Unit]:
        with self._plainly():
            connection = self._begun(self._engine.connect, is_writing=is_writing, is_alone=is_alone)
            with connection:
                try:
                    yield Unit(connection, self.dialect)
                finally:
                    self.dialect.roll_back(connection)

    def _begun(self, connect: Callable[[], Connection], *, is_writing: bool, is_alone: bool) -> Connection:
        """Connect and begin; while a server is starting again, wait for it."""
        until = time.monotonic() + self.dialect.patience_s
        while True:
            try:
                with self._plainly():
                    return self._begin_on(connect(), is_writing=is_writing, is_alone=is_alone)
            except StoreLostError:
                if time.monotonic() > until:
                    raise
            time.sleep(RETRY_S)

    def _begin_on(self, connection: Connection, *, is_writing: bool, is_alone: bool) -> Connection:
        try:
            self.dialect.begin(connection, is_writing=is_writing, is_alone=is_alone)
        except BaseException:
            self.dialect.roll_back(connection)
            connection.close()
            raise
        return connection

    @contextmanager
    def _plainly(self) -> Generator[None]:
        """Turn errors of the driver that are the store's into ours; faults of our own stay as they are."""
        try:
            yield
        except StoreError:
            raise
        except self._errors as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if isinstance(cause, Exception) and (known := self.dialect.error(cause)):
                raise known from error
            raise


KEY = "database"
EXPECTED = "expected sqlite:///FILE or postgresql://HOST/NAME"
