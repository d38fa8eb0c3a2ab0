"""The store of interval data in PostgreSQL: our blocks beside plain rows in the same server, in the same call."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from harness import Row
from numpy.typing import NDArray
from store_data import FIRST_DAY, LAYOUT, PROFILE, ROWS, ZONE, Fleet

from openami.headend.curves.blocks import split_days, write_blocks
from openami.headend.curves.energy import energy
from openami.headend.curves.intake import Arrival, store
from openami.headend.curves.repository import ensure_series, keep_hot, rows_between, series_of
from openami.headend.curves.rows import Rows
from openami.headend.curves.seal import seal_due
from openami.headend.curves.service import energies
from openami.headend.kit.copying import copy
from openami.headend.kit.database import Database
from openami.headend.kit.zone import zone

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

METERS = 12_000
DAYS = 30
PEER = "plain rows, same PostgreSQL"
OPTIONS = "-c max_connections=50 -c shared_buffers=1GB -c wal_compression=on -c max_wal_size=4GB"
PLAIN = """
    CREATE TABLE plain (series INTEGER, at BIGINT, import BIGINT, export BIGINT, status INTEGER, quality INTEGER,
        PRIMARY KEY (series, at))
"""
METER = (
    "INSERT INTO meter (id, serial, product, state, address, port, system_title, node, zone, added)"
    " VALUES (?, ?, 'compactiq', 'in use', '127.0.0.1', 4059, '', 1, ?, 0)"
)
MONTH_OF_PLAIN = "SELECT at, import, export, status, quality FROM plain WHERE series = ? AND at >= ? AND at < ?"
BILLING_OF_PLAIN = "SELECT series, max(import) - min(import), max(export) - min(export) FROM plain GROUP BY series"


@contextmanager
def opened() -> Iterator[Database]:
    """A PostgreSQL with all tables and as many meters, their series numbered like them."""
    from headend.stores import running

    with running(OPTIONS, is_in_memory=False) as server:
        server.order("CREATE DATABASE bench")
        database = Database.at(server.url("bench"))
        database.create()
        with database.write() as unit:
            unit.run("INSERT INTO node (id, name) VALUES (1, 'n')")
            unit.run_many(METER, [(number, f"S{number:09d}", ZONE) for number in range(1, METERS + 1)])
            ensure_series(unit, range(1, METERS + 1), PROFILE.logical_name, LAYOUT, is_rolled_up=True)
            unit.run(PLAIN)
        try:
            yield database
        finally:
            database.close()


def load(database: Database, rows: Rows) -> float:
    """Write a day of all meters as blocks: energy, summaries, compression, COPY, commit. -> seconds."""
    began = perf_counter()
    days = split_days(LAYOUT, rows, zone(ZONE).days(rows.at))
    with database.write() as unit:
        amounts = energy(LAYOUT, rows)
        write_blocks(unit, LAYOUT, rows, days, amounts=amounts, number=1, version=np.ones(len(days.first), np.int64))
    return perf_counter() - began


def load_plain(database: Database, rows: Rows) -> float:
    """Write the same rows one by one, by the same COPY. -> seconds."""
    began = perf_counter()
    imports, exports = (rows.values[name].astype(np.int64) for name in LAYOUT.energy if name)
    columns = {
        "series": rows.series.astype(np.int32), "at": rows.at, "import": imports, "export": exports,
        "status": rows.values[LAYOUT.status].astype(np.int32), "quality": rows.quality.astype(np.int32),
    }  # fmt: skip
    with database.write() as unit:
        copy(unit, "plain", columns)
    return perf_counter() - began


def rows_of_store() -> Iterator[Row]:
    """All figures of the store."""
    fleet = Fleet(METERS)
    count = METERS * ROWS
    with opened() as database:
        with database.read() as unit:
            ids = np.array([row[0] for row in unit.rows("SELECT id FROM series ORDER BY id")])
        ours, theirs = [], []
        for number in range(DAYS):
            rows = fleet.day(FIRST_DAY + number, ids)
            ours.append(count / load(database, rows))
            theirs.append(count / load_plain(database, rows))
        vacuum(database)
        yield more("store.load", median(ours), 3e6, median(theirs), "energy, summary, codec, COPY, commit")
        sizes = [size(database, table) / (count * DAYS) for table in ("block", "plain")]
        yield Row(
            "store.bytes", sizes[0], "B/row", 5.0, PEER, sizes[1], note=f"{METERS} meters, {DAYS} days, indexes too"
        )
        yield from reading(database, ids)
        yield from pushed(database, fleet, ids)


def reading(database: Database, ids: NDArray[np.int64]) -> Iterator[Row]:
    """One meter one month; the energy of all meters."""
    begins = zone(ZONE).bounds(FIRST_DAY)[0]
    ends = begins + DAYS * 86_400
    with database.read() as unit:
        states = series_of(unit, ids[:: METERS // 50].tolist())
        ours = [timed(lambda s=state: rows_between(unit, s, begins, ends)) for state in states.values()]
        theirs = [timed(lambda n=n: np.array(unit.rows(MONTH_OF_PLAIN, (n, begins, ends)))) for n in states]
        yield Row("store.month", 1e3 * median(ours), "ms", 1.0, PEER, 1e3 * median(theirs), note=f"{DAYS * ROWS} rows")
        assert len(rows_between(unit, states[int(ids[0])], begins, ends)) == DAYS * ROWS
        bill = [timed(lambda: energies(unit, FIRST_DAY, FIRST_DAY + DAYS - 1)) for _ in range(7)]
        plain = [timed(lambda: unit.rows(BILLING_OF_PLAIN)) for _ in range(3)]
        assert len(energies(unit, FIRST_DAY, FIRST_DAY + DAYS - 1)) == METERS
        yield Row("store.billing", 1e3 * median(bill), "ms", 70.0, PEER, 1e3 * median(plain), note=f"{METERS} meters")


def pushed(database: Database, fleet: Fleet, ids: NDArray[np.int64]) -> Iterator[Row]:
    """Hourly pushes of five rows, the first of them known already; then the day is sealed."""
    day = FIRST_DAY + DAYS
    rows = fleet.day(day, ids)
    place = np.arange(len(rows)) % ROWS
    upserts: list[float] = []
    whole: list[float] = []
    for hour in range(24):
        part = rows.take((place >= max(0, 4 * hour - 1)) & (place < 4 * hour + 4))
        if hour % 8 == 6:
            whole.append(len(part) / timed(lambda part=part: take_in(database, part)))
        else:
            upserts.append(len(part) / timed(lambda part=part: upsert(database, part, day)))
    note = f"COPY aside, upsert, commit; merged with what is known and rolled up: {median(whole):,.0f} rows/s"
    yield more("store.ingest", median(upserts), 300_000, None, note)
    with database.write() as unit:
        hot = unit.value("SELECT count(*) FROM hot")
    seconds = timed(lambda: seal(database, day))
    yield more("store.seal", hot / seconds, 500_000, None, f"{hot} hot rows read, sealed, deleted")


def upsert(database: Database, rows: Rows, day: int) -> None:
    """Put pushed rows among the hot ones."""
    with database.write() as unit:
        keep_hot(unit, rows, np.full(len(rows), day))


def take_in(database: Database, rows: Rows) -> None:
    """The whole intake: what is known is looked up, compared and summed."""
    first = np.flatnonzero(np.diff(rows.series, prepend=-1))
    bounds = np.append(first, len(rows)).tolist()
    arrivals = [
        Arrival(int(rows.series[start]), rows.at[start:end], rows.values[start:end]) for start, end in pairwise(bounds)
    ]
    with database.write() as unit:
        store(unit, arrivals)


def seal(database: Database, day: int) -> None:
    """Seal the day in the portions in which a worker does it."""
    sealed = 1
    while sealed:
        with database.write() as unit:
            sealed = seal_due(unit, day + 9, 3)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = perf_counter()
    work()
    return perf_counter() - began


def more(name: str, value: float, goal: float, peer: float | None, note: str) -> Row:
    """A figure of which more is better."""
    return Row(name, value, "rows/s", goal, PEER if peer else None, peer, higher_is_better=True, note=note)


def size(database: Database, table: str) -> int:
    """Octets of a table with its indexes."""
    with database.read() as unit:
        return int(unit.value("SELECT pg_total_relation_size(?)", (table,)))


def vacuum(database: Database) -> None:
    """What autovacuum does in time: figures of the planner, pages that all may see."""
    from openami.headend.kit.postgresql import driver_of

    with database._engine.connect() as connection:
        driver_of(connection).execute(b"VACUUM ANALYZE block, plain")
