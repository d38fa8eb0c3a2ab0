import asyncio
import contextlib
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from headend.fake_meters import QUARTER, ZONE, FakeReader, ManualClock, energy_wh, installation, serial_of, shipment
from openami.core.errors import SecurityError
from openami.headend.collection import service, work
from openami.headend.collection.clerk import Clerk
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import Progress, Worker, run
from openami.headend.curves import service as curves
from openami.headend.events import service as events
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database
from openami.headend.kit.errors import StoreFullError
from openami.headend.kit.settings import Settings
from openami.headend.kit.zone import zone
from openami.headend.registers import service as registers
from openami.headend.registry import service as registry
from openami.headend.registry.shipment import import_shipment

LOCAL = zone(ZONE)
DAY = 20_652
SINCE = LOCAL.bounds(DAY)[0]
NOW = LOCAL.bounds(DAY + 3)[0] + 10 * QUARTER + 30


def meters(folder: Path, count: int, now: float = NOW, **settings: object) -> tuple[Settings, ManualClock, FakeReader]:
    clock = ManualClock(now)
    return installation(folder, count, **settings), clock, FakeReader(clock, SINCE, count)


def opened(settings: Settings) -> Database:
    return open_database(settings.model_copy(update={"max_pages": None}))


def check_intervals(settings: Settings, reader: FakeReader, serial: str) -> None:
    """Every interval of the meter is stored once, and its energy is the meter's."""
    now = int(reader.clock.at)
    database = opened(settings)
    with database.read() as unit:
        curve = curves.curve(unit, serial, SINCE - 86_400, now)
    database.close()
    expected = np.arange(SINCE, now - now % QUARTER, QUARTER)
    assert curve.starts.tolist() == expected.tolist()
    assert curve.is_known.tolist() == [False] + [True] * (len(expected) - 1)
    assert curve.imported[1:].tolist() == energy_wh(serial, expected[1:] // QUARTER).tolist()


async def test_a_single_pass_reads_everything_of_every_meter(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 12)
    heard: list[Progress] = []
    outcome = await run(settings, clock, once=True, on_progress=heard.append, reader=reader)
    assert (outcome.meters, outcome.intervals, outcome.failures) == (12, 12 * 298, 0)
    assert (heard[-1].meters, heard[-1].total, heard[-1].intervals) == (12, 12, 12 * 298)
    for index in range(12):
        check_intervals(settings, reader, serial_of(index))
    database = opened(settings)
    with database.read() as unit:
        daily = registers.billing(unit, serial_of(3), "daily")
        assert [closing.at for closing in daily] == [LOCAL.bounds(DAY + n)[0] for n in (3, 2, 1, 0)]
        assert [event.code for event in events.of(unit, serial_of(3)).events] == [2]
        meter = registry.meter(unit, serial_of(3))
        assert (meter.last_read, meter.clock_offset_s, meter.reason) == (int(NOW), 2.0, None)
        (session,) = service.sessions(unit, serial_of(3))
        assert (session.rows, session.reason) == (298, None)
        assert service.read_rate(unit, DAY + 1, clock.at, ZONE).complete == 12
        overview = service.summary(unit, clock.at)
        assert (overview.due, overview.failing, overview.in_session, overview.intervals) == (0, 0, 0, 12 * 298)
        node = curves.neighbourhood(unit, SINCE, int(NOW))
        assert node.meters.tolist() == [12] * 297
        quarters = node.starts // QUARTER
        assert node.imported.tolist() == sum(energy_wh(serial_of(n), quarters) for n in range(12)).tolist()  # type: ignore[union-attr]
    database.close()


async def test_only_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 2)
    await run(settings, clock, once=True, reader=reader)
    reader.asked.clear()
    clock.at += 4 * QUARTER
    assert (await run(settings, clock, once=True, reader=reader)).intervals == 8
    stamps = NOW - NOW % QUARTER
    asked = {(name, first, last) for serial, name, first, last in reader.asked if serial == serial_of(0)}
    assert ("profile", stamps + QUARTER, stamps + 4 * QUARTER) in asked
    assert ("daily", LOCAL.bounds(DAY + 3)[0] + 1, int(clock.at)) in asked
    assert all(first >= SINCE for name, first, _ in asked if name in {"profile", "daily"})
    check_intervals(settings, reader, serial_of(1))


