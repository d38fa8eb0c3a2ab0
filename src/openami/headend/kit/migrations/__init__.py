"""How a database of an earlier version becomes one of this version: Alembic, from where it stands.

A table that is new needs no revision: what is missing is made from the metadata at the end. A revision changes
tables that have been shipped, and leaves alone what is not there yet. Files of the time before Alembic tell their
version by SQLite's `user_version`, which now only warns programs of that time off.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from openami.core.errors import DefinitionError

NUMBERED = {1: "0001", 2: "0002"}
"""Revisions of files that only have a number."""
BEYOND = 3
"""Number of files that have a revision: programs that look at numbers refuse them."""


def config(connection: Connection | None = None, metadata: MetaData | None = None) -> Config:
    """Alembic's settings: the revisions lie beside this file, the connection is the caller's."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes.update(connection=connection, metadata=metadata)
    return made


def revisions() -> list[str]:
    """Every revision, oldest first."""
    scripts = ScriptDirectory.from_config(config())
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def current(connection: Connection) -> str | None:
    """Revision of a database; None when it is empty."""
    if found := MigrationContext.configure(connection).get_current_revision():
        return found
    number = connection.execute(text("PRAGMA user_version")).scalar() if is_sqlite(connection) else 0
    return NUMBERED.get(number or 0, str(number)) if number else None


def bring_up(connection: Connection, metadata: MetaData, name: str, *, may_upgrade: bool = True) -> str:
    """Make, or bring up, the tables inside the transaction of the caller. -> revision that it was at, or "".

    Raises `DefinitionError` where a newer OpenAMI wrote it, or it is older and `may_upgrade` is not given.
    """
    known, found = revisions(), current(connection)
    if found is not None and found not in known:
        message = f"written by a newer OpenAMI (schema {found}, this one knows {known[-1]})"
        raise DefinitionError(message, file=name)
    if found is not None and found != known[-1]:
        if not may_upgrade:
            raise DefinitionError(f"schema {found} is older than {known[-1]}: run openami headend migrate", file=name)
        made = config(connection, metadata)
        if found in NUMBERED.values() and "alembic_version" not in inspect(connection).get_table_names():
            command.stamp(made, found)
        command.upgrade(made, "head")
    metadata.create_all(connection)
    if found is None:
        command.stamp(config(connection, metadata), "head")
    if is_sqlite(connection):
        connection.execute(text(f"PRAGMA user_version = {BEYOND}"))
    return found or ""


def is_sqlite(connection: Connection) -> bool:
    """Whether this is a file."""
    return connection.dialect.name == "sqlite"
