"""Reading one meter now, and bringing meters in, by REST."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from headend.fake_meters import HEADER, FakeReader, ManualClock, serial_of, shipment_line
from headend.web.conftest import client
from headend.web.seed import NOW, seed
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import run
from openami.headend.kit.settings import Settings
from openami.headend.registry.schemas import Lifecycle
from openami.headend.registry.service import move

COUNT = 3


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    from headend.fake_meters import installation

    return installation(tmp_path, COUNT, backoff_s=0.01)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    database = open_database(settings)
    async with client(settings, database) as opened:
        yield opened
    database.close()


@contextlib.asynccontextmanager
async def collecting(settings: Settings) -> AsyncIterator[FakeReader]:
    clock = ManualClock(NOW)
    reader = FakeReader(clock, NOW - 86_400, COUNT)
    task = asyncio.create_task(run(settings, clock, reader=reader))
    try:
        yield reader
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def path(number: int) -> str:
    return f"/api/meters/{serial_of(number)}/read"


async def test_a_meter_is_read_now(settings: Settings, api: httpx.AsyncClient) -> None:
    async with collecting(settings):
        first = (await api.post(path(1))).json()
        assert first["is_read"] is True
        assert first["reason"] is None
        assert first["session"]["rows"] > 90
        again = (await api.post(path(1))).json()
    assert again["is_read"] is True
    assert again["session"]["rows"] == 0


async def test_only_what_is_asked_for_is_read(settings: Settings, api: httpx.AsyncClient) -> None:
    async with collecting(settings) as reader:
        await api.post(path(0))
        reader.asked.clear()
        answer = (await api.post(path(0), json={"items": ["standard"]})).json()
    assert answer["session"]["items"] == ["standard"]
    assert {item for serial, item, *_ in reader.asked if serial == serial_of(0)} == {"standard"}


async def test_the_reason_is_told_when_it_fails(settings: Settings, api: httpx.AsyncClient) -> None:
    async with collecting(settings) as reader:
        reader.unreachable.add(serial_of(2))
        reader.refused_items.add((serial_of(1), "fraud"))
        gone = await api.post(path(2))
        refused = await api.post(path(1))
    assert gone.status_code == 200
    assert gone.json()["is_read"] is False
    assert "connection refused" in gone.json()["reason"]
    assert refused.json()["is_read"] is False
    assert "0.0.99.98.1.255" in refused.json()["reason"]


async def test_without_a_collector_it_says_that_it_waits(settings: Settings, api: httpx.AsyncClient) -> None:
    async with collecting(settings):
        await api.post(path(0))
    answer = await api.post(path(0), params={"wait_s": 0.3})
    assert answer.status_code == 202
    assert answer.json()["is_read"] is False
    assert "no collector" in answer.json()["reason"]


async def test_a_meter_that_is_not_in_use_has_nothing_to_read(settings: Settings, api: httpx.AsyncClient) -> None:
    database = open_database(settings)
    with database.write() as unit:
        move(unit, serial_of(1), Lifecycle.RETIRED)
    database.close()
    async with collecting(settings):
        await api.post(path(0))
        answer = await api.post(path(1))
    assert answer.json()["is_read"] is False
    assert "nothing to read" in answer.json()["reason"]


async def test_an_unknown_meter_is_named(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/meters/NOSUCH/read")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "meter NOSUCH is not registered"


def lines(*numbers: int) -> bytes:
    return (HEADER + "\n".join(map(shipment_line, numbers)) + "\n").encode()


async def test_a_shipment_is_taken_in(settings: Settings, api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/shipments", content=lines(2, 3, 4), headers={"Content-Type": "text/csv"})
    assert answer.json() == {"added": 2, "updated": 0, "unchanged": 1, "is_trial": False, "faults": []}
    assert (await api.get(f"/api/meters/{serial_of(4)}")).json()["state"] == "installed"
    assert [entry.name for entry in settings.data.iterdir() if entry.name.startswith("shipment")] == []


async def test_a_shipment_may_come_as_a_form(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/shipments", files={"file": ("../../meters.csv", lines(5), "text/csv")})
    assert answer.json()["added"] == 1
    answer = await api.post("/api/shipments", files={"other": ("meters.csv", lines(5), "text/csv")})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "the form has no field named file"


async def test_a_bad_line_is_told_and_the_others_go_in(api: httpx.AsyncClient) -> None:
    key = "0123456789abcdef0123456789abcdeX"
    bad = lines(5, 6) + f"OAMSIM9,compactiq,127.0.0.9,4059,,{key},{key},\n".encode()
    answer = await api.post("/api/shipments", content=bad)
    assert answer.json()["added"] == 2
    (fault,) = answer.json()["faults"]
    assert (fault["line"], fault["column"]) == (4, "encryption_key")
    assert key not in answer.text


async def test_what_is_no_shipment_is_one_sentence(settings: Settings, api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/shipments", content=b"not,a,shipment\n1,2,3\n")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "shipment.csv: serial: the header line has no such column"
    assert str(settings.data) not in answer.text


async def test_a_key_that_differs_is_refused(tmp_path: Path) -> None:
    settings = await asyncio.to_thread(seed, tmp_path, 2)
    database = open_database(settings)
    async with client(settings, database) as api:
        other = lines(1).replace(b"%032x" % 1, b"f" * 32)
        answer = await api.post("/api/shipments", content=other)
    database.close()
    assert "has another encryption key already" in answer.json()["faults"][0]["message"]