async def test_all_items_of_a_meter_share_one_association(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 3)
    await run(settings, clock, once=True, reader=reader)
    assert len(reader.counters) == 3
    assert len({name for serial, name, _, _ in reader.asked if serial == serial_of(0)}) == 7


async def test_what_the_meter_does_not_have_is_asked_for_once(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 1)
    lost = frozenset(SINCE + n * QUARTER for n in range(20, 40))
    reader.meters[serial_of(0)].lost = lost
    assert (await run(settings, clock, once=True, reader=reader)).intervals == 298 - 20
    reader.asked.clear()
    clock.at += QUARTER
    await run(settings, clock, once=True, reader=reader)
    (profile,) = [ask for ask in reader.asked if ask[1] == "profile"]
    assert profile[2:] == (NOW - NOW % QUARTER + QUARTER,) * 2


async def test_failures_give_a_reason_each_and_the_rest_goes_on(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 8, attempts=2, backoff_s=0.01)
    reader.unreachable.add(serial_of(1))
    reader.wrong_keys.add(serial_of(2))
    reader.gone_in_mid_block.add(serial_of(3))
    reader.refused_items.add((serial_of(4), "daily"))
    outcome = await run(settings, clock, once=True, reader=reader)
    assert (outcome.meters, outcome.failures) == (4, 4)
    check_intervals(settings, reader, serial_of(4))
    check_intervals(settings, reader, serial_of(5))
    database = opened(settings)
    with database.read() as unit:
        reasons = {index: registry.meter(unit, serial_of(index)).reason for index in range(8)}
        refused = {one.item: one.reason for one in service.open_items(unit, serial_of(4)) if one.reason}
        assert len(service.sessions(unit, serial_of(1))) == 2
        assert registry.meter(unit, serial_of(1)).last_contact is None
        assert registry.meter(unit, serial_of(3)).last_contact is not None
    database.close()
    assert "connection refused" in str(reasons[1])
    assert "check the keys" in str(reasons[2])
    assert "closed the connection" in str(reasons[3])
    assert list(refused) == ["daily"]
    assert [reasons[index] for index in (0, 5, 6, 7)] == [None] * 4


async def test_a_meter_that_never_answers_does_not_hold_the_others_up(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 3, session_s=0.2, attempts=1, concurrency=1)
    reader.delay_s = 0.0
    slow = serial_of(1)
    associate = reader.associate

    def late(target: object) -> object:
        reader.delay_s = 30.0 if target.serial == slow else 0.0  # type: ignore[attr-defined]
        return associate(target)  # type: ignore[arg-type]

    reader.associate = late  # type: ignore[method-assign, assignment]
    outcome = await run(settings, clock, once=True, reader=reader)
    assert (outcome.meters, outcome.failures) == (2, 1)


async def test_a_counter_that_is_behind_is_caught_up_with_once(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 2)
    reader.counter_ahead[serial_of(1)] = 54_321
    outcome = await run(settings, clock, once=True, reader=reader)
    assert (outcome.meters, outcome.failures) == (2, 0)
    assert [value for serial, value in reader.counters if serial == serial_of(1)] == [0, 54_322]


async def test_an_absurd_counter_is_not_believed(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 1, attempts=1)
    reader.counter_ahead[serial_of(0)] = 2**31
    assert (await run(settings, clock, once=True, reader=reader)).failures == 1
    assert len(reader.counters) == 1


async def test_counters_never_come_twice_over_restarts_and_workers(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 6, claim_meters=2)
    for _ in range(3):
        await asyncio.gather(*(run(settings, clock, once=True, reader=reader) for _ in range(2)))
        clock.at += QUARTER
    assert len(set(reader.counters)) == len(reader.counters)
    for index in range(6):
        own = [value for serial, value in reader.counters if serial == serial_of(index)]
        assert own == sorted(own)


async def test_two_workers_share_the_load_without_doubles(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 40, claim_meters=4, concurrency=4)
    reader.delay_s = 0.002
    database = opened(settings)
    workers = [Worker(settings, clock, database, reader, once=True) for _ in range(2)]
    summaries = await asyncio.gather(*(worker.run() for worker in workers))
    assert all(summary.failures == 0 and summary.meters > 3 for summary in summaries)
    assert sum(summary.intervals for summary in summaries) == 40 * 298
    with database.read() as unit:
        assert {row[0] for row in unit.rows("SELECT DISTINCT worker FROM session")} == {
            worker.clerk.name for worker in workers
        }
        assert unit.value("SELECT sum(n) FROM block") + unit.value("SELECT count(*) FROM hot") == 40 * 298
    database.close()
    check_intervals(settings, reader, serial_of(17))


