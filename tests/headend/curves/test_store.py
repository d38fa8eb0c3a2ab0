"""The store against a dictionary: whatever comes in whatever order, rows, sums and summaries are the same."""

import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headend import stores
from headend.conftest import METER
from headend.fake_meters import ZONE, serial_of
from openami.headend.curves import service
from openami.headend.curves.intake import Arrival, store
from openami.headend.curves.repository import block_rows, ensure_series, rows_between, series_of
from openami.headend.curves.rows import Quality
from openami.headend.curves.seal import seal_due
from openami.headend.kit.database import Database
from openami.headend.kit.zone import day_number, zone
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import model

PROFILE = model("compactiq").main_profile
LAYOUT = Layout.of(PROFILE, ZONE)
LOCAL = zone(ZONE)
IMPORT, EXPORT = "1.0.1.8.0.255", "1.0.2.8.0.255"
SPRING = day_number(date(2026, 3, 28))
AUTUMN = day_number(date(2026, 10, 24))
QUARTER = 900


def records(imports: list[int], status: int = 0) -> np.ndarray:
    made = np.zeros(len(imports), LAYOUT.dtype)
    made[IMPORT] = imports
    made[EXPORT] = np.array(imports) // 2
    made["0.0.96.10.2.255"] = status
    return made


@dataclass
class Truth:
    """What must be there: series -> start -> (import register, quality)."""

    rows: dict[int, dict[int, tuple[int, Quality]]] = field(default_factory=dict)

    def take(self, series: int, starts: list[int], imports: list[int], quality: Quality) -> None:
        if not starts:
            return
        known = self.rows.setdefault(series, {})
        for start, value in zip(starts, imports, strict=True):
            if start in known and known[start][1] is Quality.MANUAL and quality is Quality.RAW:
                continue
            known[start] = (value, quality)

    def energy(self, series: int, start: int) -> int | None:
        known = self.rows.get(series, {})
        if start not in known or start - QUARTER not in known:
            return None
        moved = known[start][0] - known[start - QUARTER][0]
        return moved if moved >= 0 else None


def check(database: Database, truth: Truth) -> None:
    """Rows, energies, sums per node and summaries of blocks against the truth."""
    sums: dict[int, tuple[int, int]] = {}
    with database.read() as unit:
        for series, known in truth.rows.items():
            state = series_of(unit, [series])[series]
            begin, end = min(known) - QUARTER, max(known) + QUARTER
            rows = rows_between(unit, state, begin, end)
            assert dict(zip(rows.at.tolist(), rows.values[IMPORT].tolist(), strict=True)) == {
                start: value for start, (value, _) in sorted(known.items())
            }
            assert rows.quality.tolist() == [int(known[start][1]) for start in rows.at.tolist()]
            assert state.last_at == max(known)
            assert unit.value("SELECT stored FROM series WHERE id = ?", (series,)) == len(known)
            for start in known:
                if (moved := truth.energy(series, start)) is not None:
                    n, total = sums.get(start, (0, 0))
                    sums[start] = n + 1, total + moved
            curve = service.curve(unit, serial_of(state.meter - 1), begin, end)
            assert curve.starts.tolist() == rows.at.tolist()
            energies = [truth.energy(series, start) for start in curve.starts.tolist()]
            assert [e if k else None for e, k in zip(curve.imported.tolist(), curve.is_known.tolist(), strict=True)] \
                == energies  # fmt: skip
        found = service.neighbourhood(unit, 0, 2**33)
        assert dict(zip(found.starts.tolist(), zip(found.meters.tolist(), found.imported.tolist(), strict=True),
                        strict=True)) == sums  # fmt: skip


