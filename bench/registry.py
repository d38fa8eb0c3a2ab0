"""Pages and REST of a head-end with a million meters in its registry, and 30 days of blocks for 12,000 of them.

PostgreSQL, one process that serves, one that asks, one request after another; p95 of each kind of address, and the
worst kind counts.
"""

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx
import numpy as np
from harness import Row
from store import load
from store_data import FIRST_DAY, LAYOUT, PROFILE, ZONE, Fleet

from openami.headend.curves.repository import ensure_series
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

METERS, WITH_BLOCKS, DAYS = 1_000_000, 12_000, 30
SUBSTATIONS, FEEDERS, TRANSFORMERS, PHASES = 20, 10, 25, 3
ASKED = 40
"""Requests of each kind."""
GOAL_MS = 200.0
OPTIONS = "-c max_connections=50 -c shared_buffers=1GB -c wal_compression=on -c max_wal_size=4GB"
MANY = """
    INSERT INTO meter (serial, product, state, address, port, system_title, node, place, zone, added, last_read, area)
    WITH RECURSIVE many (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM many WHERE i < ?)
    SELECT 'S' || CAST(1000000000 + i AS TEXT), CASE WHEN i % 100 = 7 THEN 'c3a1h' ELSE 'compactiq' END,
           CASE WHEN i % 1000 = 3 THEN 'suspended' ELSE 'in use' END, '10.0.0.1', 4059, '', n.id, n.path, 'UTC', 0,
           1767225600, CASE WHEN i % 2000 = 11 THEN '/small/' ELSE '/a' || CAST(i % 9 AS TEXT) || '/' END
    FROM many JOIN node n ON n.id = ? + i % ?
"""


def nodes() -> Iterator[tuple[int, str, str, int | None, str]]:
    """Rows of the tree: number, name, level, parent, path; phases last, in one run of numbers."""
    levels = (("substation", SUBSTATIONS), ("feeder", FEEDERS), ("transformer", TRANSFORMERS), ("phase", PHASES))
    above: list[tuple[int | None, str, str]] = [(None, "/", "N")]
    number = 0
    for level, many in levels:
        here: list[tuple[int | None, str, str]] = []
        for parent, path, name in above:
            for each in range(many):
                number += 1
                here.append((number, f"{path}{number}/", f"{name}.{each}"))
                yield number, f"{name}.{each}", level, parent, f"{path}{number}/"
        above = here


def fill(database: Database) -> None:
    """Make the network, the meters, a group, and blocks of some of them."""
    tree = list(nodes())
    phases = SUBSTATIONS * FEEDERS * TRANSFORMERS * PHASES
    with database.write() as unit:
        unit.run_many("INSERT INTO node (id, name, level, parent, path) VALUES (?, ?, ?, ?, ?)", tree)
        unit.run(MANY, (METERS, len(tree) - phases + 1, phases))
        unit.run("INSERT INTO meter_group (id, name, title, area) VALUES (1, 'g', '', '/')")
        unit.run(
            "INSERT INTO group_member (meter_group, serial, meter) SELECT 1, serial, id FROM meter WHERE id % 10 = 0"
        )
        ensure_series(unit, range(1, WITH_BLOCKS + 1), PROFILE.logical_name, LAYOUT, is_rolled_up=True)
    fleet = Fleet(WITH_BLOCKS)
    with database.read() as unit:
        ids = np.array([row[0] for row in unit.rows("SELECT id FROM series ORDER BY id")])
    for day in range(DAYS):
        load(database, fleet.day(FIRST_DAY + day, ids))
    analyse(database)


def analyse(database: Database) -> None:
    """What autovacuum does in time."""
    from openami.headend.kit.postgresql import driver_of

    with database._engine.connect() as connection:
        driver_of(connection).execute(b"VACUUM ANALYZE")


