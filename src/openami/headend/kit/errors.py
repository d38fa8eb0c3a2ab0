"""What can go wrong with the store itself; all of it is worth another try later."""

import sqlite3
from pathlib import Path

from openami.core.errors import AmiError


class StoreError(AmiError):
    """The database could not do what it was asked to."""


class StoreFullError(StoreError):
    """No room for more rows: disk, quota or page limit."""


class StoreBusyError(StoreError):
    """Another process held the database for longer than we wait."""


class UnknownMeterError(AmiError):
    """No meter of that serial number is registered."""

    def __init__(self, serial: str) -> None:
        super().__init__(f"meter {serial} is not registered")
        self.serial = serial


SENTENCES: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_FULL: (StoreFullError, "there is no room left for {}; readings wait until there is"),
    sqlite3.SQLITE_BUSY: (StoreBusyError, "another process keeps {} busy"),
    sqlite3.SQLITE_IOERR: (StoreFullError, "the disk under {} takes no more; readings wait until it does"),
    sqlite3.SQLITE_READONLY: (StoreError, "{} may not be written to"),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "{} cannot be opened"),
    sqlite3.SQLITE_NOTADB: (StoreError, "{} is not a database of OpenAMI"),
    sqlite3.SQLITE_CORRUPT: (StoreError, "{} is damaged; restore it from its backup"),
}


def store_error(error: sqlite3.Error, path: Path) -> StoreError | None:
    """Find the error of the store behind one of the driver; None when it is a fault of our own."""
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(code, int) or code & 0xFF not in SENTENCES:
        return None
    kind, sentence = SENTENCES[code & 0xFF]
    return kind(sentence.format(path))
