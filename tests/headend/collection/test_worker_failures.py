"""What the collector does when a meter, a key, the disk or another collector fails."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from headend.collection.collecting import check_intervals, meters, opened, wait_for
from headend.fake_meters import installation, serial_of
from openami.core.errors import SecurityError
from openami.headend.collection import service, work
from openami.headend.collection.clerk import Clerk
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import Progress, Worker, run
from openami.headend.kit.database import Database
from openami.headend.kit.errors import StoreFullError
from openami.headend.registry import service as registry


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


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_full_disk_keeps_results_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 30)
    database = open_database(settings)
    with database.write() as unit:
        work.plan(unit)
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
    tight.dialect._max_pages = None
    tight._engine.dispose()
    await wait_for(lambda: heard[-1].meters == 30 and heard[-1].blocked is None)
    task.cancel()
    await asyncio.wait([task])
    database.close()
    tight.close()
    for index in range(30):
        check_intervals(settings, reader, serial_of(index))


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_single_pass_on_a_full_disk_ends_and_says_why(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 60, full_patience_s=0.3, attempts=1, group_sessions=8)
    database = open_database(settings)
    with database.write() as unit:
        work.plan(unit)
    with database.read() as unit:
        pages = unit.value("PRAGMA page_count")
    tight = Database(settings.database, max_pages=pages + 20)
    outcome = await Worker(settings, clock, tight, reader, once=True).run()
    assert outcome.failures > 0
    with database.read() as unit:
        reasons = {row[0] for row in unit.rows("SELECT reason FROM work WHERE reason IS NOT NULL")}
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


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_small_database_is_really_full(tmp_path: Path) -> None:
    settings = installation(tmp_path, 1)
    tight = Database(settings.database, max_pages=1)
    with pytest.raises(StoreFullError), tight.write() as unit:
        unit.run("CREATE TABLE t AS SELECT zeroblob(1000000)")
    tight.close()
    with contextlib.closing(sqlite3.connect(settings.database)) as driver:
        assert driver.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