@contextmanager
def serving(database: Database, folder: Path) -> Iterator[str]:
    """Pages and REST over a socket."""
    import uvicorn

    from headend.fake_meters import ManualClock
    from openami.headend.app import create

    settings = Settings.model_validate({"data": folder, "database_url": database.url, "zone": ZONE})
    app = create(settings, ManualClock((FIRST_DAY + DAYS) * 86_400), None, database=database)
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([opened])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{opened.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


def addresses(rng: np.random.Generator) -> dict[str, dict[str, list[str]]]:
    """What is asked: rest and page -> kind -> addresses."""

    def serials(most: int) -> list[str]:
        return [f"S{1_000_000_000 + number}" for number in rng.integers(1, most, ASKED).tolist()]

    def branches(depth: int) -> list[str]:
        sizes = (SUBSTATIONS, FEEDERS, TRANSFORMERS, PHASES)[:depth]
        return [".".join(["N", *(str(rng.integers(size)) for size in sizes)]) for _ in range(ASKED)]

    anywhere, read = serials(METERS), serials(WITH_BLOCKS)
    lists = {
        "prefix": [f"prefix={serial[:-3]}" for serial in anywhere], "after": [f"after={each}" for each in anywhere],
        "rare state": [f"state=suspended&after={each}" for each in anywhere],
        "model": [f"product=c3a1h&after={each}" for each in anywhere],
        "area": [f"area=/small/&after={each}" for each in anywhere],
        "area and model": [f"area=/small/&product=c3a1h&after={each}" for each in anywhere],
        "substation": [f"node={each}" for each in branches(1)], "phase": [f"node={each}" for each in branches(4)],
        "group": [f"group=g&after={each}" for each in anywhere],
    }  # fmt: skip
    start, end = ("2026-01-20", "2026-01-27")
    rest = {kind: [f"/api/meters?{asked}" for asked in each] for kind, each in lists.items()} | {
        "meter": [f"/api/meters/{each}/place" for each in anywhere],
        "tree": [f"/api/network?parent={each}" for each in branches(2)],
        "curve": [f"/api/meters/{each}/curve?start={start}&end={end}" for each in read],
    }
    page = {
        "meters": [f"/meters?after={each}" for each in anywhere],
        "found": [f"/meters?q={each[:-3]}" for each in anywhere],
        "state": [f"/meters?state=suspended&after={each}" for each in anywhere],
        "node": [f"/meters?node={each}" for each in branches(3)],
        "network": [f"/network?node={each}" for each in branches(2)], "meter": [f"/meters/{each}" for each in read],
    }  # fmt: skip
    return {"rest": rest, "page": page, "overview": {"overview": ["/"] * ASKED}}


def p95(client: httpx.Client, asked: list[str]) -> float:
    """Milliseconds that 95 of 100 answers stay below."""
    client.get(asked[0]).raise_for_status()
    times: list[float] = []
    for address in asked:
        began = perf_counter()
        client.get(address).raise_for_status()
        times.append(1e3 * (perf_counter() - began))
    return float(np.quantile(times, 0.95))


def rows_of_registry() -> Iterator[Row]:
    """The worst kind of address over REST, and among pages."""
    from headend.stores import running

    with running(OPTIONS, is_in_memory=False) as server, TemporaryDirectory() as folder:
        server.order("CREATE DATABASE bench")
        database = Database.at(server.url("bench"))
        try:
            database.create()
            fill(database)
            with serving(database, Path(folder)) as url, httpx.Client(base_url=url, timeout=60) as client:
                for name, kinds in addresses(np.random.default_rng(6)).items():
                    found = {kind: p95(client, asked) for kind, asked in kinds.items()}
                    worst = max(found, key=lambda kind: found[kind])
                    note = ", ".join(f"{kind} {value:.0f}" for kind, value in found.items())
                    yield Row(
                        f"registry.{name}", found[worst], "ms", GOAL_MS,
                        note=f"p95 of the slowest kind, {worst}; {METERS:,} meters; all: {note}",
                    )  # fmt: skip
        finally:
            database.close()