def check_blocks(database: Database, truth: Truth) -> None:
    """Once all is sealed: every row in a block, and summaries that need no opening."""
    with database.read() as unit:
        assert unit.rows("SELECT * FROM hot") == []
        assert unit.rows("SELECT * FROM edited") == []
        for series, day, n, missing, first, last, total, most, flags in unit.rows(
            "SELECT series, day, n, missing, import_first, import_last, import_sum, import_max, flags FROM block"
        ):
            known = {s: v for s, (v, _) in truth.rows[series].items() if LOCAL.day(s) == day}
            ((_, rows),) = block_rows(unit, LAYOUT, [(series, day)])
            assert dict(zip(rows.at.tolist(), rows.values[IMPORT].tolist(), strict=True)) == known
            energies = [truth.energy(series, start) or 0 for start in known]
            begins, ends = LOCAL.bounds(day)
            assert (n, missing) == (len(known), (ends - begins) // QUARTER - len(known))
            assert (first, last) == (known[min(known)], known[max(known)])
            assert (total, most, flags) == (sum(energies), max(energies), 0)
        days = {(series, LOCAL.day(start)) for series, known in truth.rows.items() for start in known}
        assert days == set(unit.rows("SELECT series, day FROM block"))


def installed(place: stores.Place, folder: str) -> tuple[Database, list[int]]:
    database = place.database(Path(folder))
    with database.write() as unit:
        unit.run("INSERT INTO node (id, name) VALUES (1, 'neighbourhood')")
        unit.run_many(METER, [(index + 1, serial_of(index), ZONE) for index in range(2)])
        found = ensure_series(unit, [1, 2], PROFILE.logical_name, LAYOUT, is_rolled_up=True)
    return database, [found[1].id, found[2].id]


chunk = st.tuples(
    st.integers(0, 1),  # series
    st.one_of(st.sampled_from([0, 96, 188, 196]), st.integers(0, 300)),  # first quarter
    st.one_of(st.sampled_from([96, 92, 100, 192]), st.integers(1, 130)),  # length
    st.sets(st.integers(0, 129), max_size=2),  # rows left out
    st.sampled_from([0, 0, 0, 7]),  # values moved by so much: an edit or a repeat that differs
    st.sampled_from([Quality.RAW, Quality.RAW, Quality.RAW, Quality.MANUAL]),
)
step = st.one_of(
    st.lists(chunk, min_size=1, max_size=3),
    st.integers(0, 6),  # seal when it is so many days later
)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
@settings(max_examples=60)
@given(day=st.sampled_from([SPRING, AUTUMN]), steps=st.lists(step, min_size=1, max_size=8))
def test_whatever_comes_in_whatever_order_the_store_holds_the_truth(
    server: stores.Server, kind: str, day: int, steps: list[object]
) -> None:
    place = stores.FILE if kind == "sqlite" else stores.Place(kind, server)
    truth = Truth()
    origin = LOCAL.bounds(day)[0]
    with tempfile.TemporaryDirectory() as folder:
        database, numbers = installed(place, folder)
        for one in steps:
            with database.write() as unit:
                if isinstance(one, int):
                    seal_due(unit, day + one, 2)
                    continue
                arrivals = []
                for series, first, length, left_out, moved, quality in one:
                    quarters = [first + i for i in range(length) if i not in left_out]
                    starts = [origin + q * QUARTER for q in quarters]
                    imports = [10_000 + q * (3 + series) + (q % 7) + moved for q in quarters]
                    arrivals.append(Arrival(numbers[series], np.array(starts, np.int64), records(imports), quality))
                    truth.take(numbers[series], starts, imports, quality)
                store(unit, arrivals)
            check(database, truth)
        with database.write() as unit:
            seal_due(unit, day + 100, 0)
        if truth.rows:
            check(database, truth)
            check_blocks(database, truth)
        database.close()


@pytest.mark.parametrize(("day", "rows"), [(SPRING, 96), (SPRING + 1, 92), (AUTUMN + 1, 100), (AUTUMN + 2, 96)])
def test_a_read_that_completes_a_closed_day_writes_its_block(
    database: Database, series: dict[int, object], day: int, rows: int
) -> None:
    begins, ends = LOCAL.bounds(day)
    starts = np.arange(begins, ends, QUARTER)
    number = series[1].id
    with database.write() as unit:
        stored = store(unit, [Arrival(number, starts, records(list(range(100, 100 + rows))), is_settled=True)])
        assert stored == {number: rows}
        assert unit.rows("SELECT n, missing, version, is_regular FROM block") == [(rows, 0, 1, 1)]
        assert unit.value("SELECT count(*) FROM hot") == 0
        assert store(unit, [Arrival(number, starts, records(list(range(100, 100 + rows))))]) == {}
        assert unit.value("SELECT count(*) FROM hot") == 0


def test_the_midnight_row_closes_the_day_before(database: Database, series: dict[int, object]) -> None:
    midnight = LOCAL.bounds(SPRING + 1)[0]
    with database.write() as unit:
        store(unit, [Arrival(series[1].id, np.array([midnight]) - QUARTER, records([5]))])
        assert unit.rows("SELECT day FROM hot") == [(SPRING,)]


def test_an_edit_overlays_the_block_and_the_next_seal_makes_one_new_version(
    database: Database, series: dict[int, object]
) -> None:
    begins, ends = LOCAL.bounds(SPRING)
    starts = np.arange(begins, ends, QUARTER)
    number = series[1].id
    with database.write() as unit:
        store(unit, [Arrival(number, starts, records(list(range(96))))])
    for value in (40, 41, 42):
        with database.write() as unit:
            store(unit, [Arrival(number, starts[50:51], records([value]), Quality.MANUAL)])
    with database.write() as unit:
        state = series_of(unit, [number])[number]
        assert rows_between(unit, state, begins, ends).values[IMPORT][50] == 42
        ((_, sealed),) = block_rows(unit, LAYOUT, [(number, SPRING)])
        assert sealed.values[IMPORT][50] == 50
        assert seal_due(unit, SPRING + 1, 3) == 1
        assert unit.rows("SELECT version, n FROM block") == [(2, 96)]
        assert unit.rows("SELECT old_version, version, n FROM block_old") == [(1, 1, 96)]
        ((_, sealed),) = block_rows(unit, LAYOUT, [(number, SPRING)])
        assert (sealed.values[IMPORT][50], sealed.quality[50]) == (42, Quality.MANUAL)
        store(unit, [Arrival(number, starts, records(list(range(96))))])
        assert unit.value("SELECT count(*) FROM hot") == 0  # what was read raw does not undo an edit


def test_an_incomplete_day_waits_then_is_sealed_with_what_is_missing(
    database: Database, series: dict[int, object]
) -> None:
    begins, _ = LOCAL.bounds(SPRING)
    starts = begins + np.array([0, 1, 2, 5, 6, 95]) * QUARTER
    number = series[1].id
    with database.write() as unit:
        store(unit, [Arrival(number, starts, records([1, 2, 3, 6, 7, 96]), is_settled=True)])
        assert seal_due(unit, SPRING + 1, 3) == 0
        assert seal_due(unit, SPRING + 3, 3) == 0
        assert seal_due(unit, SPRING + 4, 3) == 1
        assert unit.rows("SELECT n, missing, is_regular FROM block") == [(6, 90, 0)]
        state = series_of(unit, [number])[number]
        assert rows_between(unit, state, begins, begins + 86_400).at.tolist() == starts.tolist()


def test_rows_off_the_grid_are_kept_and_do_not_make_a_day_complete(
    database: Database, series: dict[int, object]
) -> None:
    begins, ends = LOCAL.bounds(SPRING)
    starts = np.sort(np.append(np.arange(begins, ends, QUARTER)[:-1], begins + 1234))
    number = series[1].id
    with database.write() as unit:
        store(unit, [Arrival(number, starts, records(list(range(96))))])
        assert unit.value("SELECT count(*) FROM block") == 0
        seal_due(unit, SPRING + 9, 3)
        assert unit.rows("SELECT n, missing FROM block") == [(96, 1)]
        state = series_of(unit, [number])[number]
        assert rows_between(unit, state, begins, ends).at.tolist() == starts.tolist()


def test_gaps_are_what_is_not_there(database: Database, series: dict[int, object]) -> None:
    begins, _ = LOCAL.bounds(SPRING)
    number = series[1].id

    def gaps(now: int, start: int = begins) -> list[tuple[int, int]]:
        with database.read() as unit:
            return service.gaps(unit, series_of(unit, [number])[number], start, now)

    def take(first: int, last: int, *, is_settled: bool) -> None:
        starts = begins + np.arange(first, last) * QUARTER
        with database.write() as unit:
            store(unit, [Arrival(number, starts, records(list(range(first, last))), is_settled=is_settled)])

    def at(quarter: int) -> int:
        return begins + quarter * QUARTER

    assert gaps(at(10) + 5) == [(at(0), at(10))]
    take(0, 4, is_settled=True)
    assert gaps(at(10)) == [(at(4), at(10))]
    take(6, 8, is_settled=False)  # pushed
    assert gaps(at(10)) == [(at(4), at(6)), (at(8), at(10))]
    take(4, 6, is_settled=False)
    assert gaps(at(10)) == [(at(8), at(10))]
    take(9, 12, is_settled=True)  # asked for from 8 on: what is not here the meter does not have
    assert gaps(at(12)) == []
    assert gaps(at(13)) == [(at(12), at(13))]
    take(20, 30, is_settled=False)
    assert gaps(at(40), at(35)) == [(at(35), at(40))]


def test_many_holes_are_asked_for_as_one(database: Database, series: dict[int, object]) -> None:
    begins, _ = LOCAL.bounds(SPRING)
    starts = begins + np.arange(0, 60, 3) * QUARTER
    with database.write() as unit:
        store(unit, [Arrival(series[1].id, starts, records(list(range(20))))])
        state = series_of(unit, [series[1].id])[series[1].id]
        assert service.gaps(unit, state, begins, begins + 60 * QUARTER) == [(begins + QUARTER, begins + 60 * QUARTER)]


def test_a_register_that_goes_back_gives_no_energy(database: Database, series: dict[int, object]) -> None:
    begins, _ = LOCAL.bounds(SPRING)
    starts = begins + np.arange(4) * QUARTER
    with database.write() as unit:
        store(unit, [Arrival(series[1].id, starts, records([1000, 1010, 3, 8]))])
        curve = service.curve(unit, serial_of(0), begins, begins + 3600)
    assert curve.is_known.tolist() == [False, True, False, True]
    assert curve.imported.tolist() == [0, 10, 0, 5]
    assert curve.power_w[1] == pytest.approx(20.0)  # 10 Wh in less 5 Wh out, in a quarter of an hour
    assert np.isnan(curve.power_w[2])


def test_another_capture_list_begins_another_series_and_the_curve_goes_on(
    database: Database, series: dict[int, object]
) -> None:
    begins, _ = LOCAL.bounds(SPRING)
    narrow = Layout(LAYOUT.columns[:3], QUARTER, ZONE)
    with database.write() as unit:
        other = ensure_series(unit, [1], PROFILE.logical_name, narrow, is_rolled_up=True)[1]
        assert other.id not in {one.id for one in series.values()}
        store(unit, [Arrival(series[1].id, begins + np.arange(3) * QUARTER, records([1, 2, 3]))])
        values = np.zeros(2, narrow.dtype)
        values[IMPORT] = [4, 6]
        store(unit, [Arrival(other.id, begins + np.array([3, 4]) * QUARTER, values)])
        curve = service.curve(unit, serial_of(0), begins, begins + 5 * QUARTER)
    assert curve.imported.tolist() == [0, 1, 1, 0, 2]
    assert list(curve.registers) == [IMPORT]


def test_coverage_counts_what_is_there(database: Database, series: dict[int, object]) -> None:
    begins, ends = LOCAL.bounds(SPRING)
    starts = np.arange(begins, ends, QUARTER)
    with database.write() as unit:
        store(unit, [Arrival(series[1].id, starts, records(list(range(96))))])
        store(unit, [Arrival(series[2].id, starts[:40], records(list(range(40))))])
    with database.read() as unit:
        full = service.coverage(unit, SPRING, ends + 50, ZONE)
        assert (full.meters, full.complete, full.intervals, full.expected) == (3, 1, 136, 288)
        early = service.coverage(unit, SPRING, begins + 40 * QUARTER, ZONE)
        assert (early.complete, early.intervals, early.expected) == (2, 80, 120)
        assert service.coverage(unit, SPRING + 5, begins, ZONE).rate == 1.0
