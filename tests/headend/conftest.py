"""A database with a few meters and their series, on both kinds of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headend import stores
from headend.fake_meters import ZONE, serial_of
from openami.headend.curves.repository import Series, ensure_series
from openami.headend.kit.database import Database
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import model

METER = (
    "INSERT INTO meter (id, serial, product, state, address, port, system_title, node, zone, added)"
    " VALUES (?, ?, 'compactiq', 'installed', '127.0.0.1', 4059, '', 1, ?, 0)"
)


@pytest.fixture(scope="session")
def server() -> Iterator[stores.Server]:
    """A PostgreSQL server, with a template that has all tables."""
    with stores.running() as started:
        started.add_template()
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[stores.Place]:
    """Where the test keeps its data: once in a file, once in PostgreSQL."""
    kind: str = request.param
    made = stores.FILE if kind == "sqlite" else stores.Place(kind, request.getfixturevalue("server"))
    monkeypatch.setattr(stores, "current", made)
    yield made
    if made.server is not None:
        made.server.drop_all()


@pytest.fixture
def database(place: stores.Place, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables."""
    made = place.database(tmp_path, wait_s=5.0)
    yield made
    made.close()


@pytest.fixture
def layout() -> Layout:
    """The capture list of the load profile."""
    return Layout.of(model("compactiq").main_profile, ZONE)


@pytest.fixture
def series(database: Database, layout: Layout) -> dict[int, Series]:
    """Series of three meters in one node."""
    with database.write() as unit:
        unit.run("INSERT INTO node (name) VALUES ('neighbourhood')")
        unit.run_many(METER, [(index + 1, serial_of(index), ZONE) for index in range(3)])
        name = model("compactiq").main_profile.logical_name
        return ensure_series(unit, [1, 2, 3], name, layout, is_rolled_up=True)
