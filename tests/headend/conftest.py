"""A database with a few meters and their series."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headend.fake_meters import ZONE, serial_of
from openami.headend.collection.tables import METADATA
from openami.headend.curves.repository import Series, ensure_series
from openami.headend.kit.database import Database
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import model

METER = (
    "INSERT INTO meter (id, serial, product, state, address, port, system_title, node, zone, added)"
    " VALUES (?, ?, 'compactiq', 'installed', '127.0.0.1', 4059, '', 1, ?, 0)"
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables."""
    made = Database(tmp_path / "headend.db", wait_s=5.0)
    made.create(METADATA)
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
        unit.run("INSERT INTO node (id, name) VALUES (1, 'neighbourhood')")
        unit.run_many(METER, [(index + 1, serial_of(index), ZONE) for index in range(3)])
        name = model("compactiq").main_profile.logical_name
        return ensure_series(unit, [1, 2, 3], name, layout, is_rolled_up=True)