async def wait_for(condition: object, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_on_schedule_it_reads_what_comes_due_and_stops_cleanly(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 5)
    heard: list[Progress] = []
    task = asyncio.create_task(run(settings, clock, on_progress=heard.append, reader=reader))
    await wait_for(lambda: heard and heard[-1].intervals == 5 * 298)
    clock.at += 3_600
    await wait_for(lambda: heard[-1].intervals == 5 * 302)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    database = opened(settings)
    with database.read() as unit:
        assert unit.value("SELECT count(*) FROM work WHERE lease_until > 0") == 0
    database.close()
    assert not list((settings.data / "workers").iterdir())
    check_intervals(settings, reader, serial_of(2))


async def test_a_person_who_asks_is_served_at_once(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 5)
    heard: list[Progress] = []
    task = asyncio.create_task(run(settings, clock, on_progress=heard.append, reader=reader))
    await wait_for(lambda: heard and heard[-1].intervals == 5 * 298)
    clock.at += QUARTER
    database = opened(settings)
    with database.write() as unit:
        assert service.read_now(unit, serial_of(4)) == 8
    await wait_for(lambda: heard[-1].intervals == 5 * 298 + 1)
    task.cancel()
    await asyncio.wait([task])
    database.close()


async def test_new_meters_are_found_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openami.headend.collection.worker.HOUSEKEEPING_S", 0.05)
    settings, clock, reader = meters(tmp_path, 2)
    more = FakeReader(clock, SINCE, 4)
    heard: list[Progress] = []
    task = asyncio.create_task(run(settings, clock, on_progress=heard.append, reader=more))
    await wait_for(lambda: heard and heard[-1].meters == 2)
    database = opened(settings)
    with database.write() as unit:
        store = KeyStore.open(unit, settings.kek)
        import_shipment(unit, shipment(tmp_path / "more.csv", 4), store, default_zone=ZONE, at=0)
    await wait_for(lambda: heard[-1].meters == 4)
    task.cancel()
    await asyncio.wait([task])
    database.close()
    assert reader.asked == []


async def test_days_are_sealed_when_they_are_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openami.headend.collection.worker.HOUSEKEEPING_S", 0.05)
    settings, clock, reader = meters(tmp_path, 1, now=LOCAL.bounds(DAY)[0] + 40 * QUARTER)
    reader.meters[serial_of(0)].lost = frozenset({SINCE + 5 * QUARTER})
    heard: list[Progress] = []
    task = asyncio.create_task(run(settings, clock, on_progress=heard.append, reader=reader))
    await wait_for(lambda: heard and heard[-1].intervals == 39)
    database = opened(settings)

    def blocks() -> list[tuple[int, int, int]]:
        with database.read() as unit:
            return unit.rows("SELECT day, n, missing FROM block ORDER BY day")  # type: ignore[return-value]

    clock.at = LOCAL.bounds(DAY + 1)[1] + 70
    await wait_for(lambda: blocks() == [(DAY + 1, 96, 0)])
    clock.at = LOCAL.bounds(DAY + 4)[0] + 70
    await wait_for(lambda: (DAY, 95, 1) in blocks())
    task.cancel()
    await asyncio.wait([task])
    database.close()


async def test_a_full_disk_keeps_results_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 30)
    database = open_database(settings)
    with database.read() as unit:
        pages = unit.value("PRAGMA page_count")
    tight = Database(settings.database, max_pages=pages + 4)
    heard: list[Progress] = []
    worker = Worker(settings, clock, tight, reader, on_progress=heard.append)
    task = asyncio.create_task(worker.run())
    await wait_for(lambda: heard and heard[-1].blocked)
    assert "no room left" in str(heard[-1].blocked)
    await asyncio.sleep(0.3)
    with database.read() as unit:
        held = unit.value("SELECT count(*) FROM work WHERE due = 0 AND lease_until > 0")
        stored = unit.value("SELECT count(*) FROM session")
        assert held > 0
        assert stored == heard[-1].meters < 30
    tight._max_pages = None
    tight._engine.dispose()
    await wait_for(lambda: heard[-1].meters == 30 and heard[-1].blocked is None)
    task.cancel()
    await asyncio.wait([task])
    database.close()
    tight.close()
    for index in range(30):
        check_intervals(settings, reader, serial_of(index))


