"""Workers that are told to stop, and a database that is started anew, under load: nothing is lost or doubled."""

import asyncio
from pathlib import Path

import pytest

from headend import stores
from headend.collection.collecting import NOW, SINCE, check_intervals, meters, wait_for
from headend.fake_meters import FakeReader, ManualClock, installation, serial_of
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import Progress, run


async def test_told_to_stop_a_worker_ends_its_sessions_and_gives_the_rest_back(tmp_path: Path) -> None:
    settings, clock, reader = meters(tmp_path, 40, concurrency=4)
    reader.delay_s = 0.05
    draining, heard = asyncio.Event(), list[Progress]()
    task = asyncio.create_task(run(settings, clock, on_progress=heard.append, reader=reader, draining=draining))
    await wait_for(lambda: heard and heard[-1].meters >= 1)
    draining.set()
    async with asyncio.timeout(20):
        summary = await task
    assert 1 <= summary.meters < 40
    assert summary.failures == 0
    database = open_database(settings)
    with database.read() as unit:
        assert unit.value("SELECT count(*) FROM work WHERE lease_until > 0") == 0
        assert unit.value("SELECT count(DISTINCT meter) FROM session") == summary.meters  # each begun one was kept
    database.close()
    begun = {serial for serial, _ in reader.counters}
    assert len(begun) == summary.meters
    reader.delay_s = 0.0
    rest = await run(settings, clock, once=True, reader=reader)
    assert (rest.meters, rest.failures) == (40, 0)
    for index in range(40):
        check_intervals(settings, reader, serial_of(index))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # a server of its own
@pytest.mark.parametrize("how", ["fast", "immediate"])
async def test_a_database_that_is_started_anew_under_load_loses_nothing(tmp_path: Path, how: str) -> None:
    with stores.running(stores.SAFE) as server:
        settings = installation(
            tmp_path, 60, database_url=server.database(), concurrency=8, lease_s=2.0, backoff_s=0.05
        )
        clock = ManualClock(NOW)
        reader = FakeReader(clock, SINCE, 60, delay_s=0.01)
        heard: list[list[Progress]] = [[], []]
        tasks = [asyncio.create_task(run(settings, clock, on_progress=told.append, reader=reader)) for told in heard]
        await wait_for(lambda: sum(told[-1].meters for told in heard if told) >= 5)
        await asyncio.to_thread(server.stop, how)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.start)

        def all_done() -> int:
            database = open_database(settings)
            with database.read() as unit:
                left = unit.value("SELECT count(*) FROM work WHERE due = 0 AND meter IN (SELECT id FROM meter)")
            database.close()
            return int(left)

        async with asyncio.timeout(60):
            while await asyncio.to_thread(all_done):
                await asyncio.sleep(0.1)
        for task in tasks:
            assert not task.done()
            task.cancel()
        await asyncio.wait(tasks)
        for index in range(60):
            check_intervals(settings, reader, serial_of(index))
        counters = [(serial, value) for serial, value in reader.counters]
        assert len(counters) == len(set(counters))  # no invocation counter was used twice
