"""What a kind of database is to the unit of work: how it begins, how it says things, what its errors mean.

Features write one SQL for both: parameters as `?` (or `:name` with a mapping), upserts as `ON CONFLICT`, and
PostgreSQL's word where the two differ, as far as `WORDS` puts it into SQLite's.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection, Engine

from openami.headend.kit.errors import StoreError

NOW = "unix_now()"
"""The database's own clock, epoch seconds: leases and back-off follow it, wherever a worker runs."""

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = int | str
Parameters: TypeAlias = Sequence[object] | Mapping[str, object]
LETTERS = "abcdefgh"
"""Names of the columns of `{rows}`, beside `place`, which counts them."""


class Dialect(Protocol):
    """One database of one kind."""

    kind: str
    """`sqlite` or `postgresql`."""
    name: str
    """What it is called in messages: without any password."""
    url: str
    """How to open it; it may hold a password."""
    patience_s: float
    """How long a unit of work waits for a server that is just starting again."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Exceptions of the driver."""
        ...

    def open(self) -> Engine:
        """Make the engine, with its pool of connections."""
        ...

    def begin(self, connection: Connection, *, is_writing: bool, is_alone: bool) -> None:
        """Begin a transaction."""
        ...

    def commit(self, connection: Connection) -> None:
        """Keep what was done."""
        ...

    def roll_back(self, connection: Connection) -> None:
        """Undo what is not kept, if there is anything and anybody to tell."""
        ...

    def rows(self, connection: Connection, sql: str, parameters: Parameters) -> list[Row]:
        """Run a statement; its rows, none where it gives none."""
        ...

    def rows_in(self, connection: Connection, sql: str, keys: list[Key], parameters: Parameters) -> list[Row]:
        """Run a statement with `IN {keys}`."""
        ...

    def rows_of(
        self, connection: Connection, sql: str, columns: Sequence[Sequence[Key]], parameters: Parameters
    ) -> list[Row]:
        """Run a statement with `FROM {rows}`, given by columns."""
        ...

    def run(self, connection: Connection, sql: str, parameters: Parameters) -> int:
        """Run a statement; rows it touched."""
        ...

    def run_many(self, connection: Connection, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement for each row of parameters; rows touched."""
        ...

    def error(self, error: Exception) -> StoreError | None:
        """Find the error of the store behind one of the driver; None when it is a fault of our own."""
        ...