async def test_a_single_pass_on_a_full_disk_ends_and_says_why(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 60, full_patience_s=0.3, attempts=1, group_sessions=8)
    database = open_database(settings)
    with database.read() as unit:
        pages = unit.value("PRAGMA page_count")
    tight = Database(settings.database, max_pages=pages + 20)
    outcome = await Worker(settings, clock, tight, reader, once=True).run()
    assert outcome.failures > 0
    with database.read() as unit:
        reasons = {row[0] for row in unit.rows("SELECT reason FROM work WHERE reason NOT NULL")}
    assert len(reasons) == 1
    assert "no room left" in reasons.pop()
    database.close()
    tight.close()
    again = await run(settings, clock, once=True, reader=reader)
    assert again.failures == 0
    check_intervals(settings, reader, serial_of(59))


async def test_a_service_that_starts_on_a_full_disk_waits_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openami.headend.collection.worker.RETRY_S", 0.01)
    settings, clock, reader = meters(tmp_path, 2)
    database = open_database(settings)
    heard: list[Progress] = []
    worker = Worker(settings, clock, database, reader, on_progress=heard.append)
    begin, full = worker.clerk.begin, iter([True, True])

    def begin_when_there_is_room(*, once: bool) -> int:
        if next(full, False):
            raise StoreFullError("there is no room left")
        return begin(once=once)

    worker.clerk.begin = begin_when_there_is_room  # type: ignore[method-assign]
    task = asyncio.create_task(worker.run())
    await wait_for(lambda: heard and heard[-1].meters == 2)
    assert (heard[0].blocked, heard[-1].blocked) == ("there is no room left", None)
    task.cancel()
    await asyncio.wait([task])
    database.close()


async def test_a_single_pass_without_any_room_ends_with_one_sentence(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 3, full_patience_s=0.2)
    database = open_database(settings)
    worker = Worker(settings, clock, database, reader, once=True)

    def claim(_attempts: int) -> list[object]:
        raise StoreFullError("there is no room left")

    worker.clerk.claim = claim  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreFullError, match="no room left"):
        await worker.run()
    database.close()


async def test_results_that_cannot_be_stored_do_not_keep_others_out(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 4, attempts=1)
    reader.meters[serial_of(2)].readings = lambda ends: np.full(len(ends), 7)[: len(ends) - 1]  # type: ignore[method-assign]
    outcome = await run(settings, clock, once=True, reader=reader)
    assert (outcome.meters, outcome.failures) == (3, 1)
    check_intervals(settings, reader, serial_of(3))


async def test_the_wrong_kek_stops_it_with_one_sentence(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 2)
    settings.kek.unlink()
    with pytest.raises(SecurityError, match="missing"):
        await run(settings, clock, once=True, reader=reader)


async def test_meters_without_keys_are_named(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 2)
    database = opened(settings)
    with database.write() as unit:
        unit.run("DELETE FROM sealed_key WHERE meter = ?", (serial_of(1),))
    outcome = await run(settings, clock, once=True, reader=reader)
    assert (outcome.meters, outcome.failures) == (1, 1)
    with database.read() as unit:
        assert "no encryption and authentication key" in str(service.open_items(unit, serial_of(1))[0].reason)
    database.close()


async def test_work_of_a_killed_worker_is_taken_over_at_once(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 3, lease_s=600.0)
    database = opened(settings)
    dead, alive = Clerk(settings, clock, database), Clerk(settings, clock, database)
    dead.begin(once=False)
    alive.begin(once=False)
    with database.write() as unit:
        for clerk in (dead, alive):
            work.claim(unit, clerk.name, clock.at, second=0, meters=1, lease_s=600.0)
    dead._lock.release()  # as the kernel does for a process that is killed
    new = Clerk(settings, clock, database)
    new.begin(once=False)
    with database.read() as unit:
        assert work.holders(unit) == [alive.name]
    for clerk in (alive, new):
        clerk.end()
    database.close()
    assert reader.asked == []


def test_a_small_database_is_really_full(tmp_path: Path) -> None:
    settings = installation(tmp_path, 1)
    tight = Database(settings.database, max_pages=1)
    with pytest.raises(StoreFullError), tight.write() as unit:
        unit.run("CREATE TABLE t AS SELECT zeroblob(1000000)")
    tight.close()
    with contextlib.closing(sqlite3.connect(settings.database)) as driver:
        assert driver.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
