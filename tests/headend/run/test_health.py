"""Health and metrics over REST."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from headend import stores
from headend.fake_meters import FakeReader, ManualClock, installation, serial_of
from openami.headend.app import rest
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import run
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings

NOW = 1_784_400_000


class Blocked:
    """A collector that cannot store."""

    def __init__(self) -> None:
        self.blocked: str | None = None


@pytest.fixture
def settings(place: stores.Place, tmp_path: Path) -> Settings:
    return installation(tmp_path, 3)


@pytest.fixture
def collector() -> Blocked:
    return Blocked()


@pytest.fixture
async def api(settings: Settings, collector: Blocked) -> AsyncIterator[httpx.AsyncClient]:
    database = open_database(settings)
    app = rest(settings, ManualClock(NOW), database, collector)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as opened:
        yield opened
    database.close()


async def test_it_lives_and_is_ready_under_any_name(api: httpx.AsyncClient) -> None:
    for host in ("127.0.0.1", "10.0.0.7:8088"):
        live = await api.get("/health/live", headers={"Host": host})
        ready = await api.get("/health/ready", headers={"Host": host})
        assert (live.status_code, live.json()) == (200, {"status": "live"})
        assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    assert (await api.post("/health/live")).status_code >= 400


async def test_without_room_it_lives_and_is_not_ready(api: httpx.AsyncClient, collector: Blocked) -> None:
    collector.blocked = "there is no room left"
    ready = await api.get("/health/ready")
    assert (ready.status_code, ready.json()["reason"]) == (503, "there is no room left")
    assert (await api.get("/health/live")).status_code == 200


async def test_without_its_database_it_lives_and_is_not_ready(tmp_path: Path) -> None:
    with stores.running(stores.SAFE) as server:
        url = server.database()
        database = Database.at(url)
        database.create()
        database.dialect.patience_s = 0.1
        app = rest(Settings(data=tmp_path / "data", database_url=url), ManualClock(NOW), database)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as api:
            assert (await api.get("/health/ready")).status_code == 200
            server.stop("immediate")
            ready = await api.get("/health/ready")
            assert (ready.status_code, (await api.get("/health/live")).status_code) == (503, 200)
            assert "database" in ready.json()["reason"]
            server.start()
            assert (await api.get("/health/ready")).status_code == 200
        database.close()


async def test_metrics_tell_how_the_fleet_and_the_work_stand(api: httpx.AsyncClient, settings: Settings) -> None:
    reader = FakeReader(ManualClock(NOW), NOW - 86_400, 3)
    reader.unreachable.add(serial_of(2))
    await run(settings.model_copy(update={"attempts": 1}), ManualClock(NOW), True, reader=reader)
    answer = await api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["openami_meters", "in use"] == 2
    assert found["openami_meters", "installed"] == 1
    assert found["openami_meters_failing",] == 1
    assert found["openami_sessions_last_hour",] == 3
    assert found["openami_sessions_failed_last_hour",] == 1
    assert found["openami_intervals_stored",] == 2 * 96
    assert found["openami_rows_last_hour",] >= 2 * 96
    assert found["openami_business_time_seconds",] == NOW
    assert 0 < found["openami_database_seconds",] < 30
