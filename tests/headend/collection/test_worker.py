"""The collector reads all that is missing, once, alone or with others, at once or as it comes due."""

import asyncio
from pathlib import Path

import pytest

from headend.collection.collecting import DAY, LOCAL, NOW, SINCE, check_intervals, meters, opened, wait_for
from headend.fake_meters import QUARTER, ZONE, FakeReader, energy_wh, serial_of, shipment
from openami.headend.collection import service
from openami.headend.collection.worker import Progress, Worker, run
from openami.headend.curves import service as curves
from openami.headend.events import service as events
from openami.headend.keys.service import KeyStore
from openami.headend.registers import service as registers
from openami.headend.registry import service as registry
from openami.headend.registry.models import model
from openami.headend.registry.shipment import import_shipment


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
    assert len({name for serial, name, _, _ in reader.asked if serial == serial_of(0)}) == 9


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
        assert service.read_now(unit, serial_of(4)) == len(model("compactiq").item)
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
