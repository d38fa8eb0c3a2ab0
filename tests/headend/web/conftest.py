"""Head-ends with data in them."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from headend import stores
from headend.fake_meters import ManualClock
from headend.web.seed import NOW, scenario, seed
from openami.headend.app import rest
from openami.headend.collection.tables import open_database
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings


@dataclass
class Seeded:
    """A head-end of a hundred meters; nobody changes it."""

    folder: Path
    settings: Settings
    database: Database


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    folder = tmp_path_factory.mktemp("seeded")
    settings = seed(folder)
    database = open_database(settings)
    yield Seeded(folder, settings, database)
    database.close()


@pytest.fixture(scope="session")
def seeded_on_postgresql(tmp_path_factory: pytest.TempPathFactory, server: stores.Server) -> Iterator[Seeded]:
    folder = tmp_path_factory.mktemp("seeded-postgresql")
    settings = seed(folder, url=server.database(stores.TEMPLATE))
    server.made.pop()  # it stays for all tests
    database = open_database(settings)
    yield Seeded(folder, settings, database)
    database.close()


@pytest.fixture(params=["seeded", "seeded_on_postgresql"])
def either(request: pytest.FixtureRequest) -> Seeded:
    """The same head-end on one kind of database, then on the other."""
    found: Seeded = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def api(either: Seeded) -> AsyncIterator[httpx.AsyncClient]:
    """The REST interface, without a server; on both kinds of database."""
    async with client(either.settings, either.database) as opened:
        yield opened


@contextlib.asynccontextmanager
async def client(
    settings: Settings, database: Database, clock: ManualClock | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    app = rest(settings, clock or ManualClock(NOW, speed=60.0), database)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as opened:
        yield opened


@dataclass
class Service:
    """`openami headend serve` as a process of its own."""

    process: "subprocess.Popen[str]"
    url: str
    settings: Settings
    clock: Path


@contextlib.contextmanager
def serving(settings: Settings, clock: Path, *arguments: str) -> Iterator[Service]:
    command = [sys.executable, "-m", "openami", "headend", "serve", "--data", str(settings.data), "--clock", str(clock)]
    command += ["--progress-json", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        ready = json.loads(line)
        assert ready["event"] == "ready"
        yield Service(process, ready["url"].rstrip("/"), settings, clock)
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def service(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Pages over the seeded head-end; the scenario runs at 60×."""
    with serving(seeded.settings, scenario(tmp_path_factory.mktemp("clock")), "--no-collect") as opened:
        yield opened


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a real browser."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed")
    return found
